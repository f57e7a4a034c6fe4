"""Texts, tables and files that the metric's page shows.

Text of users is returned as plain text only: show it in text boxes, and in table columns of type `str`. The HTML made
here contains only fixed words and numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

if __package__:
    from .page_input import Problem, Scored, shortened
else:  # flat files on a Space, see app.py
    from page_input import Problem, Scored, shortened  # type: ignore[import-not-found,no-redef]

ALL_CLASSES: Final = "all classes"
"""Filter value for the predictions of every error class."""
ITEM_HEADERS: Final = ("instance", "error class", "reason", "prediction")

_RATES: Final = (
    ("tool_accuracy", "tool accuracy"),
    ("parameter_accuracy", "parameter accuracy"),
    ("call_accuracy", "call accuracy"),
    ("parameter_accuracy_given_tool", "parameter accuracy given the tool"),
    ("format_rate", "format rate"),
    ("hallucination_rate", "hallucination rate"),
)
_MEANINGS: Final = {
    "correct": "correct tool and correct arguments",
    "invalid_format": "no readable tool call, or no prediction",
    "tool_hallucination": "a tool that is not a candidate",
    "functionality_mismatch": "a candidate for another job",
    "preference_mismatch": "a candidate for the job that is not this user's preference",
    "parameter_name_mismatch": "missing or additional arguments",
    "parameter_value_mismatch": "wrong values of arguments",
}
_MAX_PROBLEMS: Final = 500
"""Maximum number of problems that are listed."""
_MAX_ITEMS: Final = 1000
"""Maximum number of predictions in the table. The JSON file contains all of them."""


class Example(NamedTuple):
    """Rows and predictions as JSON Lines."""

    rows: str
    predictions: str


def example() -> Example:
    """Return invented rows and predictions, at least one prediction of each error class."""
    text = Path(__file__).with_name("example.json").read_text(encoding="utf-8")
    return Example(*("\n".join(map(json.dumps, json.loads(text)[part])) for part in ("rows", "predictions")))


def problems_text(problems: Sequence[Problem]) -> str:
    """Return problems as plain text, one per line. A long list ends with the number of the problems left out."""
    lines = [str(problem) for problem in problems[:_MAX_PROBLEMS]]
    if len(problems) > _MAX_PROBLEMS:
        lines.append(f"... and {len(problems) - _MAX_PROBLEMS} more.")
    return "\n".join(lines)


def summary(scored: Scored) -> str:
    """Return two or three sentences about the scored rows. They contain no text that a user entered."""
    scores = scored.scores
    sentences = [
        f"{_counted(scores['count'], 'row')} in {_counted(scores['query_groups'], 'query group')}, "
        f"scored with the {scored.scorer} scorer."
    ]
    if scored.missing:
        verb = "has no prediction and counts" if scored.missing == 1 else "have no prediction and count"
        sentences.append(f"{_counted(scored.missing, 'row')} {verb} as wrong.")
    smallest = 100 * float(scores["detectable_difference"] or 0.0)
    if smallest:
        sentences.append(
            f"The smallest detectable difference in tool accuracy to another system is {smallest:.1f} points."
            if smallest < 100
            else "There are too few rows to detect a difference between two systems."
        )
    return " ".join(sentences)


def figures_html(scored: Scored) -> str:
    """Return an HTML table of the rates in percent, with their 95 % confidence intervals."""
    rows = []
    for name, label in _RATES:
        ends = scored.scores["intervals"].get(name)
        interval = " to ".join(f"{100 * end:.1f}" for end in ends) if ends else "-"
        rows.append((label, _percent(scored.scores[name]), interval))
    return _table("Rates", ("rate", "%", "95 % interval"), [[escape(cell) for cell in row] for row in rows])


def classes_html(scored: Scored) -> str:
    """Return an HTML table of the error classes, with their number of predictions and share in percent."""
    rows = []
    for name, share in scored.scores["error_classes"].items():
        label = f"{escape(_label(name))}<small>{escape(_MEANINGS[name])}</small>"
        bar = f'<span class="track"><span class="share" style="width: {100 * share:.1f}%"></span></span>'
        rows.append([label, str(scored.classes[name]), f"{_percent(share)}{bar}"])
    return _table("Error classes", ("error class", "predictions", "%"), rows)


def class_choices(scored: Scored) -> list[tuple[str, str]]:
    """Return the filters of the table of predictions, as pairs of label and value; classes without any are left out."""
    counts = scored.classes
    choices = [(f"{_label(name)} ({counts[name]})", name) for name in scored.scores["error_classes"] if counts[name]]
    return [(f"{ALL_CLASSES} ({len(scored.items)})", ALL_CLASSES), *choices]


def item_rows(scored: Scored, error_class: str = ALL_CLASSES) -> list[list[str]]:
    """Return the first predictions of an error class, with the columns `ITEM_HEADERS`.

    The cells are plain text of users: show them in columns of type `str` only.

    Args:
        scored: The scored rows.
        error_class: Name of an error class, or `ALL_CLASSES`.
    """
    items = [item for item in scored.items if error_class in (ALL_CLASSES, item.error_class)]
    return [
        [
            shortened(item.instance_id),
            _label(item.error_class),
            _label(item.reason),
            "" if item.prediction is None else shortened(item.prediction),
        ]
        for item in items[:_MAX_ITEMS]
    ]


def document(scored: Scored) -> bytes:
    """Return everything as JSON: the scorer, the scores, and the text, error class and reason of each prediction."""
    items = [asdict(item) for item in scored.items]
    content = {"scorer": scored.scorer, "missing": scored.missing, "scores": scored.scores, "items": items}
    return (json.dumps(content, indent=1) + "\n").encode()


def _label(name: str) -> str:
    return name.replace("_", " ")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f}"


def _table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an HTML table; the cells of `rows` are HTML."""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows
    )
    return f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
