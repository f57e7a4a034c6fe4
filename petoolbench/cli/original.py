"""Commands for the original benchmark, PEToolLLM: import its released rows, audit them, and compare the scorers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from builder.errors import AuditError, ConfigError, OutputError
from hf_dataset.layout import SPLITS
from hf_dataset.manifest import Manifest
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.records import ERROR_CLASSES
from petoolbench.data import load
from petoolbench.files import write_atomically
from petoolbench.original.findings import Findings, examine
from petoolbench.original.findings_report import format_figure, write_findings
from petoolbench.original.importer import SPLIT, UNPARSED, import_original
from petoolbench.original.scorer_comparison import JudgedReply, compare_scorers, cross_tabulate
from petoolbench.run_settings import choices
from petoolbench.scoring import resolve, score

from .console import progress, stderr, stdout
from .printing import print_score_tables


def import_released(
    files: Annotated[list[Path], typer.Argument(help="Released files, JSON or JSON Lines, plain or gzipped.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to create.")],
) -> None:
    """Convert the published PEToolLLM data to a data set that the other commands can read.

    Reads both published formats: the early one, with keys such as `entry_id` and `apis_same_func`, and the
    later one, which has only `query`, three prompts and `api_call_ground_truth`.
    """
    with progress() as report:
        imported = import_original(files, out, report)
    for item in imported.unparsed:
        stderr.print(f"{item.file}, row {item.row}: {item.reason}.", markup=False, highlight=False, soft_wrap=True)
    counts = imported.manifest.counts
    stdout.print(
        f"{counts['rows_imported']:,} of {counts['rows_read']:,} rows in {out}, split {SPLIT}; the prompts of "
        f"{counts['rows_whose_prompts_come_back']:,} are reproduced byte for byte.",
        soft_wrap=True,
        highlight=False,
    )
    if imported.unparsed:
        stdout.print(
            f"{len(imported.unparsed):,} rows could not be read; they are listed in {out / UNPARSED}.", soft_wrap=True
        )


def audit_imported(data: Path, manifest: Manifest, answers: Path | None, out: Path | None) -> None:
    """Audit imported data with the gates and checks that need no facts of tools. The arguments are those of `audit`.

    Raises:
        AuditError: If a gate does not hold.
        ConfigError: If an answers folder is passed.
    """
    if answers is not None:
        raise ConfigError("An import contains its answers. Remove --answers.")
    with progress() as report:
        findings = examine(data, manifest, report)
    _print_findings(findings)
    if out is not None:
        write_findings(findings, out)
        stdout.print(f"Report: {out}", soft_wrap=True)
    if findings.failed:
        raise AuditError(f"{len(findings.failed)} gates do not hold: {'; '.join(findings.failed)}.")


def compare_two_scorers(
    replies: Annotated[Path, typer.Argument(help="Run file, or a file of replies in the PEToolLLM format.")],
    data: Annotated[str, typer.Option("--data", help="Folder of the data set, or its repository on the Hub.")],
    config: Annotated[str, typer.Option("--config", help=choices("History type", HISTORY_TYPES))] = HISTORY_TYPES[0],
    split: Annotated[str, typer.Option("--split", help=choices("Split to use", SPLITS))] = SPLIT,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Folder of the private answers, for the test split.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File for the verdict on each reply (JSON Lines).")
    ] = None,
) -> None:
    """Score replies with the PEToolBench scorer and the original PEToolLLM scorer, and explain each difference."""
    instances = load(data, config, split, answers=answers)
    tables = [score(replies, instances, scorer=scorer) for scorer in ("default", "legacy")]
    print_score_tables([replace(tables[0], name="PEToolBench"), replace(tables[1], name="PEToolLLM")])
    judged = compare_scorers(resolve(replies, instances).predictions, instances.references())
    _print_crossed(judged)
    _print_differences(judged)
    _print_released_rates(judged)
    if out is not None:
        _write_judged(judged, out)
        stdout.print(f"Verdicts: {out}", soft_wrap=True)


def _print_released_rates(judged: Sequence[JudgedReply]) -> None:
    """Print the rates that the released scorer would print: it divides by the number of existing replies."""
    existing = [item.released for item in judged if item.released is not None]
    if not existing:
        return
    tool, parameters = (
        sum(getattr(item, name) for item in existing) / len(existing) for name in ("tool", "parameters")
    )
    stdout.print(
        f"The PEToolLLM scorer divides by the {len(existing):,} existing replies, not by the {len(judged):,} rows: it "
        f"would print {100 * tool:.1f} % for the tool and {100 * parameters:.1f} % for the parameters.",
        soft_wrap=True,
        highlight=False,
    )


def _print_findings(findings: Findings) -> None:
    table = Table("item", "number", title="Released rows", title_justify="left", box=box.SIMPLE)
    for name, number in findings.counts.items():
        table.add_row(name, f"{number:,}")
    for size, number in findings.same_function.items():
        table.add_row(f"rows with {size} candidates of the functionality", f"{number:,}")
    stdout.print(table)
    for item in findings.configs:
        table = Table(title=f"Audit of {item.config}, %", title_justify="left", box=box.SIMPLE)
        table.add_column("figure")
        for column in ("value", "95 % interval", "bound", "margin", "holds"):
            table.add_column(column, justify="right", no_wrap=True)
        for name, figure in item.figures:
            table.add_row(name, *format_figure(figure)[1:])
        stdout.print(table)


def _print_crossed(judged: Sequence[JudgedReply]) -> None:
    counts = cross_tabulate(judged)
    columns = list(dict.fromkeys(name for _, name in counts))
    table = Table(title="Error class in PEToolBench, and credit in PEToolLLM", title_justify="left", box=box.SIMPLE)
    table.add_column("error class", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    for error_class in ERROR_CLASSES:
        row = [counts.get((error_class, name), 0) for name in columns]
        if any(row):
            table.add_row(error_class.replace("_", " "), *map(str, row))
    stdout.print(table)


def _print_differences(judged: Sequence[JudgedReply]) -> None:
    differing = [(item, item.difference) for item in judged if item.difference]
    if not differing:
        stdout.print("Both scorers give the same credit to every reply.")
        return
    table = Table(title="Reasons for the differences", title_justify="left", box=box.SIMPLE)
    table.add_column("reason")
    table.add_column("replies", justify="right")
    for kind, number in Counter(difference.kind for _, difference in differing).most_common():
        table.add_row(kind, f"{number:,}")
    stdout.print(table)
    for item, difference in differing:
        stdout.print(
            f"{item.instance_id}: PEToolBench {item.ours.error_class}, PEToolLLM {item.released_class}: "
            f"{difference.kind}{f' ({difference.detail})' if difference.detail else ''}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _write_judged(judged: Sequence[JudgedReply], path: Path) -> None:
    records = (
        {
            "instance_id": item.instance_id,
            "ours": item.ours.error_class,
            "reason": item.ours.reason,
            "released": item.released_class,
            "difference": item.difference and item.difference.kind,
            "detail": item.difference and item.difference.detail,
        }
        for item in judged
    )
    try:
        write_atomically(path, (json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    except OSError as error:
        raise OutputError(f"The verdicts cannot be written to {str(path)!r}: {error.strerror}.") from error
