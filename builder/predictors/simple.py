"""Baselines that use order, names, counts or ratings. Each docstring states which parts of an instance it uses.

No baseline here knows which candidates do the job. Ties between candidates are broken at random.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from builder.words import words
from hf_dataset.schema import Instance

from .scored_choice import Score


def uniform(instance: Instance) -> list[float]:
    """Score all candidates equally, so that one is drawn at random. Uses only their number."""
    return [0.0] * len(instance.candidates)


def first(instance: Instance) -> list[float]:
    """Prefer the candidate that is listed first. Uses only the order of the candidates."""
    return [-float(index) for index in range(len(instance.candidates))]


def lexical(instance: Instance) -> list[float]:
    """Prefer the candidate with the largest share of words that occur in the instruction.

    Uses the instruction and the names and documentation of the candidates.
    """
    asked = set(words(instance.instruction))
    shares = []
    for tool in instance.candidates:
        documented = set(words(f"{tool.name} {tool.description}"))
        shares.append(len(asked & documented) / max(len(documented), 1))
    return shares


def popular(rows: Iterable[Instance]) -> Score:
    """Return a score that prefers the candidate called most often in all histories of a split. Uses no answers.

    Args:
        rows: All instances of the split.
    """
    calls = Counter(step.name for row in rows for step in row.history)

    def score(instance: Instance) -> list[float]:
        return [float(calls[tool.name]) for tool in instance.candidates]

    return score


def frequent(instance: Instance) -> list[float]:
    """Prefer the candidate whose provider is most frequent in the user's history. Uses names but no ratings."""
    return _by_provider(instance, [1.0] * len(instance.history))


def last_used(instance: Instance) -> list[float]:
    """Prefer the candidate whose provider the user called last. Uses names and the order of the history."""
    return _by_provider(instance, [float(index + 1) for index in range(len(instance.history))], latest=True)


def liked(instance: Instance) -> list[float]:
    """Prefer the candidate whose provider has the most liked calls minus disliked calls in the history.

    Uses names and ratings. A call without a rating counts as liked.
    """
    return _by_provider(instance, [-1.0 if step.rating == 0 else 1.0 for step in instance.history])


def _by_provider(instance: Instance, weights: Sequence[float], *, latest: bool = False) -> list[float]:
    """Score each candidate by the sum (with `latest`, the maximum) of the weights of its provider's history steps."""
    provider_of = {tool.name: tool.provider for tool in instance.history_tools}
    totals: dict[str, float] = {}
    for step, weight in zip(instance.history, weights, strict=True):
        provider = provider_of[step.name]
        totals[provider] = max(totals.get(provider, 0.0), weight) if latest else totals.get(provider, 0.0) + weight
    return [totals.get(tool.provider, 0.0) for tool in instance.candidates]
