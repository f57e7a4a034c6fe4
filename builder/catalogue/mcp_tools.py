"""Catalogues of MCP tools: saved `tools/list` responses, or the response of a server that is started."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from builder.build_manifest import content_hash
from builder.errors import CatalogueError

from .documents import UnreadableError, as_object, as_text, parse_json, read_text, readable_files
from .json_references import References
from .mcp_client import list_server_tools
from .raw_tools import RawTool
from .schema_parameters import SchemaReader

_EXPECTED: Final = (
    'the response of an MCP server to tools/list, as JSON: {"tools": [...]}, its JSON-RPC envelope or the bare list; '
    "or a folder of such files"
)


class McpSource:
    """Catalogue of saved `tools/list` responses: a file for one server, or a folder with one file per server."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise CatalogueError(path, "there is no such file or folder", _EXPECTED)
        self._path = path
        self.skipped: Counter[str] = Counter()
        """Number of references that could not be resolved in the last `read`, by reason."""

    @property
    def identity(self) -> str:
        """Kind of the source, and a hash of the names and contents of its files. A name may become a provider name."""
        return f"mcp sha256:{content_hash(self._files())}"

    def read(self) -> Iterator[RawTool]:
        """Yield every tool, by sorted path and then in the order of the response.

        Raises:
            CatalogueError: If a file is not a `tools/list` response, or the folder has no JSON file.
        """
        self.skipped.clear()
        return self._read()

    def _files(self) -> dict[str, Path]:
        return readable_files(self._path, (".json",)) if self._path.is_dir() else {self._path.name: self._path}

    def _read(self) -> Iterator[RawTool]:
        files = self._files()
        if not files:
            raise CatalogueError(self._path, "the folder contains no .json file", _EXPECTED)
        for path in files.values():
            try:
                yield from _server_tools(parse_json(read_text(path)), path.stem, self.skipped)
            except UnreadableError as error:
                raise CatalogueError(path, error.problem, _EXPECTED) from error


class McpServerSource:
    """Catalogue of the tools of an MCP server, which is started once."""

    def __init__(self, command: str) -> None:
        self._command = command
        self.skipped: Counter[str] = Counter()
        """Number of references that could not be resolved in the last `read`, by reason."""

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
            yield from _server_tools(self._response, "server", self.skipped)
        except UnreadableError as error:
            raise CatalogueError(Path(self._command), error.problem, "the tools of an MCP server") from error


def _server_tools(response: object, default_provider: str, skipped: Counter[str]) -> Iterator[RawTool]:
    """Yield the tools of one server.

    Args:
        response: Response to `tools/list`, with or without its JSON-RPC envelope.
        default_provider: Provider name if the response has no server name.
        skipped: Counter of the references that cannot be resolved, by reason. It is updated in place.

    Raises:
        UnreadableError: If it is not a response to `tools/list`.
    """
    envelope: dict[str, Any] = {"tools": response} if isinstance(response, list) else as_object(response)
    if "error" in envelope and "result" not in envelope:
        message = as_text(as_object(envelope["error"]).get("message"))
        raise UnreadableError("answer_is_an_error", f"the server answered with an error ({message or 'no message'})")
    result = as_object(envelope.get("result")) or envelope
    entries = result.get("tools")
    if not isinstance(entries, list):
        raise UnreadableError("answer_without_tools", "it has no list of tools")
    server = as_object(result.get("serverInfo", envelope.get("serverInfo")))
    instructions = as_text(result.get("instructions", envelope.get("instructions")))
    provider = as_text(server.get("name")) or default_provider
    for index, entry in enumerate(entries):
        yield _tool(index, entry, provider, instructions or as_text(server.get("title")), skipped)


def _tool(index: int, entry: object, provider: str, provider_description: str, skipped: Counter[str]) -> RawTool:
    tool = as_object(entry)
    operation = as_text(tool.get("name"))
    schema = tool.get("inputSchema", {})
    if not operation or not isinstance(schema, dict):
        problem = "its inputSchema is not an object" if operation else "it is not an object with a name"
        raise UnreadableError("tool_malformed", f"tools[{index}] is malformed: {problem}")
    schemas = SchemaReader(References(schema, skipped))
    return RawTool(
        category=_category(tool),
        provider=provider,
        provider_description=provider_description,
        operation=operation,
        operation_description=_description(tool),
        parameters=schemas.parameters(schemas.merged(schema)) or (),
    )


def _category(tool: dict[str, Any]) -> str:
    """Return the category in a tool's metadata. MCP does not define one, so most tools have none."""
    metadata = (as_object(tool.get(key)).get("category") for key in ("annotations", "_meta"))
    return next((name for name in map(as_text, metadata) if name), "Other")


def _description(tool: dict[str, Any]) -> str:
    """Return title and description, without the title if the description starts with it."""
    title = as_text(tool.get("title")) or as_text(as_object(tool.get("annotations")).get("title"))
    description = as_text(tool.get("description"))
    if title and description and not description.startswith(title):
        return f"{title}. {description}"
    return description or title
