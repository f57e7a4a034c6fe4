"""Figures of the test split that a submission shows, given those that its account has been shown before."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping

from leaderboard.ladder import interval_of, rung_of, shown_figure
from leaderboard.stores.store import Store
from leaderboard.stores.stored_records import (
    CORE,
    FULL_SPLIT,
    HISTORY_TYPES,
    OVERALL,
    ConfigScores,
    Outcome,
    Rows,
    Rung,
    SplitScores,
    Submission,
    latest,
)

from .score_submission import Scorer

Bests = Mapping[tuple[Rows, str], float]
"""Best figure by the rows that it is on, and by config or `overall`."""
Guesses = Mapping[Rows, Mapping[str, float]]
"""Expected tool accuracy of a guess by rows and config."""
_ACCURACY = "tool_accuracy"
_WITHOUT_ANSWERS = ("format_rate", "hallucination_rate")
"""Rates that follow from the replies and the public rows alone."""


class ShownFigures:
    """Figures of the test split in a store, by account.

    Args:
        store: Store to read.

    Raises:
        StoreError: If the store cannot be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._submissions: dict[str, list[Submission]] = defaultdict(list)
        self._latest: dict[str, Outcome] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the store again.

        Raises:
            StoreError: If the store cannot be read.
        """
        self._latest = latest(self._store.outcomes())
        self._submissions.clear()
        for submission in self._store.submissions():
            self._submissions[submission.person.sub].append(submission)

    def add(self, outcome: Outcome) -> None:
        """Take note of an outcome that was added to the store."""
        if outcome.status == "scored" or outcome.submission_id not in self._latest:
            self._latest[outcome.submission_id] = outcome

    def bests(self, submission: Submission, answers: str) -> Bests:
        """Return the best figures that the account was shown before a submission.

        Figures count if they are on the same data and answers, and of systems that were shown the same history.

        Args:
            submission: Submission of the test split.
            answers: Version of the answers.
        """
        bests: dict[tuple[Rows, str], float] = {}
        for earlier in self._submissions[submission.person.sub]:
            outcome = self._latest.get(earlier.id)
            if outcome is None or outcome.answers != answers or not _is_before(earlier, submission):
                continue
            for key, figure in _figures(outcome).items():
                bests[key] = max(figure, bests.get(key, 0.0))
        return bests


def _is_before(earlier: Submission, submission: Submission) -> bool:
    same = (earlier.split, earlier.data_revision, earlier.system.history)
    return earlier.id < submission.id and same == (
        submission.split,
        submission.data_revision,
        submission.system.history,
    )


def _figures(outcome: Outcome) -> dict[tuple[Rows, str], float]:
    """Return the figures that an outcome shows; none if it is exact, from before figures were withheld."""
    if not outcome.rungs:
        return {}
    found: dict[tuple[Rows, str], float] = {}
    parts: dict[Rows, Outcome | SplitScores] = {outcome.rows: outcome}
    if outcome.rows == CORE:
        parts[FULL_SPLIT] = outcome.full
    for rows, part in parts.items():
        found |= {(rows, config): scores.tool_accuracy for config, scores in part.scores.items()}
        if part.overall:
            found[rows, OVERALL] = part.overall[_ACCURACY]
    return found


def guesses_of(scorer: Scorer) -> Guesses:
    """Return the expected tool accuracy on the test split of a guess among the candidates that do the job.

    Raises:
        DataError: If the references cannot be read.
    """
    found: dict[Rows, dict[str, float]] = {CORE: {}, FULL_SPLIT: {}}
    for config in HISTORY_TYPES:
        references = scorer.references(config, "test")
        chances = [1 / len(reference.same_function or reference.tools) for reference in references]
        core = [chance for chance, row in zip(chances, references, strict=True) if row.query_group in scorer.data.core]
        found[FULL_SPLIT][config] = sum(chances) / len(chances)
        found[CORE][config] = sum(core) / max(1, len(core))
    return found


def shown(outcome: Outcome, bests: Bests, guesses: Guesses) -> Outcome:
    """Return the part of an exact outcome that is shown for a submitted system.

    That is one figure per config and one overall, each only if it reaches the next rung of the account, see
    `leaderboard.ladder`; on the full split only next to one on the core. The rates of readable and of made-up calls are
    kept, since the answers do not enter them; error classes, slices and all other rates are not.

    Args:
        outcome: Exact outcome of a submission of the test split.
        bests: Best figures that the account was shown before.
        guesses: Expected tool accuracy of a guess.
    """
    main = _shown_part(outcome, outcome.rows, bests, guesses)
    full = SplitScores()
    if outcome.full.scores:
        part = _shown_part(outcome.full, FULL_SPLIT, bests, guesses)
        scores = {config: scores for config, scores in part.scores.items() if config in main.scores}
        full = SplitScores(scores, rungs=part.rungs)
        if main.overall:
            full = dataclasses.replace(full, overall=part.overall, overall_intervals=part.overall_intervals)
    return dataclasses.replace(
        outcome,
        scores=main.scores,
        overall=main.overall,
        overall_intervals=main.overall_intervals,
        slices={},
        full=full,
        rungs=main.rungs,
    )


def _shown_part(part: Outcome | SplitScores, rows: Rows, bests: Bests, guesses: Guesses) -> SplitScores:
    rungs: dict[str, Rung] = {}
    kept: dict[str, ConfigScores] = {}
    for config, scores in part.scores.items():
        rungs[config] = rung_of(scores.count, guesses[rows][config], bests.get((rows, config)))
        figure = shown_figure(scores.tool_accuracy, rungs[config])
        if figure is not None:
            kept[config] = _shown_scores(scores, figure, interval_of(figure, rungs[config], scores.count))
    if not part.overall:
        return SplitScores(kept, rungs=rungs)
    # The configs ask the same questions of the same users, so that three configs tell no more than the smallest.
    count = min(scores.count for scores in part.scores.values())
    guess = sum(guesses[rows][config] for config in part.scores) / len(part.scores)
    rungs[OVERALL] = rung_of(count, guess, bests.get((rows, OVERALL)))
    figure = shown_figure(part.overall[_ACCURACY], rungs[OVERALL])
    if figure is None:
        return SplitScores(kept, rungs=rungs)
    overall = {_ACCURACY: figure, **{name: part.overall[name] for name in _WITHOUT_ANSWERS}}
    intervals = {name: part.overall_intervals[name] for name in _WITHOUT_ANSWERS}
    intervals[_ACCURACY] = interval_of(figure, rungs[OVERALL], count)
    return SplitScores(kept, overall, intervals, rungs)


def _shown_scores(scores: ConfigScores, figure: float, interval: tuple[float, float]) -> ConfigScores:
    return dataclasses.replace(
        scores,
        tool_accuracy=figure,
        parameter_accuracy=None,
        call_accuracy=None,
        intervals={_ACCURACY: interval, **{name: scores.intervals[name] for name in _WITHOUT_ANSWERS}},
        error_classes={},
        repeats=None,
    )
