"""The smallest value that satisfies a JSON Schema: correct in form, and without any sense."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

FILLER = "lorem"
DEEP = 4
"""From this depth on the last of several alternatives is taken, so that a schema that holds itself comes to an end."""


def nonsense(schema: Schema) -> Any:
    """A value for `schema`: "lorem", the first enum value, empty arrays, required properties only."""
    return _value(schema, schema, 0)


def _value(schema: Schema | bool, root: Schema, depth: int) -> Any:
    if not isinstance(schema, dict) or not schema:
        return None
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    if "$ref" in schema:
        return _value(_resolved(schema["$ref"], root), root, depth + 1)
    if "allOf" in schema:
        return _value(_merged(schema, root), root, depth + 1)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return _value(schema[word][0 if depth < DEEP else -1], root, depth + 1)
    return _of_type(_type(schema), schema, root, depth)


def _type(schema: Schema) -> str:
    named = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else "null")
    return str(next((one for one in named if one != "null"), "null")) if isinstance(named, list) else str(named)


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
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")] if part else found
    return found  # type: ignore[no-any-return]


def _merged(schema: Schema, root: Schema) -> Schema:
    merged: Schema = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        whole = _resolved(part["$ref"], root) if "$ref" in part else part
        for key, value in whole.items():
            if key == "properties":
                merged[key] = {**merged.get(key, {}), **value}
            elif key == "required":
                merged[key] = [*merged.get(key, []), *value]
            else:
                merged.setdefault(key, value)
    return merged
