"""Tests that `load_dataset` of every supported version of `datasets` returns the rows of the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hf_dataset.layout import splits_of
from hf_dataset.schema import HISTORY_TYPES, ROWS
from tests.conftest import Built
from tests.environments import VERSIONS, Told, load, offline, rows_of, rows_of_files
from tests.fakes.hub.server import HubServer

REPO = "org/petoolbench"


def calls(path: str) -> list[dict[str, Any]]:
    """Return arguments of `load_dataset`: each config, complete, streamed, and by split; then the default config."""
    arguments: list[dict[str, Any]] = []
    for name in ROWS:
        arguments += [{"path": path, "name": name}, {"path": path, "name": name, "streaming": True}]
        arguments += [{"path": path, "name": name, "split": split} for split in splits_of(name)]
    return [*arguments, {"path": path}]


def expected(data: Path) -> list[Told]:
    """Return the rows that each of the calls must return."""
    results = []
    for name in ROWS:
        rows = rows_of_files(data, name)
        results += [rows, rows, *({split: rows[split]} for split in splits_of(name))]
    return [*results, rows_of_files(data, HISTORY_TYPES[0])]


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_load_from_the_folder(version: str, built: Built, tmp_path: Path) -> None:
    loaded = load(version, calls(str(built.data)), offline(tmp_path), tmp_path)
    assert list(map(rows_of, loaded)) == expected(built.data)


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_load_from_the_hub(version: str, built: Built, tmp_path: Path) -> None:
    with HubServer() as hub:
        hub.create("datasets", REPO)
        files = {path.relative_to(built.data).as_posix(): path for path in built.data.rglob("*") if path.is_file()}
        hub.commit("datasets", REPO, {name: path.read_bytes() for name, path in files.items()})
        loaded = load(version, calls(REPO), hub.environment(tmp_path), tmp_path)
    assert list(map(rows_of, loaded)) == expected(built.data)
