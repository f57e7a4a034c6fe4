"""Lossless conversion between the two parameter lists of a released tool and JSON Schema.

A parameter's `default` becomes a default if the parameter is optional, and an example if it is required. Properties
that JSON Schema cannot express (the catalogue's type names, a parameter that is listed twice) are kept under
`x-original`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

KEPT: Final = "x-original"
"""Keyword for released values that JSON Schema cannot express."""
LISTS: Final = ("required_parameters", "optional_parameters")
"""Keys of the two parameter lists."""
_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "NUMBER": {"type": "number"},
    "BOOLEAN": {"type": "boolean"},
    "INTEGER": {"type": "integer"},
    "ARRAY": {"type": "array"},
    "OBJECT": {"type": "object"},
    "DATE (YYYY-MM-DD)": {"type": "string", "format": "date"},
}
"""JSON Schema of the catalogue's types; all other types become strings."""


def schema_of(lists: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the two parameter lists to a JSON Schema object; `lists_of` is the inverse."""
    properties: dict[str, Any] = {}
    for key in LISTS:
        for parameter in lists[key]:
            properties.setdefault(parameter["name"], _property(parameter, required=key == LISTS[0]))
    required = dict.fromkeys(parameter["name"] for parameter in lists[LISTS[0]])
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return schema if lists_of(schema) == lists else {**schema, KEPT: dict(lists)}


def _property(parameter: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    schema: dict[str, Any] = dict(_TYPES.get(str(parameter.get("type")).strip().upper(), {"type": "string"}))
    if parameter.get("description"):
        schema["description"] = parameter["description"]
    default = parameter.get("default")
    if default not in ("", None):
        schema |= {"examples": [default]} if required else {"default": default}
    return schema if _parameter(parameter["name"], schema) == parameter else {**schema, KEPT: dict(parameter)}


def lists_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameter lists from which `schema_of` made a schema."""
    if KEPT in schema:
        kept: dict[str, Any] = schema[KEPT]
        return kept
    parameters = {name: _parameter(name, inner) for name, inner in schema["properties"].items()}
    required = [parameters.pop(name) for name in schema["required"]]
    return {LISTS[0]: required, LISTS[1]: list(parameters.values())}


def _parameter(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    if KEPT in schema:
        kept: dict[str, Any] = schema[KEPT]
        return kept
    default = schema["examples"][0] if "examples" in schema else schema.get("default", "")
    description = schema.get("description", "")
    return {"name": name, "type": schema["type"].upper(), "description": description, "default": default}
