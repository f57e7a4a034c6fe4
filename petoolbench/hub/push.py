"""Uploads of a build, the metric and the leaderboard; the answers are only uploaded to a private repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from builder.build_manifest import file_hashes
from builder.errors import HubError
from builder.execution.staging import private_folder
from hf_dataset.layout import MANIFEST
from hf_dataset.manifest import Manifest, read_manifest
from hf_dataset.script_branch import built_files, script_branch_files
from hf_dataset.verify import check_folder

from .repository import Kind, Repository
from .repository_contents import Contents, Entry, entries
from .space_files import BOARD_FILES, METRIC_FILES, ROOT_FILES, listed_files

SCRIPT: Final = "script"
"""Branch with the loading script, for versions of `datasets` before 4."""


@dataclass(frozen=True, slots=True)
class Push:
    """Planned contents of one branch of one repository."""

    repository: str
    kind: Kind
    branch: str
    contents: Contents
    message: str
    private: bool = False
    """True if the repository must already exist and be private."""

    def entries(self) -> list[Entry]:
        """Return the size and hashes of each file."""
        return list(entries(self.contents))


@dataclass(frozen=True, slots=True)
class Pushed:
    """Finished upload of one branch."""

    push: Push
    commit: str
    """Commit at the head of the branch."""
    changed: bool
    """False if the branch already had these contents, so that no commit was made."""


def plan_data(out: Path, repository: str, private_repository: str | None) -> list[Push]:
    """Plan the upload of a build. The answers come first, so that no data set is published without its answers.

    Args:
        out: Folder of the build; its answers are in the folder next to it.
        repository: Public repository, `ORG/NAME`.
        private_repository: Private repository for the answers; None to upload no answers.

    Raises:
        HubError: If the folder differs from its manifest, or both repositories are the same.
        ReadError: If the folder is not a data set.
    """
    manifest = read_manifest(out)
    if manifest.is_original:
        raise HubError(
            f"{str(out)!r} is an import of the earlier benchmark, which is the work of others. Push a folder made by "
            "`petoolbench build`."
        )
    _check_page(out, manifest, repository)
    problems = check_folder(out)
    if problems:
        raise HubError(f"{str(out)!r} differs from what was built: {'; '.join(problems[:5])}. Build it again.")
    build = manifest.build_id
    plan = []
    if private_repository is not None:
        if private_repository.casefold() == repository.casefold():
            raise HubError(
                f"{repository!r} cannot hold both a data set and its answers. Name another repository for the answers."
            )
        plan.append(_answers(out, manifest, private_repository))
    main = {name: out / name for name in built_files(manifest)}
    plan.append(Push(repository, "dataset", "main", main, f"Build {build}"))
    script = script_branch_files(out, repository.rpartition("/")[2])
    plan.append(Push(repository, "dataset", SCRIPT, script, f"Build {build}, with the loading script"))
    return plan


def _check_page(out: Path, manifest: Manifest, repository: str) -> None:
    """Refuse a data set whose card does not state under which licence, or of which repository it is.

    Raises:
        HubError: If it is refused.
    """
    page = manifest.page
    if not manifest.is_builtin and (page is None or page.licence is None):
        raise HubError(
            f"{str(out)!r} contains the documentation of another catalogue, and its card states no licence. Build it "
            "with --licence NAME, the licence under which you may publish it."
        )
    if page is not None and page.repository is not None and page.repository.casefold() != repository.casefold():
        raise HubError(
            f"The card of {str(out)!r} names the repository {page.repository!r}, not {repository!r}. Push to the "
            "former, or build with another --repository."
        )


def _answers(out: Path, manifest: Manifest, repository: str) -> Push:
    folder = private_folder(out)
    contents: dict[str, Path | bytes] = {name: folder / name for name in manifest.private_files}
    if file_hashes(folder) != manifest.private_files:
        raise HubError(f"The answers in {str(folder)!r} do not match the {MANIFEST} of {str(out)!r}. Build again.")
    return Push(repository, "dataset", "main", contents, f"Answers of build {manifest.build_id}", private=True)


def push_all(plan: list[Push], api: Any, tag: str | None = None) -> Iterator[Pushed]:
    """Upload the planned branches one after the other.

    Args:
        plan: The planned uploads.
        api: A `huggingface_hub.HfApi`.
        tag: Tag for the commits on `main`, also in the repository of the answers; None for no tag.

    Yields:
        Each finished upload.

    Raises:
        HubError: If the Hub refuses a request, or the repository of the answers is public. Earlier uploads stay; the
            branch of the failed one is either unchanged or complete.
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
            raise HubError(_public_message(push.repository))
        commit = repository.commit(push.contents, push.entries(), state, push.branch, push.message)
        if push.private and not repository.private():
            repository.make_private()
            raise HubError(
                f"{push.repository!r} became public during the upload of the answers. It is private again, but the "
                f"answers of commit {commit[:8]} may have been seen: build again with another secret."
            )
        if tag is not None and push.branch == "main":
            repository.tag(tag, commit)
        yield Pushed(push, commit, commit != state.head)


def _check_private(repository: Repository) -> None:
    private = repository.private()
    if private is None:
        raise HubError(
            f"There is no repository {repository.name!r} for the answers, or this token has no access to it. Create a "
            f"private one: hf repos create {repository.name} --repo-type dataset --private"
        )
    if not private:
        raise HubError(_public_message(repository.name))


def _public_message(name: str) -> str:
    return (
        f"{name!r} is public, but answers are pushed only to a private repository. Nothing was pushed. Make it private "
        "first."
    )


def plan_metric(folder: Path, repository: str) -> list[Push]:
    """Plan the upload of the metric. `evaluate` loads the script with the name of the repository.

    Args:
        folder: Folder of the metric.
        repository: Name of the Space, `ORG/NAME`.

    Raises:
        HubError: If a file is missing.
    """
    contents = listed_files(folder, METRIC_FILES)
    script = f"{repository.rpartition('/')[2]}.py"
    contents.setdefault(script, contents["petoolbench.py"])
    return [Push(repository, "space", "main", contents, "The metric")]


def plan_space(root: Path, repository: str) -> list[Push]:
    """Plan the upload of the leaderboard: README, app and requirements in the root, and the two packages.

    Args:
        root: Folder that contains `leaderboard` and `metrics`.
        repository: Name of the Space, `ORG/NAME`.

    Raises:
        HubError: If a file is missing.
    """
    contents = {**listed_files(root / "leaderboard", ROOT_FILES), **listed_files(root, BOARD_FILES)}
    return [Push(repository, "space", "main", contents, "The leaderboard")]
