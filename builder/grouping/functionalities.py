"""The library of functionalities: how they are recognised in a catalogue and how people ask for them.

It is read from TOML: `world/functionalities/` holds what the built-in marketplace offers, and
`grouping/lexicon/functionalities/` what is bound to one real platform and therefore only recognised, never offered.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from builder.records import Functionality, Slot
from builder.words import Signals, squash

REGISTERS: Final = ("terse", "polite", "reason", "spoken", "two")
"""terse command, polite request, context with a reason, spoken, two sentences"""
MARKETPLACE: Final = "world/functionalities"
RECOGNISED: Final = "grouping/lexicon/functionalities"
_ROOT: Final = "builder"
"""Package that the paths of data files are relative to."""


@dataclass(frozen=True, slots=True)
class Concept:
    """What a parameter may stand for."""

    name: str
    type: str
    """JSON type of its values."""
    names: frozenset[str]
    """Squashed parameter names that mean it."""
    odd: frozenset[str]
    """Those of them that say something else; a careful provider does not use them."""
    words: tuple[str, ...]
    """Words of a parameter's description that mean it."""
    label: str
    """How people call it; a spelling of its parameter names too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A functionality with the signals that recognise it."""

    functionality: Functionality
    offered: bool
    """The built-in marketplace offers it."""
    all_of: tuple[Signals, ...]
    """Each must occur in the operation's or the provider's texts."""
    operation: Signals | None
    """Must occur in the operation's texts."""
    none_of: Signals
    """Must not occur in the operation's texts."""
    none_provider: Signals
    """Must not occur in the provider's name."""


def _table(node: Traversable) -> dict[str, Any]:
    return tomllib.loads(node.read_text(encoding="utf-8"))


def data_files(folder: str) -> list[Traversable]:
    """TOML files of a data folder of this package, sorted by name."""
    root = files(_ROOT)
    for part in folder.split("/"):
        root = root / part
    return sorted((node for node in root.iterdir() if node.name.endswith(".toml")), key=lambda node: node.name)


@cache
def library_hash() -> str:
    """SHA-256 over every TOML file of this package: functionalities, slots, contrasts, marketplace, values."""
    digest = hashlib.sha256()
    for folder in (MARKETPLACE, RECOGNISED, "world", "grouping/lexicon", "users/values"):
        for node in data_files(folder):
            digest.update(f"{folder}/{node.name}\0".encode())
            digest.update(hashlib.sha256(node.read_bytes()).digest())
    return f"sha256:{digest.hexdigest()}"


@cache
def data_table(path: str) -> dict[str, Any]:
    """One TOML file of this package's data; not to be changed."""
    root = files(_ROOT)
    for part in path.split("/"):
        root = root / part
    return _table(root)


@cache
def concepts() -> Mapping[str, Concept]:
    """The slot lexicon, by concept name."""
    return {
        name: Concept(
            name=name,
            type=raw["type"],
            names=frozenset(squash(spelling) for spelling in raw["names"]),
            odd=frozenset(raw.get("odd", ())),
            words=tuple(raw["words"]),
            label=raw["label"],
        )
        for section in data_table("grouping/lexicon/slots.toml").values()
        for name, raw in section.items()
    }


@cache
def entries() -> tuple[Entry, ...]:
    """The whole library, sorted by functionality name."""
    found = [
        _entry(raw, table["category"], offered=folder == MARKETPLACE)
        for folder in (MARKETPLACE, RECOGNISED)
        for table in map(_table, data_files(folder))
        for raw in table["functionality"]
    ]
    return tuple(sorted(found, key=lambda entry: entry.functionality.name))


def _entry(raw: Mapping[str, Any], category: str, *, offered: bool) -> Entry:
    signals = raw["signals"]
    return Entry(
        functionality=Functionality(
            name=raw["name"],
            category=category,
            summary=raw["summary"],
            phrases=tuple(raw["phrases"]),
            slots=tuple(Slot(slot["name"], slot["concept"], slot["about"]) for slot in raw["slots"]),
            patterns={register: tuple(raw["patterns"][register]) for register in REGISTERS},
        ),
        offered=offered,
        all_of=tuple(Signals(alternatives) for alternatives in signals["all"]),
        operation=Signals(signals["operation"]) if signals.get("operation") else None,
        none_of=Signals(signals.get("none", [])),
        none_provider=Signals(signals.get("none_product", [])),
    )
