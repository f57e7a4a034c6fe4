"""The two lists of a released tool's parameters as JSON Schema, and back, so that nothing is lost.

A parameter's `default` is a default where the parameter is optional and an example where it is required. What JSON
Schema has no word for (the catalogue's names of types, a parameter that is listed twice) is kept under `x-original`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

KEPT: Final = "x-original"
"""Keyword of a schema for what was released and JSON Schema cannot say."""
LISTS: Final = ("required_parameters", "optional_parameters")
"""Keys of the lists: what a call must give, and what it may."""
_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "NUMBER": {"type": "number"},
    "BOOLEAN": {"type": "boolean"},
    "INTEGER": {"type": "integer"},
    "ARRAY": {"type": "array"},
    "OBJECT": {"type": "object"},
    "DATE (YYYY-MM-DD)": {"type": "string", "format": "date"},
}
"""JSON Schema of the catalogue's types; all others are text."""


def schema_of(lists: Mapping[str, Any]) -> dict[str, Any]:
    """The two lists of parameters as a JSON Schema object from which `lists_of` gives them back."""
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
    """The lists of parameters that a schema was made of."""
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
