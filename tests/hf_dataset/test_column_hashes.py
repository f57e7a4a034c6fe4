"""Values are told apart and found again in whichever file they stand, though only hashes of them are held."""

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


def written(path: Path, *ids: str, provider: str = "p") -> Path:
    rows = [replace(ROW, instance_id=one, candidates=[ToolDoc("t", provider, "d", "{}")] * 2) for one in ids]
    pq.write_table(pa.Table.from_pylist(list(map(to_dict, rows)), schema=arrow_schema(Instance)), path)
    return path


@pytest.fixture(params=[hash, len], ids=["as it is", "with hashes that collide"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(column_hashes, "_hash", request.param)
    return tmp_path


def ids(*files: Path) -> Values:
    return Values.of(Column(files, Instance, "instance_id"))


def test_values_of_two_columns_are_compared_as_texts(folder: Path) -> None:
    one = ids(written(folder / "1", "a", "c"), written(folder / "2", "b"))
    other = ids(written(folder / "3", "d", "c", "b", "e"))
    assert one.in_common(other) == other.in_common(one) == ["b", "c"]
    assert one.in_common(ids(written(folder / "4", "x", "y"))) == []
    assert one.in_common(ids()) == []


def test_what_comes_twice_is_found_across_files(folder: Path) -> None:
    assert ids(written(folder / "1", "a", "b"), written(folder / "2", "c", "b")).twice() == ["b"]
    assert ids(written(folder / "3", "a", "b")).twice() == []


def test_texts_in_lists_are_values_too(folder: Path) -> None:
    def providers(name: str, provider: str) -> Values:
        return Values.of(Column([written(folder / name, "a", provider=provider)], Instance, "candidates", "provider"))

    assert providers("1", "p").in_common(providers("2", "p")) == ["p"]
    assert providers("3", "p").in_common(providers("4", "q")) == []
