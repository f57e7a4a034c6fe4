"""Facts file: what documentation does not say about the tools of a catalogue, one tool a line.

Each line is a JSON object with `tool`, the name of a tool, and facts by axis in the units of `known_facts`:

    {"tool": "acme_current_weather", "latency": 50, "price": 4, "region": "EU"}

A fact of the file takes precedence over the documentation; null removes a fact that was read wrongly. The
command `petoolbench groups --facts-out` writes such a file with everything that was understood (`facts_table`), and the
keys of `NOTES` in addition.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from builder.build_manifest import content_hash
from builder.errors import CatalogueError, ConfigError
from builder.words import squash

from .documented_facts import documented_facts, levels
from .documents import UnreadableError, check_path, read_text
from .known_facts import MEASURES, is_same_value
from .normalise import documentation, unique_name
from .raw_tools import CatalogueSource, RawTool, Skipped, tool_name

_EXPECTED: Final = 'one JSON object per line, such as {"tool": "acme_forecast", "latency": 50, "region": "EU"}'
_NOT_STATED: Final = frozenset({"scope"})
"""Axes that are counted in the catalogue."""
NOTES: Final = frozenset({"provider", "job", "quotes"})
"""Keys of a line that are for its reader."""
_CONTRADICTION: Final = "facts_contradict_documentation"


def fact_axes() -> dict[str, str]:
    """Return the axes of a facts file, each with its unit or its levels."""
    numbers = {axis: measure.unit for axis, measure in MEASURES.items() if axis not in _NOT_STATED}
    return numbers | {axis: " / ".join(of_axis) for axis, of_axis in levels().items()}


class FactsSource:
    """Catalogue with the facts of a file.

    Args:
        source: The catalogue.
        path: The facts file.

    Raises:
        CatalogueError: If the file does not exist.
    """

    def __init__(self, source: CatalogueSource, path: Path) -> None:
        check_path(path, _EXPECTED, folder=False)
        self._source = source
        self._path = path

    @property
    def skipped(self) -> Skipped:
        """Items that the last `read` skipped."""
        return self._source.skipped

    @property
    def identity(self) -> str:
        """Identity of the catalogue, and a hash of the facts file."""
        return f"{self._source.identity} facts sha256:{content_hash({'': self._path})}"

    def read(self) -> Iterator[RawTool]:
        """Yield every operation with its facts.

        Raises:
            CatalogueError: If the catalogue or the facts file cannot be read.
            ConfigError: If the facts file names a tool or an axis that does not exist, or an invalid value.
        """
        facts, has_quotes = _read(self._path)
        tools = list(self._source.read())
        by_key: dict[str, str] = {}
        for tool in tools:
            by_key |= {key: squash(_keys(tool)[0]) for key in map(squash, _keys(tool))}
        unknown = sorted(name for name in facts if squash(name) not in by_key)
        if unknown:
            known = [tool.origin.name or tool.operation for tool in tools]
            close = get_close_matches(unknown[0], known, n=3, cutoff=0.0)
            more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
            raise ConfigError(
                f"The facts file {str(self._path)!r} names the tool {unknown[0]!r}{more}, which the catalogue does not "
                f"have. Similar names: {', '.join(close)}."
            )
        stated = {by_key[squash(name)]: of_tool for name, of_tool in facts.items()}
        found = [(tool, stated.get(squash(_keys(tool)[0]), {})) for tool in tools]
        for tool, of_tool in found:
            for problem in _contradictions(tool, of_tool):
                self.skipped.note(_CONTRADICTION, problem)
        if has_quotes:
            self.skipped.listed[_CONTRADICTION] = (
                f"the facts file counts; each is in {str(self._path)!r}, whose 'quotes' are the words of the "
                "documentation"
            )
        return (_with_facts(tool, of_tool) for tool, of_tool in found)


def _keys(tool: RawTool) -> tuple[str, ...]:
    """Return the names by which a facts file can name a tool, the unique one first."""
    return (
        f"{tool.provider}__{tool.operation}",
        *((tool.origin.name,) if tool.origin.name else ()),
        unique_name(tool, set()),
    )


def _contradictions(tool: RawTool, stated: Mapping[str, float | str | None]) -> Iterator[str]:
    """Yield the facts that the documentation states with another value; the file counts."""
    documented = documented_facts(documentation(tool), tool.operation) if stated else {}
    for axis, value in stated.items():
        fact = documented.get(axis)
        if fact and value is not None and not is_same_value(fact.value, value):
            yield (
                f"{tool_name(tool)!r}: {axis} is {_shown(value)} in the facts file, and {_shown(fact.value)} in the "
                f"documentation ({fact.quote!r}); the facts file counts"
            )


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _with_facts(tool: RawTool, stated: Mapping[str, float | str | None]) -> RawTool:
    return replace(tool, facts=replace(tool.facts, stated=stated)) if stated else tool


def _read(path: Path) -> tuple[dict[str, dict[str, float | str | None]], bool]:
    """Read a facts file.

    Returns:
        The facts by tool, and True if it has the words of the documentation too, as `petoolbench groups` writes them.

    Raises:
        CatalogueError: If the file or a line cannot be read.
        ConfigError: If an axis or value is invalid.
    """
    try:
        lines = read_text(path).splitlines()
    except UnreadableError as error:
        raise CatalogueError(path, error.problem, _EXPECTED) from error
    facts: dict[str, dict[str, float | str | None]] = {}
    has_quotes = False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise CatalogueError(path, f"not JSON ({error})", _EXPECTED, number) from error
        if not isinstance(record, dict) or not isinstance(record.get("tool"), str):
            raise CatalogueError(path, "it has no 'tool'", _EXPECTED, number)
        name = record.pop("tool")
        has_quotes |= "quotes" in record
        own = facts.setdefault(name, {})
        for axis, value in record.items():
            if axis in NOTES:
                continue
            problem = _problem(axis, value)
            if problem:
                raise ConfigError(f"{str(path)!r}, line {number}: {problem}")
            own[axis] = float(value) if axis in MEASURES and value is not None else value
    return facts, has_quotes


def _problem(axis: str, value: object) -> str | None:
    """Return what is wrong with a fact; None if it is valid."""
    axes = fact_axes()
    if axis not in axes:
        return f"unknown axis {axis!r}. Allowed axes: {', '.join(axes)}."
    if value is None:
        return None
    if axis in MEASURES:
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            return f"{axis} is {value!r}. Allowed values: numbers of 0 or more, in {axes[axis]}, or null."
        return None
    if value not in levels()[axis]:
        return f"{axis} is {value!r}. Allowed values: {', '.join(levels()[axis])}, or null."
    return None
