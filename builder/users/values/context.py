"""State that the values of one scenario share, so that city and country match and two currencies differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import numpy as np

from builder.argument_config import ArgumentConfig
from builder.records import SlotValue

T = TypeVar("T")


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
    language: str = ""
    """ISO 639-1 code of the language in which the person mostly wants replies; empty for none in particular."""
    american: bool = False
    """True if the person measures in degrees Fahrenheit and in cups, and spells the American way."""
    arguments: ArgumentConfig = field(default_factory=ArgumentConfig)
    """How often values follow from the words of a request instead of standing in it."""


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
    if draw.situation and draw.rng.random() < draw.situation.arguments.named:
        return SlotValue(code, name, "code")
    return SlotValue(code, f"{name} ({code})")


def is_converted(draw: ValueSource) -> bool:
    """Draw whether a person states a quantity in another unit than the tools take; all or none of a scenario are."""
    if draw.situation is None:
        return False
    if "converted" not in draw.shared:
        draw.shared["converted"] = draw.rng.random() < draw.situation.arguments.converted
    return bool(draw.shared["converted"])
