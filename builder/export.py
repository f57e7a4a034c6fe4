"""Stage 10: the dataset repository as a folder, and the private answers of its test split as another.

The Parquet files carry a plain Arrow schema and the canary; the features stand in the card, where every version of
`datasets` reads them. What the public test rows leave out is in the answers folder only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from hf_dataset.layout import CANARY
from hf_dataset.schema import AnswerKey, Instance, MetaRow, ToolRow, arrow_schema, to_dict

_ROW_GROUP: Final = 1000
_LEVEL: Final = 9
"""Of zstd: rows nearby share long passages, which the default level of 1 finds half as many of."""
ANSWERS_README: Final = """\
---
pretty_name: PEToolBench, private answers
viewer: false
---

# Private answers

The answers of the public test split, one file a config, and its tools with their attributes. Never publish this
folder, never put it below the data set.
"""


class TableWriter:
    """Writes rows of one class to one Parquet file, in row groups of 1,000."""

    def __init__(self, path: Path, row: type) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = arrow_schema(row).with_metadata({"canary": CANARY})
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", compression_level=_LEVEL)
        self._rows: list[dict[str, Any]] = []
        self.count = 0

    def add(self, row: Any) -> None:
        """Write one row."""
        self._rows.append(to_dict(row))
        self.count += 1
        if len(self._rows) == _ROW_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left and end the file."""
        if self._rows or not self.count:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def public_row(row: Instance) -> Instance:
    """A test row without what gives the answer away."""
    tokens = row.meta.n_tokens if row.meta else None
    return replace(row, answer=None, evidence=[], meta=MetaRow(None, None, None, None, tokens, None))


def answer_key(row: Instance) -> AnswerKey:
    """What the public test row leaves out."""
    assert row.answer is not None
    assert row.meta is not None
    return AnswerKey(row.instance_id, row.query_group, row.answer, row.evidence, row.meta)


def public_tool(row: ToolRow) -> ToolRow:
    """A test tool without its attributes, from which a reader of histories could tell the answers."""
    return replace(row, attributes=[])


def write_tools(path: Path, rows: Iterable[ToolRow]) -> int:
    """Write one split of the catalogue; returns the number of rows."""
    writer = TableWriter(path, ToolRow)
    for row in rows:
        writer.add(row)
    writer.close()
    return writer.count
