"""Samples of facts with which the layouts of a pack are rendered: each value of each axis, and sets of axes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Final

import numpy as np

from builder.grouping.functionalities import data_table
from builder.randomness import generator_for

from .axes import AXES, Value
from .facts import Facts, draw_value, tidy
from .listings import Layout

TODAY: Final = date(2026, 11, 29)
NOUNS: Final = ("countries", "currencies")
NUMBER: Final = re.compile(r"\d[\d,.]*")
_BEYOND: Final = 0.3
"""How far the numbers reach beyond the usual range of their axis, as a share of that range."""
_POINTS: Final = 61


@dataclass(frozen=True, slots=True)
class Texts:
    """Listings of one layout."""

    layout: Layout
    _rendered: dict[tuple[object, ...], str] = field(default_factory=dict)

    def of(self, facts: Facts, noun: str = NOUNS[0]) -> str:
        """Return the listing of some facts."""
        key = (noun, *facts.items())
        if key not in self._rendered:
            self._rendered[key] = self.layout.render(facts, TODAY, noun)
        return self._rendered[key]

    def alone(self, axis: str, value: Value) -> str:
        """Return the listing of a single fact."""
        return self.of({axis: value})

    def among_others(self, axis: str, value: Value) -> str:
        """Return the listing of a fact beside typical facts of all other axes."""
        return self.of({**typical(), axis: value})


@cache
def axis_values(name: str) -> tuple[Value, ...]:
    """Return the levels of an axis, or numbers from well below to well above its usual range, and 0 where it occurs."""
    axis = AXES[name]
    if not axis.is_number:
        return axis.levels
    low, high = axis.position(axis.quantiles[0]), axis.position(axis.quantiles[-1])
    margin = _BEYOND * (high - low)
    numbers = {tidy(axis, axis.at(position)) for position in np.linspace(low - margin, high + margin, _POINTS).tolist()}
    return tuple(sorted(numbers | ({0.0} if name in {"price", "retention"} else set())))


@cache
def typical() -> Facts:
    """Return all axes, each with the value in the middle of `axis_values`."""
    return {name: axis_values(name)[len(axis_values(name)) // 2] for name in AXES}


def without(facts: Facts, name: str) -> Facts:
    """Return facts without one axis."""
    return {axis: value for axis, value in facts.items() if axis != name}


def samples() -> Iterator[tuple[str, Facts]]:
    """Yield facts, and words for what they are."""
    for name in AXES:
        yield from ((f"with {name} {_short(value)} alone", {name: value}) for value in axis_values(name))
    yield from ((f"without {name}", without(typical(), name)) for name in AXES)
    yield "with all axes", typical()
    yield "with the lowest numbers", {name: axis_values(name)[0] for name in AXES}
    yield "with the highest numbers", {name: axis_values(name)[-1] for name in AXES}
    for place in range(max(len(axis.levels) for axis in AXES.values())):
        levels = {name: axis.levels[place % len(axis.levels)] for name, axis in AXES.items() if axis.levels}
        yield f"with the levels {', '.join(levels.values())}", {**typical(), **levels}
    for job, entry in data_table("world/data/functionality_axes.toml").items():
        rng = generator_for((0,), "facts", job)
        yield f"with the axes of {job!r}", {name: draw_value(AXES[name], rng) for name in entry["axes"]}


def _short(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def bare(line: str) -> str:
    """Return a line without the separators that depend on whether other facts follow."""
    return line.strip().rstrip(",;|").rstrip()
