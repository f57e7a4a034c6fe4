"""Shortcut rules for released rows: they choose a candidate without inferring a preference from facts.

A rule gives each candidate a score and chooses the one with the highest. If several candidates share it, the row counts
as the expected accuracy of a random choice among them. "Other rows" are all rows except the row itself; "other queries"
are the rows with another query.
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
"""Function that returns one score per candidate of a row, in their order."""
_RATED: Final = ("rating_integrated",)
_ORDERED: Final = ("chronological",)
_EXCLUDED: Final = -math.inf


@dataclass(frozen=True, slots=True)
class Rule:
    """Shortcut rule and the configs that it applies to."""

    name: str
    make: Callable[[Sequence[Instance]], Score]
    """Function that makes the rule from the rows of a config, which include the answers."""
    configs: tuple[str, ...] = HISTORY_TYPES


def provider(name: str) -> str:
    """Return the provider in a tool's name."""
    return name_parts(name).provider


def answer_of(row: Instance) -> str:
    """Return the name of the answer's tool."""
    assert row.answer is not None  # an import has all answers
    return row.answer.name


def credit(row: Instance, scores: Sequence[float], among: Iterable[str] | None = None) -> float:
    """Return the credit of a rule on a row, 0 to 1: the share of its best candidates that are the answer's tool.

    Args:
        row: A row.
        scores: Score of each candidate.
        among: Names of the candidates that the rule may choose; None for all.
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
    """Return a score that counts the other rows whose answer has the candidate's provider.

    Args:
        rows: Rows to answer.
        known: Rows with known answers, a part of `rows`; None for all.
    """
    known = rows if known is None else known
    counts = Counter(provider(answer_of(row)) for row in known)
    ids = {row.instance_id for row in known}

    def score(row: Instance) -> list[float]:
        own_answer = provider(answer_of(row)) if row.instance_id in ids else None
        return [counts[tool.provider] - (tool.provider == own_answer) for tool in row.candidates]

    return score


def _popular_in_other_queries(rows: Sequence[Instance]) -> Score:
    counts = Counter(provider(answer_of(row)) for row in rows)
    by_query: dict[str, Counter[str]] = {}
    for row in rows:
        by_query.setdefault(row.query_group, Counter())[provider(answer_of(row))] += 1
    return lambda row: [counts[tool.provider] - by_query[row.query_group][tool.provider] for tool in row.candidates]


def _popular_in_histories(rows: Sequence[Instance]) -> Score:
    """Return a score that counts the other rows whose history contains the candidate's provider; uses no answers."""
    providers = {row.instance_id: {provider(step.name) for step in row.history} for row in rows}
    counts = Counter(name for names in providers.values() for name in names)
    return lambda row: [
        counts[tool.provider] - (tool.provider in providers[row.instance_id]) for tool in row.candidates
    ]


def _frequent(keep: Callable[[InteractionRow], bool]) -> Callable[[Sequence[Instance]], Score]:
    """Return a score that counts the kept steps of the row's history with the candidate's provider."""

    def score(row: Instance) -> list[float]:
        counts = Counter(provider(step.name) for step in row.history if keep(step))
        return [float(counts[tool.provider]) for tool in row.candidates]

    return lambda _: score


def _not_disliked(row: Instance) -> list[float]:
    """Score each candidate by the number of likes of its provider; exclude providers with a dislike."""
    liked = Counter(provider(step.name) for step in row.history if step.rating == 1)
    disliked = {provider(step.name) for step in row.history if step.rating == 0}
    return [_EXCLUDED if tool.provider in disliked else float(liked[tool.provider]) for tool in row.candidates]


def _latest(row: Instance) -> list[float]:
    """Score each candidate by the index of the last step of the history with its provider."""
    last = {provider(step.name): float(index) for index, step in enumerate(row.history)}
    return [last.get(tool.provider, -1.0) for tool in row.candidates]


def _not_the_first(row: Instance) -> list[float]:
    """Score as `_latest`, but exclude the provider of the first step of the history."""
    first = provider(row.history[0].name)
    scores = zip(row.candidates, _latest(row), strict=True)
    return [_EXCLUDED if tool.provider == first else score for tool, score in scores]


def _of_row(score: Score) -> Callable[[Sequence[Instance]], Score]:
    """Make a rule that uses only the row itself."""
    return lambda _: score


RULES: Final = (
    Rule("random", _of_row(simple.uniform)),
    Rule("most popular provider: answers of other rows", popular_answers),
    Rule("most popular provider: answers of other queries", _popular_in_other_queries),
    Rule("most popular provider: histories of other rows", _popular_in_histories),
    Rule("lexical match with the instruction", _of_row(simple.lexical)),
    Rule("most frequent provider of own history", _frequent(lambda _: True)),
    Rule("latest provider of own history", _of_row(_latest)),
    Rule("most liked provider of own history", _frequent(lambda step: step.rating == 1), _RATED),
    Rule("disliked providers dropped, then most liked", _of_row(_not_disliked), _RATED),
    Rule("first provider skipped, then latest", _of_row(_not_the_first), _ORDERED),
)


def answers_provider_was_liked(row: Instance) -> bool:
    """Return True if the answer's provider is in the row's history, in a step that was not disliked."""
    answer_provider = provider(answer_of(row))
    return any(step.rating != 0 and provider(step.name) == answer_provider for step in row.history)


def capable_tools(row: Instance) -> list[str] | None:
    """Return the names of the candidates with the requested functionality; None if the row does not specify them."""
    return row.meta.same_function if row.meta else None
