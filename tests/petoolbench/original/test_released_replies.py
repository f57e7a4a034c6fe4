"""Reading of reply files in the format of the earlier benchmark."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.errors import DataError
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_instances
from metrics.petoolbench.errors import PredictionsError
from petoolbench.original.released_replies import read_replies

from .conftest import ROWS, imported


def replies(data: Path, tmp_path: Path, content: str, config: str = "chronological") -> dict[str, str]:
    path = tmp_path / "replies.json"
    path.write_text(content, encoding="utf-8")
    return read_replies(path, read_instances(data, config, "validation"), read_manifest(data)).predictions


def ids(data: Path, config: str = "chronological") -> list[str]:
    return [instance.instance_id for instance in read_instances(data, config, "validation")]


def test_replies_are_assigned_by_entry_id(data: Path, tmp_path: Path) -> None:
    values = [
        {"entry_id": 103, "response": "three", "query": "Weather in Pori?"},
        {"entry_id": "101", "response": None},
    ]
    expected = {ids(data)[2]: "three", ids(data)[0]: ""}
    assert replies(data, tmp_path, json.dumps(values)) == expected
    assert replies(data, tmp_path, "\n".join(map(json.dumps, values))) == expected


@pytest.mark.parametrize("key", [None, "response", "predict", "prediction"])
def test_replies_without_entry_id_are_assigned_by_order(data: Path, tmp_path: Path, key: str | None) -> None:
    values = [text if key is None else {key: text, "label": "x"} for text in "abcd"]
    expected = dict(zip(ids(data), "abcd", strict=True))
    assert replies(data, tmp_path, json.dumps(values)) == expected
    assert replies(data, tmp_path, "\n".join(map(json.dumps, values)) + "\n") == expected


def test_the_order_counts_unparsed_rows(tmp_path: Path) -> None:
    data = imported(tmp_path, ROWS[0], {}, ROWS[2])
    assert list(replies(data, tmp_path, '["a", "b", "c"]').values()) == ["a", "c"]


def test_run_files_are_accepted(data: Path, tmp_path: Path) -> None:
    line = {"instance_id": ids(data)[1], "prediction": "two"}
    assert replies(data, tmp_path, json.dumps(line)) == {ids(data)[1]: "two"}
    assert replies(data, tmp_path, json.dumps([line])) == {ids(data)[1]: "two"}
    with pytest.raises(PredictionsError, match="occur more than once"):
        replies(data, tmp_path, json.dumps([line, line]))
    with pytest.raises(DataError, match="line 1: not JSON"):
        replies(data, tmp_path, "{broken")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, ", "are not valid JSON"),
        ('"a"\n{broken', "are not valid JSON"),
        ('["a", 3, "c", "d"]', "Reply 2 has no text. Expected strings, or objects with one of response, predict"),
        ('[{"reply": "a"}]', "Reply 1 has no text"),
        ('["a", "b"]', "There are 2 replies without entry_id for 4 released rows"),
        ("[]", "There are 0 replies"),
        ('[{"response": "a", "entry_id": 7}]', "1 replies have an entry_id that no row has; the first is '7'"),
        ('[{"response": "a", "entry_id": 101}, {"response": "b", "entry_id": 101}]', "'101' occurs twice"),
        ('[{"response": "a", "entry_id": 101, "query": "Else?"}]', "Reply 1 .* is to the query 'Else"),
        ("", "is empty"),
    ],
)
def test_replies_to_other_rows_are_refused(data: Path, tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        replies(data, tmp_path, content)
