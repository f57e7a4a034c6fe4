"""Baselines that count: what is first, what is called most, what was liked. Each says what it may look at.

None of them is told which candidates do the job. Where a baseline says the same of several candidates, it draws.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from builder.words import words
from hf_dataset.schema import Instance

from .scored_choice import Score


def uniform(instance: Instance) -> list[float]:
    """Any candidate. Looks at their number."""
    return [0.0] * len(instance.candidates)


def first(instance: Instance) -> list[float]:
    """The candidate that stands first. Looks at the order of the candidates."""
    return [-float(index) for index in range(len(instance.candidates))]


def lexical(instance: Instance) -> list[float]:
    """The candidate whose documentation shares most words with the instruction. Looks at these two."""
    asked = set(words(instance.instruction))
    found = []
    for tool in instance.candidates:
        said = set(words(f"{tool.name} {tool.description}"))
        found.append(len(asked & said) / max(len(said), 1))
    return found


def popular(rows: Iterable[Instance]) -> Score:
    """The candidate that most users call. Looks at the histories of all rows of the split, and at no answer."""
    calls = Counter(step.name for row in rows for step in row.history)

    def score(instance: Instance) -> list[float]:
        return [float(calls[tool.name]) for tool in instance.candidates]

    return score


def frequent(instance: Instance) -> list[float]:
    """The candidate whose provider stands most often in the user's own history. Looks at names, not at ratings."""
    return _by_provider(instance, [1.0] * len(instance.history))


def last_used(instance: Instance) -> list[float]:
    """The candidate whose provider the user called last. Looks at the order of the history."""
    return _by_provider(instance, [float(index + 1) for index in range(len(instance.history))], latest=True)


def liked(instance: Instance) -> list[float]:
    """The candidate whose provider was liked most, less disliked.

    Looks at names and ratings; a call without a rating is taken for liked.
    """
    return _by_provider(instance, [-1.0 if step.rating == 0 else 1.0 for step in instance.history])


def _by_provider(instance: Instance, weights: Sequence[float], *, latest: bool = False) -> list[float]:
    """Weights of the history's steps, summed (or the largest of them) for each candidate's provider."""
    provider_of = {tool.name: tool.provider for tool in instance.history_tools}
    totals: dict[str, float] = {}
    for step, weight in zip(instance.history, weights, strict=True):
        provider = provider_of[step.name]
        totals[provider] = max(totals.get(provider, 0.0), weight) if latest else totals.get(provider, 0.0) + weight
    return [totals.get(tool.provider, 0.0) for tool in instance.candidates]
