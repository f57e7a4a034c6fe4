"""Commands on the earlier benchmark's released rows: import, audit of an import, and its scorer beside ours."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from builder.errors import AuditError, ConfigError, OutputError
from hf_dataset.layout import SPLITS
from hf_dataset.manifest import Manifest, read_manifest
from hf_dataset.reader import read_answers, read_instances
from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.records import ERROR_CLASSES
from petoolbench.hub.locate import data_folder
from petoolbench.original.findings import Findings, examine
from petoolbench.original.findings_report import cells, write_findings
from petoolbench.original.importer import SPLIT, UNPARSED, import_original
from petoolbench.original.released_replies import read_replies
from petoolbench.original.scorer_comparison import Judged, compare_scorers, crossed
from petoolbench.runs import check_made_for
from petoolbench.scoring import score

from .console import progress, stderr, stdout
from .printing import print_scores


def import_released(
    files: Annotated[list[Path], typer.Argument(help="Released files, JSON or JSON lines, plain or gzipped.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to make.")],
) -> None:
    """Import released rows of the earlier benchmark, of either form, as a folder that the other commands work on."""
    with progress() as tell:
        done = import_original(files, out, tell)
    for one in done.unparsed:
        stderr.print(f"{one.file}, row {one.row}: {one.reason}.", markup=False, highlight=False, soft_wrap=True)
    counts = done.manifest.counts
    stdout.print(
        f"{counts['rows_imported']:,} of {counts['rows_read']:,} rows in {out}, split {SPLIT}; of "
        f"{counts['rows_whose_prompts_come_back']:,} the prompts come back byte for byte.",
        soft_wrap=True,
        highlight=False,
    )
    if done.unparsed:
        stdout.print(
            f"{len(done.unparsed):,} rows could not be read; they are listed in {out / UNPARSED}.", soft_wrap=True
        )


def audit_imported(data: Path, manifest: Manifest, answers: Path | None, out: Path | None) -> None:
    """Audit an import: what applies where tools have no attributes; the arguments are those of the command.

    Raises:
        AuditError: If a gate does not hold.
        ConfigError: If an answers folder is named.
    """
    if answers is not None:
        raise ConfigError("The answers of an import stand in it. Leave --answers out.")
    with progress() as tell:
        found = examine(data, manifest, tell)
    _print_findings(found)
    if out is not None:
        write_findings(found, out)
        stdout.print(f"Report in {out}", soft_wrap=True)
    if found.failed:
        raise AuditError(f"{len(found.failed)} gates do not hold: {'; '.join(found.failed)}.")


def compare_two_scorers(
    replies: Annotated[Path, typer.Argument(help="Replies: a run file, or a file in the earlier benchmark's form.")],
    data: Annotated[str, typer.Option("--data", help="Folder of the data set, or its repository on the Hub.")],
    config: Annotated[str, typer.Option("--config", help=f"One of {', '.join(HISTORY_TYPES)}.")] = HISTORY_TYPES[0],
    split: Annotated[str, typer.Option("--split", help=f"One of {', '.join(SPLITS)}.")] = SPLIT,
    answers: Annotated[Path | None, typer.Option("--answers", help="Answers folder, for the test split.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="JSON lines to write: every reply, judged.")] = None,
) -> None:
    """Score replies by our rule and by the earlier benchmark's released one, and explain every difference."""
    folder = data_folder(data)
    instances = read_instances(folder, config, split)
    manifest = read_manifest(folder)
    run = read_replies(replies, instances, manifest)
    check_made_for(run, folder, config, split, manifest)
    keys = read_answers(answers, config) if answers else []
    judged = compare_scorers(run.predictions, references(instances, keys))
    ours, released = (score(run.predictions, instances, keys, mode) for mode in ("default", "legacy"))
    print_scores([("our rule", config, ours), ("released rule", config, released)])
    _print_crossed(judged)
    _print_differences(judged)
    there = [one.released for one in judged if one.released is not None]
    if there:
        tool, parameters = (sum(getattr(one, name) for one in there) / len(there) for name in ("tool", "parameters"))
        stdout.print(
            f"The released scorer divides by the {len(there):,} replies that are there, of {len(judged):,} rows: it "
            f"would print {100 * tool:.1f} % for the tool and {100 * parameters:.1f} % for the parameters.",
            soft_wrap=True,
            highlight=False,
        )
    if out is not None:
        _write_judged(judged, out)
        stdout.print(f"Every reply in {out}", soft_wrap=True)


def _print_findings(found: Findings) -> None:
    table = Table("what", "number", title="Released rows", title_justify="left", box=box.SIMPLE)
    for name, number in found.counts.items():
        table.add_row(name, f"{number:,}")
    for size, number in found.same_function.items():
        table.add_row(f"rows with {size} candidates that do the job", f"{number:,}")
    stdout.print(table)
    for item in found.configs:
        table = Table(title=f"Audit of {item.config}, %", title_justify="left", box=box.SIMPLE)
        table.add_column("what")
        for column in ("value", "95 % interval", "bound", "margin", "holds"):
            table.add_column(column, justify="right", no_wrap=True)
        for name, one in item.figures:
            table.add_row(name, *cells(one)[1:])
        stdout.print(table)


def _print_crossed(judged: Sequence[Judged]) -> None:
    counts = crossed(judged)
    columns = list(dict.fromkeys(name for _, name in counts))
    table = Table(title="Our class, and what the released rule credits", title_justify="left", box=box.SIMPLE)
    table.add_column("our class", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    for error_class in ERROR_CLASSES:
        row = [counts.get((error_class, name), 0) for name in columns]
        if any(row):
            table.add_row(error_class.replace("_", " "), *map(str, row))
    stdout.print(table)


def _print_differences(judged: Sequence[Judged]) -> None:
    differing = [(one, one.difference) for one in judged if one.difference]
    if not differing:
        stdout.print("Both rules credit the same in every reply.")
        return
    table = Table(title="Why they differ", title_justify="left", box=box.SIMPLE)
    table.add_column("reason")
    table.add_column("replies", justify="right")
    for kind, number in Counter(difference.kind for _, difference in differing).most_common():
        table.add_row(kind, f"{number:,}")
    stdout.print(table)
    for one, why in differing:
        stdout.print(
            f"{one.instance_id}: ours {one.ours.error_class}, released {one.released_class}: {why.kind}"
            f"{f' ({why.detail})' if why.detail else ''}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _write_judged(judged: Sequence[Judged], path: Path) -> None:
    lines = (
        {
            "instance_id": one.instance_id,
            "ours": one.ours.error_class,
            "reason": one.ours.reason,
            "released": one.released_class,
            "difference": one.difference and one.difference.kind,
            "detail": one.difference and one.difference.detail,
        }
        for one in judged
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.partial")
        aside.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise OutputError(f"The judged replies cannot be written to {str(path)!r}: {error.strerror}.") from error
