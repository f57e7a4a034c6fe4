"""Tests of `verify`: every change of a data set is reported."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hf_dataset.errors import ReadError
from hf_dataset.layout import CANARY, MANIFEST, split_file
from hf_dataset.verify import check_folder
from tests.conftest import Built

Rows = list[dict[str, Any]]


@pytest.fixture
def data(built: Built, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.data, tmp_path / "data"))


def update_manifest(data: Path, name: str) -> None:
    """Update the size and hash of a file in the manifest."""
    manifest = json.loads((data / MANIFEST).read_text())
    content = (data / name).read_bytes()
    manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (data / MANIFEST).write_text(json.dumps(manifest))


def rewrite(data: Path, name: str, change: Callable[[Rows], object]) -> None:
    """Change the rows of a file, and update the manifest."""
    table = pq.read_table(data / name)
    rows: Rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), data / name)
    update_manifest(data, name)


def test_a_build_has_no_problems(data: Path) -> None:
    assert check_folder(data) == []


def test_missing_changed_and_unknown_files_are_reported(data: Path) -> None:
    (data / "tools" / "train.parquet").unlink()
    (data / "README.md").write_text("other")
    shutil.copy(data / "tools" / "test.parquet", data / "tools" / "more.parquet")
    assert check_folder(data) == [
        "README.md differs from the file that was built",
        "tools/train.parquet is missing",
        f"tools/more.parquet is not in {MANIFEST}",
    ]


TEST, VALIDATION = split_file("chronological", "test"), split_file("chronological", "validation")


def add_answer(rows: Rows) -> None:
    rows[3]["answer"] = {"name": rows[3]["candidates"][0]["name"], "arguments": "{}"}


def add_meta(rows: Rows) -> None:
    rows[3]["meta"]["same_function"] = [rows[3]["candidates"][0]["name"]]


def add_evidence(rows: Rows) -> None:
    rows[3]["evidence"] = [0]


def add_wanted(rows: Rows) -> None:
    rows[3]["meta"]["wanted"] = [{"axis": "region", "bound": "EU", "direction": None, "weight": None}]


def add_concerns(rows: Rows) -> None:
    rows[3]["meta"]["step_concerns"] = [0] * len(rows[3]["history"])


def add_facts(rows: Rows) -> None:
    rows[0]["facts"] = [{"axis": "pricing", "value": "free", "unit": "", "stated": "free"}]


@pytest.mark.parametrize("change", [add_answer, add_meta, add_wanted, add_concerns, add_evidence])
def test_an_answer_in_the_test_split_is_reported(data: Path, change: Callable[[Rows], object]) -> None:
    rewrite(data, TEST, change)
    (problem,) = check_folder(data)
    assert problem.startswith("chronological: the test split contains the answer of 'chronological-")


def test_facts_of_test_tools_are_reported(data: Path) -> None:
    rewrite(data, split_file("tools", "test"), add_facts)
    assert check_folder(data) == ["tools: the test split contains facts of tools, which reveal its answers"]


@pytest.mark.parametrize(
    ("column", "kind"), [("instance_id", "instances"), ("user_id", "users"), ("query_group", "query groups")]
)
def test_values_in_two_splits_are_reported(data: Path, column: str, kind: str) -> None:
    other = pq.read_table(data / VALIDATION).to_pylist()[0]

    def change(rows: Rows) -> None:
        rows[0][column] = other[column]

    rewrite(data, TEST, change)
    assert check_folder(data) == [f"chronological: 1 {kind} are in both validation and test, such as {other[column]!r}"]


def test_a_duplicate_instance_is_reported(data: Path) -> None:
    def change(rows: Rows) -> None:
        rows[-1]["instance_id"] = rows[0]["instance_id"]

    rewrite(data, VALIDATION, change)
    (problem,) = check_folder(data)
    assert problem.startswith("chronological: 1 instances occur more than once in validation, such as 'chronological-")


def test_training_data_of_another_split_are_reported(data: Path) -> None:
    other = pq.read_table(data / VALIDATION).to_pylist()[0]["query_group"]

    def change(rows: Rows) -> None:
        rows[0]["query_group"] = other

    rewrite(data, split_file("dpo", "train"), change)
    assert check_folder(data) == [f"dpo: it contains query groups of validation, such as {other!r}"]


def test_a_provider_in_two_splits_is_reported(data: Path) -> None:
    other = pq.read_table(data / VALIDATION).to_pylist()[0]["candidates"][0]["provider"]

    def change(rows: Rows) -> None:
        rows[0]["candidates"][0]["provider"] = other

    rewrite(data, TEST, change)
    assert check_folder(data) == [f"chronological: 1 providers are in both validation and test, such as {other!r}"]
    manifest = json.loads((data / MANIFEST).read_text())
    manifest["counts"]["providers_in_several_splits"] = 1
    (data / MANIFEST).write_text(json.dumps(manifest))
    assert check_folder(data) == []


def test_wrong_numbers_of_rows_and_wrong_columns_are_reported(data: Path) -> None:
    rewrite(data, TEST, lambda rows: rows.pop())
    number = pq.ParquetFile(data / TEST).metadata.num_rows
    assert check_folder(data) == [f"{TEST} has {number} rows, but {MANIFEST} lists {number + 1}"]
    pq.write_table(pq.read_table(data / VALIDATION).drop(["category"]), data / VALIDATION)
    update_manifest(data, VALIDATION)
    assert f"{VALIDATION} does not have the columns of chronological" in check_folder(data)


def test_a_card_without_the_canary_is_reported(data: Path) -> None:
    path = data / "README.md"
    path.write_text(path.read_text().replace(CANARY, ""))
    update_manifest(data, "README.md")
    assert check_folder(data) == ["README.md lacks the canary"]


def test_data_of_an_earlier_format_are_refused(data: Path) -> None:
    path = data / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 1}))
    with pytest.raises(
        ReadError, match=r"has data format 1; this version reads format 2\. Build the data set again, or"
    ):
        check_folder(data)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="holds no manifest"):
        check_folder(tmp_path)
