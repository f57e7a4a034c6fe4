"""Classifier that predicts, from words alone, which of two texts is the better one.

Logistic regression on the difference of two bags of features: tokens, the words inside identifiers, punctuation, and
the length of the text. Predictions are cross-validated over folds of whole clusters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.words import words

_FOLDS: Final = 5
_STEPS: Final = 300
_DECAY: Final = 1e-4
"""Weight of the L2 penalty relative to the mean loss."""
_LENGTH_UNIT: Final = 100
"""Number of characters in one unit of the length feature."""
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Bags:
    """Differences of the features of pairs, as a sparse matrix of shape (pairs, features).

    `row`, `column` and `value` have shape (entries,).
    """

    row: NDArray[np.int64]
    """Index of the pair."""
    column: NDArray[np.int64]
    """Index of the feature."""
    value: NDArray[np.float64]
    """Value of the first text minus value of the second."""
    size: tuple[int, int]
    """Number of pairs, and number of distinct features."""

    def times(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the matrix times a vector of shape (features,); shape (pairs,)."""
        return np.bincount(self.row, self.value * weights[self.column], minlength=self.size[0]).astype(np.float64)

    def back(self, residuals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the transposed matrix times a vector of shape (pairs,); shape (features,)."""
        return np.bincount(self.column, self.value * residuals[self.row], minlength=self.size[1]).astype(np.float64)


def margins(pairs: Sequence[tuple[str, str]], clusters: Sequence[str], seed: int = 0) -> NDArray[np.float64]:
    """Score the first text of each pair against the second, with a classifier fitted on pairs of other clusters.

    Args:
        pairs: Pairs of texts, the better one first.
        clusters: Name of the cluster of each pair, such as its query group.
        seed: Seed for the assignment of clusters to folds.

    Returns:
        Log odds that the first text is the better one; 0 where the words do not decide. Shape (pairs,).
    """
    bags = _bags(pairs)
    names = sorted(set(clusters))
    assignment = np.random.default_rng(seed).permutation(len(names)) % _FOLDS
    fold_of = dict(zip(names, assignment.tolist(), strict=True))
    folds = np.array([fold_of[name] for name in clusters])
    scores = np.zeros(len(pairs))
    for fold in range(_FOLDS):
        held_out = folds == fold
        if held_out.any() and not held_out.all():
            scores[held_out] = bags.times(_fit(bags, ~held_out))[held_out]
    return scores


def _fit(bags: Bags, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fit the coefficients on the pairs in the mask `known` with Nesterov's accelerated gradient descent."""
    count = int(known.sum())
    squares = np.bincount(bags.row, bags.value**2, minlength=bags.size[0])[known]
    step = 1 / (squares.max() / 4 + _DECAY)
    weights = ahead = np.zeros(bags.size[1])
    for number in range(_STEPS):
        residuals = np.where(known, -1 / (1 + np.exp(np.clip(bags.times(ahead), -30, 30))), 0.0) / count
        moved = ahead - step * (bags.back(residuals) + _DECAY * ahead)
        ahead = moved + number / (number + 3) * (moved - weights)
        weights = moved
    return weights


def _bags(pairs: Sequence[tuple[str, str]]) -> Bags:
    columns: dict[str, int] = {}
    entries: list[tuple[int, int, float]] = []
    for number, (better, worse) in enumerate(pairs):
        first, second = _bag(better), _bag(worse)
        for feature in sorted(first.keys() | second.keys()):
            difference = first.get(feature, 0.0) - second.get(feature, 0.0)
            if difference:
                entries.append((number, columns.setdefault(feature, len(columns)), difference))
    row, column, value = zip(*entries, strict=True) if entries else ((0,), (0,), (0.0,))
    return Bags(np.array(row), np.array(column), np.array(value), (len(pairs), max(len(columns), 1)))


def _bag(text: str) -> dict[str, float]:
    """Return the features of a text: counts of tokens and words with norm 1, and the length."""
    counts = Counter([*(f"= {token}" for token in _TOKEN.findall(text)), *words(text)])
    norm = sum(count**2 for count in counts.values()) ** 0.5 or 1.0
    return {**{feature: count / norm for feature, count in counts.items()}, "length": len(text) / _LENGTH_UNIT}
