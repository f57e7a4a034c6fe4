"""Figures of a reading study: accuracy, named axes, calibration, ambiguity, realism, and agreement of readers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, median
from typing import Final, Literal, NamedTuple

import numpy as np

from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.aggregation import RESAMPLES, aggregate
from metrics.petoolbench.matching import compare_arguments
from metrics.petoolbench.uncertainty import intervals

from .forms import AMBIGUITIES, ASPECTS
from .gather import Reading

BINS: Final = ((0, 50), (50, 70), (70, 90), (90, 101))
"""Confidences that are compared with the accuracy: from the first number to below the second."""
NOT_STATED: Final = "not stated"
NamedAxes = Literal["in full", "in part", "none", "not stated"]
NAMED_AXES: Final[tuple[NamedAxes, ...]] = ("in full", "in part", "none", NOT_STATED)
"""Axes that a reader names, compared with the wanted ones: the same set; some in common; none in common; none named."""


class Rate(NamedTuple):
    """A mean from 0 to 1, with its 95 % interval."""

    rate: float
    low: float
    high: float


class Accuracy(NamedTuple):
    """Accuracy of a part of the readings. The intervals are from a bootstrap over query groups."""

    part: str
    """`all`, or the property that the readings share: `reader`, `config`, `kind`, `concerns` or `arguments`."""
    value: str
    """Value of the property; empty for all readings."""
    readings: int
    query_groups: int
    tool: Rate
    call: Rate


class AxesNamed(NamedTuple):
    """Readings with the right tool by the axes that the reader names."""

    part: str
    value: str
    counts: dict[NamedAxes, int]


class Bin(NamedTuple):
    """Readings of similar confidence."""

    low: int
    high: int
    """Highest confidence in the bin."""
    readings: int
    confidence: float
    """Mean confidence, 0 to 1."""
    accuracy: float
    """Tool accuracy."""


class Calibration(NamedTuple):
    """Confidence compared with tool accuracy."""

    bins: tuple[Bin, ...]
    """Bins with readings; the last one is all readings."""
    brier: float
    """Mean squared difference between the confidence, 0 to 1, and the outcome, 0 or 1."""
    brier_of_the_mean: float
    """Brier score of a constant confidence that equals the accuracy."""


class Ambiguous(NamedTuple):
    """Readings by stated ambiguity."""

    stated: str
    readings: int
    right: int
    """Number of readings with the right tool."""
    other_right: int
    """Number of readings whose `other_tool` is the right one."""


class Realism(NamedTuple):
    """Ratings of one part of the rows."""

    aspect: str
    readings: int
    median: float
    lowest: int


class Agreement(NamedTuple):
    """Agreement of two readers on the rows that both have read, right or wrong."""

    first: str
    second: str
    rows: int
    tool: Rate
    """Share of rows with the same tool."""
    call: Rate
    """Share of rows with the same tool and the same arguments."""
    both_right: int
    one_right: int
    neither_right: int
    axes: float | None
    """Mean overlap of the named axes (Jaccard index), over the rows where both name some; None without such rows."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a reading study."""

    accuracy: tuple[Accuracy, ...]
    axes: tuple[AxesNamed, ...]
    calibration: Calibration
    ambiguous: tuple[Ambiguous, ...]
    realism: tuple[Realism, ...]
    agreement: tuple[Agreement, ...]


def figures_of(readings: Sequence[Reading]) -> Figures:
    """Return all figures of at least one reading."""
    return Figures(
        tuple(_accuracy(part, value, some) for part, value, some in _parts(readings)),
        tuple(_axes_named(readings)),
        calibration_of([(reading.form.confidence, reading.verdict.tool_correct) for reading in readings]),
        tuple(_ambiguous(readings)),
        tuple(_realism(readings)),
        tuple(_agreements(readings)),
    )


def named_axes(reading: Reading) -> NamedAxes:
    """Compare the axes that a reader names with those of what the user wants."""
    named, wanted = set(reading.form.goes_by), set(reading.wanted_axes)
    if not named:
        return NOT_STATED
    return "in full" if named == wanted else "in part" if named & wanted else "none"


def _parts(readings: Sequence[Reading]) -> Iterator[tuple[str, str, list[Reading]]]:
    """Yield all readings, and those with each value of each property that takes several values or is known."""
    yield "all", "", list(readings)
    if len({reading.reader for reading in readings}) > 1:
        yield from _by("reader", readings, lambda reading: reading.reader)
    properties: dict[str, Callable[[Reading], str | int | None]] = {
        "config": lambda reading: HISTORY_TYPES.index(reading.config),
        "kind": lambda reading: reading.meta.kind,
        "concerns": lambda reading: reading.meta.concerns,
    }
    for name, of in properties.items():
        for part, value, some in _by(name, readings, of):
            yield part, HISTORY_TYPES[int(value)] if name == "config" else value, some
    for kind in sorted({kind for reading in readings for kind in _arguments(reading)}):
        yield "arguments", kind, [reading for reading in readings if kind in _arguments(reading)]


def _arguments(reading: Reading) -> list[str]:
    """Return the kinds of the arguments of a row; `stated` if all stand in the instruction; none if not known."""
    kinds = reading.meta.arguments if reading.meta.kind else None
    return [] if kinds is None else kinds or ["stated"]


def _by(
    name: str, readings: Sequence[Reading], of: Callable[[Reading], str | int | None]
) -> Iterator[tuple[str, str, list[Reading]]]:
    known = [value for value in map(of, readings) if value is not None]
    for value in sorted(set(known), key=lambda value: (isinstance(value, str), value)):
        yield name, str(value), [reading for reading in readings if of(reading) == value]


def _accuracy(part: str, value: str, readings: Sequence[Reading]) -> Accuracy:
    groups = [reading.instance.query_group for reading in readings]
    scores = aggregate([reading.verdict for reading in readings], groups)
    ends = scores["intervals"]
    tool = Rate(scores["tool_accuracy"], *ends["tool_accuracy"])
    call = Rate(scores["call_accuracy"], *ends["call_accuracy"])
    return Accuracy(part, value, scores["count"], scores["query_groups"], tool, call)


def _axes_named(readings: Sequence[Reading]) -> Iterator[AxesNamed]:
    right = [reading for reading in readings if reading.verdict.tool_correct and reading.wanted_axes]
    for part, value, some in _parts(right) if right else ():
        classes = list(map(named_axes, some))
        yield AxesNamed(part, value, {name: classes.count(name) for name in NAMED_AXES})


def calibration_of(readings: Sequence[tuple[float, bool]]) -> Calibration:
    """Return the calibration of at least one reading.

    Args:
        readings: Confidence, 0 to 100, and whether the tool is right.
    """
    outcomes = [(confidence / 100, float(right)) for confidence, right in readings]
    bins = [
        Bin(low, min(end - 1, 100), len(some), fmean(sure for sure, _ in some), fmean(right for _, right in some))
        for low, end in (*BINS, (0, 101))
        if (some := [(sure, right) for sure, right in outcomes if low <= 100 * sure < end])
    ]
    accuracy = bins[-1].accuracy
    brier = fmean((sure - right) ** 2 for sure, right in outcomes)
    return Calibration(tuple(bins), brier, accuracy * (1 - accuracy))


def _ambiguous(readings: Sequence[Reading]) -> Iterator[Ambiguous]:
    for stated in (*AMBIGUITIES, None):
        some = [reading for reading in readings if reading.form.ambiguous == stated]
        right = sum(reading.verdict.tool_correct for reading in some)
        other = sum(reading.form.other_tool == reading.reference.answer.name for reading in some)
        if some or stated:
            yield Ambiguous(stated or NOT_STATED, len(some), right, other)


def _realism(readings: Sequence[Reading]) -> Iterator[Realism]:
    for aspect in ASPECTS:
        ratings = [reading.form.realism[aspect] for reading in readings if aspect in reading.form.realism]
        if ratings:
            yield Realism(aspect, len(ratings), float(median(ratings)), min(ratings))


def _agreements(readings: Iterable[Reading]) -> Iterator[Agreement]:
    by_reader: dict[str, dict[str, Reading]] = {}
    for reading in readings:
        by_reader.setdefault(reading.reader, {})[reading.number] = reading
    for (first, ours), (second, theirs) in combinations(by_reader.items(), 2):
        pairs = [(ours[number], theirs[number]) for number in ours if number in theirs]
        if pairs:
            yield _agreement(first, second, pairs)


def _agreement(first: str, second: str, pairs: Sequence[tuple[Reading, Reading]]) -> Agreement:
    groups = [one.instance.query_group for one, _ in pairs]
    same = np.array([[one.form.answer == other.form.answer, _same_call(one, other)] for one, other in pairs], float)
    ends = intervals(same, groups, resamples=RESAMPLES, seed=0)
    tool, call = (
        Rate(float(mean), float(low), float(high)) for mean, (low, high) in zip(same.mean(axis=0), ends, strict=True)
    )
    right = [one.verdict.tool_correct + other.verdict.tool_correct for one, other in pairs]
    axes = [(set(one.form.goes_by), set(other.form.goes_by)) for one, other in pairs]
    overlaps = [len(ours & theirs) / len(ours | theirs) for ours, theirs in axes if ours and theirs]
    return Agreement(
        first,
        second,
        len(pairs),
        tool,
        call,
        right.count(2),
        right.count(1),
        right.count(0),
        fmean(overlaps) if overlaps else None,
    )


def _same_call(one: Reading, other: Reading) -> bool:
    """Return True if two readers call the same tool with the same arguments under its schema."""
    if one.form.answer != other.form.answer:
        return False
    schema = next(json.loads(tool.parameters) for tool in one.instance.candidates if tool.name == one.form.answer)
    return compare_arguments(one.form.arguments, other.form.arguments, schema, "default") == "same"
