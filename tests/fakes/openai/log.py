"""Log of requests and their outcomes, in memory and optionally in a file.

The outcome of a request is `ANSWERED`, the name of its fault, or another constant of this module.
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
"""The reply was sent without a fault."""

REJECTED = "rejected"
"""The request was invalid: a status of 4xx that is not an injected fault."""

ABANDONED = "abandoned"
"""The client closed the connection before the reply was sent."""

SCRIPT_ERROR = "script_error"
"""The reply function of the test raised an exception, or its text did not satisfy the response_format."""

CHAT = "POST /v1/chat/completions"
RESPONSES = "POST /v1/responses"
LINE = "line of a batch"
OPEN = (CHAT, RESPONSES)
COMPLETIONS = (*OPEN, LINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, or one line of a batch."""

    endpoint: str
    """Method and route, or `LINE` for a line of a batch."""

    content: str
    """Hash of the content of the request."""

    attempt: int
    """Number of arrivals of this content, from 1. Chat completions and lines of batches are counted together."""

    done: str
    """Outcome: `ANSWERED`, the name of a fault, or another constant of this module."""

    in_flight: int = 0
    """Number of open chat completions including this one at its arrival; 0 for other endpoints."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    """Tokens reported in `usage`; 0 without a reply."""

    arrived_s: float = 0.0
    """Seconds since the server started."""


NAMES = tuple(field.name for field in fields(Entry))


class Visit(NamedTuple):
    """An arrived request that is not yet recorded."""

    endpoint: str
    content: str
    attempt: int
    in_flight: int
    arrived_s: float


class RequestLog:
    """Log of requests. Thread-safe.

    Args:
        file: File to which each entry is appended as a line of JSON, before the reply is sent.
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
        """Read the log file of another process. An incomplete last line is ignored."""
        log = cls()
        complete = file.read_text(encoding="utf-8").rpartition("\n")[0]
        log._entries = [Entry(**json.loads(line)) for line in complete.splitlines()]
        log._requests = sum(entry.endpoint != LINE for entry in log._entries)
        log._peak = max((entry.in_flight for entry in log._entries), default=0)
        return log

    def arrive(self, endpoint: str, content: str) -> Visit:
        """Count an arriving request and return its visit with the attempt number."""
        with self._lock:
            key = (endpoint in COMPLETIONS, content)
            self._attempts[key] += 1
            self._requests += endpoint != LINE
            self._open += endpoint in OPEN
            self._peak = max(self._peak, self._open)
            in_flight = self._open if endpoint in OPEN else 0
            return Visit(endpoint, content, self._attempts[key], in_flight, round(monotonic() - self._start, 4))

    def record(self, visit: Visit, done: str, prompt_tokens: int = 0, completion_tokens: int = 0) -> None:
        """Record the outcome of a visit."""
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
        """Return the seconds since the arrival of a visit."""
        return monotonic() - self._start - visit.arrived_s

    def leave(self, visit: Visit) -> None:
        """Mark a visit as finished."""
        with self._lock:
            self._open -= visit.endpoint in OPEN

    def close(self) -> None:
        """Close the file. The entries remain in memory."""
        with self._lock:
            if self._stream:
                self._stream.close()
                self._stream = None

    @property
    def requests(self) -> int:
        """Number of HTTP requests to all endpoints. Lines of batches are not counted."""
        with self._lock:
            return self._requests

    @property
    def peak(self) -> int:
        """Maximum number of concurrent chat completions."""
        with self._lock:
            return self._peak

    def entries(self, endpoints: Iterable[str] = ()) -> list[Entry]:
        """Return all entries in order, or those of the given endpoints."""
        selected = set(endpoints)
        with self._lock:
            return [entry for entry in self._entries if not selected or entry.endpoint in selected]

    def completions(self) -> list[Entry]:
        """Return the entries of chat completions, requested directly or in batches."""
        return self.entries(COMPLETIONS)

    def done(self) -> Counter[str]:
        """Return the number of completions by outcome."""
        return Counter(entry.done for entry in self.completions())

    def answered_twice(self) -> list[str]:
        """Return the sorted content hashes of completions that were answered more than once."""
        answers = Counter(entry.content for entry in self.completions() if entry.done == ANSWERED)
        return sorted(content for content, count in answers.items() if count > 1)
