"""The run file: what a model replied to the instances of one split of one config, one JSON object a line.

The first line is a header, `{"petoolbench": {...}}`, with everything needed to ask the same again; a file made by
others may lack it. Every further line is a reply, `{"instance_id": ..., "prediction": "<text>"}`, with what it took,
and with the reason where there is none. A line is written whole and at once, so that a process killed at any moment
leaves at most one broken line, the last, which is cut off when the run goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Any, Final

from filelock import FileLock, Timeout

from builder.errors import DataError, OutputError
from hf_dataset.manifest import Manifest
from metrics.petoolbench.aggregation import by_instance_id

HEADER: Final = "petoolbench"
FORMAT: Final = 1
_EXPECTED: Final = 'one JSON object a line, {"instance_id": "...", "prediction": "..."}'
_FURTHER: Final = {
    "error": (str, type(None)),
    "input_tokens": (int, type(None)),
    "output_tokens": (int, type(None)),
    "dropped_steps": (int, type(None)),
}
_TEXTS: Final = ("version", "build_id", "data_sha256", "config", "split", "model", "mode", "history", "docs")
_SELECTION: Final = ("limit", "ids")
"""What may differ when a run goes on: how much of the split is asked."""


@dataclass(frozen=True, slots=True)
class Header:
    """All that a run was made with."""

    version: str
    """Of this distribution."""
    build_id: str
    """Of the data set."""
    data_sha256: str
    """Of the Parquet file of the split."""
    config: str
    split: str
    model: str
    """As it was named: `baseline:NAME`, `hf:NAME`, or the endpoint's own name."""
    base_url: str | None = None
    """Of the endpoint; None for the client library's own, and where none was asked."""
    mode: str = "prompt"
    """`prompt`, `tools` (native tool calling), or `baseline`, which is asked nothing."""
    history: str = "own"
    """Whose history was shown: `own`, `none`, or `swapped` for another user's."""
    docs: str = "full"
    """Whether tools of the history were documented (`full`) or only named (`names`)."""
    shuffle_seed: int | None = None
    """Of the candidates' order; None for that of the data set."""
    seed: int = 0
    prompt_version: str | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the request beside messages and tools, such as `temperature`."""
    context: int | None = None
    """Tokens that a prompt and its reply may take together; None where that was not checked."""
    overlong: str | None = None
    """What was done with prompts that do not fit: `skip` or `drop-oldest`."""
    limit: int | None = None
    """Only the first so many instances were asked."""
    ids: str | None = None
    """Hash of the ids that were picked."""
    usd_per_million_input: float | None = None
    usd_per_million_output: float | None = None

    @property
    def system(self) -> str:
        """The model's name with what was not as usual."""
        unusual = [
            *([self.mode] if self.mode == "tools" else []),
            *([f"docs {self.docs}"] if self.docs != "full" else []),
            *([f"order {self.shuffle_seed}"] if self.shuffle_seed is not None else []),
        ]
        return self.model + (f" ({', '.join(unusual)})" if unusual else "")

    def differences(self, other: Header) -> list[str]:
        """What tells two headers apart, but for how much of the split was asked."""
        own, theirs = asdict(self), asdict(other)
        return [
            f"{name} {own[name]!r}, not {theirs[name]!r}"
            for name in own
            if name not in _SELECTION and own[name] != theirs[name]
        ]


@dataclass(frozen=True, slots=True)
class Line:
    """What came of one instance."""

    instance_id: str
    prediction: str
    """The reply as text; empty where there is none."""
    error: str | None = None
    """Why there is none."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    dropped_steps: int = 0
    """Oldest steps of the history that were left out for want of room."""

    def as_json(self) -> str:
        """The line, with its end."""
        usual = {one.name: one.default for one in fields(self)}
        shown = {name: value for name, value in asdict(self).items() if value != usual[name]}
        return json.dumps(shown, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Run:
    """A run file, as it was read."""

    path: Path
    header: Header | None
    lines: dict[str, Line] = field(repr=False)
    """By instance id, in the order of the file."""

    @property
    def predictions(self) -> dict[str, str]:
        """Replies by instance id."""
        return {name: line.prediction for name, line in self.lines.items()}


def read_run(path: Path) -> Run:
    """Read a run file, or a plain file of predictions.

    Raises:
        DataError: If it cannot be read, or a line is not what it should be; names the line.
        PredictionsError: If an id occurs twice.
    """
    text = _text(_bytes(path), path)
    if not text.strip():
        raise DataError(f"The predictions file {str(path)!r} is empty. Expected {_EXPECTED}.")
    return _parsed(text, path)


def check_made_for(run: Run, folder: Path, config: str, split: str, manifest: Manifest) -> None:
    """Refuse a run of other instances than these; a file without a header is taken as it is.

    Args:
        run: The run.
        folder: Folder of the data set.
        config: History type.
        split: Split.
        manifest: Of the data set.

    Raises:
        DataError: If its header tells of another config, split or data set.
    """
    header = run.header
    if header is None:
        return
    if (header.config, header.split) != (config, split):
        raise DataError(
            f"{str(run.path)!r} answers the config {header.config!r}, split {header.split!r}, not {config!r}, "
            f"{split!r}. Name these by --config and --split."
        )
    if header.data_sha256 != manifest.data_sha256(config, split):
        raise DataError(
            f"{str(run.path)!r} was made on another data set (build {header.build_id!r}) than {str(folder)!r} (build "
            f"{manifest.build_id!r}). Name the folder or the revision that it was made on, or predict again."
        )


def write_run(path: Path, header: Header | None, lines: Iterable[Line]) -> int:
    """Write a whole run, aside first and then under the final name; returns the number of its lines.

    Raises:
        OutputError: If the file cannot be written.
    """
    path = path.absolute()
    aside = path.with_name(f".{path.name}.partial-{os.getpid()}")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("w", encoding="utf-8") as file:
            if header is not None:
                file.write(_header_line(header))
            for line in lines:
                file.write(line.as_json())
                count += 1
        aside.replace(path)
    except OSError as error:
        raise OutputError(f"The predictions cannot be written to {str(path)!r}: {error.strerror}.") from error
    finally:
        aside.unlink(missing_ok=True)
    return count


class OpenRun:
    """A run that is under way: a file that grows by a line as a reply comes.

    Args:
        path: The file.
        header: What it is made with.
        done: Lines that stand in it.
        file: Open for appending.
    """

    def __init__(self, path: Path, header: Header, done: dict[str, Line], file: IO[bytes]) -> None:
        self._path = path
        self._header = header
        self.done = done
        """Lines by instance id."""
        self._file = file

    def add(self, line: Line) -> None:
        """Append a line; it is in the file when this returns.

        Raises:
            OutputError: If it cannot be written.
        """
        try:
            self._file.write(line.as_json().encode())
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{str(self._path)!r} cannot be written: {error.strerror}. Make room, and go on."
            ) from error
        self.done[line.instance_id] = line

    def finish(self, order: Sequence[str]) -> None:
        """Write the lines in the order of the instances, so that the same replies are the same file.

        Args:
            order: Instance ids; lines of others follow as they stand.
        """
        place = {name: index for index, name in enumerate(order)}
        lines = sorted(self.done.values(), key=lambda line: place.get(line.instance_id, len(place)))
        write_run(self._path, self._header, lines)


@contextmanager
def open_run(path: Path, header: Header, *, again: bool = False) -> Iterator[OpenRun]:
    """Begin a run, or go on with one that was made with the same.

    Args:
        path: The file.
        header: What it is made with.
        again: Whether instances that had no reply are asked once more.

    Raises:
        DataError: If the file is of another run, or is none.
        OutputError: If it cannot be written, or another process writes it.
    """
    path = path.absolute()
    with _locked(path):
        done = _so_far(path, header)
        if again:
            done = {name: line for name, line in done.items() if line.error is None}
        write_run(path, header, done.values())
        try:
            with path.open("ab") as file:
                yield OpenRun(path, header, done, file)
        finally:
            if not done:  # nothing came of it
                path.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps a second process from writing the same file."""
    beside = path.with_name(f".{path.name}.lock")
    lock = FileLock(beside)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise OutputError(
            f"{str(path)!r} is being written by another process. Wait for it, or name another."
        ) from error
    except OSError as error:
        raise OutputError(f"The predictions cannot be written to {str(path)!r}: {error.strerror}.") from error
    try:
        yield
    finally:
        with suppress(OSError):
            beside.unlink()
        lock.release()


def _so_far(path: Path, header: Header) -> dict[str, Line]:
    """Lines of a run that ended early, but for a broken last one."""
    data = _bytes(path) if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    if not whole:
        if data:
            raise DataError(f"{str(path)!r} is there already and is no run that could go on. Name another file.")
        return {}
    run = _parsed(_text(whole, path), path)
    if run.header is None:
        raise DataError(
            f"{str(path)!r} is there already and does not tell what it was made with, so that it cannot go on. "
            "Name another file."
        )
    if run.lines and (different := run.header.differences(header)):
        raise DataError(
            f"{str(path)!r} is there already and was made with {'; '.join(different)}. Name another file, or ask the "
            "same to go on with this one."
        )
    return run.lines


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"The predictions file {str(path)!r} cannot be read: {error.strerror}.") from error


def _text(data: bytes, path: Path) -> str:
    try:
        # Not read as text, which would take other line breaks for the one that ends a line.
        return data.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"The predictions file {str(path)!r} is no UTF-8 text: {error}.") from error


def _parsed(text: str, path: Path) -> Run:
    header, lines = None, []
    # Not splitlines: a reply may hold other line separators, which JSON leaves as they are.
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        record = _object(line, path, number)
        if number == 1 and HEADER in record:
            header = _header(record[HEADER], path)
        else:
            lines.append(_line(record, path, number))
    by_instance_id((line.instance_id, line.prediction) for line in lines)
    return Run(path, header, {line.instance_id: line for line in lines})


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}, line {number}: not JSON. Expected {_EXPECTED}.") from error
    if not isinstance(record, dict):
        raise DataError(f"{path}, line {number}: a JSON {type(record).__name__}. Expected {_EXPECTED}.")
    return record


def _header(record: Any, path: Path) -> Header:
    known = {one.name for one in fields(Header)}
    told = dict(record) if isinstance(record, dict) else {}
    if (
        told.pop("format", None) != FORMAT
        or told.keys() != known
        or not all(isinstance(told[name], str) for name in _TEXTS)
        or not isinstance(told["sampling"], dict)
    ):
        raise DataError(
            f"{path}, line 1: a header of another version; this one reads format {FORMAT}. Predict again, or take the "
            "header line out."
        )
    return Header(**told)


def _line(record: Mapping[str, Any], path: Path, number: int) -> Line:
    for key in ("instance_id", "prediction"):
        if not isinstance(record.get(key), str):
            raise DataError(f"{path}, line {number}: {key!r} is missing or no text. Expected {_EXPECTED}.")
    for key, kinds in _FURTHER.items():
        if not isinstance(record.get(key), kinds):
            raise DataError(f"{path}, line {number}: {key!r} is of the wrong type. Leave it out, or predict again.")
    return Line(**{one.name: record[one.name] for one in fields(Line) if record.get(one.name) is not None})


def _header_line(header: Header) -> str:
    return json.dumps({HEADER: {"format": FORMAT, **asdict(header)}}, ensure_ascii=False) + "\n"
