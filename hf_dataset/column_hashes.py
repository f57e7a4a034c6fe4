"""The values of a column, however many, as hashes of 8 bytes.

Equal texts have equal hashes; where hashes are equal, the texts themselves are read again and compared, so that what is
found is exact. The hash is Python's own, which is another one in each process: no hash leaves this module.
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
    """Texts in some files."""

    files: Sequence[Path]
    row: type
    """Class of the files' rows."""
    name: str
    field: str = ""
    """Where the column holds lists: the field of their items that is the text."""

    def batches(self) -> Iterator[list[str]]:
        """The texts, some at a time; those of lists once in each batch.

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
    """The different values of some columns."""

    columns: tuple[Column, ...]
    hashes: NDArray[np.int64]
    """Different and sorted; shape (values,)."""
    repeated: NDArray[np.int64]
    """Those that come more than once; shape (at most as many,)."""

    @classmethod
    def of(cls, *columns: Column) -> Values:
        """The values of columns.

        Raises:
            ReadError: If a file cannot be read.
        """
        found = [_hashes(texts) for column in columns for texts in column.batches()]
        hashes, counts = np.unique(np.concatenate([np.empty(0, np.int64), *found]), return_counts=True)
        return cls(columns, hashes, hashes[counts > 1])

    def in_common(self, other: Values) -> list[str]:
        """Values that are in both, sorted."""
        common = np.intersect1d(self.hashes, other.hashes, assume_unique=True)
        return sorted(self._texts(common).keys() & other._texts(common).keys()) if len(common) else []

    def twice(self) -> list[str]:
        """Values that come more than once, sorted."""
        return sorted(text for text, number in self._texts(self.repeated).items() if number > 1)

    def _texts(self, hashes: NDArray[np.int64]) -> Counter[str]:
        """How often each text with one of some hashes comes."""
        wanted = frozenset(hashes.tolist())
        if not wanted:
            return Counter()
        batches = (texts for column in self.columns for texts in column.batches())
        return Counter(text for texts in batches for text in texts if _hash(text) in wanted)


def _hashes(texts: Sequence[str]) -> NDArray[np.int64]:
    return np.fromiter(map(_hash, texts), np.int64, len(texts))
