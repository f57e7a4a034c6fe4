"""Scales of the numbers of a listing: in which form they are those of an axis, by what services usually state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import truediv
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.world.axes import AXES
from builder.world.facts import tidy
from builder.world.services import service_jobs

from .listing_numbers import Form, at_place, inverse_at, numbers

_REFERENCE: Final = "validation"
"""Split of the built-in catalogue from which it is known how the values of an axis are spread."""
_QUANTILES: Final = np.linspace(0.05, 0.95, 19)
_GRIDDED: Final = frozenset({"price", "rate_limit", "uptime", "retention", "freshness"})
"""Axes on which services state round numbers."""
_EXACT: Final = 0.0015
"""Distance from a usual number up to which a number is exactly that."""
_WEIGHT: Final = 1.5
"""What the spread of the values counts."""
_SHIFT: Final = 0.05
"""Distance that the ranges of a pack can cause."""
_CALLS: Final = (
    1,
    10,
    20,
    25,
    30,
    40,
    50,
    60,
    80,
    100,
    120,
    144,
    150,
    200,
    240,
    250,
    300,
    365,
    400,
    500,
    600,
    750,
    1000,
)
_TIMES: Final = (
    1,
    5,
    6,
    10,
    12,
    15,
    20,
    24,
    30,
    36,
    40,
    45,
    60,
    72,
    90,
    100,
    120,
    180,
    300,
    600,
    900,
    1800,
    3600,
    7200,
)
_FACTORS: Final[dict[str, Sequence[float]]] = {
    "price": [1000 / calls * unit for calls in (*_CALLS, 2e3, 5e3, 1e4, 1e5, 1e6) for unit in (1, 0.01, 0.001)],
    "rate_limit": [60 / window for window in (*_TIMES, 43_200, 86_400, 604_800)],
    "latency": [1, 1000, 10, 100, 60_000, *(1000 / calls for calls in _CALLS), *(60_000 / calls for calls in _CALLS)],
    "retention": [1, 1 / 24, 1 / 1440, 1 / 86_400, 7, 30, 0.25, 0.5, 2, 3, 10, 365 / 12],
    "freshness": [*_TIMES, 43_200, 86_400, 604_800, 2_592_000, 21_600],
    "archive": [1, 1 / 12, 1 / 365, 10, 5, 0.25, 0.5, 1 / 52, 100],
    "coverage": [1, 12, 10, 20, 100, 5, 2],
    "standing": [1, 2, 0.1, 0.5, 10 / 3, 10 / 6, 10 / 7, 0.01, 10 / 20, 10 / 4],
}
"""Factors by which a number of a usual unit becomes one of the axis."""
_BASES: Final = {
    "price": (1000, 10, 1),
    "rate_limit": (60, 1, 1 / 60),
    "latency": (1000, 1, 60_000, 3_600_000),
    "retention": (1, 1 / 24),
    "freshness": (1, 60, 3600, 86_400),
    "archive": (1, 1 / 12),
    "standing": (10, 1),
}
"""Factors of a product or ratio of two numbers."""
_DOWN: Final = (1, 0.1, 0.01, 0.001, 1 / 432, 1 / 87.6, 1 / 7.2, 1 / 14.4, 1 / 100.8, 1 / 864, 10, 5, 1 / 3, 0.5, 0.2)
"""Factors by which a number becomes the share that an uptime, in percent, lacks."""


@cache
def reference(axis: str) -> NDArray[np.float64]:
    """Return quantiles of the positions of an axis in the built-in catalogue."""
    values = [
        float(service.facts[axis])
        for job in service_jobs(_REFERENCE)
        if axis in job.axes
        for service in job.services
        if service.facts[axis] != 0
    ]
    found: NDArray[np.float64] = np.quantile([AXES[axis].position(value) for value in values], _QUANTILES)
    return found


def fit_of(axis: str, values: Sequence[float | None]) -> float:
    """Return how well values are those of an axis, about 1 if they could not be better.

    Args:
        axis: Axis with numbers.
        values: One number for each tool; None where none is read.
    """
    read = [value for value in values if value is not None]
    if not read:
        return 0.0
    usual = sum(_usual(axis, value) for value in read) / len(values)
    positions = np.quantile([AXES[axis].position(value) for value in read], _QUANTILES)
    known = reference(axis)
    distance = float(np.abs(positions - known).mean() / (known[-1] - known[0]))
    return usual - _WEIGHT * max(distance - _SHIFT, 0.0) * min(len(read) / 10, 1.0)


def _usual(axis: str, value: float) -> float:
    """Return 1 for a number that services use, less for another one."""
    low, high = AXES[axis].quantiles[0] / 5, AXES[axis].quantiles[-1] * 5
    if axis == "uptime":
        low, high = 88.0, 99.999
    if not low <= value <= high or (axis == "standing" and value > 10):
        return 0.0
    error = abs(AXES[axis].position(tidy(AXES[axis], value)) - AXES[axis].position(value))
    if axis == "standing" and value > 9.9:
        error = abs(tidy(AXES[axis], value) - value)
    if error < _EXACT:
        return 1.0
    if axis in _GRIDDED:
        return 0.9 if error < 0.011 else 0.3
    return 0.9 if error < 0.011 else 0.5


def other_forms(axis: str) -> list[Form]:
    """Return forms in units that no listing of the repository has."""
    if axis == "uptime":
        return [
            *(_lack(100, factor) for factor in _DOWN),
            *(_lack_inverse(factor) for factor in (100, 1, 10, 1000)),
        ]
    forms = [at_place(place, factor) for place in (0, 1) for factor in _FACTORS[axis]]
    if axis in ("price", "rate_limit", "latency"):
        product = {"price": 1000.0, "rate_limit": 60.0, "latency": 1000.0}[axis]
        forms += [inverse_at(0, product * size) for size in (*_TIMES, *_CALLS, 1e4, 1e5)]
    forms += [form for base in _BASES.get(axis, (1,)) for form in _with_constants(base)]
    if axis == "standing":
        forms += [_lack(10, factor) for factor in (1, 0.1, 2)]
    return forms


def _with_constants(base: float) -> list[Form]:
    """Return forms that relate two numbers: a product, and both ratios."""

    def of_two(relation: Callable[[float, float], float]) -> Form:
        def read(text: str) -> float | None:
            values = numbers(text)
            return base * relation(values[0], values[1]) if len(values) > 1 and values[0] and values[1] else None

        return read

    return [of_two(lambda one, other: one * other), of_two(truediv), of_two(lambda one, other: other / one)]


def _lack(whole: float, factor: float) -> Form:
    """Return a form that reads how much is missing to the whole."""
    read = at_place(0, factor)
    return lambda text: None if (value := read(text)) is None else whole - value


def _lack_inverse(share: float) -> Form:
    """Return a form that reads in how many one is missing."""
    read = inverse_at(0, share)
    return lambda text: None if (value := read(text)) is None else 100 - value
