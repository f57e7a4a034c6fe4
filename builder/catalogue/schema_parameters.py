"""Conversion of a JSON Schema object to raw parameters, for OpenAPI, MCP and function tools.

Only top-level properties become parameters. A parameter has one type: of several that a schema allows, the first scalar
type. Raw parameters have no field for allowed values, so they are appended to the description, in the wording that
`normalise.py` recognises.

A schema of several alternatives (`anyOf`, `oneOf`) has the properties of all of them, and requires what the alternative
requires that requires least. A call that contains this is valid, whatever else the tool accepts.

A schema that states inputs which cannot be read is an error: a tool is never left without its parameters.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from builder.words import parameter_key, printable, sentence

from .documents import UnreadableError, as_list, as_object, as_text
from .json_references import References, reference
from .raw_tools import RawParameter
from .schema_keywords import alternatives_of, groups_of, parts, required_names, scalar_text, types_of, unnamed_inputs

_MAX_DEPTH: Final = 32
"""Nesting limit of the parts of a schema (`allOf`, `anyOf`, `oneOf`)."""
_MAX_VALUE: Final = 200
"""Length limit of an example, default or allowed value, in characters."""
_MAX_CHOICES: Final = 160
"""Length in characters up to which a list of allowed values is placed before the description, instead of after it."""
_MAX_OPTIONS: Final = 100
"""Limit on the number of allowed values that are listed."""
_SCALARS: Final = ("string", "integer", "number", "boolean")
_TYPES: Final = (*_SCALARS, "array", "object", "file")
_FORMATS: Final = {"date": "date", "binary": "file"}
"""Type of a string by its `format`."""
_OPTION: Final = re.compile(r"-?\w(?:[\w.-]*\w)?")
"""Allowed values that can be separated by commas."""
_GROUPS: Final = "anyOf and oneOf of all parts"
"""Key under which a merged schema has the alternatives of all its parts: a list of lists."""
_PLAIN: Final[Mapping[str, Mapping[str, Any]]] = {
    **{name: {"type": name} for name in (*_SCALARS, "array", "object")},
    "date": {"type": "string", "format": "date"},
}
"""Schema of an item by its type; that of a string for other types."""
_MAX_ITEM_DEPTH: Final = 2
"""Number of nested objects and arrays of an item that are described."""
_MAX_FIELDS: Final = 40
"""Number of properties up to which those of an object in an array are described."""
_MAX_ITEMS: Final = 1_000
"""Length limit of the JSON text of an item schema, in characters. A longer one is reduced to its type."""


class SchemaReader:
    """Reader for the schemas in one document. Its methods take schemas that `merged` returned."""

    def __init__(self, references: References) -> None:
        self._references = references

    def inputs(self, schema: object) -> tuple[RawParameter, ...]:
        """Convert the schema of all inputs of a tool.

        Args:
            schema: Schema, not merged; None if the tool has no inputs.

        Raises:
            UnreadableError: If the schema has inputs that cannot be read as named parameters.
        """
        if schema is None or schema is True:
            return ()
        if not isinstance(schema, dict):
            problem = f"its parameters are a {type(schema).__name__}, not an object"
            raise UnreadableError("parameters_unreadable", problem)
        merged = self.resolved(schema)
        parameters = self.parameters(merged)
        if parameters is None and (problem := unnamed_inputs(merged)):
            raise UnreadableError("parameters_unreadable", f"its parameters cannot be read: {problem}")
        return parameters or ()

    def resolved(self, schema: object) -> dict[str, Any]:
        """Merge a schema that has named properties, with its alternatives.

        Raises:
            UnreadableError: If it refers to something that cannot be resolved, so that properties would be lost.
        """
        before = len(self._references.unresolved)
        combined = self._combined(self.merged(schema), set(), 0)
        check_resolved(self._references, before)
        return combined

    def parameters(self, schema: Mapping[str, Any]) -> tuple[RawParameter, ...] | None:
        """Convert the top-level properties of a merged schema, except those that are read-only.

        A required property that is not described has no type. A list under the name `required` is not a property, but
        contains required names: some servers place it there.

        Returns:
            Parameters in schema order; None if the schema has no `properties`.
        """
        stated, required = schema.get("properties"), required_names(schema)
        if not isinstance(stated, dict):
            if stated is not None or not required:
                return None
            stated = {}
        properties = {
            name: item
            for name, item in stated.items()
            if as_text(name) and item is not False and not (name == "required" and isinstance(item, list))
        }
        undescribed = [name for name in required if name not in stated]
        merged = {name: self.merged(properties.get(name)) for name in (*properties, *undescribed)}
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
            if _fits_type(value, json_type) and (not options or scalar_text(value) in options)
        )
        return RawParameter(
            name=as_text(name),
            type=json_type,
            description=_with_options(about or as_text(schema.get("description")), options),
            default=next(valid, None),
            required=required,
            items=self.items(schema) if json_type == "array" else None,
        )

    def items(self, schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any] | None:
        """Return the JSON Schema of the items of a merged array schema, without references and descriptions.

        Of the item schemas of a tuple, the type is chosen as for a parameter with several types.

        Returns:
            The schema; None if the array states none.
        """
        stated = schema.get("items") or schema.get("prefixItems")
        if isinstance(stated, list):
            stated = {"anyOf": stated}
        if not isinstance(stated, dict):
            return None
        described = self._plain(stated, depth)
        if len(json.dumps(described, ensure_ascii=False)) > _MAX_ITEMS:
            return {key: value for key, value in self._plain(stated, _MAX_ITEM_DEPTH).items() if key != "enum"}
        return described

    def _plain(self, schema: object, depth: int) -> dict[str, Any]:
        """Return a schema that contains only types, formats, allowed values and, up to a depth, what it consists of."""
        merged = self.merged(schema)
        kind = self.type_of(merged)
        plain = dict(_PLAIN.get(kind, _PLAIN["string"]))
        options = self.options(merged) if kind == "string" else []
        if 0 < len(options) <= _MAX_OPTIONS:
            plain["enum"] = options
        if kind == "array":
            plain["items"] = (self.items(merged, depth + 1) if depth < _MAX_ITEM_DEPTH else None) or _PLAIN["string"]
        if kind == "object" and depth < _MAX_ITEM_DEPTH:
            fields = {
                key: item for name, item in as_object(merged.get("properties")).items() if (key := parameter_key(name))
            }
            if 0 < len(fields) <= _MAX_FIELDS:
                plain["properties"] = {key: self._plain(item, depth + 1) for key, item in fields.items()}
                plain["required"] = [key for name in required_names(merged) if (key := parameter_key(name)) in fields]
        return plain

    def options(self, schema: Mapping[str, Any]) -> list[str]:
        """Return the allowed values of a merged schema as text.

        Returns:
            Distinct values in schema order; empty if any value is allowed, or if one is not a short scalar.
        """
        texts = [scalar_text(value) for value in self._enumerated(schema)]
        return list(dict.fromkeys(texts)) if all(0 < len(text) <= _MAX_VALUE for text in texts) else []

    def _enumerated(self, schema: Mapping[str, Any]) -> list[object]:
        """Return the values of `const`, of alternatives that are all `const`, or of `enum` without null."""
        alternatives = [self._references.follow(alternative) for alternative in alternatives_of(schema)]
        if schema.get("const") is not None:
            return [schema["const"]]
        if alternatives and "enum" not in schema and all("const" in alternative for alternative in alternatives):
            return [alternative["const"] for alternative in alternatives]
        return [value for value in as_list(schema.get("enum")) if value is not None]

    def type_of(self, schema: Mapping[str, Any]) -> str:
        """Return the type of a merged schema: a JSON type, `date` or `file`; `string` if it has no known type."""
        types = types_of(schema)
        if not types:
            for alternative in alternatives_of(schema):
                types += types_of(self.merged(alternative))
        known = [name for name in types if name in _TYPES]
        json_type = next((name for name in known if name in _SCALARS), known[0] if known else "string")
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
                self._references.skip("reference_cyclic", pointer)
            if pointer in done:
                return
            done.add(pointer)
        if len(ancestors) >= _MAX_DEPTH:
            self._references.fail("schema_too_deep", pointer or "allOf")
            return
        resolved = self._references.follow(schema)
        _add_keys(resolved, result)
        for part in parts(resolved):
            self._merge(part, result, (*ancestors, pointer or ""), done)

    def _combined(self, schema: Mapping[str, Any], seen: set[str], depth: int) -> dict[str, Any]:
        """Add the properties of all alternatives to a merged schema, and the required names of one of them.

        Args:
            schema: Merged schema.
            seen: References to alternatives that are combined already, updated in place.
            depth: Number of schemas of which this one is an alternative.
        """
        result = dict(schema)
        for alternatives in schema.get(_GROUPS, ()):
            options = [option for item in alternatives if (option := self._option(item, seen, depth)) is not None]
            if not options:
                continue
            properties = dict(as_object(result.get("properties")))
            for option in options:
                for name, item in as_object(option.get("properties")).items():
                    properties[name] = self._either(properties[name], item) if name in properties else item
            if properties or any("properties" in option for option in options):
                result["properties"] = properties
            result["required"] = [*required_names(result), *min(map(required_names, options), key=len)]
        return result

    def _option(self, alternative: object, seen: set[str], depth: int) -> dict[str, Any] | None:
        """Return an alternative, merged and combined with its own; None if it is not an object, or combined already."""
        pointer = reference(alternative)
        if depth >= _MAX_DEPTH or pointer in seen:
            return None
        if pointer is not None:
            seen.add(pointer)
        merged = self.merged(alternative)
        types = types_of(merged)
        return self._combined(merged, seen, depth + 1) if not types or "object" in types else None

    def _either(self, first: object, second: object) -> object:
        """Return the schema of a property of two alternatives: the first one, with the allowed values of both."""
        merged = self.merged(first)
        values = [self._enumerated(merged), self._enumerated(self.merged(second))]
        if not all(values):
            return first
        distinct = {scalar_text(value): value for value in (*values[0], *values[1])}
        return {key: value for key, value in merged.items() if key != "const"} | {"enum": list(distinct.values())}


def check_resolved(references: References, before: int) -> None:
    """Check that references on which the parameters of a tool depend were resolved.

    Args:
        references: The resolver.
        before: Number of unresolved references before they were followed.

    Raises:
        UnreadableError: If one was not.
    """
    if lost := references.unresolved[before:]:
        problem = f"its parameters are at {lost[0]!r}, which cannot be resolved. Bundle the document into one file"
        raise UnreadableError("parameters_unresolved", problem)


def _add_keys(schema: Mapping[str, Any], result: dict[str, Any]) -> None:
    """Add the keys of a schema to a merged schema, in place."""
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            result["properties"] = value | as_object(result.get("properties"))
        elif key == "required" and isinstance(value, list):
            result["required"] = [*as_list(result.get("required")), *value]
        else:
            result.setdefault(key, value)
    groups = [group for group in groups_of(schema) if len(group) > 1]
    if groups:
        result[_GROUPS] = [*result.get(_GROUPS, ()), *groups]


def _fits_type(value: object, json_type: str) -> bool:
    """Return True if a value is a short printable scalar that can be an example or default of the type."""
    if not isinstance(value, str | int | float) or not 0 < len(scalar_text(value)) <= _MAX_VALUE:
        return False
    if isinstance(value, str) and printable(value) != value:
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
