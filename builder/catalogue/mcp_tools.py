"""Tools of MCP servers: saved answers to `tools/list`, or the answer of a server that is started for it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from builder.errors import CatalogueError
from builder.manifest import content_hash

from .documents import UnreadableError, as_object, as_text, parse_json, read_text, readable_files
from .json_references import References
from .mcp_client import listed_tools
from .raw_tools import RawTool
from .schema_parameters import SchemaReader

_EXPECTED: Final = (
    'the answer of an MCP server to tools/list, as JSON: {"tools": [...]}, its JSON-RPC envelope or the bare list; '
    "or a folder of such files"
)


class McpSource:
    """Reads saved answers to `tools/list`, one server a file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise CatalogueError(path, "there is no such file or folder", _EXPECTED)
        self._path = path
        self.skipped: Counter[str] = Counter()
        """References that were not followed while reading, by reason."""

    @property
    def identity(self) -> str:
        """Kind and content hash; of a file without a server's name, its own name counts."""
        return f"mcp sha256:{content_hash(self._files())}"

    def read(self) -> Iterator[RawTool]:
        """Yield every tool, in sorted path order and in the order of the answer.

        Raises:
            CatalogueError: If a file is not what it should be, or the folder holds none.
        """
        self.skipped.clear()
        return self._read()

    def _files(self) -> dict[str, Path]:
        return readable_files(self._path, (".json",)) if self._path.is_dir() else {self._path.name: self._path}

    def _read(self) -> Iterator[RawTool]:
        files = self._files()
        if not files:
            raise CatalogueError(self._path, "the folder holds no .json file", _EXPECTED)
        for path in files.values():
            try:
                yield from _tools(parse_json(read_text(path)), path.stem, self.skipped)
            except UnreadableError as error:
                raise CatalogueError(path, error.problem, _EXPECTED) from error


class McpServerSource:
    """Starts an MCP server and asks it for its tools, once."""

    def __init__(self, command: str) -> None:
        self._command = command
        self.skipped: Counter[str] = Counter()
        """References that were not followed while reading, by reason."""

    @cached_property
    def _answer(self) -> dict[str, Any]:
        return listed_tools(self._command)

    @property
    def identity(self) -> str:
        """Kind and hash of what the server answered; the command does not count.

        Raises:
            CatalogueError: If the server does not answer as it should.
        """
        text = json.dumps(self._answer, sort_keys=True)
        return f"mcp+stdio sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def read(self) -> Iterator[RawTool]:
        """Yield every tool in the order of the server.

        Raises:
            CatalogueError: If the server does not answer as it should.
        """
        self.skipped.clear()
        try:
            yield from _tools(self._answer, "server", self.skipped)
        except UnreadableError as error:
            raise CatalogueError(Path(self._command), error.problem, "the tools of an MCP server") from error


def _tools(answer: object, name: str, skipped: Counter[str]) -> Iterator[RawTool]:
    """Yield the tools of one server.

    Args:
        answer: What was saved of the server's answer.
        name: The provider where the answer does not name the server.
        skipped: Counts references that are not followed.

    Raises:
        UnreadableError: If it is no answer to `tools/list`.
    """
    outer: dict[str, Any] = {"tools": answer} if isinstance(answer, list) else as_object(answer)
    if "error" in outer and "result" not in outer:
        said = as_text(as_object(outer["error"]).get("message"))
        raise UnreadableError("answer_is_an_error", f"the server answered with an error ({said or 'without a text'})")
    result = as_object(outer.get("result")) or outer
    listed = result.get("tools")
    if not isinstance(listed, list):
        raise UnreadableError("answer_without_tools", "it has no list of tools")
    server = as_object(result.get("serverInfo", outer.get("serverInfo")))
    about = as_text(result.get("instructions", outer.get("instructions"))) or as_text(server.get("title"))
    for index, tool in enumerate(listed):
        operation = as_text(as_object(tool).get("name"))
        schema = as_object(tool).get("inputSchema", {})
        if not operation or not isinstance(schema, dict):
            problem = "inputSchema is no object" if operation else "it is no object with a name"
            raise UnreadableError("tool_malformed", f"tools[{index}] is no tool: {problem}")
        schemas = SchemaReader(References(schema, skipped))
        yield RawTool(
            category=_category(tool),
            provider=as_text(server.get("name")) or name,
            provider_description=about,
            operation=operation,
            operation_description=_description(tool),
            parameters=schemas.parameters(schemas.merged(schema)) or (),
        )


def _category(tool: dict[str, Any]) -> str:
    """What the server's own notes on a tool call its category; most have none."""
    notes = (as_object(tool.get(key)).get("category") for key in ("annotations", "_meta"))
    return next((name for name in map(as_text, notes) if name), "Other")


def _description(tool: dict[str, Any]) -> str:
    title = as_text(tool.get("title")) or as_text(as_object(tool.get("annotations")).get("title"))
    about = as_text(tool.get("description"))
    return f"{title}. {about}" if title and about and not about.startswith(title) else about or title
