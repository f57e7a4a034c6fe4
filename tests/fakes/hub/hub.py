"""State of the fake Hub: users with their tokens, repositories, and access rights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Literal

from .errors import HubError, missing_token, no_repository, unknown_token
from .objects import File
from .operations import ATTRIBUTES, delete_file, is_large, put
from .repository import MAIN, Repository, RepoType, Visibility

Role = Literal["read", "write"]
START = datetime(2026, 1, 1, tzinfo=UTC)
"""Date of the first commit. Each further commit is dated one second later, so that ids are deterministic."""

SAMPLE_BYTES = 512
"""Number of leading bytes that decide whether a file is binary, as in the client."""


@dataclass(frozen=True, slots=True)
class Caller:
    """User of a token."""

    name: str
    orgs: tuple[str, ...]
    role: Role
    """Permission of the token. A user can have several tokens."""

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Namespaces in which the user owns repositories."""
        return (self.name, *self.orgs)


class Hub:
    """Users and repositories. Thread-safe."""

    def __init__(self) -> None:
        self._callers: dict[str, Caller] = {}
        self._repositories: dict[tuple[RepoType, str], Repository] = {}
        self._seconds = count()

    def add_user(self, name: str, *, orgs: Collection[str] = (), role: Role = "write") -> str:
        """Create a token.

        Args:
            name: Name of a new or existing user.
            orgs: Organisations of the user.
            role: Permission of the token. A "read" token cannot write.

        Returns:
            The token.
        """
        token = f"hf_{name}_{role}"
        self._callers[token] = Caller(name, tuple(orgs), role)
        return token

    def create(
        self, repo_type: RepoType, name: str, *, visibility: Visibility = "public", sdk: str | None = None
    ) -> Repository:
        """Create a repository with an initial commit of its .gitattributes, and of a README.md for a Space.

        Raises:
            ValueError: If the repository exists.
        """
        key = (repo_type, name)
        if key in self._repositories:
            raise ValueError(f"{repo_type}/{name} already exists.")
        repository = Repository(repo_type, name, visibility, sdk, self._tick)
        title = name.partition("/")[2]
        readme = {"README.md": f"---\ntitle: {title}\nsdk: {sdk}\n---\n".encode()} if repo_type == "spaces" else {}
        repository.start({".gitattributes": ATTRIBUTES, **readme})
        self._repositories[key] = repository
        return repository

    def exists(self, repo_type: RepoType, name: str) -> bool:
        """Return True if a repository exists."""
        return (repo_type, name) in self._repositories

    def repo(self, repo_type: RepoType, name: str) -> Repository:
        """Return a repository, without checking access rights.

        Raises:
            LookupError: If the repository does not exist.
        """
        try:
            return self._repositories[repo_type, name]
        except KeyError:
            existing = ", ".join(sorted("/".join(key) for key in self._repositories)) or "none"
            raise LookupError(f"Unknown repository {repo_type}/{name}. Existing repositories: {existing}.") from None

    def remove(self, repo_type: RepoType, name: str) -> None:
        """Delete a repository and its history."""
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
        """Commit directly on the server, without a client.

        Args:
            repo_type: Type of the repository.
            name: Owner and name of the repository.
            files: New contents by path; None deletes the file.
            message: Title of the commit.
            revision: Branch.
            author: Name of the user.

        Returns:
            The id of the commit.
        """
        operations = [
            delete_file(path) if data is None else put(path, _stored(path, data)) for path, data in files.items()
        ]
        return self.repo(repo_type, name).commit(operations, revision=revision, title=message, author=author).id

    def caller(self, authorization: str | None) -> Caller | None:
        """Return the caller of a request from its Authorization header; None without one.

        Raises:
            HubError: If the token is unknown.
        """
        if authorization is None:
            return None
        caller = self._callers.get(authorization.removeprefix("Bearer "))
        if caller is None:
            raise unknown_token()
        return caller

    def readable(self, caller: Caller | None, repo_type: RepoType, name: str) -> Repository:
        """Return a repository.

        Raises:
            HubError: If the caller may not read it, or it does not exist. Both look the same to the client.
        """
        repository = self._repositories.get((repo_type, name))
        if repository and (not repository.private or (caller and repository.owner in caller.namespaces)):
            return repository
        raise missing_token() if caller is None else no_repository()

    def writable(self, caller: Caller | None, repo_type: RepoType, name: str) -> Repository:
        """Return a repository.

        Raises:
            HubError: If the caller may not write to it.
        """
        repository = self.readable(caller, repo_type, name)
        self.check_writer(caller, repository.owner)
        return repository

    def check_writer(self, caller: Caller | None, namespace: str) -> None:
        """Check write access to a namespace.

        Raises:
            HubError: If the caller may not write there.
        """
        if caller is None:
            raise missing_token()
        if caller.role != "write":
            raise HubError(403, "Forbidden: you must use a write token to upload to a repository.")
        if namespace not in caller.namespaces:
            raise HubError(403, f"Forbidden: you don't have the rights to write under the namespace {namespace!r}")

    def _tick(self) -> datetime:
        return START + timedelta(seconds=next(self._seconds))


def _stored(path: str, data: bytes) -> File:
    large = data and is_large(path, len(data), data[:SAMPLE_BYTES])
    return File.large(data) if large else File.regular(data)
