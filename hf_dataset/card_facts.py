"""What a card tells of a build: its manifest, its audit, a row of each config, and sizes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .errors import ReadError
from .layout import AUDIT_JSON, shards, split_file, splits_of
from .manifest import Manifest
from .schema import ROWS


@dataclass(frozen=True, slots=True)
class Build:
    """What is known of a build."""

    manifest: Manifest
    audit: Mapping[str, Any] | None
    """What the audit found, as in `audit.json`; None if there was none."""
    examples: Mapping[str, Mapping[str, Any]]
    """The first row of each config's validation split, or of train where there is no other; never of test."""
    bytes_in_memory: Mapping[str, int]
    """Size of each data file as Arrow, by its path."""

    def files(self, config: str, split: str) -> list[str]:
        """Paths of the files of a config's split."""
        return shards(split_file(config, split), self.manifest.files)

    @property
    def rows(self) -> Mapping[str, Mapping[str, int]]:
        """Number of rows by config and split."""
        rows: Mapping[str, Mapping[str, int]] = self.manifest.rows
        return rows


def example_split(config: str) -> str:
    """The split that a config's example is taken from."""
    return "validation" if "validation" in splits_of(config) else "train"


def read_build(folder: Path, manifest: Manifest) -> Build:
    """Read what a card tells.

    Args:
        folder: Folder of the data set; its data files, and its audit if there was one, are in place.
        manifest: What the data set says of itself.

    Raises:
        ReadError: If a file is missing or cannot be read.
    """
    try:
        audit = json.loads((folder / AUDIT_JSON).read_text(encoding="utf-8")) if manifest.audit else None
        tables = {name: {split: split_file(name, split) for split in splits_of(name)} for name in ROWS}
        examples = {
            name: _first_row([folder / path for path in shards(splits[example_split(name)], manifest.files)])
            for name, splits in tables.items()
        }
        sizes = {
            path: _bytes_in_memory(folder / path)
            for splits in tables.values()
            for table in splits.values()
            for path in shards(table, manifest.files)
        }
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ReadError(f"{str(folder)!r} is not a complete data set: {error}") from error
    return Build(manifest, audit, examples, sizes)


def _first_row(paths: Sequence[Path]) -> dict[str, Any]:
    """The first row of a table; some of its shards may have none."""
    for path in paths:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows:
                row: dict[str, Any] = next(file.iter_batches(batch_size=1)).to_pylist()[0]
                return row
    raise ValueError(f"{str(paths[0])!r} and its other shards hold no row")


def _bytes_in_memory(path: Path) -> int:
    with pq.ParquetFile(path) as file:
        return sum(file.read_row_group(group).nbytes for group in range(file.num_row_groups))
