"""Time and memory of auditing and verifying a data set, compared with only reading its files.

python -m performance audit OUT --answers OUT-private
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from builder.audit.run_audit import audit
from builder.build_manifest import file_hashes
from builder.embedding import SentenceEncoder
from builder.progress import no_progress
from hf_dataset.manifest import read_manifest
from hf_dataset.schema import HISTORY_TYPES
from hf_dataset.verify import check_folder

from .processes import Cost
from .processes import measure as cost_of
from .results_table import Row


def read_files(data: Path) -> None:
    """Read every Parquet file of a data set, one row group at a time."""
    for path in sorted(data.rglob("*.parquet")):
        for group in range((file := pq.ParquetFile(path)).num_row_groups):
            file.read_row_group(group)


def verify(data: Path) -> None:
    """Verify a data set.

    Raises:
        SystemExit: If a check fails, with the problems as its message.
    """
    if problems := check_folder(data):
        raise SystemExit("\n".join(problems))


def audit_all(data: Path, answers: Path | None) -> None:
    """Audit a data set.

    Args:
        data: Folder of the data set.
        answers: Folder of its private answers, if they are to be audited too.

    Raises:
        SystemExit: If a gate or check fails, with the failures as its message.
    """
    if failed := audit(data, answers, read_manifest(data), SentenceEncoder(), no_progress).failed:
        raise SystemExit("\n".join(failed))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("folder", type=Path, help="folder of the data set")
    parser.add_argument("--answers", type=Path, help="folder of its private answers")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure verification and audit, each with its lower bound: hashing and reading the files."""
    manifest = read_manifest(given.folder)
    rows = sum(number for splits in manifest.rows.values() for number in splits.values())
    instances = sum(number for name in HISTORY_TYPES for number in manifest.rows[name].values())
    (_, hashing), (_, cost) = cost_of(file_hashes, given.folder), cost_of(verify, given.folder)
    yield _row("verify", f"{rows:,} rows", cost, "hashing the files", hashing)
    (_, reading), (_, cost) = cost_of(read_files, given.folder), cost_of(audit_all, given.folder, given.answers)
    yield _row("audit", f"{instances:,} instances", cost, "reading the files", reading)


def _row(what: str, of: str, cost: Cost, baseline: str, least: Cost) -> Row:
    comparison = f"{baseline}: {least.seconds:.1f} s, {least.peak_mib:,.0f} MiB, start of a process included in both"
    return Row(what, of, f"{cost.seconds:.1f} s", cost.peak_mib, comparison)
