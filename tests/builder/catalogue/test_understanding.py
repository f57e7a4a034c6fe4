"""Attributes from facts, each with words that the documentation holds."""

from __future__ import annotations

import pytest

from builder.catalogue.normalise import to_tool
from builder.catalogue.understanding import understand
from builder.records import ServiceFacts, Tool
from tests.factories import raw_parameter, raw_tool, tool


def tools(*latencies: float | None, about: str = "Returns the weather of a city") -> list[Tool]:
    taken: set[str] = set()
    return [
        to_tool(raw_tool(provider=f"P{index}", about=about, facts=ServiceFacts(latency_ms=latency)), taken)
        for index, latency in enumerate(latencies)
    ]


def test_latency_becomes_quarters() -> None:
    values = [made.values.get("latency") for made in understand(tools(*(100.0 * step for step in range(1, 13))))]
    assert values == ["fastest"] * 3 + ["fast"] * 3 + ["slow"] * 3 + ["slowest"] * 3


def test_a_value_that_most_share_is_in_the_middle() -> None:
    made = list(understand(tools(*[500.0] * 12)))
    assert {one.values.get("latency") for one in made} <= {"fast", "slow"}


def test_what_was_not_measured_has_no_value() -> None:
    assert next(understand(tools(None))).values.get("latency") is None


def test_the_evidence_stands_in_the_documentation() -> None:
    made = list(understand(tools(120.0, 480.0, about="Returns live weather of any city worldwide as JSON")))
    for one in made:
        assert one.attributes
        assert all(attribute.evidence in one.description for attribute in one.attributes)
    assert "Typical response 120 ms" in made[0].description


def test_words_about_freshness_reach_and_form_are_read() -> None:
    made = next(understand(tools(None, about="Returns live weather of any city worldwide as JSON")))
    assert (made.values.get("freshness"), made.values.get("reach"), made.values.get("form")) == (
        "live",
        "worldwide",
        "json",
    )


def test_price_inputs_and_options() -> None:
    raw = raw_tool(
        raw_parameter("city", about="Name of the city"),
        raw_parameter("units", required=False),
        raw_parameter("altitude", required=False),
        facts=ServiceFacts(pricing="freemium"),
    )
    made = next(understand([to_tool(raw, set())]))
    assert (made.values.get("pricing"), made.values.get("inputs"), made.values.get("options")) == (
        "freemium",
        "described",
        "few",
    )


def test_tools_with_attributes_pass_unchanged() -> None:
    known = tool(pricing="free")
    assert list(understand([known])) == [known]


@pytest.mark.parametrize("authentication", ["none", "key", "oauth"])
def test_what_a_caller_must_have_is_an_attribute_and_stands_in_the_documentation(authentication: str) -> None:
    made = next(understand([to_tool(raw_tool(facts=ServiceFacts(authentication=authentication)), set())]))
    assert made.values["authentication"] == authentication
    assert next(one.evidence for one in made.attributes if one.axis == "authentication") in made.description


@pytest.mark.parametrize("authentication", [None, "fingerprint"])
def test_an_authentication_that_is_not_known_is_no_attribute(authentication: str | None) -> None:
    made = next(understand([to_tool(raw_tool(facts=ServiceFacts(authentication=authentication)), set())]))
    assert "authentication" not in made.values
