"""From the properties of a JSON Schema object to raw parameters: what OpenAPI, MCP and function tools share.

Top-level properties only. A parameter has one type: of several that a schema allows, the first that can be written as
text. What a raw parameter has no field for is said in its description: the allowed values, in the words in which
`normalise.py` looks for them.
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
"""Deepest nesting of schemas that are parts of one another."""
_MAX_VALUE: Final = 200
"""Longest example, default or allowed value, in characters."""
_MAX_CHOICES: Final = 160
"""Longest list of allowed values that goes before the description, in characters; a longer one goes after it."""
_MAX_OPTIONS: Final = 100
"""Most allowed values that are named."""
_SCALARS: Final = ("string", "integer", "number", "boolean")
_FORMATS: Final = {"date": "date", "binary": "file"}
_OPTION: Final = re.compile(r"-?\w(?:[\w.-]*\w)?")
"""Allowed values that can be listed with commas between."""


class SchemaReader:
    """Reads the schemas of one document. What takes a mapping takes a merged schema."""

    def __init__(self, references: References) -> None:
        self._references = references

    def parameters(self, schema: Mapping[str, Any]) -> tuple[RawParameter, ...] | None:
        """The top-level properties of an object that can be given; None where the schema names none."""
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
        """One raw parameter.

        Args:
            name: Its name.
            schema: What its values are.
            about: Its description; the schema's own where it is empty.
            required: Whether a call must give it.
            example: An example that is stated outside the schema.
        """
        kind, options = self.type_of(schema), self.options(schema)
        examples = (example, schema.get("example"), schema.get("x-example"), *as_list(schema.get("examples")))
        stated = (*examples, schema.get("default"), *options[:1]) if required else (schema.get("default"),)
        fitting = (value for value in stated if _fits(value, kind) and (not options or _said(value) in options))
        return RawParameter(
            name=as_text(name),
            type=kind,
            description=_with_options(about or as_text(schema.get("description")), options),
            default=next(fitting, None),
            required=required,
        )

    def options(self, schema: Mapping[str, Any]) -> list[str]:
        """The allowed values of a schema, as text; empty where any is allowed or some are no short plain values."""
        arms = [self._references.follow(arm) for arm in _arms(schema)]
        if "const" in schema:
            values = [schema["const"]]
        elif arms and "enum" not in schema and all("const" in arm for arm in arms):
            values = [arm["const"] for arm in arms]
        else:
            values = [value for value in as_list(schema.get("enum")) if value is not None]
        texts = [_said(value) for value in values]
        return list(dict.fromkeys(texts)) if all(0 < len(text) <= _MAX_VALUE for text in texts) else []

    def type_of(self, schema: Mapping[str, Any]) -> str:
        """The one JSON type of a schema's values, or `date` or `file`; text where the schema does not say."""
        kinds = _types(schema) or [kind for arm in _arms(schema) for kind in _types(self.merged(arm)) if kind != "null"]
        kind = next((kind for kind in kinds if kind in _SCALARS), kinds[0] if kinds else "string")
        return _FORMATS.get(as_text(schema.get("format")), kind) if kind == "string" else kind

    def merged(self, schema: object) -> dict[str, Any]:
        """A schema with its reference followed and all its parts (`allOf`, or the one arm that is not null) put in.

        The properties and required names of all parts come together; of everything else what is said first holds.
        """
        found: dict[str, Any] = {}
        self._merge(schema, found, (), set())
        return found

    def _merge(self, schema: object, found: dict[str, Any], above: tuple[str, ...], done: set[str]) -> None:
        pointer = reference(schema)
        if pointer is not None:
            if pointer in above:
                self._references.skip("reference_cyclic")
            if pointer in done:
                return
            done.add(pointer)
        if len(above) >= _MAX_DEPTH:
            self._references.skip("schema_too_deep")
            return
        own = self._references.follow(schema)
        for key, value in own.items():
            if key == "properties" and isinstance(value, dict):
                found["properties"] = value | as_object(found.get("properties"))
            elif key == "required" and isinstance(value, list):
                found["required"] = [*as_list(found.get("required")), *value]
            else:
                found.setdefault(key, value)
        arms = _arms(own)
        for part in (*as_list(own.get("allOf")), *(arms if len(arms) == 1 else ())):
            self._merge(part, found, (*above, pointer or ""), done)


def _arms(schema: Mapping[str, Any]) -> list[Any]:
    """The alternatives of a schema, but for null."""
    arms = as_list(schema.get("anyOf")) or as_list(schema.get("oneOf"))
    return [arm for arm in arms if isinstance(arm, dict) and arm.get("type") != "null"]


def _types(schema: Mapping[str, Any]) -> list[str]:
    """The JSON types that a schema states or implies; empty where it does neither."""
    stated = schema.get("type")
    kinds = [kind for kind in (stated if isinstance(stated, list) else [stated]) if isinstance(kind, str)]
    kinds = [kind for kind in kinds if kind != "null"]
    if kinds:
        return kinds
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    if "items" in schema:
        return ["array"]
    values = [schema["const"]] if "const" in schema else as_list(schema.get("enum"))
    if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return ["integer"]
    return ["string"] if values else []


def _said(value: object) -> str:
    """A plain value as text; empty where it is none."""
    return str(value).lower() if isinstance(value, bool) else as_text(value)


def _fits(value: object, kind: str) -> bool:
    """Whether a stated value can serve as example or default of a type."""
    if not isinstance(value, str | int | float) or not 0 < len(_said(value)) <= _MAX_VALUE:
        return False
    if kind not in ("integer", "number"):
        return True
    try:
        return math.isfinite(float(str(value)))
    except ValueError:
        return False


def _with_options(about: str, options: list[str]) -> str:
    """A description that names the allowed values, where there are several and not too many to be read."""
    if not 1 < len(options) <= _MAX_OPTIONS:
        return about
    if not all(_OPTION.fullmatch(option) for option in options):
        choices = f"Choices: {'; '.join(options)}."
    else:
        choices = f"One of: {', '.join(options)}."
    return f"{choices} {about}".strip() if len(choices) <= _MAX_CHOICES else f"{sentence(about)} {choices}".strip()
