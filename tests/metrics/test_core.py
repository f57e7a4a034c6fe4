"""Parsing, matching and aggregation; the cases are data."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.petoolbench import parsing
from metrics.petoolbench.aggregation import Scores, aggregate, by_instance_id, judge, judge_all, macro
from metrics.petoolbench.errors import PredictionsError, ReferencesError
from metrics.petoolbench.matching import compare_arguments, identical
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ERROR_CLASSES, ParseFailure, Reference, ToolCall, reference_from_row

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
    found = compare_arguments(case["predicted"], case["expected"], schema)
    assert (found == "same") is case["match"]
    assert (compare_arguments(case["expected"], case["predicted"], schema) == "same") is case["match"]
    if "differs" in case:
        assert found == case["differs"]
    if "strict" in case:
        assert (compare_arguments(case["predicted"], case["expected"], schema, "strict") == "same") is case["strict"]


def tools(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize("case", cases("verdicts.json"))
def test_judging(case: dict[str, Any]) -> None:
    asked = Reference(
        "1",
        "q",
        tools(*case["candidates"]),
        json.dumps({"type": "object", "properties": case["schema"]}),
        ToolCall(**case["expected"]),
        frozenset(case["same_function"]),
    )
    verdict = judge(case["reply"], asked)
    kind = case["error_class"]
    assert verdict.error_class == kind
    assert verdict.format_valid is (kind != "invalid_format")
    assert verdict.tool_correct is (kind in ("correct", "parameter_name_mismatch", "parameter_value_mismatch"))
    assert verdict.parameters_correct is (kind == "correct")
    assert verdict.reason == case.get("reason", verdict.reason)


HOSTILE = st.text(alphabet="{}[]\"'\\\\,: \n`<1eTrNu\ud800\ufeff") | st.lists(
    st.sampled_from(
        [
            '{"name": "a"',
            ', "arguments": ',
            '{"',
            '"}',
            "{'",
            "'}",
            '\\"',
            "\\'",
            "\\u",
            "[",
            "]",
            "}",
            "{",
            "None",
            ",}",
            "\n",
        ]
    ),
    max_size=30,
).map("".join)


@given(st.text(alphabet=st.characters()) | HOSTILE)
def test_parsing_never_raises(text: str) -> None:
    for reply in (text, json.dumps({"name": "a", "arguments": text}), json.dumps({"tool_calls": text})):
        assert isinstance(parse(reply), ToolCall | ParseFailure)


NEARLY_CALLS = st.lists(
    st.sampled_from(
        ['{"name": "a", ', '"name": "b", ', '"arguments": ', '{"x": 1', '{"x:y": "a:b"', ', "x": 2', ', "y": "\\u003a"', ', "y": [{"z": 1}]', ', "y": 1e999', ', "y": "\\ud800"', ', "y": "ø"', "}", "}}", "[", "]", "so: ", "\n", '{"tool_name": "c", "parameters": {"x": ":"}}'],
    ),
    max_size=9,
).map("".join)  # fmt: skip


@given(NEARLY_CALLS | HOSTILE)
def test_the_short_way_to_a_call_leads_where_the_long_one_does(text: str) -> None:
    found = parse(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "_only_call", lambda _: None)
        assert parse(text) == found


def plain(name: str, arguments: dict[str, Any]) -> str:
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def interface(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


STYLES: dict[str, Callable[[str, dict[str, Any]], str]] = {
    "plain": plain,
    "paper": lambda name, arguments: json.dumps({"tool_name": name, "parameters": arguments}),
    "indented": lambda name, arguments: json.dumps({"arguments": arguments, "name": name}, indent=2),
    "arguments as text": lambda name, arguments: json.dumps({"name": name, "arguments": json.dumps(arguments)}),
    "message": lambda name, arguments: json.dumps({"content": None, "tool_calls": [interface(name, arguments)]}),
    "function_call": lambda name, arguments: json.dumps({"function_call": {"name": name, "arguments": arguments}}),
    "tool_use": lambda name, arguments: json.dumps({"type": "tool_use", "id": "1", "name": name, "input": arguments}),
    "functionCall": lambda name, arguments: json.dumps({"functionCall": {"name": name, "args": arguments}}),
    "tags": lambda name, arguments: f"<tool_call>\n{plain(name, arguments)}\n</tool_call>",
    "fenced": lambda name, arguments: f"```json\n{plain(name, arguments)}\n```",
    "Python": lambda name, arguments: repr({"name": name, "arguments": arguments}),
    "Python fenced": lambda name, arguments: f"```python\n{ ({'tool_name': name, 'parameters': arguments})!r}\n```",
    "prose around": lambda name, arguments: (
        f"It's the user's \"choice\" {{so :] far:\n{plain(name, arguments)} As in [1], isn't it?"
    ),
    "draft before": lambda name, arguments: f"{plain('draft', {})} no, {plain(name, arguments)}",
    "a cut draft before": lambda name, arguments: f'{{"name": "b", "arguments": {{"x": [1,\n{plain(name, arguments)}',
    "last brace missing": lambda name, arguments: plain(name, arguments)[:-1],
    "list of one": lambda name, arguments: f"[{plain(name, arguments)}]",
    "wrapper": lambda name, arguments: json.dumps({"answer": {"name": name, "arguments": arguments}}),
}


@pytest.mark.parametrize("style", STYLES)
@given(name=st.text(), arguments=st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_a_call_written_down_is_read_back(style: str, name: str, arguments: dict[str, Any]) -> None:
    assert parse(STYLES[style](name, arguments)) == ToolCall(name, arguments)


SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(
                ["string", "integer", "number", "boolean", ["integer", "null"], ["string", "null"]]
            ),
            "format": st.sampled_from(["date", "time", "date-time"]),
            "default": JSON_VALUES,
        },
    ),
    lambda inner: (
        st.fixed_dictionaries({"type": st.just("array"), "items": inner, "uniqueItems": st.booleans()})
        | st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("ab"), inner)}
        )
    ),
    max_leaves=4,
)
ARGUMENTS = st.dictionaries(st.sampled_from("ab"), JSON_VALUES | st.sampled_from(["1", 1, 1.0, True, "2026-05-01"]))


@given(ARGUMENTS, ARGUMENTS, st.dictionaries(st.sampled_from("ab"), SCHEMAS))
def test_matching_is_symmetric(one: dict[str, Any], other: dict[str, Any], properties: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": properties}
    assert compare_arguments(one, other, schema) == compare_arguments(other, one, schema)
    assert compare_arguments(one, other, schema, "strict") == compare_arguments(other, one, schema, "strict")


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4), st.sampled_from(["string", "number", "boolean", "array"]))
def test_judging_never_raises(arguments: dict[str, Any], kind: str) -> None:
    schema = {"type": "object", "properties": {name: {"type": kind} for name in arguments}}
    asked = Reference("1", "q", tools("right"), json.dumps(schema), ToolCall("right", {"city": "Oslo"}))
    assert judge(json.dumps({"name": "right", "arguments": arguments}), asked).tool_correct


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_matching_is_reflexive(arguments: dict[str, Any]) -> None:
    assert compare_arguments(arguments, arguments, {"type": "object", "properties": {}}) == "same"
    assert compare_arguments(arguments, json.loads(json.dumps(arguments)), {}, "strict") == "same"
    assert identical(arguments, arguments)


HOSTILE_TEXTS = {
    "200 unclosed calls": '{"tool_name": "x", "parameters": {"a": ' * 200,
    "unclosed calls": '{"tool_name": "x", "parameters": {' * 50_000,
    "unclosed names": '{"name": "' * 200,
    "apostrophes": "'" * 1_000_000,
    "quotes": '{"' * 500_000,
    "open brackets": "[" * 1_000_000,
    "open braces": "{" * 1_000_000,
    "open objects": '{"a":' * 300_000,
    "nested objects": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "empty objects": "{}" * 100_000,
    "escaped quotes in an open string": '{"' + '\\"' * 500_000 + "\n}",
    "escaped apostrophes in an open string": "{'" + "\\'" * 500_000 + "\n}",
    "the same in arguments as text": json.dumps({"name": "a", "arguments": '{"' + '\\"' * 250_000}),
    "lines with open strings": '{"a\n' * 200_000 + "}" * 200_000,
    "white space": "{" + " " * 900_000 + "'" + " " * 900_000 + "}",
}


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_text_is_refused_in_bounded_time(name: str) -> None:
    start = time.process_time()
    assert isinstance(parse(HOSTILE_TEXTS[name]), ParseFailure)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("value", ["1" * 1_000_000 + "x", "1" * 1_000_000, "." * 1_000_000, " " * 1_000_000 + "x"])
def test_hostile_values_are_compared_in_bounded_time(value: str) -> None:
    start = time.process_time()
    assert compare_arguments({"x": value}, {"x": 1}, {"properties": {"x": {"type": "number"}}}) == "values"
    assert time.process_time() - start < 5


def reference(name: str = "1", group: str = "q") -> Reference:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return Reference(
        name,
        group,
        tools("right", "other", "wrong"),
        json.dumps(schema),
        ToolCall("right", {"city": "Oslo"}),
        frozenset({"right", "other"}),
    )


def scored(replies: dict[str, str], references: list[Reference], resamples: int = 1000) -> Scores:
    verdicts = judge_all(replies, references)
    return aggregate(verdicts, [one.query_group for one in references], resamples=resamples)


CALL = '{"name": "right", "arguments": {"city": "Oslo"}}'


@pytest.mark.parametrize(
    ("reply", "verdict", "error_class"),
    [
        (CALL, (True, True, True), "correct"),
        ('{"name": "right ", "arguments": {"city": "oslo"}}', (True, True, True), "correct"),
        ('{"name": "right", "arguments": {"city": "Rome"}}', (True, True, False), "parameter_value_mismatch"),
        ('{"name": "right", "arguments": {"town": "Oslo"}}', (True, True, False), "parameter_name_mismatch"),
        ('{"name": "right", "arguments": {}}', (True, True, False), "parameter_name_mismatch"),
        ('{"name": "other", "arguments": {"city": "Oslo"}}', (True, False, False), "preference_mismatch"),
        ('{"name": "wrong", "arguments": {"city": "Oslo"}}', (True, False, False), "functionality_mismatch"),
        ('{"name": "made_up", "arguments": {"city": "Oslo"}}', (True, False, False), "tool_hallucination"),
        ("no idea", (False, False, False), "invalid_format"),
        (None, (False, False, False), "invalid_format"),
    ],
)
def test_verdicts(reply: str | None, verdict: tuple[bool, bool, bool], error_class: str) -> None:
    made = judge(reply, reference())
    assert (made.format_valid, made.tool_correct, made.parameters_correct) == verdict
    assert made.error_class == error_class
    assert (made.reason == "") is (error_class == "correct")


def test_strictly_only_the_same_json_is_right() -> None:
    assert judge(CALL, reference(), "strict").error_class == "correct"
    assert judge(CALL.replace("Oslo", "oslo"), reference(), "strict").error_class == "parameter_value_mismatch"
    assert judge(CALL.replace("right", "right "), reference(), "strict").error_class == "tool_hallucination"
    assert judge(CALL.replace("city", "town"), reference(), "strict").error_class == "parameter_name_mismatch"


def test_without_knowing_who_does_the_job_another_candidate_is_another_preference() -> None:
    unknown = reference()._replace(same_function=None)
    assert judge(CALL.replace("right", "wrong"), unknown).error_class == "preference_mismatch"


def test_alternatives_are_as_right_as_the_answer() -> None:
    asked = reference()._replace(alternatives=({"city": "Kristiania"},))
    assert judge(CALL.replace("Oslo", "kristiania"), asked).error_class == "correct"
    assert judge(CALL.replace("Oslo", "Bergen"), asked).error_class == "parameter_value_mismatch"


def test_missing_predictions_are_wrong_ones() -> None:
    references = [reference(name, name) for name in "1234"]
    replies = {"1": CALL, "2": "{}", "3": CALL.replace("right", "made_up")}
    scores = scored(replies, references)
    assert {name: scores[name] for name in ("tool_accuracy", "parameter_accuracy", "call_accuracy", "format_rate", "hallucination_rate", "count", "query_groups")} == {
        "tool_accuracy": 0.25,
        "parameter_accuracy": 0.25,
        "call_accuracy": 0.25,
        "format_rate": 0.5,
        "hallucination_rate": 0.25,
        "count": 4,
        "query_groups": 4,
    }  # fmt: skip
    assert scores["parameter_accuracy_given_tool"] == 1.0
    assert scores["error_classes"]["invalid_format"] == 0.5
    assert sum(scores["error_classes"].values()) == 1
    assert list(scores["error_classes"]) == list(ERROR_CLASSES)
    assert all(low <= scores[name] <= high for name, (low, high) in scores["intervals"].items())  # type: ignore[literal-required]


def test_where_no_tool_is_right_nothing_is_said_of_its_arguments() -> None:
    scores = scored({}, [reference()])
    assert scores["parameter_accuracy_given_tool"] is None
    assert scores["intervals"]["tool_accuracy"] == [0.0, 0.0]


def test_the_macro_mean_counts_each_config_the_same() -> None:
    many, one = [reference(str(index)) for index in range(9)], [reference("x")]
    scores = {
        "a": scored({str(index): CALL for index in range(9)}, many),
        "b": scored({}, one),
    }
    assert macro(scores)["tool_accuracy"] == 0.5


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.randoms())
def test_the_score_does_not_depend_on_order_and_a_wrong_answer_never_raises_it(right: list[bool], order: Any) -> None:
    references = [reference(str(index), str(index // 3)) for index in range(len(right) + 1)]
    replies = {str(index): CALL if is_right else "?" for index, is_right in enumerate(right)}
    whole = scored(replies, references, resamples=50)
    shuffled = list(references)
    order.shuffle(shuffled)
    assert scored(replies, shuffled, resamples=50) == whole
    less = {name: reply for name, reply in replies.items() if reply == CALL}
    assert scored(less, references, resamples=50)["tool_accuracy"] == whole["tool_accuracy"]


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
        ({"answer": {"name": "right", "arguments": "[1]"}}, "arguments are an object, not a list"),
        ({"answer": {"name": "right", "arguments": '{"x": ' + "[" * 500 + "]" * 500 + "}"}}, "nested deeper than 64"),
        ({"answer": {"name": "right", "arguments": '{"x": ' + "[" * 99999}}, "malformed JSON"),
        ({"query_group": ["q"]}, "are no text"),
        ({"candidates": ["right"]}, "are not tools with name and parameters"),
    ],
)
def test_references_that_cannot_be_scored_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ReferencesError, match=message):
        reference_from_row(ROW | changes)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": ["city"]},
        {"properties": "city"},
        {"properties": {"city": {"properties": 3}}},
        {"properties": {"city": {"type": {"a": 1}}}},
        {"properties": {"city": {"type": [["string"], "integer"]}}},
        {"properties": {"city": True}},
    ],
)
def test_a_schema_that_is_none_decides_nothing(schema: dict[str, Any]) -> None:
    for city in ("Oslo", {"name": "Oslo"}, ["Oslo"], 3):
        assert compare_arguments({"city": city}, {"city": city}, schema) == "same"
        assert compare_arguments({"city": city}, {"city": "Rome"}, schema) != "same"


def test_parameters_that_are_no_object_are_named_where_they_matter() -> None:
    asked = reference()._replace(parameters="[]")
    assert judge(CALL, asked).error_class == "correct"
    with pytest.raises(ReferencesError, match=r"parameters of 'right' in row '1' are no JSON object"):
        judge(CALL.replace("Oslo", "Rome"), asked)


def test_a_reference_without_a_column_is_named() -> None:
    with pytest.raises(ReferencesError, match="candidates"):
        reference_from_row({key: value for key, value in ROW.items() if key != "candidates"})
