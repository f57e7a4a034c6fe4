"""The command that exports scores to other collections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from petoolbench.exchange.every_eval_ever import AVAILABILITIES, DEPLOYMENTS, RELATIONSHIPS
from petoolbench.exchange.export_run import FORMATS, ExportOptions, export
from petoolbench.run_settings import choices

from .console import stdout


def export_scores(
    sources: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run files of one split, or the folder of a report.")
    ],
    to: Annotated[str, typer.Option("--to", help=f"Format: {' or '.join(FORMATS)}.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to create.")],
    data: Annotated[
        str | None,
        typer.Option("--data", help="Folder of the data set, or its repository on the Hub; not needed for a report."),
    ] = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Folder of the private answers, for runs of the test split.")
    ] = None,
    repo: Annotated[
        str | None,
        typer.Option("--repo", help="Data set on the Hugging Face Hub, ORG/NAME; required for eval-results."),
    ] = None,
    revision: Annotated[str | None, typer.Option("--revision", help="Commit of the data set on the Hub.")] = None,
    source_url: Annotated[
        str | None, typer.Option("--source-url", help="Page with the replies or the report, for eval-results.")
    ] = None,
    model_id: Annotated[
        list[str] | None,
        typer.Option("--model-id", help="DEVELOPER/MODEL, or NAME=DEVELOPER/MODEL if there are several models."),
    ] = None,
    organization: Annotated[
        str, typer.Option("--organization", help="Who ran the evaluation; required for every-eval-ever.")
    ] = "",
    relationship: Annotated[
        str, typer.Option("--relationship", help=choices("Relationship to the developer of the model", RELATIONSHIPS))
    ] = "third_party",
    deployment: Annotated[
        str, typer.Option("--deployment", help=choices("Who ran the model", DEPLOYMENTS))
    ] = "unknown",
    availability: Annotated[
        str, typer.Option("--availability", help=choices("Weights of the model", AVAILABILITIES))
    ] = "unknown",
    samples: Annotated[
        bool,
        typer.Option("--samples", help="Add a record for each instance, with its answer; not for the test split."),
    ] = False,
) -> None:
    """Export the scores of runs, or of a report, in a format that other sites read.

    The formats are `every-eval-ever` (the schema of the Every Eval Ever collection) and `eval-results` (evaluation
    results on the Hugging Face Hub).
    """
    options = ExportOptions(
        organization=organization,
        relationship=relationship,
        deployment=deployment,
        availability=availability,
        model_ids=tuple(model_id or ()),
        repo=repo,
        revision=revision,
        source_url=source_url,
        samples=samples,
    )
    for path in export(sources, out, to, data=data, answers=answers, options=options):
        stdout.print(str(path), soft_wrap=True, highlight=False)
