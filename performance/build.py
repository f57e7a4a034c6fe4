"""Time and memory of builds, each in a process of its own.

python -m benchmarks build builtin:1000 builtin:10000 toolbench:PATH:300
python -m benchmarks build builtin:40000 --engine local ray --workers 1 2
python -m benchmarks build builtin:100000 builtin:1000000 --workers 2 --no-audit --config performance/short.toml
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from builder import pipeline
from builder.catalogue.sources import open_source
from builder.config import PARTITION_USERS, BuildConfig, load_config
from builder.execution.executors import EXECUTORS, Executor
from builder.manifest import file_hashes

from .processes import Cost
from .processes import measure as cost_of
from .results_table import Row

_SPEED_UP: Final = "1.7 times as quick"
"""Of two workers, where a build is long."""
_GROWTH: Final = "1.2 times the seconds, 1.2 times the memory"
"""A user of a larger build beside one of the first."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A build to measure."""

    catalog: str
    config: BuildConfig
    executor: Executor
    audited: bool


def build(spec: Spec) -> str:
    """Build, and throw away what was built; eight digits of the hash of all its files."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        source = open_source(spec.catalog)
        pipeline.build(source, spec.config, out, lambda *_: None, audited=spec.audited, executor=spec.executor)
        hashes = {path: record.sha256 for path, record in file_hashes(Path(folder)).items()}
        return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:8]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("builds", nargs="+", metavar="CATALOG:USERS")
    parser.add_argument("--engine", nargs="+", choices=EXECUTORS, default=["local"])
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--partition", type=int, default=PARTITION_USERS, help="users of a partition")
    parser.add_argument("--config", type=Path, help="TOML file with other dials")
    parser.add_argument("--no-audit", dest="audited", action="store_false")


@dataclass(frozen=True, slots=True)
class Found:
    """What a build took."""

    users: int
    workers: int
    cost: Cost
    files: str

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds a user."""
        return 1000 * self.cost.cpu_seconds / self.users


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Each build, with each engine and number of workers; the first one is what the others are compared with."""
    first: Found | None = None
    alone: dict[str, Found] = {}
    for build_of, engine, workers in product(given.builds, given.engine, given.workers):
        catalog, _, users = build_of.rpartition(":")
        config = load_config(given.config, users=int(users), seed=7)
        config = config.model_copy(update={"users": config.users.model_copy(update={"partition": given.partition})})
        files, cost = cost_of(build, Spec(catalog, config, Executor(engine, workers), given.audited))
        found = Found(int(users), workers, cost, files)
        first = first or found
        one = alone.setdefault(build_of, found)
        name = [catalog.partition(":")[0], engine, f"{workers} worker{'s' * (workers > 1)}"]
        name += [given.config.stem] if given.config else []
        name += ["audited"] if given.audited else []
        name += [f"partitions of {given.partition:,}"] if given.partition != PARTITION_USERS else []
        yield Row(
            "build: " + ", ".join(name),
            f"{found.users:,} users",
            f"{cost.seconds:,.1f} s, {found.cpu_ms:.1f} ms of CPU a user",
            cost.peak_mib,
            "; ".join(_compared(found, first, one)),
            _SPEED_UP
            if (engine, workers, one.workers) == ("local", 2, 1)
            else _GROWTH
            if found is not first and found is one
            else "",
        )


def _compared(found: Found, first: Found, one: Found) -> Iterator[str]:
    """A build beside the first build, and beside the first of as many users."""
    if found.users != first.users and found.workers == first.workers:
        share = found.cost.seconds / found.users / (first.cost.seconds / first.users)
        yield f"{share:.2f} times the seconds a user of {first.users:,}"
        yield f"{found.cost.peak_mib / first.cost.peak_mib:.2f} times its memory"
    if found is not one:
        yield f"{one.cost.seconds / found.cost.seconds:.2f} times as quick as {one.workers}"
        yield "the same files" if found.files == one.files else "OTHER FILES"
