"""Tests of the sample in `hf_dataset/`: it is up to date and small, contains no test answers, and can be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_dataset.card import stale_pages
from hf_dataset.schema import HISTORY_TYPES, ROWS
from hf_dataset.verify import check_folder
from tests.conftest import Demo
from tests.environments import VERSIONS, load, offline, rows_of, rows_of_files

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hf_dataset"
CODE = {".py", ".pyc"}
MAX_BYTES = 1_000_000
"""Maximum size of the sample."""
STALE = "the sample in hf_dataset/ is out of date: run make sample"


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a data set, without the code in the same folder."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes()
        for name, path in paths.items()
        if path.suffix not in CODE and name != "REVISIONS.md" and not name.startswith("prompts/")
    }


def test_the_sample_is_up_to_date(sample_demo: Demo) -> None:
    assert sample_demo.output.returncode == 0, sample_demo.output.stderr
    built, sample = files(sample_demo.data), files(SAMPLE)
    assert sorted(built) == sorted(sample), STALE
    assert [name for name in built if built[name] != sample[name]] == [], STALE


def test_the_pages_of_the_sample_are_up_to_date() -> None:
    assert stale_pages(SAMPLE) == [], STALE


def test_the_sample_is_complete_and_contains_no_test_answers() -> None:
    assert check_folder(SAMPLE) == []
    assert not [name for name in files(SAMPLE) if "answers" in name]
    assert not list(ROOT.glob("*-private"))


def test_the_sample_is_small() -> None:
    assert sum(map(len, files(SAMPLE).values())) < MAX_BYTES


def test_the_sample_has_no_file_that_datasets_takes_for_a_loading_script() -> None:
    assert not (SAMPLE / "hf_dataset.py").exists()
    assert not (SAMPLE / "petoolbench.py").exists()


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_the_folder_of_a_clone_can_be_loaded(version: str, tmp_path: Path) -> None:
    calls = [*({"path": "hf_dataset", "name": name} for name in ROWS), {"path": "hf_dataset"}]
    loaded = load(version, calls, offline(tmp_path), ROOT)
    names = [*ROWS, HISTORY_TYPES[0]]
    assert list(map(rows_of, loaded)) == [rows_of_files(SAMPLE, name) for name in names]
