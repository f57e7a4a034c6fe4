"""Time and memory of builds, each in a process of its own. Run by hand; the results go to docs/benchmarks.md.

.venv/bin/python benchmarks/build.py builtin:1000 builtin:10000 toolbench:PATH:300
.venv/bin/python benchmarks/build.py builtin:1000 builtin:10000 --no-audit --workers 1 2 --partition 1000

The peak is that of the process plus, for each worker, that of the largest worker: no less than what was held at once.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from builder import pipeline
from builder.catalogue.sources import open_source
from builder.config import PARTITION_USERS, BuildConfig, UserConfig
from hf_dataset.schema import HISTORY_TYPES


class Spec(NamedTuple):
    """A build to measure."""

    catalog: str
    users: int
    workers: int
    partition: int
    audited: bool


class Cost(NamedTuple):
    """What a build took."""

    users: int
    seconds: float
    cpu_seconds: float
    """Of all its processes."""
    peak_mib: float


def measure(spec: Spec) -> Cost:
    """Build, and throw away what was built."""
    config = BuildConfig(seed=7, users=UserConfig(count=spec.users, partition=spec.partition))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        report = pipeline.build(
            open_source(spec.catalog),
            config,
            Path(folder) / "out",
            lambda *_: None,
            audited=spec.audited,
            workers=spec.workers,
        )
        seconds = time.perf_counter() - start
    own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime
    peak = own.ru_maxrss + (spec.workers * workers.ru_maxrss if spec.workers > 1 else 0)
    return Cost(sum(report.manifest["rows"][HISTORY_TYPES[0]].values()), seconds, cpu, peak / 1024)


def main() -> None:
    """Measure each build that the command line names, `CATALOG:USERS`, with each number of workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("builds", nargs="+", metavar="CATALOG:USERS")
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--partition", type=int, default=PARTITION_USERS, help="users of a partition")
    parser.add_argument("--no-audit", dest="audited", action="store_false")
    given = parser.parse_args()
    table = Table("catalogue", "users", "workers", "seconds", "ms a user", "CPU ms a user", "peak MiB")
    for build in given.builds:
        catalog, _, users = build.rpartition(":")
        for workers in given.workers:
            read, write = os.pipe()
            if os.fork() == 0:
                cost = measure(Spec(catalog, int(users), workers, given.partition, given.audited))
                each = [f"{1000 * spent / cost.users:.1f}" for spent in (cost.seconds, cost.cpu_seconds)]
                os.write(
                    write, " ".join([str(cost.users), f"{cost.seconds:.1f}", *each, f"{cost.peak_mib:.0f}"]).encode()
                )
                os._exit(0)
            os.close(write)
            os.wait()
            told = os.read(read, 1000).decode().split()
            table.add_row(catalog.partition(":")[0], told[0], str(workers), *told[1:])
    Console().print(table)


if __name__ == "__main__":  # workers import this module
    main()
