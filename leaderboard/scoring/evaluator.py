"""Evaluator: the process that scores pending submissions; the only process that reads the answers.

Scoring is deterministic and each outcome is added only once, so an evaluator can be killed and restarted at any moment,
and several can run concurrently.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from leaderboard.clock import Clock, stamp, utc_now
from leaderboard.public_data import Data, DataError
from leaderboard.stores.open_store import open_store
from leaderboard.stores.store import Store, StoreError, UnknownSubmissionError, in_words
from leaderboard.stores.stored_records import Outcome, Submission
from leaderboard.submissions.validation import LIMITS, SubmissionTerms, check

from .baselines import add_baselines
from .private_answers import Answers
from .score_submission import Scored, Scorer
from .shown_figures import ShownFigures, guesses_of, shown
from .time_budget import OverBudgetError

INTERRUPTED: Final = 130
"""Exit status after SIGINT, by the convention of shells."""


def score(
    store: Store, scorer: Scorer, submission: Submission, clock: Clock = utc_now, figures: ShownFigures | None = None
) -> Scored | Outcome:
    """Score one submission.

    Args:
        store: Store with the file.
        scorer: Scorer to use.
        submission: Submission to score.
        clock: Function that returns the current time.
        figures: Scores that the board shows already; None to read them from the store.

    Returns:
        On the validation split the scores and tallies, on the test split an outcome with no figures but those that are
        shown. A failed outcome if the file is missing, changed or invalid, was made for other data, or takes too long.

    Raises:
        StoreError: If the store cannot be read.
        DataError: If the references cannot be read.
    """

    def failed(reason: str) -> Outcome:
        return scorer.failed(submission.id, submission.split, reason, stamp(clock()))

    if submission.data_revision != scorer.data.revision:
        return failed(
            f"The file answers data revision {submission.data_revision}; the leaderboard has {scorer.data.revision}. "
            "Submit predictions for that revision."
        )
    try:
        content = store.predictions(submission.id)
    except UnknownSubmissionError:
        return failed("The file is not in the store. Submit it again.")
    if hashlib.sha256(content).hexdigest() != submission.sha256:
        return failed("The stored file is not the one that was submitted. Submit it again.")
    terms = SubmissionTerms(scorer.data.revision, submission.split, submission.system.history)
    ids, core = scorer.data.ids(submission.split), scorer.data.core_ids(submission.split)
    checked = check(io.BytesIO(content), ids, LIMITS, terms, core)
    if not checked.ok:
        return failed(" ".join(checked.report()[:4]))
    try:
        scored = scorer.score(
            submission.id,
            submission.split,
            checked.configs,
            checked.predictions,
            stamp(clock()),
            repeats=checked.repeats,
            endings=checked.endings,
        )
    except OverBudgetError as error:
        return failed(str(error))
    if submission.split != "test":
        return scored
    bests = (figures or ShownFigures(store)).bests(submission, scored.outcome.answers)
    return shown(scored.outcome, bests, guesses_of(scorer))


def score_and_record(
    store: Store, scorer: Scorer, submission: Submission, figures: ShownFigures, clock: Clock = utc_now
) -> Outcome | None:
    """Score one submission and record the outcome.

    Args:
        store: Store with the file.
        scorer: Scorer to use.
        submission: Submission to score.
        figures: Figures of the store, which are kept up to date.
        clock: Return the current time.

    Returns:
        The outcome if this call added it; None if the scorer failed, which is logged, or if it was already recorded.

    Raises:
        StoreError: If the store cannot be read or written.
        DataError: If the references cannot be read.
    """
    try:
        result = score(store, scorer, submission, clock, figures)
    except (DataError, StoreError):
        raise
    except Exception as error:  # an untrusted file may trigger any error in the scorer
        sys.stderr.write(f"{submission.id} could not be scored: {type(error).__name__}. Its status is unchanged.\n")
        return None
    outcome, tallies = result if isinstance(result, Scored) else (result, None)
    if store.record(outcome, tallies):
        figures.add(outcome)
        return outcome
    figures.refresh()  # another evaluator is at work, and may have scored other submissions too
    return None


def evaluate_pending(store: Store, scorer: Scorer, clock: Clock = utc_now) -> Iterator[Outcome]:
    """Score and record all pending submissions, and yield the added outcomes.

    A submission on which the scorer fails is logged and stays pending; the others are scored.

    Raises:
        StoreError: If the store cannot be read or written; outcomes added before remain.
        DataError: If the references cannot be read.
    """
    pending = store.pending()
    figures = ShownFigures(store) if pending else None
    for submission in pending:
        if submission.split == "test" and not scorer.has_answers:
            continue  # left to an evaluator with answers
        assert figures is not None
        if outcome := score_and_record(store, scorer, submission, figures, clock):
            yield outcome


def main(arguments: list[str] | None = None) -> int:
    """Score pending submissions, once or until stopped by a signal.

    Returns:
        Exit status: 0 on success, 1 if the data, answers or store cannot be read, 130 if interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="python -m leaderboard.scoring.evaluator", description="Score pending submissions."
    )
    parser.add_argument("--store", required=True, help="folder of the store, or hub:ORG/SUBMISSIONS,ORG/RESULTS")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--answers", type=Path, help="answers folder; without it, only validation is scored")
    parser.add_argument("--baselines", type=Path, help="folder of SYSTEM.SPLIT.jsonl files, scored as baselines")
    parser.add_argument("--once", action="store_true", help="exit when no submission is pending")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between reads of the store")
    options = parser.parse_args(arguments)
    if not 0 < options.every < float("inf"):
        parser.error(f"--every {options.every} is not a valid interval. Give a positive number of seconds.")
    try:
        scorer = Scorer(Data(options.data), Answers(options.answers) if options.answers else None)
        store = open_store(options.store)
        if notice := in_words(store.unreadable()):
            sys.stderr.write(f"{notice}\n")
        for outcome in add_baselines(store, scorer, options.baselines, utc_now):
            _print(outcome)
        if options.once:
            for outcome in evaluate_pending(store, scorer):
                _print(outcome)
            return 0
    except (DataError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. Outcomes recorded so far remain.\n")
        return INTERRUPTED
    _run(store, scorer, options.every)
    return 0


def _run(store: Store, scorer: Scorer, every: float) -> None:
    """Score pending submissions at a regular interval in seconds, until SIGTERM or SIGINT."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    while not stop.is_set():
        try:
            for outcome in evaluate_pending(store, scorer):
                _print(outcome)
                if stop.is_set():
                    break
        except (DataError, StoreError) as error:
            sys.stderr.write(f"{error} Retrying in {every:g} s.\n")
        stop.wait(every)


def _print(outcome: Outcome) -> None:
    sys.stdout.write(f"{outcome.submission_id} {outcome.status}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
