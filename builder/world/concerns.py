"""Concerns: strands of the lives of fictional people, such as a rowing club or a goat dairy, with what they ask for.

A concern is written in the register of its person. It has names (people, places and things that recur in it), each with
alternatives of which a life draws one, and requests: for each of its jobs, texts in which the job arises from the
concern, and the values that fit them. It says nothing about what the person prefers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from builder.grouping.functionalities import CONCERNS, data_files, data_table

CONCERN_REGISTERS: Final = ("terse", "chatty", "formal", "second-language", "voice-typed")
"""Ways in which a person writes: notes, friendly talk, full sentences, English as a second language, dictation."""
SPHERES: Final = ("work", "trade", "study", "club", "family", "hobby")
"""Parts of a life."""
OCCUPATIONS: Final = frozenset({"work", "trade", "study"})
"""Parts that fill a person's days; few people have two of them."""


@dataclass(frozen=True, slots=True)
class RequestTexts:
    """Texts that ask for a job in connection with a concern."""

    texts: tuple[str, ...]
    """Texts with slots of the job and names of the concern in braces."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """Values that fit the concern, by slot, with names in braces; a generator draws those of the other slots."""


@dataclass(frozen=True, slots=True)
class Concern:
    """A strand of a life."""

    name: str
    subject: str
    """What it is about, as a noun phrase."""
    split: str
    sphere: str
    """Part of the life, one of `SPHERES`."""
    register: str
    """Way in which its person writes, one of `CONCERN_REGISTERS`."""
    names: Mapping[str, tuple[str, ...]] = field(hash=False)
    """Alternatives of the people, places and things that recur in it, by key."""
    requests: Mapping[str, RequestTexts] = field(hash=False)
    """What it asks for, by functionality."""
    countries: frozenset[str] = frozenset()
    """Countries in which it can be, as ISO 3166-1 codes; empty for any."""


@cache
def concerns(split: str) -> tuple[Concern, ...]:
    """Return the concerns of a split, sorted by name.

    Args:
        split: `train`, `validation` or `test`.
    """
    names = [node.name for node in data_files(CONCERNS) if node.name.startswith(f"{split}_")]
    found = [_concern(entry) for name in names for entry in data_table(f"{CONCERNS}/{name}")["concern"]]
    return tuple(sorted(found, key=lambda concern: concern.name))


def _concern(entry: Mapping[str, Any]) -> Concern:
    requests = {
        raw["job"]: RequestTexts(
            tuple(raw["texts"]), {name: tuple(values) for name, values in raw.get("values", {}).items()}
        )
        for raw in entry["request"]
    }
    return Concern(
        entry["name"],
        entry["subject"],
        entry["split"],
        entry["sphere"],
        entry["register"],
        {key: tuple(alternatives) for key, alternatives in entry["names"].items()},
        requests,
        frozenset(entry.get("countries", ())),
    )
