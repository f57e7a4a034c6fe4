"""95 % intervals of rates, for which outcomes may be alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from metrics.petoolbench.uncertainty import intervals, wilson

RESAMPLES: Final = 2000


def interval(values: Sequence[float], groups: Sequence[str]) -> tuple[float, float]:
    """Return the ends of the 95 % interval of a mean, by a seeded bootstrap over clusters.

    If all clusters have the same mean, or there is only one, the bootstrap has no spread. The result is then Wilson's
    interval, with one trial per cluster.

    Args:
        values: Values from 0 to 1; not empty.
        groups: Cluster of each value, such as its query group, in the same order.
    """
    ends = intervals(np.array(values, dtype=np.float64)[:, None], groups, resamples=RESAMPLES, seed=0)
    low, high = map(float, ends[0])
    return wilson(sum(values) / len(values), len(set(groups))) if low == high else (low, high)
