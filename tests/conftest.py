"""Shared fixtures: small builds, and the folder of real data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from builder import pipeline
from builder.catalogue.sources import open_source
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


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Small build of the built-in catalogue. Tests must not modify it."""
    out = tmp_path_factory.mktemp("built") / "small"
    report = pipeline.build(open_source("builtin"), SMALL, out, silent)
    return Built(out, out.with_name("small-private"), report)


@pytest.fixture(scope="session")
def attribute_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Small build of a catalogue of tools with attributes. Tests must not modify it."""
    out = tmp_path_factory.mktemp("attribute-built") / "small"
    report = pipeline.build(AttributeCatalogue(), SMALL, out, silent)
    return Built(out, out.with_name("small-private"), report)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data, from PETOOLBENCH_REAL_DATA. Skips the test if the variable is not set."""
    folder = os.environ.get("PETOOLBENCH_REAL_DATA")
    if not folder:
        pytest.skip("PETOOLBENCH_REAL_DATA is not set")
    return Path(folder)
