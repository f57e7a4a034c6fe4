"""Loading a data set with each supported version of `datasets`, in a separate process.

The newest version is installed with the tests. PETOOLBENCH_PYTHONS gives a Python interpreter for each older one:
"2.21=PATH 3.6=PATH 4.8=PATH". `make test-matrix` sets it.
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
"""Versions that can run loading scripts from the Hub."""
OLDER: Final = (*WITH_SCRIPTS, "4.8")
NEWEST: Final = "5"
VERSIONS: Final = (*OLDER, NEWEST)

Told = dict[str, Any]
"""Result of one load: `{split: [number of rows, SHA-256 of the rows as JSON, features]}` or `{"error": [name, text]}`."""

LOAD = """
import datasets, hashlib, importlib, json, sys

def summary(rows):
    rows_list = list(rows)
    text = json.dumps(rows_list, sort_keys=True)
    return [len(rows_list), hashlib.sha256(text.encode()).hexdigest(), str(rows.features)]

def by_class(path, output, **options):
    spec = importlib.util.spec_from_file_location("loading_script", path)
    module = sys.modules["loading_script"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    builder = module.PEToolBench(**options)
    if output == "streaming":
        return builder.as_streaming_dataset()
    builder.download_and_prepare()
    return builder.as_dataset()

datasets.config.USE_PARQUET_EXPORT = False  # the fake Hub does not have the server that version 2 asks for exports
version, *requests = sys.argv[1:]
assert datasets.__version__.startswith(version + "."), datasets.__version__
for request in map(json.loads, requests):
    try:
        loaded = by_class(**request) if "output" in request else datasets.load_dataset(**request)
        splits = loaded if isinstance(loaded, dict) else {request["split"]: loaded}
        result = {split: summary(rows) for split, rows in splits.items()}
    except Exception as error:
        result = {"error": [type(error).__name__, str(error)]}
    print("result", json.dumps(result))
"""


def python_with(version: str) -> str:
    """Return the Python interpreter with a version of `datasets`. Skip the test if none is configured."""
    if version == NEWEST:
        return sys.executable
    interpreters = dict(pair.split("=", 1) for pair in os.environ.get("PETOOLBENCH_PYTHONS", "").split())
    if version not in interpreters:
        pytest.skip(f"PETOOLBENCH_PYTHONS has no Python with datasets {version}; `make test-matrix` sets it")
    return interpreters[version]


def load(version: str, asked: Iterable[dict[str, Any]], environment: Mapping[str, str], folder: Path) -> list[Told]:
    """Load data sets with a version of `datasets`, in a new process.

    Args:
        version: One of `VERSIONS`.
        asked: For each load, the arguments of `load_dataset`; or to use the loading script directly, its `path`, an
            `output` ("files" or "streaming") and the arguments of its class.
        environment: Environment variables of the process.
        folder: Working directory of the process.

    Returns:
        The result of each load, in the same order.
    """
    command = [python_with(version), "-c", LOAD, version, *map(json.dumps, asked)]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    prefix = "result "
    return [json.loads(line.removeprefix(prefix)) for line in done.stdout.splitlines() if line.startswith(prefix)]


def offline(home: Path) -> dict[str, str]:
    """Return the environment variables of a process that has an empty cache and does not contact the Hub."""
    return {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def rows_of(told: Told) -> Told:
    """Return the result of a load without the features, whose text differs between versions."""
    return {split: summary[:2] for split, summary in told.items()}


def rows_of_files(data: Path, config: str) -> Told:
    """Return the expected value of `rows_of` for a config, read from its files with pyarrow."""
    expected = {}
    for split in splits_of(config):
        rows = pq.read_table(data / split_file(config, split)).to_pylist()
        expected[split] = [len(rows), hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()]
    return expected
