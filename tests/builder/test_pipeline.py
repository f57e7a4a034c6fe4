"""Properties of a finished build of either kind of catalogue: no leak, no repetition, and an answer that can be found."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder.errors import ConfigError
from builder.predictors.open_predictor import open_predictor
from hf_dataset.layout import SPLITS
from hf_dataset.reader import read_answers, read_instances, read_private_tools, read_tools
from hf_dataset.schema import HISTORY_TYPES, to_dict
from petoolbench.scoring import score_replies
from tests.conftest import Built

from .build_rows import PUBLIC, Rows, answered, everything, leaves, provider, query_groups, read_rows


@pytest.fixture(scope="module", params=["built", "attribute_built"], ids=["facts", "attributes"])
def build(request: pytest.FixtureRequest) -> Built:
    """A build of the built-in catalogue, and one of a catalogue of tools with attributes."""
    built: Built = request.getfixturevalue(request.param)
    return built


@pytest.fixture(scope="module")
def rows(build: Built) -> Rows:
    return read_rows(build)


@pytest.fixture(scope="module")
def functionality(build: Built) -> dict[str, str | None]:
    return {tool.name: tool.functionality for split in SPLITS for tool in read_tools(build.data, split)}


def test_the_requested_users_are_made(rows: Rows) -> None:
    for config in HISTORY_TYPES:
        assert [len(rows[config, split]) for split in SPLITS] == [48, 36, 36]
        for split in SPLITS:
            assert [row.user_id for row in rows[config, split]] == [
                row.user_id for row in rows[HISTORY_TYPES[0], split]
            ]


def test_ten_candidates_of_which_three_or_more_do_the_job(rows: Rows, functionality: dict[str, str | None]) -> None:
    for row in everything(rows):
        names = [tool.name for tool in row.candidates]
        same = [tool for tool in row.candidates if functionality[tool.name] == row.functionality]
        assert len(names) == len(set(names)) == 10
        assert 3 <= len(same) <= 8
        assert len({(tool.description, tool.listing) for tool in same}) == len(same)
        assert len({tool.provider for tool in same}) == len(same)
        if row.meta and row.meta.same_function:
            assert row.meta.same_function == sorted(tool.name for tool in same)


def test_answers_are_candidates_that_do_the_job_with_valid_arguments(
    rows: Rows, functionality: dict[str, str | None]
) -> None:
    for row, answer in answered(everything(rows)):
        tool = next(tool for tool in row.candidates if tool.name == answer.name)
        assert functionality[answer.name] == row.functionality
        validator(tool.parameters).validate(json.loads(answer.arguments))
        docs = {tool.name: tool for tool in row.history_tools}
        for step in row.history:
            validator(docs[step.name].parameters).validate(json.loads(step.arguments))


@cache
def validator(parameters: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(parameters))


def test_every_argument_can_be_read_from_the_instruction(rows: Rows) -> None:
    for row, answer in answered(everything(rows)):
        assert json.loads(answer.arguments), "an answer without arguments"
        if row.meta and row.meta.arguments:
            continue  # the audit reads these again from the row
        for leaf in leaves(json.loads(answer.arguments)):
            said = [str(leaf)]
            with suppress(ValueError):
                day = date.fromisoformat(str(leaf))
                said = [f"{day.day} {day:%B}", f"{day:%A}"]
            if any(text.casefold() in row.instruction.casefold() for text in said):
                continue
            # Codes are called by the names of what they stand for, numbers of results are in words.
            assert re.fullmatch(r"[A-Z]{2,3}|[a-z]{2}|\d{1,2}", str(leaf)), (leaf, row.instruction)


def test_histories_show_neither_the_job_nor_the_providers_of_the_candidates_that_do_it(
    rows: Rows, functionality: dict[str, str | None]
) -> None:
    for row in everything(rows):
        same = {tool.provider for tool in row.candidates if functionality[tool.name] == row.functionality}
        shown = {name for step in row.history for name in (step.name, *step.offered)}
        assert row.functionality not in {functionality[name] for name in shown}
        assert not {provider(row, name) for name in shown} & same
        assert {tool.name for tool in row.history_tools} == shown


def test_no_instruction_occurs_twice_in_an_instance_or_in_two_splits(rows: Rows) -> None:
    final: defaultdict[str, set[str]] = defaultdict(set)
    past: defaultdict[str, set[str]] = defaultdict(set)
    for (_, split), part in rows.items():
        for row in part:
            instructions = [row.instruction, *(step.instruction for step in row.history)]
            assert len(set(instructions)) == len(instructions)
            final[split].add(row.instruction)
            past[split].update(step.instruction for step in row.history)
    assert not {text for part in final.values() for text in part} & {text for part in past.values() for text in part}
    for split in SPLITS:
        for other in SPLITS:
            assert split == other or not (final[split] | past[split]) & (final[other] | past[other])


def test_splits_share_no_user_query_group_or_provider(build: Built, rows: Rows) -> None:
    users = [{row.user_id for config in HISTORY_TYPES for row in rows[config, split]} for split in SPLITS]
    queries = [{row.query_group for config in HISTORY_TYPES for row in rows[config, split]} for split in SPLITS]
    providers = [{tool.provider for tool in read_tools(build.data, split)} for split in SPLITS]
    for train, validation, test in (users, queries, providers):
        assert not train & validation
        assert not train & test
        assert not validation & test


def test_a_query_group_has_the_same_instruction_and_candidates_in_all_configs(rows: Rows) -> None:
    for split in SPLITS:
        for group in query_groups(row for config in HISTORY_TYPES for row in rows[config, split]):
            assert len({row.user_id for row in group}) >= 2
            assert len({row.instruction for row in group}) == 1
            assert len({json.dumps([tool.name for tool in row.candidates]) for row in group}) == 1


def test_a_user_wants_the_same_tool_in_all_configs(rows: Rows) -> None:
    for split in PUBLIC:
        wanted = [[answer for _, answer in answered(rows[config, split])] for config in HISTORY_TYPES]
        assert wanted[0] == wanted[1] == wanted[2]


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_oracle_is_right_and_random_is_at_a_tenth(build: Built, rows: Rows, config: str) -> None:
    for split in PUBLIC:
        part = rows[config, split]
        scores = {}
        for model in ("oracle", "random"):
            predictor = open_predictor(f"baseline:{model}", build.data, config, split, seed=0)
            scores[model] = score_replies({row.instance_id: predictor.predict(row) for row in part}, part)
        assert scores["oracle"]["tool_accuracy"] >= 0.99
        assert scores["oracle"]["call_accuracy"] >= 0.99
        # 0.1 with four standard errors of a proportion
        assert abs(scores["random"]["tool_accuracy"] - 0.1) < 4 * (0.09 / len(part)) ** 0.5


def test_the_oracle_follows_the_history_of_another_user_of_the_query_group(build: Built, rows: Rows) -> None:
    predictor = open_predictor("baseline:oracle", build.data, "preferred_only", "validation", seed=0)
    different = 0
    for group in query_groups(rows["preferred_only", "validation"]):
        for row, other in pairwise(group):
            assert row.answer is not None
            assert other.answer is not None
            swapped = replace(row, history=other.history, history_tools=other.history_tools, meta=other.meta)
            assert json.loads(predictor.predict(swapped))["name"] == other.answer.name
            different += row.answer.name != other.answer.name
    assert different > 10


def test_facts_and_attributes_of_test_tools_are_private(build: Built) -> None:
    public = read_tools(build.data, "test")
    private = read_private_tools(build.answers)
    assert public == [replace(tool, facts=[]) for tool in private]
    assert all(tool.facts for tool in private if tool.functionality is not None)
    assert all(tool.facts for split in PUBLIC for tool in read_tools(build.data, split) if tool.functionality)


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_the_oracle_reads_the_test_split_with_its_answers_folder_only(build: Built, config: str) -> None:
    with pytest.raises(ConfigError, match=r"attributes of the test split's tools are private.*--answers"):
        open_predictor("baseline:oracle", build.data, config, "test", seed=0)
    predictor = open_predictor("baseline:oracle", build.data, config, "test", seed=0, answers=build.answers)
    keys = {key.instance_id: key for key in read_answers(build.answers, config)}
    rows = read_instances(build.data, config, "test")
    assert [json.loads(predictor.predict(row))["name"] for row in rows] == [
        keys[row.instance_id].answer.name for row in rows
    ]


def test_rows_of_the_test_split_have_no_answer_evidence_or_meta_except_their_length(build: Built, rows: Rows) -> None:
    for config in HISTORY_TYPES:
        public = {row.instance_id: row for row in rows[config, "test"]}
        assert {key.instance_id for key in read_answers(build.answers, config)} == set(public)
        for row in public.values():
            assert row.answer is None
            assert row.evidence == []
            assert row.meta is not None
            assert {name for name, value in to_dict(row.meta).items() if value is not None} == {"n_tokens"}
            assert (row.meta.n_tokens or 0) > 0


def test_answers_of_the_test_split_occur_nowhere_below_the_data_set(build: Built) -> None:
    secrets = {
        (key.answer.name, key.answer.arguments)
        for config in HISTORY_TYPES
        for key in read_answers(build.answers, config)
    }
    assert secrets
    for path in sorted(build.data.rglob("*.parquet")):
        assert not secrets & calls(pq.read_table(path)), path
    assert not [path for path in build.data.rglob("*") if "answer" in path.name.lower()]
    for path in [*build.data.glob("*.md"), *build.data.glob("*.json")]:
        text = path.read_text()
        assert not [arguments for _, arguments in secrets if arguments in text]


def calls(table: pa.Table) -> set[tuple[str, str]]:
    """Return every pair of name and arguments in a table, at any depth."""
    found: set[tuple[str, str]] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("name") and value.get("arguments"):
                found.add((value["name"], value["arguments"]))
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(table.to_pylist())
    return found


def test_ids_and_positions_do_not_give_the_answer(rows: Rows) -> None:
    """The first user of a query group wants any of the tools that do the job, whatever their names and places."""
    places, ranks = [], []
    for group in query_groups(rows["preferred_only", "train"] + rows["preferred_only", "validation"]):
        row = group[0]
        assert row.answer is not None
        assert row.meta is not None
        places.append([tool.name for tool in row.candidates].index(row.answer.name))
        ranks.append(sorted(row.meta.same_function or []).index(row.answer.name))
    assert len(places) > 12
    assert len(set(places)) > 3
    assert len(set(ranks)) > 2
    assert max(map(ranks.count, ranks)) < 0.7 * len(ranks)
