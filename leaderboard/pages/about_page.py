"""The About page: how scores are computed, what can be trusted, and how to cite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, Final

import gradio as gr

from leaderboard.ladder import step_points
from leaderboard.public_data import Data
from leaderboard.stores.acts import WORDS, Act
from leaderboard.stores.stored_records import HISTORY_TYPES, SPLITS
from leaderboard.submissions.quota import LIMITS
from leaderboard.views import html_parts
from leaderboard.views.html_parts import ERROR_LABELS, RATE_LABELS, escaped, points, text

from .page_context import Context, Page

_PAGE: Final = Path(__file__).with_name("about.md")
CITATION: Final = """\
@misc{petoolbench,
  title   = {PEToolBench: a benchmark of personalised tool use},
  author  = {{The PEToolBench developers}},
  version = {0.2.0},
  note    = {Data set, Apache-2.0}
}"""
_HISTORIES: Final[Mapping[str, str]] = {
    "preferred_only": "past calls that the user liked, in no particular order",
    "rating_integrated": "past calls that the user rated: 1 for liked, 0 for disliked, in no particular order",
    "chronological": "past calls from oldest to newest; the preference changes at some point",
}
"""Description of the history in each config."""
_RATES: Final[Mapping[str, str]] = {
    "tool_accuracy": "the called tool is the one that the user prefers",
    "parameter_accuracy": "the arguments match the answer; a call to a wrong tool counts as wrong",
    "call_accuracy": "tool and arguments are both correct",
    "format_rate": "a tool call can be parsed from the reply",
    "hallucination_rate": "the called tool is not among the candidates",
}
"""Condition that each rate counts."""
_CLASSES: Final[Mapping[str, str]] = {
    "correct": "the tool and its arguments match the answer",
    "parameter_value_mismatch": "the tool and the argument names are correct, but a value differs",
    "parameter_name_mismatch": "the tool is correct, but an argument is missing or unexpected",
    "preference_mismatch": "the tool can do the job, but it is not the one that the user prefers",
    "functionality_mismatch": "the tool is a candidate, but cannot do the job",
    "tool_hallucination": "the tool is not among the candidates",
    "invalid_format": "no tool call can be parsed, or the reply is missing",
}
"""Description of each error class."""

_FULL: Final = "The data set has no core: all figures are on the full split, that is, on all of its instances."
_CORE: Final = """\
On the test split, the main figure is on the *core*: whole query groups with about 1,000 instances of each config, named
in the manifest of the data set (`core`). A submission answers the core alone or the full split, and nothing in between.
Ranks, rates, intervals, lift, error classes, charts and comparisons of the test split are on the core, for every
submission. The column *Tool, full split* shows the tool accuracy on all test instances where they were answered, and a
dash elsewhere. Figures of the validation split are always on the full split. Downloads name the rows of the figures in
`scored_rows`."""
"""Rows that the main figure is on, in words."""


def markdown(data: Data, scorer_version: str) -> str:
    """Return the About page as Markdown.

    Args:
        data: The data set of the leaderboard.
        scorer_version: Version of the current scorer.
    """
    core = data.core_ids("test")
    counts = "\n".join(
        f"| `{config}` | {_HISTORIES[config]} | {data.counts[config, 'validation']} | {data.counts[config, 'test']} | "
        f"{len(core[config]) if core else '–'} |"  # noqa: RUF001 (a dash)
        for config in HISTORY_TYPES
    )
    rates = "\n".join(f"| {label} | {_RATES[name]} |" for name, label in RATE_LABELS.items())
    classes = "\n".join(f"| {label} | {_CLASSES[name]} |" for name, label in ERROR_LABELS.items())
    quotas = "\n".join(f"- {split}: {' and '.join(limit.in_words() for limit in LIMITS[split])}" for split in SPLITS)
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        counts=counts,
        main=_CORE if core else _FULL,
        listings=f"\nTest listings {data.listings}.\n" if data.listings else "",
        revision=data.revision,
        scorer=scorer_version,
        people=data.people,
        reference=_reference(data),
        steps=_steps(data),
        rates=rates,
        classes=classes,
        quotas=quotas,
        citation=CITATION,
    )


def acts_html(acts: Sequence[Act]) -> str:
    """Return the record of the maintainers' acts as HTML, latest first.

    Args:
        acts: Acts in the order in which they were recorded.
    """
    title = "<h3>Acts of the maintainers</h3>"
    if not acts:
        return f'<div class="pet">{title}<p class="count">No acts yet.</p></div>'
    lines = [
        (
            escaped(act.created[:16].replace("T", " ")),
            WORDS[act.kind],
            f"<code>{escaped(act.submission_id)}</code>",
            text(act.by),
            text(act.reason) if act.reason else _run_in_words(act),
        )
        for act in reversed(acts)
    ]
    table = html_parts.table(("Time (UTC)", "Act", "Submission", "By", "Reason, or tool accuracy of the run"), lines)
    return f'<div class="pet">{title}{table.replace("plain", "plain words")}</div>'


def _run_in_words(act: Act) -> str:
    rates = act.run.tool_accuracy if act.run else {}
    return ", ".join(f"{escaped(config)} {points(rate)}" for config, rate in rates.items())


def build(context: Context, scorer_version: str) -> Page:
    """Lay out the page.

    Args:
        context: Objects shared by all pages.
        scorer_version: Version of the current scorer.

    Returns:
        The parts of the page that the app uses.
    """

    def show() -> str:
        return acts_html(context.snapshot.get().acts)

    gr.Markdown(markdown(context.data, scorer_version), elem_classes="words")
    acts: Any = gr.HTML(show(), padding=False, apply_default_css=False, js_on_load=None, elem_id="acts")
    return Page(show, [], [acts])


def _reference(data: Data) -> str:
    """Return what baselines and careful readers reach on a release of the built-in catalogue."""
    found = data.reference_results
    return str(found["summary"]) if found else "No reference figures have been measured on this data."


def _steps(data: Data) -> str:
    """Return the steps of the figures of the test split in words."""
    rows = {"test split": min(data.counts[config, "test"] for config in HISTORY_TYPES)}
    if core := data.core_ids("test"):
        rows = {"core": min(map(len, core.values())), "full split": rows["test split"]}
    return ", ".join(f"{step_points(count)} points on the {name}" for name, count in rows.items())
