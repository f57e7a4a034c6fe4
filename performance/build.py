"""Time and memory of builds, each in its own process.

python -m performance build builtin:1000 builtin:10000 toolbench:PATH:300
python -m performance build builtin:40000 --engine local ray --workers 1 2
python -m performance build builtin:100000 builtin:1000000 --workers 2 --no-audit --config performance/short.toml
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
from builder.build_manifest import file_hashes
from builder.catalogue.sources import open_source
from builder.config import BuildConfig, load_config
from builder.execution.executors import EXECUTORS, Executor
from builder.presets import PARTITION_USERS
from builder.progress import no_progress

from .processes import Cost
from .processes import measure as cost_of
from .results_table import Row

_SPEED_UP: Final = "1.7 times as quick"
"""Target for two workers compared with one, on a long build."""
_GROWTH: Final = "1.2 times the seconds, 1.2 times the memory"
"""Target for a larger build: seconds per user and peak memory, compared with the first build."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A build to measure."""

    catalog: str
    config: BuildConfig
    executor: Executor
    audited: bool


def build(spec: Spec) -> str:
    """Build a data set in a temporary folder.

    Returns:
        The first eight hex digits of a hash over all its files, to compare builds.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        source = open_source(spec.catalog)
        pipeline.build(source, spec.config, out, no_progress, audited=spec.audited, executor=spec.executor)
        hashes = {path: record.sha256 for path, record in file_hashes(Path(folder)).items()}
        return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:8]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("builds", nargs="+", metavar="CATALOG:USERS", help="catalogue and number of users of a build")
    parser.add_argument("--engine", nargs="+", choices=EXECUTORS, default=["local"], help="executors to compare")
    parser.add_argument("--workers", type=int, nargs="+", default=[1], help="numbers of workers to compare")
    parser.add_argument("--partition", type=int, default=PARTITION_USERS, help="users per partition")
    parser.add_argument("--config", type=Path, help="TOML file with other build settings")
    parser.add_argument("--no-audit", dest="audited", action="store_false", help="skip the audit")


@dataclass(frozen=True, slots=True)
class Found:
    """Cost and output of one build."""

    users: int
    workers: int
    cost: Cost
    files: str
    """Hash of all its files."""

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds per user."""
        return 1000 * self.cost.cpu_seconds / self.users


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure each build with each executor and number of workers, and compare all with the first one."""
    first: Found | None = None
    by_build: dict[str, Found] = {}
    for build_name, engine, workers in product(given.builds, given.engine, given.workers):
        catalog, _, users = build_name.rpartition(":")
        config = load_config(given.config, users=int(users), seed=7)
        config = config.model_copy(update={"users": config.users.model_copy(update={"partition": given.partition})})
        files, cost = cost_of(build, Spec(catalog, config, Executor(engine, workers), given.audited))
        result = Found(int(users), workers, cost, files)
        first = first or result
        reference = by_build.setdefault(build_name, result)
        yield Row(
            f"build: {_title(catalog, engine, workers, given)}",
            f"{result.users:,} users",
            f"{cost.seconds:,.1f} s, {result.cpu_ms:.1f} ms of CPU a user",
            cost.peak_mib,
            "; ".join(_comparisons(result, first, reference)),
            _target(result, first, reference, engine),
        )


def _title(catalog: str, engine: str, workers: int, options: argparse.Namespace) -> str:
    """Return the description of a build: its catalogue, executor, workers and all settings that are not the default."""
    parts = [catalog.partition(":")[0], engine, f"{workers} worker{'s' * (workers > 1)}"]
    parts += [options.config.stem] if options.config else []
    parts += ["audited"] if options.audited else []
    parts += [f"partitions of {options.partition:,}"] if options.partition != PARTITION_USERS else []
    return ", ".join(parts)


def _target(result: Found, first: Found, reference: Found, engine: str) -> str:
    if (engine, result.workers, reference.workers) == ("local", 2, 1):
        return _SPEED_UP
    return _GROWTH if result is not first and result is reference else ""


def _comparisons(result: Found, first: Found, reference: Found) -> Iterator[str]:
    """Compare a build with the first build of all, and with the first build of the same catalogue and users."""
    if result.users != first.users and result.workers == first.workers:
        share = result.cost.seconds / result.users / (first.cost.seconds / first.users)
        yield f"{share:.2f} times the seconds a user of {first.users:,}"
        yield f"{result.cost.peak_mib / first.cost.peak_mib:.2f} times its memory"
    if result is not reference:
        yield f"{reference.cost.seconds / result.cost.seconds:.2f} times as quick as {reference.workers}"
        yield "the same files" if result.files == reference.files else "OTHER FILES"
