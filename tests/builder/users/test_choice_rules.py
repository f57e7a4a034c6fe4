"""Choice rules: what each kind picks, ties, and axes that are not stated."""

from __future__ import annotations

import numpy as np
import pytest

from builder.users.choice_rules import (
    CATEGORIES,
    COLUMNS,
    DIRECTED,
    PREFERENCE_KINDS,
    Column,
    Rule,
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
PRICE, LATENCY, UPTIME = Column("price"), Column("latency"), Column("uptime")


def pick(rule: Rule) -> list[int]:
    return np.flatnonzero(RuleSet([rule]).choices(TOOLS)[:, 0]).tolist()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule("single", ((PRICE, 1.0),)), [0]),
        (Rule("single", ((LATENCY, 1.0),)), [1]),
        (Rule("single", ((Column("region", "EU"), 1.0),)), [2]),
        (Rule("joint", ((PRICE, 1.0), (LATENCY, 1.0))), [2]),
        (Rule("trade", ((PRICE, 2.0), (LATENCY, 1.0))), [0]),
        (Rule("limit", ((PRICE, 1.0),), LATENCY, 0.5), [2]),
        (Rule("limit", ((PRICE, 1.0),), Column("region", "APAC"), 1.0), [1]),
        (Rule("classes", ((PRICE, 1.0),), LATENCY), [1]),
    ],
    ids=lambda value: value.in_words() if isinstance(value, Rule) else "",
)
def test_each_kind_of_rule_picks_by_its_facts(rule: Rule, expected: list[int]) -> None:
    assert pick(rule) == expected


def test_a_requirement_that_no_tool_meets_picks_the_nearest() -> None:
    instant = Rule("limit", ((PRICE, 1.0),), LATENCY, 1.0)
    tools = np.array([features({"price": price, "latency": ms}) for price, ms in ((0.2, 4000.0), (9.0, 400.0))])
    assert RuleSet([instant]).choices(tools)[:, 0].tolist() == [False, True]


def test_an_axis_that_is_not_stated_cannot_decide() -> None:
    assert pick(Rule("single", ((UPTIME, 1.0),))) == [0, 1, 2]
    assert pick(Rule("limit", ((PRICE, 1.0),), UPTIME, 0.8)) == pick(Rule("single", ((PRICE, 1.0),)))
    assert pick(Rule("joint", ((PRICE, 1.0), (UPTIME, 1.0)))) == [0]


def test_leads_are_those_of_the_best_over_the_second() -> None:
    best, lead = RuleSet([Rule("single", ((PRICE, 1.0),))]).leads(TOOLS)
    goodness = sorted((AXES["price"].goodness(float(facts["price"])) for facts in (CHEAP, FAST, MIDDLE)), reverse=True)
    assert best.tolist() == [0]
    assert lead[0] == pytest.approx(goodness[0] - goodness[1])


def test_the_family_covers_every_column_and_has_no_duplicates() -> None:
    rules = all_rules()
    assert len(set(rules)) == len(rules) > 1000
    assert {rule.kind for rule in rules} == {*PREFERENCE_KINDS, "classes"}
    looked_at = {column for rule in rules for column, _ in rule.weights} | {rule.requirement for rule in rules}
    assert looked_at - {None} == set(COLUMNS)
    assert len(DIRECTED) + len(CATEGORIES) == len(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.axis} {column.category or ''}")
def test_requirements_leave_some_values_out(column: Column) -> None:
    assert all(0 < threshold <= 1 for threshold in thresholds(column))
    assert len(set(thresholds(column))) == len(thresholds(column)) > 0


def test_a_rule_states_what_is_wanted() -> None:
    rule = Rule("limit", ((PRICE, 1.0),), Column("region", "EU"), 1.0)
    assert [(item["axis"], item["bound"], item["direction"]) for item in wanted(rule)] == [
        ("region", "EU", None),
        ("price", None, "less"),
    ]
    assert rule.in_words() == "EU processing region required, then lower price"
    assert rule.axes == {"region", "price"}
