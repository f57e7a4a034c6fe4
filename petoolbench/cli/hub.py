"""Commands that talk to the Hub: push a build, the metric, the Space; verify what somebody loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.errors import HubError
from hf_dataset.verify import check_folder
from petoolbench.hub.locate import data_folder
from petoolbench.hub.push import Push, plan_data, plan_metric, plan_space, push_all
from petoolbench.hub.repository import open_hub

from .console import stdout

ROOT = Path(__file__).parents[2]
METRIC = ROOT / "metrics" / "petoolbench"
Repo = Annotated[str, typer.Option("--repo", help="Repository on the Hub, ORG/NAME.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List every file with size and hash, and push nothing.")]


def push(
    out: Annotated[Path, typer.Argument(help="Folder of the data set, as build made it.")],
    repo: Repo,
    private_repo: Annotated[
        str | None, typer.Option("--private-repo", help="Private repository for the answers; it must be there.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Version to cite, such as v1.0.0.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Push a data set to the Hub, and its answers to a private repository."""
    _push(plan_data(out, repo, private_repo), tag, dry_run)


def push_metric(repo: Repo, dry_run: DryRun = False) -> None:
    """Push the metric to a Space, from which `evaluate.load` takes it."""
    _push(plan_metric(METRIC, repo), None, dry_run)


def push_space(repo: Repo, dry_run: DryRun = False) -> None:
    """Push the leaderboard to a Space."""
    _push(plan_space(ROOT, repo), None, dry_run)


def verify(
    data: Annotated[str, typer.Argument(help="Folder of a data set, or on the Hub ORG/NAME[@REVISION].")],
    revision: Annotated[str | None, typer.Option("--revision", help="Tag, branch or commit on the Hub.")] = None,
) -> None:
    """Check that a data set is the one that was built: hashes, columns, splits, no answers; exit 1 where it is not."""
    if revision is not None and Path(data).is_dir():
        raise HubError(f"{data!r} is a folder, which has no revisions. Leave --revision out.")
    folder = data_folder(data if revision is None else f"{data}@{revision}", patterns=None)
    problems = check_folder(folder)
    if problems:
        raise HubError(f"{data!r} is not what was built:\n" + "\n".join(f"- {problem}" for problem in problems))
    stdout.print(f"{data} is what was built: hashes, columns, splits and canary hold, and test has no answers.")


def _push(plan: list[Push], tag: str | None, dry_run: bool) -> None:
    for item in plan:
        if dry_run:
            _print_plan(item)
    if dry_run:
        return
    for done in push_all(plan, open_hub(), tag):
        said = "is now" if done.changed else "was already, and stays,"
        stdout.print(
            f"{done.push.repository}, branch {done.push.branch}: {said} commit {done.commit[:8]}.", soft_wrap=True
        )


def _print_plan(item: Push) -> None:
    where = f"{item.kind} {item.repository}, branch {item.branch}{' (private)' if item.private else ''}"
    stdout.print(f"{where}: path, bytes, SHA-256", soft_wrap=True, highlight=False)
    entries = item.entries()
    widest = max(len(entry.path) for entry in entries)
    for entry in entries:  # no table: a hash that is cut is of no use
        line = f"  {entry.path:<{widest}}  {entry.size:>13,}  {entry.sha256}"
        stdout.print(line, soft_wrap=True, highlight=False, markup=False)
