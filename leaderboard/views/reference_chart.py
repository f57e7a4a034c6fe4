"""Chart of measured accuracy by the number of telling steps: careful readers, baselines and the ceiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from . import html_parts
from .html_parts import escaped, points
from .svg import INK, QUIET, Canvas, Mark, legend, render

_MARKS: Final = {
    "careful readers": Mark("#c8590c", "o", "●"),
    "ceiling": Mark(INK, "_", "┅"),
    "program": Mark("#2f7ed8", "s", "■"),
    "regression": Mark("#3a9d78", "D", "◆"),
    "embedding": Mark("#8b6bc9", "^", "▲"),
    "last-used": Mark("#7d7f88", "v", "▼"),
    "chance": Mark(QUIET, "_", "┈"),
}
"""Series in the drawing; the table has all of them."""
_DASHES: Final = {"ceiling": (0, (4, 2)), "chance": (0, (1, 2))}


def accuracy_by_evidence(curve: Mapping[str, Any]) -> str:
    """Draw the measured accuracy by the number of telling steps.

    Args:
        curve: Content of `evidence_curve.json`.
    """
    series: Sequence[Mapping[str, Any]] = curve["series"]
    levels = sorted({point["evidence"] for item in series for point in item["points"]})
    by_name = {item["name"]: item["points"] for item in series}
    shown = {name: mark for name, mark in _MARKS.items() if name in by_name}

    def draw(narrow: bool) -> Canvas:
        canvas = Canvas(3.2 if narrow else 3.9, 0.6, 0.55, narrow=narrow)
        axes = canvas.axes
        for name, mark in shown.items():
            along = [levels.index(point["evidence"]) for point in by_name[name]]
            rates = [100 * point["accuracy"] for point in by_name[name]]
            axes.plot(
                along,
                rates,
                color=mark.colour,
                linewidth=1.5,
                linestyle=_DASHES.get(name, "-"),
                clip_on=False,
                zorder=5 if name in _DASHES else 2,
            )
            if name not in _DASHES:
                titles = [f"{name}, {point['evidence']}: {_with_interval(point)}" for point in by_name[name]]
                canvas.points(along, rates, mark, titles)
                ends = [(100 * point["low"], 100 * point["high"]) for point in by_name[name]]
                axes.vlines(along, *zip(*ends, strict=True), color=mark.colour, linewidth=1)
        axes.set_xticks(range(len(levels)), canvas.words(map(str, levels)))
        axes.set_xlim(-0.3, len(levels) - 0.7)
        axes.set_ylim(0, 100)
        axes.set_xlabel("number of telling steps")
        axes.set_ylabel("tool accuracy, %")
        axes.grid(axis="y")
        return canvas

    cells = [
        (escaped(name), *(_cell(of_name, level) for level in levels))
        for name, of_name in sorted(by_name.items(), key=_first)
    ]
    drawing = render("readers", "Tool accuracy of careful readers by the number of telling steps", draw)
    table = html_parts.table(("Telling steps", *map(str, levels)), cells)
    source = escaped(f"{curve['command']}; build {curve['build']}; measured on {curve['measured']}.")
    return (
        f'<figure class="pet picture">{legend((mark, name) for name, mark in shown.items())}{drawing}'
        f'<p class="count">{source}</p><details><summary>Show values as a table</summary>{table}</details></figure>'
    )


def _first(item: tuple[str, Any]) -> tuple[int, str]:
    """Sort the series of the drawing first."""
    names = list(_MARKS)
    return (names.index(item[0]) if item[0] in names else len(names), item[0])


def _cell(of_name: Sequence[Mapping[str, Any]], level: int) -> str:
    return next((_with_interval(point) for point in of_name if point["evidence"] == level), "")


def _with_interval(point: Mapping[str, Any]) -> str:
    return f"{points(point['accuracy'])} ({html_parts.between((point['low'], point['high']))})"
