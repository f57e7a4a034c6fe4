"""From predictions and references to an outcome and what comparing it needs, by the metric and nothing else.

Of the test split an outcome holds rounded rates over many rows only, and no slice of few.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow.compute as pc

from leaderboard.public_data import Data, DataError
from leaderboard.stores.stored_records import HISTORY_TYPES, ConfigScores, Outcome, Split, Tallies
from metrics.petoolbench.aggregation import RESAMPLES, Scores, aggregate, judge, macro
from metrics.petoolbench.errors import MetricError
from metrics.petoolbench.records import RATES, Reference, Verdict, reference_from_row
from metrics.petoolbench.uncertainty import intervals

from .private_answers import Answers
from .scorer_version import scorer_version

LEAST_ROWS: Final = 50
"""Slices of the test split with fewer rows are left out."""
_LENGTHS: Final = ((0, 5), (6, 10), (11, 15), (16, 20), (21, 30), (31, 10**6))
"""Bins of the number of history steps."""


class Scored(NamedTuple):
    """What came of a file."""

    outcome: Outcome
    tallies: Tallies


@dataclass(frozen=True, slots=True)
class _Row:
    reference: Reference
    slices: tuple[tuple[str, str], ...]
    """Name of a slicing and the row's value in it."""


class Scorer:
    """Scores predictions for one data set; references are read once.

    Args:
        data: The data set.
        answers: Its private answers; without them the validation split alone can be scored.
    """

    def __init__(self, data: Data, answers: Answers | None) -> None:
        self.data = data
        self._answers = answers
        self._rows: dict[tuple[str, Split], list[_Row]] = {}
        self._order: dict[Split, dict[str, int]] = {}
        self._digest: dict[Split, bytes] = {}

    @property
    def has_answers(self) -> bool:
        """Whether the test split can be scored."""
        return self._answers is not None

    def answers_version(self, split: Split) -> str:
        """First digits of the hash of what a split is scored against.

        Raises:
            DataError: If it cannot be read.
        """
        return hashlib.sha256(b"version" + self._key(split)).hexdigest()[:8]

    def key(self, submission_id: str, split: Split) -> str:
        """The key of the outcome that scoring would give, known before it is done.

        Raises:
            DataError: If the references cannot be read.
        """
        return self._empty(submission_id, split, "").key

    def failed(self, submission_id: str, split: Split, reason: str, created: str) -> Outcome:
        """The outcome of a file that cannot be scored."""
        return self._empty(submission_id, split, created, status="failed", reason=reason)

    def score(
        self, submission_id: str, split: Split, configs: Sequence[str], predictions: Mapping[str, str], created: str
    ) -> Scored:
        """Score a file that was checked.

        Args:
            submission_id: Whose it is.
            split: The split it answers.
            configs: History types it answers.
            predictions: Replies by instance id, of all configs.
            created: When this is done: UTC, ISO 8601.

        Raises:
            DataError: If the references cannot be read.
        """
        rows = {config: self._references(config, split) for config in HISTORY_TYPES if config in configs}
        verdicts = {
            config: [judge(predictions.get(row.reference.instance_id), row.reference) for row in own]
            for config, own in rows.items()
        }
        shown: Callable[[float], float] = _rounded if split == "test" else float
        groups = {config: [row.reference.query_group for row in own] for config, own in rows.items()}
        found = {config: aggregate(verdicts[config], groups[config], resamples=RESAMPLES) for config in rows}
        scores = {config: _config_scores(one, shown) for config, one in found.items()}
        complete = len(rows) == len(HISTORY_TYPES)
        outcome = self._empty(
            submission_id,
            split,
            created,
            scores=scores,
            overall={name: shown(rate) for name, rate in macro(found).items()} if complete else {},
            overall_intervals=_overall_intervals(verdicts, groups, shown) if complete else {},
            slices=_slices(rows, verdicts, shown, LEAST_ROWS if split == "test" else 1),
        )
        return Scored(outcome, self._tallies(outcome.answers, split, groups, verdicts))

    def _empty(self, submission_id: str, split: Split, created: str, **fields: Any) -> Outcome:
        given: dict[str, Any] = {"status": "scored", "reason": "", **fields}
        return Outcome(
            submission_id=submission_id,
            scorer_version=scorer_version(),
            data_revision=self.data.revision,
            created=created,
            answers=self.answers_version(split),
            **given,
        )

    def _private(self) -> Answers:
        if self._answers is None:
            raise DataError("The test split cannot be scored without its answers. Name their folder.")
        return self._answers

    def _key(self, split: Split) -> bytes:
        """What orders query groups: as secret as the answers of the split."""
        if split not in self._digest:
            digest = hashlib.sha256(self._private().digest if split == "test" else b"validation")
            for config in HISTORY_TYPES:
                for path in self.data.paths(config, split):
                    digest.update(path.read_bytes())
            self._digest[split] = digest.digest()
        return self._digest[split]

    def _references(self, config: str, split: Split) -> list[_Row]:
        if (config, split) not in self._rows:
            table = self.data.table(config, split)
            steps = pc.list_value_length(table.column("history")).to_pylist()
            rows = table.select(["instance_id", "query_group", "candidates", "answer", "meta"]).to_pylist()
            self._rows[config, split] = [
                self._row(config, split, row, count) for row, count in zip(rows, steps, strict=True)
            ]
        return self._rows[config, split]

    def _row(self, config: str, split: Split, row: dict[str, Any], steps: int) -> _Row:
        if split == "test":
            private = self._private().of(config, row["instance_id"])
            row = {**row, "answer": private["answer"], "meta": private["meta"]}
        row["candidates"] = [{"name": one["name"], "parameters": one["parameters"]} for one in row["candidates"]]
        try:
            return _Row(reference_from_row(row), tuple(_values(row["meta"] or {}, steps)))
        except MetricError as error:
            raise DataError(
                f"The row {row['instance_id']!r} cannot be scored: {error} Take the answers of the same build, made "
                "with the same secret."
            ) from error

    def _tallies(
        self,
        answers: str,
        split: Split,
        groups: Mapping[str, Sequence[str]],
        verdicts: Mapping[str, Sequence[Verdict]],
    ) -> Tallies:
        if split not in self._order:
            key = self._key(split)
            every = {row.reference.query_group for config in HISTORY_TYPES for row in self._references(config, split)}
            order = sorted(every, key=lambda group: hmac.digest(key, group.encode(), "sha256"))
            self._order[split] = {group: index for index, group in enumerate(order)}
        order_of = self._order[split]
        found = {}
        for config, own in groups.items():
            index = np.array([order_of[group] for group in own])
            right = np.array([one.tool_correct for one in verdicts[config]], dtype=np.float64)
            sums = np.bincount(index, weights=right, minlength=len(order_of))
            rows = np.bincount(index, minlength=len(order_of))
            found[config] = tuple((int(one), int(count)) for one, count in zip(sums, rows, strict=True))
        return Tallies(answers, found)


def _config_scores(found: Scores, shown: Callable[[float], float]) -> ConfigScores:
    return ConfigScores(
        shown(found["tool_accuracy"]),
        shown(found["parameter_accuracy"]),
        shown(found["call_accuracy"]),
        shown(found["format_rate"]),
        shown(found["hallucination_rate"]),
        {name: (shown(low), shown(high)) for name, (low, high) in found["intervals"].items()},
        {name: shown(share) for name, share in found["error_classes"].items()},
        found["count"],
        found["query_groups"],
    )


def _rounded(rate: float) -> float:
    return round(float(rate), 3)


def _overall_intervals(
    verdicts: Mapping[str, Sequence[Verdict]], groups: Mapping[str, Sequence[str]], shown: Callable[[float], float]
) -> dict[str, tuple[float, float]]:
    """Intervals of the macro means: the same query groups are drawn in all configs, since these share them."""
    total = sum(map(len, verdicts.values()))
    outcomes = np.concatenate(
        [np.array([one.outcome for one in own]) * (total / (len(verdicts) * len(own))) for own in verdicts.values()]
    )
    ends = intervals(outcomes, [group for own in groups.values() for group in own], resamples=RESAMPLES, seed=0)
    return {name: (shown(low), shown(min(1.0, high))) for name, (low, high) in zip(RATES, ends, strict=True)}


def _values(meta: Mapping[str, Any], steps: int) -> list[tuple[str, str]]:
    """Value of a row in each slicing."""
    low, high = next((low, high) for low, high in _LENGTHS if low <= steps <= high)
    found = [("history_length", f"{low} to {high}" if high < _LENGTHS[-1][1] else f"{low} and more")]
    if meta.get("drift_step") is not None and steps:
        third = min(2, 3 * meta["drift_step"] // steps)
        found.append(("drift_position", ("first third", "second third", "last third")[third]))
    if meta.get("noise") is not None:
        found.append(("noise", f"{100 * meta['noise']:.0f} %"))
    if meta.get("axes"):
        found.append(("axis", meta["axes"][0]))
    return found


def _slices(
    rows: Mapping[str, Sequence[_Row]],
    verdicts: Mapping[str, Sequence[Verdict]],
    shown: Callable[[float], float],
    least: int,
) -> dict[str, dict[str, tuple[float, int]]]:
    """Tool accuracy by slice over all configs, of slices with at least so many rows."""
    found: dict[str, dict[str, list[bool]]] = {}
    for config, own in rows.items():
        for row, verdict in zip(own, verdicts[config], strict=True):
            for name, value in row.slices:
                found.setdefault(name, {}).setdefault(value, []).append(verdict.tool_correct)
    return {
        name: {
            value: (shown(sum(right) / len(right)), len(right))
            for value, right in sorted(values.items(), key=lambda item: _natural(item[0]))
            if len(right) >= least
        }
        for name, values in sorted(found.items())
    }


def _natural(value: str) -> tuple[int, str]:
    """Numbers in their order, then words."""
    first = value.split(maxsplit=1)[0]
    return (int(first), "") if first.isdigit() else (10**9, value)
