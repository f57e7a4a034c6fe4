"""Comparison of predicted arguments with reference arguments.

Values are compared by their meaning under the tool's JSON Schema:

* Where the type is number or integer, `"3"`, 3 and 3.0 are equal. Numbers are compared exactly. A boolean is never a
  number. Where the type is boolean, array or object, text is read as JSON. Where it is only text, an array or object
  is its JSON.
* References, alternatives (`anyOf`, `oneOf`), constants and enums of the schema determine the type as well.
* Where the schema names a date or time format, values are compared as dates and times.
* Other text is compared after Unicode NFKC normalization, case folding, and collapsing of white space.
* Arrays are ordered, unless the schema says `uniqueItems`.
* A missing parameter equals its default value, at every depth. Null for an optional parameter equals a missing one,
  unless the schema allows null and has another default. An additional parameter is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final, Literal

from .schemas import Schema, required_of, simplified, subschema, types_of
from .spans import read_value
from .unicode_text import normalized

Match = Literal["same", "names", "values"]
"""`same`: the arguments are equal. `names`: the names differ. `values`: the names agree, the values differ."""
ScorerName = Literal["default", "strict"]
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?")
_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_CONTAINER_TYPES: Final = frozenset({"array", "object"})
_NULLS: Final = ("null", "none")
_MAX_DEFAULTS: Final = 4


def compare_arguments(
    predicted: Mapping[str, Any], expected: Mapping[str, Any], schema: Mapping[str, Any], scorer: ScorerName = "default"
) -> Match:
    """Compare the arguments of two calls to the same tool.

    Args:
        predicted: Arguments of the prediction.
        expected: Arguments of the reference.
        schema: JSON Schema object of the tool's parameters.
        scorer: `default` compares values by their meaning under the schema, `strict` as exact JSON values.

    Returns:
        `same`; `names` if the names of arguments differ; `values` if only values differ.
    """
    if identical(predicted, expected):
        return "same"
    if scorer == "strict":
        return "names" if _names(predicted) != _names(expected) else "values"
    left, right = _Canonical(schema).objects(predicted, expected)
    if left == right:
        return "same"
    if _canonical_names(left) == _canonical_names(right):
        return "values"
    # Null in place of a value is another value, although it is left out where the other call has none.
    left, right = _Canonical(schema, keep_null=True).objects(predicted, expected)
    return "names" if _canonical_names(left) != _canonical_names(right) else "values"


def identical(one: Any, other: Any) -> bool:
    """Return True if two JSON values are equal and have the same types at every depth.

    In contrast to `==`, `true` and 1.0 are not identical to 1.
    """
    return one == other and type(one) is type(other) and _same_types(one, other)


def _same_types(left: Any, right: Any) -> bool:
    """Return True if two equal values have the same types at every depth."""
    if type(left) is dict:
        for key, value in left.items():
            # Text equals nothing but text, and is most common.
            if type(value) is not str:
                counterpart = right[key]
                if type(value) is not type(counterpart) or not _same_types(value, counterpart):
                    return False
    elif type(left) is list:
        for value, counterpart in zip(left, right, strict=True):
            if type(value) is not type(counterpart) or not _same_types(value, counterpart):
                return False
    return True


def canonical(value: Any, schema: Schema) -> tuple[str, Any]:
    """Return the canonical form of a JSON value under its schema.

    Args:
        value: The value.
        schema: JSON Schema of the value; empty if there is none.

    Returns:
        A pair of kind and value. Two pairs are equal (`==`) if and only if the values have the same meaning.
    """
    return _Canonical(schema).value(value, schema, _MAX_DEFAULTS)


class _Canonical:
    """Canonical forms of values under the parts of a schema.

    The number of defaults within one another is limited, because a schema with references can be recursive.
    """

    def __init__(self, root: Schema, *, keep_null: bool = False) -> None:
        self._root = root
        self._keep_null = keep_null

    def objects(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[tuple[str, Any], tuple[str, Any]]:
        return self.object(one, self._root, _MAX_DEFAULTS), self.object(other, self._root, _MAX_DEFAULTS)

    def value(self, value: Any, schema: Schema, defaults: int) -> tuple[str, Any]:
        schema = simplified(schema, self._root, value)
        types = types_of(schema)
        if isinstance(value, str) and "string" not in types and not _CONTAINER_TYPES.isdisjoint(types):
            decoded = read_value(value)
            if (isinstance(decoded, list) and "array" in types) or (isinstance(decoded, dict) and "object" in types):
                return self.value(decoded, schema, defaults)
        if isinstance(value, dict | list) and "string" in types and _CONTAINER_TYPES.isdisjoint(types):
            value = json.dumps(value, ensure_ascii=False)
        if value is None or isinstance(value, bool):
            return (type(value).__name__, value)
        if isinstance(value, dict):
            return self.object(value, schema, defaults)
        if isinstance(value, list):
            items = [self.value(item, subschema(schema, "items"), defaults) for item in value]
            return ("set", sorted(items, key=repr)) if schema.get("uniqueItems") is True else ("array", items)
        return _canonical_scalar(value, schema)

    def object(self, value: Mapping[str, Any], schema: Schema, defaults: int) -> tuple[str, dict[str, Any]]:
        schema = simplified(schema, self._root, value)
        properties, required = subschema(schema, "properties"), required_of(schema)
        forms = {
            name: self.value(inner, subschema(properties, name), defaults)
            for name, inner in value.items()
            if name in required or name not in properties or not self._is_left_out(inner, subschema(properties, name))
        }
        for name in properties if defaults else ():
            part = subschema(properties, name)
            if name not in forms and "default" in (part := simplified(part, self._root, None)):
                forms[name] = self.value(part["default"], part, defaults - 1)
        return ("object", {name: forms[name] for name in sorted(forms)})

    def _is_left_out(self, value: Any, schema: Schema) -> bool:
        """Return True if the value of an optional parameter means that it is left out."""
        if self._keep_null or (value is not None and not (isinstance(value, str) and value.strip().lower() in _NULLS)):
            return False
        schema = simplified(schema, self._root, value)
        types = types_of(schema)
        if value is not None and ("string" in types or not types):
            return False
        return not (("null" in types or not types) and schema.get("default") is not None)


def _canonical_scalar(value: str | float, schema: Schema) -> tuple[str, Any]:
    types = types_of(schema)
    text = _text(value)
    stripped = text.strip()
    if "boolean" in types and stripped.lower() in ("true", "false"):
        return ("bool", stripped.lower() == "true")
    if _may_be_number(value, types) and _NUMBER.fullmatch(stripped):
        # Without trailing zeros and the sign of zero, so that equal numbers also have the same `repr` to sort by.
        return ("number", _EXACT.normalize(Decimal(stripped)) or Decimal())
    formats = schema.get("format")
    for form in formats if isinstance(formats, list) else [formats]:
        moment = _moment(stripped, form)
        if moment is not None:
            return ("moment", moment)
    return ("text", " ".join(normalized("NFKC", text).casefold().split()))


def _may_be_number(value: str | float, types: Sequence[str]) -> bool:
    if "string" in types:
        return False
    return not isinstance(value, str) or not {"number", "integer"}.isdisjoint(types)


def _moment(text: str, form: object) -> str | None:
    """Return a date or time in ISO format; None if the schema names no such format or the text does not follow it."""
    try:
        text = text.upper()
        if form == "date":
            return date.fromisoformat(text).isoformat()
        if form == "time":
            return time.fromisoformat(text).isoformat()
        if form == "date-time":
            moment = datetime.fromisoformat(text)
            return (moment.astimezone(UTC) if moment.tzinfo else moment).isoformat()
    except (ValueError, OverflowError):
        return None
    return None


def _names(value: Any) -> Any:
    """Return the names of an object at every depth, without the values."""
    return {name: _names(inner) for name, inner in value.items()} if isinstance(value, Mapping) else None


def _canonical_names(value: tuple[str, Any]) -> Any:
    kind, inner = value
    return {name: _canonical_names(item) for name, item in inner.items()} if kind == "object" else None


def _text(value: str | float) -> str:
    """Return a value as text; a whole float as an integer."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)
