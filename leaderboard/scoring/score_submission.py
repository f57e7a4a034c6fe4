"""Score predictions with the metric: the outcome, and the tallies for paired comparisons.

The main figure is on the core of the test split, if the data set names one, and otherwise on the full split. A file
that answers the full split of a data set with a core has scores on both.

Outcomes of the test split contain only rounded rates and slices of at least `MIN_SLICE_SIZE` instances. Those of
submitted systems are reduced further before they are stored, see `shown_figures`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow.compute as pc

from leaderboard.public_data import Data, DataError
from leaderboard.stores.stored_records import (
    CORE,
    HISTORY_TYPES,
    ConfigScores,
    Outcome,
    RepeatScores,
    Split,
    SplitScores,
    Tallies,
)
from leaderboard.submissions.validation import Endings
from metrics.petoolbench.aggregation import RESAMPLES, Scores, aggregate, judge, macro
from metrics.petoolbench.errors import MetricError
from metrics.petoolbench.records import RATES, Reference, Verdict, reference_from_row
from metrics.petoolbench.repeats import called_tool, scores_of_verdicts
from metrics.petoolbench.uncertainty import intervals

from .private_answers import Answers
from .scorer_version import scorer_version
from .time_budget import SCORING_S, TimeBudget

MIN_SLICE_SIZE: Final = 50
"""Minimum number of instances of a slice of the test split; smaller slices are omitted."""
_LENGTHS: Final = ((0, 5), (6, 10), (11, 15), (16, 20), (21, 30), (31, 40), (41, 100), (101, 10**6))
"""Bins of the history length: lowest and highest number of steps."""
_EVIDENCE: Final = ((0, 0), (1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 10**6))
"""Bins of the number of telling steps."""


class Scored(NamedTuple):
    """Outcome of a file and its tallies."""

    outcome: Outcome
    tallies: Tallies


@dataclass(frozen=True, slots=True)
class _Row:
    """Reference of an instance and the slices that it belongs to."""

    reference: Reference
    slices: tuple[tuple[str, str], ...]
    """Pairs of a property, such as the history length, and the instance's value."""


class _Judged(NamedTuple):
    """Rows of a config and the verdicts on their predictions."""

    rows: Sequence[_Row]
    verdicts: Sequence[Verdict]
    repeats: Sequence[Sequence[Verdict]] = ()
    """Verdicts on the first, second and further predictions, if there are several for each row."""
    called: Sequence[Sequence[str | None]] = ()
    """Names of the tools that these predictions call."""
    endings: Endings | None = None

    @property
    def groups(self) -> list[str]:
        """Query group of each row."""
        return [row.reference.query_group for row in self.rows]

    def within(self, core: Collection[str]) -> _Judged:
        """Return the rows of the core with their verdicts."""
        kept = [index for index, row in enumerate(self.rows) if row.reference.query_group in core]
        return _Judged(
            [self.rows[index] for index in kept],
            [self.verdicts[index] for index in kept],
            [[verdicts[index] for index in kept] for verdicts in self.repeats],
            [[names[index] for index in kept] for names in self.called],
            self.endings,
        )


class Scorer:
    """Scorer of predictions on one data set; caches the references.

    Args:
        data: Data set.
        answers: Private answers of the data set, or None to score only the validation split.
        seconds: Time of the processor that scoring one file may take.

    Raises:
        DataError: If the answers are not those of the data set's build.
    """

    def __init__(self, data: Data, answers: Answers | None, *, seconds: float = SCORING_S) -> None:
        if answers is not None:
            data.check_files(answers.folder, answers.files, "private_files")
        self.data = data
        self._seconds = seconds
        self._answers = answers
        self._rows: dict[tuple[str, Split], list[_Row]] = {}
        self._order: dict[Split, dict[str, int]] = {}
        self._digest: dict[Split, bytes] = {}

    @property
    def has_answers(self) -> bool:
        """True if the test split can be scored."""
        return self._answers is not None

    def answers_version(self, split: Split) -> str:
        """Return the version of the answers of a split: eight hexadecimal digits of a SHA-256.

        It depends on the core as well, since outcomes and tallies on other rows are not comparable.

        Raises:
            DataError: If the data or the answers cannot be read.
        """
        core = "\0".join(sorted(self._core(split))).encode()
        return hashlib.sha256(b"version" + self._secret(split) + core).hexdigest()[:8]

    def key(self, submission_id: str, split: Split) -> str:
        """Return the key of the outcome that scoring a submission now would have.

        Raises:
            DataError: If the references cannot be read.
        """
        return self._outcome(submission_id, split, "").key

    def references(self, config: str, split: Split) -> list[Reference]:
        """Return the references of all instances of a config; raise `DataError` if they cannot be read."""
        return [row.reference for row in self._references(config, split)]

    def failed(self, submission_id: str, split: Split, reason: str, created: str) -> Outcome:
        """Return the outcome of a file that cannot be scored."""
        return self._outcome(submission_id, split, created, status="failed", reason=reason)

    def score(
        self,
        submission_id: str,
        split: Split,
        configs: Sequence[str],
        predictions: Mapping[str, str],
        created: str,
        *,
        repeats: Sequence[Mapping[str, str]] = (),
        endings: Endings | None = None,
    ) -> Scored:
        """Score a valid file.

        Args:
            submission_id: Id of the submission.
            split: Split that the file answers.
            configs: History types that the file answers.
            predictions: Predictions of all configs, by instance id. A config without a prediction for each instance is
                scored on the core alone, if there is one.
            created: Current time: UTC, ISO 8601.
            repeats: Second, third and further predictions by instance id, if there are several for each instance.
            endings: Instances whose reply was cut or refused; None if the file does not state it.

        Raises:
            DataError: If the references cannot be read.
            OverBudgetError: If scoring takes too long.
        """
        core, budget = self._core(split), TimeBudget(self._seconds)
        main: dict[str, _Judged] = {}
        full: dict[str, _Judged] = {}
        for config in (config for config in HISTORY_TYPES if config in configs):
            rows = self._references(config, split)
            is_full = not core or all(row.reference.instance_id in predictions for row in rows)
            if not is_full:
                rows = [row for row in rows if row.reference.query_group in core]
            judged = _judged(rows, predictions, repeats, endings, budget)
            main[config] = judged.within(core) if core and is_full else judged
            if core and is_full:
                full[config] = judged
        rounding: Callable[[float], float] = (lambda rate: round(float(rate), 3)) if split == "test" else float
        least = MIN_SLICE_SIZE if split == "test" else 1
        outcome = self._outcome(
            submission_id,
            split,
            created,
            **_score_fields(main, rounding),
            slices=_slices(main, rounding, least),
            rows=self.data.main_rows(split),
            full=SplitScores(**_score_fields(full, rounding)),
        )
        return Scored(outcome, self._tallies(outcome.answers, split, main))

    def _outcome(self, submission_id: str, split: Split, created: str, **fields: Any) -> Outcome:
        """Return an outcome with some fields, by default a scored one without scores."""
        fields = {"status": "scored", "reason": "", **fields}
        return Outcome(
            submission_id=submission_id,
            scorer_version=scorer_version(),
            data_revision=self.data.revision,
            created=created,
            answers=self.answers_version(split),
            **fields,
        )

    def _core(self, split: Split) -> frozenset[str]:
        """Return the query groups that the main figure is on; empty for all."""
        return self.data.core if self.data.main_rows(split) == CORE else frozenset()

    def _private(self) -> Answers:
        if self._answers is None:
            raise DataError("The test split cannot be scored without its answers. Name the answers folder.")
        return self._answers

    def _secret(self, split: Split) -> bytes:
        """Return the key that orders the query groups in tallies; for the test split it depends on the answers."""
        if split not in self._digest:
            digest = hashlib.sha256(self._private().digest if split == "test" else b"validation")
            for config in HISTORY_TYPES:
                for content in self.data.contents(config, split):
                    digest.update(content)
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
        row["candidates"] = [{"name": tool["name"], "parameters": tool["parameters"]} for tool in row["candidates"]]
        try:
            return _Row(reference_from_row(row), tuple(_slices_of(row["meta"] or {}, steps)))
        except MetricError as error:
            raise DataError(
                f"The instance {row['instance_id']!r} cannot be scored: {error} Use the answers of the same build, "
                "made with the same secret."
            ) from error

    def _tallies(self, answers: str, split: Split, main: Mapping[str, _Judged]) -> Tallies:
        position = self._group_positions(split)
        counts = {}
        for config, judged in main.items():
            index = np.array([position[group] for group in judged.groups])
            correct = np.array([verdict.tool_correct for verdict in judged.verdicts], dtype=np.float64)
            correct_of = np.bincount(index, weights=correct, minlength=len(position))
            rows_of = np.bincount(index, minlength=len(position))
            counts[config] = tuple((int(right), int(rows)) for right, rows in zip(correct_of, rows_of, strict=True))
        return Tallies(answers, counts, self.data.main_rows(split))

    def _group_positions(self, split: Split) -> dict[str, int]:
        """Return the position in the tallies of each query group of the main figure, keyed by the split's secret."""
        if split not in self._order:
            secret = self._secret(split)
            groups = {row.reference.query_group for config in HISTORY_TYPES for row in self._references(config, split)}
            core = self._core(split)
            order = sorted(
                groups & core if core else groups, key=lambda group: hmac.digest(secret, group.encode(), "sha256")
            )
            self._order[split] = {group: index for index, group in enumerate(order)}
        return self._order[split]


def _judged(
    rows: Sequence[_Row],
    predictions: Mapping[str, str],
    repeats: Sequence[Mapping[str, str]],
    endings: Endings | None,
    budget: TimeBudget,
) -> _Judged:
    """Judge the predictions for the rows of a config."""
    replies, references = (predictions, *repeats), [row.reference for row in rows]
    verdicts = [[judge(texts.get(one.instance_id), one) for one in budget.each(references)] for texts in replies]
    if not repeats:
        return _Judged(rows, verdicts[0], endings=endings)
    called = [[called_tool(texts.get(one.instance_id), one) for one in budget.each(references)] for texts in replies]
    return _Judged(rows, verdicts[0], verdicts, called, endings)


def _score_fields(judged: Mapping[str, _Judged], rounding: Callable[[float], float]) -> dict[str, Any]:
    """Return the fields that hold scores; the overall ones only if all configs were answered."""
    aggregated = {config: aggregate(part.verdicts, part.groups, resamples=RESAMPLES) for config, part in judged.items()}
    fields: dict[str, Any] = {
        "scores": {config: _config_scores(scores, judged[config], rounding) for config, scores in aggregated.items()}
    }
    if len(judged) == len(HISTORY_TYPES):
        fields["overall"] = {name: rounding(rate) for name, rate in macro(aggregated).items()}
        fields["overall_intervals"] = _overall_intervals(list(judged.values()), rounding)
    return fields


def _config_scores(scores: Scores, judged: _Judged, rounding: Callable[[float], float]) -> ConfigScores:
    ids = {row.reference.instance_id for row in judged.rows}
    cut, refused = judged.endings or (None, None)
    return ConfigScores(
        rounding(scores["tool_accuracy"]),
        rounding(scores["parameter_accuracy"]),
        rounding(scores["call_accuracy"]),
        rounding(scores["format_rate"]),
        rounding(scores["hallucination_rate"]),
        {name: (rounding(low), rounding(high)) for name, (low, high) in scores["intervals"].items()},
        {name: rounding(share) for name, share in scores["error_classes"].items()},
        scores["count"],
        scores["query_groups"],
        None if cut is None else rounding(len(cut & ids) / len(ids)),
        None if refused is None else rounding(len(refused & ids) / len(ids)),
        _repeat_scores(judged, rounding) if judged.repeats else None,
    )


def _repeat_scores(judged: _Judged, rounding: Callable[[float], float]) -> RepeatScores:
    scores = scores_of_verdicts(judged.repeats, judged.called, judged.groups)
    low, high = scores["tool_pass_interval"]
    return RepeatScores(
        scores["replies"],
        rounding(scores["tool_pass"][0]),
        rounding(scores["tool_pass"][-1]),
        (rounding(low), rounding(high)),
        rounding(scores["agreement"]),
    )


def _overall_intervals(judged: Sequence[_Judged], rounding: Callable[[float], float]) -> dict[str, tuple[float, float]]:
    """Return the confidence intervals of the macro means; the configs share query groups, which are drawn jointly."""
    total = sum(len(part.verdicts) for part in judged)
    weighted = []
    for part in judged:
        weight = total / (len(judged) * len(part.verdicts))
        weighted.append(np.array([verdict.outcome for verdict in part.verdicts]) * weight)
    all_groups = [group for part in judged for group in part.groups]
    bounds = intervals(np.concatenate(weighted), all_groups, resamples=RESAMPLES, seed=0)
    return {name: (rounding(low), rounding(min(1.0, high))) for name, (low, high) in zip(RATES, bounds, strict=True)}


def _slices_of(meta: Mapping[str, Any], steps: int) -> list[tuple[str, str]]:
    """Return the value of an instance for each property by which scores are divided."""
    values = [("history_length", _binned(steps, _LENGTHS))]
    if meta.get("drift_step") is not None and steps:
        third = min(2, 3 * meta["drift_step"] // steps)
        values.append(("drift_position", ("first third", "second third", "last third")[third]))
    if meta.get("noise") is not None:
        values.append(("noise", f"{100 * meta['noise']:.0f} %"))
    if meta.get("axes"):
        values.append(("axis", meta["axes"][0]))
    if meta.get("kind"):
        values.append(("kind", meta["kind"]))
    if meta.get("concerns") is not None:
        values.append(("concerns", str(meta["concerns"])))
    if meta.get("evidence") is not None:
        values.append(("evidence", _binned(meta["evidence"], _EVIDENCE)))
    return values


def _binned(number: int, bins: Sequence[tuple[int, int]]) -> str:
    """Return the label of the bin of a number; the last bin has no upper end."""
    low, high = next((low, high) for low, high in bins if low <= number <= high)
    if high == bins[-1][1]:
        return f"{low} and more"
    return f"{low} to {high}" if low < high else str(low)


def _slices(
    judged: Mapping[str, _Judged], rounding: Callable[[float], float], least: int
) -> dict[str, dict[str, tuple[float, int]]]:
    """Return tool accuracy and size of each slice over all configs, without slices of fewer than `least` instances."""
    correct: dict[str, dict[str, list[bool]]] = {}
    for part in judged.values():
        for row, verdict in zip(part.rows, part.verdicts, strict=True):
            for name, value in row.slices:
                correct.setdefault(name, {}).setdefault(value, []).append(verdict.tool_correct)
    return {
        name: {
            value: (rounding(sum(hits) / len(hits)), len(hits))
            for value, hits in sorted(values.items(), key=lambda item: _sort_key(item[0]))
            if len(hits) >= least
        }
        for name, values in sorted(correct.items())
    }


def _sort_key(value: str) -> tuple[int, str]:
    """Return a sort key that puts values starting with a number first, in numeric order."""
    first = value.split(maxsplit=1)[0]
    return (int(first), "") if first.isdigit() else (10**9, value)
