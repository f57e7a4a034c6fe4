"""Whether a folder is the data set that its manifest tells of, so that anybody can check what they loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from .layout import CANARY, MANIFEST, SPLITS, TOOLS, TRAINING, shards_in, split_file, splits_of
from .reader import read_manifest
from .schema import HISTORY_TYPES, ROWS, arrow_schema

_OF_THE_HUB: Final = frozenset({".gitattributes"})
_IN_ONE_SPLIT: Final = {"instance_id": "instances", "user_id": "users", "query_group": "query groups"}


def check_folder(folder: Path) -> list[str]:
    """What is wrong with a data set; nothing where all is as it should be.

    Checked are size and hash of every file, the columns of every table and their number of rows, that no instance,
    user, query group or provider of candidates is in two splits, that the test split holds no answer, and the canary.

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


def _files(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    listed = manifest.get("files") or {}
    for name, known in sorted(listed.items()):
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
            continue
        data = path.read_bytes()
        if len(data) != known["bytes"] or hashlib.sha256(data).hexdigest() != known["sha256"]:
            yield f"{name} is not the file that was built"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    for name in sorted(there - set(listed)):
        yield f"{name} is not in {MANIFEST}"


def _tables(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    for config in manifest["rows"]:
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
            if rows != manifest["rows"][config][split]:
                yield (
                    f"{split_file(config, split)} has {rows} rows, {MANIFEST} says {manifest['rows'][config][split]}"
                )


def _splits(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    held_out: dict[str, str] = {}
    for config in HISTORY_TYPES:
        for column, what in _IN_ONE_SPLIT.items():
            values = {split: _values(folder, config, split, column) for split in SPLITS}
            yield from _shared(what, config, values)
            if column == "query_group":
                held_out |= {group: split for split in SPLITS[1:] for group in values[split]}
        yield from _shared("providers", config, {split: _providers(folder, config, split) for split in SPLITS})
    for config in (name for name in TRAINING if name in manifest["rows"]):
        taken = sorted(_values(folder, config, "train", "query_group") & held_out.keys())
        if taken:
            yield f"{config}: query groups of {held_out[taken[0]]} are in it, such as {taken[0]!r}"


def _shared(what: str, config: str, by_split: dict[str, set[str]]) -> Iterator[str]:
    for index, split in enumerate(SPLITS):
        for other in SPLITS[index + 1 :]:
            common = sorted(by_split[split] & by_split[other])
            if common:
                yield f"{config}: {len(common)} {what} are in {split} and {other}, such as {common[0]!r}"


def _read(folder: Path, config: str, split: str, *columns: str) -> Iterator[pa.Table]:
    """Columns of a split, file by file."""
    for name in shards_in(folder, split_file(config, split)):
        yield pq.read_table(folder / name, columns=list(columns))


def _listed(folder: Path, config: str, split: str, *columns: str) -> Iterator[dict[str, Any]]:
    for table in _read(folder, config, split, *columns):
        yield from table.to_pylist()


def _values(folder: Path, config: str, split: str, column: str) -> set[str]:
    return {value for table in _read(folder, config, split, column) for value in table[column].unique().to_pylist()}


def _providers(folder: Path, config: str, split: str) -> set[str]:
    """Providers of the candidates."""
    found: set[str] = set()
    for table in _read(folder, config, split, "candidates"):
        candidates = table["candidates"].combine_chunks().flatten()
        found |= set(candidates.field("provider").unique().to_pylist())
    return found


def _test_answers(folder: Path) -> Iterator[str]:
    for config in HISTORY_TYPES:
        for row in _listed(folder, config, "test", "instance_id", "answer", "evidence", "meta"):
            told = {name for name, value in (row["meta"] or {}).items() if value is not None} - {"n_tokens"}
            if any((row["answer"] or {}).values()) or row["evidence"] or told:
                yield f"{config}: the test split holds the answer of {row['instance_id']!r}"
                break
    if any(row["attributes"] for row in _listed(folder, TOOLS, "test", "attributes")):
        yield f"{TOOLS}: the test split holds attributes, from which its answers follow"


def _canary(folder: Path) -> Iterator[str]:
    for name in ("README.md", MANIFEST):
        if CANARY not in (folder / name).read_text(encoding="utf-8"):
            yield f"{name} lacks the canary"
