"""Items, references and rates for evaluation frameworks; no framework is run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.errors import ConfigError
from hf_dataset.errors import ReadError
from hf_dataset.layout import MANIFEST
from hf_dataset.prompting import messages_of
from hf_dataset.reader import read_answers, read_instances
from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.aggregation import aggregate, judge
from metrics.petoolbench.errors import ReferencesError
from metrics.petoolbench.records import ERROR_CLASSES, RATES
from petoolbench.cli.predict import predict
from petoolbench.integrations import lm_eval_tasks
from petoolbench.integrations.benchmark_items import (
    DATA,
    MAX_OUTPUT_TOKENS,
    open_items,
    outcome_of,
    rates,
    record_of,
    reference_of,
)
from tests.conftest import Built

from .script import Model

TASKS = Path(str(lm_eval_tasks.__file__)).parent
DEFAULTS = {"split": "validation", "history": "own", "docs": "full"}


def loaded(name: str) -> dict[str, Any]:
    """Return the content of a YAML file of the tasks, with functions as their names."""
    content: dict[str, Any] = yaml.safe_load((TASKS / name).read_text(encoding="utf-8").replace("!function ", ""))
    return content


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_items_hold_the_official_prompts_and_the_references(built: Built, config: str) -> None:
    rows = read_instances(built.data, config, "validation")
    items = open_items(str(built.data), config, **DEFAULTS)
    assert [item.messages for item in items] == [messages_of(row) for row in rows]
    assert [item.reference for item in items] == references(rows)


def test_a_record_is_sufficient_for_judging(built: Built) -> None:
    rows = read_instances(built.data, "chronological", "validation")
    replies = Model(rows).replies
    for reference in references(rows):
        read = reference_of(json.loads(json.dumps(record_of(reference))))
        assert judge(replies[reference.instance_id], read) == judge(replies[reference.instance_id], reference)
        assert (read.answer, read.candidates, read.schema) == (
            reference.answer,
            reference.candidates,
            reference.schema,
        )


def test_the_rates_are_those_of_the_metric(built: Built) -> None:
    rows = read_instances(built.data, "chronological", "validation")
    replies, wanted = Model(rows).replies, references(rows)
    verdicts = [judge(replies[reference.instance_id], reference) for reference in wanted]
    groups = [reference.query_group for reference in wanted]
    scores = aggregate(verdicts, groups)
    values = rates([outcome_of(verdict) for verdict in verdicts], groups)
    for name in RATES:
        ends = scores["intervals"][name]
        assert [values[name], values[f"{name}_low"], values[f"{name}_high"]] == [scores[name], *ends]
    assert {name: values[name] for name in ERROR_CLASSES} == scores["error_classes"]
    assert len(values) == 3 * len(RATES) + len(ERROR_CLASSES)


def test_the_options_set_history_and_documentation(built: Built) -> None:
    rows = read_instances(built.data, "preferred_only", "validation")
    names_only = open_items(str(built.data), "preferred_only", **{**DEFAULTS, "docs": "names"})
    assert [item.messages for item in names_only] == [messages_of(row, docs="names") for row in rows]
    own = open_items(str(built.data), "preferred_only", **DEFAULTS)
    for history in ("none", "swapped"):
        other = open_items(str(built.data), "preferred_only", **{**DEFAULTS, "history": history})
        assert [item.reference for item in other] == [item.reference for item in own]
        assert all(theirs.messages != ours.messages for theirs, ours in zip(other, own, strict=True))


def test_the_test_split_requires_the_private_answers(built: Built) -> None:
    with pytest.raises(ReferencesError, match="private"):
        open_items(str(built.data), "chronological", **{**DEFAULTS, "split": "test"})
    items = open_items(str(built.data), "chronological", **{**DEFAULTS, "split": "test"}, answers=str(built.answers))
    keys = read_answers(built.answers, "chronological")
    assert {item.reference.instance_id: item.reference.answer.name for item in items} == {
        key.instance_id: key.answer.name for key in keys
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"history": "all"}, "Invalid value 'all' for history. Allowed values: own, none, swapped"),
        ({"docs": "some"}, "Invalid value 'some' for docs. Allowed values: full, names"),
    ],
)
def test_an_invalid_option_is_named(built: Built, options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_items(str(built.data), "chronological", **DEFAULTS | options)


def test_missing_data_is_reported(built: Built, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=DATA):
        open_items(None, "chronological", **DEFAULTS)
    with pytest.raises(ReadError, match=r"holds no manifest\.json"):
        open_items(str(tmp_path), "chronological", **DEFAULTS)
    shutil.copy(built.data / MANIFEST, tmp_path)
    with pytest.raises(ReadError, match=r"holds no chronological/validation\.parquet"):
        open_items(str(tmp_path), "chronological", **DEFAULTS)


def test_the_harness_tasks_have_every_rate_and_error_class() -> None:
    common = loaded("common.yaml")
    metrics = {metric["metric"]: metric["aggregation"] for metric in common["metric_list"]}
    assert {*RATES, *ERROR_CLASSES} <= metrics.keys()
    for name in metrics.keys() - {*RATES, *ERROR_CLASSES}:
        assert name.removesuffix("_low").removesuffix("_high") in RATES
        assert metrics[name] == f"utils.{name}"
    assert {loaded(f"petoolbench_{name}.yaml")["dataset_kwargs"]["config"] for name in HISTORY_TYPES} == set(
        HISTORY_TYPES
    )
    assert loaded("petoolbench.yaml")["task"] == [f"petoolbench_{name}" for name in HISTORY_TYPES]


def test_all_programs_limit_replies_to_the_same_length() -> None:
    assert loaded("common.yaml")["generation_kwargs"]["max_gen_toks"] == MAX_OUTPUT_TOKENS
    assert signature(predict).parameters["max_output_tokens"].default == MAX_OUTPUT_TOKENS


def test_the_folder_of_the_harness_tasks_is_printed() -> None:
    command = [sys.executable, "-m", lm_eval_tasks.__name__]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{TASKS}\n"
