"""From Arrow to rows: column by column, since a row's documentation of tools is that of thousands of other rows.

Texts that are equal are one object within a batch, and equal `ToolDoc` are one object in all that a decoder makes: they
are nine tenths of what rows hold.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from .schema import ToolDoc, fields_of

_SHARED: Final = (ToolDoc,)
"""Row classes that are shared; of them there are as many as there are tools, however many rows."""


class Decoder:
    """Makes rows of one class.

    Args:
        row: One of the row classes of the schema.
    """

    def __init__(self, row: type) -> None:
        self._row = row
        self._known: dict[Any, Any] = {}

    def rows(self, batch: pa.RecordBatch) -> list[Any]:
        """The rows of a batch, which has the columns of the row class.

        Raises:
            KeyError: If a column is missing.
        """
        columns = (self._values(hint, batch.column(name)) for name, hint in fields_of(self._row).items())
        return list(map(self._row, *columns))

    def _values(self, hint: Any, array: pa.Array) -> Sequence[Any]:
        if typing.get_origin(hint) is list:
            inner = self._values(typing.get_args(hint)[0], array.flatten())
            lengths = pc.list_value_length(array).fill_null(0).to_pylist()
            found: list[Any] = [inner[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]
        elif dataclasses.is_dataclass(hint):
            found = self._structs(typing.cast("type", hint), array)
        elif hint is str:
            return _texts(array)
        else:
            return typing.cast("list[Any]", array.to_pylist())
        if array.null_count:
            found = [item if valid else None for item, valid in zip(found, array.is_valid().to_pylist(), strict=True)]
        return found

    def _structs(self, row: type, array: pa.StructArray) -> list[Any]:
        columns = [self._values(hint, array.field(name)) for name, hint in fields_of(row).items()]
        if row not in _SHARED:
            return list(map(row, *columns))
        known, found = self._known, []
        for key in zip(*columns, strict=True):
            one = known.get(key)
            if one is None:
                one = known[key] = row(*key)
            found.append(one)
        return found


def shared_columns(row: type, above: str = "") -> list[str]:
    """Paths of the texts of shared classes, as Parquet names them: those that are worth reading as dictionaries.

    Args:
        row: One of the row classes of the schema.
        above: What the paths begin with.
    """
    found = []
    for name, hint in fields_of(row).items():
        path = f"{above}{name}"
        while typing.get_origin(hint) is list:
            hint, path = typing.get_args(hint)[0], f"{path}.list.element"  # noqa: PLW2901  (into the list)
        if dataclasses.is_dataclass(hint):
            found += shared_columns(typing.cast("type", hint), f"{path}.")
        elif row in _SHARED:
            found.append(path)
    return found


def _texts(array: pa.Array) -> list[Any]:
    """Texts, equal ones as one object."""
    coded = array if isinstance(array, pa.DictionaryArray) else array.dictionary_encode()
    # None stands last, where the index of what is missing points to.
    texts = [*coded.dictionary.to_pylist(), None]
    return [texts[index] for index in coded.indices.fill_null(len(texts) - 1).to_pylist()]
