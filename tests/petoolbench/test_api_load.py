"""Tests of `load` and `prompt`: instances in memory from every accepted source, and their official prompts."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import datasets
import jsonschema
import pytest

import petoolbench as pb
from builder.errors import ConfigError, DataError
from hf_dataset.errors import ReadError
from hf_dataset.prompting import messages_of
from hf_dataset.reader import read_answers
from hf_dataset.schema import HISTORY_TYPES
from tests.conftest import Built

Rows = list[dict[str, Any]]
FUNCTION_TOOL = {
    "type": "object",
    "required": ["type", "function"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "function"},
        "function": {
            "type": "object",
            "required": ["name", "description", "parameters"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"},
                "description": {"type": "string", "minLength": 1},
                "parameters": {
                    "type": "object",
                    "required": ["type", "properties"],
                    "properties": {"type": {"const": "object"}},
                },
            },
        },
    },
}
"""Function tool of the OpenAI API."""


def test_a_folder_a_dataset_and_dicts_give_the_same_instances(
    built: Built, chronological: pb.InstanceSet, chronological_rows: Any
) -> None:
    for folder in (built.data, str(built.data)):
        assert pb.load(folder, "chronological") == chronological
    given = {
        "Dataset": chronological_rows,
        "list of dicts": list(chronological_rows),
        "generator": (row for row in chronological_rows),
        "instances": list(chronological),
        "to_dict": chronological.to_dict(),
        "DataFrame": chronological.to_pandas().to_dict("records"),
        "mixed": [chronological[0], *chronological.to_dict()[1:]],
    }
    for name, rows in given.items():
        loaded = pb.load(rows)
        assert loaded.rows == chronological.rows, name
        assert (loaded.config, loaded.split, loaded.folder) == ("chronological", "validation", None)


def test_a_streamed_dataset_is_loaded(built: Built, chronological: pb.InstanceSet, tmp_path: Path) -> None:
    options: dict[str, Any] = {"split": "validation", "streaming": True, "cache_dir": str(tmp_path)}
    assert pb.load(datasets.load_dataset(str(built.data), "chronological", **options)).rows == chronological.rows


def test_an_instance_set_behaves_as_a_sequence(built: Built, chronological: pb.InstanceSet) -> None:
    part = chronological[2:5]
    assert isinstance(part, pb.InstanceSet)
    assert part.rows == chronological.rows[2:5]
    assert (part.config, part.split, part.folder) == ("chronological", "validation", built.data)
    assert part.manifest is chronological.manifest
    assert [*part] == [chronological[index] for index in (2, 3, 4)]
    assert chronological[-1] == chronological.rows[-1]
    assert chronological[3] in chronological
    assert repr(part) == f"InstanceSet(3 rows, config='chronological', split='validation', source={str(built.data)!r})"
    with pytest.raises(IndexError):
        chronological[len(chronological)]


def test_the_frame_has_the_columns_of_the_data_set(chronological: pb.InstanceSet, chronological_rows: Any) -> None:
    frame = chronological.to_pandas()
    assert list(frame.columns) == chronological_rows.column_names
    assert frame["instance_id"].tolist() == chronological_rows["instance_id"][:]
    assert list(chronological[:0].to_pandas().columns) == chronological_rows.column_names


def test_all_loads_the_three_history_types_in_order(built: Built, chronological: pb.InstanceSet) -> None:
    everything = pb.load(built.data, "all")
    assert (len(everything), everything.config) == (3 * len(chronological), "all")
    parts = everything.by_config()
    assert tuple(parts) == HISTORY_TYPES
    assert parts["chronological"] == chronological
    assert pb.load(built.data).config == "preferred_only"
    assert pb.load(everything.to_dict()).config == "all"


def test_answers_are_added_to_the_test_split(built: Built, tmp_path: Path) -> None:
    public = pb.load(built.data, "chronological", "test")
    assert {row.answer for row in public} == {None}
    keys = {key.instance_id: key for key in read_answers(built.answers, "chronological")}
    from_folder = pb.load(built.data, "chronological", "test", answers=built.answers)
    from_rows = pb.load(public.to_dict(), answers=str(built.answers))
    assert from_folder.rows == from_rows.rows
    assert (from_rows.split, from_rows.answers) == ("test", built.answers)
    for row in from_folder:
        assert (row.answer, row.meta) == (keys[row.instance_id].answer, keys[row.instance_id].meta)
    assert pb.load(public.to_dict()[:3], answers=built.answers).rows == from_folder.rows[:3]
    with pytest.raises(ReadError, match="is not a folder of answers"):
        pb.load(built.data, "chronological", "test", answers=tmp_path)


def test_answers_are_ignored_in_other_splits(built: Built, chronological: pb.InstanceSet) -> None:
    assert pb.load(built.data, "chronological", answers=built.answers).rows == chronological.rows


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"config": "chrono"}, "Invalid value 'chrono' for config. Allowed values: preferred_only, .*, all"),
        ({"config": "tools"}, "Invalid value 'tools' for config"),
        ({"split": "dev"}, "Invalid value 'dev' for split. Allowed values: train, validation, test"),
        ({"revision": "v1"}, "is a folder, which has no revisions"),
    ],
)
def test_wrong_options_are_refused(built: Built, options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pb.load(built.data, **options)


def test_a_folder_that_is_not_a_data_set_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ReadError, match=r"holds no manifest.json"):
            pb.load(folder)


def without(rows: Rows, column: str) -> Rows:
    return [{name: value for name, value in row.items() if name != column} for row in rows]


def changed(rows: Rows, **values: Any) -> Rows:
    return [*rows[:-1], {**rows[-1], **values}]


WRONG_ROWS: dict[str, tuple[Any, str]] = {
    "no rows": (lambda _: [], "There are no rows"),
    "a missing column": (
        lambda rows: without(rows, "history"),
        "lacks the column 'history'. Required columns: instance",
    ),
    "text instead of rows": (lambda _: ["a", "b"], "A row is of type str"),
    "one row": (lambda rows: rows[0], r"The rows are of type dict. Pass the rows of one split"),
    "columns": (lambda rows: datasets.Dataset.from_list(rows)[:2], r"select\(range\(5\)\) instead of \[:5\]"),
    "all splits": (lambda rows: datasets.DatasetDict(train=datasets.Dataset.from_list(rows)), "of type DatasetDict"),
    "None": (lambda _: None, "cannot be loaded from an object of type NoneType"),
    "another type": (lambda rows: changed(rows, history="x"), "cannot be read as instances"),
    "a number as id": (lambda rows: changed(rows, instance_id=3), "cannot be read as instances"),
    "no id": (lambda rows: changed(rows, instance_id=None), "no value in the column 'instance_id'"),
    "no candidates": (lambda rows: changed(rows, candidates=None), "no value in the column 'candidates'"),
    "a candidate without parameters": (
        lambda rows: changed(rows, candidates=[{"name": "a"}]),
        "no value in the column 'candidates.provider'",
    ),
    "a row twice": (lambda rows: [*rows, rows[0]], "occurs 2 times"),
}


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_wrong_rows_are_refused_in_a_sentence(name: str, chronological: pb.InstanceSet) -> None:
    make, message = WRONG_ROWS[name]
    with pytest.raises(DataError, match=message):
        pb.load(make(chronological[:3].to_dict()))


def test_rows_must_be_of_the_config_and_split_that_are_given(built: Built, chronological: pb.InstanceSet) -> None:
    rows = chronological.to_dict()
    assert pb.load(rows, "chronological", "validation").rows == chronological.rows
    with pytest.raises(DataError, match="The rows are of chronological, not of 'preferred_only'"):
        pb.load(rows, "preferred_only")
    with pytest.raises(DataError, match="The rows are of the split 'validation', not of 'test'"):
        pb.load(rows, split="test")
    with pytest.raises(DataError, match="The rows are of several splits: train, validation"):
        pb.load([*rows, *pb.load(built.data, "chronological", "train")])
    with pytest.raises(ConfigError, match="Rows have no revision"):
        pb.load(rows, revision="v1")
    with pytest.raises(ReadError, match="'x-1' does not begin with its config"):
        pb.load(changed(rows, instance_id="x-1"))


@pytest.mark.parametrize("mode", ["prompt", "tools"])
@pytest.mark.parametrize("docs", ["full", "names"])
def test_a_prompt_is_the_official_one_for_every_form_of_a_row(
    chronological: pb.InstanceSet, chronological_rows: Any, mode: Any, docs: Any
) -> None:
    for instance, row in zip(chronological[:4], chronological_rows, strict=False):
        messages = pb.prompt(instance, mode=mode, docs=docs)
        assert messages == messages_of(instance, mode=mode, docs=docs)
        from_dict = pb.prompt(row, mode=mode, docs=docs)
        assert (from_dict, from_dict.tools, from_dict.tool_names) == (messages, messages.tools, messages.tool_names)
        assert [message["role"] for message in json.loads(json.dumps(messages))] == ["system", "user"]


def test_a_prompt_does_not_use_the_answer(chronological: pb.InstanceSet) -> None:
    row = chronological.to_dict()[0]
    assert pb.prompt({name: row[name] for name in row if name not in ("answer", "evidence", "meta")}) == pb.prompt(row)


def test_a_prompt_for_native_calling_holds_the_candidates_as_functions(chronological: pb.InstanceSet) -> None:
    for row in chronological:
        messages = pb.prompt(row, mode="tools")
        jsonschema.validate(messages.tools, {"type": "array", "items": FUNCTION_TOOL, "minItems": 1})
        names = [tool["function"]["name"] for tool in messages.tools]
        assert len(set(names)) == len(names)
        assert [messages.tool_names[name] for name in names] == [tool.name for tool in row.candidates]
        for tool, candidate in zip(messages.tools, row.candidates, strict=True):
            jsonschema.Draft202012Validator.check_schema(tool["function"]["parameters"])
            assert tool["function"]["parameters"] == json.loads(candidate.parameters)
            assert candidate.description in tool["function"]["description"]
        assert row.candidates[0].description not in messages[1]["content"]
    plain = pb.prompt(chronological[0])
    assert (plain.tools, plain.tool_names) == ([], {})


def test_a_prompt_can_be_copied(chronological: pb.InstanceSet) -> None:
    messages = pb.prompt(chronological[0], mode="tools")
    for other in (copy.copy(messages), copy.deepcopy(messages), pickle.loads(pickle.dumps(messages))):  # noqa: S301
        assert (other, other.tools, other.tool_names) == (messages, messages.tools, messages.tool_names)


def test_wrong_prompt_options_are_refused(chronological: pb.InstanceSet) -> None:
    with pytest.raises(ConfigError, match=r"Invalid value 'native' for mode\. Allowed values: prompt, tools"):
        pb.prompt(chronological[0], mode="native")
    with pytest.raises(ConfigError, match=r"Invalid value 'none' for docs\. Allowed values: full, names"):
        pb.prompt(chronological[0], docs="none")
    with pytest.raises(DataError, match="lacks the column 'user_id'"):
        pb.prompt({"instance_id": "chronological-1"})
    row: Any = chronological
    with pytest.raises(DataError, match="A row is of type InstanceSet"):
        pb.prompt(row)
