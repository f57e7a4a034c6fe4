"""Fixtures and helpers for tests of an import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hf_dataset.manifest import read_manifest
from petoolbench.original.findings import Findings, examine
from petoolbench.original.importer import import_original
from tests.commands import run
from tests.conftest import silent

from .released import PROVIDERS, row, write

ROWS = [
    row(1),
    row(2, wanted=PROVIDERS[2], rival=PROVIDERS[0], parameters={}),
    row(3, query="Weather in Pori?", parameters={"city": "Pori", "days": 2}, ascii_only=False),
    row(4, wanted=PROVIDERS[1], rival=PROVIDERS[0], query="Rain on Monday?"),
]


def imported(folder: Path, *rows: Any) -> Path:
    """Import rows, by default `ROWS`, and return the folder of the import."""
    import_original([write(folder / "rows.json", list(rows or ROWS))], folder / "out", silent)
    return folder / "out"


def examined(data: Path) -> Findings:
    """Audit an import."""
    return examine(data, read_manifest(data), silent)


def output(*arguments: str | Path, cwd: Path) -> str:
    """Run a command that must succeed, and return its output."""
    done = run(*arguments, cwd=cwd, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Import of `ROWS`; tests must not change it."""
    return imported(tmp_path_factory.mktemp("original"))
