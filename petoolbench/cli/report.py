"""Commands for finished runs: report and compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from petoolbench.reporting import compare as compare_two
from petoolbench.reporting import report as write
from petoolbench.run_report.comparison import RunPair
from petoolbench.run_report.wording import OUTCOME_NAMES, p_value, percent

from .console import stdout

Data = Annotated[
    str,
    typer.Option("--data", help="Folder of the data set used for the runs, or its repository on the Hugging Face Hub."),
]
Answers = Annotated[
    Path | None, typer.Option("--answers", help="Folder of the private answers, for runs of the test split.")
]


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run files of models and baselines.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to create.")],
    data: Data,
    answers: Answers = None,
) -> None:
    """Write a report on one or more runs: an HTML page, Markdown, JSON, CSV and plots."""
    _print(str(write(runs, data, out=out, answers=answers)))


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A run file.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another run file for the same instances.")],
    data: Data,
    answers: Answers = None,
    count: Annotated[
        int,
        typer.Option(
            "-n", min=0, help="Print up to this many ids of instances for which only one run calls the correct tool."
        ),
    ] = 0,
) -> None:
    """Compare the tool accuracy of two runs on the same instances and print a short summary."""
    for part in compare_two(first, second, data, answers=answers):
        _print_comparison(part, count)


def _print_comparison(part: RunPair, count: int) -> None:
    comparison, (first, second) = part.comparison, part.names
    rows = f"{comparison.rows:,} rows in {comparison.query_groups:,} query groups"
    _print(f"{part.config}: {part.in_words}")
    _print(f"  Tool accuracy on {rows}: {first} {percent(part.rates[0])} %, {second} {percent(part.rates[1])} %.")
    _print(
        f"  Correct tool: both on {part.both:,}, only {first} on {len(part.only_first):,}, only {second} on "
        f"{len(part.only_second):,}, neither on {part.neither:,}."
    )
    if part.only_first or part.only_second:
        _print(
            f"  Difference {100 * comparison.difference:+.1f} points, 95 % interval {100 * comparison.low:+.1f} to "
            f"{100 * comparison.high:+.1f}, {p_value(comparison.p)}; detectable: {percent(comparison.detectable)} "
            "points (power 80 %, level 5 %)."
        )
    if part.changes:
        _print_changes(part)
    for name, ids in zip(part.names, (part.only_first, part.only_second), strict=True):
        if shown := ids[:count]:
            _print(f"  Correct only with {name}: {', '.join(shown)}{' ...' if len(ids) > count else ''}")
    _print("")


def _print_changes(part: RunPair) -> None:
    table = Table(title="Instances whose error class changed", title_justify="left", box=box.SIMPLE)
    table.add_column(escape(f"with {part.names[0]}"))
    table.add_column(escape(f"with {part.names[1]}"))
    table.add_column("rows", justify="right")
    for (before, after), number in part.changes.items():
        table.add_row(OUTCOME_NAMES[before], OUTCOME_NAMES[after], f"{number:,}")
    stdout.print(table)


def _print(text: str) -> None:
    stdout.print(text, soft_wrap=True, markup=False, highlight=False)
