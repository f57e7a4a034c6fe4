"""Import of released files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import datasets
import pytest

from builder.errors import ConfigError, DataError, HubError, OutputError
from builder.predictors.open_predictor import BASELINE_MODELS, open_predictor
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_instances, read_tools
from hf_dataset.schema import HISTORY_TYPES
from hf_dataset.verify import check_folder
from petoolbench.hub.push import plan_data
from petoolbench.original.findings import examine_config
from petoolbench.original.importer import Unparsed, import_original
from petoolbench.original.released_rows import (
    number_of,
    released_history,
)
from tests.conftest import silent

from .conftest import ROWS, imported
from .released import name, row, write


def test_an_import_is_a_data_set(data: Path) -> None:
    assert check_folder(data) == []
    manifest = read_manifest(data)
    assert manifest.counts == {
        "rows_read": 4,
        "rows_imported": 4,
        "rows_not_parsed": 0,
        "rows_with_entry_id": 4,
        "rows_whose_prompts_come_back": 4,
    }
    for config in HISTORY_TYPES:
        splits = datasets.load_dataset(str(data), config, cache_dir=str(data.parent / "cache"))
        assert {split: len(rows) for split, rows in splits.items()} == {"validation": 4}
        assert splits["validation"][2]["instruction"] == "Weather in Pori?"


def test_an_import_has_a_catalogue(data: Path) -> None:
    tools = {doc.name: doc for doc in read_tools(data, "validation")}
    assert tools[name("Nimbus")].functionality == "func-7"
    assert tools[name("Nimbus")].description == f"Description of {name('Nimbus')}."
    assert tools[name("Nimbus", "Forecast")].functionality is None
    assert not any(doc.facts for doc in tools.values())


def test_json_lists_json_lines_and_gzip_give_the_same_rows(tmp_path: Path) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in ROWS) + "\n\n", encoding="utf-8")
    packed = tmp_path / "rows.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(ROWS).encode()))
    histories = []
    for path in (lines, packed):
        out = tmp_path / f"out-{path.name}"
        import_original([path], out, silent)
        histories.append(
            [released_history(instance) for instance in read_instances(out, "chronological", "validation")]
        )
    assert histories[0] == histories[1]


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        out = imported(folder)
        contents.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]


def test_files_of_both_forms_are_imported_together(tmp_path: Path) -> None:
    files = [write(tmp_path / "early.json", ROWS[:2]), write(tmp_path / "late.json", [row(1, early=False), ROWS[1]])]
    done = import_original(files, tmp_path / "out", silent)
    assert done.unparsed == (Unparsed("late.json", 2, "the entry_id 102 occurs twice"),)
    rows = read_instances(tmp_path / "out", "preferred_only", "validation")
    assert [number_of(instance) for instance in rows] == [1, 2, 3]
    assert [instance.user_id for instance in rows] == ["entry-101", "entry-102", "row-000003"]
    result = examine_config("preferred_only", rows)
    assert {figure.rows for figure in result.within} == {2}
    assert all(figure.bound is None for figure in result.over_all)
    assert all(figure.bound is not None for figure in result.within)


def test_a_line_of_invalid_json_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row(1)) + "\n{broken\n", encoding="utf-8")
    done = import_original([path], tmp_path / "out", silent)
    (unparsed,) = done.unparsed
    assert (unparsed.row, unparsed.reason.partition(" (")[0]) == (2, "the line is not valid JSON")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04...", "is a zip archive. Unpack it"),
        (b"[1, ", "cannot be read as JSON"),
        (b"\xff\xfe", "cannot be read as JSON"),
        (b"\x1f\x8b broken", "cannot be read"),
        (b"", "No row of rows could be parsed. Expected released rows"),
        (b'{"query": 1}', "No row of rows could be parsed; the first: it lacks"),
    ],
)
def test_a_file_without_rows_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(content)
    with pytest.raises(DataError, match=message):
        import_original([tmp_path / "rows"], tmp_path / "out", silent)
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]


def test_an_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    out = imported(tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        import_original([tmp_path / "rows.json"], out, silent)
    with pytest.raises(DataError, match="cannot be read"):
        import_original([tmp_path / "other.json"], tmp_path / "new", silent)


@pytest.mark.parametrize("model", BASELINE_MODELS)
def test_baselines_work_or_report_missing_facts(data: Path, model: str) -> None:
    if model.removeprefix("baseline:") in ("oracle", "counter", "linear", "program", "regression"):
        with pytest.raises(ConfigError, match=r"but this baseline needs them\. Use one of baseline:random"):
            open_predictor(model, data, "chronological", "validation", 0)
        return
    predictor = open_predictor(model, data, "chronological", "validation", 0)
    for instance in read_instances(data, "chronological", "validation"):
        assert json.loads(predictor.predict(instance))["name"] in [doc.name for doc in instance.candidates]


def test_an_import_is_not_pushed(data: Path) -> None:
    with pytest.raises(HubError, match="is an import of the earlier benchmark"):
        plan_data(data, "somebody/something", None)
