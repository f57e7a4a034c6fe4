"""Whether the arguments of a call are those of the answer.

Typed by the tool's JSON Schema: where it says number or integer, `"3"`, 3 and 3.0 are one value, compared exactly; a
boolean is never a number; text is compared after Unicode NFKC, folding of case and of white space. A parameter left out
equals its default spelled out, at every depth. A further parameter is an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_NO_PROPERTIES: Final[Mapping[str, Any]] = {}


def arguments_match(predicted: Mapping[str, Any], expected: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Compare two sets of arguments of one tool.

    Args:
        predicted: Arguments of the reply.
        expected: Arguments of the answer.
        schema: JSON Schema object of the tool's parameters.
    """
    return bool(_object(predicted, schema) == _object(expected, schema))


def canonical(value: Any, schema: Mapping[str, Any]) -> tuple[str, Any]:
    """The one form that all spellings of a value share, given its schema.

    Returns:
        A kind and a value; two results are equal (`==`) just when the inputs mean the same.
    """
    kind = schema.get("type")
    if value is None or isinstance(value, bool):
        return (type(value).__name__, value)
    if isinstance(value, dict):
        return _object(value, schema)
    if isinstance(value, list):
        return ("array", [canonical(item, schema.get("items", {})) for item in value])
    text = _written(value)
    if kind == "boolean" and text.strip().lower() in ("true", "false"):
        return ("bool", text.strip().lower() == "true")
    if (kind in ("number", "integer") or (kind != "string" and not isinstance(value, str))) and _NUMBER.fullmatch(
        text.strip()
    ):
        return ("number", Decimal(text.strip()))
    return ("text", " ".join(unicodedata.normalize("NFKC", text).casefold().split()))


def _object(value: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    properties = schema.get("properties", _NO_PROPERTIES)
    defaults = {name: inner["default"] for name, inner in properties.items() if "default" in inner}
    return ("object", {name: canonical(item, properties.get(name, {})) for name, item in {**defaults, **value}.items()})


def _written(value: str | float) -> str:
    """A value as text; a whole float as the integer that it is."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)
