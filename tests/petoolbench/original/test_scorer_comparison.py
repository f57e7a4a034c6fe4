"""Comparison of our scorer with the released one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from metrics.petoolbench.records import Reference, ToolCall
from petoolbench.original.scorer_comparison import compare_scorers, cross_tabulate

WEATHER = '{"tool_name": "W", "parameters": {"city": "Oslo", "days": 3}}'
REFERENCE = Reference(
    "i",
    "q",
    [{"name": "W"}, {"name": "V"}],
    json.dumps(
        {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "where": {"type": "object"},
                "fast": {"type": "boolean", "default": False},
                "l": {"type": "string"},
            },
        }
    ),
    ToolCall("W", {"city": "Oslo", "days": 3}),
    ["W", "V"],
)
NESTED = REFERENCE._replace(answer=ToolCall("W", {"where": {"city": "Oslo"}}))
BRACES = REFERENCE._replace(answer=ToolCall("W", {"city": "a}}b"}))
NO_ARGUMENTS = REFERENCE._replace(answer=ToolCall("W", {}))
ONE = REFERENCE._replace(answer=ToolCall("W", {"days": 1}))
LIGATURE = REFERENCE._replace(answer=ToolCall("W", {"l": "ﬁ"}))

CASES: list[tuple[Reference, str | None, str, str, str | None]] = [
    (REFERENCE, WEATHER, "correct", "tool and arguments", None),
    (REFERENCE, None, "invalid_format", "no reply", None),
    (REFERENCE, "no idea", "invalid_format", "not read", None),
    (REFERENCE, '{"tool_name": "V", "parameters": {"city": "Oslo", "days": 3}}', "preference_mismatch", "arguments only", "counts arguments of a wrong tool"),
    (REFERENCE, '{"tool_name": "made up", "parameters": {"city": "Oslo", "days": 3}}', "tool_hallucination", "arguments only", "counts arguments of a wrong tool"),
    (REFERENCE, '{"tool_name": "W ", "parameters": {"city": "Oslo", "days": 3}}', "correct", "arguments only", "white space around the tool's name"),
    (REFERENCE, '{"tool_name": "W", "parameters": {"city": "oslo", "days": "3"}}', "correct", "tool only", "equivalent arguments are written differently"),
    (REFERENCE, '{"tool_name": "W", "parameters": {"city": "Oslo", "days": 3, "fast": false}}', "correct", "tool only", "written differently"),
    (ONE, '{"tool_name": "W", "parameters": {"days": true}}', "parameter_value_mismatch", "tool and arguments", "such as true and 1"),
    (REFERENCE, '{"name": "W", "arguments": {"city": "Oslo", "days": 3}}', "correct", "not read", "the keys are not tool_name and parameters"),
    (REFERENCE, "{'tool_name': 'W', 'parameters': {'city': 'Oslo', 'days': 3}}", "correct", "not read", "single quotes"),
    (REFERENCE, '{"parameters": {"city": "Oslo", "days": 3}, "tool_name": "W"}', "correct", "not read", "the keys are in reverse order"),
    (REFERENCE, '{"tool_name": "W", "parameters": "{\\"city\\": \\"Oslo\\", \\"days\\": 3}"}', "correct", "not read", "the arguments are a JSON string"),
    (REFERENCE, '{"tool_name": "W", "parameters": {"city": "Oslo", "days": 3}, "why": "x"}', "correct", "not read", "there is another key after the two"),
    (REFERENCE, '{"tool_name": "W", "why": 3, "parameters": {"city": "Oslo", "days": 3}}', "correct", "not read", "there is another key between the two"),
    (REFERENCE, '{"tool_name": "W", "parameters": {"city": "Oslo", "days": 3} }', "correct", "not read", "white space between the closing braces"),
    (REFERENCE, '{"tool_name" : "W", "parameters": {"city": "Oslo", "days": 3}}', "correct", "not read", "white space before a colon"),
    (REFERENCE, json.dumps(json.loads(WEATHER), indent=2), "correct", "not read", "the call spans several lines"),
    (REFERENCE, WEATHER[:-1], "correct", "not read", "no brace closes the call on its line"),
    (NO_ARGUMENTS, '{"tool_name": "W", "parameters": null}', "correct", "not read", "the parameters are not an object"),
    (NO_ARGUMENTS, '{"tool_name": "W"}', "correct", "not read", "there is no key parameters"),
    (NESTED, '{"tool_name": "W", "parameters": {"where": {"city": "Oslo"}}}', "correct", "not read", "ends at the first }}, within the arguments"),
    (BRACES, '{"tool_name": "W", "parameters": {"city": "a}}b"}}', "correct", "not read", "ends at the first }}"),
    (REFERENCE, f"In {{short}}: {WEATHER}", "correct", "not read", "begins at the first { of the line, before the call"),
    (REFERENCE, f'{{"call": {WEATHER} }}', "correct", "not read", "begins at the first { of the line"),
    (REFERENCE, f'{WEATHER}\n{{"tool_name": "V", "parameters": {{}}}}', "preference_mismatch", "tool and arguments", "several calls"),
    (REFERENCE, '{"tool_name": "V", "tool_name": "W", "parameters": {"city": "Oslo", "days": 3}}', "invalid_format", "tool and arguments", "ours rejects the reply"),
    (LIGATURE, '{"tool_name": "W", "parameters": {"l": "ﬁ"}}', "correct", "tool only", "applies NFKC to the reply"),
]  # fmt: skip


@pytest.mark.parametrize(("reference", "reply", "ours", "released", "kind"), CASES)
def test_every_difference_is_explained(
    reference: Reference, reply: str | None, ours: str, released: str, kind: str | None
) -> None:
    (judged,) = compare_scorers({} if reply is None else {"i": reply}, [reference])
    assert (judged.ours.error_class, judged.released_class) == (ours, released)
    if kind is None:
        assert judged.difference is None
    else:
        assert judged.difference is not None
        assert kind in judged.difference.kind
    assert cross_tabulate([judged]) == {(ours, released): 1}


def test_a_call_inside_another_object_is_not_read_by_the_released_scorer() -> None:
    reply = '{"call": {"tool_name": "W", "parameters": {"city": "Oslo", "days": 3} }}'
    (judged,) = compare_scorers({"i": reply}, [REFERENCE])
    assert judged.difference is not None
    assert "which the released scorer does not read" in judged.difference.kind


@pytest.mark.parametrize(
    ("arguments", "detail"),
    [
        ({"city": "oslo", "days": "3"}, '\'city\' is "oslo", expected "Oslo"; \'days\' is "3", expected 3'),
        ({"city": "Oslo", "days": 3, "fast": False}, "'fast' is false, expected to be missing"),
    ],
)
def test_an_explanation_names_the_arguments(arguments: dict[str, Any], detail: str) -> None:
    (judged,) = compare_scorers({"i": json.dumps({"tool_name": "W", "parameters": arguments})}, [REFERENCE])
    assert judged.difference is not None
    assert judged.difference.detail == detail


def test_long_explanations_are_cut() -> None:
    answer = {letter: f"{letter}{'x' * 90}" for letter in "abcde"}
    reference = REFERENCE._replace(answer=ToolCall("W", answer))
    reply = json.dumps({"tool_name": "W", "parameters": {key: value.upper() for key, value in answer.items()}})
    (judged,) = compare_scorers({"i": reply}, [reference])
    assert judged.difference is not None
    assert judged.difference.detail.endswith("; and 2 more")
    assert "x..." in judged.difference.detail
