"""One repository on the Hub: its state, and a commit that makes it what it is to be.

All that the Hub, or the way to it, can refuse becomes a `HubError` that says what to do; the token is in none of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from builder.errors import HubError
from builder.extras import import_extra

from .repository_contents import Contents, Entry

Kind = Literal["dataset", "space"]
_AGAIN: Final = "Run the same command again: what is there already is not sent twice."
_OWN: Final = frozenset({".gitattributes"})
"""Files of the Hub's own, which no push touches."""


def open_hub() -> Any:
    """A `huggingface_hub.HfApi`, with address and token from the library's usual places."""
    return import_extra("huggingface_hub", "builder", "Talking to the Hub").HfApi(library_name="petoolbench")


def download(api: Any, name: str, revision: str | None, patterns: Sequence[str] | None = None) -> Path:
    """Fetch a data set, or find it in the client's cache; the folder where it lies.

    Args:
        api: The client.
        name: Its repository, ORG/NAME.
        revision: Tag, branch or commit; None for the newest.
        patterns: Of the files that are needed; None for all.

    Raises:
        HubError: If it cannot be fetched.
    """
    with told(f"fetch {name!r}{f' at {revision!r}' if revision else ''}"):
        return Path(api.snapshot_download(name, repo_type="dataset", revision=revision, allow_patterns=patterns))


@dataclass(frozen=True, slots=True)
class State:
    """A repository at the head of a branch."""

    head: str
    private: bool
    files: dict[str, tuple[str, str | None]]
    """Git's id of each file, and the SHA-256 of one that is stored apart (LFS)."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of one kind, as one client sees it."""

    api: Any
    name: str
    kind: Kind

    def private(self) -> bool | None:
        """Whether only its owners see it; None where it does not exist, or this client may not see it.

        Raises:
            HubError: If the Hub cannot be asked.
        """
        errors = import_extra("huggingface_hub.errors", "builder", "Talking to the Hub")
        with told(f"look at {self.name!r}"):
            try:
                return bool(self.api.repo_info(self.name, repo_type=self.kind).private)
            except errors.RepositoryNotFoundError as error:
                if error.response is not None and error.response.status_code == 401:
                    raise
                return None

    def make(self) -> None:
        """Make it, public and empty; nothing where it is there.

        Raises:
            HubError: If it cannot be made.
        """
        sdk = {"space_sdk": "gradio"} if self.kind == "space" else {}
        with told(f"make {self.name!r}"):
            self.api.create_repo(self.name, repo_type=self.kind, exist_ok=True, **sdk)

    def make_private(self) -> None:
        """Hide it from everybody but its owners.

        Raises:
            HubError: If the Hub does not do so.
        """
        with told(f"make {self.name!r} private"):
            self.api.update_repo_settings(self.name, repo_type=self.kind, private=True)

    def state(self, branch: str) -> State:
        """Its state at the head of a branch.

        Raises:
            HubError: If it cannot be read.
        """
        with told(f"read {self.name!r}"):
            info = self.api.repo_info(self.name, repo_type=self.kind, revision=branch)
            tree = self.api.list_repo_tree(self.name, repo_type=self.kind, revision=info.sha, recursive=True)
            files = {
                item.path: (item.blob_id, item.lfs.sha256 if item.lfs else None)
                for item in tree
                if hasattr(item, "blob_id")
            }
            return State(info.sha, bool(info.private), files)

    def branch(self, name: str) -> None:
        """Make a branch; nothing where it is there.

        Raises:
            HubError: If it cannot be made.
        """
        with told(f"make the branch {name!r} of {self.name!r}"):
            self.api.create_branch(self.name, repo_type=self.kind, branch=name, exist_ok=True)

    def commit(self, contents: Contents, wanted: Sequence[Entry], state: State, branch: str, message: str) -> str:
        """Make a branch hold just what is wanted, by one commit; none where it does already.

        Args:
            contents: What it is to hold.
            wanted: Size and hashes of it.
            state: What the branch held when it was looked at.
            branch: Its name.
            message: Of the commit.

        Returns:
            The commit at the head of the branch.

        Raises:
            HubError: If the branch has moved since it was looked at, or the Hub refuses.
        """
        changed = [entry.path for entry in wanted if not _same(entry, state.files.get(entry.path))]
        gone = sorted(set(state.files) - {entry.path for entry in wanted} - _OWN)
        if not changed and not gone:
            return state.head
        library = import_extra("huggingface_hub", "builder", "Talking to the Hub")
        operations: list[Any] = [library.CommitOperationDelete(path_in_repo=path) for path in gone]
        for path in changed:
            content = contents[path]
            source = content if isinstance(content, bytes) else str(content)
            operations.append(library.CommitOperationAdd(path_in_repo=path, path_or_fileobj=source))
        with told(f"commit to {self.name!r}"):
            done = self.api.create_commit(
                self.name,
                operations,
                commit_message=message,
                repo_type=self.kind,
                revision=branch,
                parent_commit=state.head,
            )
        return str(done.oid)

    def tag(self, name: str, commit: str) -> None:
        """Give a commit a name for good; nothing where it has it.

        Raises:
            HubError: If another commit has that name, or the Hub refuses.
        """
        with told(f"tag {self.name!r}"):
            tags = {tag.name: tag.target_commit for tag in self.api.list_repo_refs(self.name, repo_type=self.kind).tags}
            if name not in tags:
                self.api.create_tag(self.name, tag=name, revision=commit, repo_type=self.kind)
        if tags.get(name, commit) != commit:
            raise HubError(
                f"The tag {name!r} of {self.name!r} is at another commit, {tags[name][:8]}, and versions do not move. "
                "What was pushed stands on the branch; give it a new --tag."
            )


def _same(entry: Entry, there: tuple[str, str | None] | None) -> bool:
    if there is None:
        return False
    blob_id, sha256 = there
    return entry.sha256 == sha256 if sha256 else entry.blob_id == blob_id


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn what can go wrong on the way to the Hub into a sentence.

    Args:
        doing: What was to be done, as it stands behind "could not".

    Raises:
        HubError: Instead of what the client library raises.
    """
    errors = import_extra("huggingface_hub.errors", "builder", "Talking to the Hub")
    of_http = tuple(_http_errors())
    refused: tuple[type[Exception], ...] = (OSError, RuntimeError, ValueError, *of_http)
    try:
        yield
    except refused as error:
        cause = _root(error, (errors.HfHubHTTPError, OSError, *of_http))
        response = getattr(cause, "response", None)
        status = response.status_code if response is not None else None
        if isinstance(cause, errors.HFValidationError):
            raise HubError(f"Could not {doing}: a repository is named ORG/NAME.") from None
        if isinstance(cause, errors.LocalTokenNotFoundError):
            status = 401
        elif status is None and isinstance(cause, OSError) and cause.strerror:
            raise HubError(f"Could not {doing}: {cause.strerror}. {_AGAIN}") from None
        # Without the cause: its text and its request may hold the token.
        raise HubError(f"Could not {doing}: {_advice(status, type(cause).__name__)}") from None


def _http_errors() -> Iterator[type[Exception]]:
    """What goes wrong on the way, of the HTTP libraries that the client may be built on: it changed from 1.x to 2."""
    for name in ("httpx2", "httpx"):
        with suppress(ModuleNotFoundError):
            yield importlib.import_module(name).HTTPError


def _root(error: BaseException, kinds: tuple[type[BaseException], ...]) -> BaseException:
    """The error that started it: an upload's failure is wrapped by the client library."""
    while not isinstance(error, kinds) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return error


def _advice(status: int | None, name: str) -> str:
    """What is wrong, and what to do."""
    known = {
        401: "the Hub does not know the token, or shows it no such repository. Check the name; log in by "
        "`hf auth login`, or set HF_TOKEN.",
        403: "the token may not write there. Take a token with the right to write, of a member of the organisation.",
        404: "the Hub has no such repository, or does not show it to this token. Check the name, and who may see it.",
        409: f"another change was under way. {_AGAIN}",
        412: f"the repository has changed since it was looked at, and nothing of it was touched. {_AGAIN}",
        413: "a file is larger than the Hub takes.",
        429: f"the Hub asks for fewer requests. Wait some minutes. {_AGAIN}",
    }
    if status in known:
        return known[status]
    if status is not None and status >= 500:
        return f"the Hub is in trouble (status {status}). {_AGAIN}"
    if status is not None:
        return f"the Hub refuses it (status {status})."
    return f"the connection failed ({name}). Check the network and HF_ENDPOINT. {_AGAIN}"
