"""Tests of the prompts of rows with listings, dates and offered tools."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hf_dataset.prompting import DOCS, MODES, messages_of
from hf_dataset.schema import HISTORY_TYPES, Instance
from petoolbench.inference.model_requests import Window, build_requests
from petoolbench.inference.tool_calling import function_tools, safe_names
from tests.factories import listed_row


def shown(row: Instance, **options: Any) -> dict[str, Any]:
    """Return the JSON object of the user message."""
    content: dict[str, Any] = json.loads(messages_of(row, **options)[1]["content"])
    return content


def test_a_step_shows_its_present_fields_in_a_fixed_order() -> None:
    first = {config: shown(listed_row(config))["history"][0] for config in HISTORY_TYPES}
    assert list(first["preferred_only"]) == ["instruction", "also_offered", "call"]
    assert list(first["rating_integrated"]) == ["instruction", "also_offered", "call", "rating"]
    assert list(first["chronological"]) == ["date", "instruction", "also_offered", "call"]
    assert first["chronological"]["date"] == "2026-11-10"
    assert first["chronological"]["also_offered"] == ["alfa__geocode", "charly__geocode"]
    assert first["chronological"]["call"] == {"name": "bravo__geocode", "arguments": {"city": "Bergen"}}
    row = listed_row("rating_integrated")
    bare = replace(row, history=[replace(step, offered=[]) for step in row.history])
    assert [list(step) for step in shown(bare)["history"]] == [["instruction", "call", "rating"]] * 4
    assert [step["rating"] for step in shown(bare)["history"]] == [1, 0, 1, 1]


@pytest.mark.parametrize("mode", MODES)
def test_today_precedes_the_instruction_of_dated_rows(mode: str) -> None:
    dated = shown(listed_row(), mode=mode)
    assert list(dated)[-2:] == ["today", "instruction"]
    assert dated["today"] == "2026-11-29"
    assert "today" not in shown(listed_row("preferred_only"), mode=mode)


def test_only_candidates_show_parameters_and_each_tool_is_documented_once() -> None:
    row = listed_row()
    full = shown(row)
    assert [tool["name"] for tool in full["history_tools"]] == ["alfa__geocode", "bravo__geocode", "charly__geocode"]
    assert [tool["name"] for tool in full["candidates"]] == [tool.name for tool in row.candidates]
    for tool in full["history_tools"]:
        assert list(tool) == ["name", "listing"]
    for tool, doc in zip(full["candidates"], row.candidates, strict=True):
        assert list(tool) == ["name", "provider", "description", "listing", "parameters"]
        assert tool["listing"] == doc.listing
        assert tool["parameters"] == json.loads(doc.parameters)


def test_an_empty_listing_is_left_out() -> None:
    row = listed_row()
    plain = replace(
        row,
        history_tools=[replace(tool, listing="") for tool in row.history_tools],
        candidates=[replace(tool, listing="") for tool in row.candidates],
    )
    assert not [tool for key in ("history_tools", "candidates") for tool in shown(plain)[key] if "listing" in tool]


def test_functions_state_the_listing_after_the_description() -> None:
    row = listed_row()
    names = safe_names([tool.name for tool in row.candidates])
    for tool, doc in zip(function_tools(row.candidates, names), row.candidates, strict=True):
        first, listing = tool["function"]["description"].split("\n", maxsplit=1)
        assert first == f"Provider: {doc.provider}. {doc.description}"
        assert listing == doc.listing
    plain = function_tools([replace(row.candidates[0], listing="")], names)
    assert "\n" not in plain[0]["function"]["description"]
    assert "candidates" not in shown(row, mode="tools")
    assert [tool["name"] for tool in shown(row, mode="tools")["history_tools"]] == [
        "alfa__geocode",
        "bravo__geocode",
        "charly__geocode",
    ]


@pytest.mark.parametrize("config", HISTORY_TYPES)
@pytest.mark.parametrize("mode", MODES)
def test_the_system_message_is_short_and_explains_every_key(config: str, mode: str) -> None:
    system = messages_of(listed_row(config), mode=mode)[0]["content"]  # type: ignore[arg-type]
    assert len(system) < 2300
    for word in (
        "`history`",
        "`also_offered`",
        "`history_tools`",
        "`today`",
        "`instruction`",
        "listing",
        "concerns",
        "data",
    ):
        assert word in system
    assert ("`candidates`" in system) == (mode == "prompt")
    assert ("`rating`" in system) == (config == "rating_integrated")
    assert ("`date`" in system) == (config == "chronological")
    for word in ("two concerns", "three concerns", "several concerns at most"):
        assert word not in system


def test_the_oldest_steps_are_dropped_with_the_tools_that_only_they_offered() -> None:
    row = listed_row()
    # The called tool of the last step is a candidate; the two others were only offered in it.
    row = replace(row, candidates=[tool for tool in row.candidates if tool.name == "foxtrot__forecast"])
    kept = [tool for tool in row.history_tools if tool.name in ("delta__forecast", "echo__forecast")]
    short = replace(row, history=row.history[3:], history_tools=kept)
    (least,) = build_requests([short], "full", "prompt", Window(None, 0))
    (request,) = build_requests([row], "full", "prompt", Window(least.tokens, 0, "drop-oldest"))
    assert request.dropped_steps == 3
    assert request.messages == least.messages
    assert [tool["name"] for tool in json.loads(request.messages[1]["content"])["history_tools"]] == [
        "delta__forecast",
        "echo__forecast",
    ]


def test_every_option_gives_two_messages_of_valid_json() -> None:
    for config in HISTORY_TYPES:
        for docs in DOCS:
            for mode in MODES:
                system, user = messages_of(listed_row(config), docs=docs, mode=mode)
                assert (system["role"], user["role"]) == ("system", "user")
                assert ("history_tools" in json.loads(user["content"])) == (docs == "full")
                assert "<" not in user["content"]
