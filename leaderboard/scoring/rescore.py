"""Scoring every stored file again, with today's scorer and today's answers; what there was stays.

`petoolbench rescore` and `python -m leaderboard.scoring.rescore` are this.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leaderboard.public_data import Data, DataError
from leaderboard.stores.open_store import open_store
from leaderboard.stores.store import Store, StoreError
from leaderboard.stores.stored_records import Outcome, Submission, latest

from .baselines import add_floor
from .evaluator import Clock, settle, utc_now
from .private_answers import Answers
from .score_submission import Scorer


@dataclass(frozen=True, slots=True)
class Rescored:
    """What scoring again came to."""

    submission: Submission
    old: Outcome | None
    """What counted before; None where there was none."""
    new: Outcome

    def in_words(self) -> str:
        """Old and new rates, a config after the other."""
        if self.new.status == "failed":
            return f"{self.submission.id}: failed. {self.new.reason}"
        old = self.old.scores if self.old else {}
        rates = [
            f"{config} {_percent(old[config].tool_accuracy) if config in old else 'none'} -> "
            f"{_percent(scores.tool_accuracy)}"
            for config, scores in self.new.scores.items()
        ]
        return f"{self.submission.id}: tool accuracy {', '.join(rates)}"


def rescore(store: Store, scorer: Scorer, clock: Clock = utc_now) -> Iterator[Rescored]:
    """Add an outcome to every submission that has none by this scorer and these answers.

    Submissions for other data are passed over; so are baselines, which `add_floor` scores, and what failed, unless it
    was by another scorer. Where scoring again fails, what was scored before still counts.

    Args:
        store: Where they lie.
        scorer: By what to score.
        clock: Tells the time.

    Raises:
        StoreError: If the store cannot be read or written; what was added until then stands.
        DataError: If the references cannot be read.
    """
    outcomes = store.outcomes()
    before, keys = latest(outcomes), {one.key for one in outcomes}
    for submission in store.submissions():
        other_data = submission.data_revision != scorer.data.revision
        unscorable = submission.split == "test" and not scorer.has_answers
        if other_data or unscorable or submission.badge == "baseline":
            continue
        if scorer.key(submission.id, submission.split) in keys:
            continue
        if new := settle(store, scorer, submission, clock):
            yield Rescored(submission, before.get(submission.id), new)


def main(arguments: list[str] | None = None) -> int:
    """Score everything again and print old and new; 1 if something cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m leaderboard.scoring.rescore", description="Score every file again."
    )
    parser.add_argument("--store", required=True, help="a folder, or hub:ORG/SUBMISSIONS,ORG/RESULTS")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--answers", type=Path, help="folder of its answers; without it, validation alone")
    parser.add_argument("--baselines", type=Path, help="folder of SYSTEM.SPLIT.jsonl")
    given = parser.parse_args(arguments)
    count = 0
    try:
        scorer = Scorer(Data(given.data), Answers(given.answers) if given.answers else None)
        store = open_store(given.store)
        count += sum(1 for _ in add_floor(store, scorer, given.baselines, utc_now))
        for one in rescore(store, scorer):
            sys.stdout.write(f"{one.in_words()}\n")
            count += 1
    except (DataError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; what was scored until then stands.\n")
        return 130  # as a shell tells of an interrupt
    sys.stdout.write(f"{count} outcomes were added; none was changed.\n")
    return 0


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


if __name__ == "__main__":
    sys.exit(main())
