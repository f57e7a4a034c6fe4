"""Conversion of a JSON Schema object to raw parameters, for OpenAPI, MCP and function tools.

Only top-level properties become parameters. A parameter has one type: of several that a schema allows, the first scalar
type. Raw parameters have no field for allowed values, so they are appended to the description, in the wording that
`normalise.py` recognises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from builder.words import sentence

from .documents import as_list, as_object, as_text
from .json_references import References, reference
from .raw_tools import RawParameter

_MAX_DEPTH: Final = 32
"""Nesting limit of the parts of a schema (`allOf`, `anyOf`, `oneOf`)."""
_MAX_VALUE: Final = 200
"""Length limit of an example, default or allowed value, in characters."""
_MAX_CHOICES: Final = 160
"""Length in characters up to which a list of allowed values is placed before the description, instead of after it."""
_MAX_OPTIONS: Final = 100
"""Limit on the number of allowed values that are listed."""
_SCALARS: Final = ("string", "integer", "number", "boolean")
_FORMATS: Final = {"date": "date", "binary": "file"}
"""Type of a string by its `format`."""
_OPTION: Final = re.compile(r"-?\w(?:[\w.-]*\w)?")
"""Allowed values that can be separated by commas."""


class SchemaReader:
    """Reader for the schemas in one document. Its methods take schemas that `merged` returned."""

    def __init__(self, references: References) -> None:
        self._references = references

    def parameters(self, schema: Mapping[str, Any]) -> tuple[RawParameter, ...] | None:
        """Convert the top-level properties of a merged schema, except those that are read-only.

        Returns:
            Parameters in schema order; None if the schema has no `properties`.
        """
        properties = schema.get("properties")
        if not isinstance(properties, dict):
            return None
        required = {name for name in as_list(schema.get("required")) if isinstance(name, str)}
        merged = {name: self.merged(item) for name, item in properties.items() if as_text(name)}
        return tuple(
            self.parameter(name, item, required=name in required)
            for name, item in merged.items()
            if item.get("readOnly") is not True
        )

    def parameter(
        self, name: str, schema: Mapping[str, Any], *, about: str = "", required: bool = False, example: object = None
    ) -> RawParameter:
        """Create a raw parameter.

        Args:
            name: Name of the parameter.
            schema: Merged schema of its values.
            about: Description; if empty, that of the schema is used.
            required: True if a call must include the parameter.
            example: Example from outside the schema, used before those of the schema.
        """
        json_type, options = self.type_of(schema), self.options(schema)
        examples = (example, schema.get("example"), schema.get("x-example"), *as_list(schema.get("examples")))
        candidates = (*examples, schema.get("default"), *options[:1]) if required else (schema.get("default"),)
        valid = (
            value
            for value in candidates
            if _fits_type(value, json_type) and (not options or _scalar_text(value) in options)
        )
        return RawParameter(
            name=as_text(name),
            type=json_type,
            description=_with_options(about or as_text(schema.get("description")), options),
            default=next(valid, None),
            required=required,
        )

    def options(self, schema: Mapping[str, Any]) -> list[str]:
        """Return the allowed values of a merged schema as text.

        Returns:
            Distinct values in schema order; empty if any value is allowed, or if one is not a short scalar.
        """
        texts = [_scalar_text(value) for value in self._enumerated(schema)]
        return list(dict.fromkeys(texts)) if all(0 < len(text) <= _MAX_VALUE for text in texts) else []

    def _enumerated(self, schema: Mapping[str, Any]) -> list[object]:
        """Return the values of `const`, of alternatives that are all `const`, or of `enum` without null."""
        alternatives = [self._references.follow(alternative) for alternative in _alternatives(schema)]
        if "const" in schema:
            return [schema["const"]]
        if alternatives and "enum" not in schema and all("const" in alternative for alternative in alternatives):
            return [alternative["const"] for alternative in alternatives]
        return [value for value in as_list(schema.get("enum")) if value is not None]

    def type_of(self, schema: Mapping[str, Any]) -> str:
        """Return the type of a merged schema: a JSON type, `date` or `file`; `string` if the schema has no type."""
        types = _types(schema)
        if not types:
            for alternative in _alternatives(schema):
                types += _types(self.merged(alternative))
        json_type = next((name for name in types if name in _SCALARS), types[0] if types else "string")
        return _FORMATS.get(as_text(schema.get("format")), json_type) if json_type == "string" else json_type

    def merged(self, schema: object) -> dict[str, Any]:
        """Resolve the reference of a schema and merge its parts into it.

        Parts are the schemas of `allOf`, and the alternative of `anyOf` or `oneOf` if it is the only one that is not
        null. Properties and required names of all parts are combined. For other keys the first value wins.
        """
        result: dict[str, Any] = {}
        self._merge(schema, result, (), set())
        return result

    def _merge(self, schema: object, result: dict[str, Any], ancestors: tuple[str, ...], done: set[str]) -> None:
        """Merge a schema into the result.

        Args:
            schema: Schema or reference.
            result: Merged schema so far, updated in place.
            ancestors: References that lead to the schema; empty strings for parts that are not references.
            done: References that are already merged, updated in place.
        """
        pointer = reference(schema)
        if pointer is not None:
            if pointer in ancestors:
                self._references.skip("reference_cyclic")
            if pointer in done:
                return
            done.add(pointer)
        if len(ancestors) >= _MAX_DEPTH:
            self._references.skip("schema_too_deep")
            return
        resolved = self._references.follow(schema)
        _add_keys(resolved, result)
        for part in _parts(resolved):
            self._merge(part, result, (*ancestors, pointer or ""), done)


def _add_keys(schema: Mapping[str, Any], result: dict[str, Any]) -> None:
    """Add the keys of a schema to a merged schema, in place."""
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            result["properties"] = value | as_object(result.get("properties"))
        elif key == "required" and isinstance(value, list):
            result["required"] = [*as_list(result.get("required")), *value]
        else:
            result.setdefault(key, value)


def _parts(schema: Mapping[str, Any]) -> list[Any]:
    """Return the schemas that all values must match: `allOf`, and the only alternative if there is one."""
    alternatives = _alternatives(schema)
    return [*as_list(schema.get("allOf")), *(alternatives if len(alternatives) == 1 else ())]


def _alternatives(schema: Mapping[str, Any]) -> list[Any]:
    """Return the schemas of `anyOf` or `oneOf`, except null."""
    alternatives = as_list(schema.get("anyOf")) or as_list(schema.get("oneOf"))
    return [schema for schema in alternatives if isinstance(schema, dict) and schema.get("type") != "null"]


def _types(schema: Mapping[str, Any]) -> list[str]:
    """Return the JSON types that a schema states or implies, except null; empty if there are none."""
    stated = schema.get("type")
    types = stated if isinstance(stated, list) else [stated]
    return [name for name in types if isinstance(name, str) and name != "null"] or _implied_types(schema)


def _implied_types(schema: Mapping[str, Any]) -> list[str]:
    """Return the JSON type that follows from other keys than `type`; empty if none does."""
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    if "items" in schema:
        return ["array"]
    values = [schema["const"]] if "const" in schema else as_list(schema.get("enum"))
    if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return ["integer"]
    return ["string"] if values else []


def _scalar_text(value: object) -> str:
    """Return a scalar as text; for other values an empty string."""
    return str(value).lower() if isinstance(value, bool) else as_text(value)


def _fits_type(value: object, json_type: str) -> bool:
    """Return True if a value is a short scalar that can be an example or default of the type."""
    if not isinstance(value, str | int | float) or not 0 < len(_scalar_text(value)) <= _MAX_VALUE:
        return False
    if json_type not in ("integer", "number"):
        return True
    try:
        return math.isfinite(float(str(value)))
    except ValueError:
        return False


def _with_options(description: str, options: list[str]) -> str:
    """Add the allowed values to a description, if there are at least two and at most `_MAX_OPTIONS`."""
    if not 1 < len(options) <= _MAX_OPTIONS:
        return description
    if not all(_OPTION.fullmatch(option) for option in options):
        choices = f"Choices: {'; '.join(options)}."
    else:
        choices = f"One of: {', '.join(options)}."
    if len(choices) <= _MAX_CHOICES:
        return f"{choices} {description}".strip()
    return f"{sentence(description)} {choices}".strip()
