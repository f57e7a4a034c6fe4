"""Quantities: how instructions state them, and the numbers that they are in other units.

Conversions between metric units are exact. For the others people use different factors (1.6 or 1.609 km in a mile) and
round differently, so that a quantity has several numbers that a careful reader can write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from builder.world.number_words import spelled

_FACTORS: Final[Mapping[str, Mapping[str, tuple[float, ...]]]] = {
    "length": {
        "m": (1,),
        "km": (1_000,),
        "cm": (0.01,),
        "in": (0.0254,),
        "mi": (1609.344, 1609, 1609.3, 1610, 1600),
    },
    "mass": {"kg": (1,), "g": (0.001,), "lb": (0.45359237, 0.4536, 0.454, 0.4535, 1 / 2.2, 1 / 2.205, 1 / 2.2046)},
    "time": {"s": (1,), "ms": (0.001,), "min": (60,), "h": (3_600,), "day": (86_400,)},
    "term": {"month": (1,), "year": (12,)},
    "share": {"fraction": (1,), "percent": (0.01,)},
}
"""Usual factors of each unit, the exact one first, by what it measures."""
_KIND_OF: Final = {unit: kind for kind, units in _FACTORS.items() for unit in units}
_IMPERIAL: Final = frozenset({"in", "lb", "mi"})
"""Units whose conversions are rounded."""
_CLOSE: Final = 0.015
"""Relative difference up to which the usual number is rounded."""
_CLOSE_ENOUGH: Final = 0.04
"""Relative difference up to which a rounded number stands for a quantity."""
_DIGITS: Final = (0, 1, 2, 3, 4)
"""Decimals to which quantities are rounded."""
_MANY: Final = 1_000
"""Number from which quantities can also be rounded to tens and hundreds."""
_UNIT_WORDS: Final = (
    ("km", r"kilomet(?:re|er)s?|km"), ("m", r"met(?:re|er)s?|m"), ("mi", r"miles?"),
    ("cm", r"centimet(?:re|er)s?|cm"), ("kg", r"kilograms?|kilos?|kg"), ("g", r"grams?"), ("lb", r"pounds?|lbs?"),
    ("s", r"seconds?"), ("min", r"minutes?|mins?"), ("h", r"hours?"), ("day", r"days?"), ("month", r"months?"), ("year", r"years?"),
    ("percent", r"per ?cent|percent|%"),
)  # fmt: skip
_SMALL: Final = {
    "a": 1.0, "an": 1.0, "half a": 0.5, "half an": 0.5, "a quarter of a": 0.25, "a quarter of an": 0.25,
    "three quarters of an": 0.75,
}  # fmt: skip
_COUNTED: Final = {**{spelled(number): float(number) for number in range(100)}, **_SMALL}
"""Numbers by their words."""
_NUMBER: Final = r"\d+(?:\.\d+)?|" + "|".join(sorted(map(re.escape, _COUNTED), key=len, reverse=True))
_AND: Final = {"and a half": 0.5, "and a quarter": 0.25, "and three quarters": 0.75}
_UNITS: Final = "|".join(f"(?P<u{place}>{words})" for place, (_, words) in enumerate(_UNIT_WORDS))
_QUANTITY: Final = re.compile(
    rf"(?<![\w.])(?P<number>{_NUMBER})(?P<inner> (?:{'|'.join(_AND)}))?[ -]?(?:{_UNITS})(?P<outer> (?:{'|'.join(_AND)}))?(?!\w)",
    re.IGNORECASE,
)
_FEET: Final = re.compile(r"(?<![\w.])(\d+) foot (\d+)(?!\w)", re.IGNORECASE)


def read_quantities(text: str) -> list[tuple[float, str]]:
    """Return the quantities in a text, such as (1.5, "h") for "an hour and a half" and (71, "in") for "5 foot 11"."""
    found = [(float(12 * int(match[1]) + int(match[2])), "in") for match in _FEET.finditer(text)]
    for match in _QUANTITY.finditer(text):
        unit = next(name for place, (name, _) in enumerate(_UNIT_WORDS) if match[f"u{place}"])
        words = match["number"].lower()
        number = _COUNTED[words] if words in _COUNTED else float(words)
        number += sum(_AND[part.strip().lower()] for part in (match["inner"], match["outer"]) if part)
        found.append((number, unit))
    return found


def is_imperial(unit: str) -> bool:
    """Return True for a unit that only few countries use."""
    return unit in _IMPERIAL


def in_unit(amount: float, unit: str, target: str, *, whole: bool = False) -> list[float]:
    """Return the numbers that a quantity is in another unit, the usual one first.

    Args:
        amount: Number in the first unit.
        unit: Unit of the quantity.
        target: Unit that is wanted; it measures the same.
        whole: True if only whole numbers are possible.

    Raises:
        KeyError: If a unit is unknown, or the two do not measure the same.
    """
    factors = _FACTORS[_KIND_OF[unit]]
    exact = amount * factors[unit][0] / factors[target][0]
    if not {unit, target} & _IMPERIAL or unit == target:
        return [_tidy(round(exact) if whole else exact)]
    numbers = [amount * own / wanted for own in factors[unit] for wanted in factors[target]]
    found = (form for number in numbers for form in _rounded(number, exact, _CLOSE_ENOUGH))
    forms = dict.fromkeys(form for form in found if not whole or form % 1 == 0)
    first = next(form for form in _rounded(exact, exact, _CLOSE) if form in forms)
    return [first, *sorted(form for form in forms if form != first)]


def _rounded(number: float, exact: float, close: float) -> Iterator[float]:
    """Yield a number as people round it, whole numbers first, as far as it is close to the exact quantity."""
    for places in (*_DIGITS, *((-1, -2) if exact >= _MANY else ())):
        form = round(number, places)
        if abs(form - exact) <= close * exact:
            yield _tidy(form)


def _tidy(number: float) -> float:
    """Return a number without the noise of binary fractions, as an integer if it is whole."""
    tidy = round(number, 6)
    return int(tidy) if tidy == int(tidy) else tidy
