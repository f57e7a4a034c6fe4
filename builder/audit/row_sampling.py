"""The rows that an audit is about: all of a split, gone through a few at a time, or a sample of them, held.

A split that is too large to be held is sampled by whole query groups. They are what the gates are clustered on, so that
a gate on a sample is the same test as one on all rows, with as wide a margin as the sample's size makes it; and they
come from all of the split's files, so that no partition is left out. Which are drawn depends on the build's seed, the
split and the names of its query groups, which are those of every config.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.randomness import generator_for
from hf_dataset.errors import ReadError
from hf_dataset.layout import answers_file, split_file
from hf_dataset.reader import answered, files_of, read_columns, read_file
from hf_dataset.schema import AnswerKey, Instance

HELD_ROWS: Final = 15_000
"""Most rows of a split that are held; more than a split of one partition has, so that those are audited whole."""
_PURPOSE: Final = "audit"


@dataclass(frozen=True, slots=True)
class Basis:
    """How much of a split figures rest on."""

    split: str
    rows: int
    of_rows: int
    query_groups: int
    of_query_groups: int

    @property
    def whole(self) -> bool:
        """They rest on all of it."""
        return self.rows == self.of_rows


def in_words(bases: Sequence[Basis]) -> str:
    """What figures rest on, where that is a sample; empty where it is everything."""
    if all(basis.whole for basis in bases):
        return ""
    return ", ".join(
        f"{basis.rows:,} of {basis.of_rows:,} rows of {basis.split} ({basis.query_groups:,} of "
        f"{basis.of_query_groups:,} query groups)"
        for basis in bases
    )


class SplitRows:
    """The rows of a split of a config with their answers; can be gone through again and again.

    Args:
        data: Folder of the data set.
        config: History type.
        split: Its split.
        answers: Folder of the private answers; None where they stand in the rows.

    Raises:
        ReadError: If files are missing, or the answers are not in as many files as the rows.
    """

    def __init__(self, data: Path, config: str, split: str, answers: Path | None) -> None:
        self._files = files_of(data, split_file(config, split))
        self._keys = files_of(answers, answers_file(config)) if answers else []
        if self._keys and len(self._keys) != len(self._files):
            raise ReadError(
                f"{config!r} of {split!r} is in {len(self._files)} files, its answers are in {len(self._keys)}: they "
                "belong to another build. Name the answers folder of this one."
            )

    def __iter__(self) -> Iterator[Instance]:
        """All rows."""
        return self.of(None)

    def of(self, query_groups: Collection[str] | None) -> Iterator[Instance]:
        """The rows of some query groups, or of all.

        Raises:
            ReadError: If a file cannot be read.
        """
        for number, path in enumerate(self._files):
            rows: Iterator[Instance] = read_file(path, Instance, query_groups)
            yield from answered(rows, read_file(self._keys[number], AnswerKey, query_groups)) if self._keys else rows

    def sizes(self) -> dict[str, int]:
        """Number of rows of each query group.

        Raises:
            ReadError: If a file cannot be read.
        """
        found: Counter[str] = Counter()
        for path in self._files:
            for batch in read_columns(path, Instance, "query_group"):
                found.update(batch.column("query_group").to_pylist())
        return dict(found)


def draw(sizes: Mapping[str, int], seed: int, split: str, most: int) -> frozenset[str]:
    """Query groups of at most so many rows in all, drawn at random; one at least.

    Args:
        sizes: Rows of each query group.
        seed: The build's seed.
        split: What they are of.
        most: Rows.
    """
    names = sorted(sizes)
    drawn: list[str] = []
    rows = 0
    for index in generator_for((seed,), _PURPOSE, split).permutation(len(names)):
        name = names[int(index)]
        rows += sizes[name]
        if drawn and rows > most:
            break
        drawn.append(name)
    return frozenset(drawn)
