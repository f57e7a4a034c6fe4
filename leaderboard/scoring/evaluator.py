"""The process that alone reads the answers: it scores what is pending, and writes what came of it.

Scoring is a function of file, scorer and answers, and an outcome is added once; so it may be killed at any moment and
started again, and several may run.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from leaderboard.public_data import Data, DataError
from leaderboard.stores.open_store import open_store
from leaderboard.stores.store import Store, StoreError, UnknownSubmissionError
from leaderboard.stores.stored_records import Outcome, Submission
from leaderboard.submissions.validation import LIMITS, Terms, check

from .baselines import add_floor
from .private_answers import Answers
from .score_submission import Scored, Scorer

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def stamp(clock: Clock) -> str:
    """The time as it stands in records."""
    return clock().isoformat(timespec="milliseconds")


def score(store: Store, scorer: Scorer, submission: Submission, clock: Clock = utc_now) -> Scored | Outcome:
    """Score one submission; a failed outcome where its file is not what was acknowledged, or for other data.

    Raises:
        StoreError: If the store cannot be read.
        DataError: If the references cannot be read.
    """

    def failed(reason: str) -> Outcome:
        return scorer.failed(submission.id, submission.split, reason, stamp(clock))

    if submission.data_revision != scorer.data.revision:
        return failed(
            f"The file answers data revision {submission.data_revision}; the leaderboard has {scorer.data.revision}. "
            "Hand in predictions for that."
        )
    try:
        content = store.predictions(submission.id)
    except UnknownSubmissionError:
        return failed("The file is not in the store. Hand it in again.")
    if hashlib.sha256(content).hexdigest() != submission.sha256:
        return failed("The stored file is not the one that was handed in. Hand it in again.")
    terms = Terms(scorer.data.revision, submission.split, submission.system.history)
    checked = check(io.BytesIO(content), scorer.data.ids(submission.split), LIMITS, terms)
    if not checked.ok:
        return failed(" ".join(checked.report()[:4]))
    return scorer.score(submission.id, submission.split, checked.configs, checked.predictions, stamp(clock))


def settle(store: Store, scorer: Scorer, submission: Submission, clock: Clock = utc_now) -> Outcome | None:
    """Score one submission and record it; None where our own code fails on it, which is told, or it was recorded.

    Raises:
        StoreError: If the store cannot be read or written.
        DataError: If the references cannot be read.
    """
    try:
        found = score(store, scorer, submission, clock)
    except (DataError, StoreError):
        raise
    except Exception as error:  # whatever a stranger's file may bring about in the scorer
        sys.stderr.write(f"{submission.id} could not be scored: {type(error).__name__}. It stays as it is.\n")
        return None
    outcome, tallies = found if isinstance(found, Scored) else (found, None)
    return outcome if store.record(outcome, tallies) else None


def evaluate_pending(store: Store, scorer: Scorer, clock: Clock = utc_now) -> Iterator[Outcome]:
    """Score everything that is pending, and record it; gives each outcome that was added.

    A file on which our own code fails is told and stays pending, so that it does not hold up the others.

    Raises:
        StoreError: If the store cannot be read or written; what was added until then stands.
        DataError: If the references cannot be read.
    """
    for submission in store.pending():
        if submission.split == "test" and not scorer.has_answers:
            continue  # another evaluator's
        if outcome := settle(store, scorer, submission, clock):
            yield outcome


def main(arguments: list[str] | None = None) -> int:
    """Score what is pending, once or until told to stop; 1 if the data, answers or store cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m leaderboard.scoring.evaluator", description="Score what is pending."
    )
    parser.add_argument("--store", required=True, help="a folder, or hub:ORG/SUBMISSIONS,ORG/RESULTS")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--answers", type=Path, help="folder of its answers; without it, validation alone is scored")
    parser.add_argument("--baselines", type=Path, help="folder of SYSTEM.SPLIT.jsonl, scored as baselines")
    parser.add_argument("--once", action="store_true", help="end when nothing is pending")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two looks at the store")
    given = parser.parse_args(arguments)
    if not 0 < given.every < float("inf"):
        parser.error(f"--every {given.every} is no pause. Give seconds, more than 0.")
    try:
        scorer = Scorer(Data(given.data), Answers(given.answers) if given.answers else None)
        store = open_store(given.store)
        for outcome in add_floor(store, scorer, given.baselines, utc_now):
            _say(outcome)
        if given.once:
            for outcome in evaluate_pending(store, scorer):
                _say(outcome)
            return 0
    except (DataError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; what was scored until then stands.\n")
        return 130  # as a shell tells of an interrupt
    _run(store, scorer, given.every)
    return 0


def _run(store: Store, scorer: Scorer, every: float) -> None:
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    while not stop.is_set():
        try:
            for outcome in evaluate_pending(store, scorer):
                _say(outcome)
                if stop.is_set():
                    break
        except (DataError, StoreError) as error:
            sys.stderr.write(f"{error} Trying again.\n")
        stop.wait(every)


def _say(outcome: Outcome) -> None:
    sys.stdout.write(f"{outcome.submission_id} {outcome.status}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
