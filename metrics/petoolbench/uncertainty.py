"""How sure a rate is, and whether two systems differ.

The users of one query group share its question, so query groups are drawn, not rows (arXiv 2411.00640). Query groups
with the same outcome are interchangeable: what is drawn is how often each outcome comes, which makes ten thousand
resamples of ten thousand rows a matter of milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVEL: Final = 0.05
"""Of tests: two systems with a larger p are not told apart."""
_POWER: Final = 1.959964 + 0.841621
"""Standard errors by which two rates must differ to be found with 80 % probability at a level of 5 %."""
_MANY_OUTCOMES: Final = 128
_BLOCK: Final = 500_000
"""Query groups drawn at once."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems on the same rows. Rates and differences are -1 to 1."""

    difference: float
    """Rate of the first less that of the second."""
    low: float
    high: float
    """Ends of the 95 % interval of the difference."""
    p: float
    """How often chance alone would give a difference as large, 0 to 1."""
    detectable: float
    """Least difference that these rows would show with 80 % probability, at a level of 5 %."""
    rows: int
    query_groups: int

    @property
    def differs(self) -> bool:
        """Whether the two are told apart."""
        return not (self.low <= 0 <= self.high or self.p >= LEVEL)

    def in_words(self, first: str, second: str) -> str:
        """The comparison as a sentence."""
        if not self.differs:
            return (
                f"{first} and {second} cannot be told apart: the difference is {100 * self.difference:+.1f} points, "
                f"{100 * self.low:+.1f} to {100 * self.high:+.1f} (p {_shown(self.p)}). These {self.rows} rows would "
                f"show a difference of {100 * self.detectable:.1f} points."
            )
        ahead, low, high = (first, self.low, self.high) if self.difference > 0 else (second, -self.high, -self.low)
        return (
            f"{ahead} is ahead by {100 * abs(self.difference):.1f} points, {100 * low:.1f} to {100 * high:.1f} "
            f"(p {_shown(self.p)})."
        )


def _shown(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def intervals(
    outcomes: NDArray[np.float64], groups: Sequence[str], *, resamples: int, seed: int
) -> NDArray[np.float64]:
    """95 % intervals of the means of columns, by bootstrap over query groups.

    Args:
        outcomes: Array of shape (rows, columns).
        groups: Query group of each row.
        resamples: Number of resamples, at least 1.
        seed: Seed of the draws.

    Returns:
        Array of shape (columns, 2): the 2.5th and 97.5th percentile of the resampled means.
    """
    sums, counts = _by_outcome(outcomes, groups)
    totals = _resampled(sums, counts, resamples, np.random.default_rng(seed))
    return np.percentile(totals[:, :-1] / totals[:, -1:], (2.5, 97.5), axis=0).T


def compare(
    first: Sequence[float], second: Sequence[float], groups: Sequence[str], *, resamples: int = 10_000, seed: int = 0
) -> Comparison:
    """Compare two systems by their outcomes on the same rows: a paired bootstrap and a paired permutation test.

    Args:
        first: Outcome of the first system on each row, 0 to 1.
        second: That of the second, in the same order.
        groups: Query group of each row.
        resamples: Number of resamples and of permutations.
        seed: Seed of the draws.

    Raises:
        ValueError: If there are no rows, or not the same number of all three.
    """
    if not len(first) == len(second) == len(groups) > 0:
        raise ValueError(
            f"{len(first)} and {len(second)} outcomes of {len(groups)} rows: give one of each for each row."
        )
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    sums, counts = _by_outcome(differences[:, None], groups)
    rng = np.random.default_rng(seed)
    totals = _resampled(sums, counts, resamples, rng)
    low, high = np.percentile(totals[:, 0] / totals[:, 1], (2.5, 97.5))
    rows, clusters = len(groups), int(counts.sum())
    difference = float(differences.mean())
    # Under the hypothesis of no difference a query group's difference is as likely to have the other sign.
    kept = rng.binomial(counts, 0.5, size=(resamples, len(counts)))
    permuted = (2 * kept - counts) @ sums[:, 0] / rows
    extreme = int((np.abs(permuted) >= abs(difference) - 1e-12).sum())
    least = _POWER * _standard_error(sums, counts)
    return Comparison(difference, float(low), float(high), (extreme + 1) / (resamples + 1), least, rows, clusters)


def detectable(outcomes: NDArray[np.float64], groups: Sequence[str]) -> float:
    """Least difference between two systems that rows would show with 80 % probability, at a level of 5 %.

    That of two systems as good as this one whose errors have nothing to do with each other; of two whose errors are
    alike, less is seen: `compare` tells.

    Args:
        outcomes: Outcome of a system on each row, 0 to 1; shape (rows,).
        groups: Query group of each row.
    """
    return math.sqrt(2) * _POWER * _standard_error(*_by_outcome(outcomes[:, None], groups))


def _standard_error(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Standard error of the mean of the first column over rows, clustered on query groups."""
    rows = float(counts @ sums[:, -1])
    centred = sums[:, 0] - float(counts @ sums[:, 0]) / rows * sums[:, -1]
    return math.sqrt(float(counts @ centred**2)) / rows


def _by_outcome(outcomes: NDArray[np.float64], groups: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The different outcomes of a query group, as sums over its rows with their number last, and how often each is."""
    seen: dict[str, int] = {}
    index = np.fromiter((seen.setdefault(group, len(seen)) for group in groups), dtype=np.int64, count=len(groups))
    columns = [np.bincount(index, weights=column) for column in outcomes.T]
    sums = np.column_stack([*columns, np.bincount(index)])
    different, counts = np.unique(sums, axis=0, return_counts=True)
    return different, counts.astype(np.int64)


def _resampled(
    sums: NDArray[np.float64], counts: NDArray[np.int64], resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Totals of each resample: one row each, one column for each sum.

    Of few different outcomes it is drawn how often each comes; of many, which query groups come.
    """
    total = int(counts.sum())
    if len(counts) <= _MANY_OUTCOMES:
        return np.asarray(rng.multinomial(total, counts / total, size=resamples) @ sums)
    outcome_of = np.repeat(np.arange(len(counts)), counts)
    totals = np.empty((resamples, sums.shape[1]))
    step = max(1, _BLOCK // total)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = outcome_of[rng.integers(total, size=(size, total))] + len(counts) * np.arange(size)[:, None]
        often = np.bincount(drawn.ravel(), minlength=size * len(counts)).reshape(size, len(counts))
        totals[start : start + size] = often @ sums
    return totals
