"""Concerns: strands of the lives of fictional people, such as a rowing club or a goat dairy, told by their subjects."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from builder.grouping.functionalities import data_table

_WORD: Final = re.compile(r"[^\W\d_]{4,}")
"""Words that can link two mentions."""
_RARE: Final = 2
"""Maximum number of concerns of a split in which a linking word occurs."""


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


def linked_mentions(concern: Concern, split: str, rng: np.random.Generator) -> list[str]:
    """Return the mentions of a concern in random order, each linked to an earlier one by a name or a rare word.

    A reader who has seen the first of them can therefore tell that the next one is about the same subject. Mentions
    that nothing links to the others come last.

    Args:
        concern: The concern.
        split: Split of the concern.
        rng: Generator that draws the order.
    """
    frequency = _word_frequency(split)
    words = [frozenset(word for word in _words(mention) if frequency[word] <= _RARE) for mention in concern.mentions]
    links = [sum(bool(own & other) for other in words) for own in words]
    left = rng.permutation(len(words)).tolist()
    first = max(left, key=lambda place: links[place])
    order = [left.pop(left.index(first))]
    seen = set(words[first])
    while left:
        place = next((place for place in left if words[place] & seen), left[0])
        order.append(left.pop(left.index(place)))
        seen |= words[place]
    return [concern.mentions[place] for place in order]


@cache
def _word_frequency(split: str) -> Counter[str]:
    """Return the number of concerns of a split whose mentions contain each word."""
    return Counter(
        word for concern in concerns(split) for word in set().union(*(_words(text) for text in concern.mentions))
    )


def _words(mention: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(mention.replace("{request}", ""))}
