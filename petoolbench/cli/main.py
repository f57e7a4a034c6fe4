"""All commands under one name, and how a failure is told."""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

import typer

from builder.errors import BuilderError
from hf_dataset.errors import ReadError
from metrics.petoolbench.errors import MetricError

from .build import build
from .console import stderr
from .hub import push, push_metric, push_space, verify
from .leaderboard import leaderboard, rescore, submit
from .original import compare_two_scorers, import_released
from .predict import predict
from .report import compare, report
from .serve_local import serve_local
from .show import audit_folder, demo, export_training_data, score_file, show

app = typer.Typer(
    help="Build, show, predict and score PEToolBench, the benchmark of personalised tool use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(build)
app.command()(show)
app.command()(predict)
app.command("score")(score_file)
app.command()(report)
app.command()(compare)
app.command("audit")(audit_folder)
app.command("import-original")(import_released)
app.command("compare-scorers")(compare_two_scorers)
app.command()(demo)
app.command("export-training")(export_training_data)
app.command("serve-local")(serve_local)
app.command()(push)
app.command("push-metric")(push_metric)
app.command("push-space")(push_space)
app.command()(verify)
app.command()(leaderboard)
app.command()(submit)
app.command()(rescore)


def main() -> None:
    """Run the command line; what a user can mend is one sentence, not a traceback."""
    # Some library sets up logging as it is imported, and then every request would be a line.
    logging.basicConfig(level=logging.WARNING)
    try:
        app()
    except (BuilderError, ReadError, MetricError) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    stderr.print(f"error: {message}", style="red", markup=False, soft_wrap=True, highlight=False)
    sys.exit(1)
