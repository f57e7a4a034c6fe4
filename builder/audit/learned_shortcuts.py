"""Shortcuts that learn from the answers of the train split what the words or jobs of a history tell about the answer.

The users of a query group share instructions and jobs and want different tools. So neither can tell anything, unless
words or jobs go with a preference. A ridge regression predicts the features of the answer, relative to the mean of the
candidates, from a bag of hashed tokens and a constant: what is wanted more often than not is found as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.randomness import generator_for
from builder.users.choice_rules import RULE_COLUMNS
from builder.words import words
from hf_dataset.schema import Instance

from .audit_split import AuditSplit
from .fact_shortcuts import FactTable
from .shortcut import ALL, Score, Shortcut

_BUCKETS: Final = 512
"""Number of features that tokens are hashed to."""
_PENALTY: Final = float(_BUCKETS)
"""Weight of the squared coefficients, for standardised features."""
_CONSTANT: Final = 10.0
"""Value of the constant column; large, so that the penalty hardly matters for its coefficient."""

Tokens = Callable[[AuditSplit, Instance], Sequence[str]]
"""Function that returns texts of an instance, each of which is split into words."""


def learned_shortcuts(train: AuditSplit) -> list[Shortcut]:
    """Fit all learned shortcuts.

    Args:
        train: The train split. Its own rows are predicted from the other half of its query groups.
    """
    return [
        Shortcut("instructions of the history alone", "chance", ALL, Learner(train, _instructions).make, "facts"),
        Shortcut("jobs of the history alone", "chance", ALL, Learner(train, _jobs).make, "facts"),
    ]


def _instructions(_: AuditSplit, row: Instance) -> list[str]:
    return [step.instruction for step in row.history]


def _jobs(part: AuditSplit, row: Instance) -> list[str]:
    """Return the job of each step as one word."""
    return [(part.tools[step.name].functionality or "").replace(" ", "") for step in row.history]


class Learner:
    """Regression from the tokens of a history to the features of the answer.

    Args:
        train: The train split.
        tokens: Returns the texts that the regression reads.
    """

    def __init__(self, train: AuditSplit, tokens: Tokens) -> None:
        self._tokens = tokens
        self._buckets: dict[str, NDArray[np.intp]] = {}
        groups = sorted({row.query_group for row in train.rows})
        order = generator_for((0,), "halves").permutation(len(groups))
        self._half = {groups[int(place)]: index % 2 for index, place in enumerate(order)}
        self._split = train.split
        table = FactTable(train)
        bags = self._bags(train, train.rows)
        self._mean, spread = bags.mean(axis=0), bags.std(axis=0)
        self._scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0.0)
        answers = np.array([_wanted(table, train, row) for row in train.rows])
        standardised = self._standardised(bags)
        halves = np.array([self._half[row.query_group] for row in train.rows])
        self._fits = [_ridge(standardised[halves != half], answers[halves != half]) for half in (0, 1)]
        self._whole = _ridge(standardised, answers)

    def make(self, part: AuditSplit) -> Score:
        """Return a function that scores the candidates of the rows of a split."""
        table = FactTable(part)

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            weights = self._fits[self._half[row.query_group]] if part.split == self._split else self._whole
            wanted = self._standardised(self._bags(part, [row]))[0] @ weights
            scores: list[float] = (table.candidates(names) @ wanted).tolist()
            return scores

        return score

    def _standardised(self, bags: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return bags with mean 0 and standard deviation 1 on the train split, and a constant column."""
        return np.hstack([(bags - self._mean) * self._scale, np.full((len(bags), 1), _CONSTANT)])

    def _bags(self, part: AuditSplit, rows: Sequence[Instance]) -> NDArray[np.float64]:
        """Return the log of 1 + the number of tokens in each bucket, of shape (rows, buckets)."""
        bags = np.zeros((len(rows), _BUCKETS))
        for place, row in enumerate(rows):
            buckets = np.concatenate([self._buckets_of(text) for text in self._tokens(part, row)])
            bags[place] = np.bincount(buckets, minlength=_BUCKETS)
        return np.log1p(bags)

    def _buckets_of(self, text: str) -> NDArray[np.intp]:
        """Return the buckets of the words of a text. The users of a query group share texts, so they are kept."""
        if text not in self._buckets:
            self._buckets[text] = np.array(
                [zlib.crc32(word.encode()) % _BUCKETS for word in words(text)], dtype=np.intp
            )
        return self._buckets[text]


def _wanted(table: FactTable, part: AuditSplit, row: Instance) -> NDArray[np.float64]:
    """Return the features of the answer relative to the mean of the candidates that do the job."""
    names = part.capable_tools(row)
    if row.answer is None or row.answer.name not in names:
        return np.zeros(len(RULE_COLUMNS))
    wanted: NDArray[np.float64] = table.candidates(names)[names.index(row.answer.name)]
    return wanted


def _ridge(inputs: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coefficients of a ridge regression, of shape (inputs, targets)."""
    penalty = _PENALTY * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ targets), dtype=np.float64)
