"""What the public process knows of the store: read once, then again in the background, so that no reader waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from leaderboard.views import ranking
from leaderboard.views.ranking import Row

from .store import Store, StoreError
from .stored_records import Outcome, Split, Submission, latest

FRESH_S: Final = 3.0
"""Seconds after which the store is looked at again."""
_REMEMBERED: Final = 64
T = TypeVar("T")


class Known(NamedTuple):
    """Submissions and outcomes of one moment."""

    submissions: Sequence[Submission]
    outcomes: Sequence[Outcome]
    latest: Mapping[str, Outcome]
    """The outcome that counts of each submission."""
    by_id: Mapping[str, Submission]


class Snapshot:
    """The store as it was seconds ago; may be used from any thread.

    Args:
        store: What is looked at.
        revision: Of the data that the boards are of.
        clock: Seconds that only grow.

    Raises:
        StoreError: If it cannot be read at the start. Later the last reading stands until one succeeds.
    """

    def __init__(self, store: Store, revision: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._revision = revision
        self._clock = clock
        self._lock = threading.Lock()
        self._known, self._read_at, self._reading = _read(store), clock(), False
        self._changes = 0
        self._rows = self.remembered(self._made)

    def get(self) -> Known:
        """What is known; where it is old it is read again beside this."""
        with self._lock:
            begin = not self._reading and self._clock() - self._read_at > FRESH_S
            self._reading = self._reading or begin
            known = self._known
        if begin:
            threading.Thread(target=self._refresh, daemon=True).start()
        return known

    def renew(self) -> Known:
        """Read the store now.

        Raises:
            StoreError: If it cannot be read.
        """
        known = _read(self._store)
        with self._lock:
            if (known.submissions, known.outcomes) != (self._known.submissions, self._known.outcomes):
                self._known = known
                self._changes += 1
            self._read_at = self._clock()
            return self._known

    def remembered(self, make: Callable[..., T]) -> Callable[..., T]:
        """What makes something of what is known, done once for the same arguments until that changes."""
        kept = lru_cache(maxsize=_REMEMBERED)(lambda _, *arguments: make(*arguments))
        return lambda *arguments: kept(self._changes, *arguments)

    def rows(self, which: str, split: Split, *, every: bool = False) -> Sequence[Row]:
        """Rows of a board, as `ranking.rows` makes them."""
        self.get()
        return self._rows(which, split, every)

    def _made(self, which: str, split: Split, every: bool) -> Sequence[Row]:
        known = self._known
        return ranking.rows(known.submissions, known.outcomes, which, split, self._revision, every=every)

    def _refresh(self) -> None:
        try:
            self.renew()
        except StoreError:
            with self._lock:
                self._read_at = self._clock()
        finally:
            with self._lock:
                self._reading = False


def _read(store: Store) -> Known:
    submissions, outcomes = store.submissions(), store.outcomes()
    return Known(submissions, outcomes, latest(outcomes), {one.id: one for one in submissions})
