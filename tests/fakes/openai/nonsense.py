"""Minimal values that satisfy a JSON Schema but have no meaning."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

FILLER = "lorem"
DEEP = 4
"""Depth from which the last alternative of anyOf or oneOf is used, so that recursive schemas terminate."""


def nonsense(schema: Schema) -> Any:
    """Return a value for `schema`: "lorem" as text, the first enum value, empty arrays, and only required properties."""
    return _value(schema, schema, 0)


def _value(schema: Schema | bool, root: Schema, depth: int) -> Any:
    if not isinstance(schema, dict) or not schema:
        return None
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    replacement = _replacement(schema, root, depth)
    if replacement is not None:
        return _value(replacement, root, depth + 1)
    return _of_type(_type(schema), schema, root, depth)


def _replacement(schema: Schema, root: Schema, depth: int) -> Schema | bool | None:
    """Return the schema that stands for a reference, a combination or a choice; None for other schemas."""
    if "$ref" in schema:
        return _resolved(schema["$ref"], root)
    if "allOf" in schema:
        return _merged(schema, root)
    alternatives: list[Schema | bool] | None = schema.get("anyOf", schema.get("oneOf"))
    return alternatives[0 if depth < DEEP else -1] if alternatives is not None else None


def _type(schema: Schema) -> str:
    """Return the type of a schema: its first one other than null, or the one that its keywords imply."""
    implied = "object" if "properties" in schema else "array" if "items" in schema else "null"
    declared = schema.get("type", implied)
    types = declared if isinstance(declared, list) else [declared]
    return str(next((name for name in types if name != "null"), "null"))


def _of_type(kind: str, schema: Schema, root: Schema, depth: int) -> Any:
    match kind:
        case "object":
            properties = schema.get("properties", {})
            return {name: _value(properties.get(name, {}), root, depth + 1) for name in schema.get("required", ())}
        case "array":
            return [_value(schema.get("items", {}), root, depth + 1) for _ in range(schema.get("minItems", 0))]
        case "string":
            text = FILLER * max(1, -(-schema.get("minLength", 0) // len(FILLER)))
            return text[: max(schema.get("minLength", 0), min(len(text), schema.get("maxLength", len(text))))]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case _:
            return None


def _number(schema: Schema) -> Any:
    if "minimum" in schema:
        return schema["minimum"]
    if "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"]
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        return low + 1 if high is None or low + 1 < high else (low + high) / 2
    return min(0, schema.get("maximum", 0), schema.get("exclusiveMaximum", 1) - 1)


def _resolved(reference: str, root: Schema) -> Schema:
    target: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        target = target[part.replace("~1", "/").replace("~0", "~")] if part else target
    return target  # type: ignore[no-any-return]


def _merged(schema: Schema, root: Schema) -> Schema:
    merged: Schema = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        resolved = _resolved(part["$ref"], root) if "$ref" in part else part
        for key, value in resolved.items():
            if key == "properties":
                merged[key] = {**merged.get(key, {}), **value}
            elif key == "required":
                merged[key] = [*merged.get(key, []), *value]
            else:
                merged.setdefault(key, value)
    return merged
