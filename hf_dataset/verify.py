"""Check that a folder contains the data set that its manifest describes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from .column_hashes import Column, Values
from .layout import CANARY, MANIFEST, SPLITS, TOOLS, TRAINING, shards_in, split_file, splits_of
from .manifest import FileRecord, Manifest, read_manifest
from .reader import files_of, read_columns
from .schema import HISTORY_TYPES, ROWS, arrow_schema

_IN_ONE_SPLIT: Final = {"instance_id": "instances", "user_id": "users", "query_group": "query groups"}
"""Columns whose values must occur in one split only, with their names in messages."""


def check_folder(folder: Path) -> list[str]:
    """Check a data set.

    Checks the size and hash of every file, the columns and number of rows of every table, and the canary. No instance
    may occur twice. No instance, user, query group or provider of candidates may occur in two splits. The test split
    must contain no answers.

    Args:
        folder: Folder of the data set, built or downloaded.

    Returns:
        Descriptions of the problems; empty if there are none.

    Raises:
        ReadError: If the manifest is missing or invalid, or a table cannot be read.
    """
    manifest = read_manifest(folder)
    problems = [*_files(folder, manifest)]
    if not problems:  # changed files would cause further problems
        problems += _tables(folder, manifest)
    if not problems:
        problems += [*_splits(folder, manifest), *_test_answers(folder), *_canary(folder)]
    return problems


def _files(folder: Path, manifest: Manifest) -> Iterator[str]:
    for name, record in sorted(manifest.files.items()):
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if FileRecord(path.stat().st_size, digest) != record:
            yield f"{name} differs from the file that was built"
    existing = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    for name in sorted(existing - set(manifest.files)):
        yield f"{name} is not in {MANIFEST}"


def _tables(folder: Path, manifest: Manifest) -> Iterator[str]:
    if not manifest.rows:
        yield f"{MANIFEST} lists no rows"
    for config in manifest.rows:
        if config not in ROWS:
            yield f"{MANIFEST} lists rows of {config!r}, which is not a config"
            continue
        for split in splits_of(config):
            yield from _table(folder, config, split, manifest.rows[config][split])


def _table(folder: Path, config: str, split: str, expected: int) -> Iterator[str]:
    """Check the columns and the number of rows of a table."""
    rows = 0
    for name in shards_in(folder, split_file(config, split)):
        with pq.ParquetFile(folder / name) as file:
            if file.schema_arrow.remove_metadata() != arrow_schema(ROWS[config]):
                yield f"{name} does not have the columns of {config}"
            rows += file.metadata.num_rows
    if rows != expected:
        yield f"{split_file(config, split)} has {rows} rows, but {MANIFEST} lists {expected}"


def _splits(folder: Path, manifest: Manifest) -> Iterator[str]:
    for config in HISTORY_TYPES:
        for name, kind in _IN_ONE_SPLIT.items():
            values = {split: Values.of(_column(folder, config, split, name)) for split in SPLITS}
            if name == "instance_id":
                yield from _duplicates(config, values)
            yield from _shared(kind, config, values)
        providers = {split: Values.of(_column(folder, config, split, "candidates", "provider")) for split in SPLITS}
        # Providers of a small catalogue do the jobs of several splits; the build counts them, and the card states it.
        yield from _shared("providers", config, providers, manifest.counts.get("providers_in_several_splits", 0))
    yield from _held_out_in_training(folder, [config for config in TRAINING if config in manifest.rows])


def _held_out_in_training(folder: Path, configs: Iterable[str]) -> Iterator[str]:
    """Check that no query group of validation or test is in the training data."""
    held_out = {
        split: Values.of(*(_column(folder, config, split, "query_group") for config in HISTORY_TYPES))
        for split in SPLITS[1:]
    }
    for config in configs:
        trained_on = Values.of(_column(folder, config, "train", "query_group"))
        split_of = {group: split for split, values in held_out.items() for group in trained_on.in_common(values)}
        if split_of:
            first = min(split_of)
            yield f"{config}: it contains query groups of {split_of[first]}, such as {first!r}"


def _column(folder: Path, config: str, split: str, name: str, field: str = "") -> Column:
    return Column(files_of(folder, split_file(config, split)), ROWS[config], name, field)


def _duplicates(config: str, by_split: dict[str, Values]) -> Iterator[str]:
    for split, values in by_split.items():
        names = values.twice()
        if names:
            yield f"{config}: {len(names)} instances occur more than once in {split}, such as {names[0]!r}"


def _shared(kind: str, config: str, by_split: dict[str, Values], allowed: int = 0) -> Iterator[str]:
    for index, split in enumerate(SPLITS):
        for other in SPLITS[index + 1 :]:
            common = by_split[split].in_common(by_split[other])
            if len(common) > allowed:
                yield f"{config}: {len(common)} {kind} are in both {split} and {other}, such as {common[0]!r}"


def _read(folder: Path, config: str, split: str, *columns: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a split, with the given columns only."""
    for path in files_of(folder, split_file(config, split)):
        for batch in read_columns(path, ROWS[config], *columns):
            yield from batch.to_pylist()


def _test_answers(folder: Path) -> Iterator[str]:
    for config in HISTORY_TYPES:
        rows = _read(folder, config, "test", "instance_id", "answer", "evidence", "meta")
        first = next(filter(_reveals_answer, rows), None)
        if first:
            yield f"{config}: the test split contains the answer of {first['instance_id']!r}"
    if any(row["facts"] for row in _read(folder, TOOLS, "test", "facts")):
        yield f"{TOOLS}: the test split contains facts of tools, which reveal its answers"


def _reveals_answer(row: dict[str, Any]) -> bool:
    """Return True if a row has an answer, evidence, or metadata other than `n_tokens`."""
    meta = {name for name, value in (row["meta"] or {}).items() if value is not None} - {"n_tokens"}
    return bool(any((row["answer"] or {}).values()) or row["evidence"] or meta)


def _canary(folder: Path) -> Iterator[str]:
    for name in ("README.md", MANIFEST):
        if CANARY not in (folder / name).read_text(encoding="utf-8"):
            yield f"{name} lacks the canary"
