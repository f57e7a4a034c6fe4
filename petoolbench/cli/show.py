"""Commands on a data set that is there: show, predict, score, audit; and the demo, which does it all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from builder import pipeline
from builder.audit.audit_report import write_report
from builder.audit.run_audit import audit
from builder.audit.text_quality import ORIGINAL, asked_in_original, text_quality
from builder.catalogue.sources import open_source
from builder.choices import validate_choice
from builder.config import PRESETS, BuildConfig
from builder.embedding import SentenceEncoder
from builder.errors import AuditError, ConfigError, DataError
from builder.execution.staging import check_free
from builder.predictors.registry import ALLOWED as MODELS
from builder.predictors.registry import open_predictor
from builder.training.training_export import FORMATS, export_training
from hf_dataset.layout import MANIFEST, SPLITS
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_answers, read_instances
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.aggregation import SCORERS
from petoolbench.hub.locate import data_folder
from petoolbench.original.released_replies import read_replies
from petoolbench.runs import check_made_for
from petoolbench.scoring import score

from .console import progress, stdout
from .original import audit_imported
from .printing import print_audit, print_classes, print_instance, print_rows, print_scores, print_wording

REAL_DATA = "PETOOLBENCH_REAL_DATA"
"""Environment variable that names a folder of real data; with it, an audit prints the earlier benchmark's figures."""
DEMO = BuildConfig(seed=1, users=PRESETS["demo"])

Config = Annotated[str, typer.Option("--config", help=f"One of {', '.join(HISTORY_TYPES)}.")]
Split = Annotated[str, typer.Option("--split", help=f"One of {', '.join(SPLITS)}.")]


def show(
    data: Annotated[str, typer.Argument(help="Folder of the data set, or its repository on the Hub.")],
    config: Config = HISTORY_TYPES[0],
    split: Split = "validation",
    count: Annotated[int, typer.Option("-n", min=1, help="How many instances.")] = 1,
) -> None:
    """Show instances as a person would read them."""
    instances = read_instances(data_folder(data), config, split)
    if not instances:
        raise DataError(f"{config!r} has no rows in the split {split!r} of {data!r}. Name another with --split.")
    for instance in instances[:count]:
        print_instance(instance)


def score_file(
    predictions: Annotated[Path, typer.Argument(help="Predictions file, one JSON object a line.")],
    data: Annotated[str, typer.Option("--data", help="Folder of the data set, or its repository on the Hub.")],
    config: Config = HISTORY_TYPES[0],
    split: Split = "validation",
    answers: Annotated[Path | None, typer.Option("--answers", help="Answers folder, for the test split.")] = None,
    scorer: Annotated[str, typer.Option("--scorer", help=f"Rule: {', '.join(SCORERS)}.")] = SCORERS[0],
) -> None:
    """Score a predictions file."""
    rule = validate_choice("--scorer", scorer, SCORERS)
    folder = data_folder(data)
    instances = read_instances(folder, config, split)
    keys = read_answers(answers, config) if answers else []
    manifest = read_manifest(folder)
    run = read_replies(predictions, instances, manifest)
    check_made_for(run, folder, config, split, manifest)
    scores = score(run.predictions, instances, keys, rule)
    missing = sum(instance.instance_id not in run.predictions for instance in instances)
    if missing:
        stdout.print(f"{missing:,} of {len(instances):,} instances have no line in the file, and count as wrong.")
    print_scores([(predictions.name, config, scores)])
    print_classes(scores)


def audit_folder(
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    answers: Annotated[Path | None, typer.Option("--answers", help="Answers folder; adds the test split.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for audit.json, AUDIT.md and plots.")] = None,
) -> None:
    """Show whether the histories, and nothing else, give the answers; exit 1 where a gate fails."""
    manifest = read_manifest(data)
    if manifest.is_original:
        audit_imported(data, manifest, answers, out)
        return
    if out is not None and (out / MANIFEST).exists():
        raise ConfigError(
            f"{str(out)!r} is a data set, whose own report is among the files of its manifest. Name another folder."
        )
    encoder = SentenceEncoder()
    with progress() as tell:
        found = audit(data, answers, manifest, encoder, tell)
    for name, item in found.parts:
        print_audit(name, item)
    this = "this data set"
    qualities = {this: found.instructions}
    if real_data := os.environ.get(REAL_DATA):
        original = asked_in_original(Path(real_data) / ORIGINAL)
        qualities[f"the earlier benchmark, {len(original)} rows"] = text_quality(original, encoder)
    print_wording(qualities, {this: found.rows[1]} if found.sampled else {})
    if out is not None:
        write_report(found, out)
        stdout.print(f"Report in {out}", soft_wrap=True)
    if found.failed:
        raise AuditError(f"{len(found.failed)} gates do not hold: {'; '.join(found.failed)}.")


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to make.")] = Path("out/demo"),
) -> None:
    """Build from the built-in marketplace, show an instance of each config, and compare oracle and random."""
    check_free(out)
    with progress() as tell:
        print_rows(pipeline.build(open_source("builtin"), DEMO, out, tell))
    scored = []
    for config in HISTORY_TYPES:
        instances = read_instances(out, config, "validation")
        # The first instance of each config is of the same user, who chooses among the same candidates.
        print_instance(instances[0], tools=config == HISTORY_TYPES[-1])
        for model in MODELS[:2]:  # the ceiling and the floor
            predictor = open_predictor(model, out, config, "validation", DEMO.seed)
            replies = {instance.instance_id: predictor.predict(instance) for instance in instances}
            scored.append((model, config, score(replies, instances)))
    print_scores(scored)


def export_training_data(
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to make.")],
    fmt: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "trl",
) -> None:
    """Write the training data as files that trainers read."""
    for name, rows in export_training(data, out, fmt).items():
        stdout.print(f"{rows:,} rows in {out / name}", soft_wrap=True)
