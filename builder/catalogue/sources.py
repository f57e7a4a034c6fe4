"""From the `--catalog` option to a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.errors import ConfigError
from builder.grouping.functionalities import library_hash

from .function_tools import FunctionSource
from .mcp_tools import McpServerSource, McpSource
from .openapi import OpenApiSource
from .toolbench import ToolBenchSource


@dataclass(frozen=True, slots=True)
class BuiltinSource:
    """The built-in marketplace."""

    @property
    def identity(self) -> str:
        """Kind and content hash."""
        return f"builtin {library_hash()}"


Source = BuiltinSource | ToolBenchSource | OpenApiSource | McpSource | McpServerSource | FunctionSource

_BY_PATH: Final[Mapping[str, Callable[[Path], Source]]] = {
    "toolbench": ToolBenchSource,
    "openapi": OpenApiSource,
    "mcp": McpSource,
    "openai": FunctionSource,
}
_COMMAND: Final = "mcp+stdio"
ALLOWED: Final = ", ".join(["builtin", *(f"{kind}:PATH" for kind in _BY_PATH), f"{_COMMAND}:COMMAND"])


def open_source(spec: str) -> Source:
    """Open the source that a `--catalog` value names.

    Args:
        spec: `builtin`, or a kind and what it reads, a path or a command, with a colon between.

    Raises:
        ConfigError: If the kind is unknown or the path or command is missing.
        CatalogueError: If there is nothing at the path.
    """
    kind, _, place = spec.partition(":")
    if spec == "builtin":
        return BuiltinSource()
    if kind in _BY_PATH and place:
        return _BY_PATH[kind](Path(place))
    if kind == _COMMAND and place.strip():
        return McpServerSource(place)
    problem = "has no path" if kind in _BY_PATH else "has no command" if kind == _COMMAND else "is unknown"
    raise ConfigError(f"The catalogue {spec!r} {problem}. Allowed are {ALLOWED}.")
