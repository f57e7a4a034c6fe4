"""Tests of the table of dialects, and of what is read around and inside calls."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.answer_parts import REASONING, TOOL_RESPONSES, USER_TURNS
from metrics.petoolbench.dialects import DIALECTS, Dialect
from metrics.petoolbench.names import candidate_of
from metrics.petoolbench.parsing import parse, read
from metrics.petoolbench.records import ParseFailure, Reference, ToolCall
from performance.reply_writers import DIALECT_WRITERS, JSON_WRITERS

CANDIDATES: Final = ("get_weather", "get_tides")
SCHEMA: Final = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
WEATHER: Final = {"city": "Oslo", "days": 3}
REFERENCE: Final = Reference(
    "1",
    "q",
    [{"name": name} for name in CANDIDATES],
    json.dumps(SCHEMA),
    ToolCall("get_weather", WEATHER),
    CANDIDATES,
)
CALL: Final = JSON_WRITERS["plain"]("get_weather", WEATHER)
TIDES: Final = JSON_WRITERS["plain"]("get_tides", WEATHER)


@pytest.mark.parametrize(
    ("dialect", "case"),
    [
        pytest.param(dialect, case, id=f"{dialect.name}: {case[:30]!r}")
        for dialect in DIALECTS
        for case in dialect.cases
    ],
)
def test_the_cases_of_a_dialect_are_read(dialect: Dialect, case: str) -> None:
    reading = read(case, CANDIDATES)
    assert reading.dialect == dialect.name
    assert isinstance(reading.call, ToolCall)
    assert reading.call.name == "get_weather"
    if dialect.arguments == "none":
        assert reading.call.arguments == {}
    else:
        assert judge(case, REFERENCE).error_class == "correct"
        other = judge(case.replace("Oslo", "Rome"), REFERENCE)
        assert (other.error_class, other.reason) == ("parameter_value_mismatch", f"other_values ({dialect.name})")


def test_every_dialect_with_arguments_has_a_writer_and_a_source() -> None:
    assert {dialect.name for dialect in DIALECTS if dialect.arguments != "none"} == {*DIALECT_WRITERS}
    assert all(dialect.source and dialect.cases for dialect in DIALECTS)


VALUES: Final = {"city": 'São Paulo, "north" {x}', "days": -3, "at": {"lat": 1.5, "tags": ["a", "b"]}, "night": True}


@pytest.mark.parametrize("writer", [*DIALECT_WRITERS, *JSON_WRITERS])
def test_values_of_all_types_are_read(writer: str) -> None:
    schema = {
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "at": {"type": "object", "properties": {"tags": {"type": "array", "items": {"type": "string"}}}},
            "night": {"type": "boolean"},
        }
    }
    reference = REFERENCE._replace(parameters=json.dumps(schema), answer=ToolCall("get_weather", VALUES))
    text = {**DIALECT_WRITERS, **JSON_WRITERS}[writer]("get_weather", VALUES)
    assert judge(text, reference).error_class == "correct", text


@pytest.mark.parametrize(
    ("reply", "error_class", "reason"),
    [
        ("[TOOL_CALLS]made_up[ARGS]{}", "tool_hallucination", "unknown_tool (Mistral)"),
        ("[TOOL_CALLS]get_tides[ARGS]{}", "preference_mismatch", "tool_of_another_preference (Mistral)"),
        ("[TOOL_CALLS]get_weather[ARGS]{city", "invalid_format", "malformed_json (Mistral)"),
        ("get_weather(city='Oslo')", "parameter_name_mismatch", "missing_or_further_arguments (Python call)"),
        ("[get_weather(city='Oslo'), get_tides(city='Oslo')]", "invalid_format", "several_calls (Python call)"),
        (CALL, "correct", ""),
        ("<think>" + CALL, "invalid_format", "only_reasoning"),
    ],
)
def test_the_reason_names_the_dialect(reply: str, error_class: str, reason: str) -> None:
    verdict = judge(reply, REFERENCE)
    assert (verdict.error_class, verdict.reason) == (error_class, reason)


@pytest.mark.parametrize(
    "reply",
    [
        f"<think>{TIDES}</think>{CALL}",
        f"<think>\n{TIDES}\n</think>\n\n<tool_call>\n{CALL}\n</tool_call>",
        f"[THINK]{TIDES}[/THINK]{CALL}",
        f"{TIDES}</think>{CALL}",
        f"<|channel|>analysis<|message|>{TIDES}<|end|><|start|>assistant<|channel|>final<|message|>{CALL}",
        f"analysis{TIDES} it is.assistantfinal{CALL}",
        f"{CALL}\n<think>{TIDES}</think>",
        f"{CALL}\n<tool_response>\n{TIDES}\n</tool_response>\nDone.",
        f"{CALL}\n<tool_response>\n{TIDES}",
        f"{CALL}<|im_end|>\n<|im_start|>user\nAnd tides?<|im_end|>\n<|im_start|>assistant\n{TIDES}",
        f"{CALL}\nUser: And tides?\nAssistant: {TIDES}",
        f"{CALL}\n\nI did not take {TIDES} because of its price.",
        f"Either {TIDES} or this:\n{CALL}",
        f'{CALL}\nIt returns {{"name": "Oslo", "arguments": {{"degrees": 4}}}}.',
        f'{CALL}\n{{"name": "get_tides", "description": "d", "parameters": {{"properties": {{"city": {{}}}}}}}}',
        f'{CALL}\nResult:\n{{"name": "Oslo", "input": 4}}',
    ],
)
def test_what_stands_around_a_call_does_not_replace_it(reply: str) -> None:
    assert parse(reply, CANDIDATES) == ToolCall("get_weather", WEATHER)


@pytest.mark.parametrize("mark", ["<think>", "</think>", "<tool_response>", "[THINK]", "<|im_start|>user"])
def test_a_mark_within_a_value_is_text(mark: str) -> None:
    call = ToolCall("get_weather", {"city": f"the {mark} mark"})
    for writer in ("plain", "tags", "fence", "message"):
        assert parse(JSON_WRITERS[writer](*call), CANDIDATES) == call
    assert parse(f"About `{mark}`: {CALL}", CANDIDATES) == ToolCall("get_weather", WEATHER)


@pytest.mark.parametrize(
    "after", ["", "\n```", "\n</tool_call>", "<|im_end|>", "<|tool_call_end|>\nDone.", "\n\nThis asks {it}."]
)
@pytest.mark.parametrize("before", ["", "```json\n", "<tool_call>\n", "Here: "])
def test_a_missing_last_brace_counts_whatever_follows(before: str, after: str) -> None:
    for writer in ("plain", "message", "Python object"):
        text = JSON_WRITERS[writer]("get_weather", WEATHER)[:-1]
        assert parse(before + text + after, CANDIDATES) == ToolCall("get_weather", WEATHER), text
        assert isinstance(parse(before + text[: text.index("Oslo")] + after, CANDIDATES), ParseFailure)


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("functions.a", ["a", "b"], "a"),
        ("functions.a:0", ["a", "b"], "a"),
        ("a<|channel|>commentary", ["a", "b"], "a"),
        (" `a\\_b` ", ["a_b", "b"], "a_b"),
        ("functions.a", ["functions.a", "a"], "functions.a"),
        ("functions.functions.a", ["functions.a", "a"], "functions.a"),
        ("functions.a:0", ["functions.a", "a"], None),
        ("a:0", ["a", "a:0"], "a:0"),
        ("other", ["a"], None),
        ("A", ["a"], None),
        ("functions.", ["a"], None),
        ("a" * 1000, ["a"], None),
    ],
)
def test_a_name_is_brought_to_the_only_candidate_that_fits(
    name: str, candidates: list[str], expected: str | None
) -> None:
    assert candidate_of(name, candidates) == expected


def test_without_candidates_an_object_with_a_name_is_a_call() -> None:
    assert parse('{"name": "Ada", "city": "Oslo"}') == ToolCall("Ada", {})
    assert parse('{"name": "Ada", "city": "Oslo"}', CANDIDATES) == ParseFailure("no_tool_name")
    assert parse('{"name": "Ada"}', CANDIDATES) == ParseFailure("no_tool_name")
    assert parse('{"name": "get_tides"}', CANDIDATES) == ToolCall("get_tides", {})
    assert parse('{"name": "Ada", "arguments": {}}', CANDIDATES) == ToolCall("Ada", {})


def test_strict_scoring_keeps_names_and_values_exact() -> None:
    for text in (CALL.replace("get_weather", "functions.get_weather"), CALL.replace("get_weather", "get_weather ")):
        assert judge(text, REFERENCE).error_class == "correct"
        assert judge(text, REFERENCE, "strict").error_class == "tool_hallucination"
    null = JSON_WRITERS["plain"]("get_weather", {**WEATHER, "units": None})
    schema = {"properties": {**SCHEMA["properties"], "units": {"type": "string"}}}  # type: ignore[dict-item]
    reference = REFERENCE._replace(parameters=json.dumps(schema))
    assert judge(null, reference).error_class == "correct"
    assert judge(null, reference, "strict").error_class == "parameter_name_mismatch"


MARKS: Final = st.sampled_from(
    [
        *(
            "<think>",
            "</think>",
            "<tool_call>",
            "</tool_call>",
            "[TOOL_CALLS]",
            "[ARGS]",
            "<function=",
            "<parameter=a>",
        ),
        *(
            "<arg_key>",
            "</arg_key>",
            "<arg_value>",
            '<|"|>',
            "call:",
            "to=functions.",
            "get_weather",
            "(",
            ")",
            "a=",
            "{{",
        ),
        *(
            '{"name": "get_weather"',
            ', "arguments": ',
            "{",
            "}",
            "[",
            "]",
            '"',
            "'",
            "\n",
            "```",
            "｜",
            "<|im_start|>user",
        ),
    ]
)


@given(st.lists(MARKS, max_size=25).map("".join))
def test_judging_marks_of_dialects_never_raises(text: str) -> None:
    for candidates in (None, CANDIDATES):
        assert isinstance(parse(text, candidates), ToolCall | ParseFailure)
    judge(text, REFERENCE)


SCHEMAS: Final = st.recursive(
    st.sampled_from(
        [{}, True, 3, {"type": 3}, {"type": "integer"}, {"type": ["array", 1]}, {"$ref": "#"}, {"$ref": "#/properties/a"},
         {"$ref": "#/anyOf/0"}, {"enum": [1, [2], {}]}, {"const": {}}, {"nullable": True}, {"required": "a"},
         {"properties": []}, {"items": 1}, {"format": ["date"]}, {"default": {}}, {"type": "object"}]
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "anyOf": st.lists(inner, max_size=2),
            "allOf": st.lists(inner, max_size=2),
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "items": inner,
        },
    ),
    max_leaves=8,
)  # fmt: skip
ARGUMENTS: Final = st.dictionaries(
    st.sampled_from("ab"), st.sampled_from([None, "null", "1", 1, "[1]", '{"a": null}', {"a": "1"}, [1, None], True])
)


@given(ARGUMENTS, ARGUMENTS, SCHEMAS)
def test_matching_is_total_and_symmetric_under_any_schema(one: Any, other: Any, schema: Any) -> None:
    texts = [json.dumps({"name": "get_weather", "arguments": arguments}) for arguments in (one, other)]
    parameters = json.dumps(schema if isinstance(schema, dict) else {"properties": {"a": schema}})
    classes = [
        judge(text, REFERENCE._replace(parameters=parameters, answer=ToolCall("get_weather", arguments))).error_class
        for text, arguments in ((texts[0], other), (texts[1], one))
    ]
    assert classes[0] == classes[1]
    same = REFERENCE._replace(parameters=parameters, answer=ToolCall("get_weather", one))
    assert judge(texts[0], same).error_class == "correct"


def test_all_blocks_have_a_source() -> None:
    assert all(block.source for block in (*REASONING, *TOOL_RESPONSES, *USER_TURNS))
