"""Repetition across users: the share of instructions, names, places and subjects that recur from history to history.

Each query group counts once, since its users share their requests by design. Every figure is computed from texts and
argument values, in the same way for every data set; `proper_names` defines what is counted. `concerns` are the
exception: they are known only for data sets of the built-in catalogue, whose texts are recognised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .proper_names import Found, NameFinder
from .request_texts import GroupTexts

FREQUENT: Final = 0.01
"""Share of the query groups above which something is frequent; it must also occur in at least two."""
_NAMED: Final = 5
"""Number of the most frequent things that are listed."""
_LONGEST: Final = 120
"""Maximum number of characters of a listed text."""
KINDS: Final = ("instructions", "patterns", "names", "places", "values", "subjects")
"""Kinds of things that are counted in every data set."""
CONCERNS: Final = "concerns"


@dataclass(frozen=True, slots=True)
class Repetition:
    """Repetition of one kind of thing. Shares are 0 to 1."""

    kind: str
    distinct: int
    """Number of different things."""
    frequent: float
    """Share of the different things that occur in more than 1 % of the query groups, and in at least two."""
    mentions: float
    """Share that the frequent things have of all occurrences; several in one query group count once."""
    shared: float | None
    """Mean share of the things of a query group that another query group, drawn at random, has too.

    It does not depend on the number of query groups. None if there are fewer than two."""
    most_frequent: tuple[tuple[str, float], ...]
    """The things that occur in most query groups, and the share of the query groups; only those in at least two."""


@dataclass(frozen=True, slots=True)
class SplitTexts:
    """Figures on the texts of one split, measured on some of its query groups."""

    split: str
    query_groups: int
    """Number of query groups measured."""
    steps: tuple[float, float, float] | None
    """5th, 50th and 95th percentile of the number of steps of a history; None without histories."""
    words: tuple[float, float, float] | None
    """The same for the number of words of a request of a history."""
    registers: Mapping[str, float] | None
    """Share of the query groups in each register; None if the data set has no registers."""
    histories: tuple[Repetition, ...]
    """Repetition among the histories, without the final instructions; empty without histories."""
    instructions: tuple[Repetition, ...]
    """Repetition among the final instructions."""


def text_repetition(by_split: Mapping[str, Sequence[GroupTexts]]) -> tuple[SplitTexts, ...]:
    """Measure the texts of a data set.

    Args:
        by_split: Texts of at least one query group of each split.
    """
    groups = [group for of_split in by_split.values() for group in of_split]
    finder = NameFinder(request for group in groups for request in (group.instruction, *group.history))
    return tuple(_split_texts(split, of_split, finder) for split, of_split in by_split.items())


def _split_texts(split: str, groups: Sequence[GroupTexts], finder: NameFinder) -> SplitTexts:
    has_histories = any(group.history for group in groups)
    steps = [float(group.steps) for group in groups]
    words = [float(len(request.text.split())) for group in groups for request in group.history]
    registers = Counter(group.register for group in groups if group.register is not None)
    histories = [_things([(finder.find(item), item.text) for item in group.history]) for group in groups]
    if any(group.concerns is not None for group in groups):
        for things, group in zip(histories, groups, strict=True):
            things[CONCERNS] = set(group.concerns or ())
    instructions = [_things([(finder.find(group.instruction), group.instruction.text)]) for group in groups]
    return SplitTexts(
        split,
        len(groups),
        _percentiles(steps) if has_histories else None,
        _percentiles(words) if has_histories else None,
        {name: registers[name] / registers.total() for name in sorted(registers)} or None,
        _repetitions(histories) if has_histories else (),
        _repetitions(instructions),
    )


def _percentiles(numbers: Sequence[float]) -> tuple[float, float, float]:
    low, middle, high = np.percentile(numbers, (5, 50, 95)).tolist()
    return low, middle, high


def _things(found: Sequence[tuple[Found, str]]) -> dict[str, set[str]]:
    """Return the things of each kind in some requests, with their texts."""
    return {
        "instructions": {text for _, text in found},
        "patterns": {item.pattern for item, _ in found},
        "names": set().union(*(item.names for item, _ in found)),
        "places": set().union(*(item.places for item, _ in found)),
        "values": set().union(*(item.values for item, _ in found)),
        "subjects": set().union(*(item.subjects for item, _ in found)),
    }


def _repetitions(of_groups: Sequence[Mapping[str, Collection[str]]]) -> tuple[Repetition, ...]:
    return tuple(repetition(kind, [things[kind] for things in of_groups]) for kind in of_groups[0])


def repetition(kind: str, of_groups: Sequence[Collection[str]]) -> Repetition:
    """Measure the repetition of one kind of thing.

    Args:
        kind: Name of the kind.
        of_groups: Different things of each query group; at least one query group.
    """
    number = len(of_groups)
    counts = Counter(thing for things in of_groups for thing in things)
    frequent = {thing: count for thing, count in counts.items() if count > max(1.0, FREQUENT * number)}
    listed = sorted((-count, thing) for thing, count in counts.items() if count > 1)[:_NAMED]
    shares = [
        sum(counts[thing] - 1 for thing in things) / (len(things) * (number - 1))
        for things in of_groups
        if things and number > 1
    ]
    return Repetition(
        kind,
        len(counts),
        len(frequent) / len(counts) if counts else 0.0,
        sum(frequent.values()) / counts.total() if counts else 0.0,
        sum(shares) / len(shares) if shares else None,
        tuple((_shortened(thing), -count / number) for count, thing in listed),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\u2026"
