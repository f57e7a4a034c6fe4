"""Templates: the Jinja environment of layouts, what a template sees of a fact, and its errors in words.

A template sees the facts by axis, each with the forms of its axis only. What it asks for beyond them is an error that
names the form, the axis and the forms that exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from builder.extras import import_extra

from .axes import AXES
from .facts import Facts
from .forms import Stated
from .number_texts import decimal
from .number_words import spelled
from .plans import Credits, Plan

PURPOSE: Final = "Writing listings"
_OF_NUMBERS: Final = ("number", "in_words")
_OF_PERIODS: Final = (
    "duration",
    "duration_in_days",
    "duration_short",
    "duration_iso",
    "whole_seconds",
    "hours",
    "days",
)
FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "price": (
        *(
            "usd_per_1000",
            "usd_per_call",
            "usd_per_10000",
            "usd_per_million",
            "cents_per_call",
            "cents_per_40",
            "cents_per_100",
        ),
        *("calls_for_10_usd", "plan", "credits", "is_zero"),
    ),
    "access": (),
    "rate_limit": (
        *("per_minute", "per_hour", "per_day", "per_five_minutes", "per_fifteen_minutes", "minutes_for_1000"),
        *("throttle", "usual_rate", "ms_between_calls"),
    ),
    "latency": ("ms", "seconds", "ms_95", "answers_per_minute"),
    "uptime": (
        *("percent", "percent_short", "downtime", "downtime_percent", "downtime_minutes", "downtime_hours"),
        *("failed_checks", "one_failure_in"),
    ),
    "region": (),
    "retention": (*_OF_PERIODS, "is_zero"),
    "freshness": (*_OF_PERIODS, "interval", "adverb", "frequency"),
    "archive": ("years", "months", "since_year", "since_month", "since_date", *_OF_PERIODS),
    "coverage": ("count", "in_dozens", "noun"),
    "source": (),
    "reuse": (),
    "lifecycle": ("end_date", "late_end_date"),
    "standing": ("rating", "stars", "points"),
    "payload": (),
}
"""Forms of each axis beside `value`, which all have, and those of `_OF_NUMBERS`."""
PARTS: Final[Mapping[type, tuple[str, ...]]] = {
    Plan: ("fee", "included", "yearly_fee", "yearly_calls"),
    Credits: ("per_call", "cost", "pack"),
}
"""What a template reads of a form that is not a text."""


@cache
def forms_of(axis: str) -> tuple[str, ...]:
    """Return the names of the forms of an axis in templates."""
    return ("value", *(_OF_NUMBERS if AXES[axis].is_number else ()), *FORMS[axis])


class Fact:
    """A fact in a template, with the forms of its axis.

    Args:
        stated: The fact in all forms.
    """

    def __init__(self, stated: Stated) -> None:
        self._stated = stated

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in forms_of(self._stated.axis):
            raise AttributeError(name)
        try:
            return getattr(self._stated, name)
        except ArithmeticError as error:
            axis, value = self._stated.axis, self._stated.number
            hint = f"; ask for facts.{axis}.is_zero first" if value == 0 else ""
            raise ValueError(f"{axis} {value:g} has no form {name!r}{hint}") from error

    def __str__(self) -> str:
        return str(self._stated)


class FactsByAxis:
    """Facts in a template, by the name of the axis; None for a fact that is not stated.

    Args:
        facts: Stated facts in canonical units.
        today: Day of the listing.
        noun: Things that the axis coverage counts.
    """

    def __init__(self, facts: Facts, today: date, noun: str) -> None:
        self._facts = {
            axis: Fact(Stated(axis, value, today, noun if axis == "coverage" else "")) for axis, value in facts.items()
        }

    def __getattr__(self, name: str) -> Fact | None:
        if name not in AXES:
            raise AttributeError(name)
        return self._facts.get(name)


@cache
def environment(*, trusted: bool) -> Any:
    """Return the Jinja environment of layouts.

    Args:
        trusted: True for the layouts of the repository; those of packs come from outside and are sandboxed.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    jinja2, sandbox = import_extra("jinja2", "builder", PURPOSE), import_extra("jinja2.sandbox", "builder", PURPOSE)
    undefined = type("MissingValue", (jinja2.StrictUndefined,), {"_undefined_message": property(_missing)})
    kind = jinja2.Environment if trusted else sandbox.ImmutableSandboxedEnvironment
    # Not for HTML: listings are plain text.
    made = kind(undefined=undefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    made.filters |= {"digits": lambda value: decimal(float(value)), "in_words": _in_words}
    return made


def _in_words(value: object) -> str:
    """Return a number or a text with its numbers in words; a number with as many digits as listings state."""
    return spelled(decimal(value) if isinstance(value, float) else value)


def _missing(undefined: Any) -> str:
    """Return what a template asked for that does not exist, in words."""
    of, name, hint = undefined._undefined_obj, undefined._undefined_name, undefined._undefined_hint
    if isinstance(of, Fact):
        axis = of._stated.axis
        return f"{axis} has no form {name!r}; its forms: {', '.join(forms_of(axis))}"
    if isinstance(of, FactsByAxis):
        return f"{name!r} is no axis; axes: {', '.join(AXES)}"
    if type(of) in PARTS:
        return f"the {type(of).__name__.lower()} of price has no {name!r}; it has: {', '.join(PARTS[type(of)])}"
    if of is None:
        return f"{name!r} of a fact that is not stated; put it in {{% if facts.AXIS %}}"
    if hint is None and isinstance(of, Mapping):
        return f"a table of the template has no entry {name!r}; its entries: {', '.join(map(repr, of))}"
    return str(hint) if hint is not None else f"{name!r} does not exist; a template knows facts.AXIS and what it sets"
