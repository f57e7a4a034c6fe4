"""inspect_ai and lm-evaluation-harness ask what we ask, and come to the same score on the same replies."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_dataset.reader import read_instances
from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES, Instance
from metrics.petoolbench.aggregation import Scores, judge_all, macro
from metrics.petoolbench.records import RATES
from petoolbench.integrations.benchmark_items import DATA
from petoolbench.scoring import score
from tests.conftest import Built
from tests.fakes.openai.server import LlmServer

from .frameworks import Found, by_inspect, by_lm_eval
from .script import Model

pytestmark = pytest.mark.integrations
ACCURACIES = ("tool_accuracy", "parameter_accuracy", "call_accuracy")


@pytest.fixture(scope="module")
def rows(built: Built) -> dict[str, list[Instance]]:
    """The validation split of each config."""
    return {config: read_instances(built.data, config, "validation") for config in HISTORY_TYPES}


@pytest.fixture(scope="module")
def model(rows: dict[str, list[Instance]]) -> Model:
    """The model that is asked."""
    return Model(row for some in rows.values() for row in some)


def agreed(found: Found, model: Model, rows: list[Instance]) -> Scores:
    """Our own score of a config, to which a framework's is the same to the last bit."""
    replies = {row.instance_id: model.replies[row.instance_id] for row in rows}
    scores = score(replies, rows)
    ours: dict[str, object] = {**scores, **scores["error_classes"]}
    for name in (*RATES, *scores["error_classes"]):
        assert found.rates[name] == ours[name], name
    for name in ("tool_accuracy", "call_accuracy"):
        assert [found.rates[f"{name}_low"], found.rates[f"{name}_high"]] == scores["intervals"][name], name
    wanted = references(rows)
    verdicts = judge_all(replies, wanted)
    assert found.error_classes == {
        one.instance_id: verdict.error_class for one, verdict in zip(wanted, verdicts, strict=True)
    }
    assert 0 < scores["call_accuracy"] < scores["tool_accuracy"] < 1
    assert len(set(found.error_classes.values())) >= 5
    return scores


def test_inspect(built: Built, rows: dict[str, list[Instance]], model: Model, tmp_path: Path) -> None:
    with LlmServer(model) as server:
        found = by_inspect(server.base_url, tmp_path, data=str(built.data))
    assert found.keys() == rows.keys()
    for config in HISTORY_TYPES:
        agreed(found[config], model, rows[config])
    assert len(server.log.completions()) == len(model.replies)


def test_lm_eval(
    built: Built, rows: dict[str, list[Instance]], model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA, str(built.data))
    with LlmServer(model) as server:
        found = by_lm_eval(server.base_url, tmp_path, split="validation")
    assert found.keys() == {*rows, "petoolbench"}
    scores = {config: agreed(found[config], model, rows[config]) for config in HISTORY_TYPES}
    together = macro(scores)
    assert {name: found["petoolbench"].rates[name] for name in ACCURACIES} == pytest.approx(
        {name: together[name] for name in ACCURACIES}, abs=1e-12
    )
    assert len(server.log.completions()) == len(model.replies)
