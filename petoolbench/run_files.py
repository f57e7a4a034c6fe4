"""Run files: the replies of a model to the instances of one split, as JSON Lines.

The first line is a header, `{"petoolbench": {...}}`, with the settings of the run; a file written by other programs may
lack it. Every further line is a reply, `{"instance_id": ..., "prediction": "<text>"}`, with its token counts, its
finish reason and its reasoning, or with an error message if there is no reply. A second reply to the same instance has
`"repeat": 2`, and so on. Each line is written completely before the next reply is processed, so a killed process leaves
at most one broken line, the last, which is removed when the run resumes.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import IO, Any, Final

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from builder.errors import BuilderError, DataError, OutputError
from builder.llm.completion import read_reply
from builder.llm.endpoint_errors import error_of

from .files import write_atomically
from .inference.reply_lines import Asked, line_of
from .run_settings import MOST_REPEATS
from .runs import FORMAT, HEADER, Header, Line, Run, run_of

BATCH_ID: Final = "custom_id"
"""Key of the instance id in the output file of a batch."""
_EXPECTED: Final = 'one JSON object per line, {"instance_id": "...", "prediction": "..."}'
_COUNTS: Final = ("input_tokens", "output_tokens", "dropped_steps", "repeat", "memory_tokens")
_OPTIONAL: Final = {
    **dict.fromkeys(("error", "finish_reason", "reasoning", "refusal", "content"), (str, type(None))),
    **dict.fromkeys(_COUNTS, (int, type(None))),
}
_OTHER_KINDS: Final = {
    codecs.BOM_UTF16_LE: "UTF-16 text",
    codecs.BOM_UTF16_BE: "UTF-16 text",
    b"\x1f\x8b": "compressed by gzip",
    b"PK\x03\x04": "a ZIP archive",
    b"PAR1": "a Parquet file",
}
"""Kinds of files that are taken for predictions, by their first bytes."""
_HEADER_ADAPTER: Final = TypeAdapter(Header)


def read_run(path: str | Path) -> Run:
    """Read a run file, or a plain predictions file.

    Args:
        path: JSON Lines: a run file, lines of {`instance_id`, `prediction`}, or the output file of a batch.

    Raises:
        DataError: If the file cannot be read or a line is malformed; the message names the line.
        PredictionsError: If an instance id occurs twice.

    Example:
        >>> run = read_run("run.jsonl")
        >>> run.to_pandas()
    """
    path = Path(path)
    text = _text(_bytes(path), path)
    if not text.strip():
        raise DataError(f"The predictions file {str(path)!r} is empty. Expected {_EXPECTED}.")
    return _parsed(text, path)


def write_run(path: Path, header: Header | None, lines: Iterable[Line]) -> int:
    """Write a complete run file, atomically.

    Returns:
        Number of replies.

    Raises:
        OutputError: If the file cannot be written.
    """
    first = [header.to_json()] if header is not None else []
    try:
        return write_atomically(path, (*first, *(line.as_json() for line in lines))) - len(first)
    except OSError as error:
        raise OutputError(f"The predictions cannot be written to {str(path)!r}: {error.strerror}.") from error


class OpenRun:
    """A run in progress: a file to which each reply is appended.

    Args:
        path: The file.
        header: Header of the run.
        done: Lines that the file holds already.
    """

    def __init__(self, path: Path, header: Header, done: Iterable[Line]) -> None:
        self._path = path
        self.header = header
        """Header of the file."""
        self.done = {line.key: line for line in done}
        """Lines by instance id and number of the reply."""
        self._file = self._write_all()

    def close(self) -> None:
        """Close the file; remove it if it holds no reply."""
        self._file.close()
        if not self.done:
            self._path.unlink(missing_ok=True)

    def add(self, line: Line) -> None:
        """Append a line. It is in the file when this method returns.

        Raises:
            OutputError: If the file cannot be written.
        """
        try:
            self._file.write(line.as_json().encode())
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{str(self._path)!r} cannot be written: {error.strerror}. Free some space and run the command again; "
                "it resumes."
            ) from error
        self.done[line.key] = line

    def record_adapted(self, adapted: Mapping[str, str | None]) -> None:
        """Store in the header which request fields are left out or replaced.

        Raises:
            OutputError: If the file cannot be written.
        """
        self.header = replace(self.header, adapted=dict(adapted))
        self._file.close()
        self._file = self._write_all()

    def finish(self, order: Sequence[str]) -> None:
        """Rewrite the file in the order of the instances, so that equal replies give equal files.

        Args:
            order: Instance ids; other lines follow in their present order.
        """
        position = {name: index for index, name in enumerate(order)}
        lines = self.done.values()
        ordered = sorted(lines, key=lambda line: (line.repeat, position.get(line.instance_id, len(position))))
        write_run(self._path, self.header, ordered)

    def _write_all(self) -> IO[bytes]:
        """Write the header and all lines, and return the file, open for appending."""
        write_run(self._path, self.header, self.done.values())
        return self._path.open("ab")


@contextmanager
def open_run(path: Path, header: Header, *, retry_failed: bool = False) -> Iterator[OpenRun]:
    """Start a run, or resume one with the same header.

    Args:
        path: The file.
        header: Header of the run.
        retry_failed: Discard the lines of requests that the endpoint did not answer, so that they are sent again.

    Raises:
        DataError: If the file holds another run, or is not a run file.
        OutputError: If the file cannot be written, or another process writes it.
    """
    path = path.absolute()
    with _locked(path):
        earlier = _resumed(path, header)
        done: list[Line] = earlier.all_lines if earlier else []
        if earlier and earlier.header and done:
            header = replace(header, adapted=earlier.header.adapted)
        if retry_failed:
            done = [line for line in done if not line.is_failed]
        run = OpenRun(path, header, done)
        try:
            yield run
        finally:
            run.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that keeps other processes from writing the same file."""
    lock_path = path.with_name(f".{path.name}.lock")
    lock = FileLock(lock_path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise OutputError(
            f"{str(path)!r} is being written by another process. Wait for it, or name another file."
        ) from error
    except OSError as error:
        raise OutputError(f"The predictions cannot be written to {str(path)!r}: {error.strerror}.") from error
    try:
        yield
    finally:
        with suppress(OSError):
            lock_path.unlink()
        lock.release()


def _resumed(path: Path, header: Header) -> Run | None:
    """Return an interrupted run, without its last line if that is incomplete; None if there is no such file."""
    content = _bytes(path) if path.exists() else b""
    complete = content[: content.rfind(b"\n") + 1]
    if not complete:
        if content:
            raise DataError(f"{str(path)!r} exists already and is not a run file. Name another file.")
        return None
    run = _parsed(_text(complete, path), path)
    if run.header is None:
        raise DataError(f"{str(path)!r} exists already and has no header, so the run cannot resume. Name another file.")
    expected = replace(header, adapted=run.header.adapted)
    if run.all_lines and (different := run.header.differences(expected)):
        raise DataError(
            f"{str(path)!r} exists already and was made with {'; '.join(different)}. Name another file, or use the "
            "same settings to resume."
        )
    return run


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"The predictions file {str(path)!r} cannot be read: {error.strerror}.") from error


def _text(content: bytes, path: Path) -> str:
    kind = next((kind for start, kind in _OTHER_KINDS.items() if content.startswith(start)), None)
    if kind:
        raise DataError(
            f"The predictions file {str(path)!r} is {kind}, not UTF-8 text. Expected {_EXPECTED}; convert it first."
        )
    try:
        # Not opened as text: that would treat other line separators as the end of a line.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"The predictions file {str(path)!r} is not UTF-8 text: {error}.") from error


def _parsed(text: str, path: Path) -> Run:
    header, lines = None, []
    # Not splitlines: a reply may contain other line separators, which JSON leaves unescaped.
    native_calls = set()
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        record = _object(line, path, number)
        if number == 1 and HEADER in record:
            header = _header(record[HEADER], path)
        elif BATCH_ID in record:
            reply, is_native = _batch_line(record, path, number)
            lines.append(reply)
            if is_native:
                native_calls.add(reply.instance_id)
        else:
            lines.append(_line(record, path, number))
    return run_of(path, header, lines, frozenset(native_calls))


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}, line {number}: not JSON. Expected {_EXPECTED}.") from error
    if not isinstance(record, dict):
        raise DataError(f"{path}, line {number}: a JSON {type(record).__name__}. Expected {_EXPECTED}.")
    return record


def _header(record: Any, path: Path) -> Header:
    content = dict(record) if isinstance(record, dict) else {}
    if content.pop("format", None) != FORMAT:
        raise DataError(
            f"{path}, line 1: the header has another format; this version reads format {FORMAT}. Predict again, or "
            "remove the header line."
        )
    try:
        return _HEADER_ADAPTER.validate_python(content)
    except (ValidationError, BuilderError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise DataError(
            f"{path}, line 1: the header is not valid: {reason}. Predict again, or remove the header line."
        ) from error


def _line(record: Mapping[str, Any], path: Path, number: int) -> Line:
    for key in ("instance_id", "prediction"):
        if not isinstance(record.get(key), str):
            advice = " Write a call or a message as JSON text, with `json.dumps`." if record.get(key) else ""
            raise DataError(f"{path}, line {number}: {key!r} is missing or not text. Expected {_EXPECTED}.{advice}")
    for key, kinds in _OPTIONAL.items():
        if not isinstance(record.get(key), kinds):
            raise DataError(f"{path}, line {number}: {key!r} has the wrong type. Remove it, or predict again.")
    known = {column.name: record[column.name] for column in fields(Line) if record.get(column.name) is not None}
    # Files of earlier versions can state the negative counts that a server reported.
    line = Line(**{name: value for name, value in known.items() if name not in _COUNTS or value >= 0})
    if not 1 <= line.repeat <= MOST_REPEATS:
        raise DataError(
            f"{path}, line {number}: 'repeat' is {line.repeat}. Allowed values: integers, 1 to {MOST_REPEATS}."
        )
    return line


def _batch_line(record: Mapping[str, Any], path: Path, number: int) -> tuple[Line, bool]:
    """Return the reply in a line of the output file of a batch, and True if it is a native call."""
    instance_id = record[BATCH_ID]
    if not isinstance(instance_id, str):
        raise DataError(f"{path}, line {number}: {BATCH_ID!r} is not text. Use the instance id as the {BATCH_ID}.")
    body = _member(record.get("response"), "body")
    try:
        reply = read_reply(body)
    except ValueError:
        error = record.get("error") or _member(body, "error")
        reason = error_of({"error": error}, None).line if error else "no reply"
        return Line(instance_id, "", error=f"batch: {reason}"), False
    return line_of(Asked(instance_id), reply), bool(reply.calls)


def _member(value: Any, name: str) -> Any:
    """Return a member of a JSON object; None if the value is not an object or lacks it."""
    return value.get(name) if isinstance(value, dict) else None
