"""Simplification of a JSON Schema to what comparison needs: types, properties, items, format and default.

References within the schema, `allOf`, `anyOf`, `oneOf`, `const`, `nullable`, and enums without a type are resolved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

Schema = Mapping[str, Any]
NO_SCHEMA: Final[Schema] = {}
_MAX_STEPS: Final = 16
"""Maximum number of references and alternatives within one another."""
_COMPOUND: Final = ("$ref", "allOf", "anyOf", "oneOf", "const", "enum", "nullable")
_TYPE_NAMES: Final = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object", type(None): "null",
}  # fmt: skip


def subschema(schema: Schema, key: str) -> Schema:
    """Return the schema under a key; an empty one if it is missing or not an object (`true`, `false`)."""
    value = schema.get(key)
    return value if isinstance(value, Mapping) else NO_SCHEMA


def types_of(schema: Schema) -> Sequence[str]:
    """Return the types that a schema allows; empty if it names none."""
    named = schema.get("type")
    return [name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str)]


def simplified(schema: Schema, root: Schema, value: Any) -> Schema:
    """Return an equivalent schema without references and alternatives.

    Args:
        schema: The schema.
        root: Schema that references start from.
        value: The value that is read with it; it selects between alternatives for objects and arrays.
    """
    if "type" in schema and not any(key in schema for key in _COMPOUND):
        return schema
    merged = _merged(schema, root, value, _MAX_STEPS)
    if "type" not in merged:
        implied = [name for name, key in (("object", "properties"), ("array", "items")) if key in merged]
        return {**merged, "type": implied} if implied else merged
    return merged


def _merged(schema: Schema, root: Schema, value: Any, steps: int) -> Schema:
    merged: Schema = dict(schema)
    for _ in range(steps):
        if "$ref" not in merged:
            break
        rest = {key: inner for key, inner in merged.items() if key != "$ref"}
        merged = {**_target(merged["$ref"], root), **rest}
    for part in _parts(merged, "allOf"):
        merged = _both(merged, _merged(part, root, value, steps // 2) if steps else part)
    branches = [*_parts(merged, "anyOf"), *_parts(merged, "oneOf")]
    if branches and steps:
        merged = _one_of(merged, [_merged(branch, root, value, steps // 2) for branch in branches], value)
    return _with_types(merged)


def _parts(schema: Schema, key: str) -> list[Schema]:
    parts = schema.get(key)
    return [part for part in parts if isinstance(part, Mapping)] if isinstance(parts, list) else []


def _target(reference: Any, root: Schema) -> Schema:
    """Return the schema that a reference within the root names; an empty one if there is none."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return NO_SCHEMA
    target: Any = root
    for part in unquote(reference[1:]).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(target, Mapping):
            target = target.get(key)
        elif isinstance(target, list) and key.isdecimal() and int(key) < len(target):
            target = target[int(key)]
        else:
            return NO_SCHEMA
    return target if isinstance(target, Mapping) else NO_SCHEMA


def _both(one: Schema, other: Schema) -> Schema:
    """Return a schema with the constraints of two."""
    merged = {**other, **one}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**subschema(other, "properties"), **subschema(one, "properties")}
    merged["required"] = [*_names(one), *_names(other)]
    return merged


def _one_of(schema: Schema, branches: Sequence[Schema], value: Any) -> Schema:
    """Return a schema with the types of all alternatives, and everything else of the one that fits the value."""
    rest = {key: inner for key, inner in schema.items() if key not in ("anyOf", "oneOf")}
    types = [*types_of(schema), *(name for branch in branches for name in types_of(branch))]
    fitting = [branch for branch in branches if types_of(branch) != ["null"]]
    kind = _TYPE_NAMES.get(type(value), "")
    best = max(fitting, key=lambda branch: _fit(branch, kind, value), default=NO_SCHEMA)
    merged = {**_both(rest, best), "type": list(dict.fromkeys(types))}
    formats = [branch["format"] for branch in fitting if "format" in branch]
    return {**merged, "format": formats} if formats else merged


def _fit(branch: Schema, kind: str, value: Any) -> tuple[bool, int, int]:
    """Return how well an alternative fits a value: its type, its properties, and those that are required."""
    if not isinstance(value, Mapping):
        return kind in types_of(branch), 0, 0
    properties = subschema(branch, "properties")
    constants = sum(
        subschema(properties, name)["const"] == value[name] for name in value if "const" in subschema(properties, name)
    )
    missing = sum(name not in value for name in _names(branch))
    return (
        "object" in types_of(branch) or bool(properties),
        sum(name in properties for name in value) + constants,
        -missing,
    )


def _names(schema: Schema) -> Iterator[str]:
    """Yield the required properties."""
    required = schema.get("required")
    return (name for name in (required if isinstance(required, list) else ()) if isinstance(name, str))


def _with_types(schema: Schema) -> Schema:
    """Return a schema with a type, from its constants if it names none, and null if it is nullable."""
    types = types_of(schema)
    if not types:
        constants = [schema["const"]] if "const" in schema else schema.get("enum")
        if isinstance(constants, list):
            types = list(
                dict.fromkeys(_TYPE_NAMES[type(constant)] for constant in constants if type(constant) in _TYPE_NAMES)
            )
    if schema.get("nullable") is True and types:
        types = [*types, "null"]
    return {**schema, "type": types} if types else schema


def required_of(schema: Schema) -> frozenset[str]:
    """Return the names of the required properties."""
    return frozenset(_names(schema))
