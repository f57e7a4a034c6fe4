"""What the Space's page reads and shows, without the page: JSON lines in, problems or tables out.

Bad input is a value: every problem of both inputs at once, each with its line. Text that users wrote leaves this file
as plain text for `str` columns and text boxes; the HTML made here holds words and figures of our own only.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, Final, NamedTuple

ROWS: Final = "reference rows"
PREDICTIONS: Final = "predictions"
EVERY_CLASS: Final = "every class"
"""The filter that leaves nothing out."""
ITEM_HEADERS: Final = ("instance", "class", "reason", "reply")

_KEYS: Final = {
    ROWS: ("instance_id", "query_group", "candidates", "answer"),
    PREDICTIONS: ("instance_id", "prediction"),
}
_EXPECTED: Final = {
    ROWS: "Give one row a line, as load_dataset gave it: "
    '{"instance_id", "query_group", "candidates", "answer", "meta"}.',
    PREDICTIONS: 'Give one reply a line: {"instance_id": "...", "prediction": "<text as the model wrote it>"}.',
}
_HEADER: Final = "petoolbench"
"""The only key of a line that says how predictions were made; several may stand in files that were joined."""
_PRIVATE: Final = (
    "has no answer: the answers of the test split are private. Score the validation split, or submit test predictions "
    "to the leaderboard"
)
_FIGURES: Final = (
    ("tool_accuracy", "Tool accuracy"),
    ("parameter_accuracy", "Parameter accuracy"),
    ("call_accuracy", "Call accuracy"),
    ("parameter_accuracy_given_tool", "Parameter accuracy given the tool"),
    ("format_rate", "Format rate"),
    ("hallucination_rate", "Hallucination rate"),
)
_MEANINGS: Final = {
    "correct": "is the answer",
    "invalid_format": "holds no tool call, or is missing",
    "tool_hallucination": "calls a tool that is no candidate",
    "functionality_mismatch": "calls a candidate that does another job",
    "preference_mismatch": "calls a candidate that does the job, and is not this user's",
    "parameter_name_mismatch": "leaves arguments out, or gives further ones",
    "parameter_value_mismatch": "gives other values",
}
_MOST_PROBLEMS: Final = 500
"""Problems that are told one by one."""
_MOST_ITEMS: Final = 1000
"""Replies that are listed on the page; the JSON has all."""
_LONGEST: Final = 240
"""Characters of a reply or of an id that are shown."""
_KINDS: Final = {
    bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the user must mend."""

    source: str
    """`ROWS` or `PREDICTIONS`."""
    line: int | None
    """Counted from 1; None for the input as a whole."""
    text: str

    def __str__(self) -> str:
        return f"{self.source}{'' if self.line is None else f', line {self.line}'}: {self.text}."


class Line(NamedTuple):
    """A JSON object and where it stood."""

    number: int
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Both inputs, fit to be scored."""

    rows: tuple[Line, ...]
    replies: tuple[str | None, ...]
    """The reply to each row; None where there is none."""


@dataclass(frozen=True, slots=True)
class Item:
    """One reply and its verdict."""

    instance_id: str
    error_class: str
    reason: str
    prediction: str | None


@dataclass(frozen=True, slots=True)
class Scored:
    """What came out, for the page and for the JSON."""

    scorer: str
    scores: Mapping[str, Any]
    """What the metric gave, but for its details."""
    items: tuple[Item, ...]

    @property
    def missing(self) -> int:
        """Rows without a prediction."""
        return sum(item.prediction is None for item in self.items)

    @property
    def classes(self) -> Counter[str]:
        """Replies of each error class."""
        return Counter(item.error_class for item in self.items)


class Example(NamedTuple):
    """Rows and predictions as JSON lines."""

    rows: str
    predictions: str


def example() -> Example:
    """The invented rows and predictions beside this file; a reply of every error class is among them."""
    text = Path(__file__).with_name("example.json").read_text(encoding="utf-8")
    return Example(*("\n".join(map(json.dumps, json.loads(text)[part])) for part in ("rows", "predictions")))


def read(rows: bytes, predictions: bytes) -> Inputs | list[Problem]:
    """Read what the user gave.

    Args:
        rows: JSON lines of dataset rows.
        predictions: JSON lines of predictions.

    Returns:
        The inputs, or every problem of both.
    """
    problems: list[Problem] = []
    read_rows = _read(rows, ROWS, problems)
    read_predictions = _read(predictions, PREDICTIONS, problems)
    ids = {line.number: line.value.get("instance_id") for line in read_rows}
    known = {name for name in ids.values() if isinstance(name, str)}
    if all(isinstance(ids.get(one.line or 0), str) for one in problems if one.source == ROWS):  # else some may be known
        for number, one in read_predictions:
            name = one.get("instance_id")
            if isinstance(name, str) and name not in known:
                problems.append(Problem(PREDICTIONS, number, f"no reference row has the instance_id {_quoted(name)}"))
    if problems:
        order = {ROWS: 0, PREDICTIONS: 1}
        return sorted(problems, key=lambda one: (order[one.source], one.line or 0))
    replies = {one["instance_id"]: one["prediction"] for _, one in read_predictions}
    return Inputs(tuple(read_rows), tuple(replies.get(row["instance_id"]) for _, row in read_rows))


def score(compute: Callable[..., dict[str, Any]], inputs: Inputs, scorer: str) -> Scored | list[Problem]:
    """Score what was read.

    Args:
        compute: That of the metric.
        inputs: Rows and replies.
        scorer: `default`, `strict` or `legacy`.

    Returns:
        The scores, or a problem for each row that the metric refuses.
    """
    rows = [line.value for line in inputs.rows]
    try:
        found = compute(predictions=list(inputs.replies), references=rows, scorer=scorer, details=True)
    except Exception:  # rows are whatever a stranger uploads; the user is to be told which of them cannot be scored
        tried = (_tried(compute, *pair, scorer) for pair in zip(inputs.rows, inputs.replies, strict=True))
        if problems := [*filter(None, tried)]:
            return problems
        raise
    details = found.pop("details")
    return Scored(
        scorer, found, tuple(Item(**one, prediction=reply) for one, reply in zip(details, inputs.replies, strict=True))
    )


def problems_text(problems: Sequence[Problem]) -> str:
    """All problems as plain text, one a line; of very many the first, and how many more there are."""
    lines = [str(one) for one in problems[:_MOST_PROBLEMS]]
    if len(problems) > _MOST_PROBLEMS:
        lines.append(f"... and {len(problems) - _MOST_PROBLEMS} more.")
    return "\n".join(lines)


def summary(scored: Scored) -> str:
    """What was scored, in two or three sentences of our own words."""
    scores = scored.scores
    told = [
        f"{_counted(scores['count'], 'row')} in {_counted(scores['query_groups'], 'query group')}, "
        f"judged in the scorer {scored.scorer}."
    ]
    if scored.missing:
        verb = "has no prediction and counts" if scored.missing == 1 else "have no prediction and count"
        told.append(f"{_counted(scored.missing, 'row')} {verb} as wrong.")
    least = 100 * float(scores["detectable_difference"] or 0.0)
    if least:
        told.append(
            f"Another system must differ by {least:.1f} points in tool accuracy for these rows to show it."
            if least < 100
            else "These rows are too few to tell two systems apart."
        )
    return " ".join(told)


def figures_html(scored: Scored) -> str:
    """The figures in % with their 95 % intervals, as a table."""
    rows = []
    for name, label in _FIGURES:
        ends = scored.scores["intervals"].get(name)
        between = " to ".join(f"{100 * end:.1f}" for end in ends) if ends else "-"
        rows.append((label, _percent(scored.scores[name]), between))
    return _table("Figures", ("figure", "%", "95 % interval"), [[escape(cell) for cell in row] for row in rows])


def classes_html(scored: Scored) -> str:
    """Count and share of each error class, as a table."""
    rows = []
    for name, share in scored.scores["error_classes"].items():
        label = f"<code>{escape(name)}</code><small>the reply {escape(_MEANINGS[name])}</small>"
        bar = f'<span class="track"><span class="share" style="width: {100 * share:.1f}%"></span></span>'
        rows.append([label, str(scored.classes[name]), f"{_percent(share)}{bar}"])
    return _table("Error classes", ("class", "replies", "%"), rows)


def class_choices(scored: Scored) -> list[tuple[str, str]]:
    """The filters that leave something, each as its label and its value."""
    counts = scored.classes
    found = [(f"{name} ({counts[name]})", name) for name in scored.scores["error_classes"] if counts[name]]
    return [(f"{EVERY_CLASS} ({len(scored.items)})", EVERY_CLASS), *found]


def item_rows(scored: Scored, error_class: str = EVERY_CLASS) -> list[list[str]]:
    """The first replies of a class, with the columns `ITEM_HEADERS`; for columns of the type `str` only."""
    chosen = [one for one in scored.items if error_class in (EVERY_CLASS, one.error_class)]
    return [
        [
            shortened(one.instance_id),
            one.error_class,
            one.reason.replace("_", " "),
            "" if one.prediction is None else shortened(one.prediction),
        ]
        for one in chosen[:_MOST_ITEMS]
    ]


def document(scored: Scored) -> bytes:
    """Everything as JSON: scorer, scores, and of each reply its text, class and reason."""
    items = [asdict(one) for one in scored.items]
    whole = {"mode": scored.scorer, "missing": scored.missing, "scores": scored.scores, "items": items}
    return (json.dumps(whole, indent=1) + "\n").encode()


def shortened(text: str) -> str:
    """A text in one line that fits a cell, without half surrogate pairs, which no page can be sent."""
    line = " ".join(text[: 4 * _LONGEST].split())
    cut = line if len(line) <= _LONGEST and len(text) <= 4 * _LONGEST else line[:_LONGEST] + "…"
    return cut.encode("utf-8", "replace").decode()


def _read(data: bytes, source: str, problems: list[Problem]) -> list[Line]:
    """The objects of an input, and to `problems` what is wrong with it."""
    found: list[Line] = []
    seen: dict[str, int] = {}
    data = data.removeprefix(codecs.BOM_UTF8)
    for number, text in enumerate(data.split(b"\n"), start=1):  # a reply may hold other separators of lines
        if not text.strip():
            continue
        value = _object(text)
        if isinstance(value, str):
            problems.append(Problem(source, number, value))
            continue
        if source == PREDICTIONS and value.keys() == {_HEADER}:
            continue
        faults = [*_faults(value, source)]
        name = value.get("instance_id")
        if isinstance(name, str) and seen.setdefault(name, number) != number:
            faults.append(f"the instance_id {_quoted(name)} occurs again; it is in line {seen[name]} already")
        problems.extend(Problem(source, number, fault) for fault in faults)
        found.append(Line(number, value))
    if not found and not any(one.source == source for one in problems):
        problems.append(Problem(source, None, f"there is nothing here. {_EXPECTED[source]}".removesuffix(".")))
    return found


def _object(text: bytes) -> dict[str, Any] | str:
    """The JSON object of a line, or what is wrong with it."""
    try:
        value = json.loads(text.decode())
    except UnicodeDecodeError:
        return "not text in UTF-8"
    except json.JSONDecodeError as error:
        return f"not JSON ({error.msg} at character {error.colno})"
    except (ValueError, RecursionError):
        return "not JSON that can be read: a number is too long, or it is nested too deep"
    return value if isinstance(value, dict) else f"{_kind(value)} where an object is expected"


def _faults(value: Mapping[str, Any], source: str) -> Iterator[str]:
    lacking = [key for key in _KEYS[source] if key not in value]
    if lacking:
        yield f"lacks {', '.join(map(repr, lacking))}"
    for key in ("instance_id", "query_group", "prediction"):
        if key in _KEYS[source] and key in value and not isinstance(value[key], str):
            yield f"{key!r} is {_kind(value[key])} where text is expected"
    if source == ROWS and not {"candidates", "answer"}.difference(value):
        yield from _row_faults(value)


def _row_faults(row: Mapping[str, Any]) -> Iterator[str]:
    """What keeps candidates, answer and meta of a row from being scored."""
    tools, answer, meta = row["candidates"], row["answer"], row.get("meta")
    if not isinstance(tools, list) or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in tools
    ):
        yield "'candidates' is no list of tools with a name"
        tools = None
    if answer is None or (isinstance(answer, dict) and answer.get("name", "") is None):
        yield _PRIVATE
    elif not isinstance(answer, dict) or not isinstance(answer.get("name"), str):
        yield "'answer' is no object with a name"
    else:
        if not _holds_object(answer.get("arguments")):
            yield "the arguments of 'answer' are no JSON object written as text"
        if tools is not None:
            yield from _answer_faults(answer["name"], tools)
    if not (meta is None or isinstance(meta, dict)):
        yield f"'meta' is {_kind(meta)} where an object is expected"
    elif not _names_or_none((meta or {}).get("same_function")):
        yield "'same_function' of 'meta' is no list of names"


def _answer_faults(name: str, tools: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    tool = next((one for one in tools if one["name"] == name), None)
    if tool is None:
        yield f"the answer's tool {_quoted(name)} is none of the candidates"
    elif not _holds_object(tool.get("parameters")):
        yield f"the parameters of {_quoted(name)} are no JSON object written as text"


def _tried(compute: Callable[..., dict[str, Any]], row: Line, reply: str | None, scorer: str) -> Problem | None:
    """The problem of a row that cannot be scored by itself."""
    try:
        compute(predictions=[reply], references=[row.value], scorer=scorer, resamples=1)
    except Exception as error:  # see `score`
        return Problem(ROWS, row.number, f"cannot be scored ({shortened(str(error)).rstrip('.')})")
    return None


def _holds_object(text: object) -> bool:
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _names_or_none(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value))


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "null")


def _quoted(text: str) -> str:
    return repr(shortened(text))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f}"


def _table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are HTML."""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows
    )
    return f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
