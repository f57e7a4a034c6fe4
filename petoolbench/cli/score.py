"""The command that scores a file of predictions."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.errors import ConfigError
from hf_dataset.layout import SPLITS
from metrics.petoolbench.aggregation import SCORERS
from petoolbench.run_settings import CONFIGS, choices
from petoolbench.score_table import ScoreTable
from petoolbench.scoring import score

from .console import print_text
from .printing import print_classes


def score_file(
    predictions: Annotated[
        Path,
        typer.Argument(
            help="Run file from `predict`, file with lines of {instance_id, prediction}, or output file of the OpenAI "
            "Batch API (all JSON Lines)."
        ),
    ],
    data: Annotated[
        str, typer.Option("--data", help="Folder of the data set, or its repository on the Hugging Face Hub.")
    ],
    config: Annotated[
        str | None,
        typer.Option(
            "--config", help=f"{choices('History type to score', CONFIGS)} Default: all that occur in the file."
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", help=f"{choices('Split to score', SPLITS)} Default: the one in the run file, else validation."
        ),
    ] = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Folder of the private answers, for the test split.")
    ] = None,
    scorer: Annotated[
        str,
        typer.Option(
            "--scorer",
            help="How to compare arguments: default (after normalisation by the tool's schema), strict (as exact JSON "
            "values), or legacy (the scorer of the original PEToolLLM benchmark).",
        ),
    ] = SCORERS[0],
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the scores as CSV, one row per config.")] = False,
) -> None:
    """Score a file of predictions against the answers of a split."""
    if as_json and as_csv:
        raise ConfigError("--json and --csv exclude each other. Remove one of the two.")
    table = score(predictions, data, config=config, split=split, answers=answers, scorer=scorer)
    if as_json:
        sys.stdout.write(json.dumps(table.to_dict(), ensure_ascii=False) + "\n")
    elif as_csv:
        records = list(table.records())
        writer = csv.DictWriter(sys.stdout, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    else:
        _print(table)


def _print(table: ScoreTable) -> None:
    for note in table.notes:
        print_text(note)
    print_text(table.text)
    print_classes(table.parts, table.scored_rows)
