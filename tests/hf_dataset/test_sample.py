"""The sample beside the code is what the builder makes today, is small, tells no answers, and loads as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder import pipeline
from builder.catalogue.sources import open_source
from builder.config import PRESETS, BuildConfig
from hf_dataset.card import stale_pages
from hf_dataset.schema import HISTORY_TYPES, ROWS
from hf_dataset.verify import check_folder
from tests.conftest import silent
from tests.environments import VERSIONS, load, offline, rows_of, rows_of_files

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hf_dataset"
CODE = {".py", ".pyc"}
LARGEST = 1_000_000
"""Bytes of the sample in all."""
MEND = "the sample in hf_dataset/ is not what the builder makes today: run make sample"


def files(folder: Path) -> dict[str, bytes]:
    """The files of a data set, without the code that may lie beside them."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes() for name, path in found.items() if path.suffix not in CODE and name != "REVISIONS.md"
    }


def test_the_sample_is_what_the_builder_makes(tmp_path: Path) -> None:
    pipeline.build(open_source("builtin"), BuildConfig(seed=1, users=PRESETS["sample"]), tmp_path / "made", silent)
    made, kept = files(tmp_path / "made"), files(SAMPLE)
    assert sorted(made) == sorted(kept), MEND
    assert [name for name in made if made[name] != kept[name]] == [], MEND


def test_the_pages_of_the_sample_are_what_template_and_data_make() -> None:
    assert stale_pages(SAMPLE) == [], MEND


def test_the_sample_is_whole_and_holds_no_answers_of_test() -> None:
    assert check_folder(SAMPLE) == []
    assert not [name for name in files(SAMPLE) if "answers" in name]
    assert not list(ROOT.glob("*-private"))


def test_the_sample_is_small() -> None:
    assert sum(map(len, files(SAMPLE).values())) < LARGEST


def test_no_script_would_be_run_in_place_of_the_data() -> None:
    assert not (SAMPLE / "hf_dataset.py").exists()
    assert not (SAMPLE / "petoolbench.py").exists()


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_the_folder_of_a_clone_loads(version: str, tmp_path: Path) -> None:
    asked = [*({"path": "hf_dataset", "name": name} for name in ROWS), {"path": "hf_dataset"}]
    told = load(version, asked, offline(tmp_path), ROOT)
    names = [*ROWS, HISTORY_TYPES[0]]
    assert list(map(rows_of, told)) == [rows_of_files(SAMPLE, name) for name in names]
