"""The time at which something is recorded; tests pass a clock of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def stamp(time: datetime) -> str:
    """Return a time as it is stored in records."""
    return time.isoformat(timespec="milliseconds")
