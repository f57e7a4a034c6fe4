"""Sections of a report: heading, introduction, tables and plots; the same in every format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hf_dataset.evidence_curve import read_curve
from hf_dataset.reference_results import read_results
from petoolbench.data import CORE

from . import reference_curve, report_tables
from .breakdown import PROPERTIES
from .figures import MOST, in_curves
from .report_tables import Table
from .run_facts import Report

_WORDS: Final = (
    "Preference: what a user wants of tools, on one or more axes, such as price or region. Its kind is single (the "
    "best on one axis), joint (the best sum of several), limit (a bound on one axis, then the best on another) or "
    "trade (two axes, one counting twice). Concern: a matter that a user pursues, such as work, with a preference "
    "of its own. Telling step: a step of the history that contradicts another preference. Query group: users with the "
    "same instruction and candidates. Chance: a random choice among the candidates that do the job."
)
_CURVE_TITLES: Final = {
    "history_length": "By length of the history",
    "drift_position": "By position of the change of preference",
    "concerns": "By number of concerns",
    "evidence": "By number of telling steps",
    "noise": "By share of steps that do not follow the preference",
    "prompt_tokens": "By length of the instance",
    "kind": "By kind of the preference",
    "axis": "By axis of the preference",
    "arguments": "By kind of the arguments",
    "arguments_tool": "Tool by kind of the arguments",
}
"""Heading of each section of curves, by key of `PROPERTIES`."""


@dataclass(frozen=True, slots=True)
class Section:
    """Section of a report."""

    key: str
    """Anchor of the section; pictures with the same `about` belong to it."""
    title: str
    intro: str
    tables: tuple[Table, ...] = ()
    folded: tuple[Table, ...] = ()
    """Tables with the values in the plots, folded on the page."""
    short: str = ""
    """Name in the navigation; empty for a subsection of the section before it."""


def title(report: Report) -> str:
    """Return the heading of the report."""
    files = len({run.file for run in report.runs})
    return f"PEToolBench: {files:,} {'run' if files == 1 else 'runs'} on the {report.split} split"


def subtitle(report: Report) -> str:
    """Return a sentence about the data set that the runs answer."""
    counts = ", ".join(f"{config} ({count:,} instances)" for config, count in report.rows.items())
    core = " The main figure is on the core of the test split." if report.scored_rows == CORE else ""
    return f"Data set build {report.build_id}: {counts}.{core}"


def sections(report: Report) -> list[Section]:
    """Return the sections that have content."""
    configs = list(report.rows)
    return [
        Section(
            "accuracy",
            "Accuracy",
            "Tool accuracy is the share of the instances whose reply calls the answer's tool. Parameter accuracy is "
            "the share where the arguments are those of the answer as well. Instances without a reply count as wrong. "
            "The mark on a line is chance: a random choice among the candidates with the requested functionality. "
            "Baselines are grey. The last columns are the number of failed requests, and the shares of the replies "
            "that were cut at the limit of output tokens and that were refused by the model or a content filter, in %."
            + _memory_note(report),
            _present([report_tables.means(report), *(report_tables.accuracy(report, config) for config in configs)]),
            short="Accuracy",
        ),
        _lift(report),
        *_repeats(report),
        Section(
            "errors",
            "Error classes",
            "Each instance is in one class. Blue: the answer's tool is called. Orange: another candidate is called, "
            "either with the requested functionality (preference mismatch) or without it (functionality mismatch). Red "
            "and grey: no candidate is called.",
            folded=_present(report_tables.outcomes(report, config) for config in configs),
            short="Errors",
        ),
        *_curves(report),
        *_order(report),
        *_cost(report),
        *_reference_curve(report),
        Section("words", "Words", _WORDS),
        Section(
            "runs",
            "Settings of the runs",
            "A file without a header states no settings; its run is named after the file.",
            folded=(report_tables.made_with(report),),
            short="Runs",
        ),
    ]


def _memory_note(report: Report) -> str:
    if not any(run.memory for run in report.runs):
        return ""
    return (
        " Memory tokens: mean size of what a memory kept of the sessions of a user, of the budget. A run without it "
        "has the whole history in the prompt."
    )


def _reference_curve(report: Report) -> list[Section]:
    if not report.builtin:
        return []
    intro = f"These figures are not of the runs above. {read_curve().note}"
    results = read_results()
    return [
        Section(
            "reference-curve",
            "Careful readers and the ceiling",
            intro,
            folded=(reference_curve.table(),),
            short="Readers",
        ),
        Section(
            "reference-results",
            "Reference figures",
            f"These figures are not of the runs above. {results.note.replace('`', '').replace('*', '')}",
            folded=(reference_curve.results_table(results),),
        ),
    ]


def _lift(report: Report) -> Section:
    table = report_tables.lifts(report)
    intro = (
        "Personalisation lift: tool accuracy with the user's own history, minus that of the same model on the same "
        "instances with another user's history, or none. A lift is evidence of personalisation only if its interval is "
        'above zero. The column "detectable" is the least difference that these instances show with 80 % probability.'
        if table
        else "There is no personalisation lift, since no two runs differ only in the shown history. Predict again with "
        "--history swapped and otherwise the same settings, and name both runs."
    )
    return Section("lift", "Personalisation lift", intro, _present([table]), short="History")


def _repeats(report: Report) -> list[Section]:
    table = report_tables.repeats(report)
    intro = (
        "pass^k is the share of the instances to which k replies all call the answer's tool, estimated from all "
        "replies to each instance; pass^1 is the mean tool accuracy. Agreement is the share of the pairs of replies "
        "to an instance that call the same tool. All other figures of the report are those of the first replies."
    )
    return [Section("repeats", "Several replies to each instance", intro, (table,), short="Repeats")] if table else []


def _curves(report: Report) -> list[Section]:
    curves = []
    for by, heading in _CURVE_TITLES.items():
        folded = _present(report_tables.breakdown(report, config, by) for config in report.rows)
        if folded:
            curves.append(
                Section(by, heading, f"{PROPERTIES[by].measure.capitalize()} by {PROPERTIES[by].title}.", folded=folded)
            )
    if not curves:
        return []
    intro = (
        "Tool accuracy by properties of the instances, over the instances asked. Each interval is for its own group of "
        "instances: among many groups, some differ by chance."
    )
    overview = Section("curves", "Accuracy by property", f"{intro}{_shown_runs(report)}", short="Curves")
    return [overview, *curves]


def _order(report: Report) -> list[Section]:
    by_position = _present(report_tables.breakdown(report, config, "answer_position") for config in report.rows)
    calls = _present(report_tables.calls(report, config) for config in report.rows)
    if not by_position and not calls:
        return []
    intro = (
        "Candidates are shown in random order, so neither accuracy nor calls should depend on the position. The "
        "p-value is that of a permutation test, which permutes the candidates of a query group together."
    )
    return [
        Section("positions", "Order of the candidates", intro, short="Order"),
        Section("answer_position", "Position of the answer", "Tool accuracy.", folded=by_position),
        Section("calls", "Position of the called candidate", "Share of the calls.", folded=calls),
    ]


def _cost(report: Report) -> list[Section]:
    table = report_tables.costs(report)
    intro = "Tokens as counted by the endpoint, at the prices in the header of the run."
    return [Section("cost", "Cost", intro, (table,), short="Cost")] if table else []


def _shown_runs(report: Report) -> str:
    complete = max(len(report.of(config)) for config in report.rows) <= len(in_curves(report))
    return "" if complete else f" The plots show at most {MOST} runs, models before baselines; the tables show all."


def notes() -> list[str]:
    """Return the notes on method."""
    return [
        "Intervals are 95 % intervals by a seeded bootstrap over query groups: the users of a query group share its "
        "question, so their instances are not independent. If all outcomes of a group of instances are equal, the "
        "breakdowns show the exact interval for as many independent trials as there are query groups.",
        "The accuracy tables name the instances that they are on. The main figure of the test split is on its core, "
        "whole query groups with about 1,000 instances of each config, if the data set names one; a second row shows "
        "the full split for the runs that answer it. All other main figures are on the full split. Missing replies and "
        "failed requests count as wrong. If a run was asked only a part of the instances (--limit, --ids), a second "
        "row shows the rates over this part. Error classes, curves, order and cost are over all instances that the run "
        "was asked.",
        "Differences are paired: both runs on the same instances. A difference is significant if its 95 % interval "
        "excludes zero and a permutation test has p < 0.05.",
        "Positions of candidates are those in the order in which the run was shown them.",
    ]


def _present(tables: Iterable[Table | None]) -> tuple[Table, ...]:
    return tuple(table for table in tables if table is not None)
