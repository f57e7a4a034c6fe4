"""Axes: the non-functional properties of services that users choose by, as typed quantities.

Each axis has one canonical unit, in which values are compared. `better` is the direction that all users prefer: no user
wants a slower, more expensive or less current service. On the other axes (`matter`) users differ, so a preference names
a category. Ranges are those of public listings (see docs/explanation/world.md), and for real services those of the
packages that state them (see docs/guides/real-services.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Better = Literal["less", "more", "matter"]
Value = float | str
"""A number in the canonical unit, a level, or a category."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A non-functional property of a service."""

    name: str
    label: str
    """Words for people, such as in `meta.wanted`."""
    better: Better
    unit: str = ""
    """Canonical unit of a number; empty for levels and categories."""
    quantiles: tuple[float, ...] = ()
    """Observed values at 5, 25, 50, 75 and 95 %, ascending; between them values are spread evenly on the log scale."""
    levels: tuple[str, ...] = ()
    """Ordered levels, the best first; or categories."""
    provider: bool = False
    """True for a property of the provider, which holds for all of its tools."""
    measured: bool = False
    """True for a measurement, which varies over time."""

    @property
    def is_number(self) -> bool:
        """True if values are numbers."""
        return bool(self.quantiles)

    def goodness(self, value: Value) -> float:
        """Return how good a value is, 0 (worst observed) to 1 (best observed); on the log scale for numbers.

        Raises:
            ValueError: If the axis has no preferred direction (`matter`), or the value is not one of its levels.
        """
        if self.better == "matter":
            raise ValueError(f"axis {self.name!r} has no better or worse; compare its categories")
        if not self.is_number:
            if value not in self.levels:
                raise ValueError(f"{value!r} is not a level of axis {self.name!r}; levels: {', '.join(self.levels)}")
            return 1 - self.levels.index(str(value)) / (len(self.levels) - 1)
        low, high = self.position(self.quantiles[0]), self.position(self.quantiles[-1])
        share = min(max((self.position(float(value)) - low) / (high - low), 0.0), 1.0)
        return share if self.better == "more" else 1 - share

    def bound(self, goodness: float) -> str:
        """Return a requirement in words, such as `at most 310 ms`, `at least 99.5 %` or `account or better`.

        Args:
            goodness: Minimum goodness, 0 to 1.
        """
        if not self.is_number:
            level = min((level for level in self.levels if self.goodness(level) >= goodness - 1e-9), key=self.goodness)
            return f"{level} or better"
        worst, best = self.position(self.quantiles[0]), self.position(self.quantiles[-1])
        if self.better == "less":
            worst, best = best, worst
        value = self.at(worst + goodness * (best - worst))
        digits = f"{value:.4g}" if self.name == "uptime" else f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
        return f"at {'most' if self.better == 'less' else 'least'} {digits} {self.unit}".strip()

    def position(self, value: float) -> float:
        """Return the position on the log scale of the axis, or of the distance to a perfect value if it has one."""
        perfect = _PERFECT.get(self.name)
        if perfect is not None:
            return -math.log(max(perfect - value, perfect * 1e-6))
        return math.log(max(value, self.quantiles[0] / 4))

    def at(self, position: float) -> float:
        """Return the number at a position on the scale of the axis, the inverse of `position`."""
        perfect = _PERFECT.get(self.name)
        return math.exp(position) if perfect is None else perfect - math.exp(-position)


_PERFECT: Final = {"uptime": 100.0, "standing": 10.0}
"""Axes of which nearly all values are close to the perfect one."""
_AXES: Final = (
    Axis("price", "lower price", "less", "USD per 1,000 calls", (0.1, 0.6, 2.0, 6.0, 20.0)),
    Axis(
        "access",
        "easier access",
        "less",
        levels=("API key", "account", "account with credit card", "review of the application"),
        provider=True,
    ),
    Axis("rate_limit", "higher rate limit", "more", "calls per minute", (10.0, 40.0, 120.0, 400.0, 2000.0)),
    Axis("latency", "lower latency", "less", "ms", (40.0, 180.0, 450.0, 1100.0, 5000.0), measured=True),
    Axis("uptime", "higher uptime", "more", "%", (98.0, 99.0, 99.5, 99.9, 99.99), measured=True),
    Axis("region", "processing region", "matter", levels=("EU", "US", "APAC"), provider=True),
    Axis("retention", "shorter retention", "less", "days", (0.25, 1.0, 7.0, 30.0, 90.0), provider=True),
    Axis("freshness", "fresher data", "less", "seconds", (10.0, 300.0, 3600.0, 86400.0, 604800.0)),
    Axis("archive", "longer archive", "more", "years", (2.0, 6.0, 12.0, 25.0, 70.0)),
    Axis("coverage", "wider coverage", "more", "", (8.0, 25.0, 60.0, 120.0, 230.0)),
    Axis(
        "source",
        "origin of the data",
        "matter",
        levels=("official records", "own measurements", "aggregated feeds", "community contributions"),
        provider=True,
    ),
    Axis(
        "reuse",
        "freer reuse",
        "more",
        levels=("commercial use", "commercial use with attribution", "non-commercial use only"),
        provider=True,
    ),
    Axis("lifecycle", "stabler interface", "less", levels=("stable", "beta", "deprecated")),
    Axis("standing", "higher standing", "more", "of 10", (6.0, 8.0, 8.9, 9.4, 9.8), measured=True),
    Axis("payload", "form of the reply", "matter", levels=("compact", "full")),
)
AXES: Final[Mapping[str, Axis]] = {axis.name: axis for axis in _AXES}
"""Axes of the built-in catalogue by name."""
_REAL_AXES: Final = (
    Axis("input_price", "lower input price", "less", "USD per million tokens", (0.03, 0.12, 0.3, 0.8, 3.0)),
    Axis("output_price", "lower output price", "less", "USD per million tokens", (0.1, 0.4, 1.1, 2.5, 10.0)),
    Axis(
        "cached_price", "lower price of cached input", "less", "USD per million tokens", (0.004, 0.02, 0.06, 0.2, 0.6)
    ),
    Axis("context", "longer context", "more", "tokens", (8_000.0, 32_000.0, 131_000.0, 262_000.0, 1_048_000.0)),
    Axis("output_limit", "longer output", "more", "tokens", (2_000.0, 8_000.0, 32_000.0, 131_000.0, 524_000.0)),
    Axis("capabilities", "more stated capabilities", "more", "", (1.0, 2.0, 3.0, 5.0, 8.0)),
    Axis("taker_fee", "lower taker fee", "less", "%", (0.03, 0.06, 0.15, 0.25, 0.75)),
    Axis("maker_fee", "lower maker fee", "less", "%", (0.01, 0.03, 0.1, 0.25, 0.6)),
    Axis("breadth", "broader interface", "more", "methods", (15.0, 28.0, 45.0, 70.0, 110.0)),
    Axis("records", "more records in a call", "more", "records", (100.0, 200.0, 500.0, 1_000.0, 2_000.0)),
    Axis("intervals", "more lengths of candles", "more", "", (4.0, 8.0, 10.0, 13.0, 16.0)),
    Axis("streaming", "live updates", "more", levels=("web socket", "requests only")),
    Axis("body_length", "longer messages", "more", "characters", (140.0, 160.0, 1_000.0, 4_000.0, 30_000.0)),
    Axis("batch", "more recipients at once", "more", "recipients", (1.0, 10.0, 50.0, 500.0, 4_000.0)),
    Axis("setup", "fewer settings", "less", "settings", (1.0, 1.5, 2.0, 3.0, 4.0)),
    Axis("options", "more options", "more", "options", (1.0, 2.0, 3.0, 5.0, 8.0)),
    Axis("query_price", "lower price of a query", "less", "USD per 1,000 queries", (1.0, 3.0, 5.0, 8.0, 15.0)),
    Axis("page_price", "lower price of a page", "less", "USD per 1,000 pages", (0.5, 1.0, 1.5, 3.0, 10.0)),
    Axis("audio_price", "lower price of a recording", "less", "USD per 1,000 minutes", (1.0, 3.0, 5.0, 7.0, 20.0)),
    Axis(
        "character_price", "lower price of speech", "less", "USD per 1,000 characters", (0.01, 0.015, 0.03, 0.06, 0.2)
    ),
    Axis("image_price", "lower price of a picture", "less", "USD per 1,000 images", (10.0, 25.0, 40.0, 60.0, 120.0)),
    Axis("video_price", "lower price of a film", "less", "USD per minute", (3.0, 6.0, 12.0, 24.0, 40.0)),
)
REAL_AXES: Final[Mapping[str, Axis]] = {axis.name: axis for axis in _REAL_AXES}
"""Axes that only real services have, by name; see `builder.services`."""
ALL_AXES: Final[Mapping[str, Axis]] = {**AXES, **REAL_AXES}
"""All axes by name."""
