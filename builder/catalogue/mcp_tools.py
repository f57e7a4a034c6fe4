"""Catalogues of MCP tools: saved `tools/list` responses, or the response of a server that is started.

A tool that is malformed is skipped, and in a folder also a file; both are counted and named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from builder.build_manifest import content_hash
from builder.errors import CatalogueError
from builder.records import NO_CATEGORY
from metrics.redaction import without_secret_options

from .documents import UnreadableError, as_object, as_text, catalogue_files, check_path, hashable_files
from .entries import Entry, convert_entries, entries_of, read_entries, schema_of
from .json_references import References
from .mcp_client import list_server_tools
from .raw_tools import Origin, RawTool, Skipped
from .schema_parameters import SchemaReader

_EXPECTED: Final = (
    'the response of an MCP server to tools/list, as JSON: {"tools": [...]}, its JSON-RPC envelope or the bare list; '
    "or a folder of such files"
)


class McpSource:
    """Catalogue of saved `tools/list` responses: a file for one server, or a folder with one file per server."""

    def __init__(self, path: Path) -> None:
        check_path(path, _EXPECTED)
        self._path = path
        self.skipped = Skipped()
        """Files, tools and references that the last `read` skipped, and files that lack pages."""

    @property
    def identity(self) -> str:
        """Kind of the source, and a hash of the names and contents of its files. A name may become a provider name."""
        return f"mcp sha256:{content_hash(hashable_files(self._files()))}"

    def read(self) -> Iterator[RawTool]:
        """Yield every tool, by sorted path and then in the order of the response.

        Raises:
            CatalogueError: If the file, or every file of the folder, is not a `tools/list` response.
        """
        self.skipped.clear()
        return self._read()

    def _files(self, skipped: Skipped | None = None) -> dict[str, Path]:
        if not self._path.is_dir():
            return {self._path.name: self._path}
        return catalogue_files(self._path, (".json", ".jsonl"), skipped)

    def _read(self) -> Iterator[RawTool]:
        files = self._files(self.skipped)
        if not files:
            raise CatalogueError(self._path, "the folder contains no .json file", _EXPECTED)
        problems: list[str] = []
        for name, path in files.items():
            self.skipped.place = name
            try:
                entries = read_entries(path, self.skipped)
                yield from _tools(entries, path.stem, self.skipped, path.stem)
            except UnreadableError as error:
                if not self._path.is_dir():
                    raise CatalogueError(path, error.problem, _EXPECTED) from error
                self.skipped.skip(error.reason, error.problem)
                problems.append(f"{name}: {error.problem}")
        if len(problems) == len(files):
            problem = f"none of its {len(files)} files can be read; {problems[0]}"
            raise CatalogueError(self._path, problem, _EXPECTED)


class McpServerSource:
    """Catalogue of the tools of an MCP server, which is started once."""

    def __init__(self, command: str) -> None:
        self._command = command
        self.skipped = Skipped()
        """Tools and references that the last `read` skipped."""

    @cached_property
    def _response(self) -> dict[str, Any]:
        return list_server_tools(self._command)

    @property
    def identity(self) -> str:
        """Kind of the source and a hash of the server's response, independent of the command that starts the server.

        Raises:
            CatalogueError: If the server cannot be started or does not answer as expected.
        """
        text = json.dumps(self._response, sort_keys=True)
        return f"mcp+stdio sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def read(self) -> Iterator[RawTool]:
        """Yield every tool in the order of the response.

        Raises:
            CatalogueError: If the server cannot be started or does not answer as expected.
        """
        self.skipped.clear()
        try:
            yield from _tools(entries_of(self._response, self.skipped), "server", self.skipped)
        except UnreadableError as error:
            command = Path(without_secret_options(self._command))
            raise CatalogueError(command, error.problem, "the tools of an MCP server") from error


def _tools(entries: Iterator[Entry], default_provider: str, skipped: Skipped, file: str = "") -> Iterator[RawTool]:
    """Yield the tools of one server.

    Args:
        entries: Tools, with the information about the server.
        default_provider: Provider name if the server has none.
        skipped: Record of tools and references that cannot be read. It is updated in place.
        file: Name of the file without its suffix; empty for a running server.

    Raises:
        UnreadableError: If no tool can be read.
    """

    def tool(entry: Entry) -> RawTool:
        server = as_object(entry.context.get("serverInfo"))
        name = as_text(server.get("name"))
        about = as_text(entry.context.get("instructions")) or as_text(server.get("title"))
        origin = Origin(server=name, file=file, record=as_object(entry.value))
        return _tool(entry.value, name or default_provider, about, skipped, origin)

    return convert_entries(entries, tool, skipped)


def _tool(entry: object, provider: str, provider_description: str, skipped: Skipped, origin: Origin) -> RawTool:
    """Convert a tool.

    Raises:
        UnreadableError: If it has no name, or its parameters cannot be read.
    """
    tool = as_object(entry)
    operation = as_text(tool.get("name"))
    if not operation:
        raise UnreadableError("tool_malformed", "it is not an object with a name")
    try:
        schema = schema_of(tool)
        parameters = SchemaReader(References(schema, skipped)).inputs(schema)
    except UnreadableError as error:
        raise UnreadableError(error.reason, f"{operation!r}: {error.problem}") from error
    return RawTool(
        category=_category(tool),
        provider=provider,
        provider_description=provider_description,
        operation=operation,
        operation_description=_description(tool),
        parameters=parameters,
        origin=replace(origin, name=operation),
    )


def _category(tool: dict[str, Any]) -> str:
    """Return the category in a tool's metadata. MCP does not define one, so most tools have none."""
    metadata = (as_object(tool.get(key)).get("category") for key in ("annotations", "_meta"))
    return next((name for name in map(as_text, metadata) if name), NO_CATEGORY)


def _description(tool: dict[str, Any]) -> str:
    """Return title and description, without the title if the description starts with it."""
    title = as_text(tool.get("title")) or as_text(as_object(tool.get("annotations")).get("title"))
    description = as_text(tool.get("description"))
    if title and description and not description.startswith(title):
        return f"{title}. {description}"
    return description or title
