"""Figures on instructions, compared with values computed by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.audit.text_quality import Asked, leaves, readability, stated, text_quality


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
    indexes = sorted(readability(text) for text in ("a in Oslo", "b in Bergen now", "a b"))
    assert quality.readability_50 == indexes[1]
    assert indexes[0] < quality.readability_5 < indexes[1] < quality.readability_95 < indexes[2]
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
        ("2027-01-08", "8 January to 18 January 2027", False),
        (12.5, "at 12.5 degrees", True),
        (5, "5500 over 60 months", False),
        (5, "at 2.5 percent", False),
        (11, "at 11.0 per cent", True),
        (60, "60kg", True),
        (-3, "at -3 degrees", True),
        ("it", "the city of Bergen, capital", False),
        ("it", "translate into it.", True),
    ],
)
def test_a_value_is_stated_as_a_whole_word_or_number_or_a_written_date(
    value: str | float, instruction: str, expected: bool
) -> None:
    assert stated(value, instruction) is expected


@pytest.mark.parametrize(
    ("text", "characters", "words", "sentences"),
    [
        ("The cat sat.", 9, 3, 1),
        ('Is it 12.5 now? "Yes." It is', 17, 7, 3),
        ("no full stop at all", 15, 5, 1),
        ("Wait... what?!", 8, 2, 2),
        ("see https://a.example/b.html - now", 24, 3, 1),
    ],
)
def test_readability_is_the_automated_readability_index(text: str, characters: int, words: int, sentences: int) -> None:
    assert readability(text) == pytest.approx(4.71 * characters / words + 0.5 * words / sentences - 21.43)


def test_a_text_without_words_has_an_index() -> None:
    assert readability("...") == pytest.approx(-21.43)


def test_the_values_of_nested_arguments_and_of_lists_are_read_one_by_one() -> None:
    assert list(leaves({"places": ["Oslo", {"code": 7}], "unit": "km"})) == ["Oslo", 7, "km"]
