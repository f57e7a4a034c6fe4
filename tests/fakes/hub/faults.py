"""Fault injection: failures and callbacks that a test sets for the requests of one kind.

If several faults match a request, the one that was set first applies. A request that it skips can still meet the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar, get_args

Kind = Literal[
    "whoami", "create", "delete", "settings", "validate_yaml", "auth_check", "info", "refs", "commits", "tree", "paths_info",
    "resolve", "preupload", "lfs_batch", "lfs_upload", "commit", "branch", "tag",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

Status = Literal[401, 403, 404, 409, 412, 429, 500, 503]
STATUSES: tuple[Status, ...] = get_args(Status)
Break = Literal["dropped_before", "dropped_after", "upload_cut", "download_cut"]
"""Broken connections.

`dropped_before`: before the request is handled. `dropped_after`: after it is handled, without a reply. `upload_cut`: in
the body of the request. `download_cut`: in the body of the reply.
"""

BREAKS: tuple[Break, ...] = get_args(Break)
Callback = Callable[[], object]

_Effect = TypeVar("_Effect")


class Hit(NamedTuple):
    """Fault of one request."""

    fault: Status | Break
    retry_after: int | None
    """Value of the Retry-After header of a 429 or 503, in seconds; None for no header."""


@dataclass(slots=True)
class _Rule(Generic[_Effect]):
    """A fault or callback with the filter that selects its requests."""

    effect: _Effect
    kind: Kind
    times: int | None
    after: int
    matching: str

    def applies(self, kind: Kind, line: str) -> bool:
        if kind != self.kind or self.matching not in line or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """Active faults and callbacks. Thread-safe.

    All methods take the same filter: requests of a `kind` whose "METHOD /path" contains `matching`. The first `after`
    of them are skipped, then `times` of them are hit; None means all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[_Rule[Hit]] = []
        self._callbacks: list[_Rule[Callback]] = []

    def fail(
        self,
        kind: Kind,
        fault: Status | Break,
        *,
        times: int | None = 1,
        after: int = 0,
        matching: str = "",
        retry_after: int | None = None,
    ) -> None:
        """Make requests fail with a status or a broken connection. `retry_after` is sent with 429 and 503, in seconds."""
        if kind not in KINDS or fault not in (*STATUSES, *BREAKS):
            raise ValueError(f"Unknown fault {fault!r} for {kind!r}. Faults: {(*STATUSES, *BREAKS)}. Kinds: {KINDS}.")
        with self._lock:
            self._faults.append(_Rule(Hit(fault, retry_after), kind, times, after, matching))

    def on(self, kind: Kind, callback: Callback, *, times: int | None = 1, after: int = 0, matching: str = "") -> None:
        """Call a function just before a request is handled. It runs in another thread and may use the server itself."""
        if kind not in KINDS:
            raise ValueError(f"Unknown kind {kind!r}. Kinds: {KINDS}.")
        with self._lock:
            self._callbacks.append(_Rule(callback, kind, times, after, matching))

    def clear(self) -> None:
        """Remove all faults and callbacks."""
        with self._lock:
            self._faults.clear()
            self._callbacks.clear()

    def fault(self, kind: Kind, line: str) -> Hit | None:
        """Return the fault of an arriving request, and count the request."""
        with self._lock:
            return next((rule.effect for rule in self._faults if rule.applies(kind, line)), None)

    def callbacks(self, kind: Kind, line: str) -> list[Callback]:
        """Return the callbacks for an arriving request, and count the request."""
        with self._lock:
            return [rule.effect for rule in self._callbacks if rule.applies(kind, line)]
