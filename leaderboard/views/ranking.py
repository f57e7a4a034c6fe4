"""What the board shows of one data revision, as pure functions of submissions and outcomes: rows and ranks.

A rank counts the systems that are surely better: those whose interval of tool accuracy lies wholly above one's own. So
systems that cannot be told apart share a rank. Baselines and runs on another's history or none are shown unranked.
An account, as the Hub signs it in, is what "one row each" goes by: a team's name is a label that anybody could type.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from leaderboard.stores.stored_records import (
    HISTORY_TYPES,
    OVERALL,
    Badge,
    ConfigScores,
    HistoryShown,
    Outcome,
    Split,
    Submission,
)
from metrics.petoolbench.records import ERROR_CLASSES, RATES

BOARDS: Final = (OVERALL, *HISTORY_TYPES)
RANKED_BY: Final = "tool_accuracy"
BADGES: Final[tuple[Badge, ...]] = ("baseline", "self-reported", "reproduced")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the board. Rates are 0 to 1."""

    id: str
    """Of the submission."""
    rank: int | None
    """Best rank that the intervals allow; None where the row is not ranked."""
    rank_to: int | None
    """Worst one."""
    system: str
    account: str
    team: str
    badge: Badge
    history: HistoryShown
    rates: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    lift: float | None
    """Tool accuracy with the user's own history less that with another user's; None where not both were handed in."""
    error_classes: Mapping[str, float]
    parameters_b: float | None
    cost_usd: float | None
    licence: str
    link: str
    description: str
    date: str
    """Day on which it was handed in, ISO 8601."""
    attempt: int
    """Which of the account's submissions on this split of these data it is, from 1."""
    attempts: int
    data_revision: str
    scorer_version: str
    older_scorer: bool
    """Other rows of the split were scored by a newer one."""
    former: float | None
    """Tool accuracy by the scorer before this one; None where it was scored once."""
    sha256: str
    account_key: str
    """The account's id, which rows of one account share."""


def current(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes of each submission, the oldest first; the last one holds."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.submission_id].append(outcome)
    for several in found.values():
        several.sort(key=lambda one: (one.created, one.scorer_version))
    return dict(found)


def rows(
    submissions: Iterable[Submission],
    outcomes: Iterable[Outcome],
    board: str,
    split: Split,
    revision: str,
    *,
    every: bool = False,
) -> list[Row]:
    """All rows of a board, the highest tool accuracy first.

    Args:
        submissions: All there are.
        outcomes: Likewise; of several of one submission the latest holds.
        board: `overall`, which takes submissions that answer every config, or a config.
        split: Which split.
        revision: Of the data. Files that answer others are not compared with these, and so not shown.
        every: Whether to keep all rows, instead of the baselines and the best one of each account.

    Raises:
        ValueError: If there is no such board.
    """
    if board not in BOARDS:
        raise ValueError(f"There is no board {board!r}. Allowed are {', '.join(BOARDS)}.")
    asked = (one for one in submissions if (one.split, one.data_revision) == (split, revision))
    handed_in = sorted(asked, key=lambda one: (one.created, one.id))
    known = current(outcomes)
    newest = max((known[one.id][-1] for one in handed_in if one.id in known), key=lambda one: one.created, default=None)
    attempts: dict[str, int] = defaultdict(int)
    found: list[Row] = []
    for one in handed_in:
        attempts[one.person.sub] += 1
        made = _row(one, known.get(one.id, ()), board, attempts[one.person.sub], newest)
        if made is not None:
            found.append(made)
    lifted = _with_lift(found)
    finished = [dataclasses.replace(row, attempts=attempts[row.account_key]) for row in lifted]
    finished.sort(key=lambda row: -row.rates[RANKED_BY])
    return _ranked(finished if every else _best_of_each(finished))


def _row(
    submission: Submission, outcomes: Sequence[Outcome], board: str, attempt: int, newest: Outcome | None
) -> Row | None:
    """A row without rank, lift and number of attempts; None where there is nothing to show."""
    scored = [one for one in outcomes if one.status == "scored" and _figures(one, board)]
    if not scored or newest is None:
        return None
    last = scored[-1]
    figures = _figures(last, board)
    assert figures is not None
    rates, intervals, classes = figures
    former = _figures(scored[-2], board) if len(scored) > 1 else None
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
        rates=rates,
        intervals=intervals,
        lift=None,
        error_classes=classes,
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
    rates: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    error_classes: Mapping[str, float]


def _figures(outcome: Outcome, board: str) -> _Figures | None:
    if board != OVERALL:
        scores = outcome.scores.get(board)
        return None if scores is None else _Figures(_rates(scores), scores.intervals, scores.error_classes)
    if not outcome.overall:
        return None
    several = [scores.error_classes for scores in outcome.scores.values()]
    classes: dict[str, float] = {
        name: sum(one.get(name, 0.0) for one in several) / len(several) for name in ERROR_CLASSES
    }
    return _Figures(outcome.overall, outcome.overall_intervals, classes)


def _rates(scores: ConfigScores) -> dict[str, float]:
    return {name: getattr(scores, name) for name in RATES}


def _with_lift(found: Sequence[Row]) -> list[Row]:
    """Rows with the lift over the latest run of the same account's system of that name on other users' histories."""
    swapped = {(row.account_key, row.system): row.rates[RANKED_BY] for row in found if row.history == "swapped"}
    lifted = []
    for row in found:
        other = swapped.get((row.account_key, row.system)) if row.history == "own" else None
        lifted.append(row if other is None else dataclasses.replace(row, lift=row.rates[RANKED_BY] - other))
    return lifted


def _best_of_each(found: Sequence[Row]) -> list[Row]:
    """Baselines, and of each account the first ranked row."""
    seen: set[str] = set()
    kept = []
    for row in found:
        if row.badge != "baseline":
            if row.history != "own" or row.account_key in seen:
                continue
            seen.add(row.account_key)
        kept.append(row)
    return kept


def rows_of_accounts(found: Iterable[Row]) -> list[Row]:
    """The best row of each account, without baselines and runs on other histories."""
    return [row for row in _best_of_each(list(found)) if row.badge != "baseline"]


def _is_ranked(row: Row) -> bool:
    return row.badge != "baseline" and row.history == "own"


def _ranked(found: Sequence[Row]) -> list[Row]:
    ends = [row.intervals[RANKED_BY] for row in found if _is_ranked(row)]
    lows, highs = sorted(low for low, _ in ends), sorted(high for _, high in ends)
    ranked = []
    for row in found:
        if _is_ranked(row):
            low, high = row.intervals[RANKED_BY]
            surely_better = len(lows) - bisect_right(lows, high)
            surely_worse = bisect_left(highs, low)
            ranked.append(dataclasses.replace(row, rank=1 + surely_better, rank_to=len(ends) - surely_worse))
        else:
            ranked.append(row)
    return ranked
