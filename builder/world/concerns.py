"""Concerns: strands of the lives of fictional people, such as a rowing club or a goat dairy, told by their subjects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from builder.grouping.functionalities import data_table


@dataclass(frozen=True, slots=True)
class Concern:
    """A strand of a life. It says nothing about what the person prefers."""

    name: str
    sphere: str
    """Part of the life: work, trade, study, club, family or hobby."""
    functionalities: frozenset[str]
    """Names of the functionalities that a person with this concern would ask for in connection with it."""
    mentions: tuple[str, ...]
    """Texts that let the subject show in a request, which replaces their `{request}`."""


@cache
def concerns(split: str) -> tuple[Concern, ...]:
    """Return the concerns of a split, in the order of the data file.

    Args:
        split: `train`, `validation` or `test`.
    """
    return tuple(
        Concern(entry["name"], entry["sphere"], frozenset(entry["functionalities"]), tuple(entry["mentions"]))
        for entry in data_table("world/data/concerns.toml")["concern"]
        if entry["split"] == split
    )
