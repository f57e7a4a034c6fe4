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
    assert metric.compute(predictions=replies, references=rows[:4]) == {
        "tool_accuracy": 0.75,
        "parameter_accuracy": 0.75,
        "call_accuracy": 0.75,
        "format_rate": 0.75,
        "count": 4,
    }


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
