"""Facts of a build that its card states: manifest, audit, a row of each config, sizes, and results of people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from metrics.study_files import StudyError
from metrics.study_passage import people_passage

from .errors import ReadError
from .layout import AUDIT_JSON, shards, split_file, splits_of
from .manifest import Manifest
from .schema import ROWS


@dataclass(frozen=True, slots=True)
class Build:
    """Facts of a build."""

    manifest: Manifest
    audit: Mapping[str, Any] | None
    """Content of `audit.json`; None if the build was not audited."""
    examples: Mapping[str, Mapping[str, Any]]
    """First row of each config that has rows: of the validation split, or of train if it is the only split."""
    bytes_in_memory: Mapping[str, int]
    """Size of each data file as Arrow in memory, in bytes, by path."""
    people: str
    """Results of a people's study in words, or that there are none."""

    def files(self, config: str, split: str) -> list[str]:
        """Return the paths of the files of a split."""
        return shards(split_file(config, split), self.manifest.files)

    def splits(self, config: str) -> tuple[str, ...]:
        """Return the splits of a config that have rows; `datasets` cannot load a table without rows."""
        return tuple(split for split in splits_of(config) if self.rows[config][split])

    @property
    def rows(self) -> Mapping[str, Mapping[str, int]]:
        """Number of rows by config and split."""
        rows: Mapping[str, Mapping[str, int]] = self.manifest.rows
        return rows


def example_split(config: str) -> str:
    """Return the split that the example of a config is taken from, which is never test."""
    return "validation" if "validation" in splits_of(config) else "train"


def read_build(folder: Path, manifest: Manifest) -> Build:
    """Read the facts of a build.

    Args:
        folder: Folder of the data set, with its data files and, if it was audited, the audit.
        manifest: Manifest of the data set.

    Raises:
        ReadError: If a file is missing or cannot be read, or results of people are of another data set.
    """
    try:
        people = people_passage(folder, manifest.data_revision)
    except StudyError as error:
        raise ReadError(str(error)) from error
    try:
        audit = json.loads((folder / AUDIT_JSON).read_text(encoding="utf-8")) if manifest.audit else None
        tables = {name: {split: split_file(name, split) for split in splits_of(name)} for name in ROWS}
        first = {
            name: _first_row([folder / path for path in shards(splits[example_split(name)], manifest.files)])
            for name, splits in tables.items()
        }
        examples = {name: row for name, row in first.items() if row is not None}
        sizes = {
            path: _bytes_in_memory(folder / path)
            for splits in tables.values()
            for table in splits.values()
            for path in shards(table, manifest.files)
        }
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ReadError(f"{str(folder)!r} is not a complete data set: {error}. Build or download it again.") from error
    return Build(manifest, audit, examples, sizes, people)


def _first_row(paths: Sequence[Path]) -> dict[str, Any] | None:
    """Return the first row of a table. Shards can be empty, and all of them without training data."""
    for path in paths:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows:
                row: dict[str, Any] = next(file.iter_batches(batch_size=1)).to_pylist()[0]
                return row
    return None


def _bytes_in_memory(path: Path) -> int:
    with pq.ParquetFile(path) as file:
        return sum(file.read_row_group(group).nbytes for group in range(file.num_row_groups))
