"""Position bias: does a run prefer candidates at certain positions in the prompt?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .gather import JudgedRun

_DRAWS: Final = 2000
_Order = tuple[str, tuple[str, ...]]
"""Query group, and names of the candidates as shown."""


@dataclass(frozen=True, slots=True)
class PositionBias:
    """Distribution of a run's calls over the positions of the candidates."""

    calls: int
    """Number of calls to a candidate; hallucinated tools have no position."""
    shares: tuple[float, ...]
    """Share of the calls at each position, 0 to 1."""
    even: tuple[float, ...]
    """Expected shares if position had no effect, 0 to 1."""
    p: float
    """P-value of the permutation test, 0 to 1."""

    @property
    def most(self) -> int:
        """Position with the largest excess over its expected share, counted from 0."""
        return max(range(len(self.shares)), key=lambda position: self.shares[position] - self.even[position])


def position_bias(run: JudgedRun, *, draws: int = _DRAWS, seed: int = 0) -> PositionBias | None:
    """Test by permutation whether the position of a candidate influences a run's calls.

    The users of a query group see the same candidates in the same order. If several of them call the same tool, their
    calls share a position in any order. Positions are therefore permuted for all instances with the same order
    together.

    Args:
        run: A judged run.
        draws: Number of permutations.
        seed: Seed for the permutations.

    Returns:
        The distribution and its p-value; None if the run calls no candidate.
    """
    positions_by_order = _called_positions(run)
    if not positions_by_order:
        return None
    widest = max(len(names) for _, names in positions_by_order)
    by_width: defaultdict[int, list[NDArray[np.int64]]] = defaultdict(list)
    for (_, names), positions in positions_by_order.items():
        by_width[len(names)].append(np.bincount(positions, minlength=len(names)))
    rng = np.random.default_rng(seed)
    observed, expected, permuted = np.zeros(widest), np.zeros(widest), np.zeros((draws, widest))
    for width, counts_by_order in sorted(by_width.items()):
        counts = np.array(counts_by_order)
        observed[:width] += counts.sum(axis=0)
        expected[:width] += counts.sum() / width
        for draw in range(draws):
            permuted[draw, :width] += rng.permuted(counts, axis=1).sum(axis=0)
    statistic = ((observed - expected) ** 2 / expected).sum()
    extreme = int((((permuted - expected) ** 2 / expected).sum(axis=1) >= statistic - 1e-9).sum())
    total = int(observed.sum())
    return PositionBias(total, tuple(observed / total), tuple(expected / total), (extreme + 1) / (draws + 1))


def _called_positions(run: JudgedRun) -> dict[_Order, list[int]]:
    """Return the positions of the called candidates, grouped by query group and order of the candidates."""
    positions: defaultdict[_Order, list[int]] = defaultdict(list)
    for index in run.asked:
        names, called = run.candidates[index], run.called[index]
        if called in names:
            positions[run.rows[index].query_group, names].append(names.index(called))
    return positions
