"""The bound that each predictor must keep to.

A gate on a shortcut fails when its accuracy is above the bound by more than chance explains: a one-sided test on the
mean of (right - bound) over rows, with a standard error clustered on query groups, since the users of one query group
share its question (arXiv 2411.00640), and Bonferroni's correction for the number of gates of a config, each of which is
tested on all rows and on those of each split.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Final

ALPHA: Final = 0.001
"""Chance that a valid config fails any of its gates; small, so that a valid data set passes on any seed."""
ORACLE: Final = "oracle"
ORACLE_BOUND: Final = 0.99
_FEW: Final = 30
"""With fewer query groups their own spread says too little: it counts as that of independent draws at the bound, if
that is larger."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a predictor did on one row."""

    query_group: str
    right: float
    """1 or 0; between them for a rule that would draw among several."""
    bound: float
    """What the predictor may reach on this row, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A predictor's accuracy beside its bound."""

    name: str
    accuracy: float
    bound: float
    """Mean over the rows, 0 to 1."""
    margin: float
    """What chance may add to, or for the oracle take from, the bound, 0 to 1."""
    rows: int
    passed: bool
    """For all rows and, where the splits are told apart, for those of each."""
    splits: Mapping[str, float] = field(default_factory=dict)
    """Accuracy in each split, 0 to 1; empty where they are not told apart."""
    failed_in: tuple[str, ...] = ()
    """Splits that the gate does not hold for by themselves."""

    @property
    def decides(self) -> bool:
        """Whether there is an accuracy that the gate would not let pass."""
        return self.bound + self.margin < 1 or self.name == ORACLE


def in_each_split(gate: Callable[[Sequence[Outcome]], Gate], outcomes: Mapping[str, Sequence[Outcome]]) -> Gate:
    """A gate on all rows that must hold for each split too: one tenth of the rows could hide in the mean.

    Args:
        gate: Measures it on some rows.
        outcomes: By split, at least one row in each.
    """
    whole = gate([one for own in outcomes.values() for one in own])
    each = {split: gate(own) for split, own in outcomes.items()}
    failed = tuple(split for split, own in each.items() if not own.passed)
    splits = {split: own.accuracy for split, own in each.items()}
    return replace(whole, passed=whole.passed and not failed, splits=splits, failed_in=failed)


def upper_gate(name: str, outcomes: Sequence[Outcome], gates: int) -> Gate:
    """A gate that the accuracy must stay below.

    Args:
        name: What was tried.
        outcomes: At least one row.
        gates: Number of tests that are to hold together.
    """
    accuracy, bound, margin = _measured(outcomes, gates)
    return Gate(name, accuracy, bound, margin, len(outcomes), accuracy - bound <= margin + _ROUNDING)


def oracle_gate(outcomes: Sequence[Outcome], expected_loss: float = 0.0, gates: int = 1) -> Gate:
    """The gate that the oracle must reach; without a margin where nothing is expected to mislead it.

    Args:
        outcomes: At least one row.
        expected_loss: Share of the rows that noise makes unanswerable; lowers the bound.
        gates: Number of tests that are to hold together.
    """
    accuracy, _, margin = _measured(outcomes, gates)
    bound, margin = ORACLE_BOUND - expected_loss, margin if expected_loss else 0.0
    return Gate(ORACLE, accuracy, bound, margin, len(outcomes), accuracy >= bound - margin - _ROUNDING)


def _measured(outcomes: Sequence[Outcome], gates: int) -> tuple[float, float, float]:
    """Accuracy, mean bound, and the margin of their difference."""
    count = len(outcomes)
    accuracy = sum(outcome.right for outcome in outcomes) / count
    bound = sum(outcome.bound for outcome in outcomes) / count
    excess = accuracy - bound
    sums: defaultdict[str, float] = defaultdict(float)
    for outcome in outcomes:
        sums[outcome.query_group] += outcome.right - outcome.bound - excess
    error = math.sqrt(sum(value**2 for value in sums.values())) / count
    if len(sums) < _FEW:
        error = max(error, math.sqrt(sum(outcome.bound * (1 - outcome.bound) for outcome in outcomes)) / count)
    return accuracy, bound, _student(1 - ALPHA / gates, len(sums) - 1) * error if error else 0.0


def _student(probability: float, freedom: int) -> float:
    """Quantile of Student's t, by its expansion about the normal (Abramowitz and Stegun, 26.7.5)."""
    if freedom < 1:
        return math.inf
    z = NormalDist().inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
