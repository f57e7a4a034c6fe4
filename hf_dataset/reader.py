"""Reading a built data set from its folder, as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .decoding import Decoder, shared_columns
from .errors import ReadError
from .layout import ANSWERS, SPLITS, TOOLS, TRAINING, answers_file, shards_in, split_file
from .schema import HISTORY_TYPES, ROWS, AnswerKey, Instance, ToolRow, arrow_schema

_BATCH: Final = 1000
"""Rows that are decoded at once."""
_LONG_BATCH: Final = 100
"""The same for training data, whose rows are long."""


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
    return list(_rows(folder, split_file(config, split), Instance))


def read_tools(folder: Path, split: str) -> list[ToolRow]:
    """The catalogue of a split; without attributes in `test`, whose answers they would tell.

    Raises:
        ReadError: As in `read_instances`.
    """
    _check_split(split)
    return list(_rows(folder, split_file(TOOLS, split), ToolRow))


def read_private_tools(folder: Path) -> list[ToolRow]:
    """The catalogue of the test split with its attributes.

    Args:
        folder: The answers folder, not that of the data set.

    Raises:
        ReadError: As in `read_instances`.
    """
    return list(_rows(folder, answers_file(TOOLS), ToolRow))


def read_answers(folder: Path, config: str) -> list[AnswerKey]:
    """The private test answers of a config.

    Args:
        folder: The answers folder, not that of the data set.
        config: One of the history types.

    Raises:
        ReadError: As in `read_instances`.
    """
    return list(_rows(folder, answers_file(config), AnswerKey))


def answered(rows: Iterable[Instance], keys: Iterable[AnswerKey]) -> Iterator[Instance]:
    """Rows of the test split with their answers.

    Args:
        rows: Rows without answers.
        keys: The private answers of these rows, in any order.

    Raises:
        ReadError: If a row has no answer, or an answer no row.
    """
    by_id = {key.instance_id: key for key in keys}
    for row in rows:
        key = by_id.pop(row.instance_id, None)
        if key is None:
            raise ReadError(
                f"{row.instance_id!r} has no answer: the answers belong to another build. Name the answers folder of "
                "this one."
            )
        yield replace(row, answer=key.answer, meta=key.meta)
    if by_id:
        raise ReadError(
            f"There is an answer to {min(by_id)!r}, and no such instance: the answers belong to another build. Name "
            "the answers folder of this one."
        )


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
    yield from _rows(folder, split_file(config, "train"), ROWS[config])


def files_of(folder: Path, table: str) -> list[Path]:
    """Files of a table, in the order of its rows.

    Args:
        folder: Folder of the data set, or that of the answers.
        table: Path of the table, as `split_file` or `answers_file` gives it.

    Raises:
        ReadError: If one is missing, or the folder cannot be read.
    """
    try:
        names = shards_in(folder, table)
    except OSError as error:
        raise ReadError(f"{str(folder)!r} cannot be read: {error.strerror}.") from error
    return [_path(folder, name) for name in names]


def read_file(path: Path, row: type, query_groups: Collection[str] | None = None) -> Iterator[Any]:
    """Rows of one file, a few at a time.

    Args:
        path: The file.
        row: Class of its rows.
        query_groups: Those whose rows are wanted; None for all rows.

    Raises:
        ReadError: If it cannot be read, or holds other columns.
    """
    decoder = Decoder(row)
    wanted = None if query_groups is None else pa.array(sorted(query_groups), pa.string())
    for batch in _batches(path, row, None):
        kept = batch if wanted is None else batch.filter(pc.is_in(batch.column("query_group"), wanted))
        yield from decoder.rows(kept)


def read_columns(path: Path, row: type, *columns: str) -> Iterator[pa.RecordBatch]:
    """Some columns of one file, a few rows at a time.

    Args:
        path: The file.
        row: Class of its rows.
        columns: Their names, or paths into them, as Parquet names them.

    Raises:
        ReadError: As in `read_file`.
    """
    return _batches(path, row, columns)


def _incomplete(folder: Path, name: str) -> str:
    if name.startswith(f"{ANSWERS}/"):
        return (
            f"{str(folder)!r} holds no {name}: it is no folder of answers. Name the one that a build puts beside its "
            "data set, OUT-private."
        )
    return (
        f"{str(folder)!r} holds no {name}: it is not a complete PEToolBench folder. "
        "Make one with: petoolbench build --catalog builtin -o FOLDER"
    )


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise ReadError(f"There is no split {split!r}. Splits are {', '.join(SPLITS)}.")


def _rows(folder: Path, table: str, row: type) -> Iterator[Any]:
    """Rows of a table, from all its files."""
    for path in files_of(folder, table):
        yield from read_file(path, row)


def _batches(path: Path, row: type, columns: Collection[str] | None) -> Iterator[pa.RecordBatch]:
    size = _LONG_BATCH if row in (ROWS[name] for name in TRAINING) else _BATCH
    try:
        with pq.ParquetFile(path) as file:
            metadata = file.metadata
            _check_columns(path, file.schema_arrow, row)
        with pq.ParquetFile(path, metadata=metadata, read_dictionary=shared_columns(row)) as file:
            yield from file.iter_batches(size, columns=None if columns is None else list(columns))
    except (pa.ArrowException, OSError) as error:
        raise ReadError(f"{str(path)!r} cannot be read as Parquet: {error}") from error


def _path(folder: Path, name: str) -> Path:
    path = folder / name
    try:
        there = path.is_file()
    except OSError as error:
        raise ReadError(f"{str(folder)!r} cannot be read: {error.strerror}.") from error
    if not there:
        raise ReadError(_incomplete(folder, name))
    return path


def _check_columns(path: Path, schema: pa.Schema, row: type) -> None:
    if schema.names != arrow_schema(row).names:
        raise ReadError(
            f"{str(path)!r} has the columns {schema.names}; expected {arrow_schema(row).names}. "
            "It was made by another version: build it again."
        )
