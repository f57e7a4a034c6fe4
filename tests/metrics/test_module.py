"""Tests of the metric as users call it: by `evaluate.load`, on rows as `load_dataset` returns them."""

from __future__ import annotations

import doctest
import importlib
import json
import shutil
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
    """Return the correct prediction for a row."""
    return json.dumps({"name": row["answer"]["name"], "arguments": json.loads(row["answer"]["arguments"])})


def test_compute_accepts_rows_as_they_were_loaded(metric: Any, rows: list[dict[str, Any]]) -> None:
    predictions = [right(row) for row in rows[:3]] + ["no idea"]
    scores = metric.compute(predictions=predictions, references=rows[:4])
    rates = ("tool_accuracy", "parameter_accuracy", "call_accuracy", "format_rate")
    assert {name: scores[name] for name in rates} == dict.fromkeys(rates, 0.75)
    assert (scores["count"], scores["parameter_accuracy_given_tool"], scores["hallucination_rate"]) == (4, 1.0, 0.0)
    assert scores["error_classes"]["invalid_format"] == 0.25
    assert set(scores["intervals"]) == {*rates, "hallucination_rate"}
    json.dumps(scores)


def test_details_contain_the_error_class_of_each_prediction(metric: Any, rows: list[dict[str, Any]]) -> None:
    row = rows[0]
    names = [tool["name"] for tool in row["candidates"]]
    same = row["meta"]["same_function"]
    not_preferred = next(name for name in same if name != row["answer"]["name"])
    other_job = next(name for name in names if name not in same)
    predictions = [
        right(row),
        json.dumps({"name": not_preferred}),
        json.dumps({"name": other_job}),
        json.dumps({"name": "invented", "arguments": {}}),
        "?",
    ]
    references = [row | {"instance_id": str(index)} for index in range(5)]
    scores = metric.compute(predictions=predictions, references=references, details=True)
    assert [detail["error_class"] for detail in scores["details"]] == [
        "correct", "preference_mismatch", "functionality_mismatch", "tool_hallucination", "invalid_format",
    ]  # fmt: skip
    assert [detail["instance_id"] for detail in scores["details"]] == list("01234")
    assert scores["query_groups"] == 1


def test_scorers_judge_by_different_rules(metric: Any, rows: list[dict[str, Any]]) -> None:
    row = rows[0]
    arguments = json.loads(row["answer"]["arguments"])
    paper = json.dumps({"tool_name": "invented", "parameters": arguments})
    legacy = metric.compute(predictions=[paper], references=[row], scorer="legacy")
    flat = not any(isinstance(value, dict) for value in arguments.values())
    assert (legacy["tool_accuracy"], legacy["parameter_accuracy"], legacy["call_accuracy"]) == (0.0, float(flat), 0.0)
    spaced = right(row).replace(row["answer"]["name"], row["answer"]["name"] + " ")
    assert metric.compute(predictions=[spaced], references=[row])["tool_accuracy"] == 1.0
    assert metric.compute(predictions=[spaced], references=[row], scorer="strict")["tool_accuracy"] == 0.0
    with pytest.raises(ValueError, match=r"Unknown scorer 'odd'\. Available scorers: default, strict, legacy"):
        metric.compute(predictions=[spaced], references=[row], scorer="odd")


def test_predictions_can_be_added_in_batches(metric: Any, rows: list[dict[str, Any]]) -> None:
    for start in (0, 2):
        batch = rows[start : start + 2]
        metric.add_batch(predictions=[right(row) for row in batch], references=batch)
    metric.add(prediction="no idea", reference=rows[4])
    assert metric.compute()["call_accuracy"] == 0.8


@pytest.mark.parametrize("name", ["petoolbench", "another"])
def test_flat_files_score_like_the_folder(metric: Any, rows: list[dict[str, Any]], tmp_path: Path, name: str) -> None:
    copied = shutil.copytree(
        FOLDER, tmp_path / "copied" / name, ignore=shutil.ignore_patterns("__init__.py", "__pycache__")
    )
    by_file = evaluate.load(str(copied / "petoolbench.py"), cache_dir=str(tmp_path))
    assert type(by_file).__name__ == "Petoolbench"
    predictions = ["no idea", *map(right, rows[1:6])]
    scores = by_file.compute(predictions=predictions, references=rows[:6])
    assert scores == metric.compute(predictions=predictions, references=rows[:6])
    assert scores["call_accuracy"] == 5 / 6


def test_metrics_can_be_combined(metric: Any, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    by_file = evaluate.load(str(FOLDER / "petoolbench.py"), cache_dir=str(tmp_path))
    both = evaluate.combine({"one": metric, "other": by_file})
    predictions = ["no idea", *map(right, rows[1:4])]
    combined = both.compute(predictions=predictions, references=rows[:4], seed=3)
    for start in (0, 2):
        both.add_batch(predictions=predictions[start : start + 2], references=rows[start : start + 2])
    assert both.compute(seed=3) == combined
    alone = metric.compute(predictions=predictions, references=rows[:4], seed=3)
    assert combined == {f"{name}_{figure}": value for name in ("one", "other") for figure, value in alone.items()}
    assert combined["other_call_accuracy"] == 0.75


def test_a_missing_prediction_counts_as_wrong(metric: Any, rows: list[dict[str, Any]]) -> None:
    scores = metric.compute(predictions=[right(rows[0]), None], references=rows[:2], details=True)
    assert (scores["call_accuracy"], scores["details"][1]["reason"]) == (0.5, "missing")
    metric.add_batch(predictions=[right(rows[0]), None], references=rows[:2])
    assert metric.compute(details=True) == scores


def test_comparisons_are_described_in_words(metric: Any, rows: list[dict[str, Any]]) -> None:
    references = rows[:30]
    good, bad = [right(row) for row in references], ["no idea"] * len(references)
    comparison = metric.compare(good, bad, references, names=("ours", "theirs"))
    assert [comparison[name] for name in ("difference", "low", "high", "rows")] == [1.0, 1.0, 1.0, 30]
    assert comparison["in_words"].startswith("ours is ahead by 100.0 points, 100.0 to 100.0 (p = 0.0")
    assert metric.compare(bad, good, references, names=("ours", "theirs"))["in_words"].startswith("theirs is ahead")
    same = metric.compare(good, good, references)
    assert (same["difference"], same["p"]) == (0.0, 1.0)
    assert same["in_words"].startswith("A and B do not differ significantly")
    with pytest.raises(ValueError, match="29 predictions for 30 references"):
        metric.compare(good, bad[1:], references)


def test_configs_are_scored_separately_and_averaged(metric: Any, rows: list[dict[str, Any]]) -> None:
    predictions = [right(rows[0]), "no idea", "no idea", "no idea", right(rows[4])]
    configs = ["chronological"] * 4 + ["preferred_only"]
    scores = metric.compute(predictions=predictions, references=rows[:5], configs=configs)
    alone = metric.compute(predictions=predictions[:4], references=rows[:4])
    assert scores["configs"]["chronological"] == alone
    assert {name: config["call_accuracy"] for name, config in scores["configs"].items()} == {
        "chronological": 0.25, "preferred_only": 1.0,
    }  # fmt: skip
    assert (scores["call_accuracy"], scores["macro"]["call_accuracy"]) == (0.4, 0.625)
    assert set(scores["macro"]) == set(scores["intervals"])
    with pytest.raises(ValueError, match=r"1 configs for 5 references\. Pass one for each"):
        metric.compute(predictions=predictions, references=rows[:5], configs=["chronological"])


def test_the_readme_lists_every_score_and_error_class(metric: Any, rows: list[dict[str, Any]]) -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    scores = metric.compute(predictions=["?"], references=rows[:1], configs=["a"], details=True)
    names = {*scores, *scores["error_classes"], *scores["details"][0]} - {"count", "query_groups"}
    assert not [name for name in names if f"`{name}`" not in readme]


def test_alternatives_are_kept_in_batches(metric: Any, rows: list[dict[str, Any]]) -> None:
    answer = {**rows[0]["answer"], "alternatives": ['{"anything": "else"}']}
    prediction = json.dumps({"name": answer["name"], "arguments": {"anything": "else"}})
    metric.add_batch(predictions=[prediction, right(rows[1])], references=[rows[0] | {"answer": answer}, rows[1]])
    assert metric.compute()["call_accuracy"] == 1.0


def test_private_answers_and_empty_references_are_refused(metric: Any, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="answers of the test split are private"):
        metric.compute(predictions=[""], references=[rows[0] | {"answer": None}])
    with pytest.raises(ValueError, match="nothing to score"):
        metric.compute(predictions=[], references=[])


def test_the_examples_of_the_documentation_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER.parents[1])
    module = importlib.import_module("metrics.petoolbench.petoolbench")
    examples = doctest.DocTestParser().get_doctest(
        module._KWARGS_DESCRIPTION, {"evaluate": evaluate}, "metric", None, 0
    )
    assert len(examples.examples) >= 5
    results = doctest.DocTestRunner().run(examples)
    assert results.failed == 0
