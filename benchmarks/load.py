"""Loading a data set from a local folder: `load_dataset` with an empty cache and a warm one, beside a plain read.

.venv/bin/python benchmarks/load.py OUT; results go to docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

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
    "load_dataset, streaming, every row": """
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


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--configs", nargs="+", default=["preferred_only", "chronological", "tools"])
    options = parser.parse_args()
    table = Table("config", "how", "rows", "seconds", "rows/s", "times the plain read", "peak MiB")
    for config in options.configs:
        with tempfile.TemporaryDirectory() as home:
            plain = 0.0
            for way, note in [*((way, "") for way in _WAYS), ("load_dataset", ", again")]:
                runs = [measured(way, options.folder, config, home) for _ in range(1 if way == "load_dataset" else 3)]
                seconds, rows, peak = min(runs)
                plain = plain or seconds
                table.add_row(
                    config, way + note, f"{rows:,}", f"{seconds:.2f}", f"{rows / seconds:,.0f}",
                    f"{seconds / plain:.1f}", f"{peak:.0f}",
                )  # fmt: skip
    Console(width=160).print(table)


main()
