"""Rules that answer released rows without inferring a preference from attributes, each as a score for each candidate.

A rule takes the candidate with the highest score. Where several share it, the row counts by the share of them that is
right: what drawing among them would give on average. "Other rows" are all but the row itself, whatever they ask; "other
queries" are the rows that ask something else.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from builder.predictors import simple
from hf_dataset.schema import HISTORY_TYPES, Instance, InteractionRow

from .released_rows import name_parts

Score = Callable[[Instance], Sequence[float]]
"""One number for each candidate of a row, in their order."""
_RATED: Final = ("rating_integrated",)
_ORDERED: Final = ("chronological",)
_OUT: Final = -math.inf


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, and where it applies."""

    name: str
    make: Callable[[Sequence[Instance]], Score]
    """Looks at the rows of one config, answers included."""
    configs: tuple[str, ...] = HISTORY_TYPES


def provider(name: str) -> str:
    """The provider that a tool's name tells."""
    return name_parts(name).provider


def answer_of(row: Instance) -> str:
    """Name of the answer's tool."""
    assert row.answer is not None  # an import has all answers
    return row.answer.name


def credit(row: Instance, scores: Sequence[float], among: Iterable[str] | None = None) -> float:
    """What a rule earns on a row: 1, 0, or the share of the best candidates that are the answer's tool.

    Args:
        row: The row.
        scores: One for each candidate.
        among: Names of the candidates that may be taken; None for all.
    """
    allowed = None if among is None else set(among)
    pairs = [
        (score, tool.name)
        for score, tool in zip(scores, row.candidates, strict=True)
        if allowed is None or tool.name in allowed
    ]
    highest = max(score for score, _ in pairs)
    best = [name for score, name in pairs if score == highest]
    return best.count(answer_of(row)) / len(best)


def popular_answers(rows: Sequence[Instance], known: Sequence[Instance] | None = None) -> Score:
    """How often a candidate's provider is that of the answer in other rows.

    Args:
        rows: The rows to be answered.
        known: Those of them whose answers are known; all of them where None.
    """
    known = rows if known is None else known
    counts = Counter(provider(answer_of(row)) for row in known)
    ids = {row.instance_id for row in known}

    def score(row: Instance) -> list[float]:
        own = provider(answer_of(row)) if row.instance_id in ids else None
        return [counts[tool.provider] - (tool.provider == own) for tool in row.candidates]

    return score


def _popular_in_other_queries(rows: Sequence[Instance]) -> Score:
    counts = Counter(provider(answer_of(row)) for row in rows)
    own: dict[str, Counter[str]] = {}
    for row in rows:
        own.setdefault(row.query_group, Counter())[provider(answer_of(row))] += 1
    return lambda row: [counts[tool.provider] - own[row.query_group][tool.provider] for tool in row.candidates]


def _popular_in_histories(rows: Sequence[Instance]) -> Score:
    """In how many histories of other rows a candidate's provider stands; looks at no answer at all."""
    providers = {row.instance_id: {provider(step.name) for step in row.history} for row in rows}
    counts = Counter(name for names in providers.values() for name in names)
    return lambda row: [
        counts[tool.provider] - (tool.provider in providers[row.instance_id]) for tool in row.candidates
    ]


def _frequent(keep: Callable[[InteractionRow], bool]) -> Callable[[Sequence[Instance]], Score]:
    """How often a candidate's provider stands in the own history, in steps that are kept."""

    def score(row: Instance) -> list[float]:
        counts = Counter(provider(step.name) for step in row.history if keep(step))
        return [float(counts[tool.provider]) for tool in row.candidates]

    return lambda _: score


def _not_disliked(row: Instance) -> list[float]:
    """As often as it was liked; never a provider that was disliked."""
    liked = Counter(provider(step.name) for step in row.history if step.rating == 1)
    disliked = {provider(step.name) for step in row.history if step.rating == 0}
    return [_OUT if tool.provider in disliked else float(liked[tool.provider]) for tool in row.candidates]


def _latest(row: Instance) -> list[float]:
    """The later its provider was called, the better."""
    last = {provider(step.name): float(index) for index, step in enumerate(row.history)}
    return [last.get(tool.provider, -1.0) for tool in row.candidates]


def _not_the_first(row: Instance) -> list[float]:
    """As `_latest`, but never the provider of the history's first call."""
    first = provider(row.history[0].name)
    return [_OUT if tool.provider == first else score for tool, score in zip(row.candidates, _latest(row), strict=True)]


def _alone(score: Score) -> Callable[[Sequence[Instance]], Score]:
    """A rule that looks at nothing but the row."""
    return lambda _: score


RULES: Final = (
    Rule("random", _alone(simple.uniform)),
    Rule("most popular provider: answers of other rows", popular_answers),
    Rule("most popular provider: answers of other queries", _popular_in_other_queries),
    Rule("most popular provider: histories of other rows", _popular_in_histories),
    Rule("lexical match with the instruction", _alone(simple.lexical)),
    Rule("most frequent provider of own history", _frequent(lambda _: True)),
    Rule("latest provider of own history", _alone(_latest)),
    Rule("most liked provider of own history", _frequent(lambda step: step.rating == 1), _RATED),
    Rule("disliked providers dropped, then most liked", _alone(_not_disliked), _RATED),
    Rule("first provider skipped, then latest", _alone(_not_the_first), _ORDERED),
)


def answers_provider_was_liked(row: Instance) -> bool:
    """Whether the answer's provider stands in the own history, in a step that was not disliked."""
    wanted = provider(answer_of(row))
    return any(step.rating != 0 and provider(step.name) == wanted for step in row.history)


def able(row: Instance) -> list[str] | None:
    """Names of the candidates that do the job; None where the row does not tell."""
    return row.meta.same_function if row.meta else None
