"""Auditing and verifying a built data set, beside reading its files.

python -m benchmarks audit OUT --answers OUT-private
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from builder.audit.run_audit import audit
from builder.embedding import SentenceEncoder
from builder.manifest import file_hashes
from hf_dataset.manifest import read_manifest
from hf_dataset.schema import HISTORY_TYPES
from hf_dataset.verify import check_folder

from .processes import Cost
from .processes import measure as cost_of
from .results_table import Row


def read_files(data: Path) -> None:
    """Read every table, one after the other."""
    for path in sorted(data.rglob("*.parquet")):
        for group in range((file := pq.ParquetFile(path)).num_row_groups):
            file.read_row_group(group)


def verify(data: Path) -> None:
    """Verify the data set."""
    if problems := check_folder(data):
        raise SystemExit("\n".join(problems))


def audit_all(data: Path, answers: Path | None) -> None:
    """Audit the data set."""
    if failed := audit(data, answers, read_manifest(data), SentenceEncoder(), lambda *_: None).failed:
        raise SystemExit("\n".join(failed))


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("folder", type=Path)
    parser.add_argument("--answers", type=Path)


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Both, each beside the least that it must do."""
    manifest = read_manifest(given.folder)
    rows = sum(number for splits in manifest.rows.values() for number in splits.values())
    instances = sum(number for name in HISTORY_TYPES for number in manifest.rows[name].values())
    (_, least), (_, found) = cost_of(file_hashes, given.folder), cost_of(verify, given.folder)
    yield _row("verify", f"{rows:,} rows", found, "hashing the files", least)
    (_, least), (_, found) = cost_of(read_files, given.folder), cost_of(audit_all, given.folder, given.answers)
    yield _row("audit", f"{instances:,} instances", found, "reading the files", least)


def _row(what: str, of: str, found: Cost, peer: str, least: Cost) -> Row:
    beside = f"{peer}: {least.seconds:.1f} s, {least.peak_mib:,.0f} MiB, start of a process included in both"
    return Row(what, of, f"{found.seconds:.1f} s", found.peak_mib, beside)
