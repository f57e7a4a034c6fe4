"""The one validator: behind the page, the API and the command line, word for word the same.

It tells all problems at once, with their lines, before anything counts, and reads no more of a file than the limits
allow: line by line, nothing of it is unpacked, and memory holds what is within the limits only.

What is wrong with a line, `prediction_lines` tells. Headers may stand anywhere, since files may be joined, and must
agree with what is handed in.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from leaderboard.public_data import Data, DataError
from leaderboard.stores.stored_records import HISTORIES_SHOWN, HISTORY_TYPES, SPLITS, HistoryShown, Split

from .prediction_lines import EXPECTED, HEADER, LineError, disagreements, pair_of, quoted, record_of

Ids = Mapping[str, frozenset[str]]
"""Instance ids of a split by config."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read."""

    file_bytes: int = 64 * 2**20
    line_bytes: int = 2**20
    """With the line break."""
    lines: int = 100_000
    problems: int = 100
    """So many are told; all are counted."""


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a file is handed in as, with which its headers must agree."""

    build_id: str
    """Of the leaderboard's data set."""
    split: Split
    history: HistoryShown | None
    """As the form says; None where the form cannot be read."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a file."""

    line: int | None
    """From 1; None for what concerns the whole file."""
    text: str

    def __str__(self) -> str:
        return self.text if self.line is None else f"line {self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file is worth."""

    problems: tuple[Problem, ...]
    """The first of them, in the order of their lines, those of the whole file last."""
    problem_count: int
    """All of them."""
    predictions: Mapping[str, str] = field(repr=False)
    """Replies by instance id; complete where there is no problem."""
    configs: tuple[str, ...]
    """That the file answers, in the order of `HISTORY_TYPES`."""
    lines: int
    """With those of headers."""
    size: int
    """Bytes read."""
    sha256: str
    """Of these."""

    @property
    def ok(self) -> bool:
        """Whether the file may be handed in."""
        return not self.problem_count

    def report(self) -> list[str]:
        """All that there is to say, a sentence a line; the same at every door."""
        if self.ok:
            return [f"The file is valid: {len(self.predictions)} predictions for {', '.join(self.configs)}."]
        unsaid = self.problem_count - len(self.problems)
        rest = [f"{unsaid} further problems are not shown."] if unsaid else []
        count = "1 problem" if self.problem_count == 1 else f"{self.problem_count} problems"
        return [f"The file has {count}:", *map(str, self.problems), *rest]


def check(source: Path | BinaryIO, ids: Ids, limits: Limits = LIMITS, terms: Terms | None = None) -> Checked:
    """Check a file of predictions.

    Args:
        source: The file; a stream is read from where it stands.
        ids: What there is to answer; a file that answers one id of a config must answer all of that config's.
        limits: How much is read.
        terms: What headers are held against; None where nothing is handed in, as for a file that was taken in before.

    Raises:
        OSError: If the file cannot be read.
    """
    checker = _Checker(ids, limits, terms)
    if isinstance(source, Path):
        size = source.stat().st_size
        if size > limits.file_bytes:
            checker.whole(_too_large(size, limits))
            return checker.result()
        with source.open("rb") as stream:
            checker.read(stream)
    else:
        checker.read(source)
    return checker.result()


_MAGIC: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_BOM: Final = b"\xef\xbb\xbf"
_SHOWN: Final = 3


class _Stream:
    """Lines of a stream; counts and hashes what is read, and reads no more than the limit and a byte."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._hash = hashlib.sha256()
        self.size = 0

    def line(self) -> bytes:
        """The next line, or the part of it that the limits allow; empty at the end."""
        left = self._limits.file_bytes + 1 - self.size
        read = self._stream.readline(min(self._limits.line_bytes + 1, left)) if left > 0 else b""
        self.size += len(read)
        self._hash.update(read)
        return read

    @property
    def too_large(self) -> bool:
        """Whether there is more than the limit."""
        return self.size > self._limits.file_bytes

    @property
    def sha256(self) -> str:
        """Of what was read."""
        return self._hash.hexdigest()


class _Checker:
    """What is known of a file so far."""

    def __init__(self, ids: Ids, limits: Limits, terms: Terms | None) -> None:
        self._ids = ids
        self._terms = terms
        self._config_of = {instance_id: config for config, own in ids.items() for instance_id in own}
        self._limits = limits
        self._problems: list[Problem] = []
        self._count = 0
        self._first_line: dict[str, int] = {}
        self._predictions: dict[str, str] = {}
        self._whole = True
        """Whether all of it was read, so that something can be said of what is missing."""
        self._stream: _Stream | None = None
        self._lines = 0

    def whole(self, text: str) -> None:
        """Add a problem of the whole file, after which no more of it is read."""
        self._add(None, text)
        self._whole = False

    def read(self, raw: BinaryIO) -> None:
        """Read the lines, up to the limits."""
        stream = self._stream = _Stream(raw, self._limits)
        while line := stream.line():
            number = self._lines + 1
            if number == 1 and (kind := _kind(line)):
                self.whole(f"The file is {kind}. Expected is plain UTF-8 text, {EXPECTED}.")
                return
            if number > self._limits.lines:
                self.whole(f"The file has more than {self._limits.lines} lines; the rest was not read.")
                return
            if len(line) > self._limits.line_bytes:
                self._add(number, f"longer than {self._limits.line_bytes} bytes")
                while line and not line.endswith(b"\n"):
                    line = stream.line()
            elif not stream.too_large:
                self._take(number, line)
            if stream.too_large:
                self.whole(_too_large(None, self._limits))
                return
            self._lines = number

    def result(self) -> Checked:
        """All that was found."""
        configs = tuple(
            config for config in HISTORY_TYPES if any(self._config_of[one] == config for one in self._predictions)
        )
        if self._whole:
            if not self._lines:
                self._add(None, f"The file is empty. Expected is {EXPECTED}.")
            elif not configs and not self._count:
                self._add(None, "The file answers no instance.")
            for config in configs:
                missing = sorted(self._ids[config] - self._predictions.keys())
                if missing:
                    self._add(None, _missing(config, missing, len(self._ids[config])))
        lines = [one for one in self._problems if one.line is not None][: self._limits.problems]
        whole = [one for one in self._problems if one.line is None]
        size, digest = (self._stream.size, self._stream.sha256) if self._stream else (0, hashlib.sha256().hexdigest())
        return Checked((*lines, *whole), self._count, self._predictions, configs, self._lines, size, digest)

    def _add(self, line: int | None, text: str) -> None:
        self._count += 1
        if line is None or len(self._problems) < self._limits.problems:
            self._problems.append(Problem(line, text))

    def _take(self, number: int, line: bytes) -> None:
        try:
            record = record_of(line)
            if record.keys() == {HEADER}:
                for fault in disagreements(record[HEADER], asdict(self._terms) if self._terms else {}):
                    self._add(number, fault)
                return
            instance_id, prediction = pair_of(record)
        except LineError as error:
            self._add(number, str(error))
            return
        if instance_id in self._first_line:
            first = self._first_line[instance_id]
            self._add(number, f"instance_id {quoted(instance_id)} stands on line {first} already. Keep one of them.")
        elif instance_id not in self._config_of:
            self._add(
                number,
                f"instance_id {quoted(instance_id)} is not in this split. Check the split and the data revision.",
            )
        else:
            self._first_line[instance_id] = number
            self._predictions[instance_id] = prediction


def _kind(start: bytes) -> str | None:
    """What a file is that is no plain text, told from its first bytes."""
    if start.startswith(_BOM):
        return "text with a byte order mark"
    return next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)


def _missing(config: str, missing: list[str], total: int) -> str:
    shown = ", ".join(map(repr, missing[:_SHOWN])) + (
        f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    )
    return (
        f"{config}: {len(missing)} of {total} instance_ids are missing: {shown}. "
        'Answer each; use "" where a model gave none.'
    )


def _too_large(size: int | None, limits: Limits) -> str:
    found = f"has {size} bytes" if size is not None else "is longer"
    return f"The file {found}; at most {limits.file_bytes} bytes are read."


def main(arguments: list[str] | None = None) -> int:
    """Check a file, and print what there is to say; 0 if it is valid, 1 if not, 2 if it cannot be checked."""
    parser = argparse.ArgumentParser(
        prog="python -m leaderboard.submissions.validation", description="Check a file of predictions."
    )
    parser.add_argument("file", type=Path, help="JSON lines")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set, as built")
    parser.add_argument("--split", choices=SPLITS, default="validation")
    parser.add_argument("--history", choices=HISTORIES_SHOWN, default="own", help="what the system was shown")
    given = parser.parse_args(arguments)
    try:
        data = Data(given.data)
        terms = Terms(data.revision, given.split, given.history)
        checked = check(given.file, data.ids(given.split), terms=terms)
    except (DataError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.writelines(f"{line}\n" for line in checked.report())
    return 0 if checked.ok else 1


if __name__ == "__main__":
    sys.exit(main())
