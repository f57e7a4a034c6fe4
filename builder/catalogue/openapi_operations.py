"""Conversion of the operations of an OpenAPI or Swagger document to raw tools.

Credentials are not parameters of a tool. Neither are required header and query parameters with a single allowed value.
The runtime that executes the tool fills in both. A body without named properties becomes one parameter, `body`.
An operation whose parameters or body cannot be resolved is skipped. Of parameters with the same name in different
locations, the first is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final
from urllib.parse import urlsplit

from builder.records import NO_CATEGORY, ServiceFacts
from builder.words import squash, words

from .documents import UnreadableError, as_list, as_object, as_text
from .json_references import References
from .openapi_security import Security
from .raw_tools import Origin, RawParameter, RawTool, Skipped
from .schema_parameters import SchemaReader, check_resolved

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_LOCATIONS: Final = ("path", "query", "header", "formData", "body", "cookie")
"""Allowed values of a parameter's `in`."""
_JSON: Final = re.compile(r"[\w.+-]+/(?:[\w.+-]+\+)?json\b|\*/\*")
_FORM: Final = re.compile(r"multipart/form-data|application/x-www-form-urlencoded")
_PATH_PARAMETER: Final = re.compile(r"\{([^{}]+)\}")
_TRANSPORT_HEADERS: Final = frozenset(["accept", "contenttype", "contentlength", "contentmd5", "host", "useragent"])
"""Squashed names of headers that an HTTP client sets itself."""
_MAX_CATEGORY: Final = 60
"""Length at which a category is cut, in characters."""


def _extensions(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: field for key, field in value.items() if key.startswith("x-")}


class Document:
    """OpenAPI or Swagger document."""

    def __init__(self, document: Mapping[str, Any], name: str, skipped: Skipped) -> None:
        """Prepare a document for reading.

        Args:
            document: Parsed document.
            name: Provider name if the document has no title.
            skipped: Record of skipped operations, parameters and references. It is updated in place.
        """
        self._document = document
        self._skipped = skipped
        self._references = References(document, skipped)
        self._schemas = SchemaReader(self._references)
        self._security = Security(document, self._references)
        info = as_object(document.get("info"))
        self._provider = as_text(info.get("title")) or as_text(info.get("x-providerName")) or name
        self._description = as_text(info.get("description")) or as_text(info.get("summary"))
        self._file = name
        self._server = _host(document)
        self._categories = [as_text(category) for category in as_list(info.get("x-apisguru-categories"))]

    def tools(self) -> Iterator[RawTool]:
        """Yield every operation that can be read, by path in document order and then by method."""
        for path, value in as_object(self._document.get("paths")).items():
            item = self._references.follow(value)
            for method in _METHODS:
                if isinstance(item.get(method), dict):
                    try:
                        tool = self._tool(path, method, item, item[method])
                    except UnreadableError as error:
                        self._skipped.skip(error.reason, f"{method.upper()} {path}: {error.problem}")
                        continue
                    yield tool

    def _tool(self, path: str, method: str, item: Mapping[str, Any], operation: Mapping[str, Any]) -> RawTool:
        """Convert an operation.

        Raises:
            UnreadableError: If its parameters or its body cannot be resolved.
        """
        name = as_text(operation.get("operationId"))
        if not name:
            self._skipped.skip("operation_id_missing", f"{method.upper()} {path}")
            name = _readable_name(method, path)
        declared = self._declared_parameters(path, item, operation)
        inputs = [parameter for parameter in declared if not self._security.is_credential(parameter)]
        by_name: dict[str, RawParameter] = {}
        for raw in (*chain.from_iterable(map(self._raw_parameters, inputs)), *self._request_body(operation)):
            first = by_name.setdefault(raw.name, raw)
            if first is not raw:
                self._skipped.skip("parameter_repeated", f"{raw.name!r} in {method.upper()} {path}; the first is used")
                by_name[raw.name] = replace(first, required=first.required or raw.required)
        return RawTool(
            category=self._category(operation),
            provider=self._provider,
            provider_description=self._description,
            operation=name,
            operation_description=_description(operation),
            parameters=tuple(by_name.values()),
            facts=ServiceFacts(
                authentication=self._security.authentication(
                    operation, has_credential_parameter=len(inputs) < len(declared)
                )
            ),
            origin=Origin(name, self._server, self._file, self._record(item, operation)),
        )

    def _record(self, item: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, Any]:
        """Return an operation with the fields of the document that it inherits: those of `info`, and extensions.

        Of equal names, that of the operation counts, then that of its path, of `info`, and of the document.
        """
        info = as_object(self._document.get("info"))
        return {**_extensions(self._document), **info, **_extensions(item), **operation}

    def _category(self, operation: Mapping[str, Any]) -> str:
        tags = [as_text(tag) for tag in as_list(operation.get("tags"))]
        name = next((name for name in (*self._categories[:1], *tags[:1]) if name), NO_CATEGORY)
        return " ".join(name.split())[:_MAX_CATEGORY]

    def _declared_parameters(
        self, path: str, item: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return the parameters of an operation.

        Parameters of the operation override those of its path item. A `{name}` in the path that is not declared is
        added as a string.

        Raises:
            UnreadableError: If a reference to a parameter cannot be resolved.
        """
        by_key: dict[tuple[str, str], dict[str, Any]] = {}
        for value in (*as_list(item.get("parameters")), *as_list(operation.get("parameters"))):
            parameter = self._followed(value)
            name, location = as_text(parameter.get("name")), as_text(parameter.get("in"))
            if name and location in _LOCATIONS:
                by_key[location, name] = parameter
            else:
                problem = f"its location is {parameter.get('in')!r}" if name else "it has no name"
                self._skipped.skip("parameter_malformed", f"a parameter {name!r} of {path}: {problem}")
        for name in _PATH_PARAMETER.findall(path):
            by_key.setdefault(("path", name), {"name": name, "in": "path", "type": "string"})
        return list(by_key.values())

    def _raw_parameters(self, parameter: Mapping[str, Any]) -> list[RawParameter]:
        """Convert a declared parameter: none, one, or for a Swagger 2.0 body possibly several."""
        name, location = as_text(parameter.get("name")), as_text(parameter.get("in"))
        description, required = as_text(parameter.get("description")), parameter.get("required") is True
        if location == "cookie" or (location == "header" and squash(name) in _TRANSPORT_HEADERS):
            return []
        if location == "body":
            return self._body(parameter.get("schema"), description, required=required)
        media = next(iter(as_object(parameter.get("content")).values()), None)
        schema = self._schemas.merged(parameter.get("schema", as_object(media).get("schema", parameter)))
        if required and location in ("header", "query") and len(self._schemas.options(schema)) == 1:
            return []
        example = parameter.get("example", next(self._examples(parameter), None))
        required = required or location == "path"
        return [self._schemas.parameter(name, schema, about=description, required=required, example=example)]

    def _followed(self, value: object) -> dict[str, Any]:
        """Resolve a value on which the parameters of an operation depend.

        Raises:
            UnreadableError: If it is a reference that cannot be resolved.
        """
        before = len(self._references.unresolved)
        followed = self._references.follow(value)
        check_resolved(self._references, before)
        return followed

    def _examples(self, parameter: Mapping[str, Any]) -> Iterator[object]:
        for value in as_object(parameter.get("examples")).values():
            yield self._references.follow(value).get("value")

    def _request_body(self, operation: Mapping[str, Any]) -> list[RawParameter]:
        """Convert an OpenAPI 3 request body: its JSON content if there is one, else its form, else its first."""
        if "requestBody" not in operation:
            return []
        body = self._followed(operation["requestBody"])
        content = as_object(body.get("content"))
        media_types = [media_type for pattern in (_JSON, _FORM) for media_type in content if pattern.match(media_type)]
        media = as_object(content.get(media_types[0] if media_types else next(iter(content), "")))
        schema = media.get("schema", {"type": "object"})
        return self._body(schema, as_text(body.get("description")), required=body.get("required") is True)

    def _body(self, schema: object, description: str, *, required: bool) -> list[RawParameter]:
        merged = self._schemas.resolved(schema)
        properties = self._schemas.parameters(merged)
        if properties is not None:
            return list(properties)
        return [self._schemas.parameter("body", merged, about=description, required=required)]


def _host(document: Mapping[str, Any]) -> str:
    """Return the host of the first server of a document; empty if it names none."""
    server = as_object(next(iter(as_list(document.get("servers"))), None))
    return (urlsplit(as_text(server.get("url"))).hostname or "") if server else as_text(document.get("host"))


def _readable_name(method: str, path: str) -> str:
    """Derive a name from method and path: `get /users/{id}/posts` becomes `get users posts by id`."""
    fixed = words(_PATH_PARAMETER.sub(" ", path))
    inputs = [" ".join(words(name)) for name in _PATH_PARAMETER.findall(path)]
    return as_text(" ".join([method, *fixed, *(["by", " and ".join(inputs)] if inputs else [])]))


def _description(operation: Mapping[str, Any]) -> str:
    """Return summary and description, without a summary that the description repeats, and marked if deprecated."""
    summary, description = as_text(operation.get("summary")), as_text(operation.get("description"))
    if squash(description).startswith(squash(summary)):
        text = description
    else:
        stop = "" if not summary or summary[-1] in ".!?" else "."
        text = f"{summary}{stop} {description}".strip()
    return f"Deprecated. {text}".strip() if operation.get("deprecated") is True else text
