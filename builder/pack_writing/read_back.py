"""Facts that a model reads from a listing, in units of its choice, compared with the facts that the listing states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from builder.durations import SECONDS
from builder.llm.builder_tasks import ReadFact
from builder.predictors.read_shares import is_read_right
from builder.randomness import generator_for
from builder.world.axes import AXES, Value
from builder.world.facts import Facts
from builder.world.pack_checks import example_facts
from builder.world.pack_samples import TODAY

from .layout_checks import Fault

Conversion = Callable[[float], float]
"""Converts a number in a unit to the unit of the axis. It may raise `ZeroDivisionError`."""


def _times(factor: float) -> Conversion:
    return lambda number: number * factor


def _per(whole: float) -> Conversion:
    return lambda number: whole / number


def _lacking(factor: float) -> Conversion:
    return lambda number: 100 - number * factor


_DAY, _YEAR = SECONDS["day"], SECONDS["year"]


def _periods(unit: float, *names: str) -> dict[str, Conversion]:
    return {name: _times(SECONDS[name.removesuffix("s")] / unit) for name in names}


UNITS: Final[Mapping[str, Mapping[str, Conversion]]] = MappingProxyType(
    {
        "price": {
            "USD per call": _times(1000),
            "USD per 1,000 calls": _times(1),
            "USD per 10,000 calls": _times(0.1),
            "USD per 1,000,000 calls": _times(0.001),
            "US cents per call": _times(10),
            "US cents per 40 calls": _times(0.25),
            "US cents per 100 calls": _times(0.1),
            "calls for 10 USD": _per(10_000),
        },
        "rate_limit": {
            "calls per second": _times(60),
            "calls per minute": _times(1),
            "calls per 5 minutes": _times(0.2),
            "calls per 15 minutes": _times(1 / 15),
            "calls per hour": _times(1 / 60),
            "calls per day": _times(1 / 1_440),
            "ms between two calls": _per(60_000),
            "seconds between two calls": _per(60),
            "minutes for 1,000 calls": _per(1_000),
        },
        "latency": {"ms": _times(1), "seconds": _times(1_000), "answers per minute": _per(60_000)},
        "uptime": {
            "% up": _times(1),
            "% down": _lacking(1),
            "minutes down in 30 days": _lacking(1 / 432),
            "hours down in 30 days": _lacking(1 / 7.2),
            "hours down in a year": _lacking(1 / 87.6),
            "failures in 10,000": _lacking(0.01),
            "calls of which one fails": lambda number: 100 - 100 / number,
        },
        "retention": _periods(_DAY, "seconds", "minutes", "hours", "days", "weeks", "months", "years"),
        "freshness": _periods(1.0, "seconds", "minutes", "hours", "days", "weeks", "months"),
        "archive": {
            **_periods(_YEAR, "seconds", "hours", "days", "weeks", "years"),
            "months": _times(1 / 12),
            "first year": lambda year: TODAY.year - year,
        },
        "coverage": {"things": _times(1), "dozens": _times(12)},
        "standing": {"of 10": _times(1), "of 5": _times(2), "of 100": _times(0.1)},
    }
)
"""Units in which a model can state a number that it reads, for each axis with numbers."""
_HALVES: Final = 2


def axes_of_listings() -> dict[str, list[str]]:
    """Return all axes, each with its units or its levels."""
    return {name: list(UNITS[name]) if axis.is_number else list(axis.levels) for name, axis in AXES.items()}


def listings_to_read(name: str) -> list[Facts]:
    """Return the facts of the listings by which a layout is judged.

    Four listings state all axes and have, together, every level, a price of nothing and a retention of nothing. Two
    state half of the axes each, so that what a layout says of a fact that is not given is noticed.

    Args:
        name: Name of the layout.
    """
    full = list(example_facts(name, {}))
    order = generator_for((0,), "halves", name).permutation(list(AXES)).tolist()
    halves = [{axis: full[0][axis] for axis in AXES if axis in set(order[place::_HALVES])} for place in range(_HALVES)]
    return [*full, *halves]


def reading_faults(stated: Facts, read: Sequence[ReadFact]) -> Iterator[Fault]:
    """Yield the facts of a listing that were read otherwise, not at all, or in addition.

    Args:
        stated: Facts that the listing states.
        read: Facts that the model has read from it, with axes and units of `axes_of_listings`.
    """
    found: dict[str, list[tuple[Value | None, ReadFact]]] = {}
    for fact in read:
        found.setdefault(fact.axis, []).append((_value(fact), fact))
    for name, axis in AXES.items():
        values = found.get(name, [])
        if name not in stated:
            for _, fact in values:
                yield Fault(
                    "fact_added", f"{name} is not among the facts, but {fact.quote!r} was read as {_said(fact)}"
                )
        elif not values:
            yield Fault(
                "fact_lost", f"{name} {_shown(stated[name])} {axis.unit}".rstrip() + " was not read from the listing"
            )
        else:
            wrong = [fact for value, fact in values if not is_read_right(axis, value, str(stated[name]))]
            kind, also = ("fact_changed", "") if len(wrong) == len(values) else ("fact_added", "also ")
            for fact in wrong:
                wanted = f"{_shown(stated[name])} {axis.unit}".rstrip()
                yield Fault(kind, f"{name} {wanted} was {also}read as {_said(fact)} from {fact.quote!r}")


def _value(fact: ReadFact) -> Value | None:
    """Return the value of a fact in the unit of its axis; None if a number cannot be converted."""
    if not AXES[fact.axis].is_number or fact.number is None:
        return fact.value
    try:
        return UNITS[fact.axis][fact.value](fact.number)
    except ZeroDivisionError:
        return None


def _shown(value: Value) -> str:
    return repr(value) if isinstance(value, str) else f"{value:g}"


def _said(fact: ReadFact) -> str:
    return repr(fact.value) if fact.number is None else f"{fact.number:g} {fact.value}"
