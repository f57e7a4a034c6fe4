"""Meaning of single keywords of a JSON Schema: its types, alternatives and required names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .documents import as_list, as_object, as_text

_ALTERNATIVES: Final = ("anyOf", "oneOf")
_INPUT_KEYS: Final = frozenset(
    [
        *("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "enum", "const", "items"),
        *("prefixItems", "patternProperties", "propertyNames", "dependentSchemas", "minProperties"),
    ]
)
"""Keys of a schema that is more than an object without named properties."""
_OTHER_KEYS: Final = frozenset(
    [
        *("type", "properties", "required", "additionalProperties", "unevaluatedProperties", "maxProperties", "title"),
        *("description", "default", "example", "examples", "definitions", "components", "discriminator", "xml"),
        *("externalDocs", "dependentRequired"),
    ]
)
"""Further keys of a schema that can have objects as values and state no input."""
_TYPE_NAMES: Final = {
    **dict.fromkeys(("str", "text"), "string"),
    **dict.fromkeys(("int", "long"), "integer"),
    **dict.fromkeys(("float", "double"), "number"),
    "bool": "boolean",
    **dict.fromkeys(("list", "tuple", "set"), "array"),
    **dict.fromkeys(("dict", "map"), "object"),
    **dict.fromkeys(("binary", "bytes", "blob"), "file"),
}
"""JSON type by the names of programming languages, which some catalogues use."""


def unnamed_inputs(schema: Mapping[str, Any]) -> str:
    """Return the inputs that a merged schema without named properties states; empty if it states none."""
    types = types_of(schema)
    if types and "object" not in types:
        return f"their type is {types[0]!r}"
    if schema.get("properties") is not None:
        return f"`properties` is a {type(schema['properties']).__name__}"
    stated = [key for key in schema if key in _INPUT_KEYS and schema[key] not in ([], {}, None, 0)]
    if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        stated.append("additionalProperties")
    if stated:
        return f"`{stated[0]}` without named properties"
    known = _INPUT_KEYS | _OTHER_KEYS
    unknown = [key for key in schema if key not in known and key[:1] != "$" and key[:2] != "x-"]
    described = [key for key in unknown if isinstance(schema[key], dict) and schema[key]]
    return f"{described[0]!r} is not a keyword of JSON Schema" if described else ""


def required_names(schema: Mapping[str, Any]) -> list[str]:
    """Return the distinct required names of a schema. Some servers place the list among the properties."""
    names = [*as_list(schema.get("required")), *as_list(as_object(schema.get("properties")).get("required"))]
    return list(dict.fromkeys(name for name in names if isinstance(name, str) and as_text(name)))


def parts(schema: Mapping[str, Any]) -> list[Any]:
    """Return the schemas that all values must match: `allOf`, and the only alternative if there is one."""
    return [*as_list(schema.get("allOf")), *(group[0] for group in groups_of(schema) if len(group) == 1)]


def groups_of(schema: Mapping[str, Any]) -> list[list[Any]]:
    """Return the schemas of `anyOf` and those of `oneOf`, except null."""
    return [
        [item for item in as_list(schema.get(key)) if isinstance(item, dict) and not _is_null(item)]
        for key in _ALTERNATIVES
    ]


def alternatives_of(schema: Mapping[str, Any]) -> Sequence[Any]:
    """Return the schemas of `anyOf`, or else of `oneOf`, except null."""
    return next((group for group in groups_of(schema) if group), ())


def _is_null(schema: Mapping[str, Any]) -> bool:
    """Return True if a schema accepts only null."""
    return schema.get("type") in ("null", ["null"]) or schema.get("enum") == [None] or schema.get("const", 0) is None


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the JSON types that a schema states or implies, except null; empty if there are none."""
    stated = schema.get("type")
    names = [name.lower() for name in (stated if isinstance(stated, list) else [stated]) if isinstance(name, str)]
    return [_TYPE_NAMES.get(name, name) for name in names if name != "null"] or _implied_types(schema)


def _implied_types(schema: Mapping[str, Any]) -> list[str]:
    """Return the JSON type that follows from other keys than `type`; empty if none does."""
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    if "items" in schema or "prefixItems" in schema:
        return ["array"]
    stated = [schema["const"]] if "const" in schema else as_list(schema.get("enum"))
    values = [value for value in stated if value is not None]
    for json_type, types in (("boolean", (bool,)), ("integer", (int,)), ("number", (int, float))):
        if values and all(
            isinstance(value, types) and (bool in types or not isinstance(value, bool)) for value in values
        ):
            return [json_type]
    return ["string"] if values else []


def scalar_text(value: object) -> str:
    """Return a scalar as text; for other values an empty string."""
    return str(value).lower() if isinstance(value, bool) else as_text(value)
