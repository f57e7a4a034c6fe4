"""What goes wrong, and what happens in between: set by the test for requests of one kind, met in the order set.

A fault that is not yet exhausted keeps the next one for the same requests waiting; what it spares, the next one may hit.
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
"""A broken connection: before the work is done, after it without a reply, within the request's body, within the reply's."""

BREAKS: tuple[Break, ...] = get_args(Break)
Callback = Callable[[], object]

What = TypeVar("What")


class Hit(NamedTuple):
    """What befalls a request."""

    fault: Status | Break
    retry_after: int | None
    """Seconds, told with 429 and 503; None where nothing is told."""


@dataclass(slots=True)
class _Armed(Generic[What]):
    what: What
    kind: Kind
    times: int | None
    after: int
    matching: str

    def takes(self, kind: Kind, line: str) -> bool:
        if kind != self.kind or self.matching not in line or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults and the callbacks that are set; may be used from any thread.

    In all methods `kind` is the kind of the requests, of which only those count that have `matching` in their
    "METHOD /path"; `after` of them are spared, and then so many `times` are hit, or with None all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[_Armed[Hit]] = []
        self._callbacks: list[_Armed[Callback]] = []

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
        """Let requests fail, with a status or a broken connection; with 429 and 503 a time to wait in seconds may go."""
        if kind not in KINDS or fault not in (*STATUSES, *BREAKS):
            raise ValueError(f"no fault {fault!r} of {kind!r}; faults are {(*STATUSES, *BREAKS)}, kinds are {KINDS}")
        with self._lock:
            self._faults.append(_Armed(Hit(fault, retry_after), kind, times, after, matching))

    def on(self, kind: Kind, callback: Callback, *, times: int | None = 1, after: int = 0, matching: str = "") -> None:
        """Call something just before a request is handled, on a thread of its own, where it may ask the server too."""
        if kind not in KINDS:
            raise ValueError(f"no requests of kind {kind!r}; kinds are {KINDS}")
        with self._lock:
            self._callbacks.append(_Armed(callback, kind, times, after, matching))

    def clear(self) -> None:
        """Forget all that was set."""
        with self._lock:
            self._faults.clear()
            self._callbacks.clear()

    def fault(self, kind: Kind, line: str) -> Hit | None:
        """What befalls the request that has arrived, which counts it."""
        with self._lock:
            return next((armed.what for armed in self._faults if armed.takes(kind, line)), None)

    def callbacks(self, kind: Kind, line: str) -> list[Callback]:
        """What is called before the request that has arrived, which counts it."""
        with self._lock:
            return [armed.what for armed in self._callbacks if armed.takes(kind, line)]
