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

import numpy as np

from hf_dataset.schema import ToolRow

Attributes = Mapping[str, str]
"""Documented value of each axis of a tool."""
_Pair = tuple[str, str]
"""Axis and value."""
_Tally = dict[str, dict[str, int]]
"""How often each value of an axis occurs."""

_PRIOR: Final = 1.0
"""Weight of the catalogue's own shares against what the history shows, in interactions."""
_RATED_PRIOR: Final = 8.0
"""The same where there are ratings, of which some may be the opposite of what was felt: no one rating tips the scales.
Where a fifth is flipped, 24 % of instances mislead a reader with this weight, and 38 % one with a weight of 1."""
_STRAY: Final = 0.6
"""Weight of the catalogue's shares against a wanted value, in one call."""
_RARER: Final = (0.25, 0.32, 0.4)
"""Shares of the rarer of two preferences that are tried."""
_MIN_SEGMENT: Final = 1
"""Fewest interactions on either side of a change of preference."""


def attributes_of(tool: ToolRow) -> Attributes:
    """Documented value of each axis of a tool."""
    return {attribute.axis: attribute.value for attribute in tool.attributes}


@dataclass(frozen=True, slots=True)
class Step:
    """One interaction as a reader sees it."""

    attributes: Attributes
    rating: int | None


class PreferenceReader:
    """Infers from histories, knowing the catalogue."""

    def __init__(self, catalogue: Iterable[Attributes]) -> None:
        counts: dict[str, Counter[str]] = {}
        for attributes in catalogue:
            for axis, value in attributes.items():
                counts.setdefault(axis, Counter())[value] += 1
        self._shares = {
            axis: {value: count / values.total() for value, count in values.items()} for axis, values in counts.items()
        }

    def scores(self, history: Sequence[Step], candidates: Sequence[Attributes], *, changes: int) -> list[float]:
        """Score candidates, in nats; the highest is what the user would want.

        Args:
            history: Interactions, oldest first where there are changes.
            candidates: Candidates that do the job.
            changes: How often the preference changed on the way; 0 where order carries no meaning.
        """
        if any(step.rating is not None for step in history):
            chosen = _tally(step.attributes for step in history if step.rating == 1)
            rejected = _tally(step.attributes for step in history if step.rating == 0)
            prior = _RATED_PRIOR
        else:
            divided = changes and len(history) >= 2 * _MIN_SEGMENT
            current = history[self._last_change(history, changes) :] if divided else history
            chosen, rejected, prior = _tally(step.attributes for step in current), {}, _PRIOR
        pairs = {pair for candidate in candidates for pair in candidate.items()}
        likes, dislikes = self._log_shares(pairs, chosen, prior), self._log_shares(pairs, rejected, prior)
        gains = {pair: like - dislikes[pair] for pair, like in likes.items()}
        return [sum(gains[pair] for pair in candidate.items()) for candidate in candidates]

    def two_preferences(self, history: Sequence[Step], candidates: Sequence[Attributes]) -> tuple[int, int]:
        """Tell two preferences in a history apart, order ignored: indexes of the rarer one's candidate and the other's.

        Each call follows one of two candidates' attributes, the rarer one's with a share of `_RARER`; the most likely
        pair is taken.

        Args:
            history: Interactions.
            candidates: At least two that do the job.
        """
        fits = np.array([[self._fit(step.attributes, candidate) for candidate in candidates] for step in history])
        fits = fits.reshape(len(history), len(candidates))
        best, found = -math.inf, (0, 1)
        for share in _RARER:
            rarer, commoner = fits + math.log(share), fits + math.log(1 - share)
            likely = np.logaddexp(rarer[:, :, None], commoner[:, None, :]).sum(axis=0)
            np.fill_diagonal(likely, -math.inf)
            if likely.max() > best:
                best, place = float(likely.max()), int(likely.argmax())
                found = divmod(place, len(candidates))
        return found

    def _fit(self, seen: Attributes, wanted: Attributes) -> float:
        """Log likelihood of a call by somebody who wants some attributes, against that by somebody who wants none."""
        gain = 0.0
        for axis, value in wanted.items():
            if axis in seen:
                share = self._shares[axis][value]
                hit = math.log((1 + _STRAY * share) / (1 + _STRAY)) - math.log(share)
                gain += hit if seen[axis] == value else math.log(_STRAY / (1 + _STRAY))
        return gain

    def familiarity(self, candidate: Attributes) -> float:
        """How usual a candidate's attributes are in the catalogue: the mean log share of its values, in nats."""
        shares = [math.log(self._shares[axis][value]) for axis, value in candidate.items()]
        return sum(shares) / len(shares) if shares else 0.0

    def _log_shares(self, pairs: Iterable[_Pair], tally: _Tally, prior: float) -> dict[_Pair, float]:
        """Log of each value's share in a tally, smoothed towards the catalogue's."""
        totals = {axis: sum(seen.values()) for axis, seen in tally.items()}
        found: dict[_Pair, float] = {}
        for pair in pairs:
            axis, value = pair
            share = self._shares[axis][value]
            if axis in totals:
                share = (tally[axis].get(value, 0) + prior * share) / (totals[axis] + prior)
            found[pair] = math.log(share)
        return found

    def _last_change(self, history: Sequence[Step], changes: int) -> int:
        """Index of the first interaction under the current preference, in the most likely division of the history."""
        steps = len(history)
        # likely[n]: log probability of the first n interactions, divided into as many parts as there were changes yet.
        likely = self._running_likelihood(history)
        for _ in range(changes - 1):
            parts = [self._running_likelihood(history[start:]) for start in range(steps + 1)]
            likely = [
                max(
                    (likely[start] + parts[start][end - start] for start in range(_MIN_SEGMENT, end)), default=-math.inf
                )
                for end in range(steps + 1)
            ]
        after = self._running_likelihood(history[::-1])[::-1]
        return max(range(_MIN_SEGMENT, steps - _MIN_SEGMENT + 1), key=lambda place: likely[place] + after[place])

    def _running_likelihood(self, history: Sequence[Step]) -> list[float]:
        """Log probability of the first 0, 1, 2, ... interactions under one unknown preference.

        Each value's share is drawn from a Dirichlet about the catalogue's shares, so that the probability of the next
        value follows from those before it, and that of a segment does not depend on its order.
        """
        seen: dict[_Pair, int] = {}
        totals: dict[str, int] = {}
        running = [0.0]
        for step in history:
            gain = 0.0
            for pair in step.attributes.items():
                axis, value = pair
                count, total = seen.get(pair, 0), totals.get(axis, 0)
                gain += math.log((count + _PRIOR * self._shares[axis][value]) / (total + _PRIOR))
                seen[pair], totals[axis] = count + 1, total + 1
            running.append(running[-1] + gain)
        return running


def _tally(tools: Iterable[Attributes]) -> _Tally:
    tally: _Tally = {}
    for attributes in tools:
        for axis, value in attributes.items():
            seen = tally.get(axis)
            if seen is None:
                seen = tally[axis] = {}
            seen[value] = seen.get(value, 0) + 1
    return tally
