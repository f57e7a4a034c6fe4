"""Answers of a people's study: the next row of each reader, and each answer in the file of its reader.

`metrics.study_files` defines the files. The folder has one writer, this process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from leaderboard.public_data import Data, DataError, Instance, ToolDoc
from metrics.study_files import (
    REPORT,
    StatedAmbiguity,
    Study,
    StudyAnswer,
    StudyReader,
    StudyRow,
    append_answer,
    read_answers,
    read_study,
)

_SPLIT: Final = "validation"


class Turn(NamedTuple):
    """Row that a reader answers next."""

    row: Instance
    tools: tuple[ToolDoc, ...]
    """Candidates in the order in which the reader sees them."""
    number: int
    """Number of the row in the reader's list, from 1."""
    of: int
    """Number of the reader's rows."""


class StudyAnswers:
    """A study and the answers of its readers; thread-safe.

    Args:
        folder: Folder of the study, which `petoolbench study new` wrote.
        data: Public data set of the study's revision.
        clock: Return seconds from a monotonic clock.

    Raises:
        DataError: If the study is of another data set or split, or names a row or tool that the data set does not have.
        StudyError: If a file of the study is missing or malformed.
    """

    def __init__(self, folder: Path, data: Data, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._data = data
        self._clock = clock
        self._lock = threading.Lock()
        self._shown_at: dict[tuple[int, str], float] = {}
        self._study = read_study(folder)
        self._check(self._study)

    @property
    def report(self) -> Path:
        """Path of the report of the study, which may be missing."""
        return self._folder / REPORT

    def reader(self, study_id: str, token: str) -> StudyReader | None:
        """Return the reader of a link; None if the link is not one of this study."""
        return self._study.reader(token) if study_id == self._study.id else None

    def turn(self, reader: StudyReader) -> Turn | None:
        """Return the first row that a reader has not answered, and start its clock; None if all are answered.

        Raises:
            StudyError: If the file of the answers is damaged.
        """
        with self._lock:
            return self._turn(reader)

    def save(
        self,
        reader: StudyReader,
        instance_id: str,
        *,
        choice: str,
        confidence: float,
        ambiguous: StatedAmbiguity,
        remark: str,
    ) -> bool:
        """Store an answer to the row that was shown to a reader last, with the seconds since then.

        Args:
            reader: The reader.
            instance_id: Row that is answered.
            choice: Name of the chosen tool.
            confidence: Confidence that the tool is right, 0 to 100.
            ambiguous: Possibility that another tool is right too.
            remark: Free text.

        Returns:
            False if nothing was stored, because the row is answered already, or was not shown by this process.

        Raises:
            OSError: If the file cannot be written.
            StudyError: If a value is malformed, or the file of the answers is damaged.
        """
        with self._lock:
            row, now = self._next_row(reader), self._clock()
            start = self._shown_at.get((reader.reader, instance_id))
            if row is None or row.instance_id != instance_id or start is None:
                return False
            seconds = round(max(0.0, now - start), 1)
            answer = StudyAnswer(instance_id, row.config, choice, confidence, ambiguous, remark, seconds)
            append_answer(self._folder, reader, answer)
            del self._shown_at[reader.reader, instance_id]
            return True

    def _turn(self, reader: StudyReader) -> Turn | None:
        row = self._next_row(reader)
        if row is None:
            return None
        instance = self._data.instance(row.config, _SPLIT, row.instance_id)
        by_name = {tool.name: tool for tool in instance.candidates}
        self._shown_at[reader.reader, row.instance_id] = self._clock()
        number = reader.rows.index(row) + 1
        return Turn(instance, tuple(by_name[name] for name in row.tools), number, len(reader.rows))

    def _next_row(self, reader: StudyReader) -> StudyRow | None:
        answered = read_answers(self._folder, reader)
        return next((row for row in reader.rows if row.instance_id not in answered), None)

    def _check(self, study: Study) -> None:
        if (study.data_revision, study.split) != (self._data.revision, _SPLIT):
            raise DataError(
                f"The study in {str(self._folder)!r} is on the split {study.split!r} of data revision "
                f"{study.data_revision!r}; this board has {_SPLIT!r} of {self._data.revision!r}. Name the data set "
                "that the study was made with."
            )
        for row in {row.instance_id: row for reader in study.readers for row in reader.rows}.values():
            known = {tool.name for tool in self._data.instance(row.config, _SPLIT, row.instance_id).candidates}
            if unknown := sorted(known.symmetric_difference(row.tools)):
                raise DataError(
                    f"The study in {str(self._folder)!r} and the data set disagree on the tools of "
                    f"{row.instance_id!r}: {', '.join(unknown)}. Restore the file that `study new` wrote."
                )
        for reader in study.readers:
            read_answers(self._folder, reader)
