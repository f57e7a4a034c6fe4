"""Where files are handed in: the one door behind the page, the API and the command line.

Nothing here asks who somebody is: the caller says, and gives nobody a person who is not signed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from leaderboard.public_data import Data
from leaderboard.stores.store import Receipt, Store, new_id
from leaderboard.stores.stored_records import HISTORIES_SHOWN, OVERALL, Outcome, Person, Split, Submission

from . import quota
from .quota import Decision
from .system_form import read_system
from .validation import LIMITS, Checked, Terms, check

SHOWN: Final = 50
"""Submissions of a person that are listed, the latest ones."""


class Desk:
    """Checks files and takes them in.

    Args:
        store: Where they go.
        data: What they answer.
        scorer_version: Of the scorer of today, for the receipt.
        clock: Tells the time, with its zone.
    """

    def __init__(
        self, store: Store, data: Data, scorer_version: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.store = store
        self.data = data
        self.scorer_version = scorer_version
        self._clock = clock

    def check(self, file: Path | None, split: Split, fields: Mapping[str, Any]) -> tuple[Checked | None, list[str]]:
        """All that is wrong with a file and with what is said of its system; nothing is kept.

        Args:
            file: Predictions; None where none was chosen.
            split: What they answer.
            fields: What was filled in, by the names of `System`.

        Returns:
            What the file is worth, and the problems, a line each; none where it can be handed in.
        """
        system = read_system(fields)
        problems = list(system) if isinstance(system, list) else []
        if file is None:
            return None, [*problems, "file: none was chosen. Choose a file of JSON lines."]
        history = next((one for one in HISTORIES_SHOWN if one == fields.get("history", "own")), None)
        checked = check(file, self.data.ids(split), LIMITS, Terms(self.data.revision, split, history))
        return checked, [*problems, *([] if checked.ok else checked.report())]

    def hand_in(
        self, person: Person, file: Path | None, split: Split, fields: Mapping[str, Any]
    ) -> Receipt | Decision | list[str]:
        """Take in a file.

        Args:
            person: Who is signed in.
            file: Predictions.
            split: What they answer.
            fields: What was filled in, by the names of `System`.

        Returns:
            The receipt; or the refusal by the quota; or the problems. Neither of these costs anything.

        Raises:
            StoreError: If it could not be kept: nothing was handed in.
        """
        checked, problems = self.check(file, split, fields)
        system = read_system(fields)
        if problems or checked is None or file is None or isinstance(system, list):
            return problems
        now = self._clock()
        submission = Submission(
            id=new_id(now),
            person=person,
            system=system,
            split=split,
            configs=checked.configs,
            sha256=checked.sha256,
            size=checked.size,
            data_revision=self.data.revision,
            scorer_version=self.scorer_version,
            created=now.isoformat(timespec="milliseconds"),
        )
        return self.store.submit(submission, file, lambda past: quota.decide(now, past, split))

    def quota(self, person: Person, split: Split) -> Decision:
        """What a person may hand in now.

        Raises:
            StoreError: If the store cannot be read.
        """
        return quota.decide(self._clock(), self.store.past(person.sub), split)


def receipt_of(receipt: Receipt) -> dict[str, Any]:
    """A receipt, as the page and the API give it."""
    one = receipt.submission
    return {
        "submission_id": one.id,
        "system": one.system.name,
        "account": one.person.name,
        "split": one.split,
        "configs": list(one.configs),
        "sha256": one.sha256,
        "bytes": one.size,
        "data_revision": one.data_revision,
        "scorer_version": one.scorer_version,
        "created": one.created,
        "quota_left": receipt.left,
        "status": "pending",
    }


def status_of(submission: Submission, outcome: Outcome | None) -> dict[str, Any]:
    """How far a submission is, as the page and the API tell it."""
    found: dict[str, Any] = {
        "submission_id": submission.id,
        "system": submission.system.name,
        "split": submission.split,
        "created": submission.created,
        "sha256": submission.sha256,
        "status": "pending" if outcome is None else outcome.status,
    }
    if outcome is not None and outcome.reason:
        found["reason"] = outcome.reason
    if outcome is not None and outcome.status == "scored":
        found["tool_accuracy"] = {config: one.tool_accuracy for config, one in outcome.scores.items()}
        if outcome.overall:
            found["tool_accuracy"][OVERALL] = outcome.overall["tool_accuracy"]
    return found
