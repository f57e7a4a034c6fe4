"""The public data set, read from the folder that a build made: all that the public process knows of it.

The leaderboard does not import the builder; it reads what the builder wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from .stores.stored_records import HISTORY_TYPES, SPLITS, Split

MANIFEST: Final = "manifest.json"


class DataError(ValueError):
    """A folder is no data set, or lacks something; the text says what."""


@dataclass(frozen=True, slots=True)
class ToolDoc:
    """A tool as a model is shown it."""

    name: str
    provider: str
    description: str
    parameters: str
    """JSON Schema object, as JSON."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One past instruction with the call that served it."""

    instruction: str
    name: str
    """Tool; documented in the instance's `history_tools`."""
    arguments: str
    """JSON object."""
    rating: int | None
    """1 liked, 0 disliked, None in the configs without ratings."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call."""

    name: str
    arguments: str
    """JSON object."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One row, as a reader browses it."""

    instance_id: str
    user_id: str
    query_group: str
    category: str
    functionality: str
    instruction: str
    history: tuple[Interaction, ...]
    """Oldest first in `chronological`, elsewhere in no order."""
    history_tools: tuple[ToolDoc, ...]
    candidates: tuple[ToolDoc, ...]
    answer: Call | None
    """None in `test`."""
    evidence: tuple[int, ...]
    """Indexes of the history steps that support the answer; empty in `test`."""
    meta: Mapping[str, Any]
    """How it was made; little in `test`."""


class Data:
    """A data set's validation and test split; what is read is kept. May be used from any thread.

    Args:
        folder: As built: `<config>/<split>.parquet`, or its shards, and a manifest.

    Raises:
        DataError: If there is no manifest.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / MANIFEST
        try:
            self.manifest: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            self.revision = str(self.manifest["build_id"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{str(folder)!r} holds no {MANIFEST} of a PEToolBench build: {error!r}. "
                "Make one with: petoolbench build --catalog builtin -o FOLDER"
            ) from error
        self._tables: dict[tuple[str, str], pa.Table] = {}
        self._positions: dict[tuple[str, str], dict[str, int]] = {}

    def paths(self, config: str, split: str) -> list[Path]:
        """The files of a config's split.

        Raises:
            DataError: If there is no such config or split.
        """
        if config not in HISTORY_TYPES or split not in SPLITS:
            raise DataError(
                f"There is no {split!r} of {config!r}. Configs are {', '.join(HISTORY_TYPES)}; splits are "
                f"{', '.join(SPLITS)}."
            )
        return table_files(self.folder / config / f"{split}.parquet")

    def table(self, config: str, split: str) -> pa.Table:
        """The rows of a config's split.

        Raises:
            DataError: If they cannot be read.
        """
        key = (config, split)
        if key not in self._tables:
            self._tables[key] = pa.concat_tables([read_parquet(path) for path in self.paths(config, split)])
        return self._tables[key]

    def ids(self, split: Split) -> dict[str, frozenset[str]]:
        """Instance ids of a split by config: what a file of predictions has to answer.

        Raises:
            DataError: If they cannot be read, or two configs have one in common.
        """
        found = {config: frozenset(self._position(config, split)) for config in HISTORY_TYPES}
        if len(frozenset().union(*found.values())) < sum(map(len, found.values())):
            raise DataError(
                f"{str(self.folder)!r}: two configs of {split!r} have an instance_id in common. Build again."
            )
        return found

    def instance_ids(self, config: str, split: Split) -> list[str]:
        """Instance ids of a config's split, in the order of its rows."""
        return list(self._position(config, split))

    def column(self, config: str, split: Split, name: str) -> list[Any]:
        """One column of a config's split, as `query_group`, in the order of `instance_ids`.

        Raises:
            DataError: If there is none of that name.
        """
        table = self.table(config, split)
        if name not in table.column_names:
            raise DataError(f"There is no column {name!r}. Columns are {', '.join(table.column_names)}.")
        values: list[Any] = table.column(name).to_pylist()
        return values

    def instance(self, config: str, split: Split, instance_id: str) -> Instance:
        """One row.

        Raises:
            DataError: If there is none of that id.
        """
        position = self._position(config, split).get(instance_id)
        if position is None:
            raise DataError(f"There is no instance {instance_id[:80]!r} in {split!r} of {config!r}.")
        row = self.table(config, split).slice(position, 1).to_pylist()[0]
        answer = row["answer"]
        return Instance(
            row["instance_id"],
            row["user_id"],
            row["query_group"],
            row["category"],
            row["functionality"],
            row["instruction"],
            tuple(Interaction(**one) for one in row["history"]),
            tuple(ToolDoc(**one) for one in row["history_tools"]),
            tuple(ToolDoc(**one) for one in row["candidates"]),
            Call(answer["name"], answer["arguments"]) if answer else None,
            tuple(row["evidence"] or ()),
            row["meta"] or {},
        )

    @cached_property
    def counts(self) -> dict[tuple[str, Split], int]:
        """Number of rows by config and split."""
        return {(config, split): self.table(config, split).num_rows for config in HISTORY_TYPES for split in SPLITS}

    def _position(self, config: str, split: Split) -> dict[str, int]:
        key = (config, split)
        if key not in self._positions:
            ids = self.column(config, split, "instance_id")
            self._positions[key] = {instance_id: index for index, instance_id in enumerate(ids)}
        return self._positions[key]


def table_files(path: Path) -> list[Path]:
    """The files that a table is in: that of its name, or else its shards in order, `test-00000-of-00003.parquet`.

    Raises:
        DataError: If a shard is missing.
    """
    found = [] if path.is_file() else sorted(path.parent.glob(f"{path.stem}-?????-of-?????{path.suffix}"))
    if not found:
        return [path]
    wanted = int(found[0].stem.rpartition("-")[2])
    if len(found) != wanted:
        raise DataError(
            f"{str(path.parent)!r} holds {len(found)} of the {wanted} files of {path.stem!r}. "
            "Build or download the data set again."
        )
    return found


def read_parquet(path: Path) -> pa.Table:
    """A Parquet file.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{str(path)!r} cannot be read as Parquet: {error}. Build the data set again.") from error
