"""Two systems on the same rows: the paired difference of their tool accuracy, with an interval, and in words.

Only the statistic leaves this module; what it is computed from says nothing of single rows (`records.Tallies`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.stores.store import Store
from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL, Submission, Tallies
from metrics.petoolbench.uncertainty import Comparison, compare


class CompareError(ValueError):
    """The two cannot be compared; the text says why, for the user."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two systems in one config, or over all three."""

    config: str
    """A history type, or `overall`: the macro mean over the three, where both answered them."""
    comparison: Comparison
    """First less second; rates -1 to 1, rounded to 0.001."""
    words: str


def compare_submissions(store: Store, first: str, second: str) -> list[Compared]:
    """Compare two submissions in every config that both answered, `overall` first.

    Args:
        store: Where they lie.
        first: Id of a submission.
        second: Id of another.

    Raises:
        CompareError: If they do not answer the same rows, or one is not scored.
        StoreError: If the store cannot be read.
    """
    known = {one.id: one for one in store.submissions()}
    systems = [_known(known, one) for one in (first, second)]
    tallies = [_tallies(store, one) for one in systems]
    if systems[0].split != systems[1].split:
        raise CompareError(
            f"{systems[0].system.name!r} answers the {systems[0].split} split and {systems[1].system.name!r} the "
            f"{systems[1].split} split. Choose two of one split."
        )
    if tallies[0].answers != tallies[1].answers:
        raise CompareError(
            "The two were scored against different answers. They can be compared once both are rescored."
        )
    return compare_tallies(tallies[0], tallies[1], _names(systems))


def compare_tallies(first: Tallies, second: Tallies, names: Sequence[str]) -> list[Compared]:
    """Compare two systems that were scored against the same answers.

    Args:
        first: Of the first system.
        second: Of the second.
        names: What they are called, in the words.

    Raises:
        CompareError: If they answer no config both.
    """
    shared = [config for config in HISTORY_TYPES if config in first.groups and config in second.groups]
    if not shared:
        raise CompareError(f"{names[0]!r} and {names[1]!r} answer no history type both. Choose two that do.")
    scopes = {**({OVERALL: shared} if len(shared) == len(HISTORY_TYPES) else {}), **{one: [one] for one in shared}}
    return [_compared(scope, configs, first, second, names) for scope, configs in scopes.items()]


def _compared(scope: str, configs: Sequence[str], first: Tallies, second: Tallies, names: Sequence[str]) -> Compared:
    total = sum(rows for config in configs for _, rows in first.groups[config])
    columns: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]] = []
    for config in configs:
        own, other = np.array(first.groups[config]), np.array(second.groups[config])
        rows = own[:, 1]
        if not np.array_equal(rows, other[:, 1]):
            raise CompareError("The two were scored on different rows. They can be compared once both are rescored.")
        # A row's outcome is its group's mean, which gives the same sums; of a config with fewer rows each weighs more.
        weight = total / (len(configs) * rows.sum())
        rates = [weight * np.divide(one[:, 0], rows, out=np.zeros(len(rows)), where=rows > 0) for one in (own, other)]
        columns.append((np.repeat(rates[0], rows), np.repeat(rates[1], rows), np.repeat(np.arange(len(rows)), rows)))
    found = compare(
        list(np.concatenate([one[0] for one in columns])),
        list(np.concatenate([one[1] for one in columns])),
        [str(index) for one in columns for index in one[2]],
    )
    rounded = dataclasses.replace(
        found,
        difference=_rounded(found.difference),
        low=_rounded(found.low),
        high=_rounded(found.high),
        p=_rounded(found.p),
        detectable=_rounded(found.detectable),
    )
    return Compared(scope, rounded, rounded.in_words(*names))


def _rounded(rate: float) -> float:
    return round(rate, 3) + 0.0  # no -0.0


def _known(known: dict[str, Submission], submission_id: str) -> Submission:
    if submission_id not in known:
        raise CompareError(f"There is no submission {submission_id[:80]!r}. Choose two of the board.")
    return known[submission_id]


def _tallies(store: Store, submission: Submission) -> Tallies:
    found = store.tallies(submission.id)
    if found is None:
        raise CompareError(f"{submission.system.name!r} is not scored yet. Choose two that are.")
    return found


def _names(systems: Sequence[Submission]) -> list[str]:
    """Names of two systems, with their ids where they have one name."""
    names = [one.system.name for one in systems]
    return names if names[0] != names[1] else [f"{one.system.name} ({one.id})" for one in systems]
