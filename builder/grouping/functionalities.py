"""Library of functionalities: signals that recognise them in a catalogue, and instruction patterns that ask for them.

The library is stored as TOML. `world/functionalities/` holds the functionalities of the built-in catalogue.
`grouping/lexicon/functionalities/` holds those tied to one real platform, which are recognised in catalogues but not
offered by the built-in one.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from builder.records import Functionality, Slot
from builder.words import Signals, squash
from hf_dataset.layout import SPLITS

REGISTERS: Final = ("terse", "polite", "reason", "spoken", "two")
"""Registers of instruction patterns: terse command, polite request, context with a reason, spoken, two sentences."""
OFFERED: Final = "world/functionalities"
"""Data folder of the functionalities that the built-in catalogue offers."""
RECOGNISED: Final = "grouping/lexicon/functionalities"
"""Data folder of the functionalities that are only recognised in real catalogues."""
CONCERNS: Final = "world/data/concerns"
"""Data folder of the concerns of fictional people."""
DESCRIPTIONS: Final = "world/data/descriptions"
"""Data folder of what providers write of their operations."""
_LAYOUTS: Final = tuple(f"world/listings/{split}" for split in SPLITS)
"""Data folders of the layouts of listings."""
VERBS: Final = frozenset(
    (
        *("check", "convert", "correct", "decode", "detect", "extract", "generate", "geocode", "geolocate", "list"),
        *("look", "reverse", "search", "send", "shorten", "summarize", "track", "translate", "validate"),
    )
)
"""First words of the names of functionalities that start with a verb."""
_ROOT: Final = "builder"
"""Package that the paths of data files are relative to."""


@dataclass(frozen=True, slots=True)
class Concept:
    """Meaning of a parameter, such as a city or an amount."""

    name: str
    type: str
    """JSON type of its values."""
    names: frozenset[str]
    """Squashed parameter names that express the concept."""
    odd: frozenset[str]
    """Subset of `names` that catalogues use but that suggest something else. The built-in catalogue avoids them."""
    words: tuple[str, ...]
    """Words in a parameter's description that express the concept."""
    label: str
    """Everyday name of the concept. Also used as a parameter name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Functionality of the library, with the signals that recognise it."""

    functionality: Functionality
    offered: bool
    """True if the built-in catalogue offers it."""
    all_of: tuple[Signals, ...]
    """Signals that must each occur in the texts of the operation or the provider."""
    operation: Signals | None
    """Signals of which one must occur in the operation's texts; None for no condition."""
    none_of: Signals
    """Signals that must not occur in the operation's texts."""
    none_provider: Signals
    """Signals that must not occur in the provider's name."""


def _table(node: Traversable) -> dict[str, Any]:
    return tomllib.loads(node.read_text(encoding="utf-8"))


def _data_path(path: str) -> Traversable:
    node = files(_ROOT)
    for part in path.split("/"):
        node = node / part
    return node


def data_files(folder: str) -> list[Traversable]:
    """Return the TOML files and layouts of a data folder, sorted by name.

    Args:
        folder: Path relative to the `builder` package.
    """
    nodes = (node for node in _data_path(folder).iterdir() if node.name.endswith((".toml", ".j2")))
    return sorted(nodes, key=lambda node: node.name)


@cache
def library_hash() -> str:
    """Return the SHA-256 of all data: functionalities, slots, contrasts, values, and the built-in catalogue."""
    digest = hashlib.sha256()
    for folder in (
        OFFERED,
        RECOGNISED,
        "world/data",
        CONCERNS,
        DESCRIPTIONS,
        *_LAYOUTS,
        "grouping/lexicon",
        "users/values",
    ):
        for node in data_files(folder):
            digest.update(f"{folder}/{node.name}\0".encode())
            digest.update(hashlib.sha256(node.read_bytes()).digest())
    return f"sha256:{digest.hexdigest()}"


@cache
def data_table(path: str) -> dict[str, Any]:
    """Read a TOML data file. The result is cached: do not modify it.

    Args:
        path: Path relative to the `builder` package.
    """
    return _table(_data_path(path))


@cache
def concepts() -> Mapping[str, Concept]:
    """Return the slot lexicon: concepts by name."""
    further: Mapping[str, Sequence[str]] = data_table("grouping/usual_names.toml")
    return {
        name: Concept(
            name=name,
            type=raw["type"],
            names=frozenset(squash(spelling) for spelling in (*raw["names"], *further.get(name, ()))),
            odd=frozenset((*raw.get("odd", ()), *further.get(name, ()))),
            words=tuple(raw["words"]),
            label=raw["label"],
        )
        for section in data_table("grouping/lexicon/slots.toml").values()
        for name, raw in section.items()
    }


@cache
def entries() -> tuple[Entry, ...]:
    """Return all entries of the library, sorted by functionality name."""
    unsorted = [
        _entry(raw, table["category"], offered=folder == OFFERED)
        for folder in (OFFERED, RECOGNISED)
        for table in map(_table, data_files(folder))
        for raw in table["functionality"]
    ]
    return tuple(sorted(unsorted, key=lambda entry: entry.functionality.name))


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
