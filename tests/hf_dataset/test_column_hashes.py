"""Tests of `column_hashes`: exact comparison of values across files, also if hashes collide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hf_dataset import column_hashes
from hf_dataset.column_hashes import Column, Values
from hf_dataset.schema import Instance, ToolDoc, arrow_schema, to_dict

from .test_schema import ROW


def write(path: Path, *ids: str, provider: str = "p") -> Path:
    rows = [replace(ROW, instance_id=name, candidates=[ToolDoc("t", provider, "d", "", "{}")] * 2) for name in ids]
    pq.write_table(pa.Table.from_pylist(list(map(to_dict, rows)), schema=arrow_schema(Instance)), path)
    return path


@pytest.fixture(params=[hash, len], ids=["usual hash", "colliding hash"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(column_hashes, "_hash", request.param)
    return tmp_path


def ids(*files: Path) -> Values:
    return Values.of(Column(files, Instance, "instance_id"))


def test_values_of_two_columns_are_compared_as_texts(folder: Path) -> None:
    first = ids(write(folder / "1", "a", "c"), write(folder / "2", "b"))
    second = ids(write(folder / "3", "d", "c", "b", "e"))
    assert first.in_common(second) == second.in_common(first) == ["b", "c"]
    assert first.in_common(ids(write(folder / "4", "x", "y"))) == []
    assert first.in_common(ids()) == []


def test_duplicates_are_found_across_files(folder: Path) -> None:
    assert ids(write(folder / "1", "a", "b"), write(folder / "2", "c", "b")).twice() == ["b"]
    assert ids(write(folder / "3", "a", "b")).twice() == []


def test_texts_in_lists_are_compared(folder: Path) -> None:
    def providers(name: str, provider: str) -> Values:
        return Values.of(Column([write(folder / name, "a", provider=provider)], Instance, "candidates", "provider"))

    assert providers("1", "p").in_common(providers("2", "p")) == ["p"]
    assert providers("3", "p").in_common(providers("4", "q")) == []
