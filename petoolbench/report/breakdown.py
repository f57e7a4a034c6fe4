"""Tool accuracy by what an instance is like: long or short its history, which axis counts, where the change lies.

The parts are those of the rows of a config, so that all of its runs are told apart by the same ones.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hf_dataset.schema import Instance
from metrics.petoolbench.aggregation import RESAMPLES
from metrics.petoolbench.uncertainty import intervals

from .gather import Judged

_MOST: Final = 6
"""Parts of a property of many values."""
_TENTHS: Final = 10
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of rows, 0 to 1, with the ends of its 95 % interval."""

    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Part:
    """The rows that have something in common."""

    label: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The rows that a run was asked, by one property. A row with several axes counts under each."""

    by: str
    """A key of `PROPERTIES`."""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """Something that tells instances apart."""

    title: str
    labels: Callable[[Judged], list[list[str]]]
    """The parts to which each row belongs."""
    ordered: bool = True
    """Whether a line may join the parts."""


def rate(right: Sequence[bool], query_groups: Sequence[str]) -> Rate:
    """A share with its interval, clustered on query groups.

    Where all rows fare alike, a bootstrap sees no spread, and the interval is the exact one for as many independent
    query groups.

    Args:
        right: What is counted; not empty.
        query_groups: Query group of each.
    """
    value = sum(right) / len(right)
    if value in (0, 1):
        far = 1 - 0.025 ** (1 / len(set(query_groups)))
        return Rate(value, value and 1 - far, value or far, len(right))
    outcomes: NDArray[np.float64] = np.asarray(right, dtype=np.float64)[:, None]
    low, high = intervals(outcomes, query_groups, resamples=RESAMPLES, seed=0)[0]
    return Rate(value, float(low), float(high), len(right))


def breakdowns(run: Judged) -> tuple[Breakdown, ...]:
    """Tool accuracy of a run, broken down by every property that varies over the rows of its config."""
    found = [_break_down(run, by, one.labels(run)) for by, one in PROPERTIES.items()]
    return tuple(one for one in found if one is not None)


def _break_down(run: Judged, by: str, labels: Sequence[Sequence[str]]) -> Breakdown | None:
    order = in_order(label for some in labels for label in some)
    if len(order) < 2:
        return None
    groups = run.query_groups
    parts = []
    for label in order:
        rows = [index for index in run.asked if label in labels[index]]
        if rows:
            right = [run.verdicts[index].tool_correct for index in rows]
            parts.append(Part(label, rate(right, [groups[index] for index in rows])))
    return Breakdown(by, tuple(parts)) if parts else None


def in_order(labels: Iterable[str]) -> list[str]:
    """Labels of one property as they follow each other, each once."""
    return sorted(set(labels), key=_order)


def _order(label: str) -> tuple[float, str]:
    """Labels in the order of the number that they begin with, then of the alphabet."""
    number = _NUMBER.match(label)
    return (float(number[0]) if number else 0.0, label)


def _binned(values: Sequence[float | None], show: Callable[[float], str]) -> list[list[str]]:
    """Each value as the range that it falls in: each of few values by itself, of many about equally often."""
    known = sorted(value for value in values if value is not None)
    distinct = sorted(set(known))
    starts = distinct
    if len(distinct) > _MOST:
        starts = sorted({known[part * len(known) // _MOST] for part in range(_MOST)})
    bins: dict[int, list[float]] = {}
    for value in distinct:
        bins.setdefault(bisect_right(starts, value), []).append(value)
    ends = {number: dict.fromkeys((show(inside[0]), show(inside[-1]))) for number, inside in bins.items()}
    return [["-".join(ends[bisect_right(starts, value)])] if value is not None else [] for value in values]


def _axes(run: Judged) -> list[list[str]]:
    return [[axis.replace("_", " ") for axis in row.meta.axes or []] if row.meta else [] for row in run.rows]


def _lengths(run: Judged) -> list[list[str]]:
    return _binned([len(row.history) for row in run.rows], lambda value: f"{value:.0f}")


def _drift(run: Judged) -> list[list[str]]:
    return [[_tenth(row)] if row.meta and row.meta.drift_step is not None else [] for row in run.rows]


def _tenth(row: Instance) -> str:
    """The tenth of the history in which the last change lies."""
    step = row.meta.drift_step if row.meta else None
    tenth = min(_TENTHS * (step or 0) // max(len(row.history), 1), _TENTHS - 1)
    return f"{10 * tenth}-{10 * tenth + 10} %"


def _noise(run: Judged) -> list[list[str]]:
    shares = [round(100 * row.meta.noise) if row.meta and row.meta.noise is not None else None for row in run.rows]
    return [[f"{label} %" for label in some] for some in _binned(shares, lambda value: f"{value:.0f}")]


def _place_of_answer(run: Judged) -> list[list[str]]:
    found = []
    for row, names in zip(run.rows, run.candidates, strict=True):
        place = names.index(row.answer.name) if row.answer and row.answer.name in names else None
        found.append([] if place is None else [str(place + 1)])
    return found


def _tokens(run: Judged) -> list[list[str]]:
    return _binned([row.meta.n_tokens if row.meta else None for row in run.rows], lambda value: f"{value / 1000:.1f}k")


PROPERTIES: Final[Mapping[str, Property]] = {
    "history_length": Property("interactions in the history", _lengths),
    "axis": Property("axis of the preference", _axes, ordered=False),
    "drift_position": Property("place of the change in the history", _drift),
    "noise": Property("flipped ratings", _noise),
    "prompt_tokens": Property("tokens of the row", _tokens),
    "answer_position": Property("place of the answer among the candidates", _place_of_answer),
}
