"""Normalisation of a raw operation to a tool: unique name, clean text, parameters as a JSON Schema object.

Catalogues use one `default` field for two things. For an optional parameter it is a default. For a required parameter
it is an example, and becomes `examples` in JSON Schema. A required parameter that only controls the form of the
response (`page`, `format`) and has such a value becomes optional.

Names of parameters are brought to the characters that function-calling interfaces accept, and arrays have `items`,
which these interfaces require.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import count
from typing import Any, Final

from builder.records import Tool
from builder.words import MAX_NAME, parameter_key, printable, sentence, shortened, slug, squash
from hf_dataset.function_schemas import UNKNOWN_ITEMS

from .raw_tools import RawParameter, RawTool

_TYPES: Final = {
    "string": {"type": "string"},
    "str": {"type": "string"},
    "text": {"type": "string"},
    "enum": {"type": "string"},
    "geopoint": {"type": "string"},
    "number": {"type": "number"},
    "float": {"type": "number"},
    "integer": {"type": "integer"},
    "int": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "bool": {"type": "boolean"},
    "array": {"type": "array"},
    "list": {"type": "array"},
    "object": {"type": "object"},
    "map": {"type": "object"},
    "date (yyyy-mm-dd)": {"type": "string", "format": "date"},
    "date": {"type": "string", "format": "date"},
    "time (24-hour hh:mm)": {"type": "string", "format": "time"},
}
_ITEMS: Final = frozenset(["string", "number", "integer"])
"""Types of items of a required array, which a call can give a single one of."""
_SHAPING: Final = frozenset(
    [
        "page",
        "limit",
        "offset",
        "count",
        "size",
        "perpage",
        "pagesize",
        "format",
        "lang",
        "language",
        "locale",
        "output",
        "callback",
        "jsonp",
        "sort",
        "sortby",
        "order",
        "skip",
        "start",
        "cursor",
        "num",
        "pagenumber",
        "version",
        "unit",
        "units",
        "results",
        "maxresults",
        "pretty",
        "type",
        "charset",
        "mode",
    ]
)
"""Squashed names of parameters that control the form of the response, not its subject."""
_CREDENTIALS: Final = frozenset(
    [
        "apikey",
        "appid",
        "appkey",
        "appsecret",
        "accesskey",
        "accesstoken",
        "apitoken",
        "authtoken",
        "authorization",
        "license",
        "licensekey",
        "secret",
        "subscriptionkey",
        "xapikey",
        "xrapidapikey",
        "rapidapikey",
        "xrapidapihost",
    ]
)
"""Squashed names of parameters that the runtime fills in, not the user."""
_IDENTIFIER: Final = re.compile(r"\w+(?:[._/-]\w+)+|[a-z]+(?:[A-Z]\w*)+")
"""Name in the form of code, such as `pdf.create`, `get_rates` or `convertCurrency`."""
_ENUM: Final = re.compile(
    r"(?:one of(?: the following)?(?: values)?|allowed values|possible values)\s*:?\s*((?:[\w.-]+\s*[|,/]\s*)+[\w.-]+)",
    re.IGNORECASE,
)
_MAX_TEXT: Final = 400
"""Length limit of a description, in characters. A longer one is cut after a sentence or a word."""


class UnusableSchemaError(ValueError):
    """Unusable parameters: one has no name, or is required and its type cannot be given as text."""


def controls_response_form(name: str) -> bool:
    """Return True if a parameter only controls the form of the response, such as paging, format or language."""
    return squash(name) in _SHAPING


@lru_cache(2**12)
def clean_text(text: str) -> str:
    """Return a text as one plain line: without Markdown, HTML tags and URLs, cut at `_MAX_TEXT`."""
    text = re.sub(r"<[^>]+>", " ", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+", " ", text)
    return shortened(" ".join(re.sub(r"[*_`#>|]{1,}", " ", text).split()), _MAX_TEXT)


def json_schema(parameters: tuple[RawParameter, ...]) -> dict[str, Any]:
    """Convert the parameters of a raw operation to a JSON Schema object.

    Credentials, repeated names and optional parameters of unsupported types are left out. A name with other characters
    than function-calling interfaces accept is replaced by one that no other parameter has.

    Raises:
        UnusableSchemaError: If a name is empty, or a required parameter has a type that cannot be given as text.
    """
    properties: dict[str, Any] = {}
    required: list[str] = []
    keys = parameter_keys(parameter.name for parameter in parameters)
    for parameter in parameters:
        type_schema = _type_schema(parameter)
        key = keys[parameter.name]
        if type_schema is None or key in properties or squash(parameter.name) in _CREDENTIALS:
            continue
        properties[key], is_required = _property(parameter, type_schema)
        if is_required:
            required.append(key)
    return {"type": "object", "properties": properties, "required": required}


def parameter_keys(names: Iterable[str]) -> dict[str, str]:
    """Return the names of parameters in a JSON Schema, by their names in the catalogue.

    A name that function-calling interfaces accept is kept. Others get a number if they would be equal to another name.
    """
    distinct = list(dict.fromkeys(names))
    keys = {name: name for name in distinct if parameter_key(name) == name}
    taken = set(keys)
    for name in distinct:
        if name not in keys:
            base = parameter_key(name) or "parameter"
            free = (f"{base[: MAX_NAME - 4]}_{number}" for number in count(2))
            keys[name] = base if base not in taken else next(key for key in free if key not in taken)
            taken.add(keys[name])
    return keys


def unsupported_parameters(raw: RawTool) -> int:
    """Return the number of optional parameters that are left out, since their type cannot be given as text."""
    return sum(not parameter.required and _type_schema(parameter) is None for parameter in raw.parameters)


def renamed_parameters(raw: RawTool) -> int:
    """Return the number of parameters whose name function-calling interfaces would refuse, and which is replaced."""
    keys = parameter_keys(parameter.name for parameter in raw.parameters)
    return sum(name != key for name, key in keys.items())


def _type_schema(parameter: RawParameter) -> dict[str, Any] | None:
    """Return the type of a parameter, with `format` or `items`; None if it is optional and its type is not supported.

    Raises:
        UnusableSchemaError: If it has no name, or is required and its type cannot be given as text.
    """
    if not parameter.name:
        raise UnusableSchemaError("a parameter has no name; give it one")
    schema = _TYPES.get(parameter.type.strip().lower())
    if schema is not None and not (parameter.required and _is_unstatable(schema["type"], parameter)):
        if schema["type"] == "array":
            return {**schema, "items": dict(parameter.items or UNKNOWN_ITEMS)}
        return schema
    if parameter.required:
        raise UnusableSchemaError(
            f"requires {parameter.name!r} of the type {parameter.type!r}, whose values an instruction cannot state; "
            "make it optional, or a string, a number or an array of them"
        )
    return None


def _is_unstatable(json_type: str, parameter: RawParameter) -> bool:
    """Return True for an object, and for an array that is not said to be of texts or numbers."""
    return json_type == "object" or (json_type == "array" and (parameter.items or {}).get("type") not in _ITEMS)


def _property(parameter: RawParameter, type_schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the JSON Schema of a parameter, and True if it is required."""
    schema = dict(type_schema)
    if description := _description(parameter):
        schema["description"] = description
    value = _cast(parameter.default, schema["type"])
    options = _allowed_values(parameter.description) if schema["type"] == "string" else []
    # A default outside of the listed values shows that the list is incomplete.
    if options and (value is None or value in options):
        schema["enum"] = options
    required = parameter.required and (value is None or not controls_response_form(parameter.name))
    if value is not None:
        schema |= {"examples": [value]} if required else {"default": value}
    return schema, required


def _description(parameter: RawParameter) -> str:
    """Return the clean description of a parameter; empty if it only repeats the name."""
    description = clean_text(parameter.description)
    return "" if squash(description) == squash(parameter.name) else description


def _allowed_values(description: str) -> list[str]:
    """Return the allowed values that a description lists, sorted; empty if it lists fewer than two."""
    match = _ENUM.search(description)
    if not match:
        return []
    options = [option.strip(" .") for option in re.split(r"[|,/]", match.group(1))]
    return sorted(set(options)) if all(options) and len(options) > 1 else []


def _cast(value: object, json_type: str) -> object:
    """Convert a catalogue's default to a JSON type; None if it is not a value of that type."""
    if not isinstance(value, str | int | float) or json_type in ("array", "object"):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    if not text or printable(text) != text:
        return None
    if json_type == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if json_type in ("number", "integer"):
        return _cast_number(text, integer=json_type == "integer")
    return text


def _cast_number(text: str, *, integer: bool) -> float | None:
    """Convert a text to a finite number, as an int if it is whole and float is exact for it; else None."""
    try:
        number = float(text)
    except ValueError:
        return None
    if number.is_integer() and abs(number) < 2**53:
        return int(number)
    return number if math.isfinite(number) and not integer else None


def to_tool(raw: RawTool, taken: set[str]) -> Tool:
    """Normalise a raw operation.

    Args:
        raw: Operation as its catalogue states it.
        taken: Tool names in use. The name of the new tool is added.

    Raises:
        UnusableSchemaError: If a parameter has no name, or is required and its type cannot be given as text.
    """
    description, product = clean_text(raw.operation_description), clean_text(raw.provider_description)
    parameters = json_schema(raw.parameters)
    return Tool(
        name=unique_name(raw, taken),
        provider=" ".join(raw.provider.split()),
        category=raw.category.strip().replace(" ", "_"),
        description=documentation(raw),
        parameters=parameters,
        operation=_title(raw),
        operation_description=description,
        provider_description=product,
        facts=raw.facts,
    )


def documentation(raw: RawTool) -> str:
    """Return everything that a catalogue says of an operation: its title, description and provider, as clean text.

    An identifier such as `pdf.create` is no title if there is a description, since the name of the tool has it.
    """
    title, description = _title(raw), clean_text(raw.operation_description)
    is_title = squash(title) != squash(description) and not (description and _IDENTIFIER.fullmatch(title))
    distinct_title = title if is_title else ""
    parts = (distinct_title, description, clean_text(raw.provider_description))
    return " ".join(sentence(part) for part in parts if part)


def _title(raw: RawTool) -> str:
    return " ".join(clean_text(raw.operation).split())


def unique_name(raw: RawTool, taken: set[str]) -> str:
    """Return a name of at most `MAX_NAME` characters that is not taken, and add it to the taken names."""
    room = MAX_NAME - 4  # Leaves space for a number such as `_123`.
    provider = slug(raw.provider, room // 2) or "provider"
    base = f"{provider}__{slug(raw.operation, room - len(provider) - 2) or 'call'}"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name
