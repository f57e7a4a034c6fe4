"""Statistics of instructions: how much they differ, and whether they state the argument values of the answer."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from builder.embedding import Encoder
from builder.randomness import generator_for
from builder.words import words
from hf_dataset.schema import Instance

SAMPLE: Final = 150
"""Number of rows on which distinctness is measured; fixed, so that data sets of different sizes are comparable."""
_PER_FUNCTIONALITY: Final = 30
"""Maximum number of instructions of a functionality that are compared pairwise."""
_SENTENCE_END: Final = re.compile(r"[.!?]+(?=[\"')\u201d\u2019]*(?:\s|$))")
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_NUMBER: Final = re.compile(r"(?<![\d.])(?:(?<!\w)-)?\d+(?:\.\d+)?(?!\d)")
"""A number of a text, with its sign."""
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Instruction of one row, with the argument values of its answer."""

    instruction: str
    functionality: str
    values: tuple[str | float, ...]
    """Values of the answer's arguments; empty if there are none."""
    query_group: str


@dataclass(frozen=True, slots=True)
class TextQuality:
    """Statistics of the instructions of a data set. Shares are 0 to 1."""

    rows: int
    sample: int
    """Number of rows drawn for the next four statistics: `SAMPLE`, or all rows if there are fewer."""
    distinct_instructions: float
    """Distinct instructions divided by the rows of the sample."""
    distinct_1: float
    """Distinct words divided by all words of the sample (Li et al., arXiv 1510.03055)."""
    distinct_2: float
    """The same for runs of two words."""
    distinct_3: float
    """The same for runs of three words."""
    distinct_by_query_group: float
    """Distinct instructions divided by the number of query groups."""
    similarity: float | None
    """Mean cosine similarity of two distinct instructions of one functionality; None if no functionality has two."""
    words_5: float
    """5th percentile of the number of words in a distinct instruction."""
    words_50: float
    """Median of the same."""
    words_95: float
    """95th percentile of the same."""
    readability_5: float
    """5th percentile of the Automated Readability Index of a distinct instruction; see `readability`."""
    readability_50: float
    """Median of the same."""
    readability_95: float
    """95th percentile of the same."""
    stated: float
    """Share of the rows whose instruction states every value of the answer; includes rows without values."""
    with_values: float
    """Share of the rows whose answer has at least one value."""


def asked(rows: Iterable[Instance], split: str) -> list[Asked]:
    """Return the instructions of rows.

    Args:
        rows: Rows of one split of a config.
        split: Name of the split; query groups of different splits are different.
    """
    return [
        Asked(
            row.instruction,
            row.functionality,
            tuple(leaves(json.loads(row.answer.arguments))) if row.answer else (),
            f"{split}/{row.query_group}",
        )
        for row in rows
    ]


def text_quality(rows: Sequence[Asked], encoder: Encoder) -> TextQuality:
    """Compute statistics of instructions.

    Args:
        rows: At least one row.
        encoder: Sentence encoder for the similarity of instructions.

    Returns:
        The statistics; see the fields of `TextQuality`.
    """
    order = generator_for((0,), "wording").permutation(len(rows))[:SAMPLE]
    sample = [rows[int(index)].instruction for index in order]
    texts = {row.instruction for row in rows}
    lengths = np.percentile([len(text.split()) for text in texts], (5, 50, 95))
    indexes = np.percentile([readability(text) for text in texts], (5, 50, 95))
    unigrams, bigrams, trigrams = (_distinct(sample, size) for size in (1, 2, 3))
    return TextQuality(
        rows=len(rows),
        sample=len(sample),
        distinct_instructions=len(set(sample)) / len(sample),
        distinct_1=unigrams,
        distinct_2=bigrams,
        distinct_3=trigrams,
        distinct_by_query_group=len(texts) / len({row.query_group for row in rows}),
        similarity=_similarity(rows, encoder),
        words_5=float(lengths[0]),
        words_50=float(lengths[1]),
        words_95=float(lengths[2]),
        readability_5=float(indexes[0]),
        readability_50=float(indexes[1]),
        readability_95=float(indexes[2]),
        stated=sum(all(stated(value, row.instruction) for value in row.values) for row in rows) / len(rows),
        with_values=sum(bool(row.values) for row in rows) / len(rows),
    )


def readability(text: str) -> float:
    """Return the Automated Readability Index of a text, which is about a grade of US schools.

    It is 4.71 times the letters and digits per word, plus 0.5 times the words per sentence, minus 21.43 (E. A. Smith
    and R. J. Senter: Automated Readability Index. AMRL-TR-66-220, 1967). A text without punctuation is one sentence.
    The index of a single sentence is a rough one; that of a text without words is the constant.

    Args:
        text: The text.
    """
    parts = [part for part in text.split() if any(map(str.isalnum, part))]
    number = max(len(parts), 1)
    characters = sum(map(str.isalnum, text))
    sentences = max(sum(any(map(str.isalnum, part)) for part in _SENTENCE_END.split(text)), 1)
    return 4.71 * characters / number + 0.5 * len(parts) / sentences - 21.43


def _distinct(texts: Iterable[str], size: int) -> float:
    """Return the number of distinct runs of `size` words divided by the number of all runs."""
    runs = [run for text in texts for run in _runs(words(text), size)]
    return len(set(runs)) / len(runs) if runs else 0.0


def _runs(tokens: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(tokens[start : start + size]) for start in range(len(tokens) - size + 1))


def _similarity(rows: Sequence[Asked], encoder: Encoder) -> float | None:
    # Dicts keep the order of the rows, which sets do not.
    by_functionality: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        by_functionality[row.functionality][row.instruction] = None
    total = pairs = 0.0
    for texts in by_functionality.values():
        vectors = encoder.encode(list(texts)[:_PER_FUNCTIONALITY])
        cosines = np.triu(vectors @ vectors.T, k=1)
        total += float(cosines.sum())
        pairs += len(vectors) * (len(vectors) - 1) / 2
    return total / pairs if pairs else None


def stated(value: str | float, instruction: str) -> bool:
    """Return True if an instruction contains a value as a whole word or number: 5 is not part of 5500.

    An ISO date may be written as `4 March 2026`.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return any(float(number) == value for number in _NUMBER.findall(instruction))
    forms = [str(value)]
    date = _DATE.fullmatch(forms[0])
    if date:
        forms.append(f"{int(date[3])} {_MONTHS[int(date[2]) - 1]} {date[1]}")
    return any(
        form in instruction and re.search(rf"(?<!\w){re.escape(form)}(?!\w)", instruction) is not None for form in forms
    )


def leaves(value: Any) -> Iterator[str | float]:
    """Yield the scalar values of nested arguments."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value
