"""Entries of a JSON file of tools, in the forms in which programs and servers save them.

A file is a list of tools, an object that contains one (`{"tools": [...]}`, also within a JSON-RPC response, a namespace
or a request of a chat), one JSON value per line, or a stream of server-sent events. Lists contain each other to any
depth that occurs: a list of saved pages is read like the list of their tools.

An entry that is malformed is skipped, counted and named, and the others are read. A file of which no entry can be read
is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from .documents import UnreadableError, as_object, as_text, parse_json, read_text
from .raw_tools import Skipped

Converted = TypeVar("Converted")

_LISTS: Final = ("tools", "functions", "functionDeclarations", "function_declarations")
"""Keys of objects that contain a list of tools, or an object of tools by name."""
_SCHEMA_KEYS: Final = ("parameters", "inputSchema", "input_schema", "parametersJsonSchema", "parameters_json_schema")
"""Keys under which APIs describe the inputs of a tool."""
_RESULT_KEYS: Final = frozenset(["outputSchema", "output_schema", "returns", "response", "responseJsonSchema", "_meta"])
"""Keys of tools whose values can be schemas, but not of the inputs."""
_TOOL_KEYS: Final = frozenset(["function", "toolSpec", *_SCHEMA_KEYS])
"""Keys of tools. An object with one of them is a tool, even if it also contains a list."""
_MAX_DEPTH: Final = 8
"""Nesting limit of lists in each other."""
_RESPONSE_KEYS: Final = frozenset(["error", "id", "jsonrpc"])
"""Keys of the JSON-RPC response of a server that reports an error."""
_EVENT: Final = re.compile(r"^data:", re.MULTILINE)


class Entry(NamedTuple):
    """Entry of a file, not yet validated."""

    value: object
    where: str
    """Position in the file, such as `line 3` or `tools[2]`."""
    context: Mapping[str, Any]
    """Keys `serverInfo` and `instructions` of the objects that contain the entry."""


def read_entries(path: Path, skipped: Skipped, *, limit: int | None = None) -> Iterator[Entry]:
    """Yield the entries of a file.

    Args:
        path: The file.
        skipped: Record of lines that are not JSON, duplicate keys, and pages that were not saved.
        limit: Size limit of the file, as for `read_bytes`.

    Raises:
        UnreadableError: If the file cannot be read, is not JSON, or is the error message of a server.
    """
    pages, empty = _Pages(skipped), True
    for where, value in _values(path, skipped, limit):
        for entry in pages.entries(value, where, pages.context):
            empty = False
            yield entry
    if empty and pages.problem:
        raise UnreadableError("answer_is_an_error", pages.problem)
    pages.check_complete()


def entries_of(value: object, skipped: Skipped) -> Iterator[Entry]:
    """Yield the entries of a value that a server sent.

    Args:
        value: Response to `tools/list`.
        skipped: Record of pages that are missing.
    """
    pages = _Pages(skipped)
    yield from pages.entries(value, "", {})
    pages.check_complete()


def convert_entries(
    entries: Iterator[Entry], convert: Callable[[Entry], Converted], skipped: Skipped
) -> Iterator[Converted]:
    """Yield the results of converting entries. Entries that cannot be converted are skipped.

    Args:
        entries: The entries.
        convert: Converter, which raises an `UnreadableError` for a malformed entry.
        skipped: Record of these entries.

    Raises:
        UnreadableError: If no entry can be converted.
    """
    number, kept, first = 0, 0, ""
    for entry in entries:
        number += 1
        try:
            converted = convert(entry)
        except UnreadableError as error:
            problem = f"{entry.where}: {error.problem}" if entry.where else error.problem
            first = first or problem
            skipped.skip(error.reason, problem)
            continue
        kept += 1
        yield converted
    if not kept:
        problem = f"none of its {number:,} entries is a tool; {first}" if number else "it contains no tools"
        raise UnreadableError("document_without_tools", problem)


def schema_of(tool: Mapping[str, Any]) -> object:
    """Return the schema of the inputs of a tool, under any of the keys by which APIs call it.

    Returns:
        The schema, parsed if it is JSON text; None if the tool has none.

    Raises:
        UnreadableError: If it is text but not JSON, or if another key seems to contain the schema.
    """
    schema = next((tool[key] for key in _SCHEMA_KEYS if tool.get(key) not in (None, "")), None)
    if isinstance(schema, str):
        try:
            return parse_json(schema)
        except UnreadableError as error:
            raise UnreadableError("parameters_unreadable", f"its parameters are {error.problem}") from error
    if isinstance(schema, dict):
        return schema["json"] if isinstance(schema.get("json"), dict) and len(schema) == 1 else schema
    others = [key for key, value in tool.items() if key not in _RESULT_KEYS and "properties" in as_object(value)]
    if schema is None and others:
        known = ", ".join(_SCHEMA_KEYS)
        problem = f"its parameters seem to be under {others[0]!r}; expected one of {known}"
        raise UnreadableError("parameters_unreadable", problem)
    return schema


def _values(path: Path, skipped: Skipped, limit: int | None) -> Iterator[tuple[str, object]]:
    """Yield the JSON values of a file with their positions: the whole file, its events, or its lines.

    Raises:
        UnreadableError: If it is not JSON.
    """
    text = read_text(path, limit, errors="surrogateescape")
    try:
        yield "", _parsed(text, "", skipped)
        return
    except UnreadableError as error:
        whole = error
    if _EVENT.search(text):
        parts = [(f"event {number}", event) for number, event in enumerate(_events(text), start=1)]
    else:
        parts = [(f"line {number}", line) for number, line in enumerate(text.split("\n"), start=1)]
    parts = [(where, part.strip()) for where, part in parts if part.strip()]
    if parts[0][1][0] in "[{" and not any(_is_json(part) for _, part in parts[:2]):
        raise whole  # A document over several lines, or one that ends early.
    readable = False
    for position, (where, part) in enumerate(parts, start=1):
        try:
            value = _parsed(part, where, skipped)
        except UnreadableError as error:
            cut_off = position == len(parts) and part[0] == "{" and part[-1] != "}"
            skipped.skip("line_not_json", f"{where}: {'cut off' if cut_off else error.problem}")
            continue
        readable = readable or isinstance(value, dict | list)
        yield where, value
    if not readable:
        raise whole


def _is_json(text: str) -> bool:
    try:
        parse_json(text)
    except UnreadableError:
        return False
    return True


def _parsed(text: str, where: str, skipped: Skipped) -> object:
    """Parse JSON and record its duplicate keys.

    Raises:
        UnreadableError: If it is not JSON, or not UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnreadableError("document_not_utf8", "not UTF-8 text") from error
    duplicates: list[str] = []
    value = parse_json(text, duplicates)
    for key in duplicates:
        skipped.skip("duplicate_key", f"{where}: {key}" if where else key)
    return value


def _events(text: str) -> Iterator[str]:
    """Yield the data of server-sent events."""
    for event in re.split(r"\r?\n\r?\n", text):
        lines = [line.rstrip("\r") for line in event.split("\n")]
        yield "\n".join(line.removeprefix("data:").lstrip() for line in lines if line.startswith("data:"))


@dataclass(slots=True)
class _Pages:
    """Reader of the lists of tools in the values of one file."""

    skipped: Skipped
    context: dict[str, Any] = field(default_factory=dict)
    """Server information from a value that contains no tools, such as the response to `initialize`."""
    cursor: object = None
    """Cursor of the page after the last one that was read; None if there is none."""
    problem: str = ""
    """Error message of a server; empty if there is none."""

    def entries(self, value: object, where: str, context: Mapping[str, Any], depth: int = 0) -> Iterator[Entry]:
        """Yield the entries of a value: those of the lists in it, or else the value itself."""
        if isinstance(value, list) and depth < _MAX_DEPTH:
            for index, item in enumerate(value):
                yield from self.entries(item, _position(where, "entry", index), context, depth + 1)
            return
        envelope = as_object(value)
        if "error" in envelope and envelope.keys() <= _RESPONSE_KEYS:
            message = as_text(as_object(envelope["error"]).get("message")) or as_text(envelope["error"])
            self.problem = f"the server answered with an error ({message or 'no message'})"
            self.skipped.skip("answer_is_an_error", f"{where}: {self.problem}" if where else self.problem)
            return
        if isinstance(envelope.get("result"), dict) and "name" not in envelope:
            yield from self._response(envelope, where, context, depth)
            return
        lists = _lists_in(envelope)
        if not lists or depth >= _MAX_DEPTH:
            yield Entry(value, where, context)
            return
        inner_context = {**context, **_server(envelope)}
        for key, items in lists.items():
            for index, item in enumerate(items):
                yield from self.entries(item, _position(where, key, index), inner_context, depth + 1)
        if "tools" in lists:
            self.cursor = envelope.get("nextCursor")

    def _response(
        self, envelope: Mapping[str, Any], where: str, context: Mapping[str, Any], depth: int
    ) -> Iterator[Entry]:
        """Yield the entries of a JSON-RPC response. Without tools, its server information is kept for later ones."""
        result = envelope["result"]
        server = _server(envelope)
        if not _lists_in(result) and "serverInfo" in result:
            self.context |= server | _server(result)
            return
        yield from self.entries(result, where, {**context, **server}, depth + 1)

    def check_complete(self) -> None:
        """Record that pages are missing if the last page names a further one."""
        if isinstance(self.cursor, str) and self.cursor:
            problem = f"the server has more tools than were saved (nextCursor {self.cursor!r}); save all pages"
            self.skipped.skip("pages_missing", problem)


def _lists_in(value: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the lists of tools in an object, by key; empty if the object is a tool itself, or contains none."""
    if _TOOL_KEYS & value.keys():
        return {}
    lists: dict[str, list[Any]] = {}
    for key in _LISTS:
        items = value.get(key)
        if isinstance(items, dict) and items and all(isinstance(item, dict) for item in items.values()):
            lists[key] = [{"name": name} | item for name, item in items.items()]
        elif isinstance(items, list):
            lists[key] = items
    return lists


def _server(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value[key] for key in ("serverInfo", "instructions") if key in value}


def _position(where: str, key: str, index: int) -> str:
    """Return the position of an item of a list: `entry 2`, `tools[2]`, or `line 3, tools[2]`."""
    item = f"entry {index}" if key == "entry" else f"{key}[{index}]"
    return f"{where}, {item}" if where else item
