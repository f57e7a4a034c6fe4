"""Rows of `sft` and `dpo`: format, correctness, separation from the other splits and shares of the kinds."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest

from builder import pipeline
from builder.config import BuildConfig, TrainingConfig
from builder.predictors.oracle import OraclePredictor
from builder.training.rejected_calls import ERROR_OF, POSSIBLE
from hf_dataset.layout import SPLITS
from hf_dataset.prompting import messages_of
from hf_dataset.reader import read_instances, read_tools, read_training
from hf_dataset.schema import DPO_KINDS, HISTORY_TYPES, DpoRow, Instance, SftRow
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import Reference, ToolCall
from tests.conftest import silent
from tests.fakes.attribute_catalogue.source import AttributeCatalogue

from .helpers import BY_HISTORY, MIX, TRAIN, parsed, plain, query_groups


def test_rows_have_the_format_of_trl(data: Path, tmp_path: Path) -> None:
    """TRL's conversational format: lists of messages with only `role` and `content`, the last one of the assistant."""
    for config, columns in {"sft": ("messages",), "dpo": ("prompt", "chosen", "rejected")}.items():
        rows = datasets.load_dataset(str(data), config, split="train", cache_dir=str(tmp_path))
        assert len(rows) == 3 * TRAIN
        for row in rows:
            for column in columns:
                assert isinstance(row[column], list)
                assert all(message.keys() == {"role", "content"} for message in row[column])
            roles = [[message["role"] for message in row[column]] for column in columns]
            whole = [["system", "user", "assistant"]]
            assert roles == (whole if config == "sft" else [["system", "user"], ["assistant"], ["assistant"]])


def test_sft_is_every_train_instance_with_its_answer(
    sft: list[SftRow], train: dict[str, Instance], answers: dict[str, Reference]
) -> None:
    assert sorted(row.instance_id for row in sft) == sorted(train)
    for row in sft:
        instance = train[row.instance_id]
        assert (row.config, row.query_group) == (row.instance_id.split("-")[0], instance.query_group)
        assert plain(row.messages[:-1]) == messages_of(instance)
        assert judge(row.messages[-1].content, answers[row.instance_id], "strict").error_class == "correct"
        assert json.loads(row.messages[-1].content).keys() == {"name", "arguments"}


def test_every_chosen_reply_is_correct_and_every_rejected_reply_has_the_error_of_its_kind(
    dpo: list[DpoRow], train: dict[str, Instance], answers: dict[str, Reference]
) -> None:
    assert sorted(row.instance_id for row in dpo) == sorted(train)
    assert {row.kind for row in dpo} == set(DPO_KINDS)
    for row in dpo:
        assert plain(row.prompt) == messages_of(train[row.instance_id])
        assert judge(row.chosen[0].content, answers[row.instance_id], "strict").error_class == "correct"
        assert judge(row.rejected[0].content, answers[row.instance_id]).error_class == ERROR_OF[row.kind], row.rejected
        assert row.kind in POSSIBLE[row.config]


def test_disliked_and_stale_tools_follow_from_the_history(
    data: Path, dpo: list[DpoRow], train: dict[str, Instance]
) -> None:
    """The oracle prefers the rejected tool if it reads only the disliked calls, or only those before the change."""
    oracle = OraclePredictor(read_tools(data, "train"), changes=0)
    right: Counter[str] = Counter()
    for row in dpo:
        instance = train[row.instance_id]
        assert instance.meta is not None
        if row.kind == "disliked":
            steps = [replace(step, rating=1) for step in instance.history if step.rating == 0]
        elif row.kind == "stale":
            steps = instance.history[: instance.meta.drift_step]
        else:
            continue
        preferred = parsed(oracle.predict(replace(instance, history=steps))).name
        right[row.kind] += preferred == parsed(row.rejected[0].content).name
    total = Counter(row.kind for row in dpo)
    assert right["stale"] == total["stale"] > 10
    # The disliked calls are not guaranteed to identify the tool; chance level is 0.2.
    assert right["disliked"] >= 0.75 * total["disliked"] > 20


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return the values of nested arguments by their path."""
    if not isinstance(value, dict):
        return {path: value}
    return {key: leaf for name, inner in value.items() for key, leaf in leaves(inner, (*path, name)).items()}


def types_of(values: dict[tuple[str, ...], Any]) -> list[str]:
    """Return the type names of values, with `float` for all numbers."""
    return [type(value).__name__.replace("int", "float") for value in values.values()]


def test_a_wrong_argument_is_one_value_of_the_same_type(dpo: list[DpoRow]) -> None:
    rows = [row for row in dpo if row.kind == "wrong_argument"]
    for row in rows:
        chosen, rejected = parsed(row.chosen[0].content), parsed(row.rejected[0].content)
        right, wrong = leaves(chosen.arguments), leaves(rejected.arguments)
        assert chosen.name == rejected.name
        assert right.keys() == wrong.keys()
        assert types_of(right) == types_of(wrong)
        assert sum(right[key] != wrong[key] for key in right) == 1
        assert len({str(value) for value in wrong.values()}) == len(wrong)
    assert len(rows) > 10


def test_a_wrong_functionality_uses_requested_values_if_they_fit(dpo: list[DpoRow], train: dict[str, Instance]) -> None:
    """Some distractors have a parameter for the same concept; they get the value of the instruction."""
    rows = [row for row in dpo if row.kind == "wrong_functionality"]
    used = 0
    for row in rows:
        rejected = parsed(row.rejected[0].content)
        assert rejected.name in {candidate.name for candidate in train[row.instance_id].candidates}
        values = json.dumps(parsed(row.chosen[0].content).arguments)
        used += any(json.dumps(value) in values for value in rejected.arguments.values())
    assert used > 0


OTHER_SPLITS = [split for split in SPLITS if split != "train"]


def prompt_of(row: SftRow | DpoRow) -> dict[str, Any]:
    """Return the decoded user message of a row."""
    messages = row.messages if isinstance(row, SftRow) else row.prompt
    content: dict[str, Any] = json.loads(messages[1].content)
    return content


def called_tools(row: SftRow | DpoRow) -> set[str]:
    """Return the names of the tools that the replies of a row call."""
    replies = row.messages[2:] if isinstance(row, SftRow) else [*row.chosen, *row.rejected]
    calls = [parse(reply.content) for reply in replies]
    return {call.name for call in calls if isinstance(call, ToolCall)}


def test_training_data_contains_no_users_queries_or_instructions_of_other_splits(
    data: Path, sft: list[SftRow], dpo: list[DpoRow]
) -> None:
    others = [row for config in HISTORY_TYPES for split in OTHER_SPLITS for row in read_instances(data, config, split)]
    users = {row.user_id for row in others}
    queries = {row.query_group for row in others}
    instructions = {row.instruction for row in others}
    rows: list[SftRow | DpoRow] = [*sft, *dpo]
    for row in rows:
        prompt = prompt_of(row)
        assert row.query_group not in queries
        assert not any(row.instance_id.endswith(user) for user in users)
        assert not {prompt["instruction"], *(step["instruction"] for step in prompt["history"])} & instructions


def test_training_data_contains_no_tools_or_providers_of_other_splits(
    data: Path, sft: list[SftRow], dpo: list[DpoRow]
) -> None:
    others = [tool for split in OTHER_SPLITS for tool in read_tools(data, split)]
    names, providers = {tool.name for tool in others}, {tool.provider for tool in others}
    rows: list[SftRow | DpoRow] = [*sft, *dpo]
    for row in rows:
        prompt = prompt_of(row)
        assert not {tool["provider"] for tool in [*prompt["history_tools"], *prompt["candidates"]]} & providers
        assert not called_tools(row) & names


def test_each_call_of_a_query_group_is_rejected_as_often_as_chosen(dpo: list[DpoRow]) -> None:
    checked = 0
    for rows in query_groups(dpo).values():
        assert len({row.kind for row in rows}) == 1
        if rows[0].kind in BY_HISTORY:
            chosen = Counter(row.chosen[0].content for row in rows)
            assert chosen == Counter(row.rejected[0].content for row in rows)
            checked += 1
    assert checked > 10


def test_kinds_have_the_configured_shares(dpo: list[DpoRow]) -> None:
    for config in HISTORY_TYPES:
        kinds = Counter(row.kind for row in dpo if row.config == config)
        wanted = {kind: MIX[kind] for kind in POSSIBLE[config]}
        wanted["same_function"] += 1 - sum(wanted.values())
        for kind, share in wanted.items():
            assert abs(kinds[kind] / TRAIN - share) < 0.06, (config, kinds)  # a query group has up to 8 users


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with limits on the numbers of training rows, and without documentation in its prompts."""
    out = tmp_path_factory.mktemp("limited") / "out"
    config = BuildConfig.model_validate(
        {"seed": 1, "users": {"count": 220, "train": 0.8, "validation": 0.1, "test": 0.1},
         "training": {"dpo_per_config": 50, "sft_per_config": 100, "docs": "names"}}
    )  # fmt: skip
    pipeline.build(AttributeCatalogue(), config, out, silent, audited=False)
    return out


@pytest.mark.parametrize(("name", "most"), [("dpo", 50), ("sft", 100)])
def test_a_limit_selects_whole_query_groups_from_all_parts_of_train(limited: Path, name: str, most: int) -> None:
    train = read_instances(limited, "chronological", "train")
    sizes = Counter(row.query_group for row in train)
    rows = list(read_training(limited, name))
    for history_type in HISTORY_TYPES:
        selected = Counter(row.query_group for row in rows if row.config == history_type)
        assert most - 8 < sum(selected.values()) <= most
        assert all(sizes[query] == count for query, count in selected.items())
        assert max(selected) > sorted(sizes)[len(sizes) * 3 // 4]
    prompt = (rows[0].messages if name == "sft" else rows[0].prompt)[1].content
    assert "history_tools" not in json.loads(prompt)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mix": {"stale": 0.5}}, "must sum to 1, not 1.25"),
        ({"mix": {"same_function": 0, "disliked": 0.6}}, "same_function is what other kinds fall back on"),
        ({"docs": "some"}, "docs"),
        ({"dpo_per_config": 1}, "greater than or equal to 50"),
    ],
)
def test_invalid_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig.model_validate(changes)
