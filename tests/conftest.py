"""Shared fixtures: small builds, and the folder of real data."""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar
from unittest import mock

import pytest
from filelock import FileLock
from hypothesis import settings

from builder import pipeline
from builder.catalogue.sources import ReadySource, Source, open_source
from builder.config import BuildConfig, UserConfig, load_config
from petoolbench.cli import demo
from tests.commands import Done, run
from tests.fakes.attribute_catalogue.source import AttributeCatalogue

pytest_plugins = ["tests.browser"]

settings.register_profile("default", deadline=None)  # the first draw of a place name reads a file
settings.load_profile("default")
gc.set_threshold(100_000, 50, 100)  # The heap holds what all tests of a worker share; each collection visits it.

Made = TypeVar("Made")
SMALL = BuildConfig(seed=5, users=UserConfig(count=120, train=0.4, validation=0.3, test=0.3))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are cores, because tests of pages, servers and killed processes wait."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


class Built(NamedTuple):
    """A finished build: folder of the data set, folder of its private answers, and the result of the build."""

    data: Path
    answers: Path
    report: pipeline.BuildResult


def silent(stage: str, done: int, total: int) -> None:
    """Progress callback that does nothing."""


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Made]) -> tuple[Path, Made]:
    """Make files in a folder, once for all workers of pytest-xdist, whose folders have one parent.

    Returns:
        The folder, and the result of `make`.
    """
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    result = folder / "result"
    with FileLock(f"{folder}.lock"):
        if not result.exists():  # it is written last
            folder.mkdir(exist_ok=True)
            result.write_bytes(pickle.dumps(make(folder)))
    return folder, pickle.loads(result.read_bytes())  # noqa: S301 - our own file


def small_build(factory: pytest.TempPathFactory, name: str, source: Source | ReadySource) -> Built:
    folder, report = made_once(factory, name, lambda folder: pipeline.build(source, SMALL, folder / "small", silent))
    return Built(folder / "small", folder / "small-private", report)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Small build of the built-in catalogue. Tests must not modify it."""
    return small_build(tmp_path_factory, "built", open_source("builtin"))


@pytest.fixture(scope="session")
def attribute_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Small build of a catalogue of tools with attributes. Tests must not modify it."""
    return small_build(tmp_path_factory, "attribute-built", AttributeCatalogue())


class Demo(NamedTuple):
    """Result of `petoolbench demo`: folder of its data set, and its output."""

    data: Path
    output: Done


@pytest.fixture(scope="session")
def sample_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Demo with the settings of the sample in `hf_dataset/`. Tests must not modify its data set."""

    def make(folder: Path) -> Done:
        with mock.patch.object(demo, "DEMO", load_config(None, preset="sample", seed=1)):
            return run("demo", "-o", "demo", cwd=folder)

    folder, output = made_once(tmp_path_factory, "sample-demo", make)
    return Demo(folder / "demo", output)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data, from PETOOLBENCH_REAL_DATA. Skips the test if the variable is not set."""
    folder = os.environ.get("PETOOLBENCH_REAL_DATA")
    if not folder:
        pytest.skip("PETOOLBENCH_REAL_DATA is not set")
    return Path(folder)
