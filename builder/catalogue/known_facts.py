"""Axes of real tools: their units, their better end, and how a listing states them.

The facts of a tool come from three places, of which the first that has an axis counts: a facts file, the statistics of
the catalogue, and the prose of the documentation, as a language model or `documented_facts` reads it. If the prose
states the fact of a facts file too, its words are the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from builder.records import ServiceFacts, Tool

from .documented_facts import documented_facts, levels

Number = Callable[[float], str]
"""Text of a number in a listing."""


@dataclass(frozen=True, slots=True)
class Measure:
    """An axis whose values are numbers."""

    better: Literal["less", "more", "matter"]
    """The end that everybody prefers; `matter` where people differ."""
    unit: str
    classes: tuple[str, str, str]
    """Names of the better (on `matter` the lower), the usual and the worse values."""
    text: Number
    """Entry of a listing."""


def _period(seconds: float) -> str:
    for name, size in (("day", 86400.0), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return name if count == 1 else f"{count} {name}s"
    return f"{seconds:g} seconds"


def _rate(per_minute: float) -> str:
    if per_minute >= 1e9:
        return "No rate limit"
    for name, minutes in (("minute", 1.0), ("hour", 60.0), ("day", 1440.0), ("month", 43200.0)):
        calls = per_minute * minutes
        if calls >= 0.999:
            return f"Limit {calls:,.0f} calls a {name}".replace("a hour", "an hour")
    return f"Limit {per_minute * 43200:.2g} calls a month"


def _scope(operations: float) -> str:
    return f"Product with {operations:,.0f} operation{'s' if operations != 1 else ''}"


MEASURES: Final[Mapping[str, Measure]] = {
    "price": Measure(
        "less", "USD per 1,000 calls", ("low", "usual", "high"), lambda value: f"Price ${value:,.4g} per 1,000 calls"
    ),
    "rate_limit": Measure("more", "calls per minute", ("generous", "usual", "tight"), _rate),
    "latency": Measure("less", "ms", ("fast", "usual", "slow"), lambda value: f"Latency {value:,.0f} ms"),
    "success_rate": Measure("more", "%", ("high", "usual", "low"), lambda value: f"Success {value:.3g} %"),
    "service_level": Measure("more", "%", ("high", "usual", "low"), lambda value: f"Service level {value:.3g} %"),
    "uptime": Measure("more", "%", ("high", "usual", "low"), lambda value: f"Uptime {value:.6g} %"),
    "popularity": Measure("more", "of 10", ("popular", "usual", "niche"), lambda value: f"Popularity {value:.1f} / 10"),
    "retention": Measure(
        "less",
        "days",
        ("short", "usual", "long"),
        lambda value: f"Keeps requests {_period(value * 86400)}" if value else "Keeps no requests",
    ),
    "interval": Measure(
        "less", "seconds", ("frequent", "usual", "rare"), lambda value: f"Updated every {_period(value)}"
    ),
    "delay": Measure("less", "seconds", ("short", "usual", "long"), lambda value: f"Delay {_period(value)}"),
    "payload": Measure("matter", "fields", ("compact", "medium", "full"), lambda value: f"Reply {value:,.0f} fields"),
    "scope": Measure("matter", "operations", ("focused", "medium", "broad"), _scope),
    "archive": Measure("more", "years", ("long", "usual", "short"), lambda value: f"Archive {value:g} years"),
}
"""All axes with numbers."""
_LABELS: Final[Mapping[str, str]] = {
    "pricing": "Pricing",
    "access": "Access",
    "region": "Processed in",
    "source": "Source",
    "reuse": "Reuse",
    "lifecycle": "Lifecycle",
    "freshness": "Data",
    "history": "Archive",
    "reach": "Reach",
    "form": "Output",
    "detail": "Reply",
}
_ROUNDING: Final = 1e-4
"""Relative difference of two numbers that are the same fact."""
_AUTHENTICATION: Final = {"none": "none", "key": "key", "oauth": "account"}
"""Level of the axis `access`, by `ServiceFacts.authentication`."""


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact of a tool with its evidence."""

    value: float | str
    evidence: str
    """Entry of the listing, or the words of the documentation."""
    is_listed: bool
    """True if a listing states it, False if the documentation does."""


def known_facts(tool: Tool) -> dict[str, KnownFact]:
    """Return the facts of a tool by axis."""
    facts = {axis: KnownFact(value, entry(axis, value), True) for axis, value in _listed(tool.facts).items()}
    if tool.facts.read is None:
        found = documented_facts(tool.description, tool.operation)
        documented = {axis: (fact.value, fact.quote) for axis, fact in found.items()}
    else:
        documented = dict(tool.facts.read)
    stated = tool.facts.stated
    for axis, (value, quote) in documented.items():
        if axis not in facts or (axis in stated and is_same_value(facts[axis].value, value)):
            facts[axis] = KnownFact(value, quote, False)
    if "price" in facts and "pricing" not in facts:
        price = facts["price"]
        facts["pricing"] = KnownFact("paid" if price.value else "free", price.evidence, price.is_listed)
    removed = {axis for axis, value in stated.items() if value is None}
    return {axis: fact for axis, fact in facts.items() if axis not in removed}


def is_same_value(first: float | str, second: float | str) -> bool:
    """Return True if two values of an axis are equal, numbers up to rounding in a file."""
    if isinstance(first, str) or isinstance(second, str):
        return first == second
    return math.isclose(first, second, rel_tol=_ROUNDING)


def entry(axis: str, value: float | str) -> str:
    """Return the entry of a listing that states a fact."""
    if isinstance(value, str):
        return f"{_LABELS[axis]} {value.replace('_', ' ')}"
    return MEASURES[axis].text(value)


def measured_axes(tool: Tool) -> frozenset[str]:
    """Return the axes whose value is in a field of the tool or in a facts file, not in the tool's description."""
    return frozenset(_listed(tool.facts))


def _listed(facts: ServiceFacts) -> dict[str, float | str]:
    """Return the facts that are not documented in prose; those of a facts file take precedence."""
    measured: dict[str, float | str | None] = {
        "pricing": facts.pricing if facts.pricing in levels()["pricing"] else None,
        "access": _AUTHENTICATION.get(facts.authentication or ""),
        "latency": facts.latency_ms,
        "service_level": facts.service_level,
        "success_rate": facts.success_rate,
        "popularity": facts.popularity,
        "payload": facts.reply_fields,
        "scope": facts.operations,
    }
    return {axis: value for axis, value in {**measured, **facts.stated}.items() if value is not None}
