"""inspect_ai, lm-evaluation-harness and verifiers send the same prompts as `predict` and give the same scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_dataset.reader import read_instances
from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES, Instance
from metrics.petoolbench.aggregation import Scores, judge_all, macro
from metrics.petoolbench.records import RATES
from petoolbench.integrations.benchmark_items import DATA
from petoolbench.scoring import score_replies
from tests.conftest import Built
from tests.fakes.openai.server import LlmServer

from .frameworks import Result, by_inspect, by_lm_eval, by_verifiers
from .script import Model

pytestmark = pytest.mark.integrations
ACCURACIES = ("tool_accuracy", "parameter_accuracy", "call_accuracy")


@pytest.fixture(scope="module")
def rows(built: Built) -> dict[str, list[Instance]]:
    """Instances of the validation split by config."""
    return {config: read_instances(built.data, config, "validation") for config in HISTORY_TYPES}


@pytest.fixture(scope="module")
def model(rows: dict[str, list[Instance]]) -> Model:
    """Model of the test server, for the instances of all configs."""
    return Model(row for part in rows.values() for row in part)


def check_equal(result: Result, model: Model, rows: list[Instance]) -> Scores:
    """Check that the result of a framework equals our scores bit for bit, and return our scores."""
    replies = {row.instance_id: model.replies[row.instance_id] for row in rows}
    scores = score_replies(replies, rows)
    ours: dict[str, object] = {**scores, **scores["error_classes"]}
    for name in (*RATES, *scores["error_classes"]):
        assert result.rates[name] == ours[name], name
    for name in ("tool_accuracy", "call_accuracy"):
        assert [result.rates[f"{name}_low"], result.rates[f"{name}_high"]] == scores["intervals"][name], name
    wanted = references(rows)
    verdicts = judge_all(replies, wanted)
    assert result.error_classes == {
        reference.instance_id: verdict.error_class for reference, verdict in zip(wanted, verdicts, strict=True)
    }
    assert 0 < scores["call_accuracy"] < scores["tool_accuracy"] < 1
    assert len(set(result.error_classes.values())) >= 5
    return scores


def test_inspect(built: Built, rows: dict[str, list[Instance]], model: Model, tmp_path: Path) -> None:
    with LlmServer(model) as server:
        results = by_inspect(server.base_url, tmp_path, data=str(built.data))
    assert results.keys() == rows.keys()
    for config in HISTORY_TYPES:
        check_equal(results[config], model, rows[config])
    assert len(server.log.completions()) == len(model.replies)


def test_lm_eval(
    built: Built, rows: dict[str, list[Instance]], model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA, str(built.data))
    with LlmServer(model) as server:
        results = by_lm_eval(server.base_url, tmp_path, split="validation")
    assert results.keys() == {*rows, "petoolbench"}
    scores = {config: check_equal(results[config], model, rows[config]) for config in HISTORY_TYPES}
    mean = macro(scores)
    assert {name: results["petoolbench"].rates[name] for name in ACCURACIES} == pytest.approx(
        {name: mean[name] for name in ACCURACIES}, abs=1e-12
    )
    assert len(server.log.completions()) == len(model.replies)


def test_verifiers(built: Built, rows: dict[str, list[Instance]], model: Model, tmp_path: Path) -> None:
    """The mean reward is our call accuracy, and each metric our rate, on the tasks of one kind."""
    kind = next(row.meta.kind for row in rows["chronological"] if row.meta and row.meta.kind)
    part = [row for row in rows["chronological"] if row.meta and row.meta.kind == kind][:8]
    with LlmServer(model) as server:
        results = by_verifiers(
            server.base_url, tmp_path, len(part), data=str(built.data), config="chronological", kind=kind
        )
    assert sorted(results) == sorted(row.instance_id for row in part)
    scores = score_replies({row.instance_id: model.replies[row.instance_id] for row in part}, part)
    ours: dict[str, object] = {**scores, **scores["error_classes"], f"kind_{kind}": scores["call_accuracy"]}
    for name in (*RATES, *scores["error_classes"], f"kind_{kind}"):
        assert sum(result[name] for result in results.values()) / len(part) == ours[name], name
    assert len(server.log.completions()) == len(part)
