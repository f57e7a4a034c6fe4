"""Rules for rows whose tools have facts and listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.users.choice_rules import DIRECTED, RULE_COLUMNS
from builder.words import mentions
from builder.world.axes import ALL_AXES
from hf_dataset.schema import Instance, ToolRow

from .audit_split import AuditSplit
from .fact_shortcuts import FactTable
from .text_shortcuts import labels

_IS_DIRECTED: Final = np.array([column in DIRECTED for column in RULE_COLUMNS])
_EQUAL: Final = 1e-9
"""Difference in goodness up to which two values are equal."""
MIN_LABELS: Final = 4
"""Labels of a listing from which its layout can be recognised."""


class FactRules:
    """Rules that look at the facts of tools. Each returns True if a row violates it.

    Args:
        parts: The splits of a config.
    """

    def __init__(self, parts: Sequence[AuditSplit]) -> None:
        self._tables = {part.split: FactTable(part) for part in parts}
        self._stated = {
            part.split: {name: frozenset(fact.axis for fact in tool.facts) for name, tool in part.tools.items()}
            for part in parts
        }
        self._has_worse: dict[tuple[str, ...], bool] = {}

    def has_worse_candidate(self, part: AuditSplit, row: Instance) -> bool:
        """Return True if a candidate for the job is worse than another: on some stated axis, and better on none.

        Axes on which people differ are left out.
        """
        names = tuple(sorted(part.capable_tools(row)))
        if names not in self._has_worse:
            table = self._tables[part.split].features
            self._has_worse[names] = _has_worse(np.array([table[name] for name in names])[:, _IS_DIRECTED])
        return self._has_worse[names]

    def hides_wanted_axis(self, part: AuditSplit, row: Instance) -> bool:
        """Return True if a candidate for the job, or a tool offered at a step of the evidence, lacks a wanted axis.

        A step of the evidence may be of a job that does not state an axis at all, which then decides nothing there; but
        each step must state one of the wanted axes, and all of its tools must state the same ones.
        """
        wanted = {item.axis for item in row.meta.wanted or ()} if row.meta else set()
        stated = self._stated[part.split]
        if any(not wanted <= stated[name] for name in part.capable_tools(row)):
            return True
        for place in row.evidence:
            step = row.history[place]
            shown = {stated[name] & wanted for name in step.offered or [step.name]}
            if len(shown) != 1 or not next(iter(shown)):
                return True
        return False


def _has_worse(matrix: NDArray[np.float64]) -> bool:
    for tool in matrix:
        comparable = ~np.isnan(matrix) & ~np.isnan(tool)
        no_better = ((tool <= matrix + _EQUAL) | ~comparable).all(axis=1)
        worse = ((tool < matrix - _EQUAL) & comparable).any(axis=1)
        if (no_better & worse).any():
            return True
    return False


def names_answer(part: AuditSplit, row: Instance) -> bool:
    """Return True if the instruction names the answer's tool, its provider, or a category that singles it out.

    A category of several words singles the answer out if not all candidates that do the job have it. Words such as
    `EU` and `full` are left out, since they also occur in instructions that do not speak of the tool.
    """
    assert row.answer is not None
    candidates = [_categories(part.tools[name]) for name in part.capable_tools(row)]
    own = _categories(part.tools[row.answer.name])
    telling = [value for axis, value in own.items() if any(other.get(axis) != value for other in candidates)]
    names = [row.answer.name, part.tools[row.answer.name].provider]
    return any(mentions(row.instruction, text) for text in [*names, *(value for value in telling if " " in value)])


def _categories(tool: ToolRow) -> Mapping[str, str]:
    return {fact.axis: fact.value for fact in tool.facts if not ALL_AXES[fact.axis].is_number}


def provider_of_job_in_history(part: AuditSplit, row: Instance) -> bool:
    """Return True if the provider of a candidate that does the job stands in the history, called or offered."""
    shown = {tool.provider for tool in row.history_tools} | {part.tools[step.name].provider for step in row.history}
    return any(part.tools[name].provider in shown for name in part.capable_tools(row))


def called_tool_not_offered(_: AuditSplit, row: Instance) -> bool:
    """Return True if the called tool of a step is not among those that it says were offered."""
    return any(step.offered and step.name not in step.offered for step in row.history)


def offers_several_jobs(part: AuditSplit, row: Instance) -> bool:
    """Return True if the tools that were offered at a step do different jobs."""
    return any(len({part.tools[name].functionality for name in (step.name, *step.offered)}) > 1 for step in row.history)


def meta_does_not_fit(_: AuditSplit, row: Instance) -> bool:
    """Return True if the metadata does not say the concern of each step, or contradicts it.

    The evidence and the first step under the current preference belong to the concern of the instruction.
    """
    if row.meta is None or row.meta.step_concerns is None or len(row.meta.step_concerns) != len(row.history):
        return True
    own = {place for place, concern in enumerate(row.meta.step_concerns) if concern == 0}
    pointed = {*row.evidence, *([] if row.meta.drift_step is None else [row.meta.drift_step])}
    return not own or not pointed <= own


def tools_in_train_layouts(parts: Sequence[AuditSplit]) -> tuple[list[str], int]:
    """Return the tools of other splits whose listing has the labels of a train tool's, and the number of compared ones.

    Listings with few labels are left out.
    """
    of_train = {frozenset(labels(tool)) for part in parts if part.split == "train" for tool in part.tools.values()}
    others = {
        tool.name: frozenset(labels(tool)) for part in parts if part.split != "train" for tool in part.tools.values()
    }
    recognisable = {name: own for name, own in others.items() if len(own) >= MIN_LABELS}
    return sorted(name for name, own in recognisable.items() if own in of_train), len(recognisable)
