"""From replies and references to verdicts, and from verdicts to rates.

The denominator is always the reference set: a missing prediction is a wrong one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

from .errors import PredictionsError, shown
from .matching import arguments_match
from .parsing import parse
from .records import ParseFailure, Reference, Verdict


class Scores(TypedDict):
    """Rates from 0 to 1 over the reference set."""

    tool_accuracy: float
    """The tool is the answer's."""
    parameter_accuracy: float
    """The arguments are the answer's; a wrong tool has no right arguments."""
    call_accuracy: float
    """Both."""
    format_rate: float
    """A tool call could be read from the reply."""
    count: int
    """Size of the reference set."""


def judge(prediction: str | None, reference: Reference) -> Verdict:
    """Judge one reply.

    Args:
        prediction: The reply as the model wrote it; None where there is none.
        reference: What was asked for.
    """
    if prediction is None:
        return Verdict(False, False, False, "missing")
    call = parse(prediction)
    if isinstance(call, ParseFailure):
        return Verdict(False, False, False, call.reason)
    name = call.name.strip()
    if name != reference.answer.name:
        reason = "wrong_tool" if name in reference.candidates else "unknown_tool"
        return Verdict(True, False, False, reason)
    schema = reference.candidates[name]
    if arguments_match(call.arguments, reference.answer.arguments, schema):
        return Verdict(True, True, True, "")
    return Verdict(True, True, False, "wrong_arguments")


def judge_all(predictions: Mapping[str, str], references: Sequence[Reference]) -> list[Verdict]:
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
    return [judge(predictions.get(reference.instance_id), reference) for reference in references]


def by_instance_id(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Collect (instance_id, prediction) pairs.

    Raises:
        PredictionsError: If an id occurs twice.
    """
    listed = list(pairs)
    twice = sorted(name for name, count in Counter(name for name, _ in listed).items() if count > 1)
    if twice:
        raise PredictionsError(f"{len(twice)} instance_ids occur more than once: {shown(twice)}. Keep one of each.")
    return dict(listed)


def aggregate(verdicts: Sequence[Verdict]) -> Scores:
    """Rates over a non-empty sequence of verdicts."""
    count = len(verdicts)
    tool = sum(verdict.tool_correct for verdict in verdicts) / count
    call = sum(verdict.parameters_correct for verdict in verdicts) / count
    return Scores(
        tool_accuracy=tool,
        parameter_accuracy=call,
        call_accuracy=call,
        format_rate=sum(verdict.format_valid for verdict in verdicts) / count,
        count=count,
    )
