"""Accuracy by a property of the instances: history length, axis of the preference, kind of the arguments, etc.

The bins of a property are computed from all instances of a config, so that all its runs share them.
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

from .gather import JudgedRun

_MAX_BINS: Final = 6
_TENTHS: Final = 10
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Rate:
    """Share of a set of instances, 0 to 1, with the ends of its 95 % interval."""

    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Part:
    """Rate over the instances with one value, or one range of values, of a property."""

    label: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Rates over the instances that a run covers, by one property.

    An instance with several axes, or kinds of arguments, counts under each of them.
    """

    by: str
    """Key of `PROPERTIES`."""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """Property that distinguishes instances."""

    title: str
    labels: Callable[[JudgedRun], list[list[str]]]
    """Function that returns the labels of each instance."""
    ordered: bool = True
    """True if the labels have an order, so that a plot may join them by a line."""
    of_call: bool = False
    """True for call accuracy, which needs the right arguments too; False for tool accuracy."""

    @property
    def measure(self) -> str:
        """Name of what is broken down."""
        return "call accuracy" if self.of_call else "tool accuracy"


def rate(right: Sequence[bool], query_groups: Sequence[str]) -> Rate:
    """Return a share with its 95 % interval, clustered on query groups.

    If all outcomes are equal, the bootstrap has no spread. The interval is then the exact one for as many independent
    trials as there are query groups.

    Args:
        right: Outcome of each instance; not empty.
        query_groups: Query group of each instance, in the same order.
    """
    value = sum(right) / len(right)
    if value in (0, 1):
        margin = 1 - 0.025 ** (1 / len(set(query_groups)))
        return Rate(value, value and 1 - margin, value or margin, len(right))
    outcomes: NDArray[np.float64] = np.asarray(right, dtype=np.float64)[:, None]
    low, high = intervals(outcomes, query_groups, resamples=RESAMPLES, seed=0)[0]
    return Rate(value, float(low), float(high), len(right))


def breakdowns(run: JudgedRun) -> tuple[Breakdown, ...]:
    """Break down a run's accuracy by each property that varies over the instances of its config.

    Returns:
        One breakdown per property.
    """
    results = [_break_down(run, by, prop.labels(run), of_call=prop.of_call) for by, prop in PROPERTIES.items()]
    return tuple(breakdown for breakdown in results if breakdown is not None)


def _break_down(run: JudgedRun, by: str, labels: Sequence[Sequence[str]], *, of_call: bool) -> Breakdown | None:
    order = in_order(label for row_labels in labels for label in row_labels)
    if len(order) < 2:
        return None
    rates = ((label, _rate_of(run, label, labels, of_call=of_call)) for label in order)
    parts = [Part(label, of_label) for label, of_label in rates if of_label is not None]
    return Breakdown(by, tuple(parts)) if parts else None


def _rate_of(run: JudgedRun, label: str, labels: Sequence[Sequence[str]], *, of_call: bool) -> Rate | None:
    """Return the accuracy over the covered instances with a label; None if there are none."""
    indexes = [index for index in run.asked if label in labels[index]]
    if not indexes:
        return None
    groups = run.query_groups
    verdicts = [run.verdicts[index] for index in indexes]
    right = [verdict.tool_correct and (verdict.parameters_correct or not of_call) for verdict in verdicts]
    return rate(right, [groups[index] for index in indexes])


def in_order(labels: Iterable[str]) -> list[str]:
    """Return the distinct labels of a property, sorted by their leading number and then alphabetically."""
    return sorted(set(labels), key=_sort_key)


def _sort_key(label: str) -> tuple[float, str]:
    number = _NUMBER.match(label)
    return (float(number[0]) if number else 0.0, label)


def _binned(values: Sequence[float | None], show: Callable[[float], str]) -> list[list[str]]:
    """Label each value with its bin: one bin per value if there are few values, else bins of about equal size."""
    known = sorted(value for value in values if value is not None)
    distinct = sorted(set(known))
    starts = distinct
    if len(distinct) > _MAX_BINS:
        starts = sorted({known[number * len(known) // _MAX_BINS] for number in range(_MAX_BINS)})
    bins: dict[int, list[float]] = {}
    for value in distinct:
        bins.setdefault(bisect_right(starts, value), []).append(value)
    # `dict.fromkeys` merges two equal ends.
    ends = {number: dict.fromkeys((show(inside[0]), show(inside[-1]))) for number, inside in bins.items()}
    return [["-".join(ends[bisect_right(starts, value)])] if value is not None else [] for value in values]


def _axes(run: JudgedRun) -> list[list[str]]:
    return [[axis.replace("_", " ") for axis in row.meta.axes or []] if row.meta else [] for row in run.rows]


def _history_lengths(run: JudgedRun) -> list[list[str]]:
    return _binned([len(row.history) for row in run.rows], lambda value: f"{value:.0f}")


def _drift_positions(run: JudgedRun) -> list[list[str]]:
    return [[_drift_tenth(row)] if row.meta and row.meta.drift_step is not None else [] for row in run.rows]


def _drift_tenth(row: Instance) -> str:
    """Return the tenth of the history that contains the last change of preference."""
    step = row.meta.drift_step if row.meta else None
    tenth = min(_TENTHS * (step or 0) // max(len(row.history), 1), _TENTHS - 1)
    return f"{10 * tenth}-{10 * tenth + 10} %"


def _noise(run: JudgedRun) -> list[list[str]]:
    shares = [round(100 * row.meta.noise) if row.meta and row.meta.noise is not None else None for row in run.rows]
    return [[f"{label} %" for label in labels] for labels in _binned(shares, lambda value: f"{value:.0f}")]


def _kinds(run: JudgedRun) -> list[list[str]]:
    return [[row.meta.kind] if row.meta and row.meta.kind else [] for row in run.rows]


def _arguments(run: JudgedRun) -> list[list[str]]:
    """Label each instance with the kinds of its arguments; `stated` if all stand in the instruction as they are."""
    known = [row.meta.arguments if row.meta and row.meta.kind else None for row in run.rows]
    return [[] if kinds is None else kinds or ["stated"] for kinds in known]


def _concerns(run: JudgedRun) -> list[list[str]]:
    return _binned([row.meta.concerns if row.meta else None for row in run.rows], lambda value: f"{value:.0f}")


def _evidence(run: JudgedRun) -> list[list[str]]:
    return _binned([row.meta.evidence if row.meta else None for row in run.rows], lambda value: f"{value:.0f}")


def _answer_positions(run: JudgedRun) -> list[list[str]]:
    labels = []
    for row, names in zip(run.rows, run.candidates, strict=True):
        position = names.index(row.answer.name) if row.answer and row.answer.name in names else None
        labels.append([] if position is None else [str(position + 1)])
    return labels


def _token_counts(run: JudgedRun) -> list[list[str]]:
    return _binned([row.meta.n_tokens if row.meta else None for row in run.rows], lambda value: f"{value / 1000:.1f}k")


PROPERTIES: Final[Mapping[str, Property]] = {
    "history_length": Property("number of interactions in the history", _history_lengths),
    "axis": Property("axis of the preference", _axes, ordered=False),
    "drift_position": Property("position of the change in the history", _drift_positions),
    "kind": Property("kind of the preference", _kinds, ordered=False),
    "concerns": Property("number of concerns of the user", _concerns),
    "evidence": Property("number of telling steps", _evidence),
    "arguments": Property("kind of the arguments", _arguments, ordered=False, of_call=True),
    "arguments_tool": Property("kind of the arguments", _arguments, ordered=False),
    "noise": Property("share of steps that do not follow the preference", _noise),
    "prompt_tokens": Property("length of the instance in tokens", _token_counts),
    "answer_position": Property("position of the answer among the candidates", _answer_positions),
}
