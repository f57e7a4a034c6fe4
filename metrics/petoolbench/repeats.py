"""Several replies to the same instances: how often all of them are correct, and how often they agree.

`pass^k` is the share of instances to which k replies are all correct. It is estimated from n replies with c correct
ones as C(c, k) / C(n, k), the share of the choices of k replies that are all correct (tau-bench, arXiv:2406.12045).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from math import comb
from typing import Final, TypedDict

import numpy as np

from .aggregation import RESAMPLES, ScorerName, judge_all
from .parsing import parse
from .records import Reference, ToolCall, Verdict
from .uncertainty import intervals

SHOWN: Final = (1, 2, 3, 4, 5, 8, 10, 20, 50, 100)
"""Values of k that tables show, in addition to the number of replies."""


class RepeatScores(TypedDict):
    """Scores of several replies to each instance. Rates are from 0 to 1; a missing reply counts as wrong."""

    replies: int
    """Number of replies to each instance."""
    tool_pass: list[float]
    """`pass^k` of the correct tool, for k from 1 to the number of replies; the first is the mean tool accuracy."""
    tool_pass_interval: list[float]
    """Ends of the 95 % bootstrap confidence interval of the last `tool_pass`."""
    call_pass: list[float]
    """`pass^k` of the correct tool with the correct arguments."""
    agreement: float
    """Share of the pairs of replies to an instance that call the same tool, as a mean over the instances. A reply
    without a readable call agrees with no other."""


def repeat_scores(
    replies: Sequence[Mapping[str, str]],
    references: Sequence[Reference],
    scorer: ScorerName = "default",
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> RepeatScores:
    """Score several replies to each instance.

    Args:
        replies: First replies by instance id, then the second ones, and so on; at least two.
        references: The references, at least one.
        scorer: One of `SCORERS`.
        resamples: Number of bootstrap resamples.
        seed: Seed for the bootstrap.

    Raises:
        PredictionsError: If there are no references, or a reply has an unknown id.
        ReferencesError: If the parameter schema of a reference is not a JSON object.
    """
    verdicts = [judge_all(texts, references, scorer) for texts in replies]
    called = [
        [called_tool(texts.get(reference.instance_id), reference) for reference in references] for texts in replies
    ]
    return scores_of_verdicts(
        verdicts, called, [reference.query_group for reference in references], resamples=resamples, seed=seed
    )


def scores_of_verdicts(
    verdicts: Sequence[Sequence[Verdict]],
    called: Sequence[Sequence[str | None]],
    query_groups: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> RepeatScores:
    """Score judged replies.

    Args:
        verdicts: Verdicts on the first replies, on the second ones, and so on, each in the order of the instances.
        called: Names of the called tools, likewise; None for a reply without a readable call.
        query_groups: Query group of each instance.
        resamples: Number of bootstrap resamples.
        seed: Seed for the bootstrap.
    """
    replies = len(verdicts)
    tool = [sum(verdict.tool_correct for verdict in of_instance) for of_instance in zip(*verdicts, strict=True)]
    call = [
        sum(verdict.tool_correct and verdict.parameters_correct for verdict in of_instance)
        for of_instance in zip(*verdicts, strict=True)
    ]
    all_correct = np.array([[correct == replies] for correct in tool], dtype=np.float64)
    ends = intervals(all_correct, query_groups, resamples=resamples, seed=seed)[0]
    agreements = [_agreement(of_instance) for of_instance in zip(*called, strict=True)]
    return RepeatScores(
        replies=replies,
        tool_pass=[_pass(tool, replies, k) for k in range(1, replies + 1)],
        tool_pass_interval=[float(end) for end in ends],
        call_pass=[_pass(call, replies, k) for k in range(1, replies + 1)],
        agreement=sum(agreements) / len(agreements),
    )


def called_tool(reply: str | None, reference: Reference) -> str | None:
    """Return the name of the tool that a reply to an instance calls; None if it has no readable call."""
    call = parse(reply or "", reference.candidates)
    return call.name.strip() if isinstance(call, ToolCall) else None


def shown_passes(replies: int) -> list[int]:
    """Return the values of k that a table shows for a number of replies."""
    return sorted({*(k for k in SHOWN if k < replies), replies})


def _pass(correct: Sequence[int], replies: int, k: int) -> float:
    """Return the mean over the instances of the share of the choices of k replies that are all correct."""
    return sum(comb(number, k) for number in correct) / (comb(replies, k) * len(correct))


def _agreement(called: Sequence[Hashable | None]) -> float:
    """Return the share of the pairs of replies that call the same tool."""
    counts = Counter(name for name in called if name is not None)
    return sum(comb(count, 2) for count in counts.values()) / comb(len(called), 2)
