"""From the `--catalog` option to a source."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.errors import ConfigError
from builder.library import data_files, data_table

from .toolbench import ToolBenchSource

ALLOWED: Final = "builtin, toolbench:PATH"
_MARKETPLACE_FILES: Final = (
    "marketplace/axes.toml",
    "marketplace/exclusions.toml",
    "marketplace/providers.toml",
    "lexicon/slots.toml",
    "values/subjects.toml",
)


@dataclass(frozen=True, slots=True)
class BuiltinSource:
    """The built-in marketplace."""

    @property
    def identity(self) -> str:
        """Kind and content hash."""
        digest = hashlib.sha256()
        for path in _MARKETPLACE_FILES:
            digest.update(repr(data_table(path)).encode())
        for node in data_files("marketplace/functionalities"):
            digest.update(node.read_bytes())
        return f"builtin sha256:{digest.hexdigest()}"


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
