"""Time and memory of builds, each in a process of its own. Run by hand; the results go to docs/benchmarks.md.

.venv/bin/python benchmarks/build.py builtin:300 builtin:3000 toolbench:PATH:300
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from builder import pipeline
from builder.catalogue.sources import open_source
from builder.config import load_config


def measure(catalog: str, users: int) -> tuple[float, float, int]:
    """Seconds, peak memory in MiB and instances of one build."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        report = pipeline.build(
            open_source(catalog), load_config(None, users=users, seed=7), Path(folder) / "out", lambda *_: None
        )
        seconds = time.perf_counter() - start
    rows = sum(sum(splits.values()) for name, splits in report.manifest["rows"].items() if name != "tools")
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows


def main() -> None:
    """Measure each build that the command line names, `CATALOG:USERS`."""
    table = Table("catalogue", "users", "instances", "seconds", "peak MiB")
    for spec in sys.argv[1:]:
        catalog, _, users = spec.rpartition(":")
        read, write = os.pipe()
        if os.fork() == 0:
            seconds, peak, rows = measure(catalog, int(users))
            os.write(write, f"{rows} {seconds:.1f} {peak:.0f}".encode())
            os._exit(0)
        os.close(write)
        os.wait()
        rows_text, seconds_text, peak_text = os.read(read, 1000).decode().split()
        table.add_row(catalog.partition(":")[0], users, rows_text, seconds_text, peak_text)
    Console().print(table)


main()
