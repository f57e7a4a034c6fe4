"""The command `petoolbench`: its subcommands, and the printing of errors."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from builder.errors import BuilderError
from hf_dataset.errors import ReadError
from metrics.petoolbench.errors import MetricError

from .audit import audit_folder
from .build import build
from .console import stderr, stdout
from .demo import demo
from .hub import push, push_metric, push_space, verify
from .leaderboard import leaderboard, rescore, submit
from .original import compare_two_scorers, import_released
from .predict import predict, prompts
from .report import compare, report
from .score import score_file
from .serve_local import serve_local
from .show import show
from .training import export_training_data

app = typer.Typer(
    help="Build, show, predict and score PEToolBench, the benchmark of personalised tool use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(build)
app.command()(show)
app.command()(predict)
app.command()(prompts)
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


def _print_version(requested: bool) -> None:
    if requested:
        stdout.print(f"petoolbench {version('petoolbench')}", highlight=False)
        raise typer.Exit


@app.callback()
def global_options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of the command itself."""


def main() -> None:
    """Run the command line; errors that the user can resolve are printed as one sentence."""
    # Some libraries configure logging on import, after which every request would be logged.
    logging.basicConfig(level=logging.WARNING)
    try:
        app()
    except (BuilderError, ReadError, MetricError) as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    stderr.print(f"error: {message}", style="red", markup=False, soft_wrap=True, highlight=False)
    sys.exit(1)
