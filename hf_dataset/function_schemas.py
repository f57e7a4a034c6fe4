"""JSON Schemas of parameters as function-calling interfaces accept them.

Interfaces that check functions strictly refuse a request in which an array has no `items`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

UNKNOWN_ITEMS: Final[Mapping[str, Any]] = {"type": "string"}
"""Schema of the items of an array whose documentation does not describe them. An empty schema would say the same, but
some interfaces require a type."""
_SUBSCHEMAS: Final = ("properties", "$defs", "definitions")
"""Keys whose values are schemas by name."""
_SCHEMA_LISTS: Final = ("anyOf", "oneOf", "allOf")


def with_items(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema in which every array has `items`. A schema that is complete is returned as an equal one."""
    result = dict(schema)
    for key in _SUBSCHEMAS:
        if isinstance(result.get(key), Mapping):
            result[key] = {name: _complete(item) for name, item in result[key].items()}
    for key in _SCHEMA_LISTS:
        if isinstance(result.get(key), list):
            result[key] = [_complete(item) for item in result[key]]
    if isinstance(result.get("items"), Mapping):
        result["items"] = with_items(result["items"])
    elif _is_array(result):
        result["items"] = dict(UNKNOWN_ITEMS)
    return result


def _complete(schema: object) -> object:
    return with_items(schema) if isinstance(schema, Mapping) else schema


def _is_array(schema: Mapping[str, Any]) -> bool:
    stated = schema.get("type")
    return stated == "array" or (isinstance(stated, list) and "array" in stated)
