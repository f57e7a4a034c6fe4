"""New people's study: rows of the validation split for each reader, and a link to the leaderboard for each of them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.errors import ConfigError
from builder.execution.staging import folder_written_aside
from builder.randomness import generator_for
from hf_dataset.manifest import ALL
from hf_dataset.prompting import config_of
from hf_dataset.schema import HISTORY_TYPES, Instance, MetaRow
from metrics.study_files import ANSWERS, STUDY, Study, StudyReader, StudyRow, study_json
from petoolbench.data import load
from petoolbench.reading_study.draw import draw
from petoolbench.tables import text_table

from .study_design import assigned, tool_orders

SPLIT: Final = "validation"
"""Split of the rows: its answers are public, and the leaderboard shows them after the study."""
STUDY_ROWS: Final = 120
READERS: Final = 5
READS: Final = 3
_TOKEN_BYTES: Final = 16
_UNKNOWN: Final = MetaRow()


@dataclass(frozen=True, slots=True)
class NewStudy:
    """A new study. Prints the number of rows of each reader by config and kind of preference, and the links."""

    folder: Path
    study: Study
    counts: Mapping[int, Mapping[str, int]]
    """Number of rows by reader, then by `rows`, config and kind of preference."""
    url: str
    """Address of the leaderboard; empty if it is not known."""

    @property
    def links(self) -> dict[int, str]:
        """Link of each reader, by the number of the reader. A link is a credential."""
        return {reader.reader: f"{self.url}{self.study.query(reader)}" for reader in self.study.readers}

    def __str__(self) -> str:
        headings = list(dict.fromkeys(name for counts in self.counts.values() for name in counts))
        lines = [
            [str(reader), *(str(counts.get(name, 0)) for name in headings)] for reader, counts in self.counts.items()
        ]
        title = f"Study {self.study.id}: rows of each reader, {self.study.reads} readers a row"
        links = "\n".join(f"reader {reader}: {link}" for reader, link in self.links.items())
        return f"{text_table(title, ['reader', *headings], lines)}\n\n{links}"


def new_study(
    out: str | Path,
    data: str | Path,
    *,
    config: str = ALL,
    rows: int = STUDY_ROWS,
    readers: int = READERS,
    reads: int = READS,
    seed: int = 0,
    url: str = "",
) -> NewStudy:
    """Deal rows of the validation split to people, who answer them on the Play page of a leaderboard.

    At most one row of each query group and of each user is dealt, so that no reader sees two of them. Each row is read
    by `reads` people: by one in the first section of the list, by another in the second, and so on. History types and
    kinds of preference are as even as the split allows, over and within readers. The order of the tools differs between
    the readers of a row. All of this depends on `seed` only; the tokens of the links do not.

    Args:
        out: Folder to create.
        data: Folder of the data set, or its repository on the Hub.
        config: History type, or `all` for the three.
        rows: Number of rows.
        readers: Number of people.
        reads: Number of readers of each row, at most `readers`.
        seed: Seed of the draw, at least 0.
        url: Address of the leaderboard, for the links; without it, they begin with `?`.

    Returns:
        The study, with a link for each reader.

    Raises:
        ConfigError: If a number is not allowed, or the split has too few query groups.
        DataError: If the split has no rows.
        OutputError: If the folder exists or cannot be written.
        ReadError: If the folder is not a data set.

    Example:
        >>> print(new_study("out/people", "out/demo", rows=6, readers=3))
    """
    _check(rows, readers, reads, seed)
    instances = load(data, config, SPLIT)
    assert instances.manifest is not None
    dealt = draw(instances.rows, rows, generator_for((seed,), "people's study", config))
    lists = _lists(dealt, readers, reads, seed)
    revision = instances.manifest.data_revision
    study = Study(
        id=_study_id(revision, seed, reads, lists),
        data_revision=revision,
        split=SPLIT,
        seed=seed,
        reads=reads,
        readers=tuple(
            StudyReader(number, secrets.token_urlsafe(_TOKEN_BYTES), given)
            for number, given in enumerate(lists, start=1)
        ),
    )
    with folder_written_aside(Path(out)) as folder:
        (folder / ANSWERS).mkdir()
        (folder / STUDY).write_text(study_json(study), encoding="utf-8")
    return NewStudy(Path(out), study, _counts(study, dealt), url.strip())


def _check(rows: int, readers: int, reads: int, seed: int) -> None:
    if seed < 0:
        raise ConfigError(f"Invalid seed {seed}. Pass a number of at least 0.")
    if reads < 1 or readers < reads:
        raise ConfigError(
            f"Each row needs {reads} different readers, but there are {readers}. Allowed for --reads: 1 to {readers}. "
            "Lower --reads, or raise --readers."
        )
    if rows * reads < readers:
        raise ConfigError(
            f"{rows} rows with {reads} readers each are {rows * reads} readings, which is less than one for each of "
            f"{readers} readers. Raise --rows, or lower --readers."
        )


def _lists(rows: Sequence[Instance], readers: int, reads: int, seed: int) -> list[tuple[StudyRow, ...]]:
    """Return the rows of each reader, in order, with the tools as the reader sees them."""
    strata = [(config_of(row.instance_id), (row.meta or _UNKNOWN).kind) for row in rows]
    slots = assigned(strata, readers, reads, generator_for((seed,), "people's study", "readers"))
    orders = [
        tool_orders(
            [tool.name for tool in row.candidates],
            reads,
            generator_for((seed,), "people's study", "tools", row.instance_id),
        )
        for row in rows
    ]
    return [
        tuple(
            StudyRow(rows[slot.row].instance_id, strata[slot.row][0], tuple(orders[slot.row][slot.turn]))
            for slot in given
        )
        for given in slots
    ]


def _study_id(revision: str, seed: int, reads: int, lists: Sequence[Sequence[StudyRow]]) -> str:
    """Return eight hexadecimal digits that identify the rows and readers of a study."""
    rows = [[(row.instance_id, row.tools) for row in given] for given in lists]
    return hashlib.sha256(json.dumps([revision, seed, reads, rows]).encode()).hexdigest()[:8]


def _counts(study: Study, rows: Sequence[Instance]) -> dict[int, dict[str, int]]:
    """Return the number of rows of each reader, by config and kind as far as kinds are known."""
    kinds = {row.instance_id: (row.meta or _UNKNOWN).kind for row in rows}
    known = sorted({kind for kind in kinds.values() if kind is not None})
    counts = {}
    for reader in study.readers:
        configs = Counter(row.config for row in reader.rows)
        by_kind = Counter(kinds[row.instance_id] for row in reader.rows)
        counts[reader.reader] = {
            "rows": len(reader.rows),
            **{name: configs[name] for name in HISTORY_TYPES if configs[name]},
            **{kind: by_kind[kind] for kind in known},
        }
    return counts
