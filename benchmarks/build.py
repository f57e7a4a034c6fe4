"""Time and memory of builds, each in a process of its own. Run by hand; the results go to docs/benchmarks.md.

.venv/bin/python -m benchmarks.build builtin:1000 builtin:10000 toolbench:PATH:300
.venv/bin/python -m benchmarks.build builtin:40000 --engine local ray --workers 1 2
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.table import Table

from builder import pipeline
from builder.catalogue.sources import open_source
from builder.config import PARTITION_USERS, BuildConfig, load_config
from builder.engines.choice import ENGINES, Crew
from builder.manifest import file_hashes

from .processes import measure


@dataclass(frozen=True, slots=True)
class Spec:
    """A build to measure."""

    catalog: str
    config: BuildConfig
    crew: Crew
    audited: bool
    said: Path
    """Where the build leaves eight digits of the hash of all its files."""


def build(spec: Spec) -> None:
    """Build, and throw away what was built."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        source = open_source(spec.catalog)
        pipeline.build(source, spec.config, out, lambda *_: None, audited=spec.audited, crew=spec.crew)
        hashes = {path: facts["sha256"] for path, facts in file_hashes(Path(folder)).items()}
        spec.said.write_text(hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:8])


def main() -> None:
    """Measure each build that the command line names, `CATALOG:USERS`, with each engine and number of workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("builds", nargs="+", metavar="CATALOG:USERS")
    parser.add_argument("--engine", nargs="+", choices=ENGINES, default=["local"])
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--partition", type=int, default=PARTITION_USERS, help="users of a partition")
    parser.add_argument("--config", type=Path, help="TOML file with other dials")
    parser.add_argument("--no-audit", dest="audited", action="store_false")
    given = parser.parse_args()
    table = Table("catalogue", "users", "engine", "workers", "seconds", "CPU ms a user", "peak MiB", "files")
    for build_of, engine, workers in product(given.builds, given.engine, given.workers):
        catalog, _, users = build_of.rpartition(":")
        config = load_config(given.config, users=int(users), seed=7)
        config = config.model_copy(update={"users": config.users.model_copy(update={"partition": given.partition})})
        with tempfile.NamedTemporaryFile() as said:
            spec = Spec(catalog, config, Crew(engine, workers), given.audited, Path(said.name))
            cost = measure(build, spec)
            each = 1000 * cost.cpu_seconds / int(users)
            measured = (f"{cost.seconds:.1f}", f"{each:.1f}", f"{cost.peak_mib:.0f}", spec.said.read_text())
        table.add_row(catalog.partition(":")[0], f"{int(users):,}", engine, str(workers), *measured)
    Console().print(table)


if __name__ == "__main__":
    main()
