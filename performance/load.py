"""Time of loading a data set from a local folder with `load_dataset`, compared with a plain Parquet read.

`load_dataset` is measured with an empty cache and again with a warm one.

python -m performance load OUT
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .results_table import Row

_WAYS = {
    "pyarrow.parquet.read_table": """
import pyarrow.dataset  # read_table imports it on the first call
import pyarrow.parquet as pq
start = time.perf_counter()
rows = sum(pq.read_table(path).num_rows for path in sorted(Path(folder, config).glob("*.parquet")))
""",
    "load_dataset": """
from datasets import disable_progress_bars, load_dataset
disable_progress_bars()
start = time.perf_counter()
rows = sum(len(split) for split in load_dataset(folder, config).values())
""",
    "load_dataset(streaming=True)": """
from datasets import load_dataset
start = time.perf_counter()
rows = sum(1 for split in load_dataset(folder, config, streaming=True).values() for _ in split)
""",
}
_FRAME = """
import json, resource, sys, time
from pathlib import Path
folder, config = sys.argv[1:]
{way}
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, rows, peak]))
"""


def measured(way: str, folder: Path, config: str, home: str) -> tuple[float, int, float]:
    """Load a config in a new process.

    Args:
        way: A key of the loading programs, such as "load_dataset".
        folder: Folder of the data set.
        config: Config to load.
        home: Cache folder of the Hugging Face libraries.

    Returns:
        Seconds without the imports, number of rows, and peak memory in MiB.
    """
    environment = {**os.environ, "HF_HOME": home, "HF_HUB_OFFLINE": "1"}
    program = [sys.executable, "-c", _FRAME.format(way=_WAYS[way]), str(folder), config]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    seconds, rows, peak = json.loads(done.stdout.splitlines()[-1])
    return seconds, rows, peak


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("folder", type=Path, help="folder of the data set")
    parser.add_argument(
        "--configs", nargs="+", default=["preferred_only", "chronological", "dpo"], help="configs to load"
    )


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure each way to load each config, compared with the plain read of its files."""
    for config in given.configs:
        with tempfile.TemporaryDirectory() as home:
            yield from _measure_config(given.folder, config, home)


def _measure_config(folder: Path, config: str, home: str) -> Iterator[Row]:
    plain = 0.0
    for way, note in [*((way, "") for way in _WAYS), ("load_dataset", ", again")]:
        # A second run of load_dataset would find a warm cache.
        repeats = 1 if way == "load_dataset" else 3
        seconds, rows, peak = min(measured(way, folder, config, home) for _ in range(repeats))
        comparison = f"{seconds / plain:.1f} times the plain read" if plain else ""
        plain = plain or seconds
        yield Row(f"load {config}: `{way}`{note}", f"{rows:,} rows", f"{seconds:.2f} s", peak, comparison)
