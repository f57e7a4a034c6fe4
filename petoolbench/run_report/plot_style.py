"""Style of the plots of a report: colours and fonts, and their replacement by those of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from .run_facts import NO_REPLY

PAPER: Final = "#fffffe"
INK: Final = "#1d2530"
QUIET: Final = "#66707c"
LINE: Final = "#d9dee4"
SERIES: Final = ("#0b6bb8", "#c8590c", "#1f8a5b", "#a3266e", "#7b5cc4", "#8a6d00")
OUTCOME_COLOURS: Final[Mapping[str, str]] = {
    "correct": "#1f78c8",
    "parameter_value_mismatch": "#74aee0",
    "parameter_name_mismatch": "#b4d2ee",
    "preference_mismatch": "#e3a03c",
    "functionality_mismatch": "#c2672b",
    "tool_hallucination": "#a53b58",
    "invalid_format": "#7c8088",
    NO_REPLY: "#b9bcc2",
}
MARKS: Final = ("o", "s", "D", "^", "v", "P")
_PAGE_COLOURS: Final[Mapping[str, str]] = {
    PAPER: "none",
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    LINE: "var(--line)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(SERIES, start=1)},
}
"""CSS value on the page, which has a light and a dark theme, for each colour."""
STYLE: Final[Mapping[str, Any]] = {
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.labelcolor": QUIET,
    "axes.labelsize": 8.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "figure.facecolor": PAPER,
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": QUIET,
    "xtick.labelsize": 8,
    "ytick.color": QUIET,
    "ytick.labelsize": 8,
    "ytick.major.size": 0,
}
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLE_ELEMENT: Final = re.compile(r"<style type=\"text/css\">.*?</style>", re.DOTALL)
_GROUP_ID: Final = re.compile(r"<g id=\"[^\"]*\"")
_SIZE: Final = re.compile(r" (?:width|height)=\"[\d.]+pt\"")
_FONT: Final = re.compile(r"'DejaVu Sans'")
_SVG_TAG: Final = re.compile(r"<svg [^>]*>")


def drawable(name: str, limit: int) -> str:
    """Return a name in characters that the font contains, cut in the middle to at most `limit` characters."""
    plain = "".join(char if char.isprintable() and (ord(char) < 0x250 or char == "…") else "?" for char in name)
    end = limit // 2
    return plain if len(plain) <= limit else f"{plain[: limit - 1 - end]}…{plain[-end:]}"


def for_page(svg: str, title: str) -> str:
    """Return an SVG to embed in a page.

    It uses the colours and fonts of the page. Metadata, styles and ids of groups are removed, since they could clash
    with those of other plots.

    Args:
        svg: Text of the file.
        title: Description for screen readers.
    """
    inner = svg[svg.index("<svg") :]
    for pattern, new in (
        (_METADATA, ""),
        (_STYLE_ELEMENT, ""),
        (_GROUP_ID, "<g"),
        (_FONT, "system-ui, sans-serif"),
    ):
        inner = pattern.sub(new, inner)
    tag = _SVG_TAG.match(inner)
    assert tag is not None
    head = _SIZE.sub("", tag[0]).replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ')
    inner = head + inner[tag.end() :]
    for colour, page_colour in _PAGE_COLOURS.items():
        inner = inner.replace(colour, page_colour)
    return inner.strip()
