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
    WantedRow,
    arrow_schema,
    to_dict,
)
from tests.conftest import Built
from tests.factories import listed_row

from .plain import from_dict


def instance(number: int, answer: AnswerRow | None, meta: MetaRow | None) -> Instance:
    tools = [ToolDoc(f"t{tool}", "p", "é", "a\nb" * tool, "{}") for tool in range(number)]
    history = [
        InteractionRow("did", "t", "{}", rating, ["t", "s"] * place, "2026-03-01" if place else None)
        for place, rating in enumerate((1, 0, None)[:number])
    ]
    return Instance(f"i{number}", "u", "q", "c", "f", "do", None, history, tools, tools[:1], answer, [0] * number, meta)


INSTANCES = [
    instance(0, None, None),
    instance(3, AnswerRow("t0", "{}"), MetaRow(axes=["a", "b"], noise=0.5, n_tokens=9, same_function=[])),
    instance(1, None, MetaRow(n_tokens=7)),
    instance(2, AnswerRow("t1", "{}"), MetaRow(axes=[], drift_step=3, noise=0.1, same_function=["t"])),
    instance(1, None, MetaRow(wanted=[], step_concerns=[], concerns=1)),
    instance(
        2, None, MetaRow(wanted=[WantedRow("a", "EU", None, None), WantedRow("b", None, "less", 0.5)], kind="limit")
    ),
    listed_row(),
]


@pytest.mark.parametrize("skipped", [0, 1, 3, 5])
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
    names = ("name", "provider", "description", "listing", "parameters")
    assert shared_columns(Instance) == [
        f"{column}.list.element.{name}" for column in ("history_tools", "candidates") for name in names
    ]
    assert shared_columns(AnswerKey) == []
