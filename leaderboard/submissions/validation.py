"""Validation of predictions files, shared by the page, the API and the command line.

A check reports all problems with their line numbers. It reads a file line by line, never beyond the limits, and never
decompresses it, so time and memory are bounded for any input. Each line takes time linear in its length, and the whole
file at most the limit in seconds.

`prediction_lines` parses the single lines. Headers may appear on any line, because files may be concatenated, and must
agree with the submission.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from leaderboard.stores.stored_records import HISTORY_TYPES, HistoryShown, Split

from .file_kind import kind_of
from .prediction_lines import EXPECTED, HEADER, LineError, PredictionLine, disagreements, line_of, quoted, record_of

Ids = Mapping[str, frozenset[str]]
"""Instance ids of a split, or of its core, by config."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the size of a file."""

    file_bytes: int = 64 * 2**20
    line_bytes: int = 2**20
    """Maximum length of a line, including the line break."""
    lines: int = 100_000
    problems: int = 100
    """Maximum number of problems reported; all are counted."""
    seconds: float = 60.0
    """Maximum time of the processor that reading may take."""


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class SubmissionTerms:
    """Properties of a submission that the headers of its file must agree with."""

    data_revision: str
    """Data revision of the leaderboard's data set."""
    split: Split
    history: HistoryShown | None
    """History given in the form; None if the form's value is invalid."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Problem of a file."""

    line: int | None
    """Line number from 1, or None for a problem of the whole file."""
    text: str

    def __str__(self) -> str:
        return self.text if self.line is None else f"line {self.line}: {self.text}"


class Endings(NamedTuple):
    """Instance ids by the way in which the first reply ended."""

    cut: frozenset[str]
    """Cut at the limit of output tokens."""
    refused: frozenset[str]
    """Refused by the model, or withheld by a content filter."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of checking a file."""

    problems: tuple[Problem, ...]
    """First problems in the order of their lines, followed by those of the whole file."""
    problem_count: int
    """Number of all problems, including those not reported."""
    predictions: Mapping[str, str] = field(repr=False)
    """Predictions by instance id; complete if there are no problems. Empty texts if they were not kept."""
    configs: tuple[str, ...]
    """Configs that the file answers, in the order of `HISTORY_TYPES`."""
    lines: int
    """Number of lines, including headers."""
    size: int
    """Number of bytes read."""
    sha256: str
    """SHA-256 of the bytes read, as hexadecimal digits."""
    core_only: tuple[str, ...] = ()
    """Configs of which the file answers the core alone, in the order of `HISTORY_TYPES`."""
    repeats: tuple[Mapping[str, str], ...] = field(default=(), repr=False)
    """Second, third and further predictions by instance id, if the file has several for each instance."""
    endings: Endings | None = field(default=None, repr=False)
    """Instances whose first reply was cut or refused; None if the file does not state how replies ended."""

    @property
    def ok(self) -> bool:
        """True if the file can be submitted."""
        return not self.problem_count

    def report(self) -> list[str]:
        """Return the result as text, one line per problem."""
        if self.ok:
            configs = [f"{name} (the core)" if name in self.core_only else name for name in self.configs]
            return [f"The file is valid: {len(self.predictions)} predictions for {', '.join(configs)}."]
        hidden = self.problem_count - len(self.problems)
        rest = [f"{hidden} further problems are not shown."] if hidden else []
        count = "1 problem" if self.problem_count == 1 else f"{self.problem_count} problems"
        return [f"The file has {count}:", *map(str, self.problems), *rest]


def check(
    source: Path | BinaryIO,
    ids: Ids,
    limits: Limits = LIMITS,
    terms: SubmissionTerms | None = None,
    core: Ids | None = None,
    *,
    keep_texts: bool = True,
) -> CheckResult:
    """Check a predictions file.

    Args:
        source: Path of the file, or a stream, which is read from its current position.
        ids: Instance ids of the split by config. A file that answers one instance of a config must answer all of them,
            or exactly those of its core.
        limits: Limits on the size.
        terms: Properties that headers must agree with, or None to ignore the headers.
        core: Instance ids of the core by config; None or empty if there is no core.
        keep_texts: False to drop the texts of the predictions, for a check that needs little memory.

    Returns:
        The problems of the file, and the predictions that it contains.

    Raises:
        OSError: If the file cannot be read.
    """
    checker = _Checker(ids, core or {}, limits, terms, keep_texts=keep_texts)
    if isinstance(source, Path):
        size = source.stat().st_size
        if size > limits.file_bytes:
            checker.fail(_too_large(size, limits))
            return checker.result()
        with source.open("rb") as stream:
            checker.read(stream)
    else:
        checker.read(source)
    return checker.result()


_SHOWN: Final = 3
"""Number of missing instance ids that are listed."""


class _Stream:
    """Line reader that counts and hashes the bytes it reads, at most one byte more than the size limit."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._hash = hashlib.sha256()
        self.size = 0

    def line(self) -> bytes:
        """Return the next line, cut at the limits, or b"" at the end."""
        left = self._limits.file_bytes + 1 - self.size
        read = self._stream.readline(min(self._limits.line_bytes + 1, left)) if left > 0 else b""
        self.size += len(read)
        self._hash.update(read)
        return read

    @property
    def too_large(self) -> bool:
        """True if the stream exceeds the size limit."""
        return self.size > self._limits.file_bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes read."""
        return self._hash.hexdigest()


class _Checker:
    """State of a check while a file is read."""

    def __init__(self, ids: Ids, core: Ids, limits: Limits, terms: SubmissionTerms | None, *, keep_texts: bool) -> None:
        self._ids = ids
        self._core = core
        self._terms = terms
        self._config_of = {instance_id: config for config, config_ids in ids.items() for instance_id in config_ids}
        self._limits = limits
        self._keep_texts = keep_texts
        self._problems: list[Problem] = []
        self._count = 0
        self._first_line: dict[tuple[str, int], int] = {}
        self._predictions: dict[str, str] = {}
        self._repeats: dict[int, dict[str, str]] = {}
        self._cut: set[str] = set()
        self._refused: set[str] = set()
        self._states_ends = False
        self._complete = True
        """True while no part of the file was skipped, so that missing instances can be reported."""
        self._stream: _Stream | None = None
        self._lines = 0

    def fail(self, text: str) -> None:
        """Add a problem of the whole file that ends the reading."""
        self._add(None, text)
        self._complete = False

    def read(self, raw: BinaryIO) -> None:
        """Read and check the lines, up to the limits."""
        stream = self._stream = _Stream(raw, self._limits)
        end = time.thread_time() + self._limits.seconds
        while line := stream.line():
            number = self._lines + 1
            if number == 1 and (kind := kind_of(line)):
                self.fail(f"The file is {kind}. Expected plain UTF-8 text, {EXPECTED}.")
                return
            if number > self._limits.lines:
                self.fail(f"The file has more than {self._limits.lines} lines; the rest was not read.")
                return
            if time.thread_time() > end:
                self.fail(
                    f"The check was stopped before line {number}, after {self._limits.seconds:g} s of computing time. "
                    "Remove what is not an answer from the predictions."
                )
                return
            if len(line) > self._limits.line_bytes:
                self._add(number, f"longer than {self._limits.line_bytes} bytes")
                while line and not line.endswith(b"\n"):
                    line = stream.line()
            elif not stream.too_large:
                self._take(number, line)
            if stream.too_large:
                self.fail(_too_large(None, self._limits))
                return
            self._lines = number

    def result(self) -> CheckResult:
        """Finish the check and return its result."""
        answered = {self._config_of[instance_id] for instance_id in self._predictions}
        configs = tuple(config for config in HISTORY_TYPES if config in answered)
        core_only = tuple(config for config in configs if self._answers_core_only(config))
        if self._complete:
            self._check_complete([config for config in configs if config not in core_only])
            self._check_repeats()
        of_lines = [problem for problem in self._problems if problem.line is not None][: self._limits.problems]
        of_file = [problem for problem in self._problems if problem.line is None]
        size, digest = (self._stream.size, self._stream.sha256) if self._stream else (0, hashlib.sha256().hexdigest())
        return CheckResult(
            problems=(*of_lines, *of_file),
            problem_count=self._count,
            predictions=self._predictions,
            configs=configs,
            lines=self._lines,
            size=size,
            sha256=digest,
            core_only=core_only,
            repeats=tuple(self._repeats[number] for number in sorted(self._repeats)),
            endings=Endings(frozenset(self._cut), frozenset(self._refused)) if self._states_ends else None,
        )

    def _answers_core_only(self, config: str) -> bool:
        core = self._core.get(config)
        return core is not None and core < self._ids[config] and self._ids[config] & self._predictions.keys() == core

    def _check_complete(self, configs: Sequence[str]) -> None:
        """Report an empty file, and missing instances of the configs that it answers beyond exactly their core."""
        if not self._lines:
            self._add(None, f"The file is empty. Expected {EXPECTED}.")
        elif not self._predictions and not self._count:
            self._add(None, "The file answers no instance.")
        for config in configs:
            ids = self._ids[config]
            if missing := ids - self._predictions.keys():
                self._add(None, _missing(config, missing, ids, self._core.get(config, ids)))

    def _check_repeats(self) -> None:
        """Report instances with fewer or more replies than others."""
        for number in range(2, max(self._repeats, default=1) + 1):
            replies = self._repeats.get(number, {})
            if missing := self._predictions.keys() - replies.keys():
                self._add(
                    None,
                    f"{len(missing)} of {len(self._predictions)} instances lack their reply with 'repeat' {number}: "
                    f"{_some(missing)}. Give the same number of replies to each instance.",
                )
            if extra := replies.keys() - self._predictions.keys():
                self._add(
                    None,
                    f"{len(extra)} instances have a reply with 'repeat' {number}, but no first one: {_some(extra)}. "
                    "Add the line without 'repeat'.",
                )

    def _add(self, line: int | None, text: str) -> None:
        self._count += 1
        if line is None or len(self._problems) < self._limits.problems:
            self._problems.append(Problem(line, text))

    def _take(self, number: int, line: bytes) -> None:
        """Add the prediction of a line, or its problems."""
        try:
            record = record_of(line)
            if record.keys() == {HEADER}:
                for problem in disagreements(record[HEADER], asdict(self._terms) if self._terms else {}):
                    self._add(number, problem)
                return
            taken = line_of(record)
        except LineError as error:
            self._add(number, str(error))
            return
        instance_id, key = taken.instance_id, (taken.instance_id, taken.repeat)
        if key in self._first_line:
            first = self._first_line[key]
            self._add(number, f"instance_id {quoted(instance_id)} is already on line {first}. Keep one of them.")
        elif instance_id not in self._config_of:
            self._add(
                number,
                f"instance_id {quoted(instance_id)} is not in this split. Check the split and the data revision.",
            )
        else:
            self._first_line[key] = number
            self._store(taken)

    def _store(self, taken: PredictionLine) -> None:
        text = taken.prediction if self._keep_texts else ""
        if taken.repeat > 1:
            self._repeats.setdefault(taken.repeat, {})[taken.instance_id] = text
            return
        self._predictions[taken.instance_id] = text
        if taken.states_end:
            self._states_ends = True
            if taken.is_cut:
                self._cut.add(taken.instance_id)
            if taken.is_refused:
                self._refused.add(taken.instance_id)


def _missing(config: str, missing: Set[str], ids: frozenset[str], core: frozenset[str]) -> str:
    """Return the message on missing instances: of the core if the file answers no other, else of the full split."""
    empty = 'use "" where the model gave no reply'
    if core == ids:
        return (
            f"{config}: {len(missing)} of {len(ids)} instance_ids are missing: {_some(missing)}. "
            f"Answer each of them; {empty}."
        )
    of_core = missing & core
    if ids - missing < core:
        return (
            f"{config}: {len(of_core)} of {len(core)} instance_ids of the core are missing: {_some(of_core)}. "
            f"Answer all {len(core)} of the core, or all {len(ids)} of the full split; {empty}."
        )
    also = f", {len(of_core)} of them in the core" if of_core else ""
    return (
        f"{config}: the file answers more than the core, but {len(missing)} of {len(ids)} instance_ids of the full "
        f"split are missing{also}: {_some(of_core or missing)}. Answer all {len(ids)} of the full split, or only the "
        f"{len(core)} of the core; {empty}."
    )


def _some(ids: Set[str]) -> str:
    """Return the first ids and the number of the others."""
    rest = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(map(repr, sorted(ids)[:_SHOWN])) + rest


def _too_large(size: int | None, limits: Limits) -> str:
    excess = f"has {size} bytes" if size is not None else "is longer"
    return f"The file {excess}; at most {limits.file_bytes} bytes are read."
