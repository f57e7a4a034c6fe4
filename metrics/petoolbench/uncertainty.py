"""Confidence intervals of rates, and comparison of two systems.

Users in a query group share its question, so their outcomes are correlated. Query groups are therefore resampled, not
rows (arXiv 2411.00640, clustered standard errors).

Query groups with the same outcome are interchangeable, so a resample is a draw of how often each distinct outcome
occurs. With it, 10,000 resamples of 10,000 rows take milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVEL: Final = 0.05
"""Significance level of the comparison."""
_Z: Final = 1.959964
"""Quantile of the normal distribution for a two-sided interval of 95 %."""
_POWER: Final = _Z + 0.841621
"""Difference, in units of its standard error, that is detected with 80 % power at a significance level of 5 %."""
_MANY_OUTCOMES: Final = 128
"""Number of distinct outcomes up to which the counts of outcomes are drawn, instead of query groups."""
_BLOCK: Final = 500_000
"""Number of query groups drawn per block, to bound the memory."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Comparison of two systems on the same rows. Differences are from -1 to 1."""

    difference: float
    """Mean outcome of the first system minus that of the second."""
    low: float
    """Lower end of the 95 % confidence interval of the difference."""
    high: float
    """Upper end of the interval."""
    p: float
    """p-value of the two-sided permutation test, from 0 to 1."""
    detectable: float
    """Smallest difference that is detected on these rows with 80 % power at a significance level of 5 %."""
    rows: int
    """Number of rows."""
    query_groups: int
    """Number of query groups."""

    @property
    def differs(self) -> bool:
        """True if the difference is significant by both the bootstrap interval and the permutation test."""
        return not (self.low <= 0 <= self.high or self.p >= LEVEL)

    def in_words(self, first: str, second: str) -> str:
        """Describe the comparison in one or two sentences.

        Args:
            first: Name of the first system.
            second: Name of the second system.
        """
        if not self.differs:
            return (
                f"{first} and {second} do not differ significantly: the difference is "
                f"{100 * self.difference:+.1f} points, {100 * self.low:+.1f} to {100 * self.high:+.1f} "
                f"(p {_p_value(self.p)}). The smallest detectable difference on these {self.rows} rows is "
                f"{100 * self.detectable:.1f} points."
            )
        ahead, low, high = (first, self.low, self.high) if self.difference > 0 else (second, -self.high, -self.low)
        return (
            f"{ahead} is ahead by {100 * abs(self.difference):.1f} points, {100 * low:.1f} to {100 * high:.1f} "
            f"(p {_p_value(self.p)})."
        )


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the ends of Wilson's 95 % interval for a share of `count` independent trials; `count` is at least 1."""
    centre = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def intervals(
    outcomes: NDArray[np.float64], groups: Sequence[str], *, resamples: int, seed: int
) -> NDArray[np.float64]:
    """Return 95 % confidence intervals of column means, by bootstrap over query groups.

    Args:
        outcomes: Array of shape (rows, columns), at least one row.
        groups: Query group of each row.
        resamples: Number of bootstrap resamples, at least 1.
        seed: Seed for the bootstrap.

    Returns:
        Array of shape (columns, 2): the 2.5th and 97.5th percentiles of the resampled means.
    """
    sums, counts = _by_outcome(outcomes, groups)
    totals = _resampled(sums, counts, resamples, np.random.default_rng(seed))
    return np.percentile(totals[:, :-1] / totals[:, -1:], (2.5, 97.5), axis=0).T


def compare(
    first: Sequence[float], second: Sequence[float], groups: Sequence[str], *, resamples: int = 10_000, seed: int = 0
) -> Comparison:
    """Compare two systems on the same rows, by a paired bootstrap and a paired permutation test.

    Both treat a query group as one unit.

    Args:
        first: Outcome of the first system on each row, from 0 to 1.
        second: Outcome of the second system on each row, in the same order.
        groups: Query group of each row.
        resamples: Number of bootstrap resamples and of permutations.
        seed: Seed for both.

    Returns:
        The difference in the mean outcome, with its interval and p-value.

    Raises:
        ValueError: If there are no rows, or the three sequences differ in length.
    """
    if not len(first) == len(second) == len(groups) > 0:
        raise ValueError(
            f"There are {len(first)} and {len(second)} outcomes for {len(groups)} rows. "
            "Pass one outcome of each system for each row, and at least one row."
        )
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    sums, counts = _by_outcome(differences[:, None], groups)
    rng = np.random.default_rng(seed)
    totals = _resampled(sums, counts, resamples, rng)
    low, high = np.percentile(totals[:, 0] / totals[:, 1], (2.5, 97.5))
    rows, clusters = len(groups), int(counts.sum())
    difference = float(differences.mean())
    # Under the null hypothesis, the difference in a query group is as likely to have the opposite sign.
    unflipped = rng.binomial(counts, 0.5, size=(resamples, len(counts)))
    permuted = (2 * unflipped - counts) @ sums[:, 0] / rows
    extreme = int((np.abs(permuted) >= abs(difference) - 1e-12).sum())
    smallest = _POWER * _standard_error(sums, counts)
    return Comparison(difference, float(low), float(high), (extreme + 1) / (resamples + 1), smallest, rows, clusters)


def detectable(outcomes: NDArray[np.float64], groups: Sequence[str]) -> float:
    """Return the smallest difference between two systems that is detected with 80 % power at a level of 5 %.

    It assumes that the other system has the same standard error and independent errors. If the errors are positively
    correlated, smaller differences are detectable; `Comparison.detectable` takes the correlation into account.

    Args:
        outcomes: Outcome of a system on each row, from 0 to 1; shape (rows,).
        groups: Query group of each row.
    """
    return math.sqrt(2) * _POWER * _standard_error(*_by_outcome(outcomes[:, None], groups))


def _standard_error(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the standard error of the mean of the first column over rows, clustered by query group."""
    rows = float(counts @ sums[:, -1])
    centred = sums[:, 0] - float(counts @ sums[:, 0]) / rows * sums[:, -1]
    return math.sqrt(float(counts @ centred**2)) / rows


def _by_outcome(outcomes: NDArray[np.float64], groups: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distinct outcomes of query groups and their counts.

    An outcome is the sum of each column over the rows of a query group, followed by the number of rows.
    """
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    index = np.fromiter(map(numbers.__getitem__, groups), dtype=np.int64, count=len(groups))
    columns = [np.bincount(index, weights=column) for column in outcomes.T]
    sums = np.column_stack([*columns, np.bincount(index)])
    distinct, counts = np.unique(sums, axis=0, return_counts=True)
    return distinct, counts.astype(np.int64)


def _resampled(
    sums: NDArray[np.float64], counts: NDArray[np.int64], resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the totals of each resample, shape (resamples, columns of `sums`).

    With few distinct outcomes, the count of each is drawn; with many, the query groups themselves.
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
        occurrences = np.bincount(drawn.ravel(), minlength=size * len(counts)).reshape(size, len(counts))
        totals[start : start + size] = occurrences @ sums
    return totals
