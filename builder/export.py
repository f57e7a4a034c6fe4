"""Stage 10: export of the data set and of the private answers, each to its own folder.

Parquet files contain a plain Arrow schema and the canary. The features are declared in the card, where every version of
`datasets` can read them. Answers of the test split are written to the answers folder only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from builder.records import Tool
from builder.users.rows import to_json
from hf_dataset.layout import CANARY, split_file
from hf_dataset.schema import HISTORY_TYPES, AnswerKey, FactRow, Instance, MetaRow, ToolRow, arrow_schema, to_dict

_ROW_GROUP: Final = 1000
_LEVEL: Final = 9
"""Compression level of zstd. Neighbouring rows share long passages; the default level finds only half of them."""
ANSWERS_README: Final = """\
---
pretty_name: PEToolBench, private answers
viewer: false
---

# Private answers

The answers of the public test split, one file per config, and the tools of the split with their facts. Never
publish this folder, and never store it inside the folder of the data set.
"""


class TableWriter:
    """Writer of rows of one class to one Parquet file, in row groups of 1,000.

    Args:
        path: The file; its folder is created if missing.
        row: Dataclass of the rows, from `hf_dataset.schema`.
    """

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
        """Write the remaining rows and close the file."""
        if self._rows or not self.count:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def public_row(row: Instance) -> Instance:
    """Return a test row without its answer, and without evidence and metadata that reveal it."""
    tokens = row.meta.n_tokens if row.meta else None
    return replace(row, answer=None, evidence=[], meta=MetaRow(n_tokens=tokens))


def answer_key(row: Instance) -> AnswerKey:
    """Return the private part of a test row."""
    assert row.answer is not None
    assert row.meta is not None
    return AnswerKey(row.instance_id, row.query_group, row.answer, row.evidence, row.meta)


def tool_row(tool: Tool) -> ToolRow:
    """Return the row of a tool in the catalogue, with its facts."""
    return ToolRow(
        name=tool.name,
        provider=tool.provider,
        category=tool.category,
        functionality=tool.functionality,
        description=tool.description,
        listing=tool.listing,
        parameters=to_json(tool.parameters),
        facts=[FactRow(item.axis, item.value, item.unit, item.evidence) for item in tool.attributes],
    )


def public_tool(row: ToolRow) -> ToolRow:
    """Return a test tool without its facts, from which the answers can be inferred."""
    return replace(row, facts=[])


def shown_tools(folder: Path, split: str) -> set[str]:
    """Return the names of all tools that the rows of a split show, in histories or as candidates.

    Args:
        folder: Folder of the public data.
        split: Name of the split.
    """
    shown: set[str] = set()
    for config in HISTORY_TYPES:
        rows = pq.read_table(folder / split_file(config, split), columns=["history", "candidates"])
        for history, candidates in zip(rows["history"].to_pylist(), rows["candidates"].to_pylist(), strict=True):
            shown.update(name for step in history for name in (step["name"], *step["offered"]))
            shown.update(candidate["name"] for candidate in candidates)
    return shown


def write_tools(path: Path, rows: Iterable[ToolRow]) -> int:
    """Write one split of the catalogue to a Parquet file and return the number of rows."""
    writer = TableWriter(path, ToolRow)
    for row in rows:
        writer.add(row)
    writer.close()
    return writer.count
