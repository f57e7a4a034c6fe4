"""What frameworks are given, and the rates they are given back, without a framework."""

from __future__ import annotations

import json
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.errors import ConfigError
from hf_dataset.errors import ReadError
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
USUAL = {"split": "validation", "history": "own", "docs": "full"}


def loaded(name: str) -> dict[str, Any]:
    """The YAML of a task, each function as its name."""
    found: dict[str, Any] = yaml.safe_load((TASKS / name).read_text(encoding="utf-8").replace("!function ", ""))
    return found


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_items_are_our_prompts_and_references(built: Built, config: str) -> None:
    rows = read_instances(built.data, config, "validation")
    items = open_items(str(built.data), config, **USUAL)
    assert [item.messages for item in items] == [messages_of(row) for row in rows]
    assert [item.reference for item in items] == references(rows)


def test_a_record_holds_all_that_judging_needs(built: Built) -> None:
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
    verdicts = [judge(replies[one.instance_id], one) for one in wanted]
    groups = [one.query_group for one in wanted]
    scores = aggregate(verdicts, groups)
    found = rates([outcome_of(one) for one in verdicts], groups)
    for name in RATES:
        assert [found[name], found[f"{name}_low"], found[f"{name}_high"]] == [scores[name], *scores["intervals"][name]]
    assert {name: found[name] for name in ERROR_CLASSES} == scores["error_classes"]
    assert len(found) == 3 * len(RATES) + len(ERROR_CLASSES)


def test_history_and_documentation_are_shown_as_asked_for(built: Built) -> None:
    rows = read_instances(built.data, "preferred_only", "validation")
    named = open_items(str(built.data), "preferred_only", **{**USUAL, "docs": "names"})
    assert [item.messages for item in named] == [messages_of(row, docs="names") for row in rows]
    own = open_items(str(built.data), "preferred_only", **USUAL)
    for history in ("none", "swapped"):
        other = open_items(str(built.data), "preferred_only", **{**USUAL, "history": history})
        assert [item.reference for item in other] == [item.reference for item in own]
        assert all(theirs.messages != ours.messages for theirs, ours in zip(other, own, strict=True))


def test_the_test_split_takes_the_private_answers(built: Built) -> None:
    with pytest.raises(ReferencesError, match="private"):
        open_items(str(built.data), "chronological", **{**USUAL, "split": "test"})
    items = open_items(str(built.data), "chronological", **{**USUAL, "split": "test"}, answers=str(built.answers))
    keys = read_answers(built.answers, "chronological")
    assert {item.reference.instance_id: item.reference.answer.name for item in items} == {
        key.instance_id: key.answer.name for key in keys
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"history": "all"}, "Invalid value 'all' for history. Allowed values: own, none, swapped"),
        ({"docs": "some"}, "Invalid value 'some' for docs. Allowed values: full, names"),
    ],
)
def test_an_option_that_is_not_allowed_is_named(built: Built, options: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_items(str(built.data), "chronological", **USUAL | options)


def test_data_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=DATA):
        open_items(None, "chronological", **USUAL)
    with pytest.raises(ReadError, match="no chronological/validation"):
        open_items(str(tmp_path), "chronological", **USUAL)


def test_the_harness_tasks_have_every_rate_and_class_and_each_function_is_there() -> None:
    common = loaded("common.yaml")
    metrics = {one["metric"]: one["aggregation"] for one in common["metric_list"]}
    assert {*RATES, *ERROR_CLASSES} <= metrics.keys()
    for name in metrics.keys() - {*RATES, *ERROR_CLASSES}:
        assert name.removesuffix("_low").removesuffix("_high") in RATES
        assert metrics[name] == f"utils.{name}"
    assert {loaded(f"petoolbench_{name}.yaml")["dataset_kwargs"]["config"] for name in HISTORY_TYPES} == set(
        HISTORY_TYPES
    )
    assert loaded("petoolbench.yaml")["task"] == [f"petoolbench_{name}" for name in HISTORY_TYPES]


def test_every_way_asks_for_replies_of_the_same_length() -> None:
    assert loaded("common.yaml")["generation_kwargs"]["max_gen_toks"] == MAX_OUTPUT_TOKENS
    assert signature(predict).parameters["max_output_tokens"].default == MAX_OUTPUT_TOKENS


def test_the_folder_of_the_harness_tasks_is_told() -> None:
    command = [sys.executable, "-m", lm_eval_tasks.__name__]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{TASKS}\n"
