"""Shortcuts that read the facts of tools, but not what was called rather than what was offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.predictors.fact_reading import features_of
from builder.users.choice_rules import DIRECTED, RULE_COLUMNS
from builder.world.axes import ALL_AXES
from hf_dataset.schema import Instance

from .audit_split import AuditSplit
from .shortcut import Make, Score

_IS_DIRECTED: Final = np.array([column in DIRECTED for column in RULE_COLUMNS], dtype=float)


class FactTable:
    """Features of all tools of a split, and which axes each job states.

    Args:
        part: The split.
    """

    def __init__(self, part: AuditSplit) -> None:
        self.features: Mapping[str, NDArray[np.float64]] = {
            name: features_of(tool) for name, tool in part.tools.items()
        }
        """Goodness of each tool on each column; NaN where the axis is not stated."""
        everything = np.array(list(self.features.values()))
        stated = ~np.isnan(everything)
        self.usual: NDArray[np.float64] = np.where(stated, everything, 0).sum(axis=0) / np.maximum(
            stated.sum(axis=0), 1
        )
        """Mean of each column over the tools that state it."""
        self.share_stated: NDArray[np.float64] = stated.mean(axis=0)
        """Share of the tools that state the axis of each column."""

    def candidates(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the features of candidates relative to their mean, 0 where an axis is not stated."""
        return centred(np.array([self.features[name] for name in names]))

    def called(self, row: Instance) -> NDArray[np.float64]:
        """Return the features of the called tools of a history, of shape (steps, columns); disliked calls left out."""
        return np.array([self.features[step.name] for step in row.history if step.rating != 0]).reshape(
            -1, len(RULE_COLUMNS)
        )


def centred(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return features relative to the mean of the tools that state the axis, 0 where it is not stated."""
    stated = ~np.isnan(matrix)
    mean = np.where(stated, matrix, 0).sum(axis=0) / np.maximum(stated.sum(axis=0), 1)
    return np.where(stated, matrix - mean, 0.0)


def weighted(weigh: Callable[[FactTable, Instance], NDArray[np.float64]]) -> Make:
    """Score a candidate by the sum of its features, with the weights that `weigh` returns for an instance."""

    def make(part: AuditSplit) -> Score:
        table = FactTable(part)

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            scores: list[float] = (table.candidates(names) @ weigh(table, row)).tolist()
            return scores

        return score

    return make


def what_anybody_takes(_: FactTable, __: Instance) -> NDArray[np.float64]:
    """Weigh all axes with a preferred direction equally."""
    return _IS_DIRECTED


def often_stated(table: FactTable, row: Instance) -> NDArray[np.float64]:
    """Weigh the axes that the history's jobs state more often than all tools do, by the excess."""
    stated = np.mean([~np.isnan(table.features[step.name]) for step in row.history], axis=0)
    weights: NDArray[np.float64] = np.clip(stated - table.share_stated, 0, None) * _IS_DIRECTED
    return weights


def called_levels(table: FactTable, row: Instance) -> NDArray[np.float64]:
    """Weigh each column by how far the called tools exceed all tools on it."""
    called = table.called(row)
    excess: NDArray[np.float64] = np.nan_to_num(called - table.usual).sum(axis=0)
    return excess


def single_axis(axis: str) -> Make:
    """Score a candidate by one axis: by its goodness, or by how often its category is called."""

    def weigh(table: FactTable, row: Instance) -> NDArray[np.float64]:
        own = np.array([column.axis == axis for column in RULE_COLUMNS], dtype=float)
        if ALL_AXES[axis].better != "matter":
            return own
        calls: NDArray[np.float64] = own * np.nan_to_num(table.called(row)).sum(axis=0)
        return calls

    return weighted(weigh)
