"""Figures on instructions, compared with values computed by hand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.audit.text_quality import ORIGINAL, Asked, read_original_instructions, stated, text_quality
from builder.errors import DataError


class LetterEncoder:
    """Encoder with two dimensions: the presence of the words `a` and `b`, scaled to norm 1."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.array([["a" in text.split(), "b" in text.split()] for text in texts], dtype=np.float32)
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1))


def test_figures_match_values_computed_by_hand() -> None:
    rows = [
        Asked("a in Oslo", "one", ("Oslo",), "q1"),
        Asked("a in Oslo", "one", ("Oslo",), "q1"),
        Asked("b in Bergen now", "one", ("Turku",), "q2"),
        Asked("a b", "two", (), "q3"),
    ]
    quality = text_quality(rows, LetterEncoder())
    assert (quality.rows, quality.sample) == (4, 4)
    assert quality.distinct_instructions == 3 / 4
    assert quality.distinct_by_query_group == 1.0
    # Of the 12 words, 6 are distinct: a, in, oslo, b, bergen, now.
    assert quality.distinct_1 == 6 / 12
    assert quality.distinct_2 == 6 / 8
    assert quality.distinct_3 == 3 / 4
    # The only functionality with two distinct instructions has one of `a` and one of `b`.
    assert quality.similarity == 0.0
    assert (quality.words_5, quality.words_50, quality.words_95) == (2.1, 3.0, 3.9)
    assert quality.stated == 3 / 4
    assert quality.with_values == 3 / 4


def test_similarity_is_none_without_two_instructions_of_a_functionality() -> None:
    assert text_quality([Asked("a", "one", (), "q")], LetterEncoder()).similarity is None


def test_instructions_with_equal_vectors_have_similarity_one() -> None:
    rows = [Asked("a one", "f", (), "1"), Asked("a two", "f", (), "2"), Asked("b", "g", (), "3")]
    assert text_quality(rows, LetterEncoder()).similarity == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "instruction", "expected"),
    [
        ("Oslo", "weather in Oslo", True),
        ("Oslo", "weather in Bergen", False),
        ("2026-03-04", "on 4 March 2026", True),
        ("2026-03-04", "on 2026-03-04", True),
        ("2026-03-04", "on 5 March 2026", False),
        (12.5, "at 12.5 degrees", True),
    ],
)
def test_a_value_is_stated_literally_or_as_a_written_date(value: str | float, instruction: str, expected: bool) -> None:
    assert stated(value, instruction) is expected


def original(tmp_path: Path, text: str) -> Path:
    """Write a file of released rows and return its path."""
    with gzip.open(tmp_path / ORIGINAL, "wt") as file:
        file.write(text)
    return tmp_path / ORIGINAL


def test_released_rows_are_read(tmp_path: Path) -> None:
    record = {"query": "Weather in Oslo", "func": "3"}
    calls = [{"tool_name": "W", "parameters": {"where": {"city": "Oslo"}}}, {"tool_name": "V", "parameters": {}}]
    path = original(
        tmp_path, json.dumps([{**record, "api_call_ground_truth": call} for call in [*calls, str(calls[0])]])
    )
    rows = read_original_instructions(path)
    assert [row.values for row in rows] == [("Oslo",), (), ("Oslo",)]
    assert len({row.query_group for row in rows}) == 2
    assert {row.functionality for row in rows} == {"3"}


@pytest.mark.parametrize("text", ["[", "[{}]", "[3]", '[{"query": "x", "func": "1", "api_call_ground_truth": "1 +"}]'])
def test_malformed_files_are_rejected(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="does not hold released rows of the earlier benchmark"):
        read_original_instructions(original(tmp_path, text))


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not hold released rows"):
        read_original_instructions(tmp_path / ORIGINAL)


@pytest.mark.realdata
def test_figures_of_the_earlier_benchmark(real_data: Path) -> None:
    quality = text_quality(read_original_instructions(real_data / ORIGINAL), LetterEncoder())
    assert quality.rows == 150
    assert quality.distinct_instructions == 0.6
