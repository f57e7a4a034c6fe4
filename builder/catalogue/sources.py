"""From the `--catalog` option to a source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.errors import ConfigError
from builder.library import library_hash

from .toolbench import ToolBenchSource

ALLOWED: Final = "builtin, toolbench:PATH"


@dataclass(frozen=True, slots=True)
class BuiltinSource:
    """The built-in marketplace."""

    @property
    def identity(self) -> str:
        """Kind and content hash."""
        return f"builtin {library_hash()}"


Source = BuiltinSource | ToolBenchSource


def open_source(spec: str) -> Source:
    """Open the source that a `--catalog` value names.

    Args:
        spec: `builtin`, or a kind and a path with a colon between.

    Raises:
        ConfigError: If the kind is unknown or the path is missing.
        CatalogueError: If there is nothing at the path.
    """
    kind, colon, path = spec.partition(":")
    if spec == "builtin":
        return BuiltinSource()
    if kind == "toolbench" and path:
        return ToolBenchSource(Path(path))
    problem = "has no path" if kind == "toolbench" and not (colon and path) else "is unknown"
    raise ConfigError(f"The catalogue {spec!r} {problem}. Allowed are {ALLOWED}.")
