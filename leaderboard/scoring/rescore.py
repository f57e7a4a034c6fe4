"""Rescore all stored files with the current scorer and answers; earlier outcomes are kept.

Run it with `petoolbench rescore` or `python -m leaderboard.scoring.rescore`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leaderboard.clock import Clock, utc_now
from leaderboard.public_data import Data, DataError
from leaderboard.stores.open_store import open_store
from leaderboard.stores.store import Store, StoreError, in_words
from leaderboard.stores.stored_records import Outcome, Submission, latest

from .baselines import add_baselines
from .evaluator import INTERRUPTED, score_and_record
from .private_answers import Answers
from .score_submission import Scorer
from .shown_figures import ShownFigures


@dataclass(frozen=True, slots=True)
class Rescored:
    """Result of rescoring a submission."""

    submission: Submission
    old: Outcome | None
    """Previous current outcome, or None."""
    new: Outcome

    def in_words(self) -> str:
        """Return one line with the old and new tool accuracy of each config."""
        if self.new.status == "failed":
            return f"{self.submission.id}: failed. {self.new.reason}"
        # Rates on other rows, or against other answers, are not comparable.
        same = self.old and (self.old.rows, self.old.answers) == (self.new.rows, self.new.answers)
        old = self.old.scores if self.old and same else {}
        rates = [
            f"{config} {_percent(old[config].tool_accuracy) if config in old else 'none'} -> "
            f"{_percent(scores.tool_accuracy)}"
            for config, scores in self.new.scores.items()
        ]
        return f"{self.submission.id}: tool accuracy on the {self.new.rows}: {', '.join(rates) or 'no figure is shown'}"


def rescore(store: Store, scorer: Scorer, clock: Clock = utc_now) -> Iterator[Rescored]:
    """Score every submission that has no outcome by this scorer and these answers, and yield the results.

    Submissions for other data revisions are skipped, and so are baselines, which `add_baselines` scores. If rescoring
    fails, the earlier scores remain current.

    Args:
        store: Store with the submissions.
        scorer: Scorer to use.
        clock: Return the current time.

    Raises:
        StoreError: If the store cannot be read or written; outcomes added before remain.
        DataError: If the references cannot be read.
    """
    outcomes = store.outcomes()
    before, keys, figures = latest(outcomes), {outcome.key for outcome in outcomes}, ShownFigures(store)
    for submission in store.submissions():
        other_data = submission.data_revision != scorer.data.revision
        unscorable = submission.split == "test" and not scorer.has_answers
        if other_data or unscorable or submission.badge == "baseline":
            continue
        if scorer.key(submission.id, submission.split) in keys:
            continue
        if new := score_and_record(store, scorer, submission, figures, clock):
            yield Rescored(submission, before.get(submission.id), new)


def main(arguments: list[str] | None = None) -> int:
    """Rescore all submissions and print their old and new rates.

    Returns:
        Exit status: 0 on success, 1 if the data, answers or store cannot be read, 130 if interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="python -m leaderboard.scoring.rescore",
        description="Rescore all stored files with the current scorer and answers.",
    )
    parser.add_argument("--store", required=True, help="folder of the store, or hub:ORG/SUBMISSIONS,ORG/RESULTS")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--answers", type=Path, help="answers folder; without it, only validation is scored")
    parser.add_argument("--baselines", type=Path, help="folder of SYSTEM.SPLIT.jsonl files, scored as baselines")
    options = parser.parse_args(arguments)
    count = 0
    try:
        scorer = Scorer(Data(options.data), Answers(options.answers) if options.answers else None)
        store = open_store(options.store)
        if notice := in_words(store.unreadable()):
            sys.stderr.write(f"{notice}\n")
        count += sum(1 for _ in add_baselines(store, scorer, options.baselines, utc_now))
        for rescored in rescore(store, scorer):
            sys.stdout.write(f"{rescored.in_words()}\n")
            count += 1
    except (DataError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. Outcomes recorded so far remain.\n")
        return INTERRUPTED
    sys.stdout.write(f"{count} outcomes were added; no earlier outcome was changed.\n")
    return 0


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


if __name__ == "__main__":
    sys.exit(main())
