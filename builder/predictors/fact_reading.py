"""Reading of choices among tools with facts, by a committee of three readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from builder.users.choice_rules import RULE_COLUMNS, RuleSet, features, rules_on
from builder.users.committee import counter, current_steps, linear, step_likelihoods, tie_counts, votes
from builder.world.axes import ALL_AXES
from hf_dataset.schema import Instance, InteractionRow, ToolRow

from .reading import ORACLE, WHOLE, View

READERS: Final = (ORACLE, "counter", "linear")
"""Readers of the committee. The oracle is the Bayesian reader."""


def features_of(tool: ToolRow) -> NDArray[np.float64]:
    """Return the goodness of a tool on each of `RULE_COLUMNS`; NaN where an axis is not stated. Do not modify it."""
    return _features(tuple((fact.axis, fact.value) for fact in tool.facts))


@lru_cache(maxsize=16_384)
def _features(values: tuple[tuple[str, str], ...]) -> NDArray[np.float64]:
    return features({axis: float(value) if ALL_AXES[axis].is_number else value for axis, value in values})


class _Offer(NamedTuple):
    """Tools that are offered together."""

    features: NDArray[np.float64]
    """Features of the tools, of shape (tools, columns)."""
    ties: NDArray[np.uint8]
    """Among how many tools each rule chooses, of shape (tools, rules); 0 for a tool that it cannot choose."""


class _Observed(NamedTuple):
    """Steps as the readers see them; the arrays have one entry for each step."""

    tools: NDArray[np.float64]
    """Features of the offered tools, of shape (steps, tools, columns)."""
    choice: NDArray[np.intp]
    liked: NDArray[np.bool_]
    likelihood: NDArray[np.float64]
    """Log likelihood of each step under each rule, of shape (steps, rules)."""


class _Stated(NamedTuple):
    """Rules that look only at stated axes."""

    places: NDArray[np.intp]
    """Indexes among all rules."""
    rules: RuleSet


class FactReading:
    """Reading of facts: which of the offered tools are called, for the concern of the instruction.

    The readers are told which steps belong to that concern (`meta.step_concerns`). Where a history has an order, they
    find the changes of preference themselves. For a step that records no offer, the offer is all tools of its job.

    Args:
        tools: Tools of the catalogue.
        changes: Maximum number of changes of preference in a history; 0 if its order has no meaning.
    """

    def __init__(self, tools: Iterable[ToolRow], changes: int) -> None:
        self._changes = changes
        tools = list(tools)
        self._rules = _rules(frozenset(frozenset(fact.axis for fact in tool.facts) for tool in tools))
        self._features: dict[str, NDArray[np.float64]] = {}
        self._job: dict[str, str | None] = {}
        self._of_job: dict[str | None, tuple[str, ...]] = {}
        self._offers: dict[tuple[str, ...], _Offer] = {}
        for tool in sorted(tools, key=lambda tool: tool.name):
            self._features[tool.name] = features_of(tool)
            self._job[tool.name] = tool.functionality
            self._of_job[tool.functionality] = (*self._of_job.get(tool.functionality, ()), tool.name)

    def scores(self, row: Instance, names: Sequence[str], view: View = WHOLE) -> Sequence[float]:
        """Score candidates by their posterior probability."""
        stated = self._stated(names)
        observed = self._observe(row, view, stated)
        ties = self._offer(tuple(names)).ties[:, stated.places]
        scores: list[float] = votes(observed.likelihood, ties, stated.rules).tolist()
        return scores

    def verdicts(self, row: Instance, names: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """Return the scores of candidates by each of `READERS`."""
        stated = self._stated(names)
        seen = self._observe(row, WHOLE, stated)
        candidates = self._offer(tuple(names))
        verdicts = (
            votes(seen.likelihood, candidates.ties[:, stated.places], stated.rules),
            counter(seen.tools, seen.choice, seen.liked, candidates.features),
            linear(seen.tools, seen.choice, seen.liked, candidates.features),
        )
        return {name: scores.tolist() for name, scores in zip(READERS, verdicts, strict=True)}

    def _stated(self, names: Sequence[str]) -> _Stated:
        """Return the rules that look only at axes that some candidate states: others cannot tell candidates apart."""
        columns = ~np.isnan(np.array([self._features[name] for name in names])).all(axis=0)
        axes = frozenset(column.axis for column, stated in zip(RULE_COLUMNS, columns, strict=True) if stated)
        return _stated_rules(self._rules, axes)

    def _observe(self, row: Instance, view: View, stated: _Stated) -> _Observed:
        """Return the shown steps of the concern of the instruction that are under its current preference."""
        steps = _shown(row, view)
        offered = [tuple(step.offered) or self._of_job[self._job[step.name]] for step in steps]
        offers = list(map(self._offer, offered))
        choice = np.array([names.index(step.name) for step, names in zip(steps, offered, strict=True)], dtype=np.intp)
        liked = np.array([step.rating != 0 or not view.ratings for step in steps], dtype=bool)
        seen = _Observed(_stacked(offers), choice, liked, self._likelihood(offers, choice, liked, stated))
        if not self._changes or not view.order or not steps:
            return seen
        current = current_steps(seen.likelihood, stated.rules, self._changes)
        return _Observed(seen.tools[current], seen.choice[current], seen.liked[current], seen.likelihood[current])

    def _likelihood(
        self, offers: Sequence[_Offer], choice: NDArray[np.intp], liked: NDArray[np.bool_], stated: _Stated
    ) -> NDArray[np.float64]:
        likelihood = np.zeros((len(offers), len(stated.places)))
        sizes = np.array([len(offer.ties) for offer in offers], dtype=np.intp)
        for size in np.unique(sizes[sizes > 1]):
            places = np.flatnonzero(sizes == size)
            ties = np.array([offers[place].ties[choice[place]][stated.places] for place in places.tolist()])
            likelihood[places] = step_likelihoods(ties, liked[places], int(size))
        return likelihood

    def _offer(self, names: tuple[str, ...]) -> _Offer:
        """Return the tools of an offer. The same offers recur in many histories, so they are computed once."""
        if names not in self._offers:
            tools = np.array([self._features[name] for name in names])
            self._offers[names] = _Offer(tools, tie_counts(tools, self._rules))
        return self._offers[names]


def _shown(row: Instance, view: View) -> list[InteractionRow]:
    """Return the steps of a view; all concerns where it is not known which step belongs to which."""
    concerns = row.meta.step_concerns if row.meta and view.concerns else None
    places = range(len(row.history)) if view.steps is None else view.steps
    return [row.history[place] for place in places if not concerns or concerns[place] == 0]


def _stacked(offers: Sequence[_Offer]) -> NDArray[np.float64]:
    """Return the features of offers of any size; smaller ones are filled up with their first tool."""
    size = max((len(offer.features) for offer in offers), default=1)
    if all(len(offer.features) == size for offer in offers):
        return np.array([offer.features for offer in offers]).reshape(len(offers), size, len(RULE_COLUMNS))
    places = [[*range(len(offer.features)), *[0] * (size - len(offer.features))] for offer in offers]
    return np.array([offer.features[chosen] for offer, chosen in zip(offers, places, strict=True)])


@cache
def _rules(stated: frozenset[frozenset[str]]) -> RuleSet:
    return RuleSet(rules_on(stated))


@cache
def _stated_rules(known: RuleSet, axes: frozenset[str]) -> _Stated:
    rules = known.rules
    places = [place for place, rule in enumerate(rules) if rule.axes <= axes] or list(range(len(rules)))
    return _Stated(np.array(places, dtype=np.intp), RuleSet([rules[place] for place in places]))
