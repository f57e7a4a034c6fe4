"""Plain text in columns: documentation of tools side by side, and tables."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from hf_dataset.schema import ToolDoc

_MARGIN: Final = "  "
_GAP: Final = 2
"""Number of spaces between columns."""
_HANGING: Final = 4
"""Indentation of the rest of a broken line, relative to its beginning, in spaces."""


def signature(tool: ToolDoc) -> str:
    """Return name, parameters and provider of a tool; optional parameters are in brackets."""
    schema = json.loads(tool.parameters)
    required = frozenset(schema.get("required", ()))
    names = schema.get("properties", {})
    parameters = ", ".join(name if name in required else f"[{name}]" for name in names)
    return f"{tool.name}({parameters})  by {tool.provider}"


def tool_block(tool: ToolDoc, mark: str = " ") -> list[str]:
    """Return the lines of a tool's documentation: its signature, its description and its listing, indented.

    Args:
        tool: Documentation of the tool.
        mark: A character in front of the signature.
    """
    listing = tool.listing.split("\n") if tool.listing else []
    return [f"{mark} {signature(tool)}", *(f"    {line}" for line in (tool.description, *listing))]


def two_columns(blocks: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield the lines of blocks of text, two blocks side by side. Long lines are broken.

    Args:
        blocks: Lines of each block.
        width: Maximum length of a line, in characters.
    """
    column = (width - len(_MARGIN) - _GAP) // 2
    broken = [[part for line in block for part in _broken(line, column)] for block in blocks]
    for place in range(0, len(broken), 2):
        if place:
            yield ""
        left, right = broken[place], broken[place + 1] if place + 1 < len(broken) else []
        for one, other in zip_longest(left, right, fillvalue=""):
            yield f"{_MARGIN}{one:<{column + _GAP}}{other}".rstrip()


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table with aligned columns; empty columns are left out.

    Args:
        rows: Cells of each row.
    """
    columns = [column for column in zip(*rows, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]


def _broken(line: str, width: int) -> list[str]:
    indent = len(line) - len(line.lstrip()) + _HANGING
    return textwrap.wrap(line, width, subsequent_indent=" " * indent, break_on_hyphens=False) or [""]
