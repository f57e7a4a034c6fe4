"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """Return a Markdown table.

    Args:
        head: Titles of the columns.
        rows: Cells of each row; vertical bars are escaped.
        numbers: Number of columns at the end that hold numbers, aligned to the right.
    """
    alignments = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    lines = [head, alignments, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
