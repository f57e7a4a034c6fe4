"""The report's outline: which tables and pictures stand together, and what is said of them; the same in every form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from . import report_tables
from .breakdown import PROPERTIES
from .facts import Report
from .figures import MOST, in_curves
from .report_tables import Table

_SOURCES: Final = {
    "history_length": "How long is the history?",
    "drift_position": "Where in the history does the preference change?",
    "noise": "How many ratings are flipped?",
    "prompt_tokens": "How long is the prompt?",
    "axis": "What does the preference weigh?",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One question with what answers it."""

    key: str
    """Names the section, and the pictures that belong to it."""
    title: str
    intro: str
    tables: tuple[Table, ...] = ()
    folded: tuple[Table, ...] = ()
    """Tables of what the pictures show."""
    short: str = ""
    """Its name among the links; empty where it is part of the section before it."""


def title(report: Report) -> str:
    """The report's heading."""
    return f"PEToolBench: {len(report.runs):,} {'run' if len(report.runs) == 1 else 'runs'} on the {report.split} split"


def subtitle(report: Report) -> str:
    """What the runs answer."""
    rows = ", ".join(f"{config} ({count:,} rows)" for config, count in report.rows.items())
    return f"Data set build {report.build_id}: {rows}."


def sections(report: Report) -> list[Section]:
    """The sections that have something to say."""
    configs = list(report.rows)
    return [
        Section(
            "accuracy",
            "How often is it right?",
            "A reply has the right tool if it calls the one that this user would want, right parameters if also its "
            "arguments are the answer's. Rows without a reply are wrong. The mark on a line is chance: choosing at "
            "random among the candidates that do the job. Baselines are grey.",
            _some([report_tables.means(report), *(report_tables.accuracy(report, config) for config in configs)]),
            short="Accuracy",
        ),
        _lift(report),
        Section(
            "errors",
            "What goes wrong?",
            "Every row is in one class. Blue: the right tool. Orange: a candidate that is not the right one; in most "
            "cases it does the job, as another user would want it done. Red and grey: no candidate is called.",
            folded=_some(report_tables.outcomes(report, config) for config in configs),
            short="Errors",
        ),
        *_curves(report),
        *_order(report),
        *_cost(report),
        Section(
            "runs",
            "What were the runs made with?",
            "A file without a header says nothing of itself; it is called by its name.",
            folded=(report_tables.made_with(report),),
            short="Runs",
        ),
    ]


def _lift(report: Report) -> Section:
    table = report_tables.lifts(report)
    intro = (
        "The personalisation lift: tool accuracy with the user's own history, less that of the same model on the same "
        "rows with another user's history, or none. Only what lies surely above zero is personalisation. The column "
        '"would show" is the least difference that these rows would show with 80 % probability.'
        if table
        else "No two runs differ only in whose history was shown, so that the personalisation lift cannot be told. "
        "Predict again with --history swapped, all else alike, and name both runs."
    )
    return Section("lift", "Does it use the user's own history?", intro, _some([table]), short="History")


def _curves(report: Report) -> list[Section]:
    found = []
    for by, heading in _SOURCES.items():
        folded = _some(report_tables.breakdown(report, config, by) for config in report.rows)
        if folded:
            found.append(Section(by, heading, f"Tool accuracy by {PROPERTIES[by].title}.", folded=folded))
    if not found:
        return []
    intro = (
        "Tool accuracy by what a row is like, over the rows asked. An interval is that of its part alone: of many "
        "parts some stand out by chance."
    )
    return [
        Section("curves", "Where is it easier, where harder?", f"{intro}{_left_out(report)}", short="Curves"),
        *found,
    ]


def _order(report: Report) -> list[Section]:
    by_place = _some(report_tables.breakdown(report, config, "answer_position") for config in report.rows)
    calls = _some(report_tables.calls(report, config) for config in report.rows)
    if not by_place and not calls:
        return []
    intro = (
        "Candidates stand in random order, so that neither accuracy nor the calls should depend on a place. The "
        "p-value is that of a permutation test, in which the candidates of a query group change places together."
    )
    return [
        Section("positions", "Does the order of the candidates matter?", intro, short="Order"),
        Section("answer_position", "Where does the answer stand?", "Tool accuracy.", folded=by_place),
        Section("calls", "Which place is called?", "Share of the calls.", folded=calls),
    ]


def _cost(report: Report) -> list[Section]:
    table = report_tables.costs(report)
    intro = "Tokens as the endpoint counted them, at the prices in the header of the run."
    return [Section("cost", "What does it cost?", intro, (table,), short="Cost")] if table else []


def _left_out(report: Report) -> str:
    shown = max(len(report.of(config)) for config in report.rows) <= len(in_curves(report))
    return "" if shown else f" The pictures show {MOST} runs at most, models before baselines; the tables show all."


def notes() -> list[str]:
    """How the figures are made."""
    return [
        "Intervals are 95 % intervals by bootstrap over query groups, seeded: the users of a query group share its "
        "question, so that their rows are not independent. In breakdowns, where all rows of a part fare alike, the "
        "exact interval of as many independent query groups stands in.",
        "The denominator of the tables of accuracy is always the whole split. A row of which the file says nothing, "
        "and a failed request, count as wrong. Where a run was told to answer a part of the rows (--limit, --ids), a "
        "second line counts that part, and everything but the tables of accuracy is over it.",
        "Differences are paired: both runs on the same rows. Two runs are said to differ where the 95 % interval "
        "excludes zero and a permutation test has p < 0.05.",
        "Candidates are counted in the order in which the run was shown them.",
    ]


def _some(found: Iterable[Table | None]) -> tuple[Table, ...]:
    return tuple(table for table in found if table is not None)
