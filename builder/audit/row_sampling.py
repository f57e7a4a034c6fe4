"""Rows of a split: all of them as a stream, or a sample that fits in memory.

A split that is too large is sampled by whole query groups, the unit on which gates are clustered. A gate on a sample is
therefore the same test as a gate on all rows, with the margin of the sample's size. The sample is drawn from all files
of the split, so no partition is left out. It depends on the seed of the build, the split and the names of the query
groups, and is therefore the same for every config.
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

MAX_ROWS_IN_MEMORY: Final = 15_000
"""Maximum number of rows of a split that are held in memory; larger than a split of one partition, which is therefore
never sampled."""
_PURPOSE: Final = "audit"


@dataclass(frozen=True, slots=True)
class Basis:
    """The number of measured rows and query groups of a split, out of all."""

    split: str
    rows: int
    of_rows: int
    query_groups: int
    of_query_groups: int

    @property
    def whole(self) -> bool:
        """True if all rows were measured."""
        return self.rows == self.of_rows


def in_words(bases: Sequence[Basis]) -> str:
    """Describe a sample in words; return an empty string if all rows were measured."""
    if all(basis.whole for basis in bases):
        return ""
    return ", ".join(
        f"{basis.rows:,} of {basis.of_rows:,} rows of {basis.split} ({basis.query_groups:,} of "
        f"{basis.of_query_groups:,} query groups)"
        for basis in bases
    )


class SplitRows:
    """The rows of a split of a config with their answers; each iteration reads the files again.

    Args:
        data: Folder of the data set.
        config: History type.
        split: Name of the split.
        answers: Folder of the private answers; None if the rows contain their answers.

    Raises:
        ReadError: If files are missing, or if rows and answers are in different numbers of files.
    """

    def __init__(self, data: Path, config: str, split: str, answers: Path | None) -> None:
        self._files = files_of(data, split_file(config, split))
        self._answer_files = files_of(answers, answers_file(config)) if answers else []
        if self._answer_files and len(self._answer_files) != len(self._files):
            raise ReadError(
                f"{split!r} of {config!r} is in {len(self._files)} files, but its answers are in "
                f"{len(self._answer_files)}: they belong to another build. Name the answers folder of this build."
            )

    def __iter__(self) -> Iterator[Instance]:
        """Yield all rows."""
        return self.of(None)

    def of(self, query_groups: Collection[str] | None) -> Iterator[Instance]:
        """Yield the rows of some query groups, or all rows if None.

        Raises:
            ReadError: If a file cannot be read.
        """
        for number, path in enumerate(self._files):
            rows: Iterator[Instance] = read_file(path, Instance, query_groups)
            if self._answer_files:
                yield from answered(rows, read_file(self._answer_files[number], AnswerKey, query_groups))
            else:
                yield from rows

    def sizes(self) -> dict[str, int]:
        """Return the number of rows of each query group.

        Raises:
            ReadError: If a file cannot be read.
        """
        counts: Counter[str] = Counter()
        for path in self._files:
            for batch in read_columns(path, Instance, "query_group"):
                counts.update(batch.column("query_group").to_pylist())
        return dict(counts)


def draw(sizes: Mapping[str, int], seed: int, split: str, most: int) -> frozenset[str]:
    """Draw query groups at random until the next one would exceed the maximum number of rows; at least one.

    Args:
        sizes: Number of rows of each query group.
        seed: Seed of the build.
        split: Name of the split.
        most: Maximum number of rows in all.

    Returns:
        The drawn query groups.
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
