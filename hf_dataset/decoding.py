"""Decode Arrow batches to rows.

Rows repeat the documentation of the same tools thousands of times: it is nine tenths of the data. Therefore, rows are
decoded column by column, equal texts of a batch are one object, and equal `ToolDoc` of a decoder are one object.
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
"""Row classes whose equal objects are shared. Their number depends on the tools, not on the rows."""


class Decoder:
    """Decoder of rows of one class.

    Args:
        row: One of the row classes of the schema.
    """

    def __init__(self, row: type) -> None:
        self._row = row
        self._shared: dict[Any, Any] = {}

    def rows(self, batch: pa.RecordBatch) -> list[Any]:
        """Decode a batch.

        Args:
            batch: A batch with the columns of the row class; others are ignored.

        Raises:
            KeyError: If a column is missing.
        """
        columns = (self._values(hint, batch.column(name)) for name, hint in fields_of(self._row).items())
        return list(map(self._row, *columns))

    def _values(self, hint: Any, array: pa.Array) -> Sequence[Any]:
        if typing.get_origin(hint) is list:
            inner = self._values(typing.get_args(hint)[0], array.flatten())
            lengths = pc.list_value_length(array).fill_null(0).to_pylist()
            values: list[Any] = [inner[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]
        elif dataclasses.is_dataclass(hint):
            values = self._structs(typing.cast("type", hint), array)
        elif hint is str:
            return _texts(array)
        else:
            return typing.cast("list[Any]", array.to_pylist())
        if array.null_count:
            values = [item if valid else None for item, valid in zip(values, array.is_valid().to_pylist(), strict=True)]
        return values

    def _structs(self, row: type, array: pa.StructArray) -> list[Any]:
        columns = [self._values(hint, array.field(name)) for name, hint in fields_of(row).items()]
        if row not in _SHARED:
            return list(map(row, *columns))
        shared, structs = self._shared, []
        for key in zip(*columns, strict=True):
            struct = shared.get(key)
            if struct is None:
                struct = shared[key] = row(*key)
            structs.append(struct)
        return structs


def shared_columns(row: type, above: str = "") -> list[str]:
    """Return the Parquet paths of the texts in shared classes, which are faster to read as dictionaries.

    Args:
        row: One of the row classes of the schema.
        above: Prefix of the paths.
    """
    paths = []
    for name, hint in fields_of(row).items():
        path = f"{above}{name}"
        while typing.get_origin(hint) is list:
            hint, path = typing.get_args(hint)[0], f"{path}.list.element"  # noqa: PLW2901
        if dataclasses.is_dataclass(hint):
            paths += shared_columns(typing.cast("type", hint), f"{path}.")
        elif row in _SHARED:
            paths.append(path)
    return paths


def _texts(array: pa.Array) -> list[Any]:
    """Return the texts of a column; equal texts are one object."""
    encoded = array if isinstance(array, pa.DictionaryArray) else array.dictionary_encode()
    # Missing texts get the last index, which is that of None.
    texts = [*encoded.dictionary.to_pylist(), None]
    return [texts[index] for index in encoded.indices.fill_null(len(texts) - 1).to_pylist()]
