"""Verdicts on predictions, and rates over the verdicts.

All rates are over the references: a missing prediction counts as wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, TypedDict

import numpy as np

from .errors import PredictionsError, shown
from .legacy import legacy_judge
from .matching import Match, compare_arguments, identical
from .names import candidate_of
from .parsing import only_call, read
from .records import (
    ERROR_CLASSES,
    RATES,
    ParseFailure,
    Reference,
    Verdict,
    checked_columns,
    reference_of,
)
from .uncertainty import Comparison, compare, detectable, intervals

ScorerName = Literal["default", "strict", "legacy"]
"""`default` compares arguments by their meaning under the tool's schema, `strict` as exact JSON values. `legacy` is the
rule of the earlier benchmark's released scorer; use it only for comparison with published results."""
SCORERS: Final[tuple[ScorerName, ...]] = ("default", "strict", "legacy")
RESAMPLES: Final = 1000
"""Default number of bootstrap resamples."""
_MISSING: Final = Verdict(False, False, False, "invalid_format", "missing")
_CORRECT: Final = Verdict(True, True, True, "correct", "")
_OTHER_VALUES: Final = Verdict(True, True, False, "parameter_value_mismatch", "other_values")
_OTHER_PREFERENCE: Final = Verdict(True, False, False, "preference_mismatch", "tool_of_another_preference")
_OTHER_JOB: Final = Verdict(True, False, False, "functionality_mismatch", "tool_for_another_job")
_UNKNOWN_TOOL: Final = Verdict(True, False, False, "tool_hallucination", "unknown_tool")
_BY_MATCH: Final[Mapping[Match, Verdict]] = {
    "same": _CORRECT,
    "names": Verdict(True, True, False, "parameter_name_mismatch", "missing_or_further_arguments"),
    "values": _OTHER_VALUES,
}


class Scores(TypedDict):
    """Scores over a set of references. Rates are from 0 to 1."""

    tool_accuracy: float
    """Share of predictions that call the correct tool."""
    parameter_accuracy: float
    """Share of predictions with the correct arguments. Arguments of a wrong tool count as wrong."""
    call_accuracy: float
    """Share of predictions with the correct tool and the correct arguments. It equals `parameter_accuracy`, except
    with the scorer `legacy`, which also compares the arguments of wrong tools."""
    parameter_accuracy_given_tool: float | None
    """Share of correct arguments among the predictions with the correct tool; None if there are none."""
    format_rate: float
    """Share of predictions that contain a readable tool call."""
    hallucination_rate: float
    """Share of predictions that call a tool which is not a candidate."""
    error_classes: dict[str, float]
    """Share of each error class. The shares add up to 1."""
    intervals: dict[str, list[float]]
    """Lower and upper end of the 95 % bootstrap confidence interval of each rate."""
    count: int
    """Number of references."""
    query_groups: int
    """Number of query groups."""
    detectable_difference: float | None
    """Smallest difference in tool accuracy to another system that can be detected; see `uncertainty.detectable`. None
    if the mean outcome is the same in all query groups, which leaves no variance to estimate it from."""


def judge(prediction: str | None, reference: Reference, scorer: ScorerName = "default") -> Verdict:
    """Judge one prediction.

    Args:
        prediction: Raw text of the model's reply; None if it is missing.
        reference: The reference that belongs to the prediction.
        scorer: One of `SCORERS`.

    Returns:
        The verdict, with error class and reason.

    Raises:
        ReferencesError: If the parameter schema of the reference is not a JSON object.
    """
    if prediction is None:
        return _MISSING
    if scorer == "legacy":
        return _judge_by_legacy(prediction, reference)
    call = only_call(prediction)
    if call is None:
        return _judge_reading(prediction, reference, scorer)
    expected = reference.answer
    if call[0] == expected[0] and identical(call[1], expected[1]):
        return _CORRECT
    return _judge_call(*call, reference, scorer)


class Judged(NamedTuple):
    """Verdicts on predictions, and the columns of their rows that are needed for aggregation."""

    verdicts: list[Verdict]
    ids: list[str]
    query_groups: list[str]


def judge_rows(
    predictions: Sequence[str | None], rows: Sequence[Mapping[str, Any]], scorer: ScorerName = "default"
) -> Judged:
    """Judge predictions against dataset rows, as `judge` does against their references.

    Args:
        predictions: Raw texts of the model's replies; None for a missing one.
        rows: Rows of `preferred_only`, `rating_integrated` or `chronological`, in the same order.
        scorer: One of `SCORERS`.

    Raises:
        ReferencesError: If a column is missing or malformed, or an answer is not public.
        PredictionsError: If an instance id occurs twice.
    """
    verdicts, ids, groups = [], [], []
    # References are not kept: creating many long-lived objects takes longer than judging.
    for prediction, row in zip(predictions, rows, strict=True):
        columns = instance_id, query_group, answer, _ = checked_columns(row)
        ids.append(instance_id)
        groups.append(query_group)
        if prediction is None or scorer == "legacy" or answer.get("alternatives"):
            verdicts.append(judge(prediction, reference_of(row, columns), scorer))
            continue
        call = only_call(prediction)
        # Arguments in the very text of the answer need not be parsed again. The last brace is that of the call.
        if call and call[0] == answer["name"] and prediction.endswith(f'": {answer.get("arguments")}}}'):
            verdicts.append(_CORRECT)
            continue
        reference = reference_of(row, columns)
        if call:
            verdicts.append(_judge_call(*call, reference, scorer))
        else:
            verdicts.append(_judge_reading(prediction, reference, scorer))
    check_unique(ids)
    return Judged(verdicts, ids, groups)


def _judge_reading(prediction: str, reference: Reference, scorer: Literal["default", "strict"]) -> Verdict:
    """Judge a prediction that has to be read in full."""
    reading = read(prediction, reference.candidates, exact_names=scorer == "strict")
    if isinstance(reading.call, ParseFailure):
        verdict = _invalid_format(reading.call.reason)
    else:
        verdict = _judge_call(*reading.call, reference, scorer)
    if not verdict.reason or not reading.dialect:
        return verdict
    return replace(verdict, reason=f"{verdict.reason} ({reading.dialect})")


def _judge_call(
    name: str, arguments: Mapping[str, Any], reference: Reference, scorer: Literal["default", "strict"]
) -> Verdict:
    expected = reference.answer.name
    if name == expected:
        return _judge_arguments(arguments, reference, scorer)
    candidates = reference.candidates
    if scorer != "strict" and name not in candidates:
        name = candidate_of(name, candidates) or name
        if name == expected:
            return _judge_arguments(arguments, reference, scorer)
    if name not in candidates:
        return _UNKNOWN_TOOL
    if reference.same_function is not None and name not in reference.same_function:
        return _OTHER_JOB
    return _OTHER_PREFERENCE


def _invalid_format(reason: str) -> Verdict:
    return Verdict(False, False, False, "invalid_format", reason)


def _judge_arguments(
    arguments: Mapping[str, Any], reference: Reference, scorer: Literal["default", "strict"]
) -> Verdict:
    """Judge the arguments of a call to the correct tool."""
    expected = reference.answer.arguments
    if identical(arguments, expected):
        return _CORRECT
    match = compare_arguments(arguments, expected, reference.schema, scorer)
    if match != "same" and any(
        compare_arguments(arguments, alternative, reference.schema, scorer) == "same"
        for alternative in reference.alternatives
    ):
        return _CORRECT
    return _BY_MATCH[match]


def _judge_by_legacy(prediction: str, reference: Reference) -> Verdict:
    """Judge by the released rule, which compares arguments even if the tool is wrong."""
    verdict = legacy_judge(prediction, reference.answer.name, reference.answer.arguments)
    if not verdict.readable:
        return _invalid_format("no_match_of_the_released_rule")
    if not verdict.tool:
        return Verdict(True, False, verdict.parameters, "preference_mismatch", "other_tool")
    return _CORRECT if verdict.parameters else _OTHER_VALUES


def judge_all(
    predictions: Mapping[str, str], references: Sequence[Reference], scorer: ScorerName = "default"
) -> list[Verdict]:
    """Judge predictions by instance id.

    Args:
        predictions: Predictions by instance id. An id without a prediction counts as wrong.
        references: The references, at least one.
        scorer: One of `SCORERS`.

    Returns:
        A verdict for each reference, in their order.

    Raises:
        PredictionsError: If there are no references, or a prediction has an unknown id.
        ReferencesError: If the parameter schema of a reference is not a JSON object.
    """
    if not references:
        raise PredictionsError("There is nothing to score: the references are empty. Pass at least one reference.")
    known = {reference.instance_id for reference in references}
    if not known.issuperset(predictions):
        unknown = sorted(set(predictions) - known)
        raise PredictionsError(
            f"{len(unknown)} predictions have an instance_id that is not in this split: {shown(unknown)}. "
            "Check the config, the split and the data revision."
        )
    return [judge(predictions.get(reference.instance_id), reference, scorer) for reference in references]


def by_instance_id(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return predictions by instance id.

    Args:
        pairs: Pairs of instance id and prediction.

    Raises:
        PredictionsError: If an id occurs more than once.
    """
    listed = list(pairs)
    predictions = dict(listed)
    if len(predictions) < len(listed):
        check_unique([instance_id for instance_id, _ in listed])
    return predictions


def check_unique(ids: Sequence[str]) -> None:
    """Check that no instance id occurs more than once.

    Raises:
        PredictionsError: If one does.
    """
    if len(set(ids)) < len(ids):
        duplicates = sorted(name for name, count in Counter(ids).items() if count > 1)
        raise PredictionsError(
            f"{len(duplicates)} instance_ids occur more than once: {shown(duplicates)}. Keep one of each."
        )


def aggregate(
    verdicts: Sequence[Verdict], query_groups: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0
) -> Scores:
    """Return rates, their confidence intervals and the shares of the error classes.

    Args:
        verdicts: One verdict for each reference, at least one.
        query_groups: Query group of each reference, in the same order.
        resamples: Number of bootstrap resamples.
        seed: Seed for the bootstrap.
    """
    outcomes = _outcomes(verdicts)
    tool, parameters, call, form, hallucinated = (float(mean) for mean in outcomes.mean(axis=0))
    ends = intervals(outcomes, query_groups, resamples=resamples, seed=seed)
    classes = Counter(map(attrgetter("error_class"), verdicts))
    return Scores(
        tool_accuracy=tool,
        parameter_accuracy=parameters,
        call_accuracy=call,
        parameter_accuracy_given_tool=call / tool if tool else None,
        format_rate=form,
        hallucination_rate=hallucinated,
        error_classes={name: classes[name] / len(verdicts) for name in ERROR_CLASSES},
        intervals={name: [float(low), float(high)] for name, (low, high) in zip(RATES, ends, strict=True)},
        count=len(verdicts),
        query_groups=len(set(query_groups)),
        detectable_difference=detectable(outcomes[:, 0], query_groups) or None,
    )


def _outcomes(verdicts: Sequence[Verdict]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the outcomes, a row for each verdict. Most verdicts are the same few objects, which are converted once."""
    keys = [*map(id, verdicts)]
    distinct = dict(zip(keys, verdicts, strict=True))
    numbers = {key: number for number, key in enumerate(distinct)}
    table = np.array([verdict.outcome for verdict in distinct.values()], dtype=np.float64)
    return table[[*map(numbers.__getitem__, keys)]]


def macro(scores: Mapping[str, Scores]) -> dict[str, float]:
    """Return the unweighted mean of each rate over configs.

    Args:
        scores: Scores by config, at least one.
    """
    return {rate: sum(float(part[rate]) for part in scores.values()) / len(scores) for rate in RATES}


def compare_systems(
    first: Sequence[Verdict],
    second: Sequence[Verdict],
    query_groups: Sequence[str],
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Compare the tool accuracy of two systems on the same references.

    Args:
        first: Verdicts on the first system, one for each reference.
        second: Verdicts on the second system, in the same order.
        query_groups: Query group of each reference, in the same order.
        resamples: Number of bootstrap resamples and of permutations.
        seed: Seed for both.

    Returns:
        The difference in tool accuracy, with its interval and p-value.

    Raises:
        ValueError: If there are no references, or the three sequences differ in length.
    """
    return compare(
        [verdict.tool_correct for verdict in first],
        [verdict.tool_correct for verdict in second],
        query_groups,
        resamples=resamples,
        seed=seed,
    )
