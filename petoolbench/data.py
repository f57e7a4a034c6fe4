"""Instances of the benchmark in memory: loaded from a folder, from the Hub, or from rows of `datasets`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, overload

import pyarrow as pa
import pyarrow.compute as pc

from builder.choices import validate_choice
from builder.errors import ConfigError, DataError
from hf_dataset.decoding import Decoder
from hf_dataset.layout import SPLITS, split_file
from hf_dataset.manifest import ALL, Manifest, read_manifest
from hf_dataset.prompting import config_of
from hf_dataset.reader import answered, files_of, read_answers, read_columns, read_instances
from hf_dataset.references import references
from hf_dataset.schema import HISTORY_TYPES, Instance, arrow_schema, to_dict
from metrics.petoolbench.records import Reference
from petoolbench.hub.locate import at_revision, data_folder
from petoolbench.inference.history_views import History, apply_history_view

if TYPE_CHECKING:
    import pandas as pd

_REQUIRED: Final = tuple(
    column.name for column in fields(Instance) if column.name not in ("answer", "evidence", "meta")
)
_OPTIONAL: Final = frozenset({"today", "history.rating", "history.date"})
"""Columns among them, and nested columns, whose values may be missing."""
_DEFAULT_SPLIT: Final = "validation"
CORE: Final = "core"
FULL_SPLIT: Final = "full split"
GIVEN_ROWS: Final = "given rows"
"""Names of the rows that figures are on; `core` and `full split` as on the leaderboard."""


@dataclass(frozen=True)
class InstanceSet(Sequence[Instance]):
    """Instances of one split, of one history type or of all three.

    Indexing gives an `Instance`, slicing another `InstanceSet`; `len` and iteration work as for a list.
    """

    rows: tuple[Instance, ...]
    config: str
    """A history type, or `all`."""
    split: str
    folder: Path | None = None
    """Local folder of the data set; None for rows that were passed in."""
    manifest: Manifest | None = None
    answers: Path | None = None
    """Folder of the private answers, if given."""

    @overload
    def __getitem__(self, index: int) -> Instance: ...
    @overload
    def __getitem__(self, index: slice) -> InstanceSet: ...
    def __getitem__(self, index: int | slice) -> Instance | InstanceSet:
        return replace(self, rows=self.rows[index]) if isinstance(index, slice) else self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"InstanceSet({len(self):,} rows, config={self.config!r}, split={self.split!r}, source={self.source!r})"

    @property
    def source(self) -> str:
        """Name of the data set, for messages."""
        return str(self.folder) if self.folder else "the given rows"

    def by_config(self) -> dict[str, InstanceSet]:
        """Return the instances of each history type that occurs, in the order of the configs."""
        parts: defaultdict[str, list[Instance]] = defaultdict(list)
        for row in self.rows:
            parts[config_of(row.instance_id)].append(row)
        return {
            config: replace(self, rows=tuple(parts[config]), config=config)
            for config in HISTORY_TYPES
            if config in parts
        }

    def references(self) -> list[Reference]:
        """Return the references that replies are judged against, in the order of the instances.

        Raises:
            MetricError: If an instance has no answer: the test split is scored with its private answers only.
        """
        return references(self.rows)

    def with_history(self, history: History, shuffle_seed: int | None = None) -> InstanceSet:
        """Return the instances as a model sees them under a history view.

        Args:
            history: `own`; `none` for an empty history; `swapped` for the history of a user of another query group.
            shuffle_seed: Seed for shuffling the candidates; None for the order of the data set.

        Raises:
            DataError: If there is no other query group to swap histories with.
        """
        views = [apply_history_view(part.rows, history, shuffle_seed) for part in self.by_config().values()]
        return replace(self, rows=tuple(row for view in views for row in view))

    def spread(self, count: int) -> InstanceSet:
        """Return at most `count` instances of each config, spread evenly over the query groups.

        A second instance of a query group is chosen only after one of every other query group, so that a few instances
        contain many different instructions. A larger count gives a superset. The order of the data set is kept.
        """
        chosen = {row.instance_id for part in self.by_config().values() for row in spread_over_groups(part.rows, count)}
        return replace(self, rows=tuple(row for row in self.rows if row.instance_id in chosen))

    @property
    def core(self) -> InstanceSet:
        """The core of the test split: the query groups that carry the main figure of the leaderboard.

        If the data set names no core, all instances are returned.

        Raises:
            ConfigError: If the split is not `test`, or the data set has no manifest.
        """
        if self.split != "test" or self.manifest is None:
            raise ConfigError(
                f"The core is a part of the test split of a data set; these are instances of {self.source!r}, split "
                f"{self.split!r}. Pass --split test, or leave out --core."
            )
        core = frozenset(self.manifest.core)
        return replace(self, rows=tuple(row for row in self.rows if row.query_group in core)) if core else self

    @property
    def has_core(self) -> bool:
        """True for the test split of a data set whose manifest names a core."""
        return self.split == "test" and self.manifest is not None and bool(self.manifest.core)

    @property
    def scored_rows(self) -> str:
        """Name of these rows: `full split`; `core`, if they are its rows; otherwise `given rows`."""
        if self.manifest is None:
            return GIVEN_ROWS
        parts = self.by_config()
        if all(len(part) == self.manifest.rows.get(name, {}).get(self.split) for name, part in parts.items()):
            return FULL_SPLIT
        return CORE if self.has_core and all(part._is_core() for part in parts.values()) else GIVEN_ROWS

    def _is_core(self) -> bool:
        """Return True if these rows of one config are those of the core."""
        if self.folder is None or len(self.core) < len(self):
            return False
        core = pa.array(self.manifest.core if self.manifest else ())
        files = files_of(self.folder, split_file(self.config, self.split))
        batches = (batch for path in files for batch in read_columns(path, Instance, "query_group"))
        return len(self) == sum(pc.sum(pc.is_in(batch.column(0), value_set=core)).as_py() or 0 for batch in batches)

    def select(self, ids: Iterable[str]) -> InstanceSet:
        """Return the instances with these ids, in the order of the data set.

        Raises:
            ConfigError: If an id does not occur.
        """
        wanted = set(ids)
        if unknown := sorted(wanted - {row.instance_id for row in self.rows}):
            raise ConfigError(
                f"{len(unknown)} of the ids are not in {self.config!r}, split {self.split!r}, for example "
                f"{unknown[0]!r}. Check the config, the split and the data set."
            )
        return replace(self, rows=tuple(row for row in self.rows if row.instance_id in wanted))

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the instances as plain dicts, in the format of the rows of `datasets`."""
        return [to_dict(row) for row in self.rows]

    def to_pandas(self) -> pd.DataFrame:
        """Return the instances as a DataFrame with one row per instance and the columns of the data set."""
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        return pd.DataFrame(self.to_dict(), columns=[column.name for column in fields(Instance)])


def spread_over_groups(rows: Sequence[Instance], count: int) -> list[Instance]:
    """Return at most `count` rows, spread evenly over the query groups, in their present order.

    Args:
        rows: Rows of one config.
        count: Number of rows; a larger count gives a superset.
    """
    seen: defaultdict[str, int] = defaultdict(int)
    ranks = []
    for place, row in enumerate(rows):
        ranks.append((seen[row.query_group], place))
        seen[row.query_group] += 1
    return [rows[place] for place in sorted(place for _, place in sorted(ranks)[:count])]


def load(
    source: str | Path | Iterable[Instance | Mapping[str, Any]],
    config: str | None = None,
    split: str | None = None,
    *,
    answers: str | Path | None = None,
    revision: str | None = None,
) -> InstanceSet:
    """Load instances of the benchmark.

    Args:
        source: Folder of a build; repository on the Hub, `ORG/NAME`; or rows: a `datasets.Dataset`, or any iterable of
            instances or dicts with the columns of the data set.
        config: `preferred_only` (default), `rating_integrated` or `chronological`; `all` for the three together. For
            rows, it is read from their ids.
        split: `train`, `validation` (default) or `test`. For rows, it is read from their ids.
        answers: Folder of the private answers, which are added to the rows of the test split.
        revision: Tag, branch or commit of a repository.

    Returns:
        The instances, in the order of the data set.

    Raises:
        ConfigError: If the config or split is unknown, or a folder or rows are given a revision.
        DataError: If rows lack a column or a value, occur twice, or are of another config or of several splits.
        HubError: If the repository cannot be downloaded.
        ReadError: If the folder is not a data set.

    Example:
        >>> data = load("out/demo", "chronological")
        >>> len(data), data[0].instruction
    """
    if split is not None:
        validate_choice("split", split, SPLITS)
    if config is not None:
        validate_choice("config", config, (*HISTORY_TYPES, ALL))
    private = None if answers is None else Path(answers)
    if not isinstance(source, str | Path):
        if revision is not None:
            raise ConfigError("Rows have no revision. Remove the revision, or name a repository on the Hub.")
        return _from_rows(source, config, split, private)
    folder = data_folder(at_revision(source, revision))
    manifest = read_manifest(folder)
    name, split = config or HISTORY_TYPES[0], split or _DEFAULT_SPLIT
    rows = [row for part in (HISTORY_TYPES if name == ALL else (name,)) for row in read_instances(folder, part, split)]
    return InstanceSet(_with_answers(rows, split, private), name, split, folder, manifest, private)


def as_instance(row: Instance | Mapping[str, Any]) -> Instance:
    """Return a row as an `Instance`; dicts are the rows of `datasets`.

    Raises:
        DataError: If a column is missing or has another type.
    """
    return row if isinstance(row, Instance) else _decode([row])[0]


def _from_rows(
    source: Iterable[Instance | Mapping[str, Any]], config: str | None, split: str | None, answers: Path | None
) -> InstanceSet:
    rows = _decoded(source)
    counts = Counter(row.instance_id for row in rows)
    if repeated := [instance_id for instance_id, count in counts.items() if count > 1]:
        raise DataError(f"The instance {repeated[0]!r} occurs {counts[repeated[0]]} times. Pass each row once.")
    configs = [name for name in HISTORY_TYPES if any(config_of(row.instance_id) == name for row in rows)]
    name = configs[0] if len(configs) == 1 else ALL
    if config not in (None, name):
        raise DataError(
            f"The rows are of {', '.join(configs)}, not of {config!r}. Leave config out, or pass other rows."
        )
    # Builds write the split into each id. Ids of other data may lack it.
    splits = [name for name in SPLITS if any(f"-{name}-" in row.instance_id for row in rows)]
    if len(splits) > 1:
        raise DataError(f"The rows are of several splits: {', '.join(splits)}. Pass the rows of one split.")
    if split is not None and splits and split not in splits:
        raise DataError(f"The rows are of the split {splits[0]!r}, not of {split!r}. Leave split out, or pass others.")
    split = split or next(iter(splits), _DEFAULT_SPLIT)
    return InstanceSet(_with_answers(rows, split, answers), name, split, answers=answers)


def _with_answers(rows: Sequence[Instance], split: str, answers: Path | None) -> tuple[Instance, ...]:
    """Return rows of the test split with their private answers, and other rows unchanged."""
    if answers is None or split != "test":
        return tuple(rows)
    ids = {row.instance_id for row in rows}
    configs = dict.fromkeys(config_of(row.instance_id) for row in rows)
    keys = (key for config in configs for key in read_answers(answers, config) if key.instance_id in ids)
    return tuple(answered(rows, keys))


def _decoded(source: Iterable[Instance | Mapping[str, Any]]) -> tuple[Instance, ...]:
    """Return the instances of rows in any accepted form."""
    if isinstance(source, Mapping):
        raise DataError(
            f"The rows are of type {type(source).__name__}. Pass the rows of one split: a Dataset instead of a "
            "DatasetDict, select(range(5)) instead of [:5], and a single row in a list."
        )
    if not isinstance(source, Iterable):
        raise DataError(
            f"Instances cannot be loaded from an object of type {type(source).__name__}. Pass a folder, ORG/NAME on "
            "the Hub, or rows."
        )
    given = list(source)
    if not given:
        raise DataError("There are no rows. Pass the rows of a split, such as those of datasets.load_dataset.")
    dicts = [row for row in given if not isinstance(row, Instance)]
    decoded = iter(_decode(dicts) if dicts else ())
    return tuple(row if isinstance(row, Instance) else next(decoded) for row in given)


def _decode(rows: Sequence[Mapping[str, Any]]) -> list[Instance]:
    for row in rows:
        if not isinstance(row, Mapping):
            raise DataError(
                f"A row is of type {type(row).__name__}. Pass dicts with the columns of the data set: a Dataset, a "
                'list, or frame.to_dict("records").'
            )
        if missing := [name for name in _REQUIRED if name not in row]:
            raise DataError(
                f"A row lacks the column {missing[0]!r}. Required columns: {', '.join(_REQUIRED)}. Pass the rows of "
                "load_dataset as they are."
            )
    try:
        batches = pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(Instance)).to_batches()
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"The rows cannot be read as instances: {error}. Pass the rows of load_dataset as they are."
        ) from error
    for batch in batches:
        if empty := next(filter(None, (_empty_column(name, batch.column(name)) for name in _REQUIRED)), None):
            raise DataError(f"A row has no value in the column {empty!r}. Pass the rows of load_dataset as they are.")
    decoder = Decoder(Instance)
    return [row for batch in batches for row in decoder.rows(batch)]


def _empty_column(name: str, values: pa.Array) -> str | None:
    """Return the name of the first column, or nested column, that lacks a value and is not optional."""
    if name in _OPTIONAL:
        return None
    if values.null_count:
        return name
    if pa.types.is_list(values.type):
        return _empty_column(name, values.flatten())
    if not pa.types.is_struct(values.type):
        return None
    inner = (_empty_column(f"{name}.{part.name}", values.field(part.name)) for part in values.type)
    return next(filter(None, inner), None)
