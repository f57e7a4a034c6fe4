"""What the values of one scenario share, so that city and country fit and two currencies differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import numpy as np

from builder.records import SlotValue

T = TypeVar("T")


@dataclass(slots=True)
class Draw:
    """One scenario's random state."""

    rng: np.random.Generator
    shared: dict[str, Any] = field(default_factory=dict)
    """What an earlier slot of the scenario fixed: the place, the first date, the first currency."""

    def choice(self, items: Sequence[T]) -> T:
        """Draw one item."""
        return items[int(self.rng.integers(len(items)))]

    def integer(self, low: int, high: int) -> int:
        """Draw an integer from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def digits(self, count: int) -> str:
        """Draw decimal digits, the first not 0."""
        return str(self.integer(1, 9)) + "".join(str(self.integer(0, 9)) for _ in range(count - 1))

    def characters(self, alphabet: str, count: int) -> str:
        """Draw characters of an alphabet."""
        return "".join(alphabet[index] for index in self.rng.integers(len(alphabet), size=count))


def plain(value: str | float) -> SlotValue:
    """A value that is said as it is written."""
    return SlotValue(value, str(value))


def said_date(day: date) -> SlotValue:
    """An ISO date, said as people do."""
    return SlotValue(day.isoformat(), f"{day.day} {day:%B %Y}")
