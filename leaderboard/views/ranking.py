"""Rows and ranks of the leaderboard for one data revision, computed from submissions and outcomes.

The main figure, by which rows are ranked, is on the core of the test split if the data set names one, and otherwise on
the full split.

The best rank of a system is 1 plus the number of systems whose interval of tool accuracy is entirely above its own.
Systems that the data cannot distinguish therefore share a rank. Baselines and runs with another user's history or
without history have no rank. A system is one row: the name of the system and the account that the Hub confirms, not the
team name, which any submitter can type.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from leaderboard.ladder import may_be_shown
from leaderboard.stores.acts import Act, Standing
from leaderboard.stores.stored_records import (
    CORE,
    FULL_SPLIT,
    HISTORY_TYPES,
    OVERALL,
    Badge,
    ConfigScores,
    HistoryShown,
    Outcome,
    Rows,
    Split,
    SplitScores,
    Submission,
)
from leaderboard.submissions.shown_names import looks_like
from metrics.petoolbench.records import ERROR_CLASSES, RATES

BOARDS: Final = (OVERALL, *HISTORY_TYPES)
RANKED_BY: Final = "tool_accuracy"
_NO_ACTS: Final[Mapping[str, Standing]] = {}
BADGES: Final[tuple[Badge, ...]] = ("baseline", "self-reported", "reproduced")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the leaderboard table. Rates are 0 to 1."""

    id: str
    """Id of the submission."""
    rank: int | None
    """Best rank that the intervals allow; None for rows without a rank."""
    rank_to: int | None
    """Worst rank that the intervals allow; None for rows without a rank."""
    system: str
    account: str
    team: str
    badge: Badge
    history: HistoryShown
    scored_rows: Rows
    """Rows that the rates, intervals, lift and error classes are on."""
    answered: Rows
    """Rows that the file answers."""
    step: float | None
    """Step of which the tool accuracy is a multiple, rounded down, see `leaderboard.ladder`; None if it is exact."""
    rates: Mapping[str, float]
    """Rates by name. Submitted systems on the test split lack parameter and call accuracy."""
    intervals: Mapping[str, tuple[float, float]]
    full_rates: Mapping[str, float]
    """Rates on the full split; empty if only the core was answered."""
    full_intervals: Mapping[str, tuple[float, float]]
    lift: float | None
    """Accuracy with the user's own history minus accuracy with another user's; None unless both were submitted."""
    error_classes: Mapping[str, float]
    """Share of each class; empty for submitted systems on the test split."""
    cut: float | None
    """Share of the replies that were cut at the limit of output tokens; None if the file does not state it."""
    refused: float | None
    """Share of the replies that were refused by the model or a content filter; None if the file does not state it."""
    replies: int
    """Number of replies to each instance."""
    pass_1: float | None
    """Share of all replies that call the correct tool; None if each instance has one reply."""
    pass_all: float | None
    """Share of the instances to which all replies call the correct tool; None if each instance has one reply."""
    agreement: float | None
    """Share of the pairs of replies to an instance that call the same tool; None if each instance has one reply."""
    parameters_b: float | None
    cost_usd: float | None
    licence: str
    link: str
    description: str
    date: str
    """Day of the submission, ISO 8601."""
    attempt: int
    """Position among the account's submissions to this split and data revision, from 1."""
    attempts: int
    """Number of these submissions."""
    data_revision: str
    scorer_version: str
    older_scorer: bool
    """True if the most recent outcome of the split has another scorer version."""
    former: float | None
    """Tool accuracy of the previous scoring; None if the submission was scored once."""
    sha256: str
    account_key: str
    """Id of the account."""
    reproduced: Act | None = None
    """Act that gives the badge `reproduced`, with the figures of the rerun; None without it."""

    @property
    def is_expected(self) -> bool:
        """True if the rates are expected values of a random choice, which have no intervals and no replies."""
        return self.badge == "baseline" and not self.intervals


def current(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of each submission by its id, oldest first. The last one counts."""
    by_submission: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_submission[outcome.submission_id].append(outcome)
    for history in by_submission.values():
        history.sort(key=lambda outcome: (outcome.created, outcome.scorer_version))
    return dict(by_submission)


def rows(
    submissions: Iterable[Submission],
    outcomes: Iterable[Outcome],
    board: str,
    split: Split,
    revision: str,
    *,
    every: bool = False,
    main: Rows = FULL_SPLIT,
    standings: Mapping[str, Standing] = _NO_ACTS,
) -> list[Row]:
    """Return the rows of a leaderboard, highest tool accuracy first.

    Args:
        submissions: All submissions.
        outcomes: All outcomes. If a submission has several, the latest counts.
        board: A config, or `overall` for submissions that answer every config.
        split: Split that the submissions answer.
        revision: Data revision. Submissions for other revisions are not comparable and are left out.
        every: True to return all rows instead of the baselines and the best row of each system.
        main: Rows that the main figure is on. Outcomes on others, from before the core was scored, are left out.
        standings: Standing of each submission on which a maintainer acted, by its id. Hidden rows are left out; they
            still count as attempts of their account.

    Raises:
        ValueError: If the board is unknown.
    """
    if board not in BOARDS:
        raise ValueError(f"Unknown board {board!r}. Available boards: {', '.join(BOARDS)}.")
    matching = (item for item in submissions if (item.split, item.data_revision) == (split, revision))
    submitted = sorted(matching, key=lambda submission: (submission.created, submission.id))
    known = current(_comparable(submitted, outcomes, main))
    last_outcomes = [known[submission.id][-1] for submission in submitted if submission.id in known]
    newest = max(last_outcomes, key=lambda outcome: outcome.created, default=None)
    attempts: dict[str, int] = defaultdict(int)
    scored: list[Row] = []
    # A baseline that was corrected has another file. Only the last one counts.
    last_baseline = {item.system.name: item.id for item in submitted if item.badge == "baseline" and item.id in known}
    for submission in submitted:
        if submission.badge == "baseline" and last_baseline.get(submission.system.name) != submission.id:
            continue
        attempts[submission.person.sub] += 1
        standing = standings.get(submission.id, Standing())
        row = _row(submission, known.get(submission.id, ()), board, attempts[submission.person.sub], newest)
        if row is not None and standing.hidden is None:
            badge = "reproduced" if standing.reproduced else row.badge
            scored.append(dataclasses.replace(row, badge=badge, reproduced=standing.reproduced))
    complete = [dataclasses.replace(row, attempts=attempts[row.account_key]) for row in _with_lift(scored)]
    complete.sort(key=lambda row: -row.rates[RANKED_BY])
    return _ranked(complete if every else _best_of_each(complete))


def _comparable(submitted: Iterable[Submission], outcomes: Iterable[Outcome], main: Rows) -> list[Outcome]:
    """Return the outcomes that may stand side by side: on the same rows, against the answers of the newest one.

    Exact figures of submitted systems on the test split, from before they were rounded, are left out.
    """
    by_id = {submission.id: submission for submission in submitted}
    found = [
        outcome
        for outcome in outcomes
        if outcome.submission_id in by_id
        and (
            outcome.status != "scored" or (outcome.rows == main and may_be_shown(by_id[outcome.submission_id], outcome))
        )
    ]
    scored = [outcome for outcome in found if outcome.status == "scored"]
    newest = max(scored, key=lambda outcome: outcome.created, default=None)
    return [outcome for outcome in found if newest is None or outcome.answers == newest.answers]


def _row(
    submission: Submission, outcomes: Sequence[Outcome], board: str, attempt: int, newest: Outcome | None
) -> Row | None:
    """Return a row without rank, lift and number of attempts, or None if the submission has no rates for the board."""
    scored = [outcome for outcome in outcomes if outcome.status == "scored"]
    last = scored[-1] if scored else None
    figures = _figures(last, board) if last else None
    if last is None or figures is None or newest is None:
        return None
    rates, intervals, classes = figures
    means = _means(list(last.scores.values()) if board == OVERALL else [last.scores[board]])
    former = _figures(scored[-2], board) if len(scored) > 1 else None
    full = _figures(last if last.rows == FULL_SPLIT else last.full, board)
    system = submission.system
    return Row(
        id=submission.id,
        rank=None,
        rank_to=None,
        system=system.name,
        account=submission.person.name,
        team=system.team,
        badge=submission.badge,
        history=system.history,
        scored_rows=last.rows,
        answered=CORE if submission.core_only else FULL_SPLIT,
        step=last.rungs[board].step if board in last.rungs else None,
        rates=rates,
        intervals=intervals,
        full_rates=full.rates if full else {},
        full_intervals=full.intervals if full else {},
        lift=None,
        error_classes=classes,
        **means,
        parameters_b=system.parameters_b,
        cost_usd=system.cost_usd,
        licence=system.licence,
        link=system.link,
        description=system.description,
        date=submission.created[:10],
        attempt=attempt,
        attempts=attempt,
        data_revision=last.data_revision,
        scorer_version=last.scorer_version,
        older_scorer=last.scorer_version != newest.scorer_version,
        former=former[0][RANKED_BY] if former else None,
        sha256=submission.sha256,
        account_key=submission.person.sub,
    )


class _Figures(NamedTuple):
    """Rates, intervals and error classes of a submission on one board."""

    rates: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    error_classes: Mapping[str, float]


def _figures(outcome: Outcome | SplitScores, board: str) -> _Figures | None:
    if board != OVERALL:
        scores = outcome.scores.get(board)
        return None if scores is None else _Figures(_rates(scores), scores.intervals, scores.error_classes)
    if not outcome.overall:
        return None
    by_config = [scores.error_classes for scores in outcome.scores.values() if scores.error_classes]
    if not by_config:
        return _Figures(outcome.overall, outcome.overall_intervals, {})
    classes: dict[str, float] = {
        name: sum(shares.get(name, 0.0) for shares in by_config) / len(by_config) for name in ERROR_CLASSES
    }
    return _Figures(outcome.overall, outcome.overall_intervals, classes)


def _means(scores: Sequence[ConfigScores]) -> dict[str, Any]:
    """Return the fields of a row about cut, refused and repeated replies, as means over configs that all state them."""
    if not scores:  # a figure is shown overall, and none by config
        return {"replies": 1, **dict.fromkeys(("cut", "refused", "pass_1", "pass_all", "agreement"))}
    repeats = [part.repeats for part in scores]
    of_repeats = [part for part in repeats if part and repeats[0] and part.replies == repeats[0].replies]
    is_repeated = len(of_repeats) == len(scores)
    return {
        "cut": _mean([part.cut for part in scores]),
        "refused": _mean([part.refused for part in scores]),
        "replies": of_repeats[0].replies if is_repeated else 1,
        **{
            name: _mean([getattr(part, name) for part in of_repeats]) if is_repeated else None
            for name in ("pass_1", "pass_all", "agreement")
        },
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _rates(scores: ConfigScores) -> dict[str, float]:
    rates = {name: getattr(scores, name) for name in RATES}
    return {name: rate for name, rate in rates.items() if rate is not None}


def _with_lift(scored: Sequence[Row]) -> list[Row]:
    """Add the lift over the account's latest run of the same system name with other users' histories."""
    swapped = {(row.account_key, row.system): row.rates[RANKED_BY] for row in scored if row.history == "swapped"}
    lifted = []
    for row in scored:
        other = swapped.get((row.account_key, row.system)) if row.history == "own" else None
        lifted.append(row if other is None else dataclasses.replace(row, lift=row.rates[RANKED_BY] - other))
    return lifted


def _best_of_each(scored: Sequence[Row]) -> list[Row]:
    """Return the baselines and the first ranked row of each system of an account.

    Names that look alike are one system, so that an account cannot fill the board with the spellings of a name.
    """
    seen: set[tuple[str, str]] = set()
    kept = []
    for row in scored:
        if row.badge != "baseline":
            key = row.account_key, looks_like(row.system)
            if row.history != "own" or key in seen:
                continue
            seen.add(key)
        kept.append(row)
    return kept


def rows_of_systems(found: Iterable[Row]) -> list[Row]:
    """Return the best row of each system, without baselines and runs that were shown another user's history or none.

    Args:
        found: Rows, highest tool accuracy first.
    """
    return [row for row in _best_of_each(list(found)) if row.badge != "baseline"]


def _is_ranked(row: Row) -> bool:
    return row.badge != "baseline" and row.history == "own"


def _ranked(kept: Sequence[Row]) -> list[Row]:
    ends = [row.intervals[RANKED_BY] for row in kept if _is_ranked(row)]
    lows, highs = sorted(low for low, _ in ends), sorted(high for _, high in ends)
    ranked = []
    for row in kept:
        if _is_ranked(row):
            low, high = row.intervals[RANKED_BY]
            surely_better = len(lows) - bisect_right(lows, high)
            surely_worse = bisect_left(highs, low)
            ranked.append(dataclasses.replace(row, rank=1 + surely_better, rank_to=len(ends) - surely_worse))
        else:
            ranked.append(row)
    return ranked
