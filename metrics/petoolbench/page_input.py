"""Read and score the input to the metric's page: JSON Lines of reference rows and of predictions.

Invalid input is not an exception but a list of `Problem`: all problems of both inputs, each with its line.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

ROWS: Final = "reference rows"
PREDICTIONS: Final = "predictions"

_KEYS: Final = {
    ROWS: ("instance_id", "query_group", "candidates", "answer"),
    PREDICTIONS: ("instance_id", "prediction"),
}
_EXPECTED: Final = {
    ROWS: "Enter one row per line, as returned by load_dataset: "
    '{"instance_id", "query_group", "candidates", "answer", "meta"}',
    PREDICTIONS: 'Enter one prediction per line: {"instance_id": "...", "prediction": "<raw text of the reply>"}',
}
_HEADER: Final = "petoolbench"
"""Only key of a header line, which describes the run. Concatenated prediction files have several headers."""
_PRIVATE: Final = (
    "has no answer: the answers of the test split are private. Score the validation split, or submit test predictions "
    "to the leaderboard"
)
_MAX_SHOWN: Final = 240
"""Maximum number of characters that are shown of an id or a prediction."""
_TYPES: Final = {
    bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in the input."""

    source: str
    """`ROWS` or `PREDICTIONS`."""
    line: int | None
    """Line number, starting at 1; None if the problem concerns the whole input."""
    text: str

    def __str__(self) -> str:
        return f"{self.source}{'' if self.line is None else f', line {self.line}'}: {self.text}."


class Line(NamedTuple):
    """A JSON object and its line number, starting at 1."""

    number: int
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Valid rows and predictions."""

    rows: tuple[Line, ...]
    predictions: tuple[str | None, ...]
    """Prediction for each row; None if it is missing."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row with its prediction and verdict."""

    instance_id: str
    error_class: str
    reason: str
    prediction: str | None


@dataclass(frozen=True, slots=True)
class Scored:
    """Result of scoring."""

    scorer: str
    scores: Mapping[str, Any]
    """Result of the metric, without its details."""
    items: tuple[Item, ...]

    @property
    def missing(self) -> int:
        """Number of rows without a prediction."""
        return sum(item.prediction is None for item in self.items)

    @property
    def classes(self) -> Counter[str]:
        """Number of predictions in each error class."""
        return Counter(item.error_class for item in self.items)


def read(rows: bytes, predictions: bytes) -> Inputs | list[Problem]:
    """Read and check both inputs.

    Args:
        rows: Dataset rows, as JSON Lines.
        predictions: Predictions, as JSON Lines.

    Returns:
        The rows and predictions, or all problems of both inputs.
    """
    problems: list[Problem] = []
    read_rows = _read(rows, ROWS, problems)
    read_predictions = _read(predictions, PREDICTIONS, problems)
    known = _known_ids(read_rows, problems)
    if known is not None:
        problems += _unknown_ids(read_predictions, known)
    if problems:
        order = {ROWS: 0, PREDICTIONS: 1}
        return sorted(problems, key=lambda problem: (order[problem.source], problem.line or 0))
    by_id = {prediction["instance_id"]: prediction["prediction"] for _, prediction in read_predictions}
    return Inputs(tuple(read_rows), tuple(by_id.get(row["instance_id"]) for _, row in read_rows))


def score(compute: Callable[..., dict[str, Any]], inputs: Inputs, scorer: str) -> Scored | list[Problem]:
    """Score predictions.

    Args:
        compute: The metric's `compute`.
        inputs: Rows and predictions.
        scorer: `default`, `strict` or `legacy`.

    Returns:
        The scores, or a problem for each row that the metric refuses.
    """
    rows = [line.value for line in inputs.rows]
    try:
        scores = compute(predictions=list(inputs.predictions), references=rows, scorer=scorer, details=True)
    except Exception:  # uploaded rows can fail in any way; score each row to report those that fail
        outcomes = (_row_problem(compute, *pair, scorer) for pair in zip(inputs.rows, inputs.predictions, strict=True))
        if problems := [*filter(None, outcomes)]:
            return problems
        raise
    details = scores.pop("details")
    items = (Item(**detail, prediction=text) for detail, text in zip(details, inputs.predictions, strict=True))
    return Scored(scorer, scores, tuple(items))


def shortened(text: str) -> str:
    """Return a text as one line that fits a table cell, with lone surrogates replaced."""
    line = " ".join(text[: 4 * _MAX_SHOWN].split())
    cut = line if len(line) <= _MAX_SHOWN and len(text) <= 4 * _MAX_SHOWN else line[:_MAX_SHOWN] + "…"
    return cut.encode("utf-8", "replace").decode()


def _row_problem(
    compute: Callable[..., dict[str, Any]], row: Line, prediction: str | None, scorer: str
) -> Problem | None:
    """Score a single row; return the problem if it cannot be scored."""
    try:
        compute(predictions=[prediction], references=[row.value], scorer=scorer, resamples=1)
    except Exception as error:  # see `score`
        return Problem(ROWS, row.number, f"cannot be scored ({shortened(str(error)).rstrip('.')})")
    return None


def _read(data: bytes, source: str, problems: list[Problem]) -> list[Line]:
    """Return the objects of an input, and add its problems to `problems`."""
    lines: list[Line] = []
    first_lines: dict[str, int] = {}
    earlier = len(problems)
    # Only line feeds separate lines: predictions may contain the other separators that `splitlines` knows.
    for number, text in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        if not text.strip():
            continue
        value = _object(text)
        if isinstance(value, str):
            problems.append(Problem(source, number, value))
        elif source == ROWS or value.keys() != {_HEADER}:
            faults = (*_faults(value, source), *_duplicate(value, number, first_lines))
            problems.extend(Problem(source, number, fault) for fault in faults)
            lines.append(Line(number, value))
    if not lines and len(problems) == earlier:
        problems.append(Problem(source, None, f"the input is empty. {_EXPECTED[source]}"))
    return lines


def _known_ids(rows: Iterable[Line], problems: Iterable[Problem]) -> set[str] | None:
    """Return the ids of the rows; None if a problem makes the id of a row unreadable."""
    ids = {line.number: line.value.get("instance_id") for line in rows}
    if not all(isinstance(ids.get(problem.line or 0), str) for problem in problems if problem.source == ROWS):
        return None
    return {instance_id for instance_id in ids.values() if isinstance(instance_id, str)}


def _unknown_ids(predictions: Iterable[Line], known: Collection[str]) -> list[Problem]:
    """Return a problem for each prediction whose id no row has."""
    ids = ((line.number, line.value.get("instance_id")) for line in predictions)
    return [
        Problem(PREDICTIONS, number, f"no reference row has the instance_id {_quoted(instance_id)}")
        for number, instance_id in ids
        if isinstance(instance_id, str) and instance_id not in known
    ]


def _object(text: bytes) -> dict[str, Any] | str:
    """Return the JSON object of a line, or a description of the problem."""
    try:
        value = json.loads(text.decode())
    except UnicodeDecodeError:
        return "not valid UTF-8"
    except json.JSONDecodeError as error:
        return f"not valid JSON ({error.msg} at character {error.colno})"
    except (ValueError, RecursionError):
        return "not readable as JSON: a number is too long, or the nesting is too deep"
    return value if isinstance(value, dict) else f"{_type(value)} instead of an object"


def _duplicate(value: Mapping[str, Any], number: int, first_lines: dict[str, int]) -> Iterator[str]:
    instance_id = value.get("instance_id")
    if isinstance(instance_id, str) and first_lines.setdefault(instance_id, number) != number:
        yield f"the instance_id {_quoted(instance_id)} is a duplicate of line {first_lines[instance_id]}"


def _faults(value: Mapping[str, Any], source: str) -> Iterator[str]:
    missing = [key for key in _KEYS[source] if key not in value]
    if missing:
        yield f"lacks {', '.join(map(repr, missing))}"
    for key in ("instance_id", "query_group", "prediction"):
        if key in _KEYS[source] and key in value and not isinstance(value[key], str):
            yield f"{key!r} is {_type(value[key])} instead of text"
    if source == ROWS and not {"candidates", "answer"}.difference(value):
        yield from _candidate_faults(value["candidates"])
        yield from _answer_faults(value["answer"], value["candidates"])
        yield from _meta_faults(value.get("meta"))


def _candidate_faults(candidates: object) -> Iterator[str]:
    if not _are_tools(candidates):
        yield "'candidates' is not a list of tools with a name"


def _answer_faults(answer: object, candidates: Any) -> Iterator[str]:
    if answer is None or (isinstance(answer, dict) and answer.get("name", "") is None):
        yield _PRIVATE
    elif not isinstance(answer, dict) or not isinstance(answer.get("name"), str):
        yield "'answer' is not an object with a name"
    else:
        if not _holds_object(answer.get("arguments")):
            yield "the arguments of 'answer' are not a JSON object as text"
        if _are_tools(candidates):
            yield from _answer_tool_faults(answer["name"], candidates)


def _answer_tool_faults(name: str, candidates: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    tool = next((candidate for candidate in candidates if candidate["name"] == name), None)
    if tool is None:
        yield f"the answer's tool {_quoted(name)} is not one of the candidates"
    elif not _holds_object(tool.get("parameters")):
        yield f"the parameters of {_quoted(name)} are not a JSON object as text"


def _meta_faults(meta: object) -> Iterator[str]:
    if not (meta is None or isinstance(meta, dict)):
        yield f"'meta' is {_type(meta)} instead of an object"
        return
    names = (meta or {}).get("same_function")
    if not (names is None or (isinstance(names, list) and all(isinstance(name, str) for name in names))):
        yield "'same_function' of 'meta' is not a list of names"


def _are_tools(candidates: object) -> bool:
    return isinstance(candidates, list) and all(
        isinstance(candidate, dict) and isinstance(candidate.get("name"), str) for candidate in candidates
    )


def _holds_object(text: object) -> bool:
    """Return True if a value is the text of a JSON object."""
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _type(value: object) -> str:
    return _TYPES.get(type(value), "null")


def _quoted(text: str) -> str:
    return repr(shortened(text))
