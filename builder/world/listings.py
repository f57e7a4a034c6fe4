"""Listings: the facts of a tool as a provider states them, in one of many layouts.

A layout is a Jinja template. The layouts of train, validation and test are different, and state values in different
units; a pack adds layouts for the test split from a folder outside of the repository. A template receives the stated
facts as `facts.AXIS`, each with its value in several forms (`Stated`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from builder.errors import ConfigError

from .axes import AXES, Value
from .facts import Facts

SUFFIX: Final = ".j2"
_MONTHLY_CALLS: Final = (1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000)
"""Number of calls that plans include."""
_ROUND_FEES: Final = (5, 10, 15, 19, 25, 29, 39, 49, 59, 79, 99, 129, 149, 199, 249, 299, 399, 499)
_MINUTES_A_MONTH: Final = 43_200


class Plan(NamedTuple):
    """A monthly plan."""

    usd: float
    """Fee of a month."""
    calls: int
    """Calls that the fee includes."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact in the forms in which listings state it. Each form gives the canonical value back, to within 2 %."""

    axis: str
    value: Value
    today: date
    noun: str = ""
    """Counted things, such as `countries`, for the axis coverage."""

    @property
    def number(self) -> float:
        """The value as a number in the canonical unit."""
        return float(self.value)

    # Price, in USD per 1,000 calls.
    @property
    def is_free(self) -> bool:
        """True if calls cost nothing."""
        return self.number == 0

    @property
    def usd_per_1000(self) -> str:
        """Price of 1,000 calls, such as `2.40`."""
        return _decimal(self.number, 2)

    @property
    def usd_per_call(self) -> str:
        """Price of one call, such as `0.0024`."""
        return _decimal(self.number / 1000, 5)

    @property
    def usd_per_million(self) -> str:
        """Price of a million calls, such as `2,400`."""
        return _decimal(self.number * 1000, 0)

    @property
    def plan(self) -> Plan:
        """A monthly plan with this price per call when all included calls are used."""

        def miss(plan: Plan) -> float:
            return abs(plan.usd / plan.calls * 1000 / self.number - 1)

        plans = [Plan(float(fee), calls) for fee in _ROUND_FEES for calls in _MONTHLY_CALLS]
        best = min(
            plans, key=lambda plan: (miss(plan) > 0.02, abs(plan.calls - 20_000) if miss(plan) <= 0.02 else miss(plan))
        )
        if miss(best) <= 0.02:
            return best
        calls = min(_MONTHLY_CALLS, key=lambda calls: abs(calls * self.number / 1000 - 40))
        return Plan(round(calls * self.number / 1000, 2), calls)

    # Rate limit, in calls per minute.
    @property
    def per_minute(self) -> str:
        """Calls per minute."""
        return _decimal(self.number, 0)

    @property
    def per_second(self) -> str:
        """Calls per second, with up to two decimals."""
        return _decimal(self.number / 60, 2)

    @property
    def per_hour(self) -> str:
        """Calls per hour."""
        return _decimal(self.number * 60, 0)

    @property
    def per_five_minutes(self) -> int:
        """Calls in a window of 300 seconds."""
        return round(self.number * 5)

    @property
    def ms_between_calls(self) -> int:
        """Minimum interval between calls in milliseconds."""
        return round(60_000 / self.number)

    # Latency, in milliseconds.
    @property
    def ms(self) -> int:
        """Milliseconds."""
        return round(self.number)

    @property
    def seconds(self) -> str:
        """Seconds, with up to three decimals."""
        return _decimal(self.number / 1000, 3)

    @property
    def ms_95(self) -> int:
        """A 95th percentile that goes with the median, in milliseconds."""
        return round(self.number * 2.4 / 5) * 5

    # Uptime, in percent.
    @property
    def percent(self) -> str:
        """Percent, such as `99.95`."""
        return _decimal(self.number, 2)

    @property
    def downtime_minutes(self) -> str:
        """Minutes of downtime in a month of 30 days."""
        return _decimal((100 - self.number) / 100 * _MINUTES_A_MONTH, 1)

    # Retention in days, freshness in seconds: as durations.
    @property
    def duration(self) -> str:
        """The value as a duration in words, such as `15 minutes`."""
        seconds = self.number * 86_400 if self.axis == "retention" else self.number
        return _duration(seconds)

    @property
    def hours(self) -> str:
        """The value in hours."""
        return _decimal(self.number * 24 if self.axis == "retention" else self.number / 3600, 3)

    @property
    def days(self) -> str:
        """The value in days."""
        return _decimal(self.number if self.axis == "retention" else self.number / 86_400, 3)

    @property
    def whole_seconds(self) -> int:
        """The value in seconds."""
        return round(self.number * 86_400 if self.axis == "retention" else self.number)

    # Archive, in years; coverage, a count; standing, of 10.
    @property
    def since_year(self) -> int:
        """First year of an archive of this length."""
        return self.today.year - round(self.number)

    @property
    def years(self) -> int:
        """Whole years."""
        return round(self.number)

    @property
    def count(self) -> str:
        """A count, such as `1,200`."""
        return _decimal(self.number, 0)

    @property
    def stars(self) -> str:
        """Standing as stars of 5, with two decimals."""
        return _decimal(self.number / 2, 2)

    @property
    def rating(self) -> str:
        """Standing of 10, with one decimal."""
        return _decimal(self.number, 1)

    def __str__(self) -> str:
        return str(self.value)


def _decimal(value: float, places: int) -> str:
    """Return a number with thousands separators and at most `places` decimals, but two significant digits."""
    while places < 9 and value and abs(round(value, places) / value - 1) > 0.01:
        places += 1
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text and places > 2 else text


def _duration(seconds: float) -> str:
    """Return a duration in the largest unit that gives a whole number, such as `90 seconds` or `2 weeks`."""
    for size, name in ((2_592_000, "month"), (604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            number = round(seconds / size)
            return f"{number} {name}{'s' if number > 1 else ''}"
    return f"{round(seconds)} seconds"


class Layout:
    """A template that states facts.

    Args:
        name: Name, unique among the layouts of its set.
        source: Text of the template.

    Raises:
        ConfigError: If it is not a valid template.
    """

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        try:
            self._template: Template = _environment().from_string(source)
        except TemplateError as error:
            raise ConfigError(
                f"The layout {name!r} is not a valid template: {error}. See docs/guides/packs.md."
            ) from error

    def render(self, facts: Facts, today: date, noun: str = "entries") -> str:
        """Return the listing of a tool.

        Args:
            facts: Stated facts in canonical units.
            today: Day of the listing.
            noun: Things that the axis coverage counts.

        Raises:
            ConfigError: If the template fails, for example on a name that does not exist.
        """
        stated = {axis: Stated(axis, value, today, noun if axis == "coverage" else "") for axis, value in facts.items()}
        try:
            text = self._template.render(facts=_Namespace(stated))
        except TemplateError as error:
            raise ConfigError(
                f"The layout {self.name!r} cannot be rendered: {error}. See docs/guides/packs.md."
            ) from error
        return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


class _Namespace:
    """The facts of a template: a stated one by the name of its axis, None for one that is not stated."""

    def __init__(self, stated: Mapping[str, Stated]) -> None:
        self._stated = stated

    def __getattr__(self, name: str) -> Stated | None:
        if name not in AXES:
            raise AttributeError(name)
        return self._stated.get(name)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    # Not for HTML: listings are plain text. Sandboxed, since packs come from outside.
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )


@cache
def layouts(split: str) -> Sequence[Layout]:
    """Return the layouts of a split, by name."""
    folder = files(__package__) / "listings" / split
    nodes = sorted((node for node in folder.iterdir() if node.name.endswith(SUFFIX)), key=lambda node: node.name)
    return tuple(Layout(node.name.removesuffix(SUFFIX), node.read_text(encoding="utf-8")) for node in nodes)
