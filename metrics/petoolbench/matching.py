"""Whether the arguments of a call are those of the answer.

Typed by the tool's JSON Schema: where it says number or integer, `"3"`, 3 and 3.0 are one value; a boolean is never a
number; text is compared after Unicode NFKC, folding of case and of white space. A parameter left out equals its
default spelled out. A further parameter is an error.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

_MISSING: Final = object()


def arguments_match(predicted: Mapping[str, Any], expected: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Compare two sets of arguments of one tool.

    Args:
        predicted: Arguments of the reply.
        expected: Arguments of the answer.
        schema: JSON Schema object of the tool's parameters.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    names = sorted({*predicted, *expected})
    return all(
        _value_of(predicted, name, properties) == _value_of(expected, name, properties) is not _MISSING
        for name in names
    )


def _value_of(arguments: Mapping[str, Any], name: str, properties: Mapping[str, Any]) -> Any:
    schema = properties.get(name, {})
    value = arguments.get(name, schema.get("default", _MISSING))
    return value if value is _MISSING else canonical(value, schema)


def canonical(value: Any, schema: Mapping[str, Any]) -> Any:
    """The one form that all spellings of a value share, given its schema.

    Returns:
        A value that is equal (`==`) for two inputs just when they mean the same.
    """
    kind = schema.get("type")
    if isinstance(value, bool) or value is None:
        return (type(value).__name__, value)
    if kind in ("number", "integer"):
        number = _number(value)
        if number is not None:
            return ("number", number)
    if kind == "boolean" and isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return ("bool", value.strip().lower() == "true")
    if isinstance(value, str):
        return ("text", " ".join(unicodedata.normalize("NFKC", value).casefold().split()))
    if isinstance(value, int | float):
        # A number given where the schema asks for text is the text of that number.
        return ("text", f"{value:g}") if kind == "string" else ("number", float(value))
    if isinstance(value, list):
        return ("array", [canonical(item, schema.get("items", {})) for item in value])
    properties = schema.get("properties", {})
    return ("object", {key: canonical(inner, properties.get(key, {})) for key, inner in value.items()})


def _number(value: Any) -> float | None:
    if isinstance(value, int | float | str):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None
    return None
