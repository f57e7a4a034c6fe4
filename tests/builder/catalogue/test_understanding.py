"""Tests of the attributes that are derived from facts and documentation."""

from __future__ import annotations

import pytest

from builder.catalogue.normalise import to_tool
from builder.catalogue.understanding import understand
from builder.records import Attribute, ServiceFacts, Tool
from builder.words import MAX_DESCRIPTION
from tests import factories
from tests.factories import raw_parameter, raw_tool


def tools(*latencies: float | None, about: str = "Returns the weather of a city") -> list[Tool]:
    taken: set[str] = set()
    return [
        to_tool(raw_tool(provider=f"P{index}", about=about, facts=ServiceFacts(latency_ms=latency)), taken)
        for index, latency in enumerate(latencies)
    ]


def _of_axis(tool: Tool, axis: str) -> Attribute:
    return next(attribute for attribute in tool.attributes if attribute.axis == axis)


def test_latency_is_divided_into_classes_of_which_only_the_best_is_wanted() -> None:
    latencies = (100.0 * step for step in range(1, 11))
    found = [_of_axis(tool, "latency") for tool in understand(tools(*latencies))]
    assert [attribute.value for attribute in found] == ["fast"] * 4 + ["usual"] * 2 + ["slow"] * 4
    assert [attribute.wanted for attribute in found] == [True] * 4 + [False] * 6


def test_a_value_of_most_tools_is_in_the_middle() -> None:
    values = {tool.values.get("latency") for tool in understand(tools(*[500.0] * 12))}
    assert values == {"usual"}


def test_a_tool_without_measurement_has_no_value() -> None:
    assert next(understand(tools(None))).values.get("latency") is None


def test_the_evidence_is_part_of_the_documentation() -> None:
    understood = list(understand(tools(120.0, 480.0, about="Returns live weather of any city worldwide as JSON")))
    for tool in understood:
        assert tool.attributes
        assert all(attribute.evidence in tool.listing for attribute in tool.attributes)
    assert "Latency 120 ms" in understood[0].listing


def test_words_about_freshness_reach_and_form_become_attributes() -> None:
    values = next(understand(tools(None, about="Returns live weather of any city worldwide as JSON"))).values
    assert (values.get("freshness"), values.get("reach"), values.get("form")) == ("live", "worldwide", "json")


def test_price_inputs_and_options() -> None:
    raw = raw_tool(
        raw_parameter("city", about="Name of the city"),
        raw_parameter("units", required=False),
        raw_parameter("altitude", required=False),
        facts=ServiceFacts(pricing="freemium"),
    )
    values = next(understand([to_tool(raw, set())])).values
    assert (values.get("pricing"), values.get("inputs"), values.get("options")) == ("freemium", "described", "few")


def test_tools_with_attributes_are_not_changed() -> None:
    labelled = factories.tool(pricing="free")
    assert list(understand([labelled])) == [labelled]


@pytest.mark.parametrize(("authentication", "access"), [("none", "none"), ("key", "key"), ("oauth", "account")])
def test_authentication_is_an_attribute_and_part_of_the_listing(authentication: str, access: str) -> None:
    tool = next(understand([to_tool(raw_tool(facts=ServiceFacts(authentication=authentication)), set())]))
    found = _of_axis(tool, "access")
    assert found.value == access
    assert found.evidence in tool.listing


def test_of_ordered_levels_only_the_best_that_occurs_is_wanted() -> None:
    raws = [raw_tool(provider=value, facts=ServiceFacts(pricing=value)) for value in ("free", "freemium", "paid")]
    found = [_of_axis(tool, "pricing") for tool in understand([to_tool(raw, set()) for raw in raws])]
    assert [attribute.wanted for attribute in found] == [True, False, False]
    alone = next(understand([to_tool(raws[2], set())]))
    assert not _of_axis(alone, "pricing").wanted


def test_both_ends_are_wanted_where_people_differ() -> None:
    raws = [raw_tool(provider=f"P{fields}", facts=ServiceFacts(reply_fields=fields)) for fields in range(1, 11)]
    found = [_of_axis(tool, "payload") for tool in understand([to_tool(raw, set()) for raw in raws])]
    assert [attribute.wanted for attribute in found] == [True] * 4 + [False] * 2 + [True] * 4


@pytest.mark.parametrize("authentication", [None, "fingerprint"])
def test_unknown_authentication_is_not_an_attribute(authentication: str | None) -> None:
    tool = next(understand([to_tool(raw_tool(facts=ServiceFacts(authentication=authentication)), set())]))
    assert "access" not in tool.values


def test_a_long_documentation_is_shortened_and_keeps_the_evidence() -> None:
    facts = ServiceFacts(latency_ms=120, success_rate=99, service_level=98, popularity=9, pricing="freemium")
    provider = "Cloudly Weather Services for Everybody"
    raws = [
        raw_tool(provider=provider, about="Weather " * 49, product=word * 60, facts=facts)
        for word in ("live ", "Some text. ")
    ]
    for tool in understand([to_tool(raw, set()) for raw in raws]):
        shown = f"Provider: {tool.provider}. {tool.description}\n{tool.listing}"
        assert 700 < len(shown) <= MAX_DESCRIPTION
        assert all(attribute.evidence in shown for attribute in tool.attributes)
        assert {"latency", "success_rate", "service_level", "popularity", "pricing"} <= tool.values.keys()
