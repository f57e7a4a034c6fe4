"""Protocol of the stores of submissions and outcomes.

There are two implementations: `local_store` keeps records in a local folder, `hub_store` in two repositories on the
Hub. In both, records are only added, never changed. A store that cannot be read raises `StoreError` and never looks
empty, so that no quota is granted without knowing the earlier submissions.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from leaderboard.submissions.quota import Decision, PastSubmission

from .acts import Act
from .stored_records import Outcome, Submission, Tallies

Decide = Callable[[Sequence[PastSubmission]], Decision]
"""Decide on a further submission, given the person's earlier ones. May be called more than once."""
_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{16}", re.ASCII)
_NAMED: Final = 5
"""Number of unreadable records that a message names."""
_TIME: Final = "%Y%m%dT%H%M%SZ"


class StoreError(RuntimeError):
    """Failure to read or write the store; the operation was not acknowledged."""


class UnknownSubmissionError(StoreError):
    """Unknown submission, or one whose predictions the store does not hold."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Record of the store that cannot be read, or that is missing."""

    file: str
    """Path of its file in the store, or table and number of its row."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file} ({self.reason})"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Acknowledgement of a submission that the store holds."""

    submission: Submission
    quota: Decision
    """Decision that allowed the submission; its `left` includes this submission."""

    @property
    def left(self) -> int:
        """Number of submissions of the same split that are still allowed now."""
        return max(0, self.quota.left - 1)


class Store(Protocol):
    """Store of submissions, their predictions and outcomes, safe for concurrent threads and processes.

    Every method raises `StoreError` if the store cannot be read or written.
    """

    def submit(self, submission: Submission, file: Path | None, decide: Decide) -> Receipt | Decision:
        """Add a submission if the quota allows it, deciding and storing in one transaction.

        Args:
            submission: Submission with an id from `new_id`. If the id is already stored, it is acknowledged again and
                not stored twice.
            file: Predictions file, or None if it must not be stored (a baseline that contains the test answers).
            decide: Quota decision.

        Returns:
            The receipt, or the decision if the submission is refused.
        """

    def past(self, sub: str) -> list[PastSubmission]:
        """Return the earlier submissions of a person, by `Person.sub`, without baselines."""

    def submissions(self) -> list[Submission]:
        """Return all submissions in the order of their ids, which start with the time, without unreadable ones."""

    def outcomes(self) -> list[Outcome]:
        """Return all outcomes, oldest first, without unreadable ones.

        `stored_records.latest` selects the current one of each submission.
        """

    def unreadable(self) -> list[Unreadable]:
        """Return the records that `submissions` and `outcomes` leave out, and those that are missing."""

    def pending(self) -> list[Submission]:
        """Return the submissions without an outcome, without baselines."""

    def predictions(self, submission_id: str) -> bytes:
        """Return the submitted file.

        Raises:
            UnknownSubmissionError: If the store does not hold it.
        """

    def predictions_file(self, submission_id: str) -> Path:
        """Return the path of the submitted file on this machine; the file must not be changed.

        Raises:
            UnknownSubmissionError: If the store does not hold it.
        """

    def record(self, outcome: Outcome, tallies: Tallies | None = None) -> bool:
        """Add an outcome unless one with the same `key` exists, also under concurrent calls.

        Args:
            outcome: Outcome of a stored submission.
            tallies: Data for comparisons, stored separately and privately.

        Returns:
            True if this call added the outcome.
        """

    def tallies(self, submission_id: str) -> Tallies | None:
        """Return the tallies of the latest outcome that has any."""

    def acts(self) -> list[Act]:
        """Return all acts of the maintainers, in the order in which they were recorded."""

    def act(self, act: Act, check: Callable[[Sequence[Act]], None]) -> None:
        """Add an act of a maintainer, checking and storing in one transaction.

        Args:
            act: Act on a stored submission.
            check: Called with the earlier acts, perhaps more than once; it raises an error if the act is not possible.
        """


def new_id(now: datetime) -> str:
    """Return a new submission id: the UTC time in seconds and 16 random hexadecimal digits."""
    return f"{now.astimezone(UTC).strftime(_TIME)}-{secrets.token_hex(8)}"


def check_id(text: str) -> str:
    """Return a submission id unchanged if it is well-formed.

    Raises:
        UnknownSubmissionError: If it is malformed. Ids from users become parts of paths.
    """
    if not _ID.fullmatch(text):
        raise UnknownSubmissionError(f"{text[:80]!r} is not a submission id. Copy the id from a receipt.")
    return text


def in_words(unreadable: Sequence[Unreadable]) -> str:
    """Return a sentence that names the records of a store that cannot be read; empty if there are none."""
    if not unreadable:
        return ""
    count = "1 record" if len(unreadable) == 1 else f"{len(unreadable)} records"
    named = ", ".join(map(str, unreadable[:_NAMED]))
    rest = f" and {len(unreadable) - _NAMED} more" if len(unreadable) > _NAMED else ""
    return f"{count} of the store cannot be read: {named}{rest}. All others were read."


def time_of(submission: Submission) -> datetime:
    """Return the time of a submission, timezone-aware."""
    return datetime.fromisoformat(submission.created)


def past_of(submissions: Iterable[Submission], outcomes: Sequence[Outcome]) -> list[PastSubmission]:
    """Return the quota's view of a person's submissions.

    Args:
        submissions: Submissions of one person.
        outcomes: Outcomes, of these and any other submissions. A submission that failed once and was scored later
            counts as scored.
    """
    scored = {outcome.submission_id for outcome in outcomes if outcome.status == "scored"}
    failed = {outcome.submission_id for outcome in outcomes if outcome.status == "failed"} - scored
    return [
        PastSubmission(time_of(submission), submission.split, submission.id in failed)
        for submission in submissions
        if submission.badge != "baseline"
    ]
