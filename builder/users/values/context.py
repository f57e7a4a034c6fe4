"""State that the values of one scenario share, so that city and country match and two currencies differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import numpy as np

from builder.records import SlotValue

T = TypeVar("T")
_NAME_ALONE = 0.5
"""Share of the codes of countries and languages that a person calls by their names."""
_WEEK = 6
"""Days ahead up to which a weekday means a date."""
_BY_WEEKDAY = 0.4
"""Share of such dates that are stated by their weekdays."""
_MOST_AHEAD = 300
"""Days ahead up to which a date without a year is clear."""
_WITHOUT_YEAR = 0.5
"""Share of such dates that are stated without their years."""


@dataclass(frozen=True, slots=True)
class Place:
    """A large city."""

    city: str
    country: str
    country_code: str
    latitude: float
    longitude: float
    timezone: str
    currency: str
    """Code of the currency of its country."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Where somebody lives, when they ask and about what: their places, dates and web sites are mostly near."""

    home: Place
    day: date
    relative: bool = True
    """True if the day is known to the reader of the request, so that dates can be relative to it."""
    trade: str = ""
    """Words, of which web sites about their concern have one in their names; empty if that would sound odd."""


@dataclass(slots=True)
class ValueSource:
    """Random state of one scenario."""

    rng: np.random.Generator
    shared: dict[str, Any] = field(default_factory=dict)
    """Values that earlier slots of the scenario fixed, such as the place, the first date or the used currencies."""
    situation: Situation | None = None
    """Situation of the person who asks; None for a scenario of nobody in particular."""

    def choice(self, items: Sequence[T]) -> T:
        """Draw one item."""
        return items[int(self.rng.integers(len(items)))]

    def integer(self, low: int, high: int) -> int:
        """Draw an integer from `low` to `high`, inclusive."""
        return int(self.rng.integers(low, high + 1))

    def digits(self, count: int) -> str:
        """Draw a number of decimal digits; the first is not 0."""
        return str(self.integer(1, 9)) + "".join(str(self.integer(0, 9)) for _ in range(count - 1))

    def characters(self, alphabet: str, count: int) -> str:
        """Draw a string of characters from an alphabet."""
        return "".join(alphabet[index] for index in self.rng.integers(len(alphabet), size=count))


def plain(value: str | float) -> SlotValue:
    """Return a value that instructions state unchanged."""
    return SlotValue(value, str(value))


def name_for_code(draw: ValueSource, code: str, name: str) -> SlotValue:
    """Return a code that instructions state with its name, such as `Portuguese (pt)`, or by its name alone."""
    if draw.situation and draw.rng.random() < _NAME_ALONE:
        return SlotValue(code, name, "code")
    return SlotValue(code, f"{name} ({code})")


def said_date_from(draw: ValueSource, day: date) -> SlotValue:
    """Return an ISO date that instructions state in full, or relative to the day on which a person asks.

    Relative are a weekday in the coming six days, and a date of the coming ten months without its year.
    """
    if draw.situation is None or not draw.situation.relative:
        return said_date(day)
    ahead = (day - draw.situation.day).days
    if 1 <= ahead <= _WEEK and draw.rng.random() < _BY_WEEKDAY:
        return SlotValue(day.isoformat(), f"{day:%A}", "date")
    if 0 <= ahead <= _MOST_AHEAD and draw.rng.random() < _WITHOUT_YEAR:
        return SlotValue(day.isoformat(), f"{day.day} {day:%B}", "date")
    return said_date(day)


def said_date(day: date) -> SlotValue:
    """Return an ISO date that instructions state in words, such as "3 May 2026"."""
    return SlotValue(day.isoformat(), f"{day.day} {day:%B %Y}")
