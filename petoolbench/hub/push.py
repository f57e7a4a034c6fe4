"""Pushing a build, the metric and the Space: one commit a repository and branch, the answers to a private one only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from builder.errors import HubError
from builder.execution.staging import private_folder
from builder.manifest import file_hashes
from hf_dataset.layout import MANIFEST
from hf_dataset.reader import read_manifest
from hf_dataset.script_branch import built_files, script_branch_files
from hf_dataset.verify import check_folder
from petoolbench.original.importer import is_original

from .repository import Kind, Repository
from .repository_contents import Contents, Entry, entries, folder_contents

SCRIPT: Final = "script"
"""Branch of the loading script, for versions of datasets before 4."""


@dataclass(frozen=True, slots=True)
class Push:
    """What one branch of one repository is to hold."""

    repository: str
    kind: Kind
    branch: str
    contents: Contents
    message: str
    private: bool = False
    """It must be private, and there already."""

    def entries(self) -> list[Entry]:
        """Size and hashes of each file."""
        return list(entries(self.contents))


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of it."""

    push: Push
    commit: str
    changed: bool


def plan_data(out: Path, repository: str, private_repository: str | None) -> list[Push]:
    """What pushing a build comes to, the answers first, so that no data set is without its answers.

    Args:
        out: Folder that a build made; its answers are in the folder beside it.
        repository: Public repository, `ORG/NAME`.
        private_repository: Private one for the answers; None to leave them at home.

    Raises:
        HubError: If the folder is not what its manifest says, or the two repositories are one.
        ReadError: If it is no data set.
    """
    manifest = read_manifest(out)
    if is_original(manifest):
        raise HubError(f"{str(out)!r} is an import of rows that are others' work. Push what petoolbench build made.")
    problems = check_folder(out)
    if problems:
        raise HubError(f"{str(out)!r} is not what a build made: {'; '.join(problems[:5])}. Build it again.")
    build = manifest["build_id"]
    plan = []
    if private_repository is not None:
        if private_repository.casefold() == repository.casefold():
            raise HubError(
                f"{repository!r} cannot hold both data set and answers. Name a private repository for these."
            )
        plan.append(_answers(out, manifest, private_repository))
    main = {name: out / name for name in built_files(manifest)}
    plan.append(Push(repository, "dataset", "main", main, f"Build {build}"))
    script = script_branch_files(out, repository.rpartition("/")[2])
    plan.append(Push(repository, "dataset", SCRIPT, script, f"Build {build}, with the loading script"))
    return plan


def _answers(out: Path, manifest: Mapping[str, Any], repository: str) -> Push:
    folder = private_folder(out)
    contents: dict[str, Path | bytes] = {name: folder / name for name in manifest["private_files"]}
    if file_hashes(folder) != manifest["private_files"]:
        raise HubError(f"The answers in {str(folder)!r} are not those of {str(out)!r}, by its {MANIFEST}. Build again.")
    return Push(repository, "dataset", "main", contents, f"Answers of build {manifest['build_id']}", private=True)


def push_all(plan: list[Push], api: Any, tag: str | None = None) -> Iterator[Pushed]:
    """Do what was planned, one commit after the other; the last one of `main` gets the tag.

    Args:
        plan: What goes where.
        api: A `huggingface_hub.HfApi`.
        tag: Name for the commits on `main`, of the answers too; None for none.

    Raises:
        HubError: If the Hub refuses, or would show the answers to anybody; what was done until then stands, each
            repository as it was or as it is to be.
    """
    for push in plan:
        repository = Repository(api, push.repository, push.kind)
        if push.private:
            _check_private(repository)
        else:
            repository.make()
        if push.branch != "main":
            repository.branch(push.branch)
        state = repository.state(push.branch)
        if push.private and not state.private:
            raise HubError(_public(push.repository))
        commit = repository.commit(push.contents, push.entries(), state, push.branch, push.message)
        if push.private and not repository.private():
            repository.make_private()
            raise HubError(
                f"{push.repository!r} became public while the answers were pushed. It is private again, but the "
                f"answers of commit {commit[:8]} may have been seen: build again with another secret."
            )
        if tag is not None and push.branch == "main":
            repository.tag(tag, commit)
        yield Pushed(push, commit, commit != state.head)


def _check_private(repository: Repository) -> None:
    private = repository.private()
    if private is None:
        raise HubError(
            f"There is no repository {repository.name!r} for the answers, or this token may not see it. Make a private "
            f"one: hf repos create {repository.name} --repo-type dataset --private"
        )
    if not private:
        raise HubError(_public(repository.name))


def _public(name: str) -> str:
    return (
        f"{name!r} is public, and answers go to a private repository only. Nothing was pushed. Make it private first."
    )


def plan_metric(folder: Path, repository: str) -> list[Push]:
    """What pushing the metric comes to: `evaluate` looks for a script named as the repository.

    Args:
        folder: Folder of the metric.
        repository: The Space, `ORG/NAME`.
    """
    contents = folder_contents(folder)
    script = f"{repository.rpartition('/')[2]}.py"
    contents.setdefault(script, contents["petoolbench.py"])
    return [Push(repository, "space", "main", contents, "The metric")]


def plan_space(root: Path, repository: str) -> list[Push]:
    """What pushing the leaderboard comes to: its header, program and needs in the root, and the two packages.

    Args:
        root: Folder that holds `leaderboard` and `metrics`.
        repository: The Space, `ORG/NAME`.
    """
    board = root / "leaderboard"
    contents = {
        **{name: board / name for name in ("README.md", "app.py", "requirements.txt")},
        **folder_contents(board, "leaderboard/"),
        **folder_contents(root / "metrics", "metrics/"),
    }
    return [Push(repository, "space", "main", contents, "The leaderboard")]
