"""Paired comparison of two systems on the same instances: difference in tool accuracy, interval and summary sentence.

Only aggregates leave this module. Its input, `stored_records.Tallies`, does not reveal results of single instances.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard.stores.store import Store
from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL, Rows, Submission, Tallies
from metrics.petoolbench.uncertainty import Comparison, compare

_RESCORE = "Compare them again once both are rescored."


class CompareError(ValueError):
    """Two systems cannot be compared. The message gives the reason and is shown to users."""


@dataclass(frozen=True, slots=True)
class ScopedComparison:
    """Comparison of two systems in one config or overall."""

    config: str
    """A history type, or `overall`: the mean over the three history types, if both systems answered all of them."""
    comparison: Comparison
    """Tool accuracy of the first system minus that of the second, -1 to 1, rounded to 0.001."""
    words: str
    rows: Rows
    """Rows that are compared."""


class _Outcomes(NamedTuple):
    """Outcomes of two systems in one config, one element per instance."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    groups: NDArray[np.int64]
    """Index of the query group."""


def compare_submissions(
    store: Store, known: Mapping[str, Submission], first: str, second: str
) -> list[ScopedComparison]:
    """Compare two submissions in every config that both answered, `overall` first.

    Args:
        store: Store that holds the tallies of both submissions.
        known: Submissions by id.
        first: Id of the first submission.
        second: Id of the second submission.

    Returns:
        One comparison per config, and one overall if both answered all configs.

    Raises:
        CompareError: If a submission is unknown or not scored, or the two do not answer the same instances.
        StoreError: If the store cannot be read.
    """
    systems = [_known(known, submission_id) for submission_id in (first, second)]
    _check_comparable(systems)
    tallies = [_tallies(store, submission) for submission in systems]
    if tallies[0].answers != tallies[1].answers:
        raise CompareError(f"The two submissions were scored against different answers. {_RESCORE}")
    if tallies[0].rows != tallies[1].rows:
        raise CompareError(f"The two submissions were scored on different instances. {_RESCORE}")
    return compare_tallies(tallies[0], tallies[1], _names(systems))


def compare_tallies(first: Tallies, second: Tallies, names: Sequence[str]) -> list[ScopedComparison]:
    """Compare two systems that were scored against the same answers.

    Args:
        first: Tallies of the first system.
        second: Tallies of the second system.
        names: Names of the two systems, for the summary sentence.

    Returns:
        One comparison per config, and one overall if both answered all configs.

    Raises:
        CompareError: If there is no config that both systems answered.
    """
    shared = [config for config in HISTORY_TYPES if config in first.groups and config in second.groups]
    if not shared:
        raise CompareError(
            f"{names[0]!r} and {names[1]!r} have no history type in common. Choose two that answer the same one."
        )
    overall = {OVERALL: shared} if len(shared) == len(HISTORY_TYPES) else {}
    scopes = {**overall, **{config: [config] for config in shared}}
    return [_compared(scope, configs, first, second, names) for scope, configs in scopes.items()]


def _compared(
    scope: str, configs: Sequence[str], first: Tallies, second: Tallies, names: Sequence[str]
) -> ScopedComparison:
    total = sum(rows for config in configs for _, rows in first.groups[config])
    by_config = [_outcomes(config, first, second, total, len(configs)) for config in configs]
    comparison = compare(
        list(np.concatenate([outcomes.first for outcomes in by_config])),
        list(np.concatenate([outcomes.second for outcomes in by_config])),
        [str(group) for outcomes in by_config for group in outcomes.groups],
    )
    rounded = dataclasses.replace(
        comparison,
        difference=_rounded(comparison.difference),
        low=_rounded(comparison.low),
        high=_rounded(comparison.high),
        p=_rounded(comparison.p),
        detectable=_rounded(comparison.detectable),
    )
    return ScopedComparison(scope, rounded, rounded.in_words(*names), first.rows)


def _outcomes(config: str, first: Tallies, second: Tallies, total: int, config_count: int) -> _Outcomes:
    """Return weighted outcomes per instance, such that every config contributes equally to the mean.

    The outcome of an instance is the mean of its query group. This gives the same sums as the true outcomes.

    Args:
        config: A config that both systems answered.
        first: Tallies of the first system.
        second: Tallies of the second system.
        total: Number of instances over all compared configs.
        config_count: Number of compared configs.
    """
    tallies = [np.array(system.groups[config]) for system in (first, second)]
    rows = tallies[0][:, 1]
    if not np.array_equal(rows, tallies[1][:, 1]):
        raise CompareError(f"The two submissions were scored on different instances. {_RESCORE}")
    weight = total / (config_count * rows.sum())
    rates = [weight * np.divide(tally[:, 0], rows, out=np.zeros(len(rows)), where=rows > 0) for tally in tallies]
    return _Outcomes(np.repeat(rates[0], rows), np.repeat(rates[1], rows), np.repeat(np.arange(len(rows)), rows))


def _rounded(rate: float) -> float:
    return round(rate, 3) + 0.0  # adding 0.0 turns -0.0 into 0.0


def _check_comparable(systems: Sequence[Submission]) -> None:
    """Check that two submissions answer the same data and split, and that their difference may be shown.

    Raises:
        CompareError: If they do not, or it may not.
    """
    if systems[0].split != systems[1].split:
        raise CompareError(
            f"{systems[0].system.name!r} answers the {systems[0].split} split and {systems[1].system.name!r} the "
            f"{systems[1].split} split. Choose two submissions of the same split."
        )
    if systems[0].data_revision != systems[1].data_revision:
        raise CompareError(
            f"{systems[0].system.name!r} answers data revision {systems[0].data_revision} and "
            f"{systems[1].system.name!r} {systems[1].data_revision}. Choose two submissions of the same revision."
        )
    if systems[0].split == "test" and any(submission.badge != "baseline" for submission in systems):
        raise CompareError(
            "Paired differences of submitted systems on the test split are not shown: they reveal answers. Compare "
            "the intervals of the two figures, or the two systems on the validation split."
        )


def _known(known: Mapping[str, Submission], submission_id: str) -> Submission:
    if submission_id not in known:
        raise CompareError(f"Unknown submission {submission_id[:80]!r}. Choose two submissions on the leaderboard.")
    return known[submission_id]


def _tallies(store: Store, submission: Submission) -> Tallies:
    tallies = store.tallies(submission.id)
    if tallies is None and not submission.sha256:
        raise CompareError(
            f"The rates of {submission.system.name!r} are expected values, without replies. Choose two systems with "
            "replies; the intervals on the leaderboard show whether a system is better than these values."
        )
    if tallies is None:
        raise CompareError(f"{submission.system.name!r} is not scored yet. Choose two scored submissions.")
    return tallies


def _names(systems: Sequence[Submission]) -> list[str]:
    """Return the names of two systems, with their ids if the names are equal."""
    names = [submission.system.name for submission in systems]
    return names if names[0] != names[1] else [f"{system.system.name} ({system.id})" for system in systems]
