"""Where submissions and outcomes are kept: the protocol, of which there are two homes.

`store_local.py` keeps them in a folder of this machine, `store_hub.py` in two repositories on the Hub. In both,
records are only ever added; whoever cannot read the store gets a `StoreError`, never an empty store, so that no quota
is granted for want of knowledge.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from leaderboard.submissions.quota import Decision, Past

from .stored_records import Outcome, Submission, Tallies

Decide = Callable[[Sequence[Past]], Decision]
"""Decides on one more submission, told the person's earlier ones; may be called more than once."""
_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{16}", re.ASCII)
_TIME: Final = "%Y%m%dT%H%M%SZ"


class StoreError(RuntimeError):
    """The store cannot be read or written; nothing was acknowledged."""


class UnknownSubmissionError(StoreError):
    """There is no such submission, or its predictions are not kept here."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What somebody gets whose file was acknowledged; the store holds it by then."""

    submission: Submission
    quota: Decision
    """As it was when this was decided on; `left` counts this submission still."""

    @property
    def left(self) -> int:
        """Submissions of the same split that are left now."""
        return max(0, self.quota.left - 1)


class Store(Protocol):
    """Keeps submissions, their predictions and outcomes; any thread and any number of processes may use one home.

    Every method raises `StoreError` where the home cannot be read or written.
    """

    def submit(self, submission: Submission, file: Path | None, decide: Decide) -> Receipt | Decision:
        """Take in a submission, if the quota allows it: deciding and keeping are one transaction.

        Args:
            submission: With an id of `new_id`. One whose id is there already is acknowledged again, and kept once.
            file: The predictions; None where they must not lie here (a baseline that knows the test answers).
            decide: Decides on it.

        Returns:
            The receipt; or the decision, where it is a refusal.
        """

    def past(self, sub: str) -> list[Past]:
        """What a person handed in, by `Person.sub`; baselines are left out."""

    def submissions(self) -> list[Submission]:
        """Every submission, in the order of their ids, which begin with the time."""

    def outcomes(self) -> list[Outcome]:
        """Every outcome, the oldest first; of a submission the last one counts: `records.latest`."""

    def pending(self) -> list[Submission]:
        """Submissions without any outcome, baselines left out."""

    def predictions(self, submission_id: str) -> bytes:
        """The file as it was handed in.

        Raises:
            UnknownSubmissionError: If there is none.
        """

    def record(self, outcome: Outcome, tallies: Tallies | None = None) -> bool:
        """Add an outcome, once: one with the same `key` is there or is added, whoever else adds it at the same time.

        Args:
            outcome: Of a submission that is there.
            tallies: What comparing it needs; kept apart, and not public.

        Returns:
            Whether it was added by this call.
        """

    def tallies(self, submission_id: str) -> Tallies | None:
        """Those of the last outcome that has some."""


def new_id(now: datetime) -> str:
    """An id of a submission: the time in UTC, to the second, and 16 random hexadecimal digits."""
    return f"{now.astimezone(UTC).strftime(_TIME)}-{secrets.token_hex(8)}"


def check_id(text: str) -> str:
    """The id itself, if it is one.

    Raises:
        UnknownSubmissionError: If it is none: it came from outside, and must not become part of a path.
    """
    if not _ID.fullmatch(text):
        raise UnknownSubmissionError(f"{text[:80]!r} is no id of a submission. Take it from a receipt.")
    return text


def time_of(submission: Submission) -> datetime:
    """When it was made."""
    return datetime.fromisoformat(submission.created)


def past_of(submissions: Iterable[Submission], outcomes: Sequence[Outcome]) -> list[Past]:
    """What a quota needs to know of a person's submissions.

    Args:
        submissions: Those of one person.
        outcomes: Of these and any others, the oldest first. What failed once and was scored later counts.
    """
    scored = {one.submission_id for one in outcomes if one.status == "scored"}
    failed = {one.submission_id for one in outcomes if one.status == "failed"} - scored
    return [Past(time_of(one), one.split, one.id in failed) for one in submissions if one.badge != "baseline"]
