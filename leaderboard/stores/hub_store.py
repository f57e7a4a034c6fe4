"""The home on the Hub: a private dataset repository of submissions, and a public one of results.

A record is a file of its own under a path made by the server, and is there once the commit is. Submissions repository:
`submissions/<person>/<id>.json`, `predictions/<id>.jsonl`, `tallies/<id>/<key>.json`, where `<person>` is a hash of
`Person.sub`. Results repository: `results/<id>/<key>.json`, each with its submission, so that the board can be rebuilt
from it alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeVar

from huggingface_hub import HfApi

from leaderboard.submissions.quota import Decision, Past

from .hub_files import Contents, Head, HubFiles
from .store import Decide, Receipt, StoreError, UnknownSubmissionError, check_id, past_of
from .stored_records import Outcome, Person, Result, Submission, Tallies, from_json, to_json

_SUBMISSIONS: Final = "submissions/"
_RESULTS: Final = "results/"
T = TypeVar("T")


def person_key(sub: str) -> str:
    """What stands for a person in paths and in public: it is always the same, and tells no account's id."""
    return hashlib.sha256(b"petoolbench person\0" + sub.encode()).hexdigest()[:32]


class HubStore:
    """A `Store` in two repositories, which are there already.

    Args:
        submissions: Private dataset repository, `ORG/NAME`.
        results: Public one.
        api: A client; by default one with address and token from huggingface_hub's usual places.
        patience_s: So long a commit is tried.
    """

    def __init__(self, submissions: str, results: str, api: HfApi | None = None, patience_s: float = 120.0) -> None:
        if submissions.casefold() == results.casefold():
            raise StoreError(f"{submissions!r} cannot hold both submissions and results, since these are public.")
        api = api or HfApi(library_name="petoolbench")
        self._submissions = HubFiles(api, submissions, patience_s=patience_s)
        self._results = HubFiles(api, results, patience_s=patience_s)

    def submit(self, submission: Submission, file: Path | None, decide: Decide) -> Receipt | Decision:
        """As in `Store`."""
        path = f"{_SUBMISSIONS}{person_key(submission.person.sub)}/{check_id(submission.id)}.json"
        decision: Decision | None = None
        there = False

        def wanted(head: Head) -> Contents | None:
            nonlocal decision, there
            self._check_private(head)
            there = path in head.paths
            if there and decision is not None:
                return None  # an earlier try succeeded, and its reply was lost
            decision = decide(self._past(submission.person.sub, head))
            if there or not decision.allowed:
                return None
            predictions = {} if file is None else {_predictions(submission.id): file}
            return {path: f"{to_json(submission)}\n".encode(), **predictions}

        added = self._submissions.add(wanted, f"Submission {submission.id}")
        assert decision is not None
        return Receipt(submission, decision) if added or there else decision

    def past(self, sub: str) -> list[Past]:
        """As in `Store`."""
        return self._past(sub, self._private())

    def submissions(self) -> list[Submission]:
        """As in `Store`."""
        return self._read_submissions(self._private())

    def outcomes(self) -> list[Outcome]:
        """As in `Store`."""
        return _in_order(one.outcome for one in self.published())

    def published(self) -> list[Result]:
        """Everything in the results repository; what the board shows follows from it."""
        head = self._results.head()
        paths = sorted(path for path in head.paths if path.startswith(_RESULTS))
        return [_record(Result, content) for content in self._results.read_small(paths, head).values()]

    def pending(self) -> list[Submission]:
        """As in `Store`."""
        head = self._private()  # first, so that what is scored in between is not taken for pending
        scored = {path.split("/")[1] for path in self._results.head().paths if path.startswith(_RESULTS)}
        return [one for one in self._read_submissions(head, scored) if one.badge != "baseline"]

    def predictions(self, submission_id: str) -> bytes:
        """As in `Store`."""
        path, head = _predictions(submission_id), self._private()
        if path not in head.paths:
            raise UnknownSubmissionError(f"There are no predictions of {submission_id!r} here.")
        return self._submissions.read(path, head)

    def record(self, outcome: Outcome, tallies: Tallies | None = None) -> bool:
        """As in `Store`; the results repository is what counts, and is written last."""
        name = f"{check_id(outcome.submission_id)}/{_checked_key(outcome)}.json"
        submission = self._submission(outcome.submission_id)
        if tallies is not None:
            kept = {f"tallies/{name}": f"{to_json(tallies)}\n".encode()}
            self._submissions.add(lambda head: None if kept.keys() <= head.paths else kept, f"Tallies {outcome.key}")
        public = dataclasses.replace(
            submission, person=Person(person_key(submission.person.sub), submission.person.name)
        )
        path = f"{_RESULTS}{name}"
        content = f"{to_json(Result(public, outcome))}\n".encode()
        tried = False

        def wanted(head: Head) -> Contents | None:
            nonlocal tried
            if path in head.paths:
                return None
            tried = True
            return {path: content}

        if self._results.add(wanted, f"Result {outcome.key}"):
            return True
        # There by now: by us, where a reply was lost, or by another evaluator.
        return tried and self._results.read(path, self._results.head()) == content

    def tallies(self, submission_id: str) -> Tallies | None:
        """As in `Store`."""
        own = [one.outcome for one in self.published() if one.outcome.submission_id == submission_id]
        head = self._private()
        for outcome in reversed(_in_order(own)):
            path = f"tallies/{check_id(submission_id)}/{_checked_key(outcome)}.json"
            if path in head.paths:
                return _record(Tallies, self._submissions.read_small([path], head)[path])
        return None

    def _private(self) -> Head:
        head = self._submissions.head()
        self._check_private(head)
        return head

    def _check_private(self, head: Head) -> None:
        if not head.private:
            raise StoreError(
                f"{self._submissions.repository!r} is public, and predictions go to a private repository only. "
                "Make it private first."
            )

    def _past(self, sub: str, head: Head) -> list[Past]:
        own = f"{_SUBMISSIONS}{person_key(sub)}/"
        records = self._submissions.read_small([path for path in head.paths if path.startswith(own)], head)
        submissions = [_record(Submission, content) for content in records.values()]
        ids = {one.id for one in submissions}
        results = self._results.head()
        paths = [path for path in results.paths if path.startswith(_RESULTS) and path.split("/")[1] in ids]
        outcomes = [_record(Result, content).outcome for content in self._results.read_small(paths, results).values()]
        return past_of(submissions, _in_order(outcomes))

    def _read_submissions(self, head: Head, without: Iterable[str] = ()) -> list[Submission]:
        left_out = frozenset(without)
        paths = [
            path
            for path in sorted(head.paths)
            if path.startswith(_SUBMISSIONS) and path.rpartition("/")[2].removesuffix(".json") not in left_out
        ]
        found = [_record(Submission, content) for content in self._submissions.read_small(paths, head).values()]
        return sorted(found, key=lambda one: one.id)

    def _submission(self, submission_id: str) -> Submission:
        head = self._private()
        name = f"/{submission_id}.json"
        paths = [path for path in head.paths if path.startswith(_SUBMISSIONS) and path.endswith(name)]
        if not paths:
            raise UnknownSubmissionError(f"There is no submission {submission_id!r} here.")
        return _record(Submission, self._submissions.read_small(paths[:1], head)[paths[0]])


def _predictions(submission_id: str) -> str:
    return f"predictions/{check_id(submission_id)}.jsonl"


def _checked_key(outcome: Outcome) -> str:
    """The key, whose parts are made by the server."""
    if not all(one.isalnum() or one in ".-" for one in outcome.key):
        raise StoreError(f"{outcome.key!r} is no key of an outcome.")
    return outcome.key


def _in_order(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The oldest first."""
    return sorted(outcomes, key=lambda one: (one.created, one.key))


def _record(kind: type[T], content: bytes) -> T:
    try:
        return from_json(kind, content)
    except ValueError as error:
        raise StoreError(f"A record on the Hub is no {kind.__name__}: {error}. Mend the repository first.") from error
