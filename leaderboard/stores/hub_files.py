"""Append-only files in one dataset repository on the Hub, safe for concurrent writers.

Each commit names the head on which it was decided, and the Hub refuses it if the head has moved since. Then the head is
read again and the decision repeated. A lost reply is handled the same way: the files at the new head show whether the
commit happened.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi, constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import repo_folder_name

from .store import StoreError

Contents = Mapping[str, Path | bytes]
"""Files to add, by path in the repository."""
_RETRIED: Final = frozenset({408, 409, 412, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which a commit is retried."""
_FORBIDDEN: Final = 403
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 4.0
_READERS: Final = 8
_TIMEOUT_S: Final = 120.0
_INCOMPLETE: Final = ".incomplete"
"""End of the names of partial files of the Hub's client."""
_INCOMPLETE_S: Final = 86_400.0


class _RetryError(Exception):
    """Commit that was refused for now or whose reply was lost; decide again after a wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Head:
    """Newest commit of a repository."""

    commit: str
    """SHA of the commit."""
    private: bool
    """True if the repository is private."""
    paths: frozenset[str]
    """Paths of all files."""


class HubFiles:
    """Files of one repository; thread-safe.

    Args:
        api: Client that may read the repository, and write it if files are added.
        repository: Dataset repository, `ORG/NAME`.
        patience_s: Seconds for which a commit is retried.
        sleep: Wait for a number of seconds.
    """

    def __init__(
        self,
        api: HfApi,
        repository: str,
        *,
        patience_s: float = _TIMEOUT_S,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._api = api
        self.repository = repository
        self._patience_s = patience_s
        self._sleep = sleep
        self._writing = threading.Lock()
        self._head: Head | None = None
        self._cache: dict[str, bytes] = {}

    def head(self) -> Head:
        """Return the newest commit and the paths of its files.

        Raises:
            StoreError: If the repository cannot be read.
        """
        with _store_errors(self.repository):
            info = self._api.repo_info(self.repository, repo_type="dataset")
            assert info.sha is not None
            head = self._head
            if head is None or (head.commit, head.private) != (info.sha, bool(info.private)):
                paths = self._api.list_repo_files(self.repository, repo_type="dataset", revision=info.sha)
                head = self._head = Head(info.sha, bool(info.private), frozenset(paths))
            return head

    def read(self, path: str, head: Head) -> bytes:
        """Return the content of a file.

        Raises:
            StoreError: If it cannot be read.
        """
        with _store_errors(self.repository):
            return self.downloaded(path, head).read_bytes()

    def downloaded(self, path: str, head: Head) -> Path:
        """Return the path of a file in the cache of the Hub's client.

        Raises:
            StoreError: If it cannot be read.
        """
        with _store_errors(self.repository):
            file = self._api.hf_hub_download(self.repository, path, repo_type="dataset", revision=head.commit)
            return Path(file)

    def delete_incomplete_downloads(self) -> None:
        """Delete partial files that killed downloads left in the cache of the Hub's client, if they are a day old."""
        folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=self.repository, repo_type="dataset")
        oldest = time.time() - _INCOMPLETE_S
        for path in folder.glob(f"blobs/*{_INCOMPLETE}"):
            with suppress(FileNotFoundError):  # renamed or deleted by another process
                if path.stat().st_mtime <= oldest:
                    path.unlink()

    def read_small(self, paths: Collection[str], head: Head) -> dict[str, bytes]:
        """Return the contents of files by path. Each file is fetched once and cached, since files never change.

        Raises:
            StoreError: If a file cannot be read.
        """
        missing = [path for path in paths if path not in self._cache]
        with ThreadPoolExecutor(_READERS) as pool:
            for path, content in zip(missing, pool.map(lambda path: self.read(path, head), missing), strict=True):
                self._cache[path] = content
        return {path: self._cache[path] for path in paths}

    def add(self, decide: Callable[[Head], Contents | None], message: str) -> bool:
        """Add files in one commit on the head on which they were decided.

        Args:
            decide: Return the files to add to a given head, or None for nothing. It is called again whenever the head
                has moved or a reply was lost, so it must check the head for files of an earlier attempt.
            message: Commit message.

        Returns:
            True if the last attempt was a commit that the Hub acknowledged, False if there was nothing to add.

        Raises:
            StoreError: If the repository cannot be read or written, or if other writers always commit first.
        """
        deadline = time.monotonic() + self._patience_s
        longest_wait = _FIRST_WAIT_S
        with self._writing:  # avoids conflicting commits between threads of this process
            while True:
                head = self.head()
                contents = decide(head)
                if contents is None:
                    return False
                if existing := sorted(contents.keys() & head.paths):
                    raise StoreError(f"{self.repository!r} already holds {existing[0]!r}.")
                try:
                    with _store_errors(self.repository, committing=True):
                        self._commit(contents, head, message)
                except _RetryError as error:
                    wait = max(error.wait_s, longest_wait * secrets.randbelow(1000) / 1000)
                    if time.monotonic() + wait > deadline:
                        raise StoreError(
                            f"{self.repository!r} could not be written for {self._patience_s:.0f} s. Try again later."
                        ) from None
                    self._sleep(wait)
                    longest_wait = min(_LONGEST_WAIT_S, 2 * longest_wait)
                else:
                    return True

    def _commit(self, contents: Contents, head: Head, message: str) -> None:
        self._api.create_commit(
            self.repository,
            [
                CommitOperationAdd(path, content if isinstance(content, bytes) else str(content))
                for path, content in sorted(contents.items())
            ],
            commit_message=message,
            repo_type="dataset",
            parent_commit=head.commit,
        )


@contextmanager
def _store_errors(repository: str, *, committing: bool = False) -> Iterator[None]:
    """Convert errors of the Hub client.

    The new error contains neither the client's message nor its exception, since both may contain the token.

    Raises:
        StoreError: For each error of the client.
        _RetryError: Instead, if a commit may succeed when it is retried.
    """
    try:
        yield
    except StoreError:
        raise
    except (OSError, RuntimeError, ValueError, httpx2.HTTPError) as error:
        raise _converted(error, repository, committing=committing) from None


def _cause(error: BaseException) -> BaseException:
    """Return the HTTP error in a chain of causes, or else the last error of the chain."""
    while not isinstance(error, httpx2.HTTPError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _converted(error: Exception, repository: str, *, committing: bool) -> StoreError | _RetryError:
    cause = _cause(error)
    response = cause.response if isinstance(cause, HfHubHTTPError) else None
    status = response.status_code if response is not None else None
    if committing and (status in _RETRIED or isinstance(cause, httpx2.TransportError)):
        retry_after = response.headers.get("Retry-After", "") if response is not None else ""
        return _RetryError(float(retry_after) if retry_after.isdecimal() else 0.0)
    if status == _FORBIDDEN:
        return StoreError(
            f"{repository!r} on the Hub cannot be read or written with this token (status {status}). Nothing was "
            "changed. Use a token with write access, of a member of the organisation."
        )
    reason = f"status {status}" if status else type(cause).__name__
    return StoreError(
        f"{repository!r} on the Hub cannot be read or written ({reason}). Nothing was acknowledged. Check that the "
        "repository exists and that the token has access, then try again."
    )
