"""Commands for the Hugging Face Hub: push a build, the metric and the leaderboard; verify a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.errors import HubError
from petoolbench.building import verify as verify_data
from petoolbench.hub.push import Push, plan_data, plan_metric, plan_space, push_all
from petoolbench.hub.repository import open_hub

from .console import stdout

ROOT = Path(__file__).parents[2]
METRIC = ROOT / "metrics" / "petoolbench"
Repo = Annotated[str, typer.Option("--repo", help="Repository on the Hugging Face Hub, ORG/NAME.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List the files with size and hash without pushing them.")]


def push(
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    repo: Repo,
    private_repo: Annotated[
        str | None, typer.Option("--private-repo", help="Existing private repository for the answers.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Git tag, such as v1.0.0.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Push a data set to the Hugging Face Hub, and its test answers to a private repository."""
    _push(plan_data(data, repo, private_repo), tag, dry_run)


def push_metric(repo: Repo, dry_run: DryRun = False) -> None:
    """Push the metric to a Hugging Face Space, for `evaluate.load`."""
    _push(plan_metric(METRIC, repo), None, dry_run)


def push_space(repo: Repo, dry_run: DryRun = False) -> None:
    """Push the leaderboard to a Hugging Face Space."""
    _push(plan_space(ROOT, repo), None, dry_run)


def verify(
    data: Annotated[
        str, typer.Argument(help="Folder of the data set, or its repository on the Hugging Face Hub, ORG/NAME.")
    ],
    revision: Annotated[str | None, typer.Option("--revision", help="Tag, branch or commit on the Hub.")] = None,
) -> None:
    """Check a data set for changed or missing files, wrong columns, overlapping splits and published test answers.

    The files are compared with the manifest of the build. Exits with code 1 if there is a problem.
    """
    result = verify_data(data, revision)
    if not result.passed:
        raise HubError(str(result))
    stdout.print(str(result), soft_wrap=True)


def _push(plan: list[Push], tag: str | None, dry_run: bool) -> None:
    for item in plan:
        if dry_run:
            _print_plan(item)
    if dry_run:
        return
    for done in push_all(plan, open_hub(), tag):
        state = "pushed" if done.changed else "unchanged"
        stdout.print(
            f"{done.push.repository}, branch {done.push.branch}: {state}, commit {done.commit[:8]}.", soft_wrap=True
        )


def _print_plan(item: Push) -> None:
    where = f"{item.kind} {item.repository}, branch {item.branch}{' (private)' if item.private else ''}"
    stdout.print(f"{where}: path, bytes, SHA-256", soft_wrap=True, highlight=False)
    entries = item.entries()
    widest = max(len(entry.path) for entry in entries)
    for entry in entries:  # not a table, which would cut the hashes
        line = f"  {entry.path:<{widest}}  {entry.size:>13,}  {entry.sha256}"
        stdout.print(line, soft_wrap=True, highlight=False, markup=False)
