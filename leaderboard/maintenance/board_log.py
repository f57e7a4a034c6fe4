"""Submissions and acts of a store as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leaderboard.stores.acts import WORDS, Act, Standing, standings
from leaderboard.stores.store import Store
from leaderboard.stores.stored_records import Outcome, Submission, latest


def submission_lines(store: Store) -> Iterator[str]:
    """Yield a line for each submission, oldest first: id, split, account, system, state and tool accuracy.

    Raises:
        StoreError: If the store cannot be read.
    """
    outcomes, acted = latest(store.outcomes()), standings(store.acts())
    for submission in store.submissions():
        standing = acted.get(submission.id, Standing())
        badge = "reproduced" if standing.reproduced else submission.badge
        yield (
            f"{submission.id}  {submission.split:<10}  {_printable(submission.person.name)}  "
            f"{_printable(submission.system.name)}  {badge}, {_state(submission, outcomes.get(submission.id))}"
            f"{_hidden(standing)}"
        )


def act_lines(store: Store) -> Iterator[str]:
    """Yield a line for each act, oldest first: time, act, submission, maintainer, and the reason or the run.

    Raises:
        StoreError: If the store cannot be read.
    """
    for act in store.acts():
        yield act_line(act)


def act_line(act: Act) -> str:
    """Return an act in words."""
    reason = f": {_printable(act.reason)}" if act.reason else ""
    run = f" (run {act.run.sha256[:12]}: {in_percent(act.run.tool_accuracy)})" if act.run else ""
    return f"{act.created[:19]}Z  {WORDS[act.kind]}: {act.submission_id}, by {_printable(act.by)}{reason}{run}"


def _state(submission: Submission, outcome: Outcome | None) -> str:
    if outcome is None:
        return "pending"
    if outcome.status == "failed":
        return f"failed: {_printable(outcome.reason)}"
    return in_percent(
        {config: outcome.scores[config].tool_accuracy for config in submission.configs if config in outcome.scores}
    )


def _hidden(standing: Standing) -> str:
    act = standing.hidden
    return "" if act is None else f"; hidden by {_printable(act.by)}: {_printable(act.reason)}"


def in_percent(rates: Mapping[str, float]) -> str:
    """Return rates, 0 to 1, by config in words."""
    return ", ".join(f"{config} {100 * rate:.1f} %" for config, rate in rates.items())


def _printable(text: str) -> str:
    """Return a text of a submitter without control characters, which would act on the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
