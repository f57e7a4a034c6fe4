"""What a reader can infer from a history: the measure of whether an instance is answerable.

The reader sees the history (instructions, calls, ratings, order) and the documented attributes of the tools, and knows
how common each attribute is in the catalogue. A candidate is scored by how much more likely its attributes are among
the tools that the user chose than in the catalogue, or than among the tools that the user rejected. The hidden profile
is never looked at.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hf_dataset.schema import ToolRow

from .records import Tool

Attributes = Mapping[str, str]
"""Documented value of each axis of a tool."""

_PRIOR: Final = 1.0
"""Weight of the catalogue's own shares against what the history shows, in interactions."""
_MIN_SEGMENT: Final = 1
"""Fewest interactions on either side of a change of preference."""


def attributes_of(tool: Tool | ToolRow) -> Attributes:
    """Documented value of each axis of a tool."""
    return {attribute.axis: attribute.value for attribute in tool.attributes}


@dataclass(frozen=True, slots=True)
class Step:
    """One interaction as a reader sees it."""

    attributes: Attributes
    rating: int | None


class Reader:
    """Infers from histories, knowing the catalogue."""

    def __init__(self, catalogue: Iterable[Attributes]) -> None:
        counts: dict[str, Counter[str]] = {}
        for attributes in catalogue:
            for axis, value in attributes.items():
                counts.setdefault(axis, Counter())[value] += 1
        self._shares = {
            axis: {value: count / values.total() for value, count in values.items()} for axis, values in counts.items()
        }

    def scores(self, history: Sequence[Step], candidates: Sequence[Attributes], *, ordered: bool) -> list[float]:
        """Score candidates, in nats; the highest is what the user would want.

        Args:
            history: Interactions, oldest first where `ordered`.
            candidates: Candidates that do the job.
            ordered: Whether order carries meaning, that is, whether the preference may change on the way.
        """
        if any(step.rating is not None for step in history):
            liked = self._tally([step.attributes for step in history if step.rating == 1])
            disliked = self._tally([step.attributes for step in history if step.rating == 0])
            return [self._ratio(candidate, liked, disliked) for candidate in candidates]
        current = history[self._change(history) :] if ordered else history
        chosen = self._tally([step.attributes for step in current])
        return [self._ratio(candidate, chosen, {}) for candidate in candidates]

    def familiarity(self, candidate: Attributes) -> float:
        """How usual a candidate's attributes are in the catalogue: the mean log share of its values, in nats."""
        shares = [math.log(self._shares[axis][value]) for axis, value in candidate.items()]
        return sum(shares) / len(shares) if shares else 0.0

    def _tally(self, tools: Sequence[Attributes]) -> dict[str, Counter[str]]:
        tally: dict[str, Counter[str]] = {}
        for attributes in tools:
            for axis, value in attributes.items():
                tally.setdefault(axis, Counter())[value] += 1
        return tally

    def _log_share(self, axis: str, value: str, tally: Mapping[str, Counter[str]]) -> float:
        """Log of a value's share in a tally, smoothed towards the catalogue's."""
        base = self._shares[axis][value]
        seen = tally.get(axis, Counter())
        return math.log((seen[value] + _PRIOR * base) / (seen.total() + _PRIOR))

    def _ratio(
        self, candidate: Attributes, chosen: Mapping[str, Counter[str]], rejected: Mapping[str, Counter[str]]
    ) -> float:
        return sum(
            self._log_share(axis, value, chosen) - self._log_share(axis, value, rejected)
            for axis, value in candidate.items()
        )

    def _change(self, history: Sequence[Step]) -> int:
        """Index of the first interaction under the current preference: the most likely place of one change."""
        before = self._running_likelihood(history)
        after = self._running_likelihood(history[::-1])[::-1]
        places = range(_MIN_SEGMENT, len(history) - _MIN_SEGMENT + 1)
        return max(places, key=lambda place: before[place] + after[place])

    def _running_likelihood(self, history: Sequence[Step]) -> list[float]:
        """Log probability of the first 0, 1, 2, ... interactions under one unknown preference.

        Each value's share is drawn from a Dirichlet about the catalogue's shares, so that the probability of the next
        value follows from those before it, and that of a segment does not depend on its order.
        """
        seen: dict[str, Counter[str]] = {}
        totals: Counter[str] = Counter()
        running = [0.0]
        for step in history:
            gain = 0.0
            for axis, value in step.attributes.items():
                counts = seen.setdefault(axis, Counter())
                gain += math.log((counts[value] + _PRIOR * self._shares[axis][value]) / (totals[axis] + _PRIOR))
                counts[value] += 1
                totals[axis] += 1
            running.append(running[-1] + gain)
        return running
