"""Submission quotas, computed from the time and a person's earlier submissions alone.

Each limit counts submissions in a rolling window, so there is no reset at midnight. Failed submissions do not count.
Pending ones count like scored ones, which bounds how many can be pending. Baselines do not count: nobody submits them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from leaderboard.stores.stored_records import Split


@dataclass(frozen=True, slots=True)
class Limit:
    """Maximum number of submissions in any window of a given length."""

    count: int
    period: timedelta

    def in_words(self) -> str:
        """Return the limit as text for users."""
        return f"{self.count} in {self.period.days} days" if self.period.days > 1 else f"{self.count} in 24 hours"


Limits = Mapping[Split, Sequence[Limit]]
LIMITS: Final[Limits] = {
    "validation": (Limit(10, timedelta(days=1)),),
    "test": (Limit(1, timedelta(days=1)), Limit(5, timedelta(days=30))),
}


@dataclass(frozen=True, slots=True)
class PastSubmission:
    """Fields of an earlier submission that the quota depends on."""

    created: datetime
    """Time of the submission, timezone-aware."""
    split: Split
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision on one more submission."""

    allowed: bool
    left: int
    """Number of submissions allowed now, including the one decided on."""
    next_at: datetime | None
    """Earliest time of the next submission if none is allowed now, else None."""
    text: str
    """Explanation for the user."""


def decide(now: datetime, past: Sequence[PastSubmission], split: Split, limits: Limits = LIMITS) -> Decision:
    """Decide whether a person may submit once more.

    Args:
        now: Current time, timezone-aware.
        past: All earlier submissions of the person, in any order. Those of other splits are ignored.
        split: Split of the new submission.
        limits: Limits by split; all limits of a split apply.

    Returns:
        The decision, with the remaining number of submissions and the time of the next one.
    """
    times = sorted(earlier.created for earlier in past if earlier.split == split and not earlier.failed)
    windows = [_window(now, times, limit) for limit in limits[split]]
    if not windows:
        return Decision(True, 0, None, f"No limit on {split}.")
    rule = " and ".join(limit.in_words() for limit in limits[split])
    left = min(free for free, _ in windows)
    if left:
        return Decision(True, left, None, f"{left} of the {split} split left now ({rule}).")
    next_at = max(free_at for _, free_at in windows)
    return Decision(
        False,
        0,
        next_at,
        f"The quota of the {split} split is used up ({rule}). The next submission is possible from "
        f"{next_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC. Nothing was submitted.",
    )


def _window(now: datetime, times: Sequence[datetime], limit: Limit) -> tuple[int, datetime]:
    """Return the number of submissions that a limit leaves now, and the time from which it allows one.

    Args:
        now: Current time.
        times: Times of the counted submissions, sorted.
        limit: The limit.
    """
    # A submission exactly one period ago is outside the window; one in the future, from a fast clock, is inside.
    counted = [created for created in times if created > now - limit.period]
    free = max(0, limit.count - len(counted))
    return free, now if free else counted[len(counted) - limit.count] + limit.period
