"""Export of the training data as JSON lines for TRL and LLaMA-Factory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import datasets
import pytest

from builder.errors import ConfigError, OutputError
from builder.training.training_export import export_training
from hf_dataset.errors import ReadError
from hf_dataset.schema import DpoRow, SftRow, to_dict

from .helpers import TRAIN, plain


def test_the_trl_export_contains_the_rows_unchanged(
    data: Path, tmp_path: Path, sft: list[SftRow], dpo: list[DpoRow]
) -> None:
    assert export_training(data, tmp_path / "out", "trl") == {"sft.jsonl": 3 * TRAIN, "dpo.jsonl": 3 * TRAIN}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["dpo.jsonl", "sft.jsonl"]
    for name, rows in (("sft", sft), ("dpo", dpo)):
        lines = (tmp_path / "out" / f"{name}.jsonl").read_bytes().decode().removesuffix("\n").split("\n")
        assert [json.loads(line) for line in lines] == [to_dict(row) for row in rows]
        loaded = datasets.load_dataset(
            "json", data_files=str(tmp_path / "out" / f"{name}.jsonl"), split="train", cache_dir=str(tmp_path / "cache")
        )
        assert loaded[0] == to_dict(rows[0])


def check_sharegpt(row: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Check a row against its entry of `dataset_info.json`."""
    tags, columns = about["tags"], about["columns"]
    roles = [message[tags["role_tag"]] for message in row[columns["messages"]]]
    assert roles[:2] == [tags["system_tag"], tags["user_tag"]]
    if about.get("ranking"):
        assert len(roles) == 2
        for column in ("chosen", "rejected"):
            assert row[columns[column]][tags["role_tag"]] == tags["assistant_tag"]
    else:
        assert roles[2:] == [tags["assistant_tag"]]


def test_the_llama_factory_export_has_the_documented_format(
    data: Path, tmp_path: Path, sft: list[SftRow], dpo: list[DpoRow]
) -> None:
    """LLaMA-Factory expects OpenAI's role names; in a ranking, each reply is a message and the prompt ends with the user's."""
    out = tmp_path / "out"
    export_training(data, out, "llama-factory")
    info = json.loads((out / "dataset_info.json").read_text())
    assert info.keys() == {"petoolbench_sft", "petoolbench_dpo"}
    for about in info.values():
        assert about["formatting"] == "sharegpt"
        rows = [json.loads(line) for line in (out / about["file_name"]).read_text().splitlines()]
        assert len(rows) == 3 * TRAIN
        for row in rows:
            check_sharegpt(row, about)
    first_dpo = json.loads((out / "dpo.jsonl").read_text().splitlines()[0])
    assert first_dpo["rejected"]["content"] == dpo[0].rejected[0].content
    first_sft = json.loads((out / "sft.jsonl").read_text().splitlines()[0])
    assert first_sft["messages"] == plain(sft[0].messages)


def test_a_failed_export_leaves_no_files(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Unknown format 'alpaca'\. Available formats: trl, llama-factory"):
        export_training(data, tmp_path / "out", "alpaca")
    (tmp_path / "sft").mkdir()
    (tmp_path / "sft" / "train.parquet").write_bytes((data / "sft" / "train.parquet").read_bytes())
    with pytest.raises(ReadError, match=r"holds no dpo/train\.parquet"):
        export_training(tmp_path, tmp_path / "out", "trl")
    assert [path.name for path in tmp_path.iterdir()] == ["sft"]
    with pytest.raises(OutputError, match="exists already"):
        export_training(data, tmp_path / "sft", "trl")
    with pytest.raises(OutputError, match="cannot be created"):
        export_training(data, tmp_path / "sft" / "train.parquet" / "out", "trl")


def test_two_exports_have_the_same_bytes(data: Path, tmp_path: Path) -> None:
    for fmt in ("trl", "llama-factory"):
        for name in ("first", "second"):
            export_training(data, tmp_path / fmt / name, fmt)
        for path in (tmp_path / fmt / "first").iterdir():
            assert path.read_bytes() == (tmp_path / fmt / "second" / path.name).read_bytes()
