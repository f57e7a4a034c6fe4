"""From an OpenAPI or Swagger document to raw tools: which operations there are, and what a caller has to give.

Credentials are no inputs, and neither is a header or query parameter that can take one value only: whoever runs the
tool fills them in. A body without named properties is one parameter, `body`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

from builder.records import ServiceFacts
from builder.words import squash, words

from .documents import as_list, as_object, as_text
from .json_references import References
from .openapi_security import Security
from .raw_tools import RawParameter, RawTool
from .schema_parameters import SchemaReader

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PLACES: Final = ("path", "query", "header", "formData", "body", "cookie")
_JSON: Final = re.compile(r"[\w.+-]+/(?:[\w.+-]+\+)?json\b|\*/\*")
_FORM: Final = re.compile(r"multipart/form-data|application/x-www-form-urlencoded")
_IN_PATH: Final = re.compile(r"\{([^{}]+)\}")
_TRANSPORT: Final = frozenset(["accept", "contenttype", "contentlength", "contentmd5", "host", "useragent"])
"""Headers (squashed names) that belong to the protocol."""
_MAX_CATEGORY: Final = 60


class Document:
    """One document whose operations are read."""

    def __init__(self, document: Mapping[str, Any], name: str, skipped: Counter[str]) -> None:
        """Read a document.

        Args:
            document: The document as plain data.
            name: What the provider is called where the document does not say.
            skipped: Counts what is passed over, by reason.
        """
        self._document = document
        self._skipped = skipped
        self._references = References(document, skipped)
        self._schemas = SchemaReader(self._references)
        self._security = Security(document, self._references)
        info = as_object(document.get("info"))
        self._provider = as_text(info.get("title")) or as_text(info.get("x-providerName")) or name
        self._about = as_text(info.get("description")) or as_text(info.get("summary"))
        self._categories = [as_text(category) for category in as_list(info.get("x-apisguru-categories"))]

    def tools(self) -> Iterator[RawTool]:
        """Yield every operation in document order."""
        for path, value in as_object(self._document.get("paths")).items():
            item = self._references.follow(value)
            for method in _METHODS:
                if isinstance(item.get(method), dict):
                    yield self._tool(path, method, item, item[method])

    def _tool(self, path: str, method: str, item: Mapping[str, Any], operation: Mapping[str, Any]) -> RawTool:
        name = as_text(operation.get("operationId"))
        if not name:
            self._skipped["operation_id_missing"] += 1
            name = _readable_name(method, path)
        declared = self._declared(path, item, operation)
        wanted = [parameter for parameter in declared if not self._security.is_credential(parameter)]
        inputs: dict[str, RawParameter] = {}
        for raw in (*chain.from_iterable(map(self._inputs, wanted)), *self._request_body(operation)):
            inputs.setdefault(raw.name, raw)
        return RawTool(
            category=self._category(operation),
            provider=self._provider,
            provider_description=self._about,
            operation=name,
            operation_description=_description(operation),
            parameters=tuple(inputs.values()),
            facts=ServiceFacts(
                authentication=self._security.authentication(operation, asks_for_key=len(wanted) < len(declared))
            ),
        )

    def _category(self, operation: Mapping[str, Any]) -> str:
        tags = [as_text(tag) for tag in as_list(operation.get("tags"))]
        name = next((name for name in (*self._categories[:1], *tags[:1]) if name), "Other")
        return " ".join(name.split())[:_MAX_CATEGORY]

    def _declared(self, path: str, item: Mapping[str, Any], operation: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The parameters of an operation; its own replace those of its path, and a bare `{name}` in the path is one."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for value in (*as_list(item.get("parameters")), *as_list(operation.get("parameters"))):
            parameter = self._references.follow(value)
            name, place = as_text(parameter.get("name")), as_text(parameter.get("in"))
            if name and place in _PLACES:
                found[place, name] = parameter
            else:
                self._skipped["parameter_malformed"] += 1
        for name in _IN_PATH.findall(path):
            found.setdefault(("path", name), {"name": name, "in": "path", "type": "string"})
        return list(found.values())

    def _inputs(self, parameter: Mapping[str, Any]) -> list[RawParameter]:
        name, place = as_text(parameter.get("name")), as_text(parameter.get("in"))
        about, required = as_text(parameter.get("description")), parameter.get("required") is True
        if place == "cookie" or (place == "header" and squash(name) in _TRANSPORT):
            return []
        if place == "body":
            return self._body(parameter.get("schema"), about, required=required)
        media = next(iter(as_object(parameter.get("content")).values()), None)
        schema = self._schemas.merged(parameter.get("schema", as_object(media).get("schema", parameter)))
        if required and place in ("header", "query") and len(self._schemas.options(schema)) == 1:
            return []
        example = parameter.get("example", next(self._examples(parameter), None))
        required = required or place == "path"
        return [self._schemas.parameter(name, schema, about=about, required=required, example=example)]

    def _examples(self, parameter: Mapping[str, Any]) -> Iterator[object]:
        for value in as_object(parameter.get("examples")).values():
            yield self._references.follow(value).get("value")

    def _request_body(self, operation: Mapping[str, Any]) -> list[RawParameter]:
        if "requestBody" not in operation:
            return []
        body = self._references.follow(operation["requestBody"])
        content = as_object(body.get("content"))
        kinds = [kind for pattern in (_JSON, _FORM) for kind in content if pattern.match(kind)]
        media = as_object(content.get(kinds[0] if kinds else next(iter(content), "")))
        schema = media.get("schema", {"type": "object"})
        return self._body(schema, as_text(body.get("description")), required=body.get("required") is True)

    def _body(self, schema: object, about: str, *, required: bool) -> list[RawParameter]:
        merged = self._schemas.merged(schema)
        properties = self._schemas.parameters(merged)
        if properties is not None:
            return list(properties)
        return [self._schemas.parameter("body", merged, about=about, required=required)]


def _readable_name(method: str, path: str) -> str:
    """A name for an operation without one: `get /users/{id}/posts` becomes `get users posts by id`."""
    fixed = words(_IN_PATH.sub(" ", path))
    inputs = [" ".join(words(name)) for name in _IN_PATH.findall(path)]
    return as_text(" ".join([method, *fixed, *(["by", " and ".join(inputs)] if inputs else [])]))


def _description(operation: Mapping[str, Any]) -> str:
    """Summary and description, without saying twice the same; that an operation is deprecated is part of it."""
    summary, about = as_text(operation.get("summary")), as_text(operation.get("description"))
    stop = "" if not summary or summary[-1] in ".!?" else "."
    said = about if squash(about).startswith(squash(summary)) else f"{summary}{stop} {about}".strip()
    return f"Deprecated. {said}".strip() if operation.get("deprecated") is True else said
