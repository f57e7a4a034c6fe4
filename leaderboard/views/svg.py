"""Inline SVG charts, rendered with matplotlib on the server, so that a page needs no script to show them.

Each chart is rendered twice, for wide and for narrow pages, and `theme.css` shows the one that fits. Charts have no
background and use the page's text colours, so they are readable in light and dark mode. Text from users never reaches
matplotlib: it draws numbered placeholders, which are replaced by the escaped text at the end.
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
"""CSS values that replace these placeholder colours, so that they follow light and dark mode."""
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
"""Width of a chart on a wide page, in inches; an inch is about 100 pixels."""
_NARROW_IN: Final = 3.6
"""Width of a chart on a narrow page, in inches."""
_drawing: Final = threading.Lock()
"""Guards the settings of matplotlib, which are shared by all threads."""
_LEFT_OUT: Final = re.compile(r"<metadata>.*?</metadata>|<style type=\"text/css\">.*?</style>|<!--.*?-->", re.DOTALL)
_GROUP_ID: Final = re.compile(r"<g id=\"[^\"]*\"")
_SPACE_BETWEEN_TAGS: Final = re.compile(r">\s+<")
_OUTER: Final = re.compile(r"<svg [^>]*viewBox=\"([\d. ]+)\"[^>]*>")
_TITLE: Final = re.compile(r"<a xlink:href=\"title:(\d+)\"[^>]*>(.*?)</a>", re.DOTALL)
_WORDS: Final = re.compile(r"@(\d+)@")


class Mark(NamedTuple):
    """Appearance of a series."""

    colour: str
    shape: str
    """Marker name in matplotlib."""
    sign: str
    """Character for the legend that looks like the marker."""


class Canvas:
    """Drawing area of one chart.

    Args:
        height: Height in inches.
        left: Space for labels on the left, in inches.
        bottom: Space for labels at the bottom, in inches.
        narrow: True for a narrow page.
    """

    def __init__(self, height: float, left: float, bottom: float, *, narrow: bool) -> None:
        width = _NARROW_IN if narrow else _WIDE_IN
        self._narrow = narrow
        self._words: list[str] = []
        self._titles: list[str] = []
        self._figure = Figure(figsize=(width, height))
        inner = (left / width, bottom / height, 1 - (left + 0.2) / width, 1 - (bottom + 0.1) / height)
        self.axes: Any = self._figure.add_axes(inner)

    def word(self, text: str) -> str:
        """Return the placeholder that is drawn in place of a text."""
        self._words.append(escaped(text))
        return f"@{len(self._words) - 1}@"

    def words(self, texts: Iterable[str]) -> list[str]:
        """Return the placeholders that are drawn in place of several texts."""
        return [self.word(text) for text in texts]

    def points(
        self, x: Sequence[float], y: Sequence[float], mark: Mark, tooltips: Sequence[str], size: float = 6
    ) -> None:
        """Draw points.

        Args:
            x: Horizontal positions.
            y: Vertical positions.
            mark: Appearance.
            tooltips: Tooltip of each point. Charts for narrow pages have no tooltips.
            size: Diameter in typographic points.
        """
        series = self.axes.scatter(
            x, y, s=size**2, marker=mark.shape, color=mark.colour, linewidths=0, alpha=0.9, zorder=3, clip_on=False
        )
        if not self._narrow:
            series.set_urls(
                [f"title:{number}" for number in range(len(self._titles), len(self._titles) + len(tooltips))]
            )
            self._titles.extend(map(escaped, tooltips))

    def svg(self, label: str) -> str:
        """Return the chart as an SVG element.

        Args:
            label: Description for screen readers.
        """
        file = StringIO()
        self._figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        document = file.getvalue()
        inner = _GROUP_ID.sub("<g", _LEFT_OUT.sub("", document[document.index("<svg") :])).strip()
        outer = _OUTER.match(inner)
        assert outer is not None
        inner = _SPACE_BETWEEN_TAGS.sub("><", inner[outer.end() :]).replace("'DejaVu Sans'", "system-ui")
        for colour, css_value in _OF_PAGE.items():
            inner = inner.replace(colour, css_value)
        # Texts from users are inserted last, so that no replacement above can change them.
        inner = _WORDS.sub(lambda match: self._words[int(match[1])], inner)
        inner = _TITLE.sub(lambda match: f"<g><title>{self._titles[int(match[1])]}</title>{match[2]}</g>", inner)
        kind = "for-narrow" if self._narrow else "for-wide"
        return f'<svg class="{kind}" role="img" aria-label="{escaped(label)}" viewBox="{outer[1]}">{inner}'


Draw = Callable[[bool], Canvas]
"""Function that draws a chart; its argument is True for a narrow page."""


def render(name: str, label: str, draw: Draw) -> str:
    """Return a chart as HTML: one SVG element for wide pages and one for narrow pages.

    Args:
        name: Name of the chart, unique within a page.
        label: Description for screen readers.
        draw: Function that draws the chart.
    """
    html = ""
    for narrow in (False, True):
        # A fixed salt makes the ids within the SVG reproducible and unique within the page.
        salt = f"{name} {'narrow' if narrow else 'wide'}"
        with _drawing, mpl.rc_context({**_STYLE, "svg.hashsalt": salt}):
            html += draw(narrow).svg(label)
    return html


def legend(series: Iterable[tuple[Mark, str]]) -> str:
    """Return the legend of a chart.

    Args:
        series: Mark and name of each series. Names are escaped here.
    """
    items = "".join(
        f'<span><b style="color:{_OF_PAGE.get(mark.colour, mark.colour)}">{mark.sign}</b>'
        f"<bdi>{escaped(name)}</bdi></span>"
        for mark, name in series
    )
    return f'<p class="legend">{items}</p>'
