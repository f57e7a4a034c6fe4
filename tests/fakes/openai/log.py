"""What the server was asked and what it did about it, kept in memory and, if wanted, in a file.

A request is *answered* where it got a clean reply; every other end is named by its fault, or is one of the words below.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from time import monotonic
from typing import NamedTuple, TextIO

ANSWERED = "answered"
REJECTED = "rejected"
"""The request was wrong: a status of 4xx that is not a fault."""

ABANDONED = "abandoned"
"""The client closed the connection while its reply was being grouped."""

SCRIPT_ERROR = "script_error"
"""The test's own reply function raised, or its text did not satisfy the response_format."""

CHAT = "POST /v1/chat/completions"
LINE = "line of a batch"
COMPLETIONS = (CHAT, LINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, or one line of a batch."""

    endpoint: str
    """Method and route, or `LINE`."""

    content: str
    """Hash of what was asked."""

    attempt: int
    """How often this endpoint's kind had been asked this content, counted from 1."""

    done: str
    """`ANSWERED`, the name of the fault, or another word of this module."""

    in_flight: int = 0
    """Chat completions open when this one arrived, with this one; 0 for other endpoints."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    """Tokens told to the client in `usage`; 0 where no reply was made."""

    arrived_s: float = 0.0
    """Seconds since the server started."""


NAMES = tuple(one.name for one in fields(Entry))


class Visit(NamedTuple):
    """A request that has arrived and is not yet recorded."""

    endpoint: str
    content: str
    attempt: int
    in_flight: int
    arrived_s: float


class RequestLog:
    """The entries and what can be told from them; may be used from any thread.

    Args:
        file: Where each entry is appended as a line of JSON, flushed before the client can see the reply.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._attempts: Counter[tuple[bool, str]] = Counter()
        self._requests = self._open = self._peak = 0
        self._start = monotonic()
        self._stream: TextIO | None = file.open("a", encoding="utf-8") if file else None

    @classmethod
    def read(cls, file: Path) -> RequestLog:
        """The log that another process has written so far; a last line that is not whole is left out."""
        log = cls()
        whole = file.read_text(encoding="utf-8").rpartition("\n")[0]
        log._entries = [Entry(**json.loads(line)) for line in whole.splitlines()]
        log._requests = sum(entry.endpoint != LINE for entry in log._entries)
        log._peak = max((entry.in_flight for entry in log._entries), default=0)
        return log

    def arrive(self, endpoint: str, content: str) -> Visit:
        """Count a request, and say which attempt of its content it is."""
        with self._lock:
            key = (endpoint in COMPLETIONS, content)
            self._attempts[key] += 1
            self._requests += endpoint != LINE
            self._open += endpoint == CHAT
            self._peak = max(self._peak, self._open)
            in_flight = self._open if endpoint == CHAT else 0
            return Visit(endpoint, content, self._attempts[key], in_flight, round(monotonic() - self._start, 4))

    def record(self, visit: Visit, done: str, prompt_tokens: int = 0, completion_tokens: int = 0) -> None:
        """Say what was done about a visit."""
        entry = Entry(
            visit.endpoint,
            visit.content,
            visit.attempt,
            done,
            visit.in_flight,
            prompt_tokens,
            completion_tokens,
            visit.arrived_s,
        )
        with self._lock:
            self._entries.append(entry)
            if self._stream:
                self._stream.write(json.dumps({name: getattr(entry, name) for name in NAMES}) + "\n")
                self._stream.flush()

    def age_s(self, visit: Visit) -> float:
        """Seconds since a visit's arrival."""
        return monotonic() - self._start - visit.arrived_s

    def leave(self, visit: Visit) -> None:
        """Say that a visit is over."""
        with self._lock:
            self._open -= visit.endpoint == CHAT

    def close(self) -> None:
        """Close the file; the entries stay."""
        with self._lock:
            if self._stream:
                self._stream.close()
                self._stream = None

    @property
    def requests(self) -> int:
        """HTTP requests of all endpoints that have arrived; lines of batches are none."""
        with self._lock:
            return self._requests

    @property
    def peak(self) -> int:
        """The most chat completions that were open at once."""
        with self._lock:
            return self._peak

    def entries(self, endpoints: Iterable[str] = ()) -> list[Entry]:
        """What has been recorded, in that order; of some endpoints only where they are named."""
        wanted = set(endpoints)
        with self._lock:
            return [entry for entry in self._entries if not wanted or entry.endpoint in wanted]

    def completions(self) -> list[Entry]:
        """The entries of chat completions, asked for directly or in batches."""
        return self.entries(COMPLETIONS)

    def done(self) -> Counter[str]:
        """How many completions ended in which way."""
        return Counter(entry.done for entry in self.completions())

    def answered_twice(self) -> list[str]:
        """Content hashes of completions that were answered cleanly more than once, sorted."""
        answers = Counter(entry.content for entry in self.completions() if entry.done == ANSWERED)
        return sorted(content for content, count in answers.items() if count > 1)
