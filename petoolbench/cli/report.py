"""Commands on runs that are there: report and compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from petoolbench.hub.locate import data_folder
from petoolbench.report.comparison import Compared, compare_runs
from petoolbench.report.wording import OUTCOME_NAMES, findings, p_value, percent
from petoolbench.report.write import PAGE, write_report

from .console import stdout

Data = Annotated[
    str, typer.Option("--data", help="Folder of the data set that the runs were made on, or its repository on the Hub.")
]
Answers = Annotated[Path | None, typer.Option("--answers", help="Answers folder, for runs of the test split.")]


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run files, of models and baselines.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to make.")],
    data: Data,
    answers: Answers = None,
) -> None:
    """Write a report on runs: a page, Markdown, JSON, CSV and plots."""
    for one in findings(write_report(runs, out, data_folder(data), answers)):
        _say(one.about)
        for line in one.lines:
            _say(f"  {line}")
    _say(f"\nReport: {out / PAGE}")


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A run file.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another, on the same rows.")],
    data: Data,
    answers: Answers = None,
    count: Annotated[int, typer.Option("-n", min=0, help="Ids to show, of rows on which one alone is right.")] = 0,
) -> None:
    """Compare two runs on the same rows, in words."""
    for found in compare_runs(first, second, data_folder(data), answers):
        _print(found, count)


def _print(found: Compared, count: int) -> None:
    comparison, (first, second) = found.comparison, found.names
    rows = f"{comparison.rows:,} rows in {comparison.query_groups:,} query groups"
    _say(f"{found.config}: {found.in_words}")
    _say(f"  Tool accuracy on {rows}: {first} {percent(found.rates[0])} %, {second} {percent(found.rates[1])} %.")
    _say(
        f"  Right: both on {found.both:,}, {first} alone on {len(found.only_first):,}, {second} alone on "
        f"{len(found.only_second):,}, neither on {found.neither:,}."
    )
    if found.only_first or found.only_second:
        _say(
            f"  Difference {100 * comparison.difference:+.1f} points, 95 % interval {100 * comparison.low:+.1f} to "
            f"{100 * comparison.high:+.1f}, {p_value(comparison.p)}; one of {percent(comparison.detectable)} points "
            "would show (80 % power, level 5 %)."
        )
    if found.changes:
        _print_changes(found)
    for name, ids in zip(found.names, (found.only_first, found.only_second), strict=True):
        if shown := ids[:count]:
            _say(f"  Right with {name} alone: {', '.join(shown)}{' ...' if len(ids) > count else ''}")
    _say("")


def _print_changes(found: Compared) -> None:
    table = Table(title="Rows that became otherwise", title_justify="left", box=box.SIMPLE)
    table.add_column(escape(f"with {found.names[0]}"))
    table.add_column(escape(f"with {found.names[1]}"))
    table.add_column("rows", justify="right")
    for (one, other), number in found.changes.items():
        table.add_row(OUTCOME_NAMES[one], OUTCOME_NAMES[other], f"{number:,}")
    stdout.print(table)


def _say(text: str) -> None:
    stdout.print(text, soft_wrap=True, markup=False, highlight=False)
