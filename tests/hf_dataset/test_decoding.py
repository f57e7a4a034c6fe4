"""Tests of decoding: rows equal those that were written, and share equal documentation."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hf_dataset.decoding import Decoder, shared_columns
from hf_dataset.layout import split_file
from hf_dataset.reader import read_instances
from hf_dataset.schema import (
    ROWS,
    AnswerKey,
    AnswerRow,
    Instance,
    InteractionRow,
    MetaRow,
    ToolDoc,
    arrow_schema,
    to_dict,
)
from tests.conftest import Built

from .plain import from_dict


def instance(number: int, answer: AnswerRow | None, meta: MetaRow | None) -> Instance:
    tools = [ToolDoc(f"t{tool}", "p", "é", "{}") for tool in range(number)]
    history = [InteractionRow("did", "t", "{}", rating) for rating in (1, 0, None)[:number]]
    return Instance(f"i{number}", "u", "q", "c", "f", "do", history, tools, tools[:1], answer, [0] * number, meta)


INSTANCES = [
    instance(0, None, None),
    instance(3, AnswerRow("t0", "{}"), MetaRow(["a", "b"], None, 0.5, None, 9, [])),
    instance(1, None, MetaRow(None, None, None, None, 7, None)),
    instance(2, AnswerRow("t1", "{}"), MetaRow([], 3, 0.1, "random", None, ["t"])),
]


@pytest.mark.parametrize("skipped", [0, 1, 3])
def test_decoded_rows_equal_the_written_ones(skipped: int) -> None:
    batch = pa.RecordBatch.from_pylist(list(map(to_dict, INSTANCES)), schema=arrow_schema(Instance))
    decoded = Decoder(Instance).rows(batch.slice(skipped))
    # Compared with the rows from Arrow, because its 32-bit numbers differ from those of Python.
    assert decoded == [from_dict(Instance, record) for record in batch.to_pylist()[skipped:]]
    assert [row.instance_id for row in decoded] == [row.instance_id for row in INSTANCES[skipped:]]


@pytest.mark.parametrize(("name", "split"), [(name, "train") for name in ROWS] + [("chronological", "test")])
def test_decoded_files_equal_the_rows_from_arrow(built: Built, name: str, split: str) -> None:
    path = built.data / split_file(name, split)
    expected = [from_dict(ROWS[name], record) for record in pq.read_table(path).to_pylist()]
    with pq.ParquetFile(path, read_dictionary=shared_columns(ROWS[name])) as file:
        decoder = Decoder(ROWS[name])
        assert [row for batch in file.iter_batches(7) for row in decoder.rows(batch)] == expected


def test_equal_documentation_is_one_object(built: Built) -> None:
    rows = read_instances(built.data, "chronological", "train")
    tools = [tool for row in rows for tool in (*row.history_tools, *row.candidates)]
    assert len({id(tool) for tool in tools}) == len(set(tools)) < len(tools) / 2


def test_texts_of_tools_are_read_as_dictionaries() -> None:
    names = ("name", "provider", "description", "parameters")
    assert shared_columns(Instance) == [
        f"{column}.list.element.{name}" for column in ("history_tools", "candidates") for name in names
    ]
    assert shared_columns(AnswerKey) == []
