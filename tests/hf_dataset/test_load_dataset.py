"""`load_dataset` gives the same rows in every version of datasets, and they are the rows of the files."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hf_dataset.layout import SPLITS
from hf_dataset.reader import read_instances, read_tools
from hf_dataset.schema import HISTORY_TYPES, ROWS, to_dict
from tests.conftest import Built

LOAD = """
import hashlib, json, sys
import datasets
from datasets import load_dataset
folder, version, names = sys.argv[1], sys.argv[2], sys.argv[3:]
assert datasets.__version__.startswith(version), datasets.__version__
for name in names:
    loaded = load_dataset(folder, *([name] if name != "default" else []))
    for split, rows in loaded.items():
        text = json.dumps(list(rows), sort_keys=True)
        print("row", name, split, len(rows), hashlib.sha256(text.encode()).hexdigest())
"""


def digest(rows: list[Any]) -> str:
    return hashlib.sha256(json.dumps([to_dict(row) for row in rows], sort_keys=True).encode()).hexdigest()


def expected(data: Path) -> set[str]:
    lines = set()
    for name in ROWS:
        for split in SPLITS:
            rows: list[Any] = read_tools(data, split) if name == "tools" else read_instances(data, name, split)
            lines.add(f"row {name} {split} {len(rows)} {digest(rows)}")
            if name == HISTORY_TYPES[0]:
                lines.add(f"row default {split} {len(rows)} {digest(rows)}")
    return lines


def loaded(python: str, version: str, data: Path, home: Path) -> set[str]:
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [python, "-c", LOAD, str(data), version, "default", *ROWS],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
    )
    assert done.returncode == 0, done.stderr
    return {line for line in done.stdout.splitlines() if line.startswith("row ")}


def test_the_newest_datasets_gives_the_rows_of_the_files(built: Built, tmp_path: Path) -> None:
    assert loaded(sys.executable, "5.", built.data, tmp_path) == expected(built.data)


@pytest.mark.matrix
def test_the_oldest_datasets_gives_the_same_rows(built: Built, tmp_path: Path) -> None:
    python = os.environ.get("PETOOLBENCH_OLD_PYTHON")
    if not python:
        pytest.skip("PETOOLBENCH_OLD_PYTHON names no Python with datasets 2.21; `make test` sets it")
    assert loaded(python, "2.21", built.data, tmp_path) == expected(built.data)
