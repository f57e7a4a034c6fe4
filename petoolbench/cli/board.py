"""Commands to maintain a board: rows of the maintainers, hidden rows, reproduced rows, and their record.

The leaderboard is a separate program without the builder. It is started as a process and never imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from builder.extras import import_extra
from hf_dataset.layout import SPLITS
from petoolbench.inference.history_views import HISTORIES
from petoolbench.run_settings import choices

from .help_types import Command, Group
from .leaderboard import Answers, Data, Store, run_module

board_app = typer.Typer(
    cls=Group,
    help="Maintain a leaderboard: add rows, hide them, mark them as reproduced, list the submissions, and show the "
    "log of all changes.",
    no_args_is_help=True,
)
_MODULE: Final = "leaderboard.maintenance.command"
Submission = Annotated[str, typer.Argument(help="Id of the submission, as `board list` shows it.")]
By = Annotated[
    str,
    typer.Option(
        "--by",
        help="Name of the maintainer, shown on the board. Default: the account of HF_TOKEN, or the local user.",
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Reason, shown on the board.")]
OptionalReason = Annotated[str, typer.Option("--reason", help="Reason, shown on the board; optional.")]


@board_app.command(cls=Command)
def add(
    runs: Annotated[list[Path], typer.Argument(help="Run files or predictions files.", metavar="RUN...")],
    data: Data,
    answers: Answers = None,
    store: Store = "out/leaderboard",
    name: Annotated[str, typer.Option("--name", help="Name of the row; by default the model of the run.")] = "",
    split: Annotated[
        str,
        typer.Option(
            "--split",
            help=f"{choices('Split of the predictions, for a file without a header line', SPLITS[1:])}",
        ),
    ] = "",
    history: Annotated[
        str,
        typer.Option("--history", help=choices("History in the prompts, for a file without a header line", HISTORIES)),
    ] = "",
    description: Annotated[str, typer.Option("--description", help="Short description of the system.")] = "",
    link: Annotated[str, typer.Option("--link", help="Model repository on the Hugging Face Hub, ORG/NAME.")] = "",
    reason: OptionalReason = "",
    by: By = "",
) -> None:
    """Score runs of the maintainers and add them to the board, as rows with the badge `baseline`."""
    _board(
        "add", *map(str, runs), data=data, store=store, answers=answers, name=name, split=split,
        history=history, description=description, link=link, reason=reason, by=by,
    )  # fmt: skip


@board_app.command(cls=Command)
def hide(submission: Submission, reason: Reason, store: Store = "out/leaderboard", by: By = "") -> None:
    """Hide a row. The submission, its file and its scores are kept, and `board log` lists the action."""
    _board("hide", submission, store=store, reason=reason, by=by)


@board_app.command(cls=Command)
def unhide(submission: Submission, reason: OptionalReason = "", store: Store = "out/leaderboard", by: By = "") -> None:
    """Show a hidden row again."""
    _board("unhide", submission, store=store, reason=reason, by=by)


@board_app.command(cls=Command)
def reproduced(
    submission: Submission,
    run: Annotated[Path, typer.Argument(help="Run file of the maintainers, of the same system.")],
    data: Data,
    answers: Answers = None,
    store: Store = "out/leaderboard",
    by: By = "",
) -> None:
    """Give a row the badge `reproduced`, if a run of your own agrees with it.

    It agrees if its tool accuracy is within the 95 % interval of the submission on each config.
    """
    _board("reproduced", submission, str(run), data=data, store=store, answers=answers, by=by)


@board_app.command(cls=Command)
def withdraw(submission: Submission, reason: Reason, store: Store = "out/leaderboard", by: By = "") -> None:
    """Withdraw the badge `reproduced` of a row."""
    _board("withdraw", submission, store=store, reason=reason, by=by)


@board_app.command("list", cls=Command)
def list_submissions(store: Store = "out/leaderboard") -> None:
    """List all submissions, oldest first, with their state and tool accuracy."""
    _board("list", store=store)


@board_app.command(cls=Command)
def log(store: Store = "out/leaderboard") -> None:
    """List all acts of the maintainers, oldest first."""
    _board("log", store=store)


def _board(command: str, *positional: str, store: str, **options: object) -> None:
    """Run a command of the leaderboard; options without a value are left out."""
    import_extra("huggingface_hub", "leaderboard", "Maintaining a leaderboard")
    given = [f"--{name}={value}" for name, value in options.items() if value]
    run_module(_MODULE, [command, *given, f"--store={store}", *(["--", *positional] if positional else [])])
