"""From lines and points to SVG that stands in a page: drawn here, so that a page needs no script to show it.

A picture is drawn twice, for wide pages and for narrow ones, and `theme.css` shows the one that fits. It has no
background and takes its ink from the page, so that it reads well in light and dark. Text that a stranger wrote never
reaches what draws: a number stands for it, and the escaped text takes the number's place at the end.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from typing import Any, Final, NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

from .html_parts import escaped

INK: Final = "#010203"
QUIET: Final = "#010204"
LINE: Final = "#010205"
_OF_PAGE: Final = {INK: "currentColor", QUIET: "var(--quiet)", LINE: "var(--line)"}
"""What these three are on the page; colours by themselves are the same in light and dark."""
_STYLE: Final[dict[Any, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.labelcolor": QUIET,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": QUIET,
    "xtick.labelcolor": QUIET,
    "ytick.color": QUIET,
    "ytick.labelcolor": QUIET,
    "ytick.major.size": 0,
}
_WIDE_IN: Final = 9.2
"""Width of a picture for wide pages, in inches, of which each is about a hundred pixels there."""
_NARROW_IN: Final = 3.6
_drawing: Final = threading.Lock()
"""matplotlib's settings are those of the whole process."""
_LEFT_OUT: Final = re.compile(r"<metadata>.*?</metadata>|<style type=\"text/css\">.*?</style>|<!--.*?-->", re.DOTALL)
_GROUP_ID: Final = re.compile(r"<g id=\"[^\"]*\"")
_BETWEEN: Final = re.compile(r">\s+<")
_OUTER: Final = re.compile(r"<svg [^>]*viewBox=\"([\d. ]+)\"[^>]*>")
_TOLD: Final = re.compile(r"<a xlink:href=\"told:(\d+)\"[^>]*>(.*?)</a>", re.DOTALL)
_WORDS: Final = re.compile(r"@(\d+)@")


class Mark(NamedTuple):
    """How a series looks."""

    colour: str
    shape: str
    """As matplotlib names it."""
    sign: str
    """The same as a character, for the legend."""


class Canvas:
    """What a picture is drawn on, once.

    Args:
        height: In inches.
        left: Room for labels at the left, in inches.
        bottom: Room for labels below, in inches.
        narrow: Whether it is for a narrow page.
    """

    def __init__(self, height: float, left: float, bottom: float, *, narrow: bool) -> None:
        width = _NARROW_IN if narrow else _WIDE_IN
        self._narrow = narrow
        self._words: list[str] = []
        self._told: list[str] = []
        self._figure = Figure(figsize=(width, height))
        inner = (left / width, bottom / height, 1 - (left + 0.2) / width, 1 - (bottom + 0.1) / height)
        self.axes: Any = self._figure.add_axes(inner)

    def word(self, text: str) -> str:
        """What is to be drawn in the place of a text."""
        self._words.append(escaped(text))
        return f"@{len(self._words) - 1}@"

    def words(self, texts: Iterable[str]) -> list[str]:
        """Likewise of several."""
        return [self.word(text) for text in texts]

    def points(self, x: Sequence[float], y: Sequence[float], mark: Mark, told: Sequence[str], size: float = 6) -> None:
        """Draw points, each with what is told of it where somebody points at it."""
        drawn = self.axes.scatter(
            x, y, s=size**2, marker=mark.shape, color=mark.colour, linewidths=0, alpha=0.9, zorder=3, clip_on=False
        )
        if not self._narrow:  # there nobody points
            drawn.set_urls([f"told:{number}" for number in range(len(self._told), len(self._told) + len(told))])
            self._told.extend(map(escaped, told))

    def svg(self, label: str) -> str:
        """The drawing as part of a page.

        Args:
            label: What it is, for who does not see it.
        """
        written = StringIO()
        self._figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
        whole = written.getvalue()
        inner = _GROUP_ID.sub("<g", _LEFT_OUT.sub("", whole[whole.index("<svg") :])).strip()
        outer = _OUTER.match(inner)
        assert outer is not None
        inner = _BETWEEN.sub("><", inner[outer.end() :]).replace("'DejaVu Sans'", "system-ui")
        for colour, own in _OF_PAGE.items():
            inner = inner.replace(colour, own)
        # Last, so that nothing is looked for in what strangers wrote.
        inner = _WORDS.sub(lambda one: self._words[int(one[1])], inner)
        inner = _TOLD.sub(lambda one: f"<g><title>{self._told[int(one[1])]}</title>{one[2]}</g>", inner)
        kind = "for-narrow" if self._narrow else "for-wide"
        return f'<svg class="{kind}" role="img" aria-label="{escaped(label)}" viewBox="{outer[1]}">{inner}'


Draw = Callable[[bool], Canvas]
"""Draws for a narrow page, or for a wide one."""


def drawn(name: str, label: str, draw: Draw) -> str:
    """A picture as HTML, for wide and for narrow pages.

    Args:
        name: No two pictures of one page may share it.
        label: What it is, for who does not see it.
        draw: Draws it.
    """
    found = ""
    for narrow in (False, True):
        # The salt makes names of parts, which would else be random, depend on the picture alone.
        salt = f"{name} {'narrow' if narrow else 'wide'}"
        with _drawing, mpl.rc_context({**_STYLE, "svg.hashsalt": salt}):
            found += draw(narrow).svg(label)
    return found


def legend(series: Iterable[tuple[Mark, str]]) -> str:
    """What the marks of a picture mean; of the second part each text is escaped here."""
    listed = "".join(
        f'<span><b style="color:{mark.colour}">{mark.sign}</b><bdi>{escaped(name)}</bdi></span>'
        for mark, name in series
    )
    return f'<p class="legend">{listed}</p>'
