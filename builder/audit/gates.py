"""Gates: bounds on the accuracy of predictors that the audit enforces.

An upper gate fails if the accuracy is above the bound by more than chance explains. The test is one-sided, on the mean
of (right - bound) over rows. Standard errors are clustered on query groups, whose users share one instruction
(arXiv 2411.00640). The level is divided by the number of tests of a config (Bonferroni): each gate is tested on all
rows and on the rows of each split.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Final

ALPHA: Final = 0.001
"""Probability that a valid config fails any of its gates; small, so that valid data sets pass with any seed."""
READER_BOUND: Final = 0.99
"""Minimum accuracy of a reader, such as the oracle, where ratings are not flipped."""
_MIN_CLUSTERS: Final = 30
"""With fewer query groups, the estimated standard error is unreliable: it is raised to that of independent draws at
the bound."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a predictor on one row."""

    query_group: str
    right: float
    """1 if correct, 0 if wrong; in between for a rule that draws among several candidates."""
    bound: float
    """Maximum expected accuracy on this row, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A predictor's accuracy compared with its bound."""

    name: str
    accuracy: float
    """0 to 1."""
    bound: float
    """Mean over the rows, 0 to 1."""
    margin: float
    """Deviation from the bound that chance explains: added to an upper bound, subtracted from a lower one."""
    rows: int
    passed: bool
    """True if the gate holds for all rows and, if measured by split, for each split."""
    splits: Mapping[str, float] = field(default_factory=dict)
    """Accuracy in each split, 0 to 1; empty if not measured by split."""
    failed_in: tuple[str, ...] = ()
    """Splits for which the gate does not hold."""
    is_lower: bool = False
    """True if the bound is the minimum accuracy, as for readers; False if it is the maximum."""

    @property
    def decides(self) -> bool:
        """True if some accuracy would fail the gate; False if there are too few rows."""
        return self.is_lower or self.bound + self.margin < 1


def in_each_split(gate: Callable[[Sequence[Outcome]], Gate], outcomes: Mapping[str, Sequence[Outcome]]) -> Gate:
    """Return a gate over all rows that must also hold for each split.

    Without the second condition, a defect in a small split could vanish in the mean.

    Args:
        gate: Function that measures the gate on some rows.
        outcomes: Outcomes by split, at least one in each.
    """
    pooled = gate([outcome for split_outcomes in outcomes.values() for outcome in split_outcomes])
    by_split = {split: gate(split_outcomes) for split, split_outcomes in outcomes.items()}
    failed = tuple(split for split, split_gate in by_split.items() if not split_gate.passed)
    accuracies = {split: split_gate.accuracy for split, split_gate in by_split.items()}
    return replace(pooled, passed=pooled.passed and not failed, splits=accuracies, failed_in=failed)


def upper_gate(name: str, outcomes: Sequence[Outcome], gates: int) -> Gate:
    """Return a gate that fails if the accuracy is significantly above the bound.

    Args:
        name: Name of the predictor.
        outcomes: At least one outcome.
        gates: Number of tests that share the level `ALPHA`.
    """
    accuracy, bound, margin = _measure(outcomes, gates)
    return Gate(name, accuracy, bound, margin, len(outcomes), accuracy - bound <= margin + _ROUNDING)


def reader_gate(name: str, outcomes: Sequence[Outcome], expected_loss: float = 0.0, gates: int = 1) -> Gate:
    """Return a gate that fails if the accuracy of a reader is below its bound.

    Args:
        name: Name of the reader.
        outcomes: At least one outcome.
        expected_loss: Share of the rows that cannot be answered because ratings were flipped, 0 to 1; lowers the
            bound. Where it is 0, the gate has no margin.
        gates: Number of tests that share the level `ALPHA`.
    """
    accuracy, _, margin = _measure(outcomes, gates)
    bound, margin = READER_BOUND - expected_loss, margin if expected_loss else 0.0
    passed = accuracy >= bound - margin - _ROUNDING
    return Gate(name, accuracy, bound, margin, len(outcomes), passed, is_lower=True)


def _measure(outcomes: Sequence[Outcome], gates: int) -> tuple[float, float, float]:
    """Return the accuracy, the mean bound, and the margin of error of the difference between the two."""
    count = len(outcomes)
    accuracy = sum(outcome.right for outcome in outcomes) / count
    bound = sum(outcome.bound for outcome in outcomes) / count
    excess = accuracy - bound
    residuals: defaultdict[str, float] = defaultdict(float)
    for outcome in outcomes:
        residuals[outcome.query_group] += outcome.right - outcome.bound - excess
    error = math.sqrt(sum(residual**2 for residual in residuals.values())) / count
    if len(residuals) < _MIN_CLUSTERS:
        error = max(error, math.sqrt(sum(outcome.bound * (1 - outcome.bound) for outcome in outcomes)) / count)
    return accuracy, bound, _student_quantile(1 - ALPHA / gates, len(residuals) - 1) * error if error else 0.0


def _student_quantile(probability: float, freedom: int) -> float:
    """Approximate the quantile of Student's t (Abramowitz and Stegun, 26.7.5)."""
    if freedom < 1:
        return math.inf
    z = NormalDist().inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
