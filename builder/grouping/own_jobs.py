"""Jobs and groups of the user's own, from the files of `--functionalities` and `--groups`.

Both files are TOML in the form of the library (`world/functionalities/`): `[[functionality]]` with name, summary,
phrases, signals, slots and patterns. A slot names a concept of the lexicon (`grouping/lexicon/slots.toml`), or has
`values` of its own. A groups file adds `[[group]]`: a functionality, the tools that do it with the parameter of each
slot, and `accept`. Only accepted groups are used; functionalities of a groups file need no signals.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Final

from pydantic import Field, ValidationError

from builder.build_manifest import content_hash
from builder.config_section import Section
from builder.errors import ConfigError
from builder.records import NO_CATEGORY, Functionality, Slot
from builder.words import Signals, squash

from .functionalities import REGISTERS, Concept, Entry, concepts, entries

_LEAST_VALUES: Final = 10
"""Minimum number of own values of a slot: histories and final instructions share none."""
_LEAST_PATTERNS: Final = 4
"""Minimum number of instruction patterns of a job."""
_OWN: Final = "own "
"""Beginning of the names of concepts that a file defines."""


class _SignalTable(Section):
    all: list[list[str]] = Field(min_length=1)
    operation: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    none_product: tuple[str, ...] = ()


class _SlotTable(Section):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    about: str
    concept: str = ""
    values: tuple[str | int | float, ...] = ()
    names: tuple[str, ...] = ()
    """Names of parameters that take the values, besides that of the slot."""


class _FunctionalityTable(Section):
    name: str = Field(min_length=3)
    summary: str = Field(min_length=3)
    phrases: tuple[str, ...] = ()
    category: str | None = None
    signals: _SignalTable | None = None
    slots: list[_SlotTable] = Field(min_length=1)
    patterns: dict[str, list[str]]


class _GroupTable(Section):
    functionality: str
    accept: bool
    tools: dict[str, dict[str, str]]


class _File(Section):
    category: str = NO_CATEGORY
    functionality: tuple[_FunctionalityTable, ...] = ()
    group: tuple[_GroupTable, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedGroup:
    """Group that a person accepted."""

    functionality: Functionality
    tools: Mapping[str, Mapping[str, str]]
    """Parameter of each slot, by the name of the tool."""


@dataclass(frozen=True, slots=True)
class OwnJobs:
    """Jobs and groups of the user's own."""

    entries: tuple[Entry, ...] = ()
    """Functionalities of the files; one with the name of a functionality of the library replaces it."""
    concepts: Mapping[str, Concept] = field(default_factory=dict)
    """Concepts of their slots that have values of their own."""
    groups: tuple[StatedGroup, ...] | None = None
    """Accepted groups; None without a groups file."""
    identity: str = ""
    """Hash of the files; empty without any."""

    @property
    def library(self) -> list[Entry]:
        """Functionalities of the library and of the files, sorted by name."""
        own = {entry.functionality.name for entry in self.entries}
        kept = [entry for entry in entries() if entry.functionality.name not in own]
        return sorted([*kept, *self.entries], key=lambda entry: entry.functionality.name)

    @property
    def lexicon(self) -> Mapping[str, Concept]:
        """Concepts of the lexicon and of the files."""
        return {**concepts(), **self.concepts}


NO_JOBS: Final = OwnJobs()
"""No jobs besides those of the library."""


def read_own_jobs(functionalities: Path | None = None, groups: Path | None = None) -> OwnJobs:
    """Read the files of the user's own jobs.

    Args:
        functionalities: File of `--functionalities`.
        groups: File of `--groups`.

    Raises:
        ConfigError: If a file cannot be read, or an entry is invalid. The message names it.
    """
    own: dict[str, Entry] = {}
    lexicon: dict[str, Concept] = {}
    identity = []
    for option, path, needs_signals in (("functionalities", functionalities, True), ("groups", groups, False)):
        if path is None:
            continue
        content = _read(path)
        identity.append(f"{option} sha256:{content_hash({'': path})}")
        for table in content.functionality:
            if needs_signals and table.signals is None:
                raise ConfigError(f"{str(path)!r}: {table.name!r} has no signals, by which its tools are recognised.")
            accepted = {group.functionality for group in content.group if group.accept}
            if needs_signals or table.name in accepted:
                own[table.name] = _entry(table, content.category, path, lexicon)
    if groups is None:
        return OwnJobs(tuple(own.values()), lexicon, None, " ".join(identity))
    known = {entry.functionality.name: entry.functionality for entry in (*entries(), *own.values())}
    stated = tuple(_stated(group, known, groups) for group in _read(groups).group if group.accept)
    if not stated:
        raise ConfigError(
            f"{str(groups)!r} accepts no group. Read its groups and set accept = true where they are right."
        )
    return OwnJobs(tuple(own.values()), lexicon, stated, " ".join(identity))


def _read(path: Path) -> _File:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file {str(path)!r} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The file {str(path)!r} is not valid TOML: {error}.") from error
    try:
        return _File.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{str(path)!r}: {_place(raw, first['loc'])}: {first['msg']}.") from error


def _place(raw: Mapping[str, object], location: Sequence[int | str]) -> str:
    """Return the path of an invalid key, with the name of its functionality or group."""
    path = ".".join(map(str, location))
    tables = raw.get(str(location[0])) if location else None
    if len(location) > 1 and isinstance(tables, list) and isinstance(location[1], int):
        table = tables[location[1]]
        name = table.get("name", table.get("functionality")) if isinstance(table, dict) else None
        return f"{path} ({name!r})" if name else path
    return path


def _entry(table: _FunctionalityTable, category: str, path: Path, lexicon: dict[str, Concept]) -> Entry:
    """Convert a functionality, and add the concepts of its slots to the lexicon.

    Raises:
        ConfigError: If a register, concept, pattern or number of values is invalid.
    """
    where = f"{str(path)!r}: functionality {table.name!r}"
    slots = tuple(_slot(slot, table.name, where, lexicon) for slot in table.slots)
    _check_patterns(table, where)
    signals = table.signals or _SignalTable(all=[[]])
    return Entry(
        functionality=Functionality(
            name=table.name,
            category=table.category or category,
            summary=table.summary,
            phrases=table.phrases,
            slots=slots,
            patterns={register: tuple(table.patterns.get(register, ())) for register in REGISTERS},
        ),
        offered=False,
        all_of=tuple(Signals(alternatives) for alternatives in signals.all),
        operation=Signals(list(signals.operation)) if signals.operation else None,
        none_of=Signals(list(signals.none)),
        none_provider=Signals(list(signals.none_product)),
    )


def _slot(slot: _SlotTable, job: str, where: str, lexicon: dict[str, Concept]) -> Slot:
    if slot.values:
        if len(set(slot.values)) < _LEAST_VALUES:
            raise ConfigError(
                f"{where}: slot {slot.name!r} has {len(set(slot.values))} different values. At least {_LEAST_VALUES} "
                "are needed, because histories and final instructions share none."
            )
        name = f"{_OWN}{job} {slot.name}"
        json_type = "string" if any(isinstance(value, str) for value in slot.values) else "number"
        names = frozenset(map(squash, (slot.name, *slot.names)))
        lexicon[name] = Concept(name, json_type, names, frozenset(), (slot.about.lower(),), slot.about)
        return Slot(slot.name, name, slot.about, slot.values)
    if slot.concept not in concepts():
        problem = f"has the unknown concept {slot.concept!r}" if slot.concept else "has neither a concept nor values"
        raise ConfigError(
            f"{where}: slot {slot.name!r} {problem}. Give it {_LEAST_VALUES} or more values = [...], or one of "
            f"the concepts {', '.join(sorted(concepts()))}."
        )
    return Slot(slot.name, slot.concept, slot.about)


def _check_patterns(table: _FunctionalityTable, where: str) -> None:
    unknown = sorted(set(table.patterns) - set(REGISTERS))
    if unknown:
        raise ConfigError(f"{where}: unknown register {unknown[0]!r}. Allowed registers: {', '.join(REGISTERS)}.")
    patterns = [pattern for of_register in table.patterns.values() for pattern in of_register]
    if len(set(patterns)) < _LEAST_PATTERNS:
        raise ConfigError(f"{where}: {len(set(patterns))} different patterns; at least {_LEAST_PATTERNS} are needed.")
    names = sorted(slot.name for slot in table.slots)
    for pattern in patterns:
        try:
            used = sorted(name for _, name, _, _ in Formatter().parse(pattern) if name is not None)
        except ValueError as error:
            raise ConfigError(f"{where}: the pattern {pattern!r} is invalid: {error}.") from error
        if used != names:
            raise ConfigError(f"{where}: the pattern {pattern!r} must contain each of {names} once in braces.")


def _stated(group: _GroupTable, known: Mapping[str, Functionality], path: Path) -> StatedGroup:
    """Convert an accepted group.

    Raises:
        ConfigError: If its functionality is unknown, or a tool lacks the parameter of a slot.
    """
    functionality = known.get(group.functionality)
    if functionality is None:
        raise ConfigError(
            f"{str(path)!r}: the group {group.functionality!r} has no functionality of this name in the file or in the "
            "library. Add a [[functionality]] with this name."
        )
    slots = {slot.name for slot in functionality.slots}
    for tool, parameters in group.tools.items():
        if set(parameters) != slots:
            raise ConfigError(
                f"{str(path)!r}: group {group.functionality!r}, tool {tool!r}: give the parameter of each of the slots "
                f"{', '.join(sorted(slots))}, not of {', '.join(sorted(parameters)) or 'none'}."
            )
    return StatedGroup(functionality, group.tools)
