"""Parsing, matching and aggregation; the cases are data."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.petoolbench.aggregation import aggregate, by_instance_id, judge, judge_all
from metrics.petoolbench.errors import PredictionsError, ReferencesError
from metrics.petoolbench.matching import arguments_match
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ParseFailure, Reference, ToolCall, reference_from_row

CASES = Path(__file__).parent / "cases"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in json.loads((CASES / name).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("case", cases("parsing.json"))
def test_parsing(case: dict[str, Any]) -> None:
    expected = ToolCall(*case["call"]) if "call" in case else ParseFailure(case["failure"])
    assert parse(case["text"]) == expected


@pytest.mark.parametrize("case", cases("matching.json"))
def test_matching(case: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": case["schema"]}
    assert arguments_match(case["predicted"], case["expected"], schema) is case["match"]
    assert arguments_match(case["expected"], case["predicted"], schema) is case["match"]


@given(st.text())
def test_parsing_never_raises(text: str) -> None:
    assert isinstance(parse(text), ToolCall | ParseFailure)


@given(st.text(min_size=1), st.dictionaries(st.text(), JSON_VALUES, max_size=4), st.text(alphabet="abc .\n"))
def test_a_call_written_down_is_read_back(name: str, arguments: dict[str, Any], prose: str) -> None:
    text = json.dumps({"name": name, "arguments": arguments})
    assert parse(f"{prose}{text}{prose}") == ToolCall(name, arguments)


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4), st.sampled_from(["string", "number", "boolean", "array"]))
def test_judging_never_raises(arguments: dict[str, Any], kind: str) -> None:
    schema = {"type": "object", "properties": {name: {"type": kind} for name in arguments}}
    asked = Reference("1", "q", {"right": schema}, ToolCall("right", {"city": "Oslo"}))
    assert judge(json.dumps({"name": "right", "arguments": arguments}), asked).tool_correct


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_matching_is_reflexive(arguments: dict[str, Any]) -> None:
    assert arguments_match(arguments, arguments, {"type": "object", "properties": {}})


@pytest.mark.parametrize(
    "text", ["{" * 200_000, '{"a":' * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000, '{"name": "' * 200]
)
def test_hostile_text_is_refused_in_bounded_time(text: str) -> None:
    start = time.monotonic()
    assert isinstance(parse(text), ParseFailure)
    assert time.monotonic() - start < 5


def reference(name: str = "1") -> Reference:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return Reference(name, "q", {"right": schema, "wrong": schema}, ToolCall("right", {"city": "Oslo"}))


@pytest.mark.parametrize(
    ("reply", "verdict", "reason"),
    [
        ('{"name": "right", "arguments": {"city": "Oslo"}}', (True, True, True), ""),
        ('{"name": "right ", "arguments": {"city": "oslo"}}', (True, True, True), ""),
        ('{"name": "right", "arguments": {"city": "Rome"}}', (True, True, False), "wrong_arguments"),
        ('{"name": "wrong", "arguments": {"city": "Oslo"}}', (True, False, False), "wrong_tool"),
        ('{"name": "made_up", "arguments": {"city": "Oslo"}}', (True, False, False), "unknown_tool"),
        ("no idea", (False, False, False), "no_json_object"),
        (None, (False, False, False), "missing"),
    ],
)
def test_verdicts(reply: str | None, verdict: tuple[bool, bool, bool], reason: str) -> None:
    made = judge(reply, reference())
    assert (made.format_valid, made.tool_correct, made.parameters_correct) == verdict
    assert made.reason == reason


def test_missing_predictions_are_wrong_ones() -> None:
    references = [reference("1"), reference("2"), reference("3"), reference("4")]
    reply = '{"name": "right", "arguments": {"city": "Oslo"}}'
    scores = aggregate(judge_all({"1": reply, "2": "{}"}, references))
    assert scores == {
        "tool_accuracy": 0.25,
        "parameter_accuracy": 0.25,
        "call_accuracy": 0.25,
        "format_rate": 0.25,
        "count": 4,
    }


def test_unknown_ids_duplicate_ids_and_nothing_at_all_are_refused() -> None:
    with pytest.raises(PredictionsError, match=r"1 predictions have an instance_id .* '9'"):
        judge_all({"9": ""}, [reference()])
    with pytest.raises(PredictionsError, match="more than once: '1'"):
        by_instance_id([("1", ""), ("1", "")])
    with pytest.raises(PredictionsError, match="nothing to score"):
        judge_all({}, [])


def test_a_long_list_of_offenders_is_cut() -> None:
    with pytest.raises(PredictionsError, match=r"'x4' and 5 more"):
        judge_all({f"x{index}": "" for index in range(10)}, [reference()])


ROW: dict[str, Any] = {
    "instance_id": "1",
    "query_group": "q",
    "candidates": [{"name": "right", "parameters": "{}"}],
    "answer": {"name": "right", "arguments": "{}"},
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer": None}, "answers of the test split are private"),
        ({"answer": {"name": None, "arguments": None}}, "answers of the test split are private"),
        ({"answer": {"name": "right", "arguments": "{"}}, "malformed JSON"),
        ({"answer": {"name": "right", "arguments": None}}, "malformed JSON"),
        ({"answer": {"name": "other", "arguments": "{}"}}, "none of its candidates"),
    ],
)
def test_references_that_cannot_be_scored_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ReferencesError, match=message):
        reference_from_row(ROW | changes)


def test_a_reference_without_a_column_is_named() -> None:
    with pytest.raises(ReferencesError, match="candidates"):
        reference_from_row({key: value for key, value in ROW.items() if key != "candidates"})
