"""Read the rows of a data set from its folder."""

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
"""Number of rows that are decoded together."""
_LONG_BATCH: Final = 100
"""Number of rows of training data that are decoded together; they are longer."""


def read_instances(folder: Path, config: str, split: str) -> list[Instance]:
    """Read the instances of a split.

    Args:
        folder: Folder of the data set.
        config: One of the history types.
        split: `train`, `validation` or `test`.

    Raises:
        ReadError: If the config or split is unknown, or a file is missing or malformed.
    """
    if config not in HISTORY_TYPES:
        raise ReadError(f"Unknown config {config!r}. Configs of instances: {', '.join(HISTORY_TYPES)}.")
    _check_split(split)
    return list(_rows(folder, split_file(config, split), Instance))


def read_tools(folder: Path, split: str) -> list[ToolRow]:
    """Read the tools of a split. Tools of test have no facts, because they would reveal the answers.

    Args:
        folder: Folder of the data set.
        split: `train`, `validation` or `test`.

    Raises:
        ReadError: If the split is unknown, or a file is missing or malformed.
    """
    _check_split(split)
    return list(_rows(folder, split_file(TOOLS, split), ToolRow))


def read_private_tools(folder: Path) -> list[ToolRow]:
    """Read the tools of the test split with their facts.

    Args:
        folder: Folder of the private answers.

    Raises:
        ReadError: If a file is missing or malformed.
    """
    return list(_rows(folder, answers_file(TOOLS), ToolRow))


def read_answers(folder: Path, config: str) -> list[AnswerKey]:
    """Read the private test answers of a config.

    Args:
        folder: Folder of the private answers.
        config: One of the history types.

    Raises:
        ReadError: If a file is missing or malformed.
    """
    return list(_rows(folder, answers_file(config), AnswerKey))


def answered(rows: Iterable[Instance], keys: Iterable[AnswerKey]) -> Iterator[Instance]:
    """Yield the instances of the test split with their answers, evidence and metadata.

    Args:
        rows: Instances without answers.
        keys: The private answers of these instances, in any order.

    Raises:
        ReadError: If an instance has no answer, or an answer has no instance.
    """
    by_id = {key.instance_id: key for key in keys}
    for row in rows:
        key = by_id.pop(row.instance_id, None)
        if key is None:
            raise ReadError(
                f"The instance {row.instance_id!r} has no answer: the answers belong to another build. "
                "Use the answers folder of this build."
            )
        yield replace(row, answer=key.answer, evidence=key.evidence, meta=key.meta)
    if by_id:
        raise ReadError(
            f"The answer of {min(by_id)!r} has no instance: the answers belong to another build. "
            "Use the answers folder of this build."
        )


def read_training(folder: Path, config: str) -> Iterator[Any]:
    """Yield the rows of `sft` or `dpo`. All of them may not fit into memory.

    Args:
        folder: Folder of the data set.
        config: `sft` for rows of `SftRow`, or `dpo` for rows of `DpoRow`.

    Raises:
        ReadError: If the config is unknown, or a file is missing or malformed.
    """
    if config not in TRAINING:
        raise ReadError(f"Unknown config {config!r}. Configs of training data: {', '.join(TRAINING)}.")
    yield from _rows(folder, split_file(config, "train"), ROWS[config])


def files_of(folder: Path, table: str) -> list[Path]:
    """Return the files of a table, in the order of its rows.

    Args:
        folder: Folder of the data set or of the private answers.
        table: Path of the table, as returned by `split_file` or `answers_file`.

    Raises:
        ReadError: If a file is missing, or the folder cannot be read.
    """
    try:
        names = shards_in(folder, table)
    except OSError as error:
        raise ReadError(f"{str(folder)!r} cannot be read: {error.strerror}.") from error
    return [_path(folder, name) for name in names]


def read_file(path: Path, row: type, query_groups: Collection[str] | None = None) -> Iterator[Any]:
    """Yield the rows of a file.

    Args:
        path: Path of the file.
        row: Class of the rows.
        query_groups: Query groups whose rows are read; None for all rows.

    Raises:
        ReadError: If the file cannot be read, or has other columns.
    """
    decoder = Decoder(row)
    wanted = None if query_groups is None else pa.array(sorted(query_groups), pa.string())
    for batch in _batches(path, row, None):
        filtered = batch if wanted is None else batch.filter(pc.is_in(batch.column("query_group"), wanted))
        yield from decoder.rows(filtered)


def read_columns(path: Path, row: type, *columns: str) -> Iterator[pa.RecordBatch]:
    """Yield some columns of a file, in batches of rows.

    Args:
        path: Path of the file.
        row: Class of the rows.
        columns: Names of columns, or Parquet paths of nested columns.

    Raises:
        ReadError: If the file cannot be read, or has other columns.
    """
    return _batches(path, row, columns)


def _incomplete(folder: Path, name: str) -> str:
    if name.startswith(f"{ANSWERS}/"):
        return (
            f"{str(folder)!r} holds no {name}: it is not a folder of answers. "
            "Pass the folder OUT-private that a build makes together with its data set OUT."
        )
    return (
        f"{str(folder)!r} holds no {name}: it is not a complete PEToolBench folder. "
        "Build one with: petoolbench build --catalog builtin -o FOLDER"
    )


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise ReadError(f"Unknown split {split!r}. Splits: {', '.join(SPLITS)}.")


def _rows(folder: Path, table: str, row: type) -> Iterator[Any]:
    """Yield the rows of a table, from all of its files."""
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
        raise ReadError(
            f"{str(path)!r} cannot be read as Parquet: {error}. Build or download the data set again."
        ) from error


def _path(folder: Path, name: str) -> Path:
    path = folder / name
    try:
        exists = path.is_file()
    except OSError as error:
        raise ReadError(f"{str(folder)!r} cannot be read: {error.strerror}.") from error
    if not exists:
        raise ReadError(_incomplete(folder, name))
    return path


def _check_columns(path: Path, schema: pa.Schema, row: type) -> None:
    if schema.names != arrow_schema(row).names:
        raise ReadError(
            f"{str(path)!r} has the columns {schema.names}; expected {arrow_schema(row).names}. The file was made by "
            "another version of petoolbench: build the data set again."
        )
