"""Baselines that embed documentation or learn from the training split. Each docstring states what it uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.embedding import Encoder
from builder.users.preference_readers import attributes_of
from hf_dataset.schema import Instance, ToolDoc, ToolRow

from .scored_choice import Score

_RECENT: Final = 3
"""The last `1 / _RECENT` of a history counts as recent."""
_JOB_WEIGHT: Final = 4
"""Weight of the similarity to the instruction; the similarity to the tools of the history has weight 1."""
_ROUNDS: Final = 25
"""Maximum number of Newton steps."""
_RIDGE: Final = 1.0
"""Strength of the L2 penalty."""


def embedding(encoder: Encoder) -> Score:
    """Return a score that prefers documentation similar to the instruction and to the tools of the history.

    The instruction has four times the weight of the tools, because similarity to earlier tools favours candidates for
    other jobs. Uses the instruction, the documentation, the ratings (similarity to a disliked tool counts negatively)
    and the order (without ratings, the last third of the history counts twice).

    Args:
        encoder: Embeds instructions and documentation.
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
        scores: list[float] = (
            _JOB_WEIGHT * _standardised(candidates @ asked) + _standardised(candidates @ taste)
        ).tolist()
        return scores

    return score


def _standardised(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale scores to mean 0 and standard deviation 1. Equal scores become 0."""
    return np.asarray((scores - scores.mean()) / (float(scores.std()) or 1.0))


def _weights(instance: Instance) -> list[float]:
    """Return the weight of each step: its rating as 1 or -1, or without ratings 2 for recent steps and 1 for others."""
    if any(step.rating is not None for step in instance.history):
        return [-1.0 if step.rating == 0 else 1.0 for step in instance.history]
    recent = len(instance.history) - len(instance.history) // _RECENT
    return [2.0 if index >= recent else 1.0 for index in range(len(instance.history))]


def regression(train: Sequence[Instance], tools: Mapping[str, ToolRow]) -> Score:
    """Return a score learned by conditional logistic regression, for the candidates that do the job.

    Uses the documented attributes of the tools and the knowledge of which candidates do the job. The model is fitted to
    the answers of the training split, which shares no users, providers or query groups with the other splits. It has
    two features for each axis: the share of the history, and of its last third, with the candidate's value. Disliked
    steps count negatively.

    Args:
        train: Instances of the training split, with answers.
        tools: Tools of the training split and of the predicted split, by name.

    Source:
        McFadden, Conditional logit analysis of qualitative choice behavior (1974).
    """
    attributes = {name: attributes_of(tool) for name, tool in tools.items()}
    axes = sorted({axis for values in attributes.values() for axis in values})

    def features(instance: Instance, names: Sequence[str]) -> NDArray[np.float64]:
        signs, recent = signs_and_recent(instance)
        matrix = np.zeros((len(names), 2 * len(axes)))
        if not instance.history:
            return matrix
        for column, axis in enumerate(axes):
            values = np.array([attributes[step.name].get(axis) for step in instance.history], dtype=object)
            for row, name in enumerate(names):
                value = attributes[name].get(axis)
                agreement = signs * (values == value) if value is not None else np.zeros(len(signs))
                matrix[row, column] = agreement.mean()
                matrix[row, len(axes) + column] = agreement[recent].mean() if recent.any() else 0.0
        return matrix

    return conditional_logit(train, tools, features, 2 * len(axes))


def conditional_logit(
    train: Sequence[Instance],
    tools: Mapping[str, ToolRow],
    features: Callable[[Instance, Sequence[str]], NDArray[np.float64]],
    size: int,
) -> Score:
    """Return a score for the candidates that do the job, learned from the answers of the training split.

    Args:
        train: Instances of the training split, with answers.
        tools: Tools of the training split and of the predicted split, by name.
        features: Returns the features of some candidates of an instance, of shape (candidates, size).
        size: Number of features.
    """

    def capable_tools(instance: Instance) -> list[str]:
        return [tool.name for tool in instance.candidates if tools[tool.name].functionality == instance.functionality]

    choices = []
    for instance in train:
        assert instance.answer is not None
        names = capable_tools(instance)
        choices.append((features(instance, names), names.index(instance.answer.name)))
    weights = fit(choices, size)

    def score(instance: Instance) -> list[float]:
        names = capable_tools(instance)
        values = dict(zip(names, (features(instance, names) @ weights).tolist(), strict=True))
        return [values.get(tool.name, -np.inf) for tool in instance.candidates]

    return score


def signs_and_recent(instance: Instance) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return 1 for each step of a history, -1 for a disliked one; and which steps are in its last third."""
    signs = np.array([-1.0 if step.rating == 0 else 1.0 for step in instance.history])
    return signs, np.arange(len(signs)) >= len(signs) - len(signs) // _RECENT


def fit(rows: Sequence[tuple[NDArray[np.float64], int]], size: int) -> NDArray[np.float64]:
    """Fit the weights of a conditional logit with an L2 penalty, by Newton's method.

    Args:
        rows: For each choice, the features of the candidates, of shape (candidates, size), and the index of the chosen
            one.
        size: Number of features.

    Returns:
        Weights of the features, of shape (size,).
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
