"""What the server was asked and what it answered."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from .faults import Break, Kind, Status


@dataclass(frozen=True, slots=True)
class Entry:
    """One request."""

    method: str
    path: str
    """Decoded, without the query."""

    kind: Kind | None
    """None where nothing is served under this address."""

    status: int
    """HTTP status of the reply; 0 where the connection was broken instead."""

    user: str | None
    """Whose token it came with; None without a token, or with one that nobody has."""

    fault: Status | Break | None = None
    """The fault that hit it."""


class RequestLog:
    """The requests in the order in which they were done with; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def record(self, entry: Entry) -> None:
        """Add a request."""
        with self._lock:
            self._entries.append(entry)

    def entries(self, *kinds: Kind) -> list[Entry]:
        """All requests; of some kinds only where they are named."""
        with self._lock:
            return [entry for entry in self._entries if not kinds or entry.kind in kinds]

    def kinds(self, without: Iterable[Kind] = ()) -> list[Kind | None]:
        """The kinds of all requests in order, but for some."""
        return [entry.kind for entry in self.entries() if entry.kind not in tuple(without)]

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._entries.clear()
