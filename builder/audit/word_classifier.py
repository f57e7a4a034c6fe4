"""A classifier that tells which of two texts is the better one from their words alone.

Logistic regression on the difference of two bags: words, the words that names are made of, marks, and the length. It is
fitted without the pairs that it judges, which are left out by whole clusters.
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
"""Weight of the squared coefficients beside the mean loss."""
_LONG: Final = 100
"""Characters that count as one unit of length."""
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Bags:
    """Differences of the bags of pairs, as the entries of a sparse matrix.

    Shapes: one entry each of `row`, `column` and `value`; `size` is (pairs, distinct items).
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: NDArray[np.float64]
    size: tuple[int, int]

    def times(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted sum of the items of each pair."""
        return np.bincount(self.row, self.value * weights[self.column], minlength=self.size[0]).astype(np.float64)

    def back(self, residuals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over the pairs of each item, each pair weighted."""
        return np.bincount(self.column, self.value * residuals[self.row], minlength=self.size[1]).astype(np.float64)


def margins(pairs: Sequence[tuple[str, str]], clusters: Sequence[str], seed: int = 0) -> NDArray[np.float64]:
    """How much the words of each pair speak for the first text, judged by what the other clusters' pairs teach.

    Args:
        pairs: Two texts each, the better one first.
        clusters: Name of what each pair belongs to.
        seed: Deals the clusters into folds.

    Returns:
        Above 0 for the first text, below 0 for the second, 0 where the words say nothing; shape (pairs,).
    """
    bags = _bags(pairs)
    names = sorted(set(clusters))
    dealt = np.random.default_rng(seed).permutation(len(names)) % _FOLDS
    fold_of = dict(zip(names, dealt.tolist(), strict=True))
    folds = np.array([fold_of[name] for name in clusters])
    found = np.zeros(len(pairs))
    for fold in range(_FOLDS):
        held_out = folds == fold
        if held_out.any() and not held_out.all():
            found[held_out] = bags.times(_fit(bags, ~held_out))[held_out]
    return found


def _fit(bags: Bags, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Coefficients under which the first text of the known pairs scores higher, by Nesterov's accelerated descent."""
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
    places: dict[str, int] = {}
    entries: list[tuple[int, int, float]] = []
    for number, (one, other) in enumerate(pairs):
        first, second = _bag(one), _bag(other)
        for item in sorted(first.keys() | second.keys()):
            difference = first.get(item, 0.0) - second.get(item, 0.0)
            if difference:
                entries.append((number, places.setdefault(item, len(places)), difference))
    row, column, value = zip(*entries, strict=True) if entries else ((0,), (0,), (0.0,))
    return Bags(np.array(row), np.array(column), np.array(value), (len(pairs), max(len(places), 1)))


def _bag(text: str) -> dict[str, float]:
    """Share of each item in a text, and its length."""
    items = Counter([*(f"= {token}" for token in _TOKEN.findall(text)), *words(text)])
    norm = sum(count**2 for count in items.values()) ** 0.5 or 1.0
    return {**{item: count / norm for item, count in items.items()}, "length": len(text) / _LONG}
