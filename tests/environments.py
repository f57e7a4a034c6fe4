"""The versions of datasets that the data set promises to load in, and what each of them loads.

The newest is the one that runs the tests. PETOOLBENCH_PYTHONS names a Python for each older one:
"2.21=PATH 3.6=PATH 4.8=PATH", as `make test-matrix` sets it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import pytest

from hf_dataset.layout import split_file, splits_of

WITH_SCRIPTS: Final = ("2.21", "3.6")
"""Versions that load scripts from the Hub."""
OLDER: Final = (*WITH_SCRIPTS, "4.8")
NEWEST: Final = "5"
VERSIONS: Final = (*OLDER, NEWEST)

Told = dict[str, Any]
"""For each split, the number of rows, the SHA-256 of them as JSON, and the features; or under "error" its name and text."""

LOAD = """
import datasets, hashlib, importlib, json, sys

def told(rows):
    listed = list(rows)
    text = json.dumps(listed, sort_keys=True)
    return [len(listed), hashlib.sha256(text.encode()).hexdigest(), str(rows.features)]

def by_class(path, output, **options):
    spec = importlib.util.spec_from_file_location("loading_script", path)
    module = sys.modules["loading_script"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    builder = module.PEToolBench(**options)
    if output == "streaming":
        return builder.as_streaming_dataset()
    builder.download_and_prepare()
    return builder.as_dataset()

datasets.config.USE_PARQUET_EXPORT = False  # version 2 would ask a server that the test Hub has not
version, *asked = sys.argv[1:]
assert datasets.__version__.startswith(version + "."), datasets.__version__
for ask in map(json.loads, asked):
    try:
        loaded = by_class(**ask) if "output" in ask else datasets.load_dataset(**ask)
        splits = loaded if isinstance(loaded, dict) else {ask["split"]: loaded}
        answer = {split: told(rows) for split, rows in splits.items()}
    except Exception as error:
        answer = {"error": [type(error).__name__, str(error)]}
    print("told", json.dumps(answer))
"""


def python_with(version: str) -> str:
    """The Python that has a version of datasets; skips the test where none is named."""
    if version == NEWEST:
        return sys.executable
    named = dict(pair.split("=", 1) for pair in os.environ.get("PETOOLBENCH_PYTHONS", "").split())
    if version not in named:
        pytest.skip(f"PETOOLBENCH_PYTHONS names no Python with datasets {version}; `make test-matrix` sets it")
    return named[version]


def load(version: str, asked: Iterable[dict[str, Any]], environment: Mapping[str, str], folder: Path) -> list[Told]:
    """What a version of datasets loads, in a process of its own.

    Args:
        version: One of `VERSIONS`.
        asked: For each, the arguments of load_dataset; or `path` of the loading script, `output` (`"files"` or
            `"streaming"`) and the arguments of its class.
        environment: The variables of the process.
        folder: Where it runs.
    """
    command = [python_with(version), "-c", LOAD, version, *map(json.dumps, asked)]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line.removeprefix("told ")) for line in done.stdout.splitlines() if line.startswith("told ")]


def offline(home: Path) -> dict[str, str]:
    """The environment of a process that has an empty cache and asks no Hub."""
    return {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def rows_of(told: Told) -> Told:
    """What was told but for the features, which versions write in different ways."""
    return {split: answer[:2] for split, answer in told.items()}


def rows_of_files(data: Path, config: str) -> Told:
    """What `rows_of` should be, from the files of a config."""
    told = {}
    for split in splits_of(config):
        rows = pq.read_table(data / split_file(config, split)).to_pylist()
        told[split] = [len(rows), hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()]
    return told
