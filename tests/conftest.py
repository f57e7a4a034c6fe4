"""Shared fixtures: small builds, and the folder of real data."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock
from hypothesis import settings

from builder import pipeline
from builder.catalogue.sources import ReadySource, Source, open_source
from builder.config import BuildConfig, UserConfig
from tests.fakes.attribute_catalogue.source import AttributeCatalogue

pytest_plugins = ["tests.browser"]

settings.register_profile("default", deadline=None)  # the first draw of a place name reads a file
settings.load_profile("default")

SMALL = BuildConfig(seed=5, users=UserConfig(count=120, train=0.4, validation=0.3, test=0.3))


class Built(NamedTuple):
    """A finished build: folder of the data set, folder of its private answers, and the result of the build."""

    data: Path
    answers: Path
    report: pipeline.BuildResult


def silent(stage: str, done: int, total: int) -> None:
    """Progress callback that does nothing."""


def built_once(factory: pytest.TempPathFactory, name: str, source: Source | ReadySource) -> Built:
    """Build a catalogue as `SMALL` says, once for all workers of pytest-xdist, which share a parent folder."""
    base = factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    result = home / "result"
    with FileLock(f"{home}.lock"):
        if not result.exists():  # it is written last
            report = pipeline.build(source, SMALL, home / "small", silent)
            result.write_bytes(pickle.dumps(report))
    return Built(home / "small", home / "small-private", pickle.loads(result.read_bytes()))  # noqa: S301 - our own file


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Small build of the built-in catalogue. Tests must not modify it."""
    return built_once(tmp_path_factory, "built", open_source("builtin"))


@pytest.fixture(scope="session")
def attribute_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Small build of a catalogue of tools with attributes. Tests must not modify it."""
    return built_once(tmp_path_factory, "attribute-built", AttributeCatalogue())


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data, from PETOOLBENCH_REAL_DATA. Skips the test if the variable is not set."""
    folder = os.environ.get("PETOOLBENCH_REAL_DATA")
    if not folder:
        pytest.skip("PETOOLBENCH_REAL_DATA is not set")
    return Path(folder)
