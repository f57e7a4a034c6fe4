"""One dataset repository on the Hub to which files are only ever added, safely by many at once.

A commit names the head that it was decided on, and the Hub refuses it once the head has moved; then head and files are
read again and it is decided again. So it is where a reply was lost, too: whether the commit happened is seen by its
files.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError

from .store import StoreError

Contents = Mapping[str, Path | bytes]
"""Files to add, by path in the repository."""
_AGAIN: Final = frozenset({408, 409, 412, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same may succeed."""
_LONGEST_WAIT_S: Final = 4.0
_READERS: Final = 8
_SECONDS_OF_TRYING: Final = 120.0


class _LostError(Exception):
    """A commit was refused for now, or its reply was lost; to be decided again after a wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Head:
    """A repository at one commit."""

    commit: str
    private: bool
    paths: frozenset[str]


class HubFiles:
    """Files of one repository; may be used from any thread.

    Args:
        api: A client with the right to read it, and to write it where something is added.
        repository: `ORG/NAME`, a dataset repository.
        patience_s: So long something is tried.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        api: HfApi,
        repository: str,
        *,
        patience_s: float = _SECONDS_OF_TRYING,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._api = api
        self.repository = repository
        self._patience_s = patience_s
        self._sleep = sleep
        self._writing = threading.Lock()
        self._head: Head | None = None
        self._texts: dict[str, bytes] = {}

    def head(self) -> Head:
        """The newest commit and the files it holds.

        Raises:
            StoreError: If it cannot be read.
        """
        with _told(self.repository):
            info = self._api.repo_info(self.repository, repo_type="dataset")
            assert info.sha is not None
            known = self._head
            if known is None or (known.commit, known.private) != (info.sha, bool(info.private)):
                paths = self._api.list_repo_files(self.repository, repo_type="dataset", revision=info.sha)
                known = self._head = Head(info.sha, bool(info.private), frozenset(paths))
            return known

    def read(self, path: str, head: Head) -> bytes:
        """A file.

        Raises:
            StoreError: If it cannot be read.
        """
        with _told(self.repository):
            found = self._api.hf_hub_download(self.repository, path, repo_type="dataset", revision=head.commit)
            return Path(found).read_bytes()

    def read_small(self, paths: Collection[str], head: Head) -> dict[str, bytes]:
        """Some files by path; each is fetched once, since none ever changes.

        Raises:
            StoreError: If one cannot be read.
        """
        missing = [path for path in paths if path not in self._texts]
        with ThreadPoolExecutor(_READERS) as pool:
            for path, content in zip(missing, pool.map(lambda path: self.read(path, head), missing), strict=True):
                self._texts[path] = content
        return {path: self._texts[path] for path in paths}

    def add(self, decide: Callable[[Head], Contents | None], message: str) -> bool:
        """Add files by one commit, on the head that it was decided on.

        Args:
            decide: Says what is to be added, told the head; None for nothing. It is asked again whenever the head has
                moved or a reply was lost, and must look there for what an earlier try may have added.
            message: Of the commit.

        Returns:
            Whether the last try was a commit that the Hub acknowledged; else there was nothing to add.

        Raises:
            StoreError: If it cannot be read or written, or others are always quicker.
        """
        end = time.monotonic() + self._patience_s
        longest = 0.05
        with self._writing:  # the threads of one process need not race one another
            while True:
                head = self.head()
                contents = decide(head)
                if contents is None:
                    return False
                if contents.keys() & head.paths:
                    raise StoreError(f"{self.repository!r} holds {sorted(contents.keys() & head.paths)[0]!r} already.")
                try:
                    with _told(self.repository, committing=True):
                        self._commit(contents, head, message)
                except _LostError as lost:
                    wait = max(lost.wait_s, longest * secrets.randbelow(1000) / 1000)
                    if time.monotonic() + wait > end:
                        raise StoreError(
                            f"{self.repository!r} could not be written for {self._patience_s:.0f} s. Try again later."
                        ) from None
                    self._sleep(wait)
                    longest = min(_LONGEST_WAIT_S, 2 * longest)
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
def _told(repository: str, *, committing: bool = False) -> Iterator[None]:
    """Turn what the client raises into a `StoreError`, or a `_LostError` where a commit may be tried again.

    Neither holds the client's words or its error, as these may hold the token.
    """
    try:
        yield
    except (OSError, RuntimeError, ValueError, httpx2.HTTPError) as error:
        if isinstance(error, StoreError):
            raise
        cause: BaseException = error
        while not isinstance(cause, httpx2.HTTPError) and cause.__cause__ is not None:
            cause = cause.__cause__
        response = cause.response if isinstance(cause, HfHubHTTPError) else None
        status = response.status_code if response is not None else None
        transport = isinstance(cause, httpx2.TransportError)
        if committing and (status in _AGAIN or transport):
            after = response.headers.get("Retry-After", "") if response is not None else ""
            raise _LostError(float(after) if after.isdecimal() else 0.0) from None
        reason = f"status {status}" if status else type(cause).__name__
        raise StoreError(
            f"{repository!r} on the Hub cannot be read or written ({reason}). Nothing was acknowledged; try again, "
            "and check that the repository is there and the token may use it."
        ) from None
