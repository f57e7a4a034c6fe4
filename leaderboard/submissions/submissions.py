"""Submission of predictions files, shared by the page, the API and the command line.

Callers authenticate the person first; nothing here does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from leaderboard.clock import Clock, stamp, utc_now
from leaderboard.ladder import may_be_shown, withheld
from leaderboard.public_data import Data
from leaderboard.stores.acts import Standing
from leaderboard.stores.store import Receipt, Store, new_id
from leaderboard.stores.stored_records import HISTORIES_SHOWN, OVERALL, Outcome, Person, Split, Submission

from . import quota
from .check_process import CheckProcesses
from .quota import Decision
from .system_form import read_system
from .validation import CheckResult, SubmissionTerms

SHOWN: Final = 50
"""Maximum number of a person's submissions in a listing; the latest are kept."""
_STEPS: Final = (
    "The test split shows one tool accuracy per config, in steps, and only if it is a step above the best one of the "
    "account and above a guess, so that scores do not reveal answers. The status says whether it does."
)
_AWAITING: Final = "The figures of this submission are shown once it is scored again with the current scorer."


class SubmissionService:
    """Checks predictions files and stores them as submissions.

    Args:
        store: Store for the submissions.
        data: Data set that they answer.
        scorer_version: Version of the current scorer, for receipts.
        clock: Return the current time, timezone-aware.
        processes: Processes that check files.
    """

    def __init__(
        self,
        store: Store,
        data: Data,
        scorer_version: str,
        clock: Clock = utc_now,
        processes: CheckProcesses | None = None,
    ) -> None:
        self.store = store
        self.data = data
        self.scorer_version = scorer_version
        self._clock = clock
        self._processes = processes or CheckProcesses()

    def check(self, file: Path | None, split: Split, fields: Mapping[str, Any]) -> tuple[CheckResult | None, list[str]]:
        """Find all problems of a file and of the description of its system; nothing is stored.

        Args:
            file: Predictions file, or None if none was chosen.
            split: Split that it answers.
            fields: Form values by the field names of `System`.

        Returns:
            The result of the check without the texts of the predictions, or None without a file, and all problems, one
            per line. Without problems the file can be submitted.
        """
        system = read_system(fields)
        problems = list(system) if isinstance(system, list) else []
        if file is None:
            return None, [*problems, "file: none was chosen. Choose a JSON Lines file."]
        history = next((history for history in HISTORIES_SHOWN if history == fields.get("history", "own")), None)
        terms = SubmissionTerms(self.data.revision, split, history)
        checked = self._processes.check(file, self.data.ids(split), terms, self.data.core_ids(split))
        return checked, [*problems, *([] if checked.ok else checked.report())]

    def submit(
        self, person: Person, file: Path | None, split: Split, fields: Mapping[str, Any]
    ) -> Receipt | Decision | list[str]:
        """Submit a file.

        Args:
            person: Person who is signed in.
            file: Predictions file.
            split: Split that it answers.
            fields: Form values by the field names of `System`.

        Returns:
            The receipt; or the decision, if the quota refuses the submission; or all problems. Refused submissions
            and those with problems do not count towards the quota.

        Raises:
            StoreError: If the file could not be stored. Nothing was submitted then.
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
            created=stamp(now),
            core_only=checked.core_only,
        )
        return self.store.submit(submission, file, lambda past: quota.decide(now, past, split))

    def quota(self, person: Person, split: Split) -> Decision:
        """Return the quota decision for a further submission of a person now.

        Raises:
            StoreError: If the store cannot be read.
        """
        return quota.decide(self._clock(), self.store.past(person.sub), split)


def receipt_of(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as JSON for the page and the API."""
    submission = receipt.submission
    figures = {"figures": _STEPS} if submission.split == "test" else {}
    return {
        "submission_id": submission.id,
        "system": submission.system.name,
        "account": submission.person.name,
        "split": submission.split,
        "configs": list(submission.configs),
        "core_only": list(submission.core_only),
        "sha256": submission.sha256,
        "bytes": submission.size,
        "data_revision": submission.data_revision,
        "scorer_version": submission.scorer_version,
        "created": submission.created,
        "quota_left": receipt.left,
        **figures,
        "status": "pending",
    }


def status_of(submission: Submission, outcome: Outcome | None, standing: Standing | None = None) -> dict[str, Any]:
    """Return the status of a submission as JSON for the page and the API.

    Args:
        submission: The submission.
        outcome: Its current outcome; None while it is pending.
        standing: Its standing, if a maintainer acted on it.
    """
    status: dict[str, Any] = {
        "submission_id": submission.id,
        "system": submission.system.name,
        "split": submission.split,
        "created": submission.created,
        "sha256": submission.sha256,
        "status": "pending" if outcome is None else outcome.status,
    }
    if standing is not None and standing.hidden is not None:
        status["hidden"] = f"hidden by {standing.hidden.by}: {standing.hidden.reason}"
    if outcome is not None and outcome.reason:
        status["reason"] = outcome.reason
    if outcome is None or outcome.status != "scored":
        return status
    if not may_be_shown(submission, outcome):
        status["figures"] = {OVERALL: _AWAITING}
    else:
        status["scored_rows"] = outcome.rows
        status["tool_accuracy"] = {config: scores.tool_accuracy for config, scores in outcome.scores.items()}
        if outcome.overall:
            status["tool_accuracy"][OVERALL] = outcome.overall["tool_accuracy"]
        if reasons := withheld(outcome):
            status["figures"] = reasons
    return status
