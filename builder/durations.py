"""Lengths of time in seconds, by the words that documentation and listings have for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SECONDS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "second": 1.0,
        "minute": 60.0,
        "hour": 3_600.0,
        "day": 86_400.0,
        "week": 604_800.0,
        "month": 2_592_000.0,
        "year": 31_536_000.0,
    }
)
"""Seconds of each unit. A month has 30 days, and a year has 365."""
SECONDS_BETWEEN: Final[Mapping[str, float]] = MappingProxyType(
    {
        "hourly": SECONDS["hour"],
        "daily": SECONDS["day"],
        "nightly": SECONDS["day"],
        "weekly": SECONDS["week"],
        "monthly": SECONDS["month"],
        "yearly": SECONDS["year"],
    }
)
"""Seconds between the events of something that happens so often."""
