"""Parse the `--catalog` option."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from builder.errors import ConfigError
from builder.grouping.functionalities import library_hash
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.services.service_source import RealServiceSource
from builder.world.packs import Pack
from builder.world.service_catalogue import service_catalogue

from .facts_file import FactsSource
from .function_tools import FunctionSource
from .mcp_tools import McpServerSource, McpSource
from .openapi import OpenApiSource
from .provider_names import ProviderSource
from .toolbench import ToolBenchSource


@runtime_checkable
class ReadySource(Protocol):
    """Source of a catalogue whose tools are already grouped and divided among the splits."""

    @property
    def identity(self) -> str:
        """Kind of the source and hash of its content."""

    def grouped(self) -> GroupedCatalogue:
        """Return the catalogue."""


@dataclass(frozen=True, slots=True)
class BuiltinSource:
    """Built-in catalogue of fictional services, see `builder.world`.

    Args:
        pack: Listing pack of the test split; None for the layouts of the repository.
    """

    pack: Pack | None = None

    @property
    def identity(self) -> str:
        """Kind of the source and hash of its content."""
        return f"builtin {library_hash()}" + (f" pack {self.pack.sha256}" if self.pack else "")

    def grouped(self) -> GroupedCatalogue:
        """Return the tools of all splits with their facts, grouped by job."""
        return service_catalogue(self.pack)


ReadableSource = (
    ToolBenchSource | OpenApiSource | McpSource | McpServerSource | FunctionSource | ProviderSource | FactsSource
)
"""Sources whose tools are read one by one."""
Source = BuiltinSource | RealServiceSource | ReadableSource

_BY_PATH: Final[Mapping[str, Callable[[Path], ReadableSource]]] = {
    "toolbench": ToolBenchSource,
    "openapi": OpenApiSource,
    "mcp": McpSource,
    "openai": FunctionSource,
}
_ALL_NOTICES: Final = "all of them are at the end of the file that 'petoolbench groups CATALOG -o FILE' writes"
_COMMAND: Final = "mcp+stdio"
SERVICES: Final = "services"
"""Catalogue of real services."""
ANONYMOUS: Final = f"{SERVICES}:anonymous"
"""The same with fictional names of providers."""
CATALOGUE_FORMS: Final = ", ".join(["builtin", SERVICES, *(f"{kind}:PATH" for kind in _BY_PATH), f"{_COMMAND}:COMMAND"])
"""Forms of the `--catalog` option, for help texts and errors."""


def notices_of(source: Source) -> list[str]:
    """Return lines that name what the last reading of a catalogue skipped, and facts that contradict it."""
    if isinstance(source, ReadySource):
        return []
    return [*source.skipped.notices(), *([_ALL_NOTICES] if source.skipped.is_cut else [])]


def open_source(spec: str, *, provider_from: str | None = None, facts: Path | None = None) -> Source:
    """Open the catalogue that a `--catalog` value names.

    Args:
        spec: `builtin`, `services`, `services:anonymous`, or a kind and a path or command, separated by a colon:
            `openapi:specs/`.
        provider_from: What names the provider of a tool, see `provider_names`; None for what the form provides.
        facts: Facts file, see `facts_file`.

    Raises:
        ConfigError: If the kind is unknown, the path or command is missing, or the built-in catalogue is given options.
        CatalogueError: If a path does not exist, or is a pipe or a device.
    """
    source = _open(spec)
    if isinstance(source, BuiltinSource | RealServiceSource):
        given = {"--provider-from": provider_from, "--facts": facts}
        for option, value in given.items():
            if value is not None:
                raise ConfigError(f"{option} is for catalogues of your own. Remove it, or name one with --catalog.")
        return source
    named = source if provider_from is None else ProviderSource(source, provider_from)
    return named if facts is None else FactsSource(named, facts)


def _open(spec: str) -> Source:
    kind, _, location = spec.partition(":")
    if spec in (SERVICES, ANONYMOUS):
        return RealServiceSource(anonymous=spec == ANONYMOUS)
    if spec == "builtin":
        return BuiltinSource()
    if kind in _BY_PATH and location:
        return _BY_PATH[kind](Path(location))
    if kind == _COMMAND and location.strip():
        return McpServerSource(location)
    problem = "has no path" if kind in _BY_PATH else "has no command" if kind == _COMMAND else "is unknown"
    raise ConfigError(f"The catalogue {spec!r} {problem}. Allowed values: {CATALOGUE_FORMS}.")
