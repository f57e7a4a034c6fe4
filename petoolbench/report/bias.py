"""Whether a run calls candidates for where they stand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .gather import Judged

_DRAWS: Final = 2000


@dataclass(frozen=True, slots=True)
class PositionBias:
    """How often the candidate at each place is called."""

    calls: int
    """Calls of a candidate; calls of other tools have no place."""
    shares: tuple[float, ...]
    """Of the calls, by place as shown, 0 to 1."""
    even: tuple[float, ...]
    """What they would be if places did not matter."""
    p: float
    """How often calls that do not go by place would be as uneven, 0 to 1."""

    @property
    def most(self) -> int:
        """The place that is called most beyond its due, from 0."""
        return max(range(len(self.shares)), key=lambda place: self.shares[place] - self.even[place])


def position_bias(run: Judged, *, draws: int = _DRAWS, seed: int = 0) -> PositionBias | None:
    """Hold a run's calls against calls that do not go by place: a permutation test.

    The users of a query group see the same candidates in the same order, so that calls of one tool by several of them
    are of one place, whatever the order; therefore places are permuted for all rows of an order together.

    Args:
        run: The run.
        draws: Number of permutations.
        seed: Of the permutations.

    Returns:
        What was found; None where no candidate is called.
    """
    orders: defaultdict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    for index in run.asked:
        names, called = run.candidates[index], run.called[index]
        if called in names:
            orders[run.rows[index].query_group, names].append(names.index(called))
    if not orders:
        return None
    widest = max(len(names) for _, names in orders)
    by_width: defaultdict[int, list[NDArray[np.int64]]] = defaultdict(list)
    for (_, names), places in orders.items():
        by_width[len(names)].append(np.bincount(places, minlength=len(names)))
    rng = np.random.default_rng(seed)
    seen, even, drawn = np.zeros(widest), np.zeros(widest), np.zeros((draws, widest))
    for width, counted in sorted(by_width.items()):
        counts = np.array(counted)
        seen[:width] += counts.sum(axis=0)
        even[:width] += counts.sum() / width
        for draw in range(draws):
            drawn[draw, :width] += rng.permuted(counts, axis=1).sum(axis=0)
    unevenness = ((seen - even) ** 2 / even).sum()
    extreme = int((((drawn - even) ** 2 / even).sum(axis=1) >= unevenness - 1e-9).sum())
    total = int(seen.sum())
    return PositionBias(total, tuple(seen / total), tuple(even / total), (extreme + 1) / (draws + 1))
