"""95 % intervals of rates, for which outcomes may be alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from metrics.petoolbench.uncertainty import intervals

RESAMPLES: Final = 2000
_Z: Final = 1.959964


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


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the ends of Wilson's 95 % interval for a share of `count` independent trials."""
    centre = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)
