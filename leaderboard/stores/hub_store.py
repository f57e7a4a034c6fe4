"""Store on the Hub: a private dataset repository of submissions and a public one of results.

Each record is one file under a path chosen by the server, and is stored once its commit is. Submissions repository:
`submissions/<person>/<id>.json`, `predictions/<id>.jsonl` and `tallies/<id>/<key>.json`, where `<person>` is a hash of
`Person.sub`. Results repository: `results/<id>/<key>.json` and `acts/<number>.json`. Each result contains its
submission, so that the board can be rebuilt from this repository alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from huggingface_hub import HfApi

from leaderboard.hub_client import HubAddressError, hub_client
from leaderboard.submissions.quota import Decision, PastSubmission

from .acts import Act
from .hub_files import Contents, Head, HubFiles
from .store import Decide, Receipt, StoreError, UnknownSubmissionError, Unreadable, check_id, past_of
from .stored_records import Outcome, Person, Result, Submission, Tallies, from_json, to_json

_SUBMISSIONS: Final = "submissions/"
_RESULTS: Final = "results/"
_ACTS: Final = "acts/"
_FILES: Final = "predictions/"
_MISSING: Final = "its submission is missing"
T = TypeVar("T")


def person_key(sub: str) -> str:
    """Return the stable pseudonym of a person for paths and public records; it does not reveal the account's id."""
    return hashlib.sha256(b"petoolbench person\0" + sub.encode()).hexdigest()[:32]


class HubStore:
    """`Store` in two existing repositories on the Hub.

    Args:
        submissions: Private dataset repository, `ORG/NAME`.
        results: Public dataset repository.
        api: Client; by default one with the address and token of huggingface_hub's usual settings.
        patience_s: Seconds for which a commit is retried.

    Raises:
        StoreError: If both repositories are the same, or the Hub has no TLS.
    """

    def __init__(self, submissions: str, results: str, api: HfApi | None = None, patience_s: float = 120.0) -> None:
        if submissions.casefold() == results.casefold():
            raise StoreError(
                f"{submissions!r} cannot hold both submissions and results: submissions are private and results are "
                "public. Name two repositories."
            )
        try:
            api = api or hub_client()
        except HubAddressError as error:
            raise StoreError(str(error)) from error
        self._submissions = HubFiles(api, submissions, patience_s=patience_s)
        self._results = HubFiles(api, results, patience_s=patience_s)
        for files in (self._submissions, self._results):
            files.delete_incomplete_downloads()

    def submit(self, submission: Submission, file: Path | None, decide: Decide) -> Receipt | Decision:
        """Implement `Store.submit`."""
        path = f"{_SUBMISSIONS}{person_key(submission.person.sub)}/{check_id(submission.id)}.json"
        decision: Decision | None = None
        exists = False

        def files_to_add(head: Head) -> Contents | None:
            nonlocal decision, exists
            self._check_private(head)
            exists = path in head.paths
            if exists and decision is not None:
                return None  # an earlier attempt succeeded, and its reply was lost
            decision = decide(self._past(submission.person.sub, head))
            if exists or not decision.allowed:
                return None
            predictions = {} if file is None else {_predictions_path(submission.id): file}
            return {path: f"{to_json(submission)}\n".encode(), **predictions}

        added = self._submissions.add(files_to_add, f"Submission {submission.id}")
        assert decision is not None
        return Receipt(submission, decision) if added or exists else decision

    def past(self, sub: str) -> list[PastSubmission]:
        """Implement `Store.past`."""
        return self._past(sub, self._private_head())

    def submissions(self) -> list[Submission]:
        """Implement `Store.submissions`."""
        return self._read_submissions(self._private_head())

    def outcomes(self) -> list[Outcome]:
        """Implement `Store.outcomes`."""
        return _oldest_first(result.outcome for result in self.published())

    def published(self) -> list[Result]:
        """Return all public results, from which the board can be rebuilt.

        Raises:
            StoreError: If the results repository cannot be read.
        """
        head = self._results.head()
        paths = sorted(path for path in head.paths if path.startswith(_RESULTS))
        return _readable(Result, self._results.read_small(paths, head))

    def unreadable(self) -> list[Unreadable]:
        """Implement `Store.unreadable`."""
        head, results = self._private_head(), self._results.head()
        of_submissions = sorted(path for path in head.paths if path.startswith(_SUBMISSIONS))
        of_results = sorted(path for path in results.paths if path.startswith(_RESULTS))
        known = {path.rpartition("/")[2].removesuffix(".json") for path in of_submissions}
        files = {path: path.rpartition("/")[2].removesuffix(".jsonl") for path in head.paths if path.startswith(_FILES)}
        return [
            *_unreadable(Submission, self._submissions.read_small(of_submissions, head)),
            *_unreadable(Result, self._results.read_small(of_results, results)),
            *(Unreadable(path, _MISSING) for path, name in sorted(files.items()) if name not in known),
            *(Unreadable(path, _MISSING) for path in of_results if path.split("/")[1] not in known),
        ]

    def pending(self) -> list[Submission]:
        """Implement `Store.pending`."""
        # The submissions' head is read first, so that a submission scored in between is not returned.
        head = self._private_head()
        scored = {path.split("/")[1] for path in self._results.head().paths if path.startswith(_RESULTS)}
        return [submission for submission in self._read_submissions(head, scored) if submission.badge != "baseline"]

    def predictions(self, submission_id: str) -> bytes:
        """Implement `Store.predictions`."""
        path, head = self._predictions(submission_id)
        return self._submissions.read(path, head)

    def predictions_file(self, submission_id: str) -> Path:
        """Implement `Store.predictions_file`."""
        path, head = self._predictions(submission_id)
        return self._submissions.downloaded(path, head)

    def _predictions(self, submission_id: str) -> tuple[str, Head]:
        path, head = _predictions_path(submission_id), self._private_head()
        if path not in head.paths:
            raise UnknownSubmissionError(f"The store holds no predictions of submission {submission_id!r}.")
        return path, head

    def record(self, outcome: Outcome, tallies: Tallies | None = None) -> bool:
        """Implement `Store.record`; the result counts as added once it is in the results repository, written last."""
        name = f"{check_id(outcome.submission_id)}/{_checked_key(outcome)}.json"
        submission = self._submission(outcome.submission_id)
        if tallies is not None:
            files = {f"tallies/{name}": f"{to_json(tallies)}\n".encode()}
            self._submissions.add(lambda head: None if files.keys() <= head.paths else files, f"Tallies {outcome.key}")
        public = dataclasses.replace(
            submission, person=Person(person_key(submission.person.sub), submission.person.name)
        )
        path = f"{_RESULTS}{name}"
        content = f"{to_json(Result(public, outcome))}\n".encode()
        tried = False

        def files_to_add(head: Head) -> Contents | None:
            nonlocal tried
            if path in head.paths:
                return None
            tried = True
            return {path: content}

        if self._results.add(files_to_add, f"Result {outcome.key}"):
            return True
        # The file exists: it was added by this call, whose reply was lost, or by another evaluator.
        return tried and self._results.read(path, self._results.head()) == content

    def tallies(self, submission_id: str) -> Tallies | None:
        """Implement `Store.tallies`."""
        outcomes = [result.outcome for result in self.published() if result.outcome.submission_id == submission_id]
        head = self._private_head()
        for outcome in reversed(_oldest_first(outcomes)):
            path = f"tallies/{check_id(submission_id)}/{_checked_key(outcome)}.json"
            if path in head.paths:
                return _record(Tallies, self._submissions.read_small([path], head)[path])
        return None

    def acts(self) -> list[Act]:
        """Implement `Store.acts`."""
        return self._acts(self._results.head())

    def act(self, act: Act, check: Callable[[Sequence[Act]], None]) -> None:
        """Implement `Store.act`. Acts are public and numbered, so that their order does not depend on clocks."""
        content = f"{to_json(act)}\n".encode()

        def files_to_add(head: Head) -> Contents | None:
            earlier = self._acts(head)
            if act in earlier:
                return None  # an earlier attempt succeeded, and its reply was lost
            check(earlier)
            return {f"{_ACTS}{len(earlier) + 1:06}.json": content}

        self._results.add(files_to_add, f"Act {act.id}: {act.kind}")

    def _acts(self, head: Head) -> list[Act]:
        paths = sorted(path for path in head.paths if path.startswith(_ACTS))
        return [_record(Act, content) for content in self._results.read_small(paths, head).values()]

    def _private_head(self) -> Head:
        head = self._submissions.head()
        self._check_private(head)
        return head

    def _check_private(self, head: Head) -> None:
        if not head.private:
            raise StoreError(
                f"{self._submissions.repository!r} is public, but predictions must be in a private repository. "
                "Make it private first."
            )

    def _past(self, sub: str, head: Head) -> list[PastSubmission]:
        folder = f"{_SUBMISSIONS}{person_key(sub)}/"
        records = self._submissions.read_small([path for path in head.paths if path.startswith(folder)], head)
        submissions = [_record(Submission, content) for content in records.values()]
        ids = {submission.id for submission in submissions}
        results = self._results.head()
        paths = [path for path in results.paths if path.startswith(_RESULTS) and path.split("/")[1] in ids]
        outcomes = [_record(Result, content).outcome for content in self._results.read_small(paths, results).values()]
        return past_of(submissions, _oldest_first(outcomes))

    def _read_submissions(self, head: Head, without: Iterable[str] = ()) -> list[Submission]:
        """Return the submissions at a head, except those with some ids, in the order of their ids."""
        excluded = frozenset(without)
        paths = [
            path
            for path in sorted(head.paths)
            if path.startswith(_SUBMISSIONS) and path.rpartition("/")[2].removesuffix(".json") not in excluded
        ]
        submissions = _readable(Submission, self._submissions.read_small(paths, head))
        return sorted(submissions, key=lambda submission: submission.id)

    def _submission(self, submission_id: str) -> Submission:
        head = self._private_head()
        name = f"/{submission_id}.json"
        paths = [path for path in head.paths if path.startswith(_SUBMISSIONS) and path.endswith(name)]
        if not paths:
            raise UnknownSubmissionError(f"Unknown submission {submission_id!r}.")
        return _record(Submission, self._submissions.read_small(paths[:1], head)[paths[0]])


def _predictions_path(submission_id: str) -> str:
    return f"{_FILES}{check_id(submission_id)}.jsonl"


def _checked_key(outcome: Outcome) -> str:
    """Return the key of an outcome after checking that it is safe in a path."""
    if not all(character.isalnum() or character in ".-" for character in outcome.key):
        raise StoreError(f"{outcome.key!r} is not the key of an outcome.")
    return outcome.key


def _oldest_first(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=lambda outcome: (outcome.created, outcome.key))


def _record(kind: type[T], content: bytes) -> T:
    try:
        return from_json(kind, content)
    except ValueError as error:
        raise StoreError(
            f"A record on the Hub is not a valid {kind.__name__}: {error}. Repair the repository first."
        ) from error


def _readable(kind: type[T], contents: Mapping[str, bytes]) -> list[T]:
    """Return the records of files, without malformed ones, which `_unreadable` names."""
    return [record for record in (_parsed(kind, content) for content in contents.values()) if record is not None]


def _unreadable(kind: type[T], contents: Mapping[str, bytes]) -> list[Unreadable]:
    return [
        Unreadable(path, f"not a valid {kind.__name__}")
        for path, content in contents.items()
        if _parsed(kind, content) is None
    ]


def _parsed(kind: type[T], content: bytes) -> T | None:
    """Return a record, or None if it is malformed."""
    try:
        return from_json(kind, content)
    except ValueError:
        return None
