"""Notebooks of the tutorials: they run from top to bottom on small data, and their stored outputs are of this version."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from docs.notebooks import FOLDER, code_cells, main, notebooks, run, store
from tests.conftest import Built

NAMES = [path.stem for path in notebooks()]
TRAINING = find_spec("trl") is not None


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    """Copy of the folder of the tutorials."""
    return shutil.copytree(FOLDER, tmp_path / "docs" / "tutorials")


def stored(name: str) -> list[str]:
    """Return the stored output of each code cell."""
    cells = code_cells(json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")))
    return ["".join(text for output in cell["outputs"] for text in output["text"]) for cell in cells]


def small(name: str, built: Built, tmp_path: Path) -> dict[str, Any]:
    """Return parameters with which a notebook takes seconds."""
    parameters: dict[str, dict[str, Any]] = {
        "score-my-model": {"DATA": str(built.data)},
        "build-from-my-tools": {"FOLDER": str(tmp_path / "mine"), "USERS": 90},
        "train-on-it": {"DATA": str(built.data), "OUT": str(tmp_path / "lesson")},
    }
    return parameters[name]


@pytest.mark.skipif(TRAINING, reason="the extra `training` is installed: the lesson would train")
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_on_small_data(name: str, built: Built, lessons: Path, tmp_path: Path) -> None:
    outputs, expected = run(lessons / f"{name}.ipynb", small(name, built, tmp_path)), stored(name)
    assert [bool(output) for output in outputs] == [bool(output) for output in expected]
    text = "\n".join(outputs)
    shared = {
        "score-my-model": ["ParseFailure(reason='no_json_object')", "call the correct tool on the same instances"],
        "build-from-my-tools": ["entry not a function (1)", "is intact", "baseline:oracle"],
        "train-on-it": ["['instance_id', 'config', 'query_group', 'messages']", "The notebook stops here."],
    }[name]
    assert not [part for part in shared if part not in text or part not in "\n".join(expected)]


@pytest.mark.parametrize("name", NAMES)
def test_every_code_cell_was_run_in_order(name: str) -> None:
    cells = code_cells(json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")))
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), "run: make notebooks"


def write(path: Path, *sources: str) -> Path:
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "id": "title", "metadata": {}, "source": ["# Title\n"]}]
    for number, source in enumerate(sources):
        tags = {"tags": ["parameters"]} if number == 0 else {}
        cells.append({"cell_type": "code", "id": f"c{number}", "metadata": tags, "source": [source], "outputs": []})
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_a_parameter_replaces_the_value_of_its_cell(tmp_path: Path) -> None:
    path = write(tmp_path / "n.ipynb", "A = 1\nB = A + 1", "print(A, B)")
    assert run(path) == ["", "1 2\n"]
    assert run(path, {"B": 5}) == ["", "1 5\n"]
    with pytest.raises(ValueError, match="n, code cell 1: no parameter 'C'"):
        run(path, {"C": 5})


def test_a_value_that_jupyter_would_show_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="code cell 2: print the value of the last line"):
        run(write(tmp_path / "n.ipynb", "A = 1", "A"))


def test_outputs_are_stored_in_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "n.ipynb", "A = 1", "print(A)\nprint('b')")
    monkeypatch.setattr("docs.notebooks.FOLDER", tmp_path)
    assert main([]) == 0
    first, second = code_cells(json.loads(path.read_text()))
    assert first["outputs"] == []
    assert second["outputs"] == [{"name": "stdout", "output_type": "stream", "text": ["1\n", "b\n"]}]
    store(path, ["", ""])
    assert code_cells(json.loads(path.read_text()))[1]["outputs"] == []
