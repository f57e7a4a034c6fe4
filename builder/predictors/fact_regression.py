"""Baseline that learns from the training split how choices among tools with facts show a preference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from builder.users.choice_rules import RULE_COLUMNS
from hf_dataset.schema import Instance, InteractionRow, ToolRow

from .fact_reading import features_of
from .learned import conditional_logit, signs_and_recent
from .scored_choice import Score


def fact_regression(train: Sequence[Instance], tools: Mapping[str, ToolRow]) -> Score:
    """Return a score learned by conditional logistic regression, for the candidates that do the job.

    Uses the facts of the tools, the tools that were offered, and the knowledge of which candidates do the job; it does
    not know which steps belong to one concern. The model is fitted to the answers of the training split, which shares
    no users, providers or query groups with the other splits. It has two features for each axis or category: the
    candidate's goodness times the mean lead in goodness of the called over the other offered tools, in the whole
    history and in its last third. Disliked steps count negatively.

    Args:
        train: Instances of the training split, with answers.
        tools: Tools of the training split and of the predicted split, by name.

    Source:
        McFadden, Conditional logit analysis of qualitative choice behavior (1974).
    """
    goodness = {name: features_of(tool) for name, tool in tools.items()}

    def lead(step: InteractionRow) -> NDArray[np.float64]:
        others = [goodness[name] for name in step.offered if name != step.name]
        if not others:
            return np.zeros(len(RULE_COLUMNS))
        excess: NDArray[np.float64] = np.nan_to_num(goodness[step.name] - np.mean(others, axis=0))
        return excess

    def inputs(instance: Instance, names: Sequence[str]) -> NDArray[np.float64]:
        signs, recent = signs_and_recent(instance)
        leads = np.array([lead(step) for step in instance.history]).reshape(-1, len(RULE_COLUMNS)) * signs[:, None]
        candidates = np.array([goodness[name] for name in names])
        centred = np.nan_to_num(candidates - candidates.mean(axis=0))
        parts = [leads, leads[recent]]
        return np.hstack([centred * (part.mean(axis=0) if len(part) else 0.0) for part in parts])

    return conditional_logit(train, tools, inputs, 2 * len(RULE_COLUMNS))
