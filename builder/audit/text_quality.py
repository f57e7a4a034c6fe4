"""How instructions read: whether they differ from one another, and whether they say what is to be done."""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from builder.embedding import Encoder
from builder.errors import DataError
from builder.randomness import generator_for
from builder.words import words

from .audit_split import AuditSplit

SAMPLE: Final = 150
"""Rows over which distinctness is taken, so that data sets of any size compare."""
_PER_FUNCTIONALITY: Final = 30
"""Most instructions of a functionality that are compared pairwise."""
ORIGINAL: Final = "petoolbench_original_sample.json.gz"
"""150 released rows of the earlier benchmark, in the folder of real data."""
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One row's instruction, with what a right answer takes from it."""

    instruction: str
    functionality: str
    values: tuple[str | float, ...]
    """Values of the answer's arguments."""
    query_group: str


@dataclass(frozen=True, slots=True)
class TextQuality:
    """Figures on the instructions of a data set. Shares are 0 to 1."""

    rows: int
    sample: int
    """Rows drawn for the next four figures; all rows where there are no more."""
    distinct_instructions: float
    """Different instructions, as a share of the sample."""
    distinct_1: float
    """Different words, as a share of all words of the sample (Li et al., arXiv 1510.03055)."""
    distinct_2: float
    distinct_3: float
    distinct_by_query_group: float
    """Different instructions, as a share of the query groups."""
    similarity: float | None
    """Mean cosine of two different instructions of one functionality; None where no functionality has two."""
    words_5: float
    """5th percentile of the number of words."""
    words_50: float
    words_95: float
    stated: float
    """Share of the rows whose instruction states every value of the answer; rows without values count as stating."""
    with_values: float
    """Share of the rows whose answer takes any value."""


def asked(parts: Sequence[AuditSplit]) -> list[Asked]:
    """The instructions of some splits of a config."""
    return [
        Asked(
            row.instruction,
            row.functionality,
            tuple(leaves(json.loads(row.answer.arguments))) if row.answer else (),
            f"{part.split}/{row.query_group}",
        )
        for part in parts
        for row in part.rows
    ]


def asked_in_original(path: Path) -> list[Asked]:
    """The instructions of released rows of the earlier benchmark; one query group for each pair of query and answer.

    Raises:
        DataError: If the file is not what it should be.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            records = json.load(file)
        return [_of_original(record) for record in records]
    except (OSError, ValueError, KeyError, TypeError, SyntaxError) as error:
        raise DataError(f"{str(path)!r} does not hold released rows of the earlier benchmark: {error!r}.") from error


def _of_original(record: dict[str, Any]) -> Asked:
    call = record["api_call_ground_truth"]
    call = ast.literal_eval(call) if isinstance(call, str) else call
    return Asked(
        record["query"],
        str(record["func"]),
        tuple(leaves(call["parameters"])),
        f"{record['query']} {call['tool_name']}",
    )


def text_quality(rows: Sequence[Asked], encoder: Encoder) -> TextQuality:
    """Measure instructions.

    Args:
        rows: At least one row.
        encoder: Makes the vectors for similarity.
    """
    order = generator_for((0,), "wording").permutation(len(rows))[:SAMPLE]
    sample = [rows[int(index)].instruction for index in order]
    lengths = np.percentile([len(text.split()) for text in {row.instruction for row in rows}], (5, 50, 95))
    one, two, three = (_distinct(sample, size) for size in (1, 2, 3))
    return TextQuality(
        rows=len(rows),
        sample=len(sample),
        distinct_instructions=len(set(sample)) / len(sample),
        distinct_1=one,
        distinct_2=two,
        distinct_3=three,
        distinct_by_query_group=len({row.instruction for row in rows}) / len({row.query_group for row in rows}),
        similarity=_similarity(rows, encoder),
        words_5=float(lengths[0]),
        words_50=float(lengths[1]),
        words_95=float(lengths[2]),
        stated=sum(all(stated(value, row.instruction) for value in row.values) for row in rows) / len(rows),
        with_values=sum(bool(row.values) for row in rows) / len(rows),
    )


def _distinct(texts: Iterable[str], size: int) -> float:
    """Different runs of `size` words, as a share of all of them."""
    runs = [run for text in texts for run in _runs(words(text), size)]
    return len(set(runs)) / len(runs) if runs else 0.0


def _runs(parts: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(parts[start : start + size]) for start in range(len(parts) - size + 1))


def _similarity(rows: Sequence[Asked], encoder: Encoder) -> float | None:
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
    """Whether an instruction states a value: as it is written, or a date as people say it."""
    day = _DATE.fullmatch(str(value))
    if day and f"{int(day[3])} {_MONTHS[int(day[2]) - 1]} {day[1]}" in instruction:
        return True
    return str(value) in instruction


def leaves(value: Any) -> Iterator[str | float]:
    """The values of nested arguments."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    else:
        yield value
