"""Facts that a language model reads from documentation: units, conversion, and the check against the quote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from builder.catalogue.documented_facts import DocumentedFact, levels

_CALL: Final = r"call|request|quer(?:y|ies)|lookup|search|hit|conversion|quote|message|translation"
_MONEY: Final = r"\$|usd|dollar|cents?\b"
_SECONDS: Final = {
    "ms": (0.001, r"\bms\b|millisecond"),
    "seconds": (1.0, r"\bs\b|\bsec|seconds?\b"),
    "minutes": (60.0, r"\bmin\b|minute"),
    "hours": (3600.0, r"\bh\b|\bhour|hourly"),
    "days": (86400.0, r"\bdays?\b|daily"),
    "weeks": (604800.0, r"week"),
    "months": (2592000.0, r"month"),
    "years": (31536000.0, r"year"),
}
"""Length of a unit of time in seconds, and the pattern that a quote with this unit matches."""
_NONE: Final = (0.0, r"\b(?:no|not|never|nothing|none|zero|without)\b|n't\b")


def _time(per: float, *names: str) -> dict[str, tuple[float, str]]:
    return {name: (_SECONDS[name][0] / per, _SECONDS[name][1]) for name in names}


UNITS: Final[Mapping[str, Mapping[str, tuple[float, str]]]] = {
    "price": {
        "USD per call": (1000.0, rf"(?:{_MONEY}).*(?:{_CALL})"),
        "cents per call": (10.0, rf"cents?\b.*(?:{_CALL})"),
        "USD per 100 calls": (10.0, rf"(?:{_MONEY}).*\b100\b.*(?:{_CALL})"),
        "USD per 1,000 calls": (1.0, rf"(?:{_MONEY}).*(?:\b1[,. ]?000\b|\b1? ?k\b|thousand).*(?:{_CALL})"),
        "USD per 1,000,000 calls": (0.001, rf"(?:{_MONEY}).*(?:\b1[,. ]?000[,. ]?000\b|million).*(?:{_CALL})"),
    },
    "rate_limit": {
        f"calls per {unit[:-1]}": (60.0 / seconds, rf"(?:{_CALL}).*(?:{pattern})|(?:{pattern}).*(?:{_CALL})")
        for unit, (seconds, pattern) in _SECONDS.items()
        if unit in ("seconds", "minutes", "hours", "days", "months")
    },
    "latency": _time(0.001, "ms", "seconds"),
    "uptime": {"%": (1.0, r"%|per ?cent")},
    "retention": {"none": _NONE, **_time(86400.0, "minutes", "hours", "days", "weeks", "months", "years")},
    "interval": _time(1.0, "seconds", "minutes", "hours", "days", "weeks", "months"),
    "delay": _time(1.0, "seconds", "minutes", "hours", "days"),
    "archive": _time(31536000.0, "months", "years"),
}
"""For each axis with numbers, the units in which documentation may state it: the factor to the unit of the axis, and
what a quote with this unit matches."""
_NUMBER: Final = re.compile(r"\d[\d,]*(?:\.\d+)?|\.\d+")
_SCALES: Final = {"k": 1e3, "thousand": 1e3, "million": 1e6}
_EVERY: Final = re.compile(r"\b(?:every|each|per|once|an?|one|half|hourly|daily|weekly|monthly)\b", re.IGNORECASE)
"""Words with which one unit is stated without a number, such as `every hour`."""


def axes_to_read(measured: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the axes whose values a model may extract for a tool, each with its units, or with its allowed values.

    Args:
        measured: Axes that the catalogue measures for the tool. They are left out, so that documentation cannot
            contradict a measurement.
    """
    numbers = {axis: list(units) for axis, units in UNITS.items()}
    named = {axis: list(of_axis) for axis, of_axis in levels().items()}
    return {axis: values for axis, values in (numbers | named).items() if axis not in measured}


def fact_fault(axis: str, number: float | None, value: str, quote: str) -> str | None:
    """Return the reason why a fact does not follow from its quote, or None if it does.

    Args:
        axis: One of the axes of `axes_to_read`.
        number: Number as the quote states it; None for a level.
        value: Unit of the number, or a level.
        quote: Words of the documentation.
    """
    if axis not in UNITS:
        return None if number is None else "number_for_a_level"
    if number is None or value not in UNITS[axis]:
        return "number_without_unit"
    if not re.search(UNITS[axis][value][1], quote, re.IGNORECASE | re.DOTALL):
        return "unit_not_in_the_quote"
    if number == 0 and value == "none":
        return None
    return None if number in _numbers(quote) or (number == 1 and _EVERY.search(quote)) else "number_not_in_the_quote"


def fact_of(axis: str, number: float | None, value: str, quote: str) -> DocumentedFact:
    """Return a fact in the unit of its axis; the arguments are those of `fact_fault`, which must have passed."""
    if number is None:
        return DocumentedFact(axis, value, quote)
    return DocumentedFact(axis, number * UNITS[axis][value][0], quote)


def _numbers(text: str) -> set[float]:
    """Return the numbers of a text by value: `10k` and `10,000` are 10,000."""
    found = set()
    for match in _NUMBER.finditer(text):
        number = float(match.group(0).replace(",", "").rstrip("."))
        following = text[match.end() :].strip().lower()
        scale = next((factor for word, factor in _SCALES.items() if re.match(rf"{word}\b", following)), 1.0)
        found |= {number, number * scale}
    return found
