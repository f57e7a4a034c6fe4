"""From a raw operation to a tool: a unique name, clean text, parameters as a JSON Schema object.

Catalogues use one `default` field for two things. On an optional parameter it is a default; on a required one it is an
example, and becomes JSON Schema's `examples`. A required parameter that only shapes the reply (`page`, `format`) and
has such a value is optional in truth and becomes so.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Final

from builder.records import Tool
from builder.words import MAX_NAME, sentence, slug, squash

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
"""Parameters (squashed names) that shape the reply and do not say what is wanted."""
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
"""Parameters (squashed names) that whoever runs the tool fills in, never whoever asks."""
_ENUM: Final = re.compile(
    r"(?:one of(?: the following)?(?: values)?|allowed values|possible values)\s*:?\s*((?:[\w.-]+\s*[|,/]\s*)+[\w.-]+)",
    re.IGNORECASE,
)
_MAX_TEXT: Final = 400
"""Longest description, in characters; what is longer is cut after a sentence or a word."""


class UnusableSchemaError(ValueError):
    """A parameter that cannot be expressed as JSON Schema or called with text."""


def shapes_the_reply(name: str) -> bool:
    """Whether a parameter only shapes the reply (paging, format, language of the reply)."""
    return squash(name) in _SHAPING


@lru_cache(2**12)
def clean_text(text: str) -> str:
    """Plain text in one line: Markdown signs, tags and links taken out, cut to a readable length."""
    text = re.sub(r"<[^>]+>", " ", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://\S+", " ", text)
    text = " ".join(re.sub(r"[*_`#>|]{1,}", " ", text).split())
    if len(text) <= _MAX_TEXT:
        return text
    cut = text[:_MAX_TEXT]
    end = max(cut.rfind(". "), cut.rfind("! "), cut.rfind("? "))
    return cut[: end + 1] if end > _MAX_TEXT // 3 else cut[: cut.rfind(" ")] + " ..."


def json_schema(parameters: tuple[RawParameter, ...]) -> dict[str, Any]:
    """JSON Schema object of a raw operation's parameters.

    Raises:
        UnusableSchemaError: If a name is empty, or a required parameter has a type that cannot be written as text.
    """
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter in parameters:
        if not parameter.name:
            raise UnusableSchemaError("a parameter has no name")
        kind = _TYPES.get(parameter.type.strip().lower())
        if kind is None or (parameter.required and kind["type"] in ("object", "array")):
            if parameter.required:
                raise UnusableSchemaError(f"parameter {parameter.name!r} has the type {parameter.type!r}")
            continue
        if parameter.name in properties or squash(parameter.name) in _CREDENTIALS:
            continue
        schema: dict[str, Any] = dict(kind)
        about = clean_text(parameter.description)
        if about and squash(about) != squash(parameter.name):
            schema["description"] = about
        options = _enum(parameter.description)
        if options and schema["type"] == "string":
            schema["enum"] = options
        value = _cast(parameter.default, schema["type"])
        optional = not parameter.required or (value is not None and shapes_the_reply(parameter.name))
        if value is not None and value not in schema.get("enum", [value]):
            del schema["enum"]  # the catalogue contradicts itself: the options are not all of them
        if value is not None:
            schema |= {"default": value} if optional else {"examples": [value]}
        if not optional:
            required.append(parameter.name)
        properties[parameter.name] = schema
    return {"type": "object", "properties": properties, "required": required}


def _enum(about: str) -> list[str]:
    found = _ENUM.search(about)
    if not found:
        return []
    options = [option.strip(" .") for option in re.split(r"[|,/]", found.group(1))]
    return sorted(set(options)) if all(options) and len(options) > 1 else []


def _cast(value: object, kind: str) -> object:
    """A catalogue's example as a value of a JSON type; None where it has none."""
    text = str(value).strip() if value is not None else ""
    if not text or kind in ("array", "object"):
        return None
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if kind in ("number", "integer"):
        try:
            number = float(text)
        except ValueError:
            return None
        if not math.isfinite(number):
            return None
        return int(number) if number.is_integer() and abs(number) < 2**53 else (None if kind == "integer" else number)
    return text


def to_tool(raw: RawTool, taken: set[str]) -> Tool:
    """The tool of a raw operation.

    Args:
        raw: The operation.
        taken: Tool names in use; the new name is added.

    Raises:
        UnusableSchemaError: If the parameters cannot be expressed.
    """
    about, product = clean_text(raw.operation_description), clean_text(raw.provider_description)
    title = " ".join(clean_text(raw.operation).split())
    description = " ".join(
        sentence(part) for part in (title if squash(title) != squash(about) else "", about, product) if part
    )
    parameters = json_schema(raw.parameters)
    return Tool(
        name=_unique_name(raw, taken),
        provider=" ".join(raw.provider.split()),
        category=raw.category.strip().replace(" ", "_"),
        description=description,
        parameters=parameters,
        operation=title,
        operation_description=about,
        provider_description=product,
        facts=raw.facts,
    )


def _unique_name(raw: RawTool, taken: set[str]) -> str:
    room = MAX_NAME - 4
    provider = slug(raw.provider, room // 2) or "provider"
    base = f"{provider}__{slug(raw.operation, room - len(provider) - 2) or 'call'}"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name
