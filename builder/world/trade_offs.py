"""Trade-offs: facts for the tools of a group, drawn so that each tool is the best choice for some users.

No tool is worse than another on every axis. For each kind of preference, every tool is the clear choice under some
preference of that kind. Always choosing the tool with the best facts overall is therefore no better than chance.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.users.choice_rules import DIRECTED, PREFERENCE_KINDS, RuleSet, features, two_highest

from .axes import AXES, Axis, Value
from .facts import Facts, draw_value, fit, tidy

LEAD: Final = 0.12
"""Minimum lead of the best tool in the score of a choice rule; on a log scale a factor of about two."""
_ATTEMPTS: Final = 400
_RULES_EACH: Final = (6, 12)
"""Range for the minimum number of rules whose clear choice a candidate is, where not every kind of preference must
choose it. With fewer, the histories of a life seldom refute all of their rivals."""
_RULES_SHARE: Final = 20
"""Number of rules on the axes of a job for each such rule: on few axes there are few rules, and few rivals."""
_LEADING: Final = (0.0, 0.12)
"""Range for a tool's leading axis, as a share of the distance from the best to the worst value."""
_OTHERS: Final = (0.3, 0.9)
"""The same range for the other axes."""


def draw_facts(
    axes: Sequence[str],
    provider_facts: Sequence[Facts],
    rng: np.random.Generator,
    ranges: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> list[dict[str, Value]] | None:
    """Draw facts for the tools of a group: each is good on a different axis, and none is worse than another on all.

    Args:
        axes: Axes that the functionality states.
        provider_facts: Facts of each tool's provider; axes outside of `axes` are ignored.
        rng: Generator that draws the facts.
        ranges: Lowest and highest number that fit the functionality, by axis; by default the whole axis fits.

    Returns:
        Facts of each tool, or None if every draw has a tool that is worse than another on all axes.
    """
    own = [AXES[name] for name in axes if not AXES[name].provider]
    fixed = [{name: facts[name] for name in axes if AXES[name].provider} for facts in provider_facts]
    directed = [axis for axis in own if axis.better != "matter" and axis.is_number]
    for _ in range(_ATTEMPTS):
        order = rng.permutation(len(directed))
        tools = [
            {**fixed[place], **_draw_tool(own, directed[int(order[place % len(order)])].name, ranges, rng)}
            for place in range(len(fixed))
        ]
        if not _is_dominated(np.array([features(facts) for facts in tools])):
            return [{name: facts[name] for name in axes} for facts in tools]
    return None


def balanced_subsets(
    matrix: NDArray[np.float64],
    axes: Sequence[str],
    sizes: Sequence[int],
    rules: RuleSet,
    *,
    every_kind: bool = True,
) -> list[tuple[int, ...]]:
    """Return the sets of tools in which each tool, for every kind of preference, is the clear choice of some rule.

    Only such a set can be the candidates of a query group: each of its tools can be the answer, whatever the kind.

    Args:
        matrix: Features of the tools of the group, of shape (tools, columns).
        axes: Axes that the functionality states.
        sizes: Numbers of tools of a set.
        rules: The rules that a preference can be.
        every_kind: False if it is enough that each tool is the clear choice of several rules of any kinds, and that
            none is worse than another on everything: the facts of real services are not drawn.
    """
    if not every_kind:
        return _wanted_subsets(matrix, axes, sizes, rules)
    usable = [rules.indexes([kind], frozenset(axes)) for kind in PREFERENCE_KINDS]
    starts = np.cumsum([0, *map(len, usable)])
    scores = rules.scores(matrix)[:, [index for of_kind in usable for index in of_kind]]
    subsets: list[tuple[int, ...]] = []
    for size in sizes:
        sets = list(combinations(range(len(matrix)), size))
        if not sets:
            continue
        chosen = _clear_choices(scores[np.array(sets)])
        balanced = np.all(
            [chosen[:, :, first:last].any(axis=2) for first, last in itertools.pairwise(starts)], axis=(0, 2)
        )
        subsets += [subset for subset, is_balanced in zip(sets, balanced, strict=True) if is_balanced]
    return subsets


def _wanted_subsets(
    matrix: NDArray[np.float64], axes: Sequence[str], sizes: Sequence[int], rules: RuleSet
) -> list[tuple[int, ...]]:
    """Return the sets of tools in which each tool is the clear choice of several rules and none is worse."""
    usable = rules.indexes(PREFERENCE_KINDS, frozenset(axes))
    least = min(max(len(usable) // _RULES_SHARE, _RULES_EACH[0]), _RULES_EACH[1])
    scores, met = rules.scores(matrix)[:, usable], rules.met(matrix)[:, usable]
    subsets: list[tuple[int, ...]] = []
    for size in sizes:
        sets = list(combinations(range(len(matrix)), size))
        if not sets:
            continue
        clear = _clear_choices(scores[np.array(sets)]) & met[np.array(sets)]
        wanted = (clear.sum(axis=2) >= least).all(axis=1)
        subsets += [
            subset
            for subset, is_wanted in zip(sets, wanted, strict=True)
            if is_wanted and not _is_dominated(matrix[list(subset)])
        ]
    return subsets


def _clear_choices(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the tool of each set that leads clearly, by rule; scores and result are of shape (sets, tools, rules)."""
    first, second = two_highest(scores)
    chosen: NDArray[np.bool_] = (scores == first[:, None, :]) & (first - second >= LEAD)[:, None, :]
    return chosen


def winners(matrix: NDArray[np.float64], rules: RuleSet, lead: float = LEAD) -> NDArray[np.intp]:
    """Return the tool that each rule chooses by a clear margin, -1 where none leads clearly.

    Args:
        matrix: Features of the tools, of shape (tools, columns).
        rules: The rules.
        lead: Minimum lead of the best tool over the second best, in the score of the rule.
    """
    best, leads = rules.leads(matrix)
    clear: NDArray[np.intp] = np.where(leads >= lead, best, -1)
    return clear


def _draw_tool(
    axes: Sequence[Axis], leading: str, ranges: Mapping[str, tuple[float, float]], rng: np.random.Generator
) -> Mapping[str, Value]:
    """Draw the facts of one tool, which is good on its leading axis."""
    facts: dict[str, Value] = {}
    for axis in axes:
        if not axis.is_number:
            facts[axis.name] = draw_value(axis, rng)
            continue
        low, high = _LEADING if axis.name == leading else _OTHERS
        share = float(rng.uniform(low, high))
        worst, best = axis.position(axis.quantiles[0]), axis.position(axis.quantiles[-1])
        if axis.better == "less":
            worst, best = best, worst
        value = tidy(axis, axis.at(best + share * (worst - best)))
        facts[axis.name] = fit(axis, value, *ranges[axis.name]) if axis.name in ranges else value
    return facts


def _is_dominated(matrix: NDArray[np.float64]) -> bool:
    """Return True if a tool is worse than another on every directed axis that both state."""
    directed = matrix[:, : len(DIRECTED)]
    stated = ~np.isnan(directed[0])
    values = directed[:, stated]
    for row in values:
        worse = (row <= values + 1e-9).all(axis=1) & (row < values - 1e-9).any(axis=1)
        if worse.any():
            return True
    return False
