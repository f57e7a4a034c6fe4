"""Tables of the figures on texts, for the report and for the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .request_texts import MOST_GROUPS, MOST_STEPS
from .text_repetition import Repetition, SplitTexts

_EXPLANATION: Final = (
    "One user of each query group was measured, since the users of a query group share their requests; at most "
    f"{MOST_GROUPS} query groups of a split, and the last {MOST_STEPS} steps of a history. Histories are those of "
    "`chronological`. *In > 1 %* is the share of the different things that occur in more than 1 % of the query groups, "
    "and in at least two; *occurrences* is their share of all occurrences. *Shared* is the mean share of the things of "
    "a query group that another one, drawn at random, has too; it does not depend on the number of query groups. A "
    "pattern is an instruction without its values, names and numbers. A subject is a word that is neither common nor "
    "part of the called tool's name or description. All shares are in %."
)
LENGTHS: Final = ("texts", "query groups", "steps: 5 / 50 / 95 %", "words of a request: 5 / 50 / 95 %", "registers, %")
"""Titles of the columns of `length_cells`."""
REPETITION: Final = ("texts", "of", "kind", "different", "in > 1 %", "occurrences", "shared", "most frequent")
"""Titles of the columns of `repetition_cells`."""
NUMBERS: Final = range(3, 7)
"""Places of the columns of `repetition_cells` with numbers."""
_NAMED: Final = 3
"""Number of frequent things in a table."""
_LONGEST: Final = 50
"""Maximum number of characters of a frequent thing in a table."""


def length_cells(texts: SplitTexts) -> list[str]:
    """Return the number of query groups, the lengths and the registers of a split; see `LENGTHS`."""
    registers = ", ".join(f"{name} {100 * share:.0f}" for name, share in (texts.registers or {}).items())
    return [
        texts.split,
        f"{texts.query_groups:,}",
        _percentiles(texts.steps),
        _percentiles(texts.words),
        registers or "-",
    ]


def repetition_cells(texts: SplitTexts) -> Iterator[list[str]]:
    """Yield the cells of a row for each kind of thing in histories and in final instructions; see `REPETITION`."""
    for where, kinds in (("histories", texts.histories), ("instructions", texts.instructions)):
        for item in kinds:
            yield [texts.split, where, *_repetition(item)]


def texts_in_markdown(texts: Sequence[SplitTexts]) -> list[str]:
    """Return the lines of a section of a report.

    Args:
        texts: Figures for each split.
    """
    rows = [cells for item in texts for cells in repetition_cells(item)]
    return [
        _EXPLANATION,
        "",
        *_table(LENGTHS, (1,), [length_cells(item) for item in texts]),
        "",
        *_table(REPETITION, NUMBERS, rows),
    ]


def _table(titles: Sequence[str], numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> list[str]:
    alignments = ["---:" if place in numbers else "---" for place in range(len(titles))]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(line)} |" for line in (titles, alignments, *cells)]


def _percentiles(numbers: tuple[float, float, float] | None) -> str:
    return " / ".join(f"{number:.0f}" for number in numbers) if numbers else "-"


def _repetition(item: Repetition) -> list[str]:
    named = (f"{_shortened(text)} ({100 * share:.1f})" for text, share in item.most_frequent[:_NAMED])
    return [
        item.kind,
        f"{item.distinct:,}",
        f"{100 * item.frequent:.1f}",
        f"{100 * item.mentions:.1f}",
        "-" if item.shared is None else f"{100 * item.shared:.2f}",
        "; ".join(named) or "-",
    ]


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}\u2026"
