"""Tests of the schema, of its derived forms, and of reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest

from hf_dataset.card import front_matter
from hf_dataset.card_facts import read_build
from hf_dataset.errors import ReadError
from hf_dataset.reader import read_answers, read_instances, read_tools, read_training
from hf_dataset.schema import (
    HISTORY_TYPES,
    ROWS,
    AnswerKey,
    AnswerRow,
    DpoRow,
    Instance,
    InteractionRow,
    MetaRow,
    SftRow,
    ToolDoc,
    ToolRow,
    arrow_schema,
    feature_specs,
    to_dict,
)
from tests.conftest import Built
from tests.factories import listed_row

from .plain import from_dict, to_features

DOC = ToolDoc("t", "p", "d", "l", "{}")
ROW = Instance(
    instance_id="i",
    user_id="u",
    query_group="q",
    category="c",
    functionality="f",
    instruction="do it",
    today="2026-11-29",
    history=[InteractionRow("did it", "t", "{}", 1, ["s", "t"], "2026-11-01")],
    history_tools=[DOC],
    candidates=[DOC],
    answer=AnswerRow("t", "{}"),
    evidence=[0],
    meta=MetaRow(axes=["a"], drift_step=3, noise=0.5, distractor_level="random", n_tokens=9, same_function=["t"]),
)


def test_the_columns_of_an_instance_are_fixed() -> None:
    assert arrow_schema(Instance).names == [
        "instance_id", "user_id", "query_group", "category", "functionality", "instruction", "today",
        "history", "history_tools", "candidates", "answer", "evidence", "meta",
    ]  # fmt: skip
    assert [field.name for field in arrow_schema(Instance).field("history").type.value_type] == [
        "instruction", "name", "arguments", "rating", "offered", "date",
    ]  # fmt: skip
    wanted = [("axis", pa.string()), ("bound", pa.string()), ("direction", pa.string()), ("weight", pa.float32())]
    assert arrow_schema(Instance).field("meta").type == pa.struct(
        [
            ("axes", pa.list_(pa.string())),
            ("drift_step", pa.int32()),
            ("noise", pa.float32()),
            ("distractor_level", pa.string()),
            ("n_tokens", pa.int32()),
            ("same_function", pa.list_(pa.string())),
            ("kind", pa.string()),
            ("wanted", pa.list_(pa.struct(wanted))),
            ("concerns", pa.int32()),
            ("step_concerns", pa.list_(pa.int32())),
            ("evidence", pa.int32()),
            ("change", pa.string()),
            ("arguments", pa.list_(pa.string())),
        ]
    )
    assert arrow_schema(Instance).field("evidence").type == pa.list_(pa.int32())


@pytest.mark.parametrize("row", [Instance, ToolRow, AnswerKey, SftRow, DpoRow])
def test_the_features_of_the_card_match_the_rows(row: type) -> None:
    declared = datasets.Features._from_yaml_list(feature_specs(row))
    assert declared == to_features(row)
    assert declared.arrow_schema.remove_metadata().equals(arrow_schema(row))


@pytest.mark.parametrize(
    "row",
    [ROW, listed_row(), from_dict(Instance, to_dict(ROW) | {"answer": None, "meta": None, "evidence": []})],
)
def test_rows_are_unchanged_by_conversion_to_arrow(row: Instance) -> None:
    table = pa.Table.from_pylist([to_dict(row)], schema=arrow_schema(Instance))
    assert from_dict(Instance, table.to_pylist()[0]) == row


def test_the_card_lists_every_config_once_and_one_default(built: Built) -> None:
    head = front_matter(read_build(built.data, built.report.manifest))
    names = [config["config_name"] for config in head["configs"]]
    assert names == [*HISTORY_TYPES, "tools", "sft", "dpo"] == list(ROWS)
    assert [config["config_name"] for config in head["configs"] if config.get("default")] == ["preferred_only"]
    assert [info["config_name"] for info in head["dataset_info"]] == names


def test_the_card_states_the_number_of_rows(built: Built) -> None:
    assert "| `chronological` | 48 | 36 | 36 |" in (built.data / "README.md").read_text()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda data: read_instances(data, "tools", "train"),
            "Unknown config 'tools'. Configs of instances: preferred_only",
        ),
        (lambda data: read_instances(data, "chronological", "dev"), "Unknown split 'dev'. Splits: train"),
        (lambda data: read_tools(data, "dev"), "Unknown split 'dev'"),
        (
            lambda data: next(read_training(data, "ppo")),
            "Unknown config 'ppo'. Configs of training data: sft, dpo",
        ),
        (lambda data: next(read_training(data / "none", "sft")), "holds no sft/train.parquet"),
        (lambda data: read_instances(data / "none", "chronological", "train"), "not a complete PEToolBench folder"),
        (lambda data: read_answers(data, "chronological"), "holds no answers/chronological.parquet"),
    ],
)
def test_missing_data_is_named_in_the_error(built: Built, call: Any, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        call(built.data)


def test_a_malformed_file_is_named_in_the_error(built: Built, tmp_path: Path) -> None:
    folder = tmp_path / "chronological"
    folder.mkdir()
    (folder / "train.parquet").write_bytes(b"not parquet")
    with pytest.raises(ReadError, match="cannot be read as Parquet"):
        read_instances(tmp_path, "chronological", "train")
    good = (built.data / "chronological" / "train.parquet").read_bytes()
    (folder / "train.parquet").write_bytes(good[:1000] + b"\0" * 3000 + good[4000:])
    with pytest.raises(ReadError, match="cannot be read as Parquet"):
        read_instances(tmp_path, "chronological", "train")
    pa.parquet.write_table(pa.table({"a": [1]}), folder / "train.parquet")
    with pytest.raises(ReadError, match="made by another version of petoolbench"):
        read_instances(tmp_path, "chronological", "train")
    folder.rename(tmp_path / "sft")
    with pytest.raises(ReadError, match="made by another version of petoolbench"):
        next(read_training(tmp_path, "sft"))
    (tmp_path / "sft" / "train.parquet").write_bytes(b"not parquet")
    with pytest.raises(ReadError, match="cannot be read as Parquet"):
        next(read_training(tmp_path, "sft"))
