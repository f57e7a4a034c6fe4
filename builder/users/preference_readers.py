"""Inference of preferences from histories, used to decide whether an instance is answerable.

The reader sees the history (instructions, calls, ratings and order) and the documented attributes of the tools. It also
knows how frequent each attribute is in the catalogue. It scores a candidate by how much more frequent the candidate's
attributes are among the tools that the user chose than in the catalogue, or than among the tools that the user
rejected. The reader has no access to the hidden profile.
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
"""(axis, value) pair."""
_Tally = dict[str, dict[str, int]]
"""Number of occurrences of each value, by axis and value."""

_PRIOR: Final = 1.0
"""Weight of the catalogue's frequencies relative to the history, in interactions."""
_RATED_PRIOR: Final = 8.0
"""The same weight for histories with ratings. It is larger because some ratings can be flipped, so that a single rating
must not decide. With 20 % of the ratings flipped, this weight gives 24 % wrong inferences; a weight of 1 gives 38 %."""
_NOISE_WEIGHT: Final = 0.6
"""Weight of the catalogue's frequencies relative to a preferred value, in one call."""
_RARER_SHARES: Final = (0.25, 0.32, 0.4)
"""Shares of calls that are tried for the rarer of two preferences."""
_MIN_SEGMENT: Final = 1
"""Minimum number of interactions on each side of a change of preference."""


def attributes_of(tool: ToolRow) -> Attributes:
    """Return the documented value of each axis of a tool."""
    return {fact.axis: fact.value for fact in tool.facts}


@dataclass(frozen=True, slots=True)
class Step:
    """Interaction as seen by a reader."""

    attributes: Attributes
    """Attributes of the tool that was called."""
    rating: int | None
    """1 for liked, 0 for disliked, None without ratings."""


class PreferenceReader:
    """Statistical model that infers a preference from a history.

    Args:
        catalogue: Attributes of all tools of a split, from which the frequencies of values are computed.
    """

    def __init__(self, catalogue: Iterable[Attributes]) -> None:
        counts: dict[str, Counter[str]] = {}
        for attributes in catalogue:
            for axis, value in attributes.items():
                counts.setdefault(axis, Counter())[value] += 1
        self._shares = {
            axis: {value: count / values.total() for value, count in values.items()} for axis, values in counts.items()
        }

    def scores(self, history: Sequence[Step], candidates: Sequence[Attributes], *, changes: int) -> list[float]:
        """Score candidates by how well they fit the preference that a history shows.

        Args:
            history: Interactions, oldest first.
            candidates: Candidates that do the job.
            changes: Number of changes of preference in the history; 0 if its order has no meaning.

        Returns:
            Log likelihood ratios in nats, one per candidate. The highest score is the inferred answer.
        """
        chosen, rejected, prior = self._tallies(history, changes)
        pairs = {pair for candidate in candidates for pair in candidate.items()}
        likes, dislikes = self._log_shares(pairs, chosen, prior), self._log_shares(pairs, rejected, prior)
        gains = {pair: like - dislikes[pair] for pair, like in likes.items()}
        return [sum(gains[pair] for pair in candidate.items()) for candidate in candidates]

    def _tallies(self, history: Sequence[Step], changes: int) -> tuple[_Tally, _Tally, float]:
        """Return the tallies of chosen and of rejected tools, and the weight of the catalogue's frequencies."""
        if any(step.rating is not None for step in history):
            chosen = _tally(step.attributes for step in history if step.rating == 1)
            rejected = _tally(step.attributes for step in history if step.rating == 0)
            return chosen, rejected, _RATED_PRIOR
        if changes and len(history) >= 2 * _MIN_SEGMENT:
            history = history[self._last_change(history, changes) :]
        return _tally(step.attributes for step in history), {}, _PRIOR

    def two_preferences(self, history: Sequence[Step], candidates: Sequence[Attributes]) -> tuple[int, int]:
        """Infer the two preferences that a history mixes, ignoring its order.

        Each call is assumed to follow the attributes of one of two candidates. The most likely pair of candidates is
        returned, over several shares of calls for the rarer preference.

        Args:
            history: Interactions.
            candidates: Candidates that do the job; at least two.

        Returns:
            Index of the candidate of the rarer preference, and index of that of the more frequent one.
        """
        fits = np.array([[self._fit(step.attributes, candidate) for candidate in candidates] for step in history])
        fits = fits.reshape(len(history), len(candidates))
        best, best_pair = -math.inf, (0, 1)
        for share in _RARER_SHARES:
            rarer, commoner = fits + math.log(share), fits + math.log(1 - share)
            likelihood = np.logaddexp(rarer[:, :, None], commoner[:, None, :]).sum(axis=0)
            np.fill_diagonal(likelihood, -math.inf)
            if likelihood.max() > best:
                best, place = float(likelihood.max()), int(likelihood.argmax())
                best_pair = divmod(place, len(candidates))
        return best_pair

    def _fit(self, seen: Attributes, wanted: Attributes) -> float:
        """Return the log likelihood ratio of a call, for a user who prefers some attributes against one without any."""
        gain = 0.0
        for axis, value in wanted.items():
            if axis in seen:
                share = self._shares[axis][value]
                hit = math.log((1 + _NOISE_WEIGHT * share) / (1 + _NOISE_WEIGHT)) - math.log(share)
                gain += hit if seen[axis] == value else math.log(_NOISE_WEIGHT / (1 + _NOISE_WEIGHT))
        return gain

    def familiarity(self, candidate: Attributes) -> float:
        """Return how common a candidate's attributes are: the mean log frequency of its values, in nats."""
        shares = [math.log(self._shares[axis][value]) for axis, value in candidate.items()]
        return sum(shares) / len(shares) if shares else 0.0

    def _log_shares(self, pairs: Iterable[_Pair], tally: _Tally, prior: float) -> dict[_Pair, float]:
        """Return the log of each value's share in a tally, smoothed towards the catalogue's frequencies."""
        totals = {axis: sum(values.values()) for axis, values in tally.items()}
        log_shares: dict[_Pair, float] = {}
        for pair in pairs:
            axis, value = pair
            share = self._shares[axis][value]
            if axis in totals:
                share = (tally[axis].get(value, 0) + prior * share) / (totals[axis] + prior)
            log_shares[pair] = math.log(share)
        return log_shares

    def _last_change(self, history: Sequence[Step], changes: int) -> int:
        """Return the index of the first interaction after the last change, in the most likely segmentation."""
        steps = len(history)
        # likelihood[n] is the best log probability of the first n interactions, with the segments added so far.
        likelihood = self._running_likelihood(history)
        for _ in range(changes - 1):
            parts = [self._running_likelihood(history[start:]) for start in range(steps + 1)]
            likelihood = [
                max(
                    (likelihood[start] + parts[start][end - start] for start in range(_MIN_SEGMENT, end)),
                    default=-math.inf,
                )
                for end in range(steps + 1)
            ]
        after = self._running_likelihood(history[::-1])[::-1]
        return max(range(_MIN_SEGMENT, steps - _MIN_SEGMENT + 1), key=lambda place: likelihood[place] + after[place])

    def _running_likelihood(self, history: Sequence[Step]) -> list[float]:
        """Return the log probability of the first 0, 1, 2, ... interactions under one unknown preference.

        The model is Dirichlet-multinomial with the catalogue's frequencies as prior. The probability of each value
        therefore depends on the values before it, and the probability of a segment does not depend on its order.
        """
        counts: dict[_Pair, int] = {}
        totals: dict[str, int] = {}
        running = [0.0]
        for step in history:
            gain = 0.0
            for pair in step.attributes.items():
                axis, value = pair
                count, total = counts.get(pair, 0), totals.get(axis, 0)
                gain += math.log((count + _PRIOR * self._shares[axis][value]) / (total + _PRIOR))
                counts[pair], totals[axis] = count + 1, total + 1
            running.append(running[-1] + gain)
        return running


def _tally(tools: Iterable[Attributes]) -> _Tally:
    tally: _Tally = {}
    for attributes in tools:
        for axis, value in attributes.items():
            counts = tally.get(axis)
            if counts is None:
                counts = tally[axis] = {}
            counts[value] = counts.get(value, 0) + 1
    return tally
