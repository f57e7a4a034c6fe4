"""Acts on submissions that need no answers: hide a row, show it again, withdraw a badge."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

from leaderboard.clock import Clock, stamp, utc_now
from leaderboard.stores.acts import Act, ActKind, RunFacts, Standing, standing_of
from leaderboard.stores.store import Store, UnknownSubmissionError, new_id
from leaderboard.stores.stored_records import Submission

_LONGEST: Final = 500
"""Maximum length of a reason, in characters."""
_NEED_REASON: Final = frozenset({"hidden", "withdrawn"})
"""Acts that are made only with a reason."""
_SUGGESTED: Final = 3
"""Number of ids that are named for an unknown one."""


class ActError(RuntimeError):
    """An act that is not possible; the message states the reason and the next step."""


def hide(store: Store, submission_id: str, *, by: str, reason: str, clock: Clock = utc_now) -> Act:
    """Hide a row of the board. The submission, its file and its scores are kept.

    Args:
        store: Store of the board.
        submission_id: Id of the submission.
        by: Maintainer who acts; shown on the board.
        reason: Reason, which is shown on the board.
        clock: Return the current time.

    Raises:
        UnknownSubmissionError: If there is no such submission.
        ActError: If the row is hidden already, or the reason is empty.
        StoreError: If the store cannot be read or written.
    """
    return record_act(store, submission_id, "hidden", by=by, reason=reason, clock=clock)


def unhide(store: Store, submission_id: str, *, by: str, reason: str = "", clock: Clock = utc_now) -> Act:
    """Show a hidden row again. The arguments and errors are those of `hide`; no reason is needed."""
    return record_act(store, submission_id, "unhidden", by=by, reason=reason, clock=clock)


def withdraw(store: Store, submission_id: str, *, by: str, reason: str, clock: Clock = utc_now) -> Act:
    """Withdraw the badge `reproduced`. The arguments and errors are those of `hide`."""
    return record_act(store, submission_id, "withdrawn", by=by, reason=reason, clock=clock)


def record_act(
    store: Store,
    submission_id: str,
    kind: ActKind,
    *,
    by: str,
    reason: str = "",
    run: RunFacts | None = None,
    clock: Clock = utc_now,
) -> Act:
    """Record an act on a submission, if it changes its standing; decided and stored in one transaction.

    Raises:
        UnknownSubmissionError: If there is no such submission.
        ActError: If the act would change nothing, no maintainer is named, or the reason is missing or not printable.
        StoreError: If the store cannot be read or written.
    """
    reason = _reason(reason, needed=kind in _NEED_REASON)
    find_submission(store, submission_id)
    if not by.strip() or not by.isprintable():
        raise ActError(f"{by!r} names no maintainer. Pass the name of an account with --by.")
    now = clock()
    act = Act(new_id(now), submission_id, kind, by.strip(), stamp(now), reason, run)

    def check(acts: Sequence[Act]) -> None:
        if problem := _problem(kind, standing_of(acts, submission_id), submission_id):
            raise ActError(problem)

    store.act(act, check)
    return act


def find_submission(store: Store, submission_id: str) -> Submission:
    """Return a submission.

    Raises:
        UnknownSubmissionError: If there is none with that id; the message names the nearest ids.
        StoreError: If the store cannot be read.
    """
    submissions = {submission.id: submission for submission in store.submissions()}
    if submission_id in submissions:
        return submissions[submission_id]
    if not submissions:
        raise UnknownSubmissionError("The store holds no submissions. Check --store.")
    nearest = difflib.get_close_matches(submission_id, submissions, _SUGGESTED, cutoff=0.3)
    names = [f"{name} ({submissions[name].system.name[:40]})" for name in nearest or sorted(submissions)[-_SUGGESTED:]]
    raise UnknownSubmissionError(
        f"There is no submission {submission_id[:80]!r}. The nearest ids: {', '.join(names)}. `petoolbench board list` "
        "lists all of them."
    )


def _problem(kind: ActKind, standing: Standing, submission_id: str) -> str | None:
    """Return the reason why an act would change nothing; None if it would."""
    if kind == "hidden" and standing.hidden:
        return f"{submission_id} is hidden already: {_in_words(standing.hidden)}."
    if kind == "unhidden" and not standing.hidden:
        return f"{submission_id} is not hidden. There is nothing to show again."
    if kind == "reproduced" and standing.reproduced:
        return (
            f"{submission_id} has the badge already: {_in_words(standing.reproduced)}. Withdraw it first to replace "
            "the run."
        )
    if kind == "withdrawn" and not standing.reproduced:
        return f"{submission_id} does not have the badge `reproduced`. There is nothing to withdraw."
    if kind == "added" and standing.added:
        return f"{submission_id} was added already: {_in_words(standing.added)}."
    return None


def _in_words(act: Act) -> str:
    return f"by {act.by} on {act.created[:10]}{f', {act.reason!r}' if act.reason else ''}"


def _reason(text: str, *, needed: bool) -> str:
    """Return a reason on one line.

    Raises:
        ActError: If it is empty, too long or not printable.
    """
    line = " ".join(text.split())
    if not line and needed:
        raise ActError("The reason is empty. Give one with --reason; the board shows it.")
    if len(line) > _LONGEST or not line.isprintable():
        raise ActError(f"The reason has {len(line)} characters. Give at most {_LONGEST} printable ones.")
    return line
