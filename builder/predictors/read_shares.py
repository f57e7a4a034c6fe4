"""How much of a catalogue `ListingReading` reads right: what a program that knows the repository learns from listings.

The figure is that of one program. Others, written for the listings or with a model, read other shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple, TypeVar

from builder.export import public_tool, tool_row
from builder.world.axes import AXES, Axis, Value
from builder.world.packs import PACK_SPLIT, Pack
from builder.world.providers import service_providers
from builder.world.service_catalogue import group_of
from builder.world.services import service_jobs
from hf_dataset.schema import ToolRow

from .listing_reading import ListingReading

TOLERANCE: Final = 0.05
"""Distance on the scale of the axis below which a number is read right: 5 %, for uptime and standing of what is missing
to the best."""

_Key = TypeVar("_Key", bound=Hashable)


class ReadFact(NamedTuple):
    """A fact of a tool, and whether it is read right from the listing."""

    provider: str
    axis: str
    value: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class PackReading:
    """Shares of the facts of a pack's test tools that are read right, 0 to 1."""

    overall: float
    by_axis: Mapping[str, float]
    guessed: Mapping[str, float]
    """Share that is right without reading, if the most frequent value of the axis is named each time."""
    by_layout: Mapping[str, float]
    by_cell: Mapping[tuple[str, str], float]
    """Share by axis and layout."""


def facts_read(tools: Sequence[ToolRow]) -> list[ReadFact]:
    """Read the listings of a catalogue, and return each fact.

    Args:
        tools: All tools of a split with their facts, which the reader does not see.
    """
    found = ListingReading(map(public_tool, tools)).facts
    return [
        ReadFact(
            tool.provider,
            fact.axis,
            fact.value,
            is_read_right(AXES[fact.axis], found.get(tool.name, {}).get(fact.axis), fact.value),
        )
        for tool in tools
        for fact in tool.facts
    ]


def share_right(facts: Iterable[ReadFact]) -> float:
    """Return the share of facts that are read right: numbers to within 5 %, levels exactly; 0 if there are none."""
    right = [fact.is_right for fact in facts]
    return sum(right) / max(len(right), 1)


def pack_tools(pack: Pack) -> tuple[ToolRow, ...]:
    """Return the test tools with the listings of a pack."""
    groups = (group_of(job, pack) for job in service_jobs(PACK_SPLIT, pack))
    return tuple(tool_row(member.tool) for group in groups for member in group.members)


@cache
def pack_reading(pack: Pack) -> PackReading:
    """Return how much of a pack's test tools is read right, by a reader that does not know the pack."""
    facts = facts_read(pack_tools(pack))
    layout_of = {provider.name: provider.layout for provider in service_providers(PACK_SPLIT, pack)}
    by_axis = _grouped(facts, lambda fact: fact.axis)
    return PackReading(
        overall=share_right(facts),
        by_axis={axis: share_right(by_axis[axis]) for axis in AXES if axis in by_axis},
        guessed={axis: _guessed(AXES[axis], by_axis[axis]) for axis in AXES if axis in by_axis},
        by_layout=_shares(_grouped(facts, lambda fact: layout_of[fact.provider])),
        by_cell=_shares(_grouped(facts, lambda fact: (fact.axis, layout_of[fact.provider]))),
    )


def _grouped(facts: Iterable[ReadFact], key: Callable[[ReadFact], _Key]) -> dict[_Key, list[ReadFact]]:
    groups: dict[_Key, list[ReadFact]] = {}
    for fact in facts:
        groups.setdefault(key(fact), []).append(fact)
    return groups


def _shares(groups: Mapping[_Key, Sequence[ReadFact]]) -> dict[_Key, float]:
    return {name: share_right(groups[name]) for name in sorted(groups, key=str)}


def is_read_right(axis: Axis, read: Value | None, value: str) -> bool:
    """Return True if what is read of an axis is the value that is stated: a number to within 5 %, a level exactly.

    Args:
        axis: The axis.
        read: What is read; None if nothing is.
        value: Stated value, as text.
    """
    if read is None or not axis.is_number:
        return read == value
    return abs(axis.position(float(read)) - axis.position(float(value))) < TOLERANCE


def _guessed(axis: Axis, facts: Sequence[ReadFact]) -> float:
    """Return the highest share of facts for which one and the same value is right."""
    counts = Counter(fact.value for fact in facts)
    hits = (sum(count for value, count in counts.items() if is_read_right(axis, guess, value)) for guess in counts)
    return max(hits) / len(facts)
