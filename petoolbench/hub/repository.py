"""One repository on the Hub: reading its state, and committing to it.

Errors of the Hub and of the connection become a `HubError` with the next step. Its text never contains the token.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from builder.errors import HubError
from builder.extras import import_extra
from metrics.token_addresses import hub_problem

from .repository_contents import Contents, Entry

Kind = Literal["dataset", "space"]
_RETRY: Final = "Run the same command again: files that are already there are not uploaded twice."
_HUB_FILES: Final = frozenset({".gitattributes"})
"""Files that the Hub creates and no push changes."""


def open_hub() -> Any:
    """Return a `huggingface_hub.HfApi` with the endpoint and token from the library's usual places.

    Raises:
        HubError: If there is a token, and the endpoint has no TLS.
    """
    library = import_extra("huggingface_hub", "builder", "Using the Hub")
    api = library.HfApi(library_name="petoolbench")
    problem = hub_problem(api.endpoint, os.environ)
    if problem and library.get_token():
        raise HubError(problem)
    return api


def download(api: Any, name: str, revision: str | None, patterns: Sequence[str] | None = None) -> Path:
    """Download a data set, or find it in the cache of `huggingface_hub`.

    Args:
        api: A `huggingface_hub.HfApi`.
        name: Repository, `ORG/NAME`.
        revision: Tag, branch or commit; None for the latest commit on `main`.
        patterns: Glob patterns of the files to download; None for all files.

    Returns:
        The local folder.

    Raises:
        HubError: If the repository cannot be downloaded.
    """
    with hub_errors(f"download {name!r}{f' at {revision!r}' if revision else ''}"):
        return Path(api.snapshot_download(name, repo_type="dataset", revision=revision, allow_patterns=patterns))


@dataclass(frozen=True, slots=True)
class State:
    """State of a repository at the head of a branch."""

    head: str
    """Latest commit of the branch."""
    private: bool
    files: dict[str, tuple[str, str | None]]
    """Git object id of each file, and its SHA-256 if it is stored in LFS; by path."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Repository on the Hub, accessed by one client."""

    api: Any
    name: str
    kind: Kind

    def private(self) -> bool | None:
        """Return True if the repository is private; None if it does not exist or this client has no access to it.

        Raises:
            HubError: If the request fails.
        """
        errors = import_extra("huggingface_hub.errors", "builder", "Using the Hub")
        with hub_errors(f"read {self.name!r}"):
            try:
                return bool(self.api.repo_info(self.name, repo_type=self.kind).private)
            except errors.RepositoryNotFoundError as error:
                if error.response is not None and error.response.status_code == 401:
                    raise
                return None

    def make(self) -> None:
        """Create the repository, public and empty, unless it exists.

        Raises:
            HubError: If it cannot be created.
        """
        sdk = {"space_sdk": "gradio"} if self.kind == "space" else {}
        with hub_errors(f"create {self.name!r}"):
            self.api.create_repo(self.name, repo_type=self.kind, exist_ok=True, **sdk)

    def make_private(self) -> None:
        """Make the repository private.

        Raises:
            HubError: If the request fails.
        """
        with hub_errors(f"make {self.name!r} private"):
            self.api.update_repo_settings(self.name, repo_type=self.kind, private=True)

    def state(self, branch: str) -> State:
        """Return the state of the repository at the head of a branch.

        Raises:
            HubError: If it cannot be read.
        """
        with hub_errors(f"read {self.name!r}"):
            info = self.api.repo_info(self.name, repo_type=self.kind, revision=branch)
            tree = self.api.list_repo_tree(self.name, repo_type=self.kind, revision=info.sha, recursive=True)
            files = {
                item.path: (item.blob_id, item.lfs.sha256 if item.lfs else None)
                for item in tree
                if hasattr(item, "blob_id")
            }
            return State(info.sha, bool(info.private), files)

    def branch(self, name: str) -> None:
        """Create a branch unless it exists.

        Raises:
            HubError: If it cannot be created.
        """
        with hub_errors(f"create the branch {name!r} of {self.name!r}"):
            self.api.create_branch(self.name, repo_type=self.kind, branch=name, exist_ok=True)

    def commit(self, contents: Contents, wanted: Sequence[Entry], state: State, branch: str, message: str) -> str:
        """Replace the contents of a branch in one commit. Make no commit if nothing has changed.

        Args:
            contents: New contents of the branch.
            wanted: Size and hashes of the new contents.
            state: Last known state of the branch.
            branch: Name of the branch.
            message: Commit message.

        Returns:
            The commit at the head of the branch.

        Raises:
            HubError: If the branch has changed since `state` was read, or the request fails.
        """
        changed = [entry.path for entry in wanted if not _same(entry, state.files.get(entry.path))]
        deleted = sorted(set(state.files) - {entry.path for entry in wanted} - _HUB_FILES)
        if not changed and not deleted:
            return state.head
        with hub_errors(f"commit to {self.name!r}"):
            commit = self.api.create_commit(
                self.name,
                _operations(contents, changed, deleted),
                commit_message=message,
                repo_type=self.kind,
                revision=branch,
                parent_commit=state.head,
            )
        return str(commit.oid)

    def tag(self, name: str, commit: str) -> None:
        """Tag a commit, unless it has the tag already.

        Raises:
            HubError: If another commit has the tag, or the request fails.
        """
        with hub_errors(f"tag {self.name!r}"):
            tags = {tag.name: tag.target_commit for tag in self.api.list_repo_refs(self.name, repo_type=self.kind).tags}
            if name not in tags:
                self.api.create_tag(self.name, tag=name, revision=commit, repo_type=self.kind)
        if tags.get(name, commit) != commit:
            raise HubError(
                f"The tag {name!r} of {self.name!r} is at another commit, {tags[name][:8]}, and tags are not moved. "
                "The files are on the branch; give them a new --tag."
            )


def _operations(contents: Contents, changed: Sequence[str], deleted: Sequence[str]) -> list[Any]:
    library = import_extra("huggingface_hub", "builder", "Using the Hub")
    operations: list[Any] = [library.CommitOperationDelete(path_in_repo=path) for path in deleted]
    for path in changed:
        content = contents[path]
        source = content if isinstance(content, bytes) else str(content)
        operations.append(library.CommitOperationAdd(path_in_repo=path, path_or_fileobj=source))
    return operations


def _same(entry: Entry, remote: tuple[str, str | None] | None) -> bool:
    if remote is None:
        return False
    blob_id, sha256 = remote
    return entry.sha256 == sha256 if sha256 else entry.blob_id == blob_id


@contextmanager
def hub_errors(action: str) -> Iterator[None]:
    """Convert errors of the Hub, the connection and the disk to `HubError`.

    Args:
        action: Attempted action as a verb phrase, which follows "Could not".

    Raises:
        HubError: Instead of the exceptions of the client library.
    """
    errors = import_extra("huggingface_hub.errors", "builder", "Using the Hub")
    http_errors = tuple(_http_errors())
    expected: tuple[type[Exception], ...] = (OSError, RuntimeError, ValueError, *http_errors)
    try:
        yield
    except expected as error:
        cause = _root(error, (errors.HfHubHTTPError, OSError, *http_errors))
        response = getattr(cause, "response", None)
        status = response.status_code if response is not None else None
        if isinstance(cause, errors.HFValidationError):
            raise HubError(f"Could not {action}: the name of a repository has the form ORG/NAME.") from None
        if isinstance(cause, errors.LocalTokenNotFoundError):
            status = 401
        elif status is None and isinstance(cause, OSError) and cause.strerror:
            raise HubError(f"Could not {action}: {cause.strerror}. {_RETRY}") from None
        # The cause is dropped, since its text and its request may contain the token.
        raise HubError(f"Could not {action}: {_advice(status, type(cause).__name__)}") from None


def _http_errors() -> Iterator[type[Exception]]:
    """Yield the base errors of the HTTP libraries that versions of the client use."""
    for name in ("httpx2", "httpx"):
        with suppress(ModuleNotFoundError):
            yield importlib.import_module(name).HTTPError


def _root(error: BaseException, kinds: tuple[type[BaseException], ...]) -> BaseException:
    """Return the original error; the client library wraps errors of an upload."""
    while not isinstance(error, kinds) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return error


def _advice(status: int | None, name: str) -> str:
    """Return the cause of a failed request and the next step."""
    known = {
        401: "the token is invalid, or has no access to such a repository. Check the name; log in with "
        "`hf auth login`, or set HF_TOKEN.",
        403: "the token has no write access. Use a token with write access, of a member of the organisation.",
        404: "there is no such repository, or the token has no access to it. Check the name and the access rights.",
        409: f"another change was in progress. {_RETRY}",
        412: f"the repository has changed in the meantime, and nothing was pushed. {_RETRY}",
        413: "a file exceeds the size limit of the Hub.",
        429: f"the rate limit of the Hub is reached. Wait some minutes. {_RETRY}",
    }
    if status in known:
        return known[status]
    if status is not None and status >= 500:
        return f"the Hub had an internal error (status {status}). {_RETRY}"
    if status is not None:
        return f"the Hub refused the request (status {status})."
    return f"the connection failed ({name}). Check the network and HF_ENDPOINT. {_RETRY}"
