"""Repositories of the fake Hub: commits with immutable snapshots, and the refs that point to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from .errors import HubError, bad_request, moved_head, no_revision
from .objects import File, object_id, tree_ids
from .operations import Operation

RepoType = Literal["models", "datasets", "spaces"]
REPO_TYPES: tuple[RepoType, ...] = get_args(RepoType)
Visibility = Literal["public", "private", "protected"]
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)
MAIN = "main"
HEADS, TAGS, PULLS = "refs/heads/", "refs/tags/", "refs/pr/"
SHORTEST_ID = 5
"""Minimum length of an abbreviated commit id."""


@dataclass(frozen=True, slots=True)
class Commit:
    """An immutable commit with its snapshot."""

    id: str
    parent: str | None
    files: Mapping[str, File]
    """Files by path."""

    trees: Mapping[str, str]
    """Git id of each folder by its path. The empty path is the root."""

    title: str
    description: str
    author: str
    date: datetime

    def changed(self, path: str, before: Commit) -> bool:
        """Return True if a file or folder differs from the commit before."""
        if path in self.files:
            return path not in before.files or before.files[path].oid != self.files[path].oid
        return before.trees.get(path) != self.trees.get(path)


class Repository:
    """A repository. Thread-safe.

    Args:
        repo_type: Type of the repository.
        name: Owner and name, such as "org/name".
        visibility: Only its owners can read a private or protected repository.
        sdk: SDK of a Space.
        tick: Clock that returns the date of the next commit.
    """

    def __init__(
        self, repo_type: RepoType, name: str, visibility: Visibility, sdk: str | None, tick: Callable[[], datetime]
    ) -> None:
        self.repo_type: RepoType = repo_type
        self.name = name
        self.visibility: Visibility = visibility
        self.sdk = sdk
        self.uploaded: dict[str, File] = {}
        """Uploaded LFS files by the SHA-256 of their contents, committed or not."""

        self._tick = tick
        self._lock = threading.RLock()
        self._commits: dict[str, Commit] = {}
        self._refs: dict[str, str] = {}

    @property
    def private(self) -> bool:
        """True if only its owners can read it."""
        return self.visibility != "public"

    @property
    def owner(self) -> str:
        """Owner: a user or an organisation."""
        return self.name.partition("/")[0]

    def head(self, revision: str = MAIN) -> str:
        """Return the commit id of a revision."""
        return self.at(revision).id

    def files(self, revision: str = MAIN) -> dict[str, bytes]:
        """Return the contents of all files at a revision, by path."""
        return {path: file.data for path, file in self.at(revision).files.items()}

    def commits(self, revision: str = MAIN) -> list[Commit]:
        """Return the history of a revision, newest commit first."""
        history = [self.at(revision)]
        while (parent := history[-1].parent) is not None:
            history.append(self._commits[parent])
        return history

    def branches(self) -> dict[str, str]:
        """Return the head of each branch."""
        return self._named(HEADS)

    def tags(self) -> dict[str, str]:
        """Return the commit of each tag."""
        return self._named(TAGS)

    def pull_requests(self) -> dict[str, str]:
        """Return the head of each pull request, by its number."""
        return self._named(PULLS)

    def at(self, revision: str) -> Commit:
        """Return the commit of a branch, tag, full ref, or full or abbreviated commit id.

        Raises:
            HubError: If the revision is unknown or ambiguous.
        """
        with self._lock:
            for ref in (f"{HEADS}{revision}", f"{TAGS}{revision}", revision):
                if ref in self._refs:
                    return self._commits[self._refs[ref]]
            matches = [oid for oid in self._commits if oid.startswith(revision)] if len(revision) >= SHORTEST_ID else []
            if len(matches) != 1:
                raise no_revision(revision)
            return self._commits[matches[0]]

    def commit(
        self,
        operations: Iterable[Operation],
        *,
        revision: str = MAIN,
        title: str,
        description: str = "",
        author: str = "system",
        parent: str | None = None,
    ) -> Commit:
        """Create a commit on top of a branch or pull request, and move it there.

        Args:
            operations: Changes to the files of the head, applied in this order.
            revision: Branch or pull request.
            title: First line of the message.
            description: Rest of the message.
            author: Name of the user.
            parent: Id of the expected head, or a prefix of it; None for any head.

        Raises:
            HubError: If the revision is unknown, the head is not `parent`, or an operation is invalid.
        """
        with self._lock:
            ref = revision if revision.startswith(PULLS) else f"{HEADS}{revision}"
            if ref not in self._refs:
                raise no_revision(revision)
            head = self._commits[self._refs[ref]]
            if parent is not None and not head.id.startswith(parent):
                raise moved_head()
            return self._add(ref, head, operations, title, description, author)

    def open_pull_request(
        self, operations: Iterable[Operation], revision: str, title: str, description: str, author: str
    ) -> tuple[int, Commit]:
        """Create a pull request with one commit on top of a revision, and return its number and the commit."""
        with self._lock:
            number = len(self.pull_requests()) + 1
            base = self.at(revision)
            return number, self._add(f"{PULLS}{number}", base, operations, title, description, author)

    def start(self, contents: Mapping[str, bytes]) -> None:
        """Create the initial commit."""
        snapshot = {path: File.regular(data) for path, data in contents.items()}
        with self._lock:
            self._add(f"{HEADS}{MAIN}", None, [lambda files: files.update(snapshot)], "initial commit", "", "system")

    def create_branch(self, name: str, revision: str = MAIN) -> None:
        """Create a branch."""
        self._create_ref(HEADS, name, revision, "branch")

    def create_tag(self, name: str, revision: str = MAIN) -> None:
        """Create a tag."""
        self._create_ref(TAGS, name, revision, "tag")

    def delete_branch(self, name: str) -> None:
        """Delete a branch. Its commits are kept."""
        if name == MAIN:
            raise HubError(403, "Cannot delete the main branch")
        self._delete_ref(HEADS, name)

    def delete_tag(self, name: str) -> None:
        """Delete a tag."""
        self._delete_ref(TAGS, name)

    def _named(self, prefix: str) -> dict[str, str]:
        with self._lock:
            return {ref.removeprefix(prefix): oid for ref, oid in self._refs.items() if ref.startswith(prefix)}

    def _add(
        self, ref: str, base: Commit | None, operations: Iterable[Operation], title: str, description: str, author: str
    ) -> Commit:
        files = dict(base.files) if base else {}
        for operation in operations:
            operation(files)
        trees = tree_ids(files)
        if clash := files.keys() & trees.keys():
            raise bad_request(f"Both a file and a folder: {min(clash)!r}")
        date = self._tick()
        parent = base.id if base else None
        lines = [f"tree {trees['']}", *([f"parent {parent}"] if parent else [])]
        stamp = f"{author} <{author}@users.invalid> {int(date.timestamp())} +0000"
        body = "\n".join([*lines, f"author {stamp}", f"committer {stamp}", "", title, "", description])
        commit = Commit(object_id("commit", body.encode()), parent, files, trees, title, description, author, date)
        self._commits[commit.id] = commit
        self._refs[ref] = commit.id
        self.uploaded.update({file.sha256: file for file in files.values() if file.sha256})
        return commit

    def _create_ref(self, prefix: str, name: str, revision: str, what: str) -> None:
        if name.startswith("refs/"):
            raise bad_request(f"Invalid reference for a {what}: {name}")
        with self._lock:
            if f"{prefix}{name}" in self._refs:
                raise HubError(409, f"Reference already exists: {prefix}{name}")
            self._refs[f"{prefix}{name}"] = self.at(revision).id

    def _delete_ref(self, prefix: str, name: str) -> None:
        with self._lock:
            if self._refs.pop(f"{prefix}{name}", None) is None:
                raise no_revision(name)
