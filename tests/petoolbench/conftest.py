"""Fixtures of the tests of the Python API: the validation instances of one history type."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import datasets
import pytest

import petoolbench as pb
from tests.conftest import Built


@pytest.fixture(scope="session")
def core_folder(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy of the small build whose manifest names a core: every second query group of the test split."""
    folder = tmp_path_factory.mktemp("core") / "data"
    shutil.copytree(built.data, folder)
    groups = sorted({row.query_group for row in pb.load(folder, "chronological", "test")})
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text(encoding="utf-8")), "core": groups[::2]}))
    return folder


@pytest.fixture(scope="session")
def chronological(built: Built) -> pb.InstanceSet:
    """Instances of the small build, loaded from its folder."""
    return pb.load(built.data, "chronological")


@pytest.fixture(scope="session")
def chronological_rows(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same instances as a `datasets.Dataset`."""
    cache = str(tmp_path_factory.mktemp("datasets"))
    return datasets.load_dataset(str(built.data), "chronological", split="validation", cache_dir=cache)
