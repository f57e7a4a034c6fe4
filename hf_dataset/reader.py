"""Reading a built data set from its folder, as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from .layout import MANIFEST, SPLITS, TOOLS, TRAINING, answers_file, shards_in, split_file
from .schema import HISTORY_TYPES, ROWS, AnswerKey, Instance, ToolRow, arrow_schema, from_dict

_BATCH: Final = 100
"""Rows of training data that are held at once."""


class ReadError(ValueError):
    """A folder is no data set, or has no such config or split; the text says what there is."""


def read_instances(folder: Path, config: str, split: str) -> list[Instance]:
    """Rows of a config's split.

    Args:
        folder: Folder of the data set.
        config: One of the history types.
        split: `train`, `validation` or `test`.

    Raises:
        ReadError: If there is no such folder, config or split, or a file is not what it should be.
    """
    if config not in HISTORY_TYPES:
        raise ReadError(f"There is no config {config!r}. Configs of instances are {', '.join(HISTORY_TYPES)}.")
    _check_split(split)
    return [from_dict(Instance, row) for row in _rows(folder, split_file(config, split), Instance)]


def read_tools(folder: Path, split: str) -> list[ToolRow]:
    """The catalogue of a split; without attributes in `test`, whose answers they would tell.

    Raises:
        ReadError: As in `read_instances`.
    """
    _check_split(split)
    return [from_dict(ToolRow, row) for row in _rows(folder, split_file(TOOLS, split), ToolRow)]


def read_private_tools(folder: Path) -> list[ToolRow]:
    """The catalogue of the test split with its attributes.

    Args:
        folder: The answers folder, not that of the data set.

    Raises:
        ReadError: As in `read_instances`.
    """
    return [from_dict(ToolRow, row) for row in _rows(folder, answers_file(TOOLS), ToolRow)]


def read_answers(folder: Path, config: str) -> list[AnswerKey]:
    """The private test answers of a config.

    Args:
        folder: The answers folder, not that of the data set.
        config: One of the history types.

    Raises:
        ReadError: As in `read_instances`.
    """
    return [from_dict(AnswerKey, row) for row in _rows(folder, answers_file(config), AnswerKey)]


def read_training(folder: Path, config: str) -> Iterator[Any]:
    """Rows of `sft` or `dpo`, a few at a time, since together they are larger than all the rest.

    Args:
        folder: Folder of the data set.
        config: `sft`, for rows of `SftRow`, or `dpo`, for rows of `DpoRow`.

    Raises:
        ReadError: As in `read_instances`.
    """
    if config not in TRAINING:
        raise ReadError(f"There is no training data {config!r}. Configs of training data are {', '.join(TRAINING)}.")
    for name in shards_in(folder, split_file(config, "train")):
        row, path = ROWS[config], _path(folder, name)
        try:
            with pq.ParquetFile(path) as file:
                _check_columns(path, file.schema_arrow, row)
                for batch in file.iter_batches(_BATCH):
                    for record in batch.to_pylist():
                        yield from_dict(row, record)
        except (pa.ArrowException, OSError) as error:
            raise ReadError(f"{str(path)!r} cannot be read as Parquet: {error}") from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a data set says of itself.

    Raises:
        ReadError: If there is no manifest, or it is none.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ReadError(_incomplete(folder, MANIFEST))
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReadError(f"{str(path)!r} cannot be read as JSON: {error}") from error
    if not isinstance(manifest, dict) or "config" not in manifest:
        raise ReadError(f"{str(path)!r} is no manifest of a PEToolBench build. Build the data set again.")
    return manifest


def _incomplete(folder: Path, name: str) -> str:
    return (
        f"{str(folder)!r} holds no {name}: it is not a complete PEToolBench folder. "
        "Make one with: petoolbench build --catalog builtin -o FOLDER"
    )


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise ReadError(f"There is no split {split!r}. Splits are {', '.join(SPLITS)}.")


def _rows(folder: Path, table: str, row: type) -> Iterator[dict[str, object]]:
    """Rows of a table, from all its files."""
    for path in [_path(folder, name) for name in shards_in(folder, table)]:
        try:
            rows = pq.read_table(path)
        except (pa.ArrowException, OSError) as error:
            raise ReadError(f"{str(path)!r} cannot be read as Parquet: {error}") from error
        _check_columns(path, rows.schema, row)
        yield from rows.to_pylist()


def _path(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ReadError(_incomplete(folder, name))
    return path


def _check_columns(path: Path, schema: pa.Schema, row: type) -> None:
    if schema.names != arrow_schema(row).names:
        raise ReadError(
            f"{str(path)!r} has the columns {schema.names}; expected {arrow_schema(row).names}. "
            "It was made by another version: build it again."
        )
