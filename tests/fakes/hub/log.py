"""Log of requests and replies."""

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
    """Decoded path without the query."""

    kind: Kind | None
    """Kind of the route; None for an unknown address."""

    status: int
    """HTTP status of the reply; 0 if the connection was broken."""

    user: str | None
    """User of the token; None without a token or with an unknown one."""

    fault: Status | Break | None = None
    """Injected fault."""


class RequestLog:
    """Requests in the order of their completion. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def record(self, entry: Entry) -> None:
        """Add a request."""
        with self._lock:
            self._entries.append(entry)

    def entries(self, *kinds: Kind) -> list[Entry]:
        """Return all requests, or those of the given kinds."""
        with self._lock:
            return [entry for entry in self._entries if not kinds or entry.kind in kinds]

    def kinds(self, without: Iterable[Kind] = ()) -> list[Kind | None]:
        """Return the kinds of all requests in order, except the excluded ones."""
        return [entry.kind for entry in self.entries() if entry.kind not in tuple(without)]

    def clear(self) -> None:
        """Remove all requests."""
        with self._lock:
            self._entries.clear()
