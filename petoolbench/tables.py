"""Tables as plain text, for results that print themselves."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

_WIDTH: Final = 160
"""Maximum width of a table in characters; a narrower table is as wide as its content."""


def text_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as plain text; the first column is aligned left, the others right.

    Args:
        title: Line above the table.
        headings: One per column.
        rows: Cells, as many as there are headings.
    """
    table = Table(box=box.SIMPLE)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    text = StringIO()
    # In Jupyter, Rich would show the table by itself instead of writing it, and FORCE_COLOR would add escape codes.
    console = Console(
        file=text, width=_WIDTH, color_system=None, force_terminal=False, force_jupyter=False, emoji=False
    )
    console.print(table, markup=False, highlight=False)
    # Not a title of the table: Rich would wrap one that is longer than the table.
    body = "\n".join(line.rstrip() for line in text.getvalue().splitlines()).strip("\n")
    return f"{title}\n\n{body}"
