"""Whether a folder is the data set that its manifest tells of, so that anybody can check what they loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from .column_hashes import Column, Values
from .layout import CANARY, MANIFEST, SPLITS, TOOLS, TRAINING, shards_in, split_file, splits_of
from .manifest import FileRecord, Manifest, read_manifest
from .reader import files_of, read_columns
from .schema import HISTORY_TYPES, ROWS, arrow_schema

_IN_ONE_SPLIT: Final = {"instance_id": "instances", "user_id": "users", "query_group": "query groups"}


def check_folder(folder: Path) -> list[str]:
    """What is wrong with a data set; nothing where all is as it should be.

    Checked are size and hash of every file, the columns of every table and their number of rows, that no instance
    comes twice, that no instance, user, query group or provider of candidates is in two splits, that the test split
    holds no answer, and the canary.

    Args:
        folder: The data set, as it was built or downloaded.

    Raises:
        ReadError: If it has no manifest.
    """
    manifest = read_manifest(folder)
    problems = [*_files(folder, manifest)]
    if not problems:  # of files that are not what they were, one sentence is enough
        problems += _tables(folder, manifest)
    if not problems:
        problems += [*_splits(folder, manifest), *_test_answers(folder), *_canary(folder)]
    return problems


def _files(folder: Path, manifest: Manifest) -> Iterator[str]:
    listed = manifest.files
    for name, known in sorted(listed.items()):
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if FileRecord(path.stat().st_size, digest) != known:
            yield f"{name} is not the file that was built"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    for name in sorted(there - set(listed)):
        yield f"{name} is not in {MANIFEST}"


def _tables(folder: Path, manifest: Manifest) -> Iterator[str]:
    if not manifest.rows:
        yield f"{MANIFEST} tells of no rows"
        return
    for config in manifest.rows:
        if config not in ROWS:
            yield f"{MANIFEST} has rows of {config!r}, which is no config"
            continue
        for split in splits_of(config):
            rows = 0
            for name in shards_in(folder, split_file(config, split)):
                with pq.ParquetFile(folder / name) as file:
                    if file.schema_arrow.remove_metadata() != arrow_schema(ROWS[config]):
                        yield f"{name} has other columns than a row of {config}"
                    rows += file.metadata.num_rows
            if rows != manifest.rows[config][split]:
                yield (f"{split_file(config, split)} has {rows} rows, {MANIFEST} says {manifest.rows[config][split]}")


def _splits(folder: Path, manifest: Manifest) -> Iterator[str]:
    def column(config: str, split: str, *place: str) -> Column:
        return Column(files_of(folder, split_file(config, split)), ROWS[config], *place)

    for config in HISTORY_TYPES:
        for name, what in _IN_ONE_SPLIT.items():
            values = {split: Values.of(column(config, split, name)) for split in SPLITS}
            if name == "instance_id":
                yield from _twice(config, values)
            yield from _shared(what, config, values)
        yield from _shared(
            "providers",
            config,
            {split: Values.of(column(config, split, "candidates", "provider")) for split in SPLITS},
        )
    held_out = {
        split: Values.of(*(column(config, split, "query_group") for config in HISTORY_TYPES)) for split in SPLITS[1:]
    }
    for config in (name for name in TRAINING if name in manifest.rows):
        own = Values.of(column(config, "train", "query_group"))
        taken = {group: split for split, values in held_out.items() for group in own.in_common(values)}
        if taken:
            first = min(taken)
            yield f"{config}: query groups of {taken[first]} are in it, such as {first!r}"


def _twice(config: str, by_split: dict[str, Values]) -> Iterator[str]:
    for split, values in by_split.items():
        names = values.twice()
        if names:
            yield f"{config}: {len(names)} instances come more than once in {split}, such as {names[0]!r}"


def _shared(what: str, config: str, by_split: dict[str, Values]) -> Iterator[str]:
    for index, split in enumerate(SPLITS):
        for other in SPLITS[index + 1 :]:
            common = by_split[split].in_common(by_split[other])
            if common:
                yield f"{config}: {len(common)} {what} are in {split} and {other}, such as {common[0]!r}"


def _read(folder: Path, config: str, split: str, *columns: str) -> Iterator[dict[str, Any]]:
    """Columns of a split, row by row."""
    for path in files_of(folder, split_file(config, split)):
        for batch in read_columns(path, ROWS[config], *columns):
            yield from batch.to_pylist()


def _test_answers(folder: Path) -> Iterator[str]:
    for config in HISTORY_TYPES:
        for row in _read(folder, config, "test", "instance_id", "answer", "evidence", "meta"):
            told = {name for name, value in (row["meta"] or {}).items() if value is not None} - {"n_tokens"}
            if any((row["answer"] or {}).values()) or row["evidence"] or told:
                yield f"{config}: the test split holds the answer of {row['instance_id']!r}"
                break
    if any(row["attributes"] for row in _read(folder, TOOLS, "test", "attributes")):
        yield f"{TOOLS}: the test split holds attributes, from which its answers follow"


def _canary(folder: Path) -> Iterator[str]:
    for name in ("README.md", MANIFEST):
        if CANARY not in (folder / name).read_text(encoding="utf-8"):
            yield f"{name} lacks the canary"
