"""Baselines that compare documentation, or learn from the training split; each says what it may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.embedding import Encoder
from builder.users.preference_readers import attributes_of
from hf_dataset.schema import Instance, ToolDoc, ToolRow

from .scored_choice import Score

_RECENT: Final = 3
"""The last of so many parts of a history is looked at by itself too."""
_JOB_FIRST: Final = 4
"""How much likeness to the instruction counts, where likeness to the tools of the history counts 1."""
_ROUNDS: Final = 25
_RIDGE: Final = 1.0


def embedding(encoder: Encoder) -> Score:
    """The candidate whose documentation is most like the instruction and the tools that the user called.

    The instruction counts four times as much as the tools: likeness to what was called before draws it to tools of
    other jobs. Looks at instruction, documentation, ratings (a disliked tool counts against what is like it) and order
    (the last third of a history counts twice where nothing is rated).

    Args:
        encoder: Turns documentation into vectors.
    """
    known: dict[str, NDArray[np.float32]] = {}

    def vectors(tools: Sequence[ToolDoc]) -> NDArray[np.float32]:
        new = list(dict.fromkeys(tool.description for tool in tools if tool.description not in known))
        known.update(zip(new, encoder.encode(new), strict=True))
        return np.array([known[tool.description] for tool in tools])

    def score(instance: Instance) -> list[float]:
        candidates = vectors(instance.candidates)
        docs = dict(zip((tool.name for tool in instance.history_tools), vectors(instance.history_tools), strict=True))
        weights = _weights(instance)
        taste = np.zeros_like(candidates[0])
        for step, weight in zip(instance.history, weights, strict=True):
            taste += weight * docs[step.name]
        asked = encoder.encode([instance.instruction])[0]
        found: list[float] = (_JOB_FIRST * _spread(candidates @ asked) + _spread(candidates @ taste)).tolist()
        return found

    return score


def _spread(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores with mean 0 and deviation 1; all 0 where they are all the same."""
    return np.asarray((scores - scores.mean()) / (float(scores.std()) or 1.0))


def _weights(instance: Instance) -> list[float]:
    """What each step of a history counts: against where it was disliked, more where it is recent."""
    if any(step.rating is not None for step in instance.history):
        return [-1.0 if step.rating == 0 else 1.0 for step in instance.history]
    recent = len(instance.history) - len(instance.history) // _RECENT
    return [2.0 if index >= recent else 1.0 for index in range(len(instance.history))]


def regression(train: Sequence[Instance], tools: Mapping[str, ToolRow]) -> Score:
    """The candidate of the right functionality that a conditional logistic regression prefers.

    Looks at the documented attributes of tools and at which candidates do the job; learned from the answers of the
    training split, whose users, providers and query groups are others. Its features are, for each axis, how much of
    the history (and of its last third) has the candidate's value, a disliked step counting against it.

    Args:
        train: Rows of the training split.
        tools: The catalogue of both splits, by name.

    Source:
        McFadden, Conditional logit analysis of qualitative choice behavior (1974).
    """
    attributes = {name: attributes_of(tool) for name, tool in tools.items()}
    axes = sorted({axis for values in attributes.values() for axis in values})

    def features(instance: Instance, names: Sequence[str]) -> NDArray[np.float64]:
        signs = np.array([-1.0 if step.rating == 0 else 1.0 for step in instance.history])
        recent = np.arange(len(signs)) >= len(signs) - len(signs) // _RECENT
        found = np.zeros((len(names), 2 * len(axes)))
        if not instance.history:
            return found
        for column, axis in enumerate(axes):
            values = np.array([attributes[step.name].get(axis) for step in instance.history], dtype=object)
            for line, name in enumerate(names):
                own = attributes[name].get(axis)
                agree = signs * (values == own) if own is not None else np.zeros(len(signs))
                found[line, column] = agree.mean()
                found[line, len(axes) + column] = agree[recent].mean() if recent.any() else 0.0
        return found

    def able(instance: Instance) -> list[str]:
        return [tool.name for tool in instance.candidates if tools[tool.name].functionality == instance.functionality]

    seen = []
    for row in train:
        assert row.answer is not None
        names = able(row)
        seen.append((features(row, names), names.index(row.answer.name)))
    learned = _fit(seen, 2 * len(axes))

    def score(instance: Instance) -> list[float]:
        names = able(instance)
        values = dict(zip(names, (features(instance, names) @ learned).tolist(), strict=True))
        return [values.get(tool.name, -np.inf) for tool in instance.candidates]

    return score


def _fit(rows: Sequence[tuple[NDArray[np.float64], int]], size: int) -> NDArray[np.float64]:
    """Weights of a conditional logit, by Newton's method with a ridge.

    Args:
        rows: Features of the candidates, shape (candidates, size), and the index of the chosen one.
        size: Number of features.
    """
    weights = np.zeros(size)
    for _ in range(_ROUNDS):
        gradient, curvature = -_RIDGE * weights, _RIDGE * np.eye(size)
        for features, chosen in rows:
            scores = features @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            mean = shares @ features
            gradient += features[chosen] - mean
            curvature += (features * shares[:, None]).T @ features - np.outer(mean, mean)
        step = np.linalg.solve(curvature, gradient)
        weights += step
        if float(np.abs(step).max()) < 1e-6:
            break
    return weights
