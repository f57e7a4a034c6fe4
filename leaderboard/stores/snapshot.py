"""In-memory copy of the store, refreshed in the background so that readers never wait for the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from leaderboard.views import ranking
from leaderboard.views.ranking import Row

from .acts import Act, Standing, standings
from .store import Store, StoreError, Unreadable
from .stored_records import CORE, FULL_SPLIT, Outcome, Split, Submission, latest

FRESH_S: Final = 3.0
"""Seconds after which the store is read again."""
_CACHE_SIZE: Final = 64
T = TypeVar("T")


class StoreContents(NamedTuple):
    """Submissions and outcomes at one moment."""

    submissions: Sequence[Submission]
    outcomes: Sequence[Outcome]
    latest: Mapping[str, Outcome]
    """Current outcome of each submission, by the submission's id."""
    by_id: Mapping[str, Submission]
    """Submissions by id."""
    acts: Sequence[Act] = ()
    """Acts of the maintainers, in the order in which they were recorded."""
    standings: Mapping[str, Standing] = {}
    """Standing of each submission with acts, by the submission's id."""
    unreadable: Sequence[Unreadable] = ()
    """Records that could not be read."""


class Snapshot:
    """Recent copy of the store; thread-safe.

    Args:
        store: Store to read.
        revision: Data revision of the boards.
        clock: Return seconds from a monotonic clock.
        has_core: True if the main figure of the test split is on its core.

    Raises:
        StoreError: If the store cannot be read. If a later read fails, the previous copy stays in use.
    """

    def __init__(
        self,
        store: Store,
        revision: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        has_core: bool = False,
    ) -> None:
        self._store = store
        self._revision = revision
        self._has_core = has_core
        self._clock = clock
        self._lock = threading.Lock()
        self._known, self._read_at, self._reading = _read(store), clock(), False
        self._changes = 0
        self._rows = self.cached(self._ranked)

    def get(self) -> StoreContents:
        """Return the current copy. If it is old, start to read the store again in the background."""
        with self._lock:
            begin = not self._reading and self._clock() - self._read_at > FRESH_S
            self._reading = self._reading or begin
            known = self._known
        if begin:
            threading.Thread(target=self._refresh, daemon=True).start()
        return known

    @property
    def version(self) -> int:
        """Number of changes of the store that were seen."""
        return self._changes

    def renew(self) -> StoreContents:
        """Read the store now and return the new copy.

        Raises:
            StoreError: If the store cannot be read.
        """
        known = _read(self._store)
        with self._lock:
            if known != self._known:
                self._known = known
                self._changes += 1
            self._read_at = self._clock()
            return self._known

    def cached(self, make: Callable[..., T]) -> Callable[..., T]:
        """Return a cached version of a function of the snapshot; the cache is invalidated when the store changes."""
        cached = lru_cache(maxsize=_CACHE_SIZE)(lambda _, *arguments: make(*arguments))
        return lambda *arguments: cached(self._changes, *arguments)

    def rows(self, which: str, split: Split, *, every: bool = False) -> Sequence[Row]:
        """Return the rows of a board, see `ranking.rows`; cached."""
        self.get()
        return self._rows(which, split, every)

    def _ranked(self, which: str, split: Split, every: bool) -> Sequence[Row]:
        known = self._known
        main = CORE if self._has_core and split == "test" else FULL_SPLIT
        return ranking.rows(
            known.submissions,
            known.outcomes,
            which,
            split,
            self._revision,
            every=every,
            main=main,
            standings=known.standings,
        )

    def _refresh(self) -> None:
        try:
            self.renew()
        except StoreError:
            with self._lock:
                self._read_at = self._clock()
        finally:
            with self._lock:
                self._reading = False


def _read(store: Store) -> StoreContents:
    submissions, outcomes, acts = store.submissions(), store.outcomes(), store.acts()
    by_id = {submission.id: submission for submission in submissions}
    return StoreContents(submissions, outcomes, latest(outcomes), by_id, acts, standings(acts), store.unreadable())
