"""Figures on instructions, by hand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.audit.text_quality import ORIGINAL, Asked, asked_in_original, text_quality
from builder.errors import DataError


class Letters:
    """A text's vector says which of the words `a` and `b` it holds."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.array([["a" in text.split(), "b" in text.split()] for text in texts], dtype=np.float32)
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1))


def test_figures_are_what_they_say() -> None:
    rows = [
        Asked("a in Oslo", "one", ("Oslo",), "q1"),
        Asked("a in Oslo", "one", ("Oslo",), "q1"),
        Asked("b in Bergen now", "one", ("Turku",), "q2"),
        Asked("a b", "two", (), "q3"),
    ]
    found = text_quality(rows, Letters())
    assert (found.rows, found.sample) == (4, 4)
    assert found.distinct_instructions == 3 / 4
    assert found.distinct_by_query_group == 1.0
    # a in oslo a in oslo b in bergen now a b: 12 words, of which a, in, oslo, b, bergen, now
    assert found.distinct_1 == 6 / 12
    assert found.distinct_2 == 6 / 8
    assert found.distinct_3 == 3 / 4
    # of one functionality: "a ..." against "b ..."
    assert found.similarity == 0.0
    assert (found.words_5, found.words_50, found.words_95) == (2.1, 3.0, 3.9)
    assert found.stated == 3 / 4
    assert found.with_values == 3 / 4


def test_without_two_instructions_of_a_functionality_nothing_is_similar() -> None:
    assert text_quality([Asked("a", "one", (), "q")], Letters()).similarity is None


def test_nearly_the_same_instructions_are_similar() -> None:
    rows = [Asked("a one", "f", (), "1"), Asked("a two", "f", (), "2"), Asked("b", "g", (), "3")]
    assert text_quality(rows, Letters()).similarity == pytest.approx(1.0)


def original(tmp_path: Path, text: str) -> Path:
    with gzip.open(tmp_path / ORIGINAL, "wt") as file:
        file.write(text)
    return tmp_path / ORIGINAL


def test_released_rows_are_read(tmp_path: Path) -> None:
    record = {"query": "Weather in Oslo", "func": "3"}
    calls = [{"tool_name": "W", "parameters": {"where": {"city": "Oslo"}}}, {"tool_name": "V", "parameters": {}}]
    path = original(
        tmp_path, json.dumps([{**record, "api_call_ground_truth": call} for call in [*calls, str(calls[0])]])
    )
    found = asked_in_original(path)
    assert [row.values for row in found] == [("Oslo",), (), ("Oslo",)]
    assert len({row.query_group for row in found}) == 2
    assert {row.functionality for row in found} == {"3"}


@pytest.mark.parametrize("text", ["[", "[{}]", "[3]", '[{"query": "x", "func": "1", "api_call_ground_truth": "1 +"}]'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="does not hold released rows of the earlier benchmark"):
        asked_in_original(original(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not hold released rows"):
        asked_in_original(tmp_path / ORIGINAL)


@pytest.mark.realdata
def test_the_earlier_benchmark_repeats_itself(real_data: Path) -> None:
    found = text_quality(asked_in_original(real_data / ORIGINAL), Letters())
    assert found.rows == 150
    assert found.distinct_instructions == 0.6
