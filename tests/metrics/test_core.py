"""Tests of matching, judging and aggregation. Many cases are in `cases/`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.petoolbench.aggregation import (
    SCORERS,
    ScorerName,
    Scores,
    aggregate,
    by_instance_id,
    judge,
    judge_all,
    judge_rows,
    macro,
)
from metrics.petoolbench.errors import PredictionsError, ReferencesError
from metrics.petoolbench.matching import compare_arguments, identical
from metrics.petoolbench.records import ERROR_CLASSES, Reference, ToolCall, reference_from_row

CASES = Path(__file__).parent / "cases"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in json.loads((CASES / name).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("case", cases("matching.json"))
def test_matching(case: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": case["schema"]}
    match = compare_arguments(case["predicted"], case["expected"], schema)
    assert (match == "same") is case["match"]
    assert (compare_arguments(case["expected"], case["predicted"], schema) == "same") is case["match"]
    if "differs" in case:
        assert match == case["differs"]
    if "strict" in case:
        assert (compare_arguments(case["predicted"], case["expected"], schema, "strict") == "same") is case["strict"]


def tools(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize("case", cases("verdicts.json"))
def test_judging(case: dict[str, Any]) -> None:
    expected = Reference(
        "1",
        "q",
        tools(*case["candidates"]),
        json.dumps({"type": "object", "properties": case["schema"]}),
        ToolCall(**case["expected"]),
        frozenset(case["same_function"]),
    )
    verdict = judge(case["reply"], expected)
    error_class = case["error_class"]
    assert verdict.error_class == error_class
    assert verdict.format_valid is (error_class != "invalid_format")
    assert verdict.tool_correct is (error_class in ("correct", "parameter_name_mismatch", "parameter_value_mismatch"))
    assert verdict.parameters_correct is (error_class == "correct")
    assert verdict.reason == case.get("reason", verdict.reason)


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
    expected = Reference("1", "q", tools("right"), json.dumps(schema), ToolCall("right", {"city": "Oslo"}))
    assert judge(json.dumps({"name": "right", "arguments": arguments}), expected).tool_correct


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_matching_is_reflexive(arguments: dict[str, Any]) -> None:
    assert compare_arguments(arguments, arguments, {"type": "object", "properties": {}}) == "same"
    assert compare_arguments(arguments, json.loads(json.dumps(arguments)), {}, "strict") == "same"
    assert identical(arguments, arguments)


@pytest.mark.parametrize("value", ["1" * 1_000_000 + "x", "1" * 1_000_000, "." * 1_000_000, " " * 1_000_000 + "x"])
def test_the_comparison_of_values_takes_bounded_time(value: str) -> None:
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


def scored(predictions: dict[str, str], references: list[Reference], resamples: int = 1000) -> Scores:
    verdicts = judge_all(predictions, references)
    return aggregate(verdicts, [row.query_group for row in references], resamples=resamples)


CALL = '{"name": "right", "arguments": {"city": "Oslo"}}'


@pytest.mark.parametrize(
    ("prediction", "flags", "error_class"),
    [
        (CALL, (True, True, True), "correct"),
        ('{"name": "right ", "arguments": {"city": "oslo"}}', (True, True, True), "correct"),
        ('{"name": "right", "arguments": {"city": "Rome"}}', (True, True, False), "parameter_value_mismatch"),
        ('{"name": "right", "arguments": {"town": "Oslo"}}', (True, True, False), "parameter_name_mismatch"),
        ('{"name": "right", "arguments": {}}', (True, True, False), "parameter_name_mismatch"),
        ('{"name": "other", "arguments": {"city": "Oslo"}}', (True, False, False), "preference_mismatch"),
        ('{"name": "wrong", "arguments": {"city": "Oslo"}}', (True, False, False), "functionality_mismatch"),
        ('{"name": "invented", "arguments": {"city": "Oslo"}}', (True, False, False), "tool_hallucination"),
        ("no idea", (False, False, False), "invalid_format"),
        (None, (False, False, False), "invalid_format"),
    ],
)
def test_verdicts(prediction: str | None, flags: tuple[bool, bool, bool], error_class: str) -> None:
    verdict = judge(prediction, reference())
    assert (verdict.format_valid, verdict.tool_correct, verdict.parameters_correct) == flags
    assert verdict.error_class == error_class
    assert (verdict.reason == "") is (error_class == "correct")


def test_the_strict_scorer_accepts_only_identical_json() -> None:
    assert judge(CALL, reference(), "strict").error_class == "correct"
    assert judge(CALL.replace("Oslo", "oslo"), reference(), "strict").error_class == "parameter_value_mismatch"
    assert judge(CALL.replace("right", "right "), reference(), "strict").error_class == "tool_hallucination"
    assert judge(CALL.replace("city", "town"), reference(), "strict").error_class == "parameter_name_mismatch"


def test_without_same_function_a_wrong_candidate_is_a_preference_mismatch() -> None:
    unknown = reference()._replace(same_function=None)
    assert judge(CALL.replace("right", "wrong"), unknown).error_class == "preference_mismatch"


def test_alternative_arguments_are_correct() -> None:
    expected = reference()._replace(alternatives=({"city": "Kristiania"},))
    assert judge(CALL.replace("Oslo", "kristiania"), expected).error_class == "correct"
    assert judge(CALL.replace("Oslo", "Bergen"), expected).error_class == "parameter_value_mismatch"


def test_missing_predictions_count_as_wrong() -> None:
    references = [reference(name, name) for name in "1234"]
    predictions = {"1": CALL, "2": "{}", "3": CALL.replace("right", "invented")}
    scores = scored(predictions, references)
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


def test_parameter_accuracy_given_tool_is_none_without_a_correct_tool() -> None:
    scores = scored({}, [reference()])
    assert scores["parameter_accuracy_given_tool"] is None
    assert scores["intervals"]["tool_accuracy"] == [0.0, 0.0]


def test_the_macro_mean_weights_configs_equally() -> None:
    large, small = [reference(str(index)) for index in range(9)], [reference("x")]
    scores = {
        "a": scored({str(index): CALL for index in range(9)}, large),
        "b": scored({}, small),
    }
    assert macro(scores)["tool_accuracy"] == 0.5


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.randoms())
def test_scores_depend_neither_on_order_nor_on_wrong_predictions(right: list[bool], random: Any) -> None:
    references = [reference(str(index), str(index // 3)) for index in range(len(right) + 1)]
    predictions = {str(index): CALL if is_right else "?" for index, is_right in enumerate(right)}
    scores = scored(predictions, references, resamples=50)
    shuffled = list(references)
    random.shuffle(shuffled)
    assert scored(predictions, shuffled, resamples=50) == scores
    only_right = {name: prediction for name, prediction in predictions.items() if prediction == CALL}
    assert scored(only_right, references, resamples=50)["tool_accuracy"] == scores["tool_accuracy"]


def test_unknown_ids_duplicate_ids_and_empty_references_are_refused() -> None:
    with pytest.raises(PredictionsError, match=r"1 predictions have an instance_id .* '9'"):
        judge_all({"9": ""}, [reference()])
    with pytest.raises(PredictionsError, match="more than once: '1'"):
        by_instance_id([("1", ""), ("1", "")])
    with pytest.raises(PredictionsError, match="nothing to score"):
        judge_all({}, [])


def test_a_long_list_of_unknown_ids_is_shortened() -> None:
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
        ({"answer": {"name": "right", "arguments": "{"}}, "malformed arguments"),
        ({"answer": {"name": "right", "arguments": None}}, "malformed arguments"),
        ({"answer": {"name": "other", "arguments": "{}"}}, "not one of its candidates"),
        ({"answer": {"name": "right", "arguments": "[1]"}}, "a list instead of an object"),
        ({"answer": {"name": "right", "arguments": '{"x": ' + "[" * 500 + "]" * 500 + "}"}}, "nested deeper than 64"),
        ({"answer": {"name": "right", "arguments": '{"x": ' + "[" * 99999}}, "malformed arguments"),
        ({"query_group": ["q"]}, "must be strings"),
        ({"candidates": ["right"]}, "are not tools with name and parameters"),
    ],
)
def test_invalid_references_are_named_in_the_error(changes: dict[str, Any], message: str) -> None:
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
def test_a_malformed_schema_is_ignored(schema: dict[str, Any]) -> None:
    for city in ("Oslo", {"name": "Oslo"}, ["Oslo"], 3):
        assert compare_arguments({"city": city}, {"city": city}, schema) == "same"
        assert compare_arguments({"city": city}, {"city": "Rome"}, schema) != "same"


def test_malformed_parameters_are_named_when_they_are_needed() -> None:
    malformed = reference()._replace(parameters="[]")
    assert judge(CALL, malformed).error_class == "correct"
    with pytest.raises(ReferencesError, match=r"parameters of 'right' in row '1' are not a JSON object"):
        judge(CALL.replace("Oslo", "Rome"), malformed)


def test_a_missing_column_is_named_in_the_error() -> None:
    with pytest.raises(ReferencesError, match="candidates"):
        reference_from_row({key: value for key, value in ROW.items() if key != "candidates"})


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize(
    "reply",
    [
        None,
        CALL,
        CALL.replace("Oslo", "Rome"),
        CALL.replace("right", "other"),
        CALL.replace("right", "functions.right"),
        '{"name": "right", "arguments": {"arguments": {"city": "Oslo"}}}',
        '{"name": "right", "arguments": {"a": 1, "arguments": {"city": "Oslo"}}}',
        '{"name": "right", "x": "\\"arguments\\": {\\"city\\": \\"Oslo\\"}}',
        '{"arguments": {}, "arguments": {"city": "Oslo"}}',
        '{"name": "right", "name": "right", "arguments": {"city": "Oslo"}}',
        'no: {"name": "right", "arguments": {"city": "Oslo"}}',
    ],
)
def test_a_row_is_judged_as_its_reference(reply: str | None, scorer: ScorerName) -> None:
    for arguments in ('{"city": "Oslo"}', '{"city":"Oslo"}', '{"a": 1, "arguments": {"city": "Oslo"}}'):
        row = {
            "instance_id": "1",
            "query_group": "q",
            "candidates": [{"name": name, "parameters": "{}"} for name in ("right", "other")],
            "answer": {"name": "right", "arguments": arguments},
        }
        (verdict,) = judge_rows([reply], [row], scorer).verdicts
        assert verdict == judge(reply, reference_from_row(row), scorer)
