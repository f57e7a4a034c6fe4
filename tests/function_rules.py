"""Rules of function-calling interfaces for the field `tools` of a request.

An interface that checks functions strictly refuses the whole request if one function violates a rule. The rules are
those of OpenAI's error messages and of its limits on schemas
(https://platform.openai.com/docs/guides/structured-outputs#supported-schemas), except what only its strict mode
requires. The characters of parameter names are those that Anthropic accepts (`^[a-zA-Z0-9_.-]{1,64}$`, reported in
https://github.com/freee/freee-mcp/issues/15); OpenAI accepts all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_KEY: Final = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_FORBIDDEN_AT_THE_TOP: Final = ("oneOf", "anyOf", "allOf", "enum", "not")
_MAX_DESCRIPTION: Final = 1024
_MAX_FUNCTIONS: Final = 128
_MAX_DEPTH: Final = 10
_MAX_PROPERTIES: Final = 5_000
_MAX_ENUM: Final = 1_000
_MAX_CHARACTERS: Final = 120_000


def violations(tools: Sequence[Any]) -> list[str]:
    """Return the violations of the field `tools` of a request."""
    problems = [] if len(tools) <= _MAX_FUNCTIONS else [f"{len(tools)} functions"]
    names = [tool["function"]["name"] for tool in tools]
    problems += ["two functions have the same name"] if len(set(names)) < len(names) else []
    return [*problems, *(problem for tool in tools for problem in function_violations(tool))]


def function_violations(tool: Mapping[str, Any]) -> list[str]:
    """Return the violations of one function."""
    function, schema = tool["function"], tool["function"]["parameters"]
    name = function["name"]
    problems = [] if tool.get("type") == "function" else ["it is not of the type function"]
    problems += [] if _NAME.fullmatch(name) else ["its name has characters or a length that are not accepted"]
    description = function["description"]
    problems += [] if isinstance(description, str) and len(description) <= _MAX_DESCRIPTION else ["long description"]
    problems += [] if schema.get("type") == "object" else [f"type {schema.get('type')!r} at the top"]
    problems += [f"{key!r} at the top" for key in _FORBIDDEN_AT_THE_TOP if key in schema]
    problems += [] if isinstance(schema.get("properties"), dict) else ["no properties at the top"]
    size = _Size()
    problems += _schema_violations(schema, "", 1, size)
    problems += [f"{size.properties} properties"] if size.properties > _MAX_PROPERTIES else []
    problems += [f"{size.characters} characters"] if size.characters > _MAX_CHARACTERS else []
    return [f"{name}: {problem}" for problem in problems]


class _Size:
    """Size of a schema."""

    properties = 0
    characters = 0


def _schema_violations(schema: Any, place: str, depth: int, size: _Size) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield from [] if isinstance(schema, bool) else [f"in {place}: {schema!r} is not of type 'object', 'boolean'"]
        return
    if depth > _MAX_DEPTH:
        yield f"in {place}: nested too deeply"
        return
    types = schema["type"] if isinstance(schema.get("type"), list) else [schema["type"]] if "type" in schema else []
    yield from (f"in {place}: unknown type {name!r}" for name in types if name not in _TYPES)
    if "$ref" in schema:
        yield f"in {place}: a reference"
    if "array" in types and "items" not in schema:
        yield f"in {place}: array schema missing items"
    yield from _enum_violations(schema, types, place, size)
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        yield f"in {place}: properties or required have another type"
        return
    if len(set(map(str, required))) < len(required) or not set(map(str, required)) <= properties.keys():
        yield f"in {place}: required names are repeated or have no property"
    for name, item in properties.items():
        size.properties += 1
        size.characters += len(name)
        if not _KEY.fullmatch(name):
            yield f"in {place}: property key {name!r}"
        yield from _schema_violations(item, f"{place}/{name}", depth + 1, size)
    inner = [("items", schema["items"])] if "items" in schema else []
    inner += [(key, item) for key in ("anyOf", "oneOf", "allOf") for item in schema.get(key, [])]
    for key, item in inner:
        yield from _schema_violations(item, f"{place}/{key}", depth + 1, size)


def _enum_violations(schema: Mapping[str, Any], types: Sequence[str], place: str, size: _Size) -> Iterator[str]:
    if "enum" not in schema:
        return
    values = schema["enum"]
    if not isinstance(values, list) or not 0 < len(values) <= _MAX_ENUM:
        yield f"in {place}: the enum is empty, too long or not a list"
        return
    if len({(type(value), str(value)) for value in values}) < len(values):
        yield f"in {place}: repeated values of an enum"
    accepted = {kind for name in types if name in _TYPES for kind in _TYPES[name]}
    for value in values:
        size.characters += len(str(value))
        if accepted and type(value) not in accepted:
            yield f"in {place}: the enum value {value!r} does not validate against {types}"
