"""Sets of column values of any size, held as hashes of 8 bytes.

Only equal texts and rare collisions have equal hashes. Texts with equal hashes are read again and compared, so that the
results are exact. The hash is Python's own, which differs between processes: no hash leaves this module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .reader import read_columns

_hash: Final[Callable[[str], int]] = hash


@dataclass(frozen=True, slots=True)
class Column:
    """A column of texts in one or more files."""

    files: Sequence[Path]
    row: type
    """Row class of the files."""
    name: str
    field: str = ""
    """For a column of lists: the field of the items that contains the text."""

    def batches(self) -> Iterator[list[str]]:
        """Yield the texts in batches. Texts in lists occur once per batch.

        Raises:
            ReadError: If a file cannot be read.
        """
        path = f"{self.name}.list.element.{self.field}" if self.field else self.name
        for file in self.files:
            for batch in read_columns(file, self.row, path):
                array: pa.Array = batch.column(0)
                yield (array.flatten().field(self.field).unique() if self.field else array).to_pylist()


@dataclass(frozen=True, slots=True)
class Values:
    """The set of values of one or more columns."""

    columns: tuple[Column, ...]
    hashes: NDArray[np.int64]
    """Distinct hashes, sorted; shape (number of distinct hashes,)."""
    repeated: NDArray[np.int64]
    """Hashes that occur more than once; shape (number of those hashes,)."""

    @classmethod
    def of(cls, *columns: Column) -> Values:
        """Read the values of columns.

        Raises:
            ReadError: If a file cannot be read.
        """
        batches = [_hashes(texts) for column in columns for texts in column.batches()]
        hashes, counts = np.unique(np.concatenate([np.empty(0, np.int64), *batches]), return_counts=True)
        return cls(columns, hashes, hashes[counts > 1])

    def in_common(self, other: Values) -> list[str]:
        """Return the values that both sets contain, sorted.

        Raises:
            ReadError: If a file cannot be read.
        """
        common = np.intersect1d(self.hashes, other.hashes, assume_unique=True)
        return sorted(self._texts(common).keys() & other._texts(common).keys()) if len(common) else []

    def twice(self) -> list[str]:
        """Return the values that occur more than once, sorted.

        Raises:
            ReadError: If a file cannot be read.
        """
        return sorted(text for text, number in self._texts(self.repeated).items() if number > 1)

    def _texts(self, hashes: NDArray[np.int64]) -> Counter[str]:
        """Return the number of occurrences of each text that has one of the hashes."""
        wanted = frozenset(hashes.tolist())
        if not wanted:
            return Counter()
        batches = (texts for column in self.columns for texts in column.batches())
        return Counter(text for texts in batches for text in texts if _hash(text) in wanted)


def _hashes(texts: Sequence[str]) -> NDArray[np.int64]:
    return np.fromiter(map(_hash, texts), np.int64, len(texts))
