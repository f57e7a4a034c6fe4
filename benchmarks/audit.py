"""Auditing and verifying a built data set, beside reading its files.

python -m benchmarks audit OUT --answers OUT-private
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from builder.audit.run import audit
from builder.embedding import SentenceEncoder
from builder.manifest import file_hashes
from hf_dataset.reader import read_manifest
from hf_dataset.schema import HISTORY_TYPES
from hf_dataset.verify import check_folder

from .processes import measure as cost_of
from .rows import Row


def read_files(data: Path) -> None:
    """Read every table, one after the other."""
    for path in sorted(data.rglob("*.parquet")):
        for group in range((file := pq.ParquetFile(path)).num_row_groups):
            file.read_row_group(group)


def hash_files(data: Path) -> None:
    """Hash every file."""
    file_hashes(data)


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
    rows = sum(number for splits in manifest["rows"].values() for number in splits.values())
    instances = sum(number for name in HISTORY_TYPES for number in manifest["rows"][name].values())
    for what, peer, work, least, of in (
        ("verify", "hashing the files", verify, hash_files, f"{rows:,} rows"),
        ("audit", "reading the files", audit_all, read_files, f"{instances:,} instances"),
    ):
        beside = cost_of(least, given.folder)
        found = cost_of(work, *([given.folder, given.answers] if work is audit_all else [given.folder]))
        yield Row(
            what,
            of,
            f"{found.seconds:.1f} s",
            found.peak_mib,
            f"{peer}: {beside.seconds:.1f} s, {beside.peak_mib:,.0f} MiB, start of a process included in both",
        )
