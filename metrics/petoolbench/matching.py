"""Comparison of predicted arguments with reference arguments.

Values are compared by their meaning under the tool's JSON Schema:

* Where the type is number or integer, `"3"`, 3 and 3.0 are equal. Numbers are compared exactly. A boolean is never a
  number.
* Where the schema names a date or time format, values are compared as dates and times.
* Other text is compared after Unicode NFKC normalization, case folding, and collapsing of white space.
* Arrays are ordered, unless the schema says `uniqueItems`.
* A missing parameter equals its default value, at every depth. An additional parameter is an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final, Literal

Match = Literal["same", "names", "values"]
"""`same`: the arguments are equal. `names`: the names differ. `values`: the names agree, the values differ."""
ScorerName = Literal["default", "strict"]
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?")
_CONTAINERS: Final = frozenset({dict, list})
_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_NO_SCHEMA: Final[Mapping[str, Any]] = {}


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
    left, right = _canonical_object(predicted, schema), _canonical_object(expected, schema)
    if left == right:
        return "same"
    return "names" if _canonical_names(left) != _canonical_names(right) else "values"


def identical(one: Any, other: Any) -> bool:
    """Return True if two JSON values are equal and have the same types at every depth.

    In contrast to `==`, `true` and 1.0 are not identical to 1.
    """
    return one == other and type(one) is type(other) and _same_types(one, other)


def _same_types(left: Any, right: Any) -> bool:
    """Return True if two equal values have the same types at every depth."""
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(left, dict):
        types = [*map(type, left.values())]
        # Fast path for flat objects with the keys in the same order, which are the most common.
        if _CONTAINERS.isdisjoint(types) and [*left] == [*right]:
            return types == [*map(type, right.values())]
        pairs = ((value, right[key]) for key, value in left.items())
    elif isinstance(left, list):
        pairs = zip(left, right, strict=True)
    for value, counterpart in pairs:
        value_type = type(value)
        if value_type is not type(counterpart) or (value_type in _CONTAINERS and not _same_types(value, counterpart)):
            return False
    return True


def canonical(value: Any, schema: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the canonical form of a JSON value under its schema.

    Args:
        value: The value.
        schema: JSON Schema of the value; empty if there is none.

    Returns:
        A pair of kind and value. Two pairs are equal (`==`) if and only if the values have the same meaning.
    """
    if value is None or isinstance(value, bool):
        return (type(value).__name__, value)
    if isinstance(value, dict):
        return _canonical_object(value, schema)
    if isinstance(value, list):
        items = [canonical(item, _subschema(schema, "items")) for item in value]
        return ("set", sorted(items, key=repr)) if schema.get("uniqueItems") is True else ("array", items)
    return _canonical_scalar(value, schema)


def _canonical_object(value: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    properties = _subschema(schema, "properties")
    defaults = {
        name: subschema["default"] for name in properties if "default" in (subschema := _subschema(properties, name))
    }
    complete = {**defaults, **value}
    return ("object", {name: canonical(complete[name], _subschema(properties, name)) for name in sorted(complete)})


def _canonical_scalar(value: str | float, schema: Mapping[str, Any]) -> tuple[str, Any]:
    types = _types(schema)
    text = _text(value)
    stripped = text.strip()
    if "boolean" in types and stripped.lower() in ("true", "false"):
        return ("bool", stripped.lower() == "true")
    if _may_be_number(value, types) and _NUMBER.fullmatch(stripped):
        # Without trailing zeros and the sign of zero, so that equal numbers also have the same `repr` to sort by.
        return ("number", _EXACT.normalize(Decimal(stripped)) or Decimal())
    moment = _moment(stripped, schema.get("format"))
    if moment is not None:
        return ("moment", moment)
    return ("text", " ".join(unicodedata.normalize("NFKC", text).casefold().split()))


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


def _subschema(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the schema under a key; an empty one if it is missing or not an object (`true`, `false`)."""
    subschema = schema.get(key)
    return subschema if isinstance(subschema, Mapping) else _NO_SCHEMA


def _types(schema: Mapping[str, Any]) -> Sequence[str]:
    """Return the types that a schema allows; empty if it names none."""
    named = schema.get("type")
    return [name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str)]


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
