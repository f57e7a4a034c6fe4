"""Numbers and durations as listings write them, with as many digits as give the value back."""

from __future__ import annotations

import math
from typing import Final

_ACCURACY: Final = 0.01
"""Relative error up to which a form may round a value."""
UNITS: Final = (
    (31_536_000, "year"),
    (2_592_000, "month"),
    (604_800, "week"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
    (1, "second"),
)
"""Seconds of each unit of time, the longest first."""


def places_of(value: float, least: int) -> int:
    """Return how many decimals, `least` or more, state a number to within the accuracy."""
    places = least
    while places < 9 and value and abs(round(value, places) / value - 1) > _ACCURACY:
        places += 1
    return places


def exact(value: float, least: int = 0) -> str:
    """Return a number with thousands separators and all of its decimals, `least` or more."""
    places = least
    while places < 9 and not math.isclose(round(value, places), value, rel_tol=1e-9):
        places += 1
    return f"{value:,.{places}f}"


def fixed(value: float, places: int) -> str:
    """Return a number with thousands separators and `places` decimals, or as many as the accuracy needs."""
    return f"{value:,.{places_of(value, places)}f}"


def decimal(value: float) -> str:
    """Return a number with thousands separators and as many decimals as three digits or the accuracy need."""
    places = places_of(value, max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0)
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration_of(seconds: float, largest: str) -> str:
    """Return a duration in the largest unit, up to `largest`, that gives a whole number, such as `90 seconds`."""
    whole = round(seconds)
    units = UNITS[[unit for _, unit in UNITS].index(largest) :]
    size, unit = next((size, unit) for size, unit in units if whole % size == 0 and (whole or size == 1))
    number = whole // size
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"
