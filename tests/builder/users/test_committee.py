"""Readers of choices, and the search for changes of a preference."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.users.choice_rules import RULE_COLUMNS, RuleColumn, RuleSet
from builder.users.committee import (
    ObservedChoice,
    called_ties,
    current_steps,
    read_history,
    step_likelihoods,
    tie_counts,
    votes,
)

PRICE, LATENCY = (RULE_COLUMNS.index(RuleColumn(axis)) for axis in ("price", "latency"))
STATED = [RULE_COLUMNS.index(RuleColumn(axis)) for axis in ("price", "latency", "uptime", "standing", "coverage")]


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return RuleSet()


def offer(rng: np.random.Generator, *, tools: int = 3) -> NDArray[np.float64]:
    """Draw tools that state five axes."""
    matrix = np.full((tools, len(RULE_COLUMNS)), np.nan)
    matrix[:, STATED] = rng.random((tools, len(STATED)))
    return matrix


def step(column: int, rng: np.random.Generator) -> ObservedChoice:
    """Draw a step of a user who calls the tool that is best on a column."""
    tools = offer(rng)
    return ObservedChoice(tools, int(tools[:, column].argmax()))


def steps(columns: list[int], seed: int = 0) -> list[ObservedChoice]:
    rng = np.random.default_rng(seed)
    return [step(column, rng) for column in columns]


def likelihood(history: list[ObservedChoice], rules: RuleSet) -> NDArray[np.float64]:
    tools, choice = np.array([item.tools for item in history]), np.array([item.choice for item in history])
    return step_likelihoods(called_ties(tie_counts(tools, rules), choice), np.ones(len(choice), dtype=bool), 3)


CANDIDATES = np.full((3, len(RULE_COLUMNS)), np.nan)
CANDIDATES[:, STATED] = 0.4
CANDIDATES[0, PRICE] = CANDIDATES[1, LATENCY] = 0.9
CANDIDATES[2, STATED[2]] = 0.9
"""The first is the cheapest, the second the fastest, the third has the highest uptime."""


@pytest.mark.parametrize(("column", "answer"), [(PRICE, 0), (LATENCY, 1)])
def test_all_readers_find_what_the_calls_have_in_common(rules: RuleSet, column: int, answer: int) -> None:
    assert read_history(steps([column] * 14), CANDIDATES, rules).picks() == (answer,) * 3


def test_a_disliked_call_counts_against_its_tool(rules: RuleSet) -> None:
    rng = np.random.default_rng(1)
    history = [step(PRICE, rng) for _ in range(10)]
    for _ in range(12):
        tools = offer(rng)
        history.append(ObservedChoice(tools, int(tools[:, PRICE].argmin()), liked=False))
    assert read_history(history, CANDIDATES, rules).picks() == (0, 0, 0)
    ignored = [item._replace(liked=True) for item in history]
    assert read_history(ignored, CANDIDATES, rules).picks() != (0, 0, 0)


def test_without_steps_the_prior_decides(rules: RuleSet) -> None:
    empty = np.zeros((0, len(rules.rules)))
    probability = votes(empty, tie_counts(CANDIDATES, rules), rules)
    assert probability.sum() == pytest.approx(1)
    assert (probability > 0.05).all()


def test_a_tie_is_shared_by_the_tools_that_are_equally_good(rules: RuleSet) -> None:
    tools = np.full((3, len(RULE_COLUMNS)), np.nan)
    tools[:, PRICE] = (0.9, 0.9, 0.1)
    cheapest = next(index for index, rule in enumerate(rules.rules) if rule.weights == ((RuleColumn("price"), 1.0),))
    assert tie_counts(tools, rules)[:, cheapest].tolist() == [2, 2, 0]
    fastest = next(index for index, rule in enumerate(rules.rules) if rule.weights == ((RuleColumn("latency"), 1.0),))
    assert tie_counts(tools, rules)[:, fastest].tolist() == [3, 3, 3]  # an axis that is not stated cannot decide


@pytest.mark.parametrize("before", [4, 8, 16])
@pytest.mark.parametrize("after", [8, 14])
def test_a_change_is_found(rules: RuleSet, before: int, after: int) -> None:
    history = steps([LATENCY] * before + [PRICE] * after, before)
    current = current_steps(likelihood(history, rules), rules)
    assert abs(int(current.sum()) - after) <= 1
    assert current[-after + 1 :].all()
    assert read_history(history, CANDIDATES, rules, changes=1).picks() == (0, 0, 0)


def test_without_a_change_all_steps_are_current(rules: RuleSet) -> None:
    for seed in range(5):
        assert current_steps(likelihood(steps([PRICE] * 16, seed), rules), rules).all()


def test_a_preference_that_comes_back_counts_from_its_beginning(rules: RuleSet) -> None:
    history = steps([PRICE] * 7 + [LATENCY] * 9 + [PRICE] * 7, 3)
    current = current_steps(likelihood(history, rules), rules)
    assert current[:6].all()
    assert not current[8:15].any()
    assert current[-6:].all()
    assert read_history(history, CANDIDATES, rules, changes=1).picks() == (0, 0, 0)


def test_of_several_changes_the_last_one_counts(rules: RuleSet) -> None:
    history = steps([LATENCY] * 9 + [STATED[2]] * 9 + [PRICE] * 9, 5)
    assert read_history(history, CANDIDATES, rules, changes=2).picks() == (0, 0, 0)
    current = current_steps(likelihood(history, rules), rules, 2)
    assert abs(int(current.sum()) - 9) <= 1


def test_an_odd_call_is_no_change(rules: RuleSet) -> None:
    history = steps([PRICE] * 12 + [LATENCY] + [PRICE] * 6, 2)
    assert read_history(history, CANDIDATES, rules, changes=1).picks() == (0, 0, 0)
    assert current_steps(likelihood(history, rules), rules).sum() >= 18


def test_in_a_short_history_no_change_is_found(rules: RuleSet) -> None:
    assert current_steps(likelihood(steps([PRICE] * 4), rules), rules).all()


@pytest.mark.parametrize("after", [60, 160])
def test_of_a_long_history_the_end_is_read(rules: RuleSet, after: int) -> None:
    """The change is among the steps at the end, or before them."""
    current = current_steps(likelihood(steps([LATENCY] * 200 + [PRICE] * after), rules), rules)
    assert len(current) == 200 + after
    assert not current[:195].any()
    assert current[-min(after, 150) + 2 :].all()
