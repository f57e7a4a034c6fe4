"""Files of a people's study: the rows of each reader, written by `petoolbench study new`, and the readers' answers.

* `study.json`: the readers, each with a token and the rows in the reader's order. It holds no right answers.
* `answers/reader-<k>.jsonl`: one answer a line, written by the leaderboard. A later line replaces an earlier one to the
  same row.
* `report.json`: written by `petoolbench study report`.

The module uses the standard library only, because the leaderboard and the library share it.
"""

from __future__ import annotations

import json
import math
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args
from urllib.parse import urlencode

from metrics.petoolbench.errors import PEToolBenchError

STUDY_FORMAT: Final = 1
"""Version of `study.json`."""
STUDY: Final = "study.json"
ANSWERS: Final = "answers"
REPORT: Final = "report.json"
StatedAmbiguity = Literal["no", "slightly", "yes"]
STATED_AMBIGUITIES: Final[tuple[StatedAmbiguity, ...]] = get_args(StatedAmbiguity)
MOST_CHARACTERS: Final = 2_000
"""Maximum length of a remark."""
_T = TypeVar("_T")


class StudyError(PEToolBenchError, ValueError):
    """A file of a study is missing or malformed, or an answer does not fit the study."""


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A row of the data set, as a reader sees it."""

    instance_id: str
    config: str
    """History type."""
    tools: tuple[str, ...]
    """Names of the candidates, in the order in which the reader sees them."""


@dataclass(frozen=True, slots=True)
class StudyReader:
    """A person who reads rows. No name is stored."""

    reader: int
    """Number of the reader, from 1."""
    token: str
    """Credential in the reader's link."""
    rows: tuple[StudyRow, ...]
    """Rows in the order in which the reader sees them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study: readers, and the rows that each of them reads."""

    format: int = STUDY_FORMAT
    id: str
    data_revision: str
    """Revision of the data set that the rows are from."""
    split: str
    seed: int
    reads: int
    """Number of readers of each row."""
    readers: tuple[StudyReader, ...]

    def reader(self, token: str) -> StudyReader | None:
        """Return the reader with a token; None if no reader has it. The comparison takes constant time."""
        given = token.encode("utf-8", "surrogatepass")
        found = [reader for reader in self.readers if secrets.compare_digest(reader.token.encode(), given)]
        return found[0] if found else None

    def query(self, reader: StudyReader) -> str:
        """Return the query of a reader's link to the leaderboard, such as `?tab=play&study=ID&token=TOKEN`."""
        return "?" + urlencode({"tab": "play", "study": self.id, "token": reader.token})


@dataclass(frozen=True, slots=True)
class StudyAnswer:
    """Answer of a reader to a row."""

    instance_id: str
    config: str
    choice: str
    """Name of the tool."""
    confidence: float
    """Confidence that the tool is right, 0 to 100."""
    ambiguous: StatedAmbiguity
    """Possibility that another tool is right too."""
    remark: str
    """Free text; empty if the reader has none."""
    seconds: float
    """Time from the display of the row to the answer, at least 0."""


def study_json(study: Study) -> str:
    """Return the text of `study.json`."""
    return json.dumps(asdict(study), indent=1, ensure_ascii=False) + "\n"


def read_study(folder: Path) -> Study:
    """Read `study.json` in the folder of a study.

    Raises:
        StudyError: If it is missing or malformed; the message names the file and the field.
    """
    path = folder / STUDY
    try:
        fields = json.loads(path.read_bytes())
    except OSError as error:
        raise StudyError(
            f"{str(path)!r} cannot be read: {error.strerror}. Create a study with: petoolbench study new"
        ) from error
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{str(path)!r} is not JSON: {error}. Restore the file that `study new` wrote.") from error
    try:
        return _study(fields)
    except _MalformedError as error:
        raise StudyError(f"{str(path)!r} is malformed: {error}. Restore the file that `study new` wrote.") from error


def answers_path(folder: Path, reader: int) -> Path:
    """Return the path of the answers of a reader.

    Args:
        folder: Folder of the study.
        reader: Number of the reader, from 1.
    """
    return folder / ANSWERS / f"reader-{reader}.jsonl"


def append_answer(folder: Path, reader: StudyReader, answer: StudyAnswer) -> None:
    """Append an answer to the file of a reader, and wait until it is on the disk.

    Args:
        folder: Folder of the study.
        reader: The reader.
        answer: The answer; it replaces an earlier one to the same row.

    Raises:
        OSError: If the file cannot be written.
        StudyError: If the answer does not fit the rows of the reader, or a value is malformed.
    """
    rows = {row.instance_id: row for row in reader.rows}
    try:
        checked = _answer(asdict(answer), rows)
    except _MalformedError as error:
        raise StudyError(f"The answer of reader {reader.reader} is not stored: {error}.") from error
    path = answers_path(folder, reader.reader)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(checked)).encode() + b"\n"
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            # A line that an interrupted write left incomplete must not damage the next one.
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_answers(folder: Path, reader: StudyReader) -> dict[str, StudyAnswer]:
    """Read the answers of a reader.

    Args:
        folder: Folder of the study.
        reader: The reader.

    Returns:
        The last answer to each row by instance id, in the order of the reader's rows; empty if there are none yet.

    Raises:
        StudyError: If a line is damaged, or answers a row or a tool that was not dealt to the reader; the message names
            the file and the line.
    """
    path = answers_path(folder, reader.reader)
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StudyError(f"{str(path)!r} cannot be read: {error.strerror}. Check the permissions.") from error
    rows = {row.instance_id: row for row in reader.rows}
    answers: dict[str, StudyAnswer] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            answer = _answer(_object_of(line), rows)
        except _MalformedError as error:
            raise StudyError(f"{path}, line {number}: {error}. Correct the line, or remove it.") from error
        answers[answer.instance_id] = answer
    return {instance_id: answers[instance_id] for instance_id in rows if instance_id in answers}


class _MalformedError(Exception):
    """A field or value that a file does not allow."""


def _object_of(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _MalformedError(f"not JSON ({error})") from error


def _study(value: Any) -> Study:
    fields = _fields(value, "the file", Study.__slots__)
    if fields["format"] != STUDY_FORMAT:
        raise _MalformedError(f"format is {fields['format']!r}; allowed: {STUDY_FORMAT}")
    readers = tuple(_list(fields["readers"], "readers", _reader))
    numbers = [reader.reader for reader in readers]
    if numbers != list(range(1, len(readers) + 1)) or not readers:
        raise _MalformedError(f"readers are numbered {numbers}; allowed: 1, 2, 3 and so on")
    if len({reader.token for reader in readers}) < len(readers):
        raise _MalformedError("two readers have the same token; allowed: distinct ones")
    return Study(
        id=_text(fields, "id"),
        data_revision=_text(fields, "data_revision"),
        split=_text(fields, "split"),
        seed=_whole(fields, "seed", 0),
        reads=_whole(fields, "reads", 1),
        readers=readers,
    )


def _reader(value: Any) -> StudyReader:
    fields = _fields(value, "a reader", StudyReader.__slots__)
    rows = tuple(_list(fields["rows"], "rows", _row))
    if len({row.instance_id for row in rows}) < len(rows):
        raise _MalformedError(f"reader {fields['reader']} has a row twice; allowed: once")
    return StudyReader(_whole(fields, "reader", 1), _text(fields, "token"), rows)


def _row(value: Any) -> StudyRow:
    fields = _fields(value, "a row", StudyRow.__slots__)
    tools = tuple(_list(fields["tools"], "tools", _name))
    if len(set(tools)) < len(tools) or not tools:
        raise _MalformedError(f"tools of {fields['instance_id']!r} are {list(tools)}; allowed: distinct names")
    return StudyRow(_text(fields, "instance_id"), _text(fields, "config"), tools)


def _answer(value: Any, rows: Mapping[str, StudyRow]) -> StudyAnswer:
    fields = _fields(value, "an answer", StudyAnswer.__slots__)
    row = rows.get(_text(fields, "instance_id"))
    if row is None:
        raise _MalformedError(f"the row {fields['instance_id']!r} was not dealt to this reader")
    if fields["config"] != row.config:
        raise _MalformedError(f"config is {fields['config']!r}; that of the row is {row.config!r}")
    if fields["choice"] not in row.tools:
        raise _MalformedError(f"choice is {fields['choice']!r}; allowed: {', '.join(row.tools)}")
    if fields["ambiguous"] not in STATED_AMBIGUITIES:
        raise _MalformedError(f"ambiguous is {fields['ambiguous']!r}; allowed: {', '.join(STATED_AMBIGUITIES)}")
    remark = fields["remark"]
    if not isinstance(remark, str) or len(remark) > MOST_CHARACTERS:
        raise _MalformedError(f"remark is {str(remark)[:80]!r}; allowed: text of at most {MOST_CHARACTERS} characters")
    confidence, seconds = _number(fields, "confidence", 100), _number(fields, "seconds", math.inf)
    return StudyAnswer(row.instance_id, row.config, fields["choice"], confidence, fields["ambiguous"], remark, seconds)


def _fields(value: Any, name: str, expected: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a JSON object, which must be exactly the expected ones."""
    if not isinstance(value, dict):
        raise _MalformedError(f"{name} is {str(value)[:80]!r}; allowed: an object with {', '.join(expected)}")
    if different := sorted(set(expected) ^ value.keys()):
        problem = "is missing" if different[0] in expected else "is not a field"
        raise _MalformedError(f"{different[0]!r} of {name} {problem}; fields: {', '.join(expected)}")
    return value


def _list(value: Any, name: str, item: Callable[[Any], _T]) -> list[_T]:
    if not isinstance(value, list):
        raise _MalformedError(f"{name} is {str(value)[:80]!r}; allowed: a list")
    return [item(part) for part in value]


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _MalformedError(f"{str(value)[:80]!r} is in a list of names; allowed: text")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value:
        raise _MalformedError(f"{name} is {str(value)[:80]!r}; allowed: text")
    return value


def _whole(fields: Mapping[str, Any], name: str, least: int) -> int:
    value = fields[name]
    if type(value) is not int or value < least:
        raise _MalformedError(f"{name} is {str(value)[:80]!r}; allowed: a whole number of at least {least}")
    return value


def _number(fields: Mapping[str, Any], name: str, most: float) -> float:
    value = fields[name]
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= most:
        limit = "at least 0" if most == math.inf else f"from 0 to {most:g}"
        raise _MalformedError(f"{name} is {str(value)[:80]!r}; allowed: a number {limit}")
    return float(value)
