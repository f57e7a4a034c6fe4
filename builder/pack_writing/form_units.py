"""Units of the forms of a fact: the words that a statement needs beside a number, and the numbers of the unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from builder.predictors.listing_quantities import in_digits
from builder.world.axes import AXES
from builder.world.templates import FORMS, PARTS

IN_WORDS: Final = "in_words"
"""Form of an axis, and filter of any form, that writes numbers in words."""
_MONEY: Final = r"\$|\busd\b|(?<![a-z])usd|dollar"
_CENTS: Final = r"cent|\u00a2"
_DOWN: Final = r"down|unavailab|outage|offline|fail|error|unreachab|dark|interrupt"
_MS: Final = r"(?<![a-z])ms(?![a-z])|millis"
_SECONDS: Final = r"(?<![a-z])s(?![a-z])|(?<![a-z])secs?(?![a-z])|second"
_NUMBER: Final = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")


class Unit(NamedTuple):
    """Words and numbers of a unit."""

    words: Mapping[str, str]
    """Pattern of each part of the unit that the text must state, by its name for people."""
    numbers: frozenset[float] = frozenset()
    """Numbers that the text may contain beside that of the fact."""


def _unit(*numbers: float, **words: str) -> Unit:
    named = {name.replace("_", " "): pattern for name, pattern in words.items()}
    return Unit(MappingProxyType(named), frozenset(numbers))


def _per(calls: str, number: float, money: str = _MONEY) -> Unit:
    return Unit(MappingProxyType({"the currency": money, f"the {number:,.0f} calls": calls}), frozenset({number}))


_PLAIN: Final = _unit()
_LATENCY_NUMBERS: Final = (1.0, 50.0, 95.0)
UNITS: Final[Mapping[str, Mapping[str, Unit]]] = {
    "price": {
        "usd_per_1000": _per(r"\b1,?000\b|\b1k\b|mille", 1000),
        "usd_per_call": _unit(1, the_currency=_MONEY),
        "usd_per_10000": _per(r"\b10,?000\b|\b10k\b", 10_000),
        "usd_per_million": _per(r"\b1,?000,?000\b|\b1m\b|million", 1_000_000),
        "cents_per_call": _unit(1, US_cents=_CENTS),
        "cents_per_40": _per(r"\b40\b", 40, _CENTS),
        "cents_per_100": _per(r"\b100\b|hundred", 100, _CENTS),
        "calls_for_10_usd": _unit(10, the_10_USD=rf"\b10\b.*(?:{_MONEY})|(?:{_MONEY}).*\b10\b"),
        "plan.fee": _unit(30, the_currency=_MONEY, the_month=r"month|mo\b|30 days"),
        "plan.included": _unit(30, the_month=r"month|mo\b|30 days"),
        "plan.yearly_fee": _unit(12, 365, the_currency=_MONEY, the_year=r"year|annual|annum|12 months"),
        "plan.yearly_calls": _unit(12, 365, the_year=r"year|annual|annum|12 months"),
        "credits.per_call": _unit(1, the_credits=r"credit|token|unit|point"),
        "credits.cost": _unit(1, the_currency=_MONEY),
        "credits.pack": _unit(1, the_credits=r"credit|token|unit|point"),
        IN_WORDS: Unit(MappingProxyType({"the 1,000 calls": r"\b1,?000\b|mille"}), frozenset({1000.0})),
    },
    "rate_limit": {
        "per_minute": _unit(1, 60, the_minute=r"minute|\bmin\b|\brpm\b|60 s"),
        "per_hour": _unit(1, 60, the_hour=r"hour|(?<![a-z])h(?![a-z])|\brph\b|60 min"),
        "per_day": _unit(1, 24, the_day=r"day|daily|24 h"),
        "per_five_minutes": _unit(5, 300, the_5_minutes=r"\b5[ -]?min|\b300 ?s"),
        "per_fifteen_minutes": _unit(15, 900, the_15_minutes=r"\b15[ -]?min|\b900 ?s"),
        "minutes_for_1000": _unit(1000, the_minutes=r"minute|\bmin\b", the_1000_calls=r"\b1,?000\b|\b1k\b"),
        "throttle": _PLAIN,
        "usual_rate": _PLAIN,
        "ms_between_calls": _unit(1, milliseconds=_MS),
        IN_WORDS: _PLAIN,
    },
    "latency": {
        "ms": _unit(*_LATENCY_NUMBERS, milliseconds=_MS),
        "seconds": _unit(*_LATENCY_NUMBERS, seconds=_SECONDS),
        "answers_per_minute": _unit(1, 60, the_minute=r"minute|\bmin\b|60 s"),
        "ms_95": _unit(*_LATENCY_NUMBERS, milliseconds=_MS, the_percentile="95|most"),
        IN_WORDS: _unit(*_LATENCY_NUMBERS, milliseconds=_MS),
    },
    "uptime": {
        "percent": _unit(30, percent="%|per ?cent"),
        "percent_short": _unit(30, percent="%|per ?cent"),
        "downtime": _unit(30, downtime=_DOWN, the_month=r"month|\b30[ -]day"),
        "downtime_percent": _unit(30, percent="%|per ?cent", downtime=_DOWN),
        "downtime_minutes": _unit(30, minutes=r"minute|\bmin\b", downtime=_DOWN, the_month=r"month|\b30[ -]day"),
        "downtime_hours": _unit(1, 365, hours=r"hour|(?<![a-z])h(?![a-z])", downtime=_DOWN, the_year="year|annual|365"),
        "failed_checks": _unit(10_000, the_10000_checks=r"\b10,?000\b|\b10k\b", failures=_DOWN),
        "one_failure_in": _unit(1, failures=_DOWN),
        IN_WORDS: _unit(30, percent="%|per ?cent"),
    },
    "coverage": {"count": _PLAIN, "in_dozens": _PLAIN, IN_WORDS: _PLAIN},
    "standing": {
        "rating": _unit(10, the_scale_of_10=r"\b10\b"),
        "stars": _unit(5, the_5_stars=r"\b5\b|star"),
        "points": _unit(100, the_scale_of_100=r"\b100\b|hundred"),
        IN_WORDS: _unit(10, the_scale_of_10=r"\b10\b"),
    },
}
_PERIOD_UNITS: Final[Mapping[str, Unit]] = {
    "whole_seconds": _unit(1, seconds=_SECONDS),
    "hours": _unit(1, hours=r"hour|(?<![a-z])h(?![a-z])"),
    "days": _unit(1, days="day"),
    "years": _unit(1, years=r"year|\byr"),
    "months": _unit(1, months="month"),
}
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "ms_95": ("ms", "seconds", IN_WORDS),
    "plan.fee": ("plan.included",),
    "plan.included": ("plan.fee",),
    "plan.yearly_fee": ("plan.yearly_calls",),
    "plan.yearly_calls": ("plan.yearly_fee",),
    "credits.per_call": ("credits.cost",),
    "credits.cost": ("credits.pack",),
    "credits.pack": ("credits.per_call",),
}
"""Forms of which one must stand beside a form, since the value does not follow from that alone."""
_COMPOSED: Final = {"plan": 0, "credits": 1}
"""Forms that have parts: their place in `PARTS`."""
_NO_FORMS: Final = frozenset({"is_zero", "noun"})


@cache
def forms_to_write(axis: str) -> tuple[str, ...]:
    """Return the forms that a written statement can use: those of the axis, parts as `plan.fee`; also `in_words`."""
    parts = list(PARTS.values())
    names = [
        *(
            f"{name}.{part}" if name in _COMPOSED else name
            for name in FORMS[axis]
            if name not in _NO_FORMS
            for part in (parts[_COMPOSED[name]] if name in _COMPOSED else ("",))
        ),
        *([IN_WORDS] if AXES[axis].is_number else []),
    ]
    return tuple(names)


def unit_of(axis: str, form: str) -> Unit:
    """Return the unit of a form of an axis with numbers; without words if the form states it itself."""
    return UNITS.get(axis, {}).get(form) or _PERIOD_UNITS.get(form, _PLAIN)


def missing_words(unit: Unit, text: str) -> list[str]:
    """Return the names of the parts of a unit that a text does not state.

    Args:
        unit: The unit.
        text: Text without the number, in small letters and with its other numbers in digits.
    """
    return [name for name, pattern in unit.words.items() if not re.search(pattern, text, re.DOTALL)]


def other_numbers(text: str, units: Iterable[Unit]) -> list[str]:
    """Return the numbers of a text that belong to none of the units.

    Args:
        text: Text without the numbers of the fact, in small letters and with its other numbers in digits.
        units: Units of the forms that the text uses.
    """
    allowed = {number for unit in units for number in unit.numbers}
    return [number for number in _NUMBER.findall(text) if amount(number) not in allowed]


def amount(number: str) -> float:
    """Return the value of one of the numbers of `other_numbers`."""
    return float(number.replace(",", ""))


def plain(text: str) -> str:
    """Return a text in small letters, with its numbers in digits."""
    return in_digits(text.lower())
