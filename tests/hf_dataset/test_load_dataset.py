"""`load_dataset` gives the same rows in every version of datasets, and they are the rows of the files."""

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


def asked(path: str) -> list[dict[str, Any]]:
    """Every config, whole, as a stream, and each of its splits; then the default one."""
    asks: list[dict[str, Any]] = []
    for name in ROWS:
        asks += [{"path": path, "name": name}, {"path": path, "name": name, "streaming": True}]
        asks += [{"path": path, "name": name, "split": split} for split in splits_of(name)]
    return [*asks, {"path": path}]


def expected(data: Path) -> list[Told]:
    """The rows for each of what is asked."""
    told = []
    for name in ROWS:
        rows = rows_of_files(data, name)
        told += [rows, rows, *({split: rows[split]} for split in splits_of(name))]
    return [*told, rows_of_files(data, HISTORY_TYPES[0])]


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_from_the_folder(version: str, built: Built, tmp_path: Path) -> None:
    told = load(version, asked(str(built.data)), offline(tmp_path), tmp_path)
    assert list(map(rows_of, told)) == expected(built.data)


@pytest.mark.matrix
@pytest.mark.parametrize("version", VERSIONS)
def test_from_the_hub(version: str, built: Built, tmp_path: Path) -> None:
    with HubServer() as hub:
        hub.create("datasets", REPO)
        files = {path.relative_to(built.data).as_posix(): path for path in built.data.rglob("*") if path.is_file()}
        hub.commit("datasets", REPO, {name: path.read_bytes() for name, path in files.items()})
        told = load(version, asked(REPO), hub.environment(tmp_path), tmp_path)
    assert list(map(rows_of, told)) == expected(built.data)
