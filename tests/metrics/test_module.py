"""The metric as its users meet it: `evaluate.load` on the folder, rows as `load_dataset` gives them."""

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


@pytest.mark.parametrize("name", ["petoolbench", "another"])
def test_a_file_of_flat_files_is_as_good_as_the_folder(
    metric: Any, rows: list[dict[str, Any]], tmp_path: Path, name: str
) -> None:
    copied = shutil.copytree(
        FOLDER, tmp_path / "copied" / name, ignore=shutil.ignore_patterns("__init__.py", "__pycache__")
    )
    by_file = evaluate.load(str(copied / "petoolbench.py"), cache_dir=str(tmp_path))
    assert type(by_file).__name__ == "Petoolbench"
    replies = ["no idea", *map(right, rows[1:6])]
    found = by_file.compute(predictions=replies, references=rows[:6])
    assert found == metric.compute(predictions=replies, references=rows[:6])
    assert found["call_accuracy"] == 5 / 6


def test_metrics_may_be_combined(metric: Any, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    by_file = evaluate.load(str(FOLDER / "petoolbench.py"), cache_dir=str(tmp_path))
    both = evaluate.combine({"one": metric, "other": by_file})
    replies = ["no idea", *map(right, rows[1:4])]
    at_once = both.compute(predictions=replies, references=rows[:4], seed=3)
    for start in (0, 2):
        both.add_batch(predictions=replies[start : start + 2], references=rows[start : start + 2])
    assert both.compute(seed=3) == at_once
    alone = metric.compute(predictions=replies, references=rows[:4], seed=3)
    assert at_once == {f"{name}_{figure}": value for name in ("one", "other") for figure, value in alone.items()}
    assert at_once["other_call_accuracy"] == 0.75


def test_a_row_without_a_reply_is_wrong(metric: Any, rows: list[dict[str, Any]]) -> None:
    found = metric.compute(predictions=[right(rows[0]), None], references=rows[:2], details=True)
    assert (found["call_accuracy"], found["details"][1]["reason"]) == (0.5, "missing")
    metric.add_batch(predictions=[right(rows[0]), None], references=rows[:2])
    assert metric.compute(details=True) == found


def test_systems_are_compared_in_words(metric: Any, rows: list[dict[str, Any]]) -> None:
    part = rows[:30]
    good, none = [right(row) for row in part], ["no idea"] * len(part)
    found = metric.compare(good, none, part, names=("ours", "theirs"))
    assert (found["difference"], found["low"], found["high"], found["rows"]) == (1.0, 1.0, 1.0, 30)
    assert found["in_words"].startswith("ours is ahead by 100.0 points, 100.0 to 100.0 (p = 0.0")
    assert metric.compare(none, good, part, names=("ours", "theirs"))["in_words"].startswith("theirs is ahead")
    same = metric.compare(good, good, part)
    assert (same["difference"], same["p"]) == (0.0, 1.0)
    assert same["in_words"].startswith("A and B cannot be told apart")
    with pytest.raises(ValueError, match="29 predictions for 30 references"):
        metric.compare(good, none[1:], part)


def test_configs_come_each_and_as_their_mean(metric: Any, rows: list[dict[str, Any]]) -> None:
    replies = [right(rows[0]), "no idea", "no idea", "no idea", right(rows[4])]
    configs = ["chronological"] * 4 + ["preferred_only"]
    found = metric.compute(predictions=replies, references=rows[:5], configs=configs)
    alone = metric.compute(predictions=replies[:4], references=rows[:4])
    assert found["configs"]["chronological"] == alone
    assert {name: one["call_accuracy"] for name, one in found["configs"].items()} == {
        "chronological": 0.25, "preferred_only": 1.0,
    }  # fmt: skip
    assert (found["call_accuracy"], found["macro"]["call_accuracy"]) == (0.4, 0.625)
    assert set(found["macro"]) == set(found["intervals"])
    with pytest.raises(ValueError, match="1 configs for 5 references: give one for each"):
        metric.compute(predictions=replies, references=rows[:5], configs=["chronological"])


def test_the_card_names_every_figure_and_class(metric: Any, rows: list[dict[str, Any]]) -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    found = metric.compute(predictions=["?"], references=rows[:1], configs=["a"], details=True)
    names = {*found, *found["error_classes"], *found["details"][0]} - {"count", "query_groups"}
    assert not [name for name in names if f"`{name}`" not in card]


def test_alternatives_come_through_batches_too(metric: Any, rows: list[dict[str, Any]]) -> None:
    other = {**rows[0]["answer"], "alternatives": ['{"anything": "else"}']}
    reply = json.dumps({"name": other["name"], "arguments": {"anything": "else"}})
    metric.add_batch(predictions=[reply, right(rows[1])], references=[rows[0] | {"answer": other}, rows[1]])
    assert metric.compute()["call_accuracy"] == 1.0


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
