"""Choice rules: what each kind picks, ties, and axes that are not stated."""

from __future__ import annotations

import numpy as np
import pytest

from builder.users.choice_rules import (
    CATEGORIES,
    DIRECTED,
    PREFERENCE_KINDS,
    RULE_COLUMNS,
    ChoiceRule,
    RuleColumn,
    RuleSet,
    all_rules,
    features,
    thresholds,
    wanted,
)
from builder.world.axes import AXES
from builder.world.facts import Facts

CHEAP: Facts = {"price": 0.2, "latency": 2000.0, "region": "US"}
FAST: Facts = {"price": 9.0, "latency": 70.0, "region": "APAC"}
MIDDLE: Facts = {"price": 1.2, "latency": 300.0, "region": "EU"}
TOOLS = np.array([features(facts) for facts in (CHEAP, FAST, MIDDLE)])
PRICE, LATENCY, UPTIME = RuleColumn("price"), RuleColumn("latency"), RuleColumn("uptime")


def pick(rule: ChoiceRule) -> list[int]:
    return np.flatnonzero(RuleSet([rule]).choices(TOOLS)[:, 0]).tolist()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ChoiceRule("single", ((PRICE, 1.0),)), [0]),
        (ChoiceRule("single", ((LATENCY, 1.0),)), [1]),
        (ChoiceRule("single", ((RuleColumn("region", "EU"), 1.0),)), [2]),
        (ChoiceRule("joint", ((PRICE, 1.0), (LATENCY, 1.0))), [2]),
        (ChoiceRule("trade", ((PRICE, 2.0), (LATENCY, 1.0))), [0]),
        (ChoiceRule("limit", ((PRICE, 1.0),), LATENCY, 0.5), [2]),
        (ChoiceRule("limit", ((PRICE, 1.0),), RuleColumn("region", "APAC"), 1.0), [1]),
        (ChoiceRule("cap", ((PRICE, 1.0),), LATENCY, 0.45), [2]),
        (ChoiceRule("exclusion", ((PRICE, 1.0),), RuleColumn("region", "US")), [2]),
        (ChoiceRule("classes", ((PRICE, 1.0),), LATENCY), [1]),
    ],
    ids=lambda value: value.in_words() if isinstance(value, ChoiceRule) else "",
)
def test_each_kind_of_rule_picks_by_its_facts(rule: ChoiceRule, expected: list[int]) -> None:
    assert pick(rule) == expected


def test_a_requirement_that_no_tool_meets_picks_the_nearest() -> None:
    instant = ChoiceRule("limit", ((PRICE, 1.0),), LATENCY, 1.0)
    tools = np.array([features({"price": price, "latency": ms}) for price, ms in ((0.2, 4000.0), (9.0, 400.0))])
    assert RuleSet([instant]).choices(tools)[:, 0].tolist() == [False, True]


def test_an_axis_that_is_not_stated_cannot_decide() -> None:
    assert pick(ChoiceRule("single", ((UPTIME, 1.0),))) == [0, 1, 2]
    assert pick(ChoiceRule("limit", ((PRICE, 1.0),), UPTIME, 0.8)) == pick(ChoiceRule("single", ((PRICE, 1.0),)))
    assert pick(ChoiceRule("joint", ((PRICE, 1.0), (UPTIME, 1.0)))) == [0]


def test_leads_are_those_of_the_best_over_the_second() -> None:
    best, lead = RuleSet([ChoiceRule("single", ((PRICE, 1.0),))]).leads(TOOLS)
    goodness = sorted((AXES["price"].goodness(float(facts["price"])) for facts in (CHEAP, FAST, MIDDLE)), reverse=True)
    assert best.tolist() == [0]
    assert lead[0] == pytest.approx(goodness[0] - goodness[1])


def test_the_family_covers_every_column_and_has_no_duplicates() -> None:
    rules = all_rules()
    assert len(set(rules)) == len(rules) > 1000
    assert {rule.kind for rule in rules} == {*PREFERENCE_KINDS, "cap", "exclusion", "classes"}
    looked_at = {column for rule in rules for column, _ in rule.weights} | {rule.requirement for rule in rules}
    assert looked_at - {None} == set(RULE_COLUMNS)
    assert len(DIRECTED) + len(CATEGORIES) == len(RULE_COLUMNS)


@pytest.mark.parametrize("column", RULE_COLUMNS, ids=lambda column: f"{column.axis} {column.category or ''}")
def test_requirements_leave_some_values_out(column: RuleColumn) -> None:
    assert all(0 < threshold <= 1 for threshold in thresholds(column))
    assert len(set(thresholds(column))) == len(thresholds(column)) > 0


def test_a_rule_states_what_is_wanted() -> None:
    rule = ChoiceRule("limit", ((PRICE, 1.0),), RuleColumn("region", "EU"), 1.0)
    assert [(item["axis"], item["bound"], item["direction"]) for item in wanted(rule)] == [
        ("region", "EU", None),
        ("price", None, "lower price"),
    ]
    assert rule.in_words() == "EU processing region required, then lower price"
    other = ChoiceRule("exclusion", ((PRICE, 1.0),), RuleColumn("region", "EU"))
    assert other.in_words() == "EU processing region excluded, then lower price"
    assert rule.axes == {"region", "price"}
