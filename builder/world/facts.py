"""Facts: typed values of axes, drawn from the distributions of real listings."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np

from .axes import Axis, Value
from .plans import PRICES

Facts = Mapping[str, Value]
"""Value of each stated axis, by the name of the axis, in canonical units."""
LEVEL_SHARES: Final[Mapping[str, tuple[float, ...]]] = {
    "access": (0.28, 0.38, 0.21, 0.13),
    "region": (0.36, 0.42, 0.22),
    "source": (0.25, 0.25, 0.3, 0.2),
    "reuse": (0.4, 0.32, 0.28),
    "lifecycle": (0.74, 0.18, 0.08),
    "payload": (0.5, 0.5),
}
"""Probability of each level or category."""
_SHARE_POINTS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Shares that the quantiles of an axis belong to."""
_STEPS: Final[Mapping[str, Sequence[float]]] = {
    "price": PRICES,
    "retention": (0.0, 0.25, 1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0),
    "freshness": (
        5.0,
        15.0,
        60.0,
        300.0,
        900.0,
        1800.0,
        3600.0,
        10800.0,
        21600.0,
        43200.0,
        86400.0,
        604800.0,
        2592000.0,
    ),
    "uptime": (95.0, 97.0, 98.0, 98.5, 99.0, 99.3, 99.5, 99.7, 99.8, 99.9, 99.95, 99.98, 99.99),
    "rate_limit": (5, 10, 20, 30, 60, 120, 180, 240, 300, 600, 900, 1200, 1800, 2400, 3000, 6000),
}
"""Values that services state on axes where they use round ones."""
_WHOLE: Final = frozenset({"archive", "coverage"})
"""Axes whose numbers are counts."""


def draw_value(axis: Axis, rng: np.random.Generator) -> Value:
    """Draw a value of an axis from the distribution of real listings.

    Numbers have at most three significant digits, or are round where services state round ones.
    """
    if not axis.is_number:
        return axis.levels[int(rng.choice(len(axis.levels), p=LEVEL_SHARES[axis.name]))]
    return tidy(axis, _quantile(axis, float(rng.random())))


def tidy(axis: Axis, value: float) -> float:
    """Round a number as services state it: to the nearest usual step, or to two significant digits.

    Latency is measured, in whole milliseconds. Counts are whole numbers and at least 2; standing is at most 10.
    """
    if value == 0:
        return 0.0
    if axis.name in _STEPS:
        steps, middles = _steps(axis)
        return steps[bisect_left(middles, axis.position(value))]
    if axis.name == "latency":
        return float(round(value))
    rounded = round(value, 1 - math.floor(math.log10(abs(value))))
    if axis.name in _WHOLE:
        return float(max(round(rounded), 2))
    return min(rounded, 10.0) if axis.name == "standing" else rounded


@cache
def _steps(axis: Axis) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the usual values of an axis, ascending, and the positions in the middle between two of them."""
    steps = tuple(sorted(map(float, _STEPS[axis.name])))
    positions = [axis.position(step) for step in steps]
    return steps, tuple((first + second) / 2 for first, second in itertools.pairwise(positions))


def fit(axis: Axis, value: float, low: float, high: float) -> float:
    """Move a number to the part of its axis that fits a functionality.

    Numbers keep their order, but different ones can become equal.

    Args:
        axis: Axis of the number.
        value: Number in the canonical unit.
        low: Lowest number that fits.
        high: Highest number that fits.
    """
    first, last = axis.position(axis.quantiles[0]), axis.position(axis.quantiles[-1])
    share = (axis.position(value) - first) / (last - first)
    moved = tidy(axis, axis.at(axis.position(low) + share * (axis.position(high) - axis.position(low))))
    return float(min(max(moved, low), high))


def _quantile(axis: Axis, share: float) -> float:
    """Return a quantile by interpolation between those of the axis; beyond them, the outer slope continues."""
    points = [axis.position(value) for value in axis.quantiles]
    if share < _SHARE_POINTS[0]:
        slope = (points[1] - points[0]) / (_SHARE_POINTS[1] - _SHARE_POINTS[0])
        return axis.at(points[0] + (share - _SHARE_POINTS[0]) * slope)
    if share > _SHARE_POINTS[-1]:
        slope = (points[-1] - points[-2]) / (_SHARE_POINTS[-1] - _SHARE_POINTS[-2])
        return axis.at(points[-1] + (share - _SHARE_POINTS[-1]) * slope)
    return axis.at(float(np.interp(share, _SHARE_POINTS, points)))
