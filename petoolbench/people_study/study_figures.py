"""Figures of a people's study: accuracy, time, confidence, agreement of readers, and rows that they call ambiguous."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from hf_dataset.prompting import config_of
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.uncertainty import wilson
from metrics.study_files import STATED_AMBIGUITIES, StatedAmbiguity
from petoolbench.rate_intervals import interval
from petoolbench.reading_study.figures import Calibration, Rate, calibration_of

from .kappa import Kappa, fleiss_kappa, free_marginal_kappa
from .study_readings import ROLES, StudyReading, StudyReadings

IntervalOver = Literal["rows", "readers", "readings", "rows (Wilson)"]
READER: Final = "reader"
"""Part of the readings with the figures of a single reader, which are not published."""
TOOL_OF_ALL: Final = "tool, chance among all candidates"
TOOL_FOR_THE_JOB: Final = "tool, chance among those that do the job"
ROLE: Final = "role of the tool (Fleiss)"


class StudyAccuracy(NamedTuple):
    """Tool accuracy of a part of the readings.

    Readings of one row are correlated, since rows differ in difficulty. Intervals are therefore from a bootstrap over
    rows (`rows`). One line resamples readers instead (`readers`), for the spread between people; with few readers it is
    too narrow. A reader reads each row once, so the interval of a reader is Wilson's (`readings`). That of a cell of
    config and kind has few rows, and is Wilson's with one trial per row (`rows (Wilson)`), which is on the safe side.
    """

    part: str
    """`all`, or the property that the readings share."""
    value: str
    readings: int
    rows: int
    accuracy: Rate
    interval_over: IntervalOver
    same_job: float | None
    """Share of readings with a tool that does the job, 0 to 1; None if it is not known."""
    majority: float
    """Share of the rows for which more than half of the readings choose the right tool."""


class StudyTime(NamedTuple):
    """Seconds that readers take for a row."""

    part: str
    value: str
    readings: int
    low: float
    """First quartile."""
    median: float
    high: float
    """Third quartile."""


class StudyAgreement(NamedTuple):
    """Agreement of the readers of a row, over the rows with at least two readings; see `kappa.py`."""

    name: str
    rows: int
    readings: int
    kappa: Kappa


class StatedAmbiguous(NamedTuple):
    """Readings by stated ambiguity."""

    stated: StatedAmbiguity
    readings: int
    right: int
    """Number of readings with the right tool."""


class AmbiguousRow(NamedTuple):
    """Row that at least one reader calls slightly or clearly ambiguous."""

    instance_id: str
    config: str
    kind: str | None
    stated: dict[StatedAmbiguity, int]
    """Number of readings by stated ambiguity."""
    right: str
    """Name of the right tool."""
    choices: dict[str, int]
    """Number of readings by chosen tool, the most frequent first."""
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudyFigures:
    """All figures of a people's study."""

    accuracy: tuple[StudyAccuracy, ...]
    time: tuple[StudyTime, ...]
    calibration: Calibration
    agreement: tuple[StudyAgreement, ...]
    ambiguous: tuple[StatedAmbiguous, ...]
    ambiguous_rows: tuple[AmbiguousRow, ...]
    """The most often so called first."""


class _Part(NamedTuple):
    """Readings that share a property."""

    name: str
    value: str
    readings: Sequence[StudyReading]


def study_figures(gathered: StudyReadings) -> StudyFigures:
    """Return all figures of a study with at least one reading."""
    readings = gathered.readings
    return StudyFigures(
        tuple(_accuracies(readings)),
        tuple(_time(part) for part in _parts(readings)),
        calibration_of([(reading.answer.confidence, reading.is_right) for reading in readings]),
        tuple(_agreements(gathered)),
        tuple(_stated(readings)),
        tuple(_ambiguous_rows(gathered)),
    )


def _parts(readings: Sequence[StudyReading]) -> Iterator[_Part]:
    """Yield all readings, and those with each value of each property that is known."""
    yield _Part("all", "", readings)
    properties: dict[str, Callable[[StudyReading], str | int | None]] = {
        READER: lambda reading: reading.reader,
        "config": lambda reading: HISTORY_TYPES.index(config_of(reading.instance.instance_id)),
        "kind": lambda reading: reading.kind,
        "section": lambda reading: reading.section,
    }
    for name, of in properties.items():
        known = {value for reading in readings if (value := of(reading)) is not None}
        for value in sorted(known, key=lambda value: (isinstance(value, str), value)):
            label = HISTORY_TYPES[int(value)] if name == "config" else str(value)
            yield _Part(name, label, [reading for reading in readings if of(reading) == value])


def _cells(readings: Sequence[StudyReading]) -> Iterator[_Part]:
    """Yield the readings of each combination of config and kind."""
    for config in HISTORY_TYPES:
        of_config = [reading for reading in readings if reading.answer.config == config]
        for kind in sorted({reading.kind for reading in of_config if reading.kind is not None}):
            cell = [reading for reading in of_config if reading.kind == kind]
            yield _Part("config and kind", f"{config}, {kind}", cell)


def _accuracies(readings: Sequence[StudyReading]) -> Iterator[StudyAccuracy]:
    for part in _parts(readings):
        yield _accuracy(part, "readings" if part.name == READER else "rows")
        if part.name == "all" and len({reading.reader for reading in readings}) > 1:
            yield _accuracy(part, "readers")
    for part in _cells(readings):
        yield _accuracy(part, "rows (Wilson)")


def _accuracy(part: _Part, over: IntervalOver) -> StudyAccuracy:
    outcomes = [float(reading.is_right) for reading in part.readings]
    rows: dict[str, list[float]] = {}
    for reading, outcome in zip(part.readings, outcomes, strict=True):
        rows.setdefault(reading.instance.instance_id, []).append(outcome)
    rate = sum(outcomes) / len(outcomes)
    match over:
        case "rows":
            low, high = interval(outcomes, [reading.instance.instance_id for reading in part.readings])
        case "readers":
            low, high = interval(outcomes, [str(reading.reader) for reading in part.readings])
        case _:
            low, high = wilson(rate, len(rows))
    roles = [reading.role for reading in part.readings]
    same_job = None if None in roles else sum(role != "another job" for role in roles) / len(roles)
    majority = sum(2 * sum(of_row) > len(of_row) for of_row in rows.values()) / len(rows)
    return StudyAccuracy(
        part.name, part.value, len(outcomes), len(rows), Rate(rate, low, high), over, same_job, majority
    )


def _time(part: _Part) -> StudyTime:
    quartiles = np.percentile([reading.answer.seconds for reading in part.readings], (25, 50, 75))
    return StudyTime(part.name, part.value, len(part.readings), *map(float, quartiles))


def _agreements(gathered: StudyReadings) -> Iterator[StudyAgreement]:
    rows = [readings for readings in gathered.by_row.values() if len(readings) > 1]
    if not rows:
        return
    count = sum(map(len, rows))
    choices = [[reading.answer.choice for reading in readings] for readings in rows]
    candidates = [len(readings[0].instance.candidates) for readings in rows]
    yield StudyAgreement(TOOL_OF_ALL, len(rows), count, free_marginal_kappa(choices, candidates))
    options = [len(readings[0].same_function) for readings in rows]
    if all(options):
        yield StudyAgreement(TOOL_FOR_THE_JOB, len(rows), count, free_marginal_kappa(choices, options))
        roles = [[sum(reading.role == role for reading in readings) for role in ROLES] for readings in rows]
        yield StudyAgreement(ROLE, len(rows), count, fleiss_kappa(np.array(roles, dtype=np.int64)))


def _stated(readings: Sequence[StudyReading]) -> Iterator[StatedAmbiguous]:
    for stated in STATED_AMBIGUITIES:
        some = [reading for reading in readings if reading.answer.ambiguous == stated]
        yield StatedAmbiguous(stated, len(some), sum(reading.is_right for reading in some))


def _ambiguous_rows(gathered: StudyReadings) -> list[AmbiguousRow]:
    rows = []
    for instance_id, readings in gathered.by_row.items():
        stated = Counter(reading.answer.ambiguous for reading in readings)
        if stated["no"] == len(readings):
            continue
        choices = Counter(reading.answer.choice for reading in readings)
        rows.append(
            AmbiguousRow(
                instance_id,
                readings[0].answer.config,
                readings[0].kind,
                {name: stated[name] for name in STATED_AMBIGUITIES},
                readings[0].right_tool,
                dict(sorted(choices.items(), key=lambda item: (-item[1], item[0]))),
                tuple(reading.answer.remark for reading in readings if reading.answer.remark),
            )
        )
    return sorted(rows, key=lambda row: (-row.stated["yes"], -row.stated["slightly"], row.instance_id))
