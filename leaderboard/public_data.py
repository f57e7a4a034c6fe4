"""Read the public part of a data set from the folder of a build.

The leaderboard does not import the builder; it reads the files that the builder writes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from metrics.study_files import StudyError
from metrics.study_passage import people_passage

from .stores.stored_records import CORE, FULL_SPLIT, HISTORY_TYPES, SPLITS, Rows, Split

MANIFEST: Final = "manifest.json"
EVIDENCE_CURVE: Final = "evidence_curve.json"
REFERENCE_RESULTS: Final = "reference_results.json"
FORMAT: Final = 2
"""Version of the data format that the board reads."""


class DataError(ValueError):
    """Missing or invalid data set; the message states the problem."""


@dataclass(frozen=True, slots=True)
class ToolDoc:
    """Documentation of a tool, as shown to models."""

    name: str
    provider: str
    description: str
    listing: str
    """Facts about the tool in its provider's own layout; empty if the description states them."""
    parameters: str
    """JSON Schema of the arguments, as JSON text."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """Step of a history: a past instruction and the tool call that served it."""

    instruction: str
    name: str
    """Name of the tool, which is documented in the instance's `history_tools`."""
    arguments: str
    """JSON object, as text."""
    rating: int | None
    """1 for liked, 0 for disliked, None in configs without ratings."""
    offered: Sequence[str] = ()
    """Names of the tools that were offered, the called one included; empty if not recorded."""
    date: str | None = None
    """Day of the call, ISO 8601; None where the order means nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """Tool call."""

    name: str
    arguments: str
    """JSON object, as text."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Instance of the benchmark, as displayed."""

    instance_id: str
    user_id: str
    query_group: str
    category: str
    functionality: str
    instruction: str
    today: str | None
    """Day of the instruction, ISO 8601; None if the history has no dates."""
    history: tuple[Interaction, ...]
    """Steps; oldest first in `chronological`, unordered in the other configs."""
    history_tools: tuple[ToolDoc, ...]
    candidates: tuple[ToolDoc, ...]
    answer: Call | None
    """Reference call; None in `test`."""
    evidence: tuple[int, ...]
    """Indices of the history steps that support the answer; empty in `test`."""
    meta: Mapping[str, Any]
    """Properties of the generation; mostly absent in `test`."""


class Fact(NamedTuple):
    """Value of a property of a tool."""

    value: str
    """Level, category, or number with its unit."""
    stated: str
    """Words of the documentation that state it."""


class Data:
    """Validation and test split of a data set, read lazily and cached; thread-safe.

    Args:
        folder: Folder of a build: a manifest, and `<config>/<split>.parquet` or its shards.

    Raises:
        DataError: If the manifest is missing or invalid, or has another data format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / MANIFEST
        try:
            self.manifest: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            self.revision = data_revision(self.manifest)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{str(folder)!r} holds no {MANIFEST} of a PEToolBench build: {error!r}. "
                "Create a build with: petoolbench build --catalog builtin -o FOLDER"
            ) from error
        if self.manifest.get("format") != FORMAT:
            raise DataError(
                f"{str(path)!r} has data format {self.manifest.get('format')!r}; this board reads format {FORMAT}. "
                "Build the data set again, or install the version of petoolbench that wrote it."
            )
        self._tables: dict[tuple[str, str], pa.Table] = {}
        self._positions: dict[tuple[str, str], dict[str, int]] = {}

    def check_files(self, folder: Path, hashes: Mapping[str, str], section: Literal["files", "private_files"]) -> None:
        """Check that files are those that the manifest lists, from which the revision is computed.

        Args:
            folder: Folder of the files, for the message.
            hashes: SHA-256 of each file, by its path in the folder.
            section: Section of the manifest that lists the files.

        Raises:
            DataError: If one is not.
        """
        listed = self.manifest[section]
        for path, digest in sorted(hashes.items()):
            if path not in listed or listed[path]["sha256"] != digest:
                raise DataError(
                    f"{str(folder / path)!r} is not the file that the manifest of data revision {self.revision} lists: "
                    "it belongs to another build, or was changed. Name the folders of one build, as it wrote them."
                )

    def paths(self, config: str, split: str) -> list[Path]:
        """Return the Parquet files of a split of a config.

        Raises:
            DataError: If the config or the split is unknown.
        """
        if config not in HISTORY_TYPES or split not in SPLITS:
            raise DataError(
                f"Unknown split {split!r} of config {config!r}. Available configs: {', '.join(HISTORY_TYPES)}. "
                f"Available splits: {', '.join(SPLITS)}."
            )
        return table_files(self.folder / config / f"{split}.parquet")

    def contents(self, config: str, split: str) -> Iterator[bytes]:
        """Yield the bytes of the files of a split of a config, which are checked against the manifest.

        Raises:
            DataError: If a file cannot be read, or is not the one that the manifest lists.
        """
        for path in self.paths(config, split):
            try:
                content = path.read_bytes()
            except OSError as error:
                raise DataError(f"{str(path)!r} cannot be read: {error}. Build the data set again.") from error
            name = path.relative_to(self.folder).as_posix()
            self.check_files(self.folder, {name: hashlib.sha256(content).hexdigest()}, "files")
            yield content

    def table(self, config: str, split: str) -> pa.Table:
        """Return the rows of a split of a config.

        Raises:
            DataError: If the files cannot be read.
        """
        key = (config, split)
        if key not in self._tables:
            self._tables[key] = pa.concat_tables([read_parquet(path) for path in self.paths(config, split)])
        return self._tables[key]

    def ids(self, split: Split) -> dict[str, frozenset[str]]:
        """Return the instance ids of a split by config, which a predictions file must answer.

        Raises:
            DataError: If the files cannot be read, or two configs share an instance id.
        """
        ids = {config: frozenset(self._positions_of(config, split)) for config in HISTORY_TYPES}
        if len(frozenset().union(*ids.values())) < sum(map(len, ids.values())):
            raise DataError(
                f"{str(self.folder)!r}: two configs of {split!r} share an instance_id. Build the data set again."
            )
        return ids

    @cached_property
    def core(self) -> frozenset[str]:
        """Query groups of the core of the test split; empty if the data set has no core."""
        return frozenset(map(str, self.manifest.get("core") or ()))

    def main_rows(self, split: Split) -> Rows:
        """Return the rows of a split that the main figure is on: the core of the test split, if there is one."""
        return CORE if split == "test" and self.core else FULL_SPLIT

    def core_ids(self, split: Split) -> dict[str, frozenset[str]]:
        """Return the instance ids of the core by config; an empty dict if the main figure is on the full split.

        Raises:
            DataError: If the files cannot be read, or a config has no row of the core.
        """
        if self.main_rows(split) != CORE:
            return {}
        ids = {}
        for config in HISTORY_TYPES:
            pairs = zip(self.instance_ids(config, split), self.column(config, split, "query_group"), strict=True)
            ids[config] = frozenset(instance_id for instance_id, group in pairs if group in self.core)
            if not ids[config]:
                raise DataError(
                    f"{str(self.folder / MANIFEST)!r} names a core whose query groups do not occur in {config!r}, "
                    f"{split!r}. Build or download the data set again."
                )
        return ids

    @cached_property
    def evidence_curve(self) -> Mapping[str, Any] | None:
        """Measured accuracy by the number of telling steps; None if the data set has no such measurement."""
        return self._measurement(EVIDENCE_CURVE)

    @cached_property
    def reference_results(self) -> Mapping[str, Any] | None:
        """Measured accuracy of baselines on a release; None if the data set has no such measurement."""
        return self._measurement(REFERENCE_RESULTS)

    def _measurement(self, name: str) -> Mapping[str, Any] | None:
        """Read a file of measured figures; raise `DataError` if it is damaged."""
        path = self.folder / name
        if not path.is_file():
            return None
        try:
            found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{str(path)!r} cannot be read: {error}. Build or download the data set again.") from error
        return found

    @property
    def listings(self) -> str:
        """Origin of the test listings, in the words of the data set's card; empty if the tools have no listings."""
        if not str(self.manifest.get("catalog", "")).startswith("builtin"):
            return ""
        if pack := self.manifest.get("listing_pack"):
            return (
                f"by the pack `{pack}`: a program that knows the repository has never seen their forms; one written "
                "for the public rows can read them"
            )
        return "by the repository's own templates: a program that knows them can read them"

    @property
    def people(self) -> str:
        """Results of people who read rows, as Markdown, or that there are none.

        Raises:
            DataError: If the file of the results cannot be read, or is of another data set.
        """
        try:
            return people_passage(self.folder, self.revision)
        except StudyError as error:
            raise DataError(str(error)) from error

    def instance_ids(self, config: str, split: Split) -> list[str]:
        """Return the instance ids of a split of a config, in the order of its rows."""
        return list(self._positions_of(config, split))

    def column(self, config: str, split: Split, name: str) -> list[Any]:
        """Return a column of a split of a config, such as `query_group`, in the order of `instance_ids`.

        Raises:
            DataError: If the column is unknown or the files cannot be read.
        """
        table = self.table(config, split)
        if name not in table.column_names:
            raise DataError(f"Unknown column {name!r}. Available columns: {', '.join(table.column_names)}.")
        values: list[Any] = table.column(name).to_pylist()
        return values

    def instance(self, config: str, split: Split, instance_id: str) -> Instance:
        """Return an instance by its id.

        Raises:
            DataError: If the id is unknown or the files cannot be read.
        """
        position = self._positions_of(config, split).get(instance_id)
        if position is None:
            raise DataError(f"Unknown instance {instance_id[:80]!r} in split {split!r} of config {config!r}.")
        row = self.table(config, split).slice(position, 1).to_pylist()[0]
        answer = row["answer"]
        return Instance(
            row["instance_id"],
            row["user_id"],
            row["query_group"],
            row["category"],
            row["functionality"],
            row["instruction"],
            row["today"],
            tuple(Interaction(**step) for step in row["history"]),
            tuple(ToolDoc(**tool) for tool in row["history_tools"]),
            tuple(ToolDoc(**tool) for tool in row["candidates"]),
            Call(answer["name"], answer["arguments"]) if answer else None,
            tuple(row["evidence"] or ()),
            row["meta"] or {},
        )

    @cached_property
    def facts(self) -> Mapping[str, Mapping[str, Fact]]:
        """Facts about the tools of the validation split, by tool name and axis.

        Empty if the data set has no table of tools.
        """
        files = table_files(self.folder / "tools" / "validation.parquet")
        if not files[0].is_file():
            return {}
        return {
            row["name"]: {
                fact["axis"]: Fact(f"{fact['value']} {fact['unit']}".rstrip(), fact["stated"]) for fact in row["facts"]
            }
            for path in files
            for row in read_parquet(path).select(["name", "facts"]).to_pylist()
        }

    @cached_property
    def counts(self) -> dict[tuple[str, Split], int]:
        """Number of rows by config and split."""
        return {(config, split): self.table(config, split).num_rows for config in HISTORY_TYPES for split in SPLITS}

    def _positions_of(self, config: str, split: Split) -> dict[str, int]:
        """Return the position of each row by its instance id."""
        key = (config, split)
        if key not in self._positions:
            ids = self.column(config, split, "instance_id")
            self._positions[key] = {instance_id: index for index, instance_id in enumerate(ids)}
        return self._positions[key]


def data_revision(manifest: Mapping[str, Any]) -> str:
    """Return twelve hexadecimal digits that identify the data: a hash over all data files, private answers included.

    Two builds share it only if their data is the same, byte for byte.

    Raises:
        KeyError, TypeError: If the manifest does not list the files.
    """
    files = {**manifest["files"], **{f"private/{path}": facts for path, facts in manifest["private_files"].items()}}
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.endswith(".parquet")):
        digest.update(f"{path}\0{files[path]['sha256']}\n".encode())
    return digest.hexdigest()[:12]


def table_files(path: Path) -> list[Path]:
    """Return the files of a table: the file itself, or its shards in order, such as `test-00000-of-00003.parquet`.

    Raises:
        DataError: If a shard is missing.
    """
    shards = [] if path.is_file() else sorted(path.parent.glob(f"{path.stem}-?????-of-?????{path.suffix}"))
    if not shards:
        return [path]
    count = int(shards[0].stem.rpartition("-")[2])
    if len(shards) != count:
        raise DataError(
            f"{str(path.parent)!r} holds {len(shards)} of the {count} files of {path.stem!r}. "
            "Build or download the data set again."
        )
    return shards


def read_parquet(path: Path) -> pa.Table:
    """Read a Parquet file.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        return pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{str(path)!r} cannot be read as Parquet: {error}. Build the data set again.") from error
