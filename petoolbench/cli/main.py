"""The command `petoolbench`: its subcommands, and how errors are printed."""

from __future__ import annotations

import gc
import logging
import os
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from metrics.petoolbench.errors import PEToolBenchError
from metrics.redaction import without_credentials

from .audit import audit_folder
from .board import board_app
from .build import build
from .check_pack import check_pack_folder
from .choice import export_choice_data
from .console import stderr, stdout
from .demo import demo
from .export import export_scores
from .groups import propose
from .help_types import Command, Group
from .hub import push, push_metric, push_space, verify
from .leaderboard import leaderboard, rescore, submit
from .make_pack import make_listing_pack
from .original import compare_two_scorers, import_released
from .predict import predict, prompts
from .reading import reading_app
from .report import compare, report
from .score import score_file
from .serve_local import serve_local
from .services import list_services
from .show import show
from .study import study_app
from .training import export_training_data

app = typer.Typer(
    cls=Group,
    help="Build and view PEToolBench data, run models on it and score them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(cls=Command)(build)
app.command("groups", cls=Command)(propose)
app.command(cls=Command)(show)
app.command(cls=Command)(predict)
app.command(cls=Command)(prompts)
app.command("score", cls=Command)(score_file)
app.command(cls=Command)(report)
app.command(cls=Command)(compare)
app.command("export", cls=Command)(export_scores)
app.add_typer(reading_app, name="reading")
app.add_typer(study_app, name="study")
app.command("audit", cls=Command)(audit_folder)
app.command("services", cls=Command)(list_services)
app.command("make-pack", cls=Command)(make_listing_pack)
app.command("check-pack", cls=Command)(check_pack_folder)
app.command("import-original", cls=Command)(import_released)
app.command("compare-scorers", cls=Command)(compare_two_scorers)
app.command(cls=Command)(demo)
app.command("export-training", cls=Command)(export_training_data)
app.command("export-choice", cls=Command)(export_choice_data)
app.command("serve-local", cls=Command)(serve_local)
app.command(cls=Command)(push)
app.command("push-metric", cls=Command)(push_metric)
app.command("push-space", cls=Command)(push_space)
app.command(cls=Command)(verify)
app.command(cls=Command)(leaderboard)
app.command(cls=Command)(submit)
app.command(cls=Command)(rescore)
app.add_typer(board_app, name="board")


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
    """Run the command line. Errors that the user can resolve are printed on one line, without a traceback."""
    # Some libraries configure logging on import, after which every request would be logged.
    logging.basicConfig(level=logging.WARNING)
    # Commands keep most objects that they make, which collections would visit in vain; a build takes a tenth less.
    gc.set_threshold(100_000, 50, 100)
    try:
        app()
    except PEToolBenchError as error:
        _fail(without_credentials(str(error), os.environ))


def _fail(message: str) -> NoReturn:
    stderr.print(f"error: {message}", style="red", markup=False, soft_wrap=True, highlight=False)
    sys.exit(1)
