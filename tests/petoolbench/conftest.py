"""Fixtures of the tests of the Python API: the validation instances of one history type."""

from __future__ import annotations

from typing import Any

import datasets
import pytest

import petoolbench as pb
from tests.conftest import Built


@pytest.fixture(scope="session")
def chronological(built: Built) -> pb.InstanceSet:
    """Instances of the small build, loaded from its folder."""
    return pb.load(built.data, "chronological")


@pytest.fixture(scope="session")
def chronological_rows(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same instances as a `datasets.Dataset`."""
    cache = str(tmp_path_factory.mktemp("datasets"))
    return datasets.load_dataset(str(built.data), "chronological", split="validation", cache_dir=cache)
