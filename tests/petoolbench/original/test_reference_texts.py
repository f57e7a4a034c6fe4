"""Texts of the data sets of others that the audit's figures are compared with."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from builder.audit.text_repetition import KINDS, text_repetition
from builder.errors import DataError
from petoolbench.original.reference_texts import (
    CATALOGUE,
    ORIGINAL,
    read_example_texts,
    read_original_texts,
    read_references,
)

from .released import PROVIDERS, row

EXAMPLE = {"instruction": "I want to see the pet with ID 12.", "parameters": {"petId": 12, "deep": {"name": None}}}
TOOL = {
    "tool_name": "Pets",
    "api_name": "getPet",
    "api_description": "Returns a pet.",
    "examples_from_history": [EXAMPLE],
}


def write(folder: Path, name: str, text: str) -> Path:
    """Write a compressed file and return its path."""
    with gzip.open(folder / name, "wt", encoding="utf-8") as file:
        file.write(text)
    return folder / name


def test_released_rows_are_read_with_their_histories(tmp_path: Path) -> None:
    rows = [row(1), row(2, wanted=PROVIDERS[1], rival=PROVIDERS[0]), row(3, query="Rain in Pori?", parameters={})]
    texts = read_original_texts(write(tmp_path, ORIGINAL, json.dumps(rows)))
    assert texts.name == "the earlier benchmark, 3 rows"
    assert [item.values for item in texts.asked] == [("Oslo",), ("Oslo",), ()]
    assert {item.functionality for item in texts.asked} == {"func-7"}
    assert len({item.query_group for item in texts.asked}) == 3, "pairs of query and answer's tool"
    assert sorted(group.instruction.text for group in texts.groups) == ["Rain in Pori?", "Weather in Oslo?"]
    assert {(len(group.history), group.steps, group.concerns, group.register) for group in texts.groups} == {
        (5, 5, None, None)
    }
    (found,) = text_repetition({texts.name: texts.groups})
    assert found.histories[KINDS.index("instructions")].shared == 1


def test_examples_of_a_catalogue_are_read_without_histories(tmp_path: Path) -> None:
    tools = [TOOL, {**TOOL, "api_description": None, "examples_from_history": []}, {**TOOL, "api_name": "x"}]
    texts = read_example_texts(write(tmp_path, CATALOGUE, "\n".join(map(json.dumps, tools)) + "\n"))
    assert texts.name == "examples of a real catalogue, 2"
    assert [str(item.values) for item in texts.asked] == ["(12, None)"] * 2
    assert len({item.query_group for item in texts.asked}) == 2
    assert [group.instruction.values for group in texts.groups] == [("12",)] * 2
    assert {"pet", "return"} <= texts.groups[0].instruction.tool_words
    assert {group.history for group in texts.groups} == {()}


@pytest.mark.parametrize("text", ["[", "[{}]", "[3]", "3", json.dumps([{**row(), "api_call_ground_truth": "1 +"}])])
def test_malformed_rows_are_rejected(text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not hold released rows of the earlier benchmark"):
        read_original_texts(write(tmp_path, ORIGINAL, text))


@pytest.mark.parametrize(
    "tool", ["{", "3", {}, {**TOOL, "examples_from_history": [{}]}, {**TOOL, "examples_from_history": ["x"]}]
)
def test_malformed_tools_are_rejected(tool: Any, tmp_path: Path) -> None:
    text = tool if isinstance(tool, str) else json.dumps(tool)
    with pytest.raises(DataError, match="does not hold the tools of a real catalogue"):
        read_example_texts(write(tmp_path, CATALOGUE, text))


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=ORIGINAL):
        read_references(tmp_path)
    write(tmp_path, ORIGINAL, json.dumps([row()]))
    with pytest.raises(DataError, match=CATALOGUE):
        read_references(tmp_path)


@pytest.mark.realdata
def test_texts_of_the_real_files(real_data: Path) -> None:
    original, examples = read_references(real_data)
    assert (len(original.asked), len(original.groups)) == (150, 90)
    assert len({item.query_group for item in original.asked}) == 93
    assert len(examples.groups) == len(examples.asked) == 309
    (found,) = text_repetition({original.name: original.groups})
    assert found.query_groups == 90
    shared = {item.kind: item.shared for item in found.histories}
    assert shared["instructions"] == pytest.approx(0.077, abs=0.0005)
