"""How often somebody may submit: a pure function of the time and of what they handed in.

A rolling window, so that no midnight refills it. What failed costs nothing; what waits costs as much as what was
scored, else many could wait at once. Baselines, which nobody hands in, do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from leaderboard.stores.stored_records import Split


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many submissions in any period of this length."""

    count: int
    period: timedelta

    def in_words(self) -> str:
        """The limit as a user reads it."""
        return f"{self.count} in {self.period.days} days" if self.period.days > 1 else f"{self.count} in 24 hours"


Limits = Mapping[Split, Sequence[Limit]]
LIMITS: Final[Limits] = {
    "validation": (Limit(10, timedelta(days=1)),),
    "test": (Limit(1, timedelta(days=1)), Limit(5, timedelta(days=30))),
}


@dataclass(frozen=True, slots=True)
class Past:
    """What a quota needs to know of an earlier submission of the same person."""

    created: datetime
    """With its time zone."""
    split: Split
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether one more submission is allowed, and what is left."""

    allowed: bool
    left: int
    """How many may be handed in now; where one is allowed, it is still counted here."""
    next_at: datetime | None
    """When one more is allowed, where none is now."""
    text: str
    """For the user."""


def decide(now: datetime, past: Sequence[Past], split: Split, limits: Limits = LIMITS) -> Decision:
    """Decide on one more submission.

    Args:
        now: The time, with its zone.
        past: Every earlier submission of the person, in any order; those of other splits are passed over.
        split: What the new one answers.
        limits: By split; all of a split's limits hold.
    """
    counted = sorted(one.created for one in past if one.split == split and not one.failed)
    left, next_at = None, now
    for limit in limits[split]:
        # Exactly one period ago is no longer within it; a time to come, by another machine's clock, is.
        within = [created for created in counted if created > now - limit.period]
        free = max(0, limit.count - len(within))
        left = free if left is None else min(left, free)
        if not free:
            next_at = max(next_at, within[len(within) - limit.count] + limit.period)
    allowed = left is None or left > 0
    rule = " and ".join(limit.in_words() for limit in limits[split])
    if allowed:
        text = f"{left} of the {split} split left now ({rule})." if left is not None else f"No limit on {split}."
        return Decision(True, left or 0, None, text)
    return Decision(
        False,
        0,
        next_at,
        f"The quota of the {split} split is used up ({rule}). The next submission is possible from "
        f"{next_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC. Nothing was handed in.",
    )
