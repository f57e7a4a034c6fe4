"""The metric as its users meet it: `evaluate.load` on the folder, rows as `load_dataset` gives them."""

from __future__ import annotations

import doctest
import importlib
import json
from pathlib import Path
from typing import Any

import evaluate
import pytest

from hf_dataset.reader import read_instances
from hf_dataset.schema import to_dict
from tests.conftest import Built

FOLDER = Path(__file__).parents[2] / "metrics" / "petoolbench"


@pytest.fixture
def metric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("evaluate.config.HF_EVALUATE_OFFLINE", True)
    return evaluate.load(str(FOLDER), cache_dir=str(tmp_path))


@pytest.fixture(scope="module")
def rows(built: Built) -> list[dict[str, Any]]:
    return [to_dict(row) for row in read_instances(built.data, "chronological", "validation")]


def right(row: dict[str, Any]) -> str:
    return json.dumps({"name": row["answer"]["name"], "arguments": json.loads(row["answer"]["arguments"])})


def test_compute_takes_rows_as_they_were_loaded(metric: Any, rows: list[dict[str, Any]]) -> None:
    replies = [right(row) for row in rows[:3]] + ["no idea"]
    found = metric.compute(predictions=replies, references=rows[:4])
    rates = ("tool_accuracy", "parameter_accuracy", "call_accuracy", "format_rate")
    assert {name: found[name] for name in rates} == dict.fromkeys(rates, 0.75)
    assert (found["count"], found["parameter_accuracy_given_tool"], found["hallucination_rate"]) == (4, 1.0, 0.0)
    assert found["error_classes"]["invalid_format"] == 0.25
    assert set(found["intervals"]) == {*rates, "hallucination_rate"}
    json.dumps(found)


def test_details_say_why_each_was_wrong(metric: Any, rows: list[dict[str, Any]]) -> None:
    row = rows[0]
    names = [tool["name"] for tool in row["candidates"]]
    same = row["meta"]["same_function"]
    preferred = next(name for name in same if name != row["answer"]["name"])
    other = next(name for name in names if name not in same)
    replies = [
        right(row),
        json.dumps({"name": preferred}),
        json.dumps({"name": other}),
        json.dumps({"name": "made_up"}),
        "?",
    ]
    references = [row | {"instance_id": str(index)} for index in range(5)]
    found = metric.compute(predictions=replies, references=references, details=True)
    assert [one["error_class"] for one in found["details"]] == [
        "correct", "preference_mismatch", "functionality_mismatch", "tool_hallucination", "invalid_format",
    ]  # fmt: skip
    assert [one["instance_id"] for one in found["details"]] == list("01234")
    assert found["query_groups"] == 1


def test_modes_judge_by_other_rules(metric: Any, rows: list[dict[str, Any]]) -> None:
    row = rows[0]
    arguments = json.loads(row["answer"]["arguments"])
    paper = json.dumps({"tool_name": "made_up", "parameters": arguments})
    legacy = metric.compute(predictions=[paper], references=[row], mode="legacy")
    flat = not any(isinstance(value, dict) for value in arguments.values())
    assert (legacy["tool_accuracy"], legacy["parameter_accuracy"], legacy["call_accuracy"]) == (0.0, float(flat), 0.0)
    spaced = right(row).replace(row["answer"]["name"], row["answer"]["name"] + " ")
    assert metric.compute(predictions=[spaced], references=[row])["tool_accuracy"] == 1.0
    assert metric.compute(predictions=[spaced], references=[row], mode="strict")["tool_accuracy"] == 0.0
    with pytest.raises(ValueError, match=r"no mode 'odd'\. Allowed are default, strict, legacy"):
        metric.compute(predictions=[spaced], references=[row], mode="odd")


def test_batches_may_be_added(metric: Any, rows: list[dict[str, Any]]) -> None:
    for start in (0, 2):
        part = rows[start : start + 2]
        metric.add_batch(predictions=[right(row) for row in part], references=part)
    metric.add(prediction="no idea", reference=rows[4])
    assert metric.compute()["call_accuracy"] == 0.8


def test_private_answers_and_nothing_at_all_are_refused(metric: Any, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="answers of the test split are private"):
        metric.compute(predictions=[""], references=[rows[0] | {"answer": None}])
    with pytest.raises(ValueError, match="nothing to score"):
        metric.compute(predictions=[], references=[])


def test_the_examples_of_the_documentation_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER.parents[1])
    module = importlib.import_module("metrics.petoolbench.petoolbench")
    found = doctest.DocTestParser().get_doctest(module._KWARGS_DESCRIPTION, {"evaluate": evaluate}, "metric", None, 0)
    assert len(found.examples) >= 5
    results = doctest.DocTestRunner().run(found)
    assert results.failed == 0
