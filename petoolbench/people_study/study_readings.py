"""Readings of a people's study: answers with the instances that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from builder.errors import DataError
from hf_dataset.schema import Instance, MetaRow
from metrics.study_files import ANSWERS, Study, StudyAnswer, read_answers, read_study
from petoolbench.data import InstanceSet, load

Role = Literal["right", "same job", "another job"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""Role of a chosen tool: the right one, another one that does the job, or one that does not."""
_UNKNOWN: Final = MetaRow()


@dataclass(frozen=True, slots=True)
class StudyReading:
    """Answer of a reader to a row, compared with the right tool."""

    reader: int
    section: int
    """Section of the reader's list that the row is in, from 1 to the number of readers of each row."""
    position: int
    """Position of the chosen tool as shown, from 1."""
    instance: Instance
    answer: StudyAnswer

    @property
    def right_tool(self) -> str:
        """Name of the right tool."""
        assert self.instance.answer is not None
        return self.instance.answer.name

    @property
    def is_right(self) -> bool:
        """True if the reader chose the right tool."""
        return self.answer.choice == self.right_tool

    @property
    def kind(self) -> str | None:
        """Kind of the preference; None if it is not known."""
        return (self.instance.meta or _UNKNOWN).kind

    @property
    def same_function(self) -> frozenset[str]:
        """Names of the candidates that do the job; empty if they are not known."""
        return frozenset((self.instance.meta or _UNKNOWN).same_function or ())

    @property
    def role(self) -> Role | None:
        """Role of the chosen tool; None for a wrong tool if the candidates that do the job are not known."""
        if self.is_right:
            return "right"
        if not self.same_function:
            return None
        return "same job" if self.answer.choice in self.same_function else "another job"


@dataclass(frozen=True, slots=True)
class StudyReadings:
    """A study and all readings so far."""

    study: Study
    readings: tuple[StudyReading, ...]
    """By reader, then in the order of the reader's rows."""

    @property
    def dealt(self) -> dict[int, int]:
        """Number of dealt rows by reader."""
        return {reader.reader: len(reader.rows) for reader in self.study.readers}

    @property
    def given(self) -> dict[int, int]:
        """Number of answers by reader."""
        return {number: sum(reading.reader == number for reading in self.readings) for number in self.dealt}

    @property
    def by_row(self) -> dict[str, list[StudyReading]]:
        """Readings by instance id, in the order of the ids."""
        rows: dict[str, list[StudyReading]] = {}
        for reading in sorted(self.readings, key=lambda reading: reading.instance.instance_id):
            rows.setdefault(reading.instance.instance_id, []).append(reading)
        return rows


def read_readings(folder: Path, data: str | Path) -> StudyReadings:
    """Read the answers of a study and the rows that they belong to.

    Args:
        folder: Folder of the study.
        data: Folder of the data set, or its repository on the Hub.

    Raises:
        DataError: If the data set is another one, or there are no answers yet.
        ReadError: If `data` is not a data set.
        StudyError: If a file of the study is missing or malformed.
    """
    study = read_study(folder)
    instances = load(data, "all", study.split)
    _check_revision(study, instances)
    ids = {row.instance_id for reader in study.readers for row in reader.rows}
    by_id = {row.instance_id: row for row in instances.select(ids)}
    readings = tuple(reading for reader in study.readers for reading in _of_reader(folder, study, reader.reader, by_id))
    if not readings:
        raise DataError(
            f"There are no answers in {str(folder / ANSWERS)!r}. Send each reader the link that `study new` printed, "
            "and copy the answers from the machine of the leaderboard."
        )
    return StudyReadings(study, readings)


def _of_reader(folder: Path, study: Study, number: int, by_id: Mapping[str, Instance]) -> list[StudyReading]:
    reader = study.readers[number - 1]
    answers = read_answers(folder, reader)
    return [
        StudyReading(
            number,
            1 + place * study.reads // len(reader.rows),
            1 + row.tools.index(answers[row.instance_id].choice),
            by_id[row.instance_id],
            answers[row.instance_id],
        )
        for place, row in enumerate(reader.rows)
        if row.instance_id in answers
    ]


def _check_revision(study: Study, instances: InstanceSet) -> None:
    assert instances.manifest is not None
    revision = instances.manifest.data_revision
    if study.data_revision != revision:
        raise DataError(
            f"Study {study.id} is of data revision {study.data_revision}, but {instances.source!r} has revision "
            f"{revision}. Name the data set that was dealt with --data."
        )
