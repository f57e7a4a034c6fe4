"""From replies and references to verdicts, and from verdicts to rates.

The denominator is always the reference set: a missing prediction is a wrong one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypedDict

import numpy as np

from .errors import PredictionsError, shown
from .legacy import legacy_judge
from .matching import compare_arguments, identical
from .parsing import parse
from .records import ERROR_CLASSES, RATES, ErrorClass, ParseFailure, Reference, Verdict
from .uncertainty import Comparison, compare, detectable, intervals

ScorerName = Literal["default", "strict", "legacy"]
"""How replies are judged: by what they mean; by what they are, to the last bit; or as the earlier benchmark's released
scorer would, for comparison with its numbers only."""
SCORERS: Final[tuple[ScorerName, ...]] = ("default", "strict", "legacy")
RESAMPLES: Final = 1000
_CORRECT: Final = Verdict(True, True, True, "correct", "")
_OTHER_NAMES: Final = Verdict(True, True, False, "parameter_name_mismatch", "missing_or_further_arguments")
_OTHER_VALUES: Final = Verdict(True, True, False, "parameter_value_mismatch", "other_values")


class Scores(TypedDict):
    """Rates from 0 to 1 over the reference set."""

    tool_accuracy: float
    """The tool is the answer's."""
    parameter_accuracy: float
    """The arguments are the answer's; a wrong tool has no right arguments."""
    call_accuracy: float
    """Both; the same as `parameter_accuracy`, but for the scorer `legacy`, which counts arguments of a wrong tool."""
    parameter_accuracy_given_tool: float | None
    """Share of right arguments where the tool is right; None where it never is."""
    format_rate: float
    """A tool call could be read from the reply."""
    hallucination_rate: float
    """The tool is none of the candidates."""
    error_classes: dict[str, float]
    """Share of each error class; they sum to 1."""
    intervals: dict[str, list[float]]
    """Ends of the 95 % interval of a rate, by its name: bootstrap over query groups, seeded."""
    count: int
    """Size of the reference set."""
    query_groups: int
    detectable_difference: float | None
    """Least difference in tool accuracy from another system as good as this one that these rows would show; None where
    all query groups fare alike, which says nothing of another system."""


def judge(prediction: str | None, reference: Reference, scorer: ScorerName = "default") -> Verdict:
    """Judge one reply.

    Args:
        prediction: The reply as the model wrote it; None where there is none.
        reference: What was asked for.
        scorer: By which rule.
    """
    if prediction is None:
        return Verdict(False, False, False, "invalid_format", "missing")
    if scorer == "legacy":
        return _judge_by_legacy(prediction, reference)
    call = parse(prediction)
    if isinstance(call, ParseFailure):
        return Verdict(False, False, False, "invalid_format", call.reason)
    name, arguments = call
    expected = reference.answer
    if name != expected.name and (scorer == "strict" or name.strip() != expected.name):
        return Verdict(True, False, False, *_wrong_tool(name if scorer == "strict" else name.strip(), reference))
    if identical(arguments, expected.arguments):
        return _CORRECT
    found = compare_arguments(arguments, expected.arguments, reference.schema, scorer)
    if found == "same" or any(
        compare_arguments(arguments, other, reference.schema, scorer) == "same" for other in reference.alternatives
    ):
        return _CORRECT
    return _OTHER_NAMES if found == "names" else _OTHER_VALUES


def _wrong_tool(name: str, reference: Reference) -> tuple[ErrorClass, str]:
    """Class and reason of a call to another tool than the answer's."""
    if name not in reference.candidates:
        return "tool_hallucination", "unknown_tool"
    if reference.same_function is not None and name not in reference.same_function:
        return "functionality_mismatch", "tool_for_another_job"
    return "preference_mismatch", "tool_of_another_preference"


def _judge_by_legacy(prediction: str, reference: Reference) -> Verdict:
    """Tool and arguments by the released rule, which counts arguments of a wrong tool too."""
    found = legacy_judge(prediction, reference.answer.name, reference.answer.arguments)
    if not found.readable:
        return Verdict(False, False, False, "invalid_format", "no_match_of_the_released_rule")
    if not found.tool:
        return Verdict(True, False, found.parameters, "preference_mismatch", "other_tool")
    return _CORRECT if found.parameters else _OTHER_VALUES


def judge_all(
    predictions: Mapping[str, str], references: Sequence[Reference], scorer: ScorerName = "default"
) -> list[Verdict]:
    """Judge replies by instance id, in the order of the references.

    Raises:
        PredictionsError: If there is no reference, or a prediction has an id that no reference has.
    """
    if not references:
        raise PredictionsError("There is nothing to score: the references are empty.")
    known = {reference.instance_id for reference in references}
    unknown = sorted(set(predictions) - known)
    if unknown:
        raise PredictionsError(
            f"{len(unknown)} predictions have an instance_id that is not in this split: {shown(unknown)}. "
            "Check the config, the split and the data revision."
        )
    return [judge(predictions.get(reference.instance_id), reference, scorer) for reference in references]


def by_instance_id(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Collect (instance_id, prediction) pairs.

    Raises:
        PredictionsError: If an id occurs twice.
    """
    listed = list(pairs)
    found = dict(listed)
    if len(found) < len(listed):
        check_unique([name for name, _ in listed])
    return found


def check_unique(ids: Sequence[str]) -> None:
    """Refuse instance ids that occur twice.

    Raises:
        PredictionsError: If one does.
    """
    if len(set(ids)) < len(ids):
        twice = sorted(name for name, count in Counter(ids).items() if count > 1)
        raise PredictionsError(f"{len(twice)} instance_ids occur more than once: {shown(twice)}. Keep one of each.")


def aggregate(
    verdicts: Sequence[Verdict], query_groups: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0
) -> Scores:
    """Rates over a non-empty sequence of verdicts, with intervals.

    Args:
        verdicts: One for each reference.
        query_groups: Query group of each reference, in the same order.
        resamples: Resamples of the bootstrap.
        seed: Its seed.
    """
    outcomes = np.array([one.outcome for one in verdicts], dtype=np.float64)
    tool, parameters, call, form, hallucinated = (float(mean) for mean in outcomes.mean(axis=0))
    ends = intervals(outcomes, query_groups, resamples=resamples, seed=seed)
    classes = Counter(one.error_class for one in verdicts)
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


def macro(scores: Mapping[str, Scores]) -> dict[str, float]:
    """Mean of each rate over configs, each config counting the same.

    Args:
        scores: Scores by config; at least one.
    """
    return {name: sum(float(one[name]) for one in scores.values()) / len(scores) for name in RATES}


def compare_systems(
    first: Sequence[Verdict],
    second: Sequence[Verdict],
    query_groups: Sequence[str],
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Compare two systems in tool accuracy on the same references; the arguments are those of `compare`."""
    return compare(
        [one.tool_correct for one in first],
        [one.tool_correct for one in second],
        query_groups,
        resamples=resamples,
        seed=seed,
    )
