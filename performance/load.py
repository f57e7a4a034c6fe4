"""Loading a data set from a local folder: `load_dataset` with an empty cache and a warm one, beside a plain read.

python -m benchmarks load OUT
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
import pyarrow.dataset  # which read_table imports when it is first called
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
    """Seconds without imports, rows, and peak MiB of a process of its own."""
    environment = {**os.environ, "HF_HOME": home, "HF_HUB_OFFLINE": "1"}
    program = [sys.executable, "-c", _FRAME.format(way=_WAYS[way]), str(folder), config]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    seconds, rows, peak = json.loads(done.stdout.splitlines()[-1])
    return seconds, rows, peak


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("folder", type=Path)
    parser.add_argument("--configs", nargs="+", default=["preferred_only", "chronological", "dpo"])


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Each way to read each config, beside the plain read of its files."""
    for config in given.configs:
        with tempfile.TemporaryDirectory() as home:
            plain = 0.0
            for way, note in [*((way, "") for way in _WAYS), ("load_dataset", ", again")]:
                runs = [measured(way, given.folder, config, home) for _ in range(1 if way == "load_dataset" else 3)]
                seconds, rows, peak = min(runs)
                beside = f"{seconds / plain:.1f} times the plain read" if plain else ""
                plain = plain or seconds
                yield Row(f"load {config}: `{way}`{note}", f"{rows:,} rows", f"{seconds:.2f} s", peak, beside)
