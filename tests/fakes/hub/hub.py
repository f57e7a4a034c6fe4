"""What a Hub knows: its users and their tokens, its repositories, and who may do what to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Literal

from .errors import HubError, no_repository, nobody, unknown_token
from .objects import File
from .operations import ATTRIBUTES, delete_file, is_large, put
from .repository import MAIN, Repository, RepoType, Visibility

Role = Literal["read", "write"]
START = datetime(2026, 1, 1, tzinfo=UTC)
"""When the first commit is made; each further one comes a second later, however long the test takes."""

SAMPLE_BYTES = 512
"""So many first bytes tell whether a file is binary, as in the client."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a token speaks for."""

    name: str
    orgs: tuple[str, ...]
    role: Role
    """What the token allows; a user may have several."""

    @property
    def namespaces(self) -> tuple[str, ...]:
        """What the user owns repositories in."""
        return (self.name, *self.orgs)


class Hub:
    """Users and repositories; may be used from any thread."""

    def __init__(self) -> None:
        self._callers: dict[str, Caller] = {}
        self._repositories: dict[tuple[RepoType, str], Repository] = {}
        self._seconds = count()

    def add_user(self, name: str, *, orgs: Collection[str] = (), role: Role = "write") -> str:
        """Make a token.

        Args:
            name: The user, who need not be new.
            orgs: The organisations that the user is a member of.
            role: What the token allows: a read token writes nowhere.

        Returns:
            The token.
        """
        token = f"hf_{name}_{role}"
        self._callers[token] = Caller(name, tuple(orgs), role)
        return token

    def create(
        self, repo_type: RepoType, name: str, *, visibility: Visibility = "public", sdk: str | None = None
    ) -> Repository:
        """Make a repository, which begins with a commit of its .gitattributes; a Space has a README.md too."""
        key = (repo_type, name)
        if key in self._repositories:
            raise ValueError(f"{repo_type}/{name} exists already")
        made = Repository(repo_type, name, visibility, sdk, self._tick)
        title = name.partition("/")[2]
        readme = {"README.md": f"---\ntitle: {title}\nsdk: {sdk}\n---\n".encode()} if repo_type == "spaces" else {}
        made.start({".gitattributes": ATTRIBUTES, **readme})
        self._repositories[key] = made
        return made

    def exists(self, repo_type: RepoType, name: str) -> bool:
        """Whether there is such a repository."""
        return (repo_type, name) in self._repositories

    def repo(self, repo_type: RepoType, name: str) -> Repository:
        """The repository itself, whoever may see it."""
        try:
            return self._repositories[repo_type, name]
        except KeyError:
            there = ", ".join(sorted("/".join(key) for key in self._repositories)) or "none"
            raise LookupError(f"no repository {repo_type}/{name}; there are: {there}") from None

    def remove(self, repo_type: RepoType, name: str) -> None:
        """Delete a repository with all its history."""
        del self._repositories[repo_type, name]

    def commit(
        self,
        repo_type: RepoType,
        name: str,
        files: Mapping[str, bytes | None],
        *,
        message: str = "Commit on the server",
        revision: str = MAIN,
        author: str = "system",
    ) -> str:
        """Make a commit without a client.

        Args:
            repo_type: What the repository holds.
            name: Owner and name of the repository.
            files: The contents of what is added or replaced by path; None for what is deleted.
            message: Title of the commit.
            revision: The branch.
            author: Name of the user.

        Returns:
            The id of the commit.
        """
        operations = [
            delete_file(path) if data is None else put(path, _stored(path, data)) for path, data in files.items()
        ]
        made = self.repo(repo_type, name).commit(operations, revision=revision, title=message, author=author)
        return made.id

    def caller(self, authorization: str | None) -> Caller | None:
        """Who is asking, told from the header; None without one."""
        if authorization is None:
            return None
        caller = self._callers.get(authorization.removeprefix("Bearer "))
        if caller is None:
            raise unknown_token()
        return caller

    def readable(self, caller: Caller | None, repo_type: RepoType, name: str) -> Repository:
        """The repository, if the caller may see it."""
        found = self._repositories.get((repo_type, name))
        if found and (not found.private or (caller and found.owner in caller.namespaces)):
            return found
        raise nobody() if caller is None else no_repository()

    def writable(self, caller: Caller | None, repo_type: RepoType, name: str) -> Repository:
        """The repository, if the caller may write to it."""
        found = self.readable(caller, repo_type, name)
        self.check_writer(caller, found.owner)
        return found

    def check_writer(self, caller: Caller | None, namespace: str) -> None:
        """Refuse who may not write in a namespace."""
        if caller is None:
            raise nobody()
        if caller.role != "write":
            raise HubError(403, "Forbidden: you must use a write token to upload to a repository.")
        if namespace not in caller.namespaces:
            raise HubError(403, f"Forbidden: you don't have the rights to write under the namespace {namespace!r}")

    def _tick(self) -> datetime:
        return START + timedelta(seconds=next(self._seconds))


def _stored(path: str, data: bytes) -> File:
    large = data and is_large(path, len(data), data[:SAMPLE_BYTES])
    return File.large(data) if large else File.regular(data)
