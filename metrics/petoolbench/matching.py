"""Whether the arguments of a call are those of the answer.

Typed by the tool's JSON Schema: where it says number or integer, `"3"`, 3 and 3.0 are one value, compared exactly; a
boolean is never a number; dates and times are compared as what they mean where the schema names their format; other
text after Unicode NFKC, folding of case and of white space. Arrays are ordered unless the schema says `uniqueItems`. A
parameter left out equals its default spelled out, at every depth. A further parameter is an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final, Literal

Match = Literal["same", "names", "values"]
"""The same arguments; arguments of other names; the same names with other values."""
ScorerName = Literal["default", "strict"]
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?")
_HOLDERS: Final = frozenset({dict, list})
_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_NO_SCHEMA: Final[Mapping[str, Any]] = {}


def compare_arguments(
    predicted: Mapping[str, Any], expected: Mapping[str, Any], schema: Mapping[str, Any], scorer: ScorerName = "default"
) -> Match:
    """Compare two sets of arguments of one tool.

    Args:
        predicted: Arguments of the reply.
        expected: Arguments of the answer.
        schema: JSON Schema object of the tool's parameters.
        scorer: `default` compares what values mean, `strict` what they are.
    """
    if identical(predicted, expected):
        return "same"
    if scorer == "strict":
        return "names" if _names(predicted) != _names(expected) else "values"
    one, other = _object(predicted, schema), _object(expected, schema)
    if one == other:
        return "same"
    return "names" if _canonical_names(one) != _canonical_names(other) else "values"


def identical(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal and of the same types throughout, so that neither `true` nor 1.0 equals 1."""
    return one == other and type(one) is type(other) and _same_types(one, other)


def _same_types(one: Any, other: Any) -> bool:
    """Whether equal values are of the same types all the way down."""
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(one, dict):
        kinds = [*map(type, one.values())]
        if _HOLDERS.isdisjoint(kinds) and [*one] == [*other]:  # flat and in the same order, as most are
            return kinds == [*map(type, other.values())]
        pairs = ((value, other[key]) for key, value in one.items())
    elif isinstance(one, list):
        pairs = zip(one, other, strict=True)
    for value, counterpart in pairs:
        kind = type(value)
        if kind is not type(counterpart) or (kind in _HOLDERS and not _same_types(value, counterpart)):
            return False
    return True


def canonical(value: Any, schema: Mapping[str, Any]) -> tuple[str, Any]:
    """The one form that all spellings of a value share, given its schema.

    Returns:
        A kind and a value; two results are equal (`==`) just when the inputs mean the same.
    """
    kinds = _kinds(schema)
    if value is None or isinstance(value, bool):
        return (type(value).__name__, value)
    if isinstance(value, dict):
        return _object(value, schema)
    if isinstance(value, list):
        items = [canonical(item, _inner(schema, "items")) for item in value]
        return ("set", sorted(items, key=repr)) if schema.get("uniqueItems") is True else ("array", items)
    text = _written(value)
    if "boolean" in kinds and text.strip().lower() in ("true", "false"):
        return ("bool", text.strip().lower() == "true")
    numeric = not {"number", "integer"}.isdisjoint(kinds) if isinstance(value, str) else True
    if numeric and "string" not in kinds and _NUMBER.fullmatch(text.strip()):
        # Without trailing zeros or the sign of zero, so that equal numbers also sort alike.
        return ("number", _EXACT.normalize(Decimal(text.strip())) or Decimal())
    moment = _moment(text.strip(), schema.get("format"))
    if moment is not None:
        return ("moment", moment)
    return ("text", " ".join(unicodedata.normalize("NFKC", text).casefold().split()))


def _moment(text: str, form: object) -> str | None:
    """A date or time in one spelling; None where the schema does not ask for one, or it is none."""
    try:
        text = text.upper()
        if form == "date":
            return date.fromisoformat(text).isoformat()
        if form == "time":
            return time.fromisoformat(text).isoformat()
        if form == "date-time":
            found = datetime.fromisoformat(text)
            return (found.astimezone(UTC) if found.tzinfo else found).isoformat()
    except (ValueError, OverflowError):
        return None
    return None


def _object(value: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    properties = _inner(schema, "properties")
    defaults = {name: inner["default"] for name in properties if "default" in (inner := _inner(properties, name))}
    whole = {**defaults, **value}
    return ("object", {name: canonical(whole[name], _inner(properties, name)) for name in sorted(whole)})


def _inner(outer: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The schema under a key; an empty one where there is none, or one that is `true` or `false`."""
    found = outer.get(key)
    return found if isinstance(found, Mapping) else _NO_SCHEMA


def _kinds(schema: Mapping[str, Any]) -> Sequence[Any]:
    """The types that a schema allows, one or a list of them; none where it names none."""
    found = schema.get("type")
    return [kind for kind in (found if isinstance(found, list) else [found]) if isinstance(kind, str)]


def _names(value: Any) -> Any:
    """The names of a value at every depth, without what they hold."""
    return {name: _names(inner) for name, inner in value.items()} if isinstance(value, Mapping) else None


def _canonical_names(value: tuple[str, Any]) -> Any:
    kind, inner = value
    return {name: _canonical_names(item) for name, item in inner.items()} if kind == "object" else None


def _written(value: str | float) -> str:
    """A value as text; a whole float as the integer that it is."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)
