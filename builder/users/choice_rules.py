"""Choice rules: all ways of choosing among services that a preference can follow, or that a reader can infer.

A rule ranks the tools that are offered at one step by their facts. The family is broad on purpose: a user's preference
is one of its rules, and all others are rivals that the history must refute before an instance counts as answerable. A
rule that a careful reader has stated in a reading is added to the family.

Kinds of rules:

- `single`: one axis, or one category of an axis on which people differ;
- `joint`: the sum of two or three axes, weighted equally;
- `trade`: two axes, one of which counts twice;
- `limit`: a requirement on one axis, then the best on another;
- `cap`: a limit at any other threshold, `exclusion`: every category but one, and `classes`: coarse classes on one axis,
  each before the best on another axis; these occur only as rivals.

Axes are compared as goodness, 0 to 1 on the scale of the axis. An axis that a job does not state cannot decide: it
counts as equal for all tools of that job.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, permutations
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from builder.world.axes import ALL_AXES
from builder.world.facts import Facts

RuleKind = Literal["single", "joint", "trade", "limit", "cap", "exclusion", "classes"]
PREFERENCE_KINDS: Final = ("single", "joint", "limit", "trade")
"""Kinds that a user's preference can have."""
TIE: Final = 0.02
"""Difference in goodness below which two tools are equally good."""
_THRESHOLDS: Final = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Requirements on a number that a preference can make, as goodness."""
_CAPS: Final = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Requirements on a number that a reader can infer."""
_CLASSES: Final = 3
"""Classes that the goodness of an axis is divided into."""
_UNMET: Final = 10.0
"""Penalty of a tool that does not meet a requirement; above any sum of goodness."""
_NEAREST: Final = 100.0
"""Weight of the requirement among tools that do not meet it."""


@dataclass(frozen=True, slots=True)
class RuleColumn:
    """Feature of a tool: its goodness on an axis, or 1 or 0 for having a category."""

    axis: str
    category: str | None = None
    """Category of an axis on which people differ."""


DIRECTED: Final = tuple(RuleColumn(axis.name) for axis in ALL_AXES.values() if axis.better != "matter")
CATEGORIES: Final = tuple(
    RuleColumn(axis.name, level) for axis in ALL_AXES.values() if axis.better == "matter" for level in axis.levels
)
RULE_COLUMNS: Final = (*DIRECTED, *CATEGORIES)
_INDEX: Final = {column: index for index, column in enumerate(RULE_COLUMNS)}


@dataclass(frozen=True, slots=True)
class ChoiceRule:
    """A way of choosing.

    Args:
        kind: RuleKind of the rule.
        weights: Weight of each column of the objective.
        requirement: RuleColumn that must be met first; None without one.
        threshold: Minimum goodness of the requirement.
    """

    kind: RuleKind
    weights: tuple[tuple[RuleColumn, float], ...]
    requirement: RuleColumn | None = None
    threshold: float = 0.0
    axes: frozenset[str] = field(init=False, repr=False, compare=False)
    """Axes that the rule looks at."""

    def __post_init__(self) -> None:
        required = frozenset({self.requirement.axis}) if self.requirement else frozenset()
        object.__setattr__(self, "axes", required.union(column.axis for column, _ in self.weights))

    def in_words(self) -> str:
        """Return the rule in words, such as `EU processing required, then lower price`."""
        objective = " and ".join(
            f"{_label(column)}{' (counts twice)' if weight > 1 else ''}" for column, weight in self.weights
        )
        if self.requirement is None:
            return objective
        if self.kind == "classes":
            return f"{_label(self.requirement)} by rough classes, then {objective}"
        if self.requirement.category is not None:
            verb = "excluded" if self.kind == "exclusion" else "required"
            return f"{_label(self.requirement)} {verb}, then {objective}"
        bound = ALL_AXES[self.requirement.axis].bound(self.threshold)
        return f"{self.requirement.axis.replace('_', ' ')} {bound} required, then {objective}"


def _label(column: RuleColumn) -> str:
    return f"{column.category} {ALL_AXES[column.axis].label}" if column.category else ALL_AXES[column.axis].label


@cache
def all_rules() -> tuple[ChoiceRule, ...]:
    """Return the whole family, in a fixed order."""
    rules = [ChoiceRule("single", ((column, 1.0),)) for column in RULE_COLUMNS]
    for size in (2, 3):
        rules += [
            ChoiceRule("joint", tuple((column, 1.0) for column in chosen)) for chosen in combinations(DIRECTED, size)
        ]
    rules += [ChoiceRule("trade", ((first, 2.0), (second, 1.0))) for first, second in permutations(DIRECTED, 2)]
    for requirement in RULE_COLUMNS:
        others: list[tuple[RuleKind, float]]
        for threshold in thresholds(requirement):
            rules += [
                ChoiceRule("limit", ((objective, 1.0),), requirement, threshold)
                for objective in DIRECTED
                if objective.axis != requirement.axis
            ]
        caps = [cap for cap in _CAPS if cap not in _THRESHOLDS] if ALL_AXES[requirement.axis].is_number else []
        others = [("cap", cap) for cap in caps] + ([("exclusion", 0.0)] if requirement.category else [])
        for kind, threshold in others:
            rules += [
                ChoiceRule(kind, ((objective, 1.0),), requirement, threshold)
                for objective in DIRECTED
                if objective.axis != requirement.axis
            ]
    rules += [
        ChoiceRule("classes", ((objective, 1.0),), first)
        for first, objective in permutations(DIRECTED, 2)
        if ALL_AXES[first.axis].is_number
    ]
    return tuple(rules)


def rules_on(stated: Collection[frozenset[str]]) -> tuple[ChoiceRule, ...]:
    """Return the rules of the family that some tool can decide: it states all axes that the rule looks at.

    Args:
        stated: Axes that tools state, one set for each job.
    """
    return _rules_on(frozenset(stated))


@cache
def _rules_on(stated: frozenset[frozenset[str]]) -> tuple[ChoiceRule, ...]:
    largest = [axes for axes in stated if not any(axes < other for other in stated)]
    return tuple(rule for rule in all_rules() if any(rule.axes <= axes for axes in largest))


def thresholds(column: RuleColumn) -> tuple[float, ...]:
    """Return the requirements that can be made on a column, as minimum goodness."""
    if column.category is not None:
        return (1.0,)
    axis = ALL_AXES[column.axis]
    if axis.is_number:
        return _THRESHOLDS
    return tuple(axis.goodness(level) for level in axis.levels[:-1])


def features(facts: Facts) -> NDArray[np.float64]:
    """Return the goodness of a tool on each of `RULE_COLUMNS`; NaN where the axis is not stated."""
    row = np.full(len(RULE_COLUMNS), np.nan)
    for axis, value in facts.items():
        if ALL_AXES[axis].better == "matter":
            for level in ALL_AXES[axis].levels:
                row[_INDEX[RuleColumn(axis, level)]] = float(value == level)
        else:
            row[_INDEX[RuleColumn(axis)]] = ALL_AXES[axis].goodness(value)
    return row


def known(tools: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return features with 0 where the axis is not stated; several times faster than `np.nan_to_num`."""
    return np.where(np.isnan(tools), 0.0, tools)


def two_highest(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the highest and the second highest score in each set of tools, both of shape (sets, rules).

    Args:
        scores: Score of each tool by each rule; a set has at least two tools, of shape (sets, tools, rules).
    """
    first, second = np.maximum(scores[:, 0], scores[:, 1]), np.minimum(scores[:, 0], scores[:, 1])
    for place in range(2, scores.shape[1]):
        second = np.maximum(second, np.minimum(first, scores[:, place]))
        first = np.maximum(first, scores[:, place])
    return first, second


class RuleSet:
    """Vectorised evaluation of many rules.

    Args:
        rules: The rules; by default the whole family.
    """

    def __init__(self, rules: Sequence[ChoiceRule] | None = None) -> None:
        self.rules = tuple(all_rules() if rules is None else rules)
        self._indexes: dict[tuple[tuple[str, ...], frozenset[str]], tuple[int, ...]] = {}
        self._weights = np.zeros((len(RULE_COLUMNS), len(self.rules)))
        self._requirement = np.zeros(len(self.rules), dtype=np.intp)
        self._threshold = np.full(len(self.rules), -np.inf)
        self._sign = np.ones(len(self.rules))
        self._by_class = np.zeros(len(self.rules), dtype=bool)
        self._single = {rule.weights[0][0]: index for index, rule in enumerate(self.rules) if rule.kind == "single"}
        for index, rule in enumerate(self.rules):
            for column, weight in rule.weights:
                self._weights[_INDEX[column], index] = weight / sum(value for _, value in rule.weights)
            if rule.requirement is not None:
                self._requirement[index] = _INDEX[rule.requirement]
                if rule.kind == "classes":
                    self._by_class[index] = True
                elif rule.kind == "exclusion":
                    self._sign[index], self._threshold[index] = -1.0, -0.5
                else:
                    self._threshold[index] = rule.threshold - 1e-9

    def scores(self, tools: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the score of each tool under each rule.

        Args:
            tools: Features, of shape (..., tools, columns); NaN where an axis is not stated.

        Returns:
            Scores of shape (..., tools, rules). A tool that does not meet a requirement has a penalty.
        """
        scores = known(tools) @ self._weights
        required = tools[..., self._requirement] * self._sign
        unmet = required < self._threshold  # False where the axis is not stated: it cannot decide
        # Where nothing meets a requirement, the nearest is chosen; the objective decides between equals only.
        scores = np.where(unmet, _NEAREST * known(required) + scores - _UNMET - _NEAREST, scores)
        if self._by_class.any():
            classes = np.floor(known(required[..., self._by_class]) * _CLASSES * 0.9999)
            scores[..., self._by_class] += classes * _UNMET
        return scores

    def met(self, tools: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which tools meet the requirement of each rule; True for a rule without one or an axis not stated.

        Args:
            tools: As in `scores`.

        Returns:
            Booleans of shape (..., tools, rules).
        """
        met: NDArray[np.bool_] = ~(tools[..., self._requirement] * self._sign < self._threshold)
        return met

    def choices(self, tools: NDArray[np.float64], tie: float = TIE) -> NDArray[np.bool_]:
        """Return the tools that each rule can choose: the best, and those that are as good.

        Args:
            tools: As in `scores`; each set of tools along the last axis but one is offered together.
            tie: Difference in goodness that counts as equal.

        Returns:
            Booleans of shape (..., tools, rules).
        """
        scores = self.scores(tools)
        chosen: NDArray[np.bool_] = scores >= scores.max(axis=-2, keepdims=True) - tie
        return chosen

    def leads(self, tools: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the best tool of each rule and its lead over the second, for one set of at least two tools.

        Args:
            tools: Features of shape (tools, columns).

        Returns:
            Index and lead, each of shape (rules,).
        """
        scores = self.scores(tools)
        order = np.argsort(-scores, axis=0, kind="stable")
        best, second = order[0], order[1]
        columns = np.arange(scores.shape[1])
        return best, scores[best, columns] - scores[second, columns]

    def without_requirement(self, index: int) -> list[int]:
        """Return the index of the rule that has the objective of a limit alone; empty for a rule of another kind."""
        rule = self.rules[index]
        if rule.kind != "limit":
            return []
        return [self._single[rule.weights[0][0]]]

    def indexes(self, kinds: Sequence[str], axes: frozenset[str]) -> tuple[int, ...]:
        """Return the indexes of the rules of some kinds that look at no other axes than these."""
        key = (tuple(kinds), axes)
        if key not in self._indexes:
            self._indexes[key] = tuple(
                index for index, rule in enumerate(self.rules) if rule.kind in kinds and rule.axes <= axes
            )
        return self._indexes[key]


def wanted(rule: ChoiceRule) -> list[Mapping[str, object]]:
    """Return a rule as the records of `meta.wanted`: axis, direction or bound, and weight."""
    records: list[Mapping[str, object]] = []
    if rule.requirement is not None:
        bound = rule.requirement.category or ALL_AXES[rule.requirement.axis].bound(rule.threshold)
        records.append({"axis": rule.requirement.axis, "bound": bound, "direction": None, "weight": None})
    for column, weight in rule.weights:
        records.append({"axis": column.axis, "bound": None, "direction": _label(column), "weight": weight})
    return records
