"""The one validator: behind the page, the API and the command line, word for word the same.

It tells all problems at once, with their lines, before anything counts, and reads no more of a file than the limits
allow: line by line, nothing of it is unpacked, and memory holds what is within the limits only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from .data import Data, DataError
from .records import HISTORY_TYPES, SPLITS

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
            return [f"The file is valid: {self.lines} predictions for {', '.join(self.configs)}."]
        unsaid = self.problem_count - len(self.problems)
        rest = [f"{unsaid} further problems are not shown."] if unsaid else []
        count = "1 problem" if self.problem_count == 1 else f"{self.problem_count} problems"
        return [f"The file has {count}:", *map(str, self.problems), *rest]


def check(source: Path | BinaryIO, ids: Ids, limits: Limits = LIMITS) -> Checked:
    """Check a file of predictions.

    Args:
        source: The file; a stream is read from where it stands.
        ids: What there is to answer; a file that answers one id of a config must answer all of that config's.
        limits: How much is read.

    Raises:
        OSError: If the file cannot be read.
    """
    checker = _Checker(ids, limits)
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


_EXPECTED: Final = 'one JSON object a line, {"instance_id": "...", "prediction": "..."}'
_FIELDS: Final = ("instance_id", "prediction")
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


class _LineError(ValueError):
    """What is wrong with a line."""


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

    def __init__(self, ids: Ids, limits: Limits) -> None:
        self._ids = ids
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
                self.whole(f"The file is {kind}. Expected is plain UTF-8 text, {_EXPECTED}.")
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
                self._add(None, f"The file is empty. Expected is {_EXPECTED}.")
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
            instance_id, prediction = _pair(line)
        except _LineError as error:
            self._add(number, str(error))
            return
        if instance_id in self._first_line:
            first = self._first_line[instance_id]
            self._add(number, f"instance_id {_quoted(instance_id)} stands on line {first} already. Keep one of them.")
        elif instance_id not in self._config_of:
            self._add(
                number,
                f"instance_id {_quoted(instance_id)} is not in this split. Check the split and the data revision.",
            )
        else:
            self._first_line[instance_id] = number
            self._predictions[instance_id] = prediction


def _kind(start: bytes) -> str | None:
    """What a file is that is no plain text, told from its first bytes."""
    if start.startswith(_BOM):
        return "text with a byte order mark"
    return next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)


def _pair(line: bytes) -> tuple[str, str]:
    """Instance id and prediction of a line."""
    if b"\0" in line:
        raise _LineError("holds a NUL byte. The file is no text, or damaged.")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise _LineError(f"not UTF-8, from its byte {error.start + 1} on") from None
    if not text.strip():
        raise _LineError("empty")
    try:
        record = _decoder.decode(text)
    except RecursionError:
        raise _LineError(f"nested too deep. Expected is {_EXPECTED}.") from None
    except _LineError:
        raise
    except ValueError:
        raise _LineError(f"no JSON. Expected is {_EXPECTED}.") from None
    if not isinstance(record, dict):
        raise _LineError(f"a JSON {_JSON_NAMES[type(record)]}. Expected is {_EXPECTED}.")
    for name in _FIELDS:
        if name not in record:
            raise _LineError(f"lacks {name!r}. Expected is {_EXPECTED}.")
        if not isinstance(record[name], str):
            advice = ' Use "" where a model gave none.' if name == "prediction" else ""
            raise _LineError(f"{name!r} is a JSON {_JSON_NAMES[type(record[name])]}, not a string.{advice}")
    if len(record) > len(_FIELDS):
        further = ", ".join(_quoted(name) for name in list(record)[:5] if name not in _FIELDS)
        raise _LineError(f"has further keys: {further}. Allowed are {' and '.join(map(repr, _FIELDS))}.")
    return _encodable(record["instance_id"]), _encodable(record["prediction"])


def _encodable(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _LineError("holds half of a surrogate pair, which no text has") from None
    return text


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _LineError(f"has the key {_quoted(twice)} twice. Keep one of them.")
    return found


def _no_constant(text: str) -> None:
    raise _LineError(f"holds {text}, which is no JSON")


_decoder: Final = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
_JSON_NAMES: Final = {
    dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null",
}  # fmt: skip


def _quoted(text: str) -> str:
    """Text of a stranger's as ASCII, shortened, so that it can do nothing where it is shown."""
    return ascii(text if len(text) <= 80 else f"{text[:80]}...")


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
        prog="python -m leaderboard.validation", description="Check a file of predictions."
    )
    parser.add_argument("file", type=Path, help="JSON lines")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set, as built")
    parser.add_argument("--split", choices=SPLITS, default="validation")
    given = parser.parse_args(arguments)
    try:
        checked = check(given.file, Data(given.data).ids(given.split))
    except (DataError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.writelines(f"{line}\n" for line in checked.report())
    return 0 if checked.ok else 1


if __name__ == "__main__":
    sys.exit(main())
