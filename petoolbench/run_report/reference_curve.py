"""Reference figures that a report shows beside its own: accuracy by the number of telling steps, and on a release."""

from __future__ import annotations

from typing import Any, Final

from hf_dataset.evidence_curve import CEILING, CHANCE, READERS, EvidenceCurve, read_curve
from hf_dataset.reference_results import ReferenceResults

from .plot_style import INK, MARKS, QUIET, SERIES
from .report_tables import NONE, Table

_SHOWN: Final = (READERS, CEILING, "program", "regression", "embedding", "last-used", CHANCE)
"""Series in the picture; the table has all of them."""
HEIGHT: Final = 3.2
"""Height of the picture in inches."""


def table() -> Table:
    """Return the accuracy of every series at each number of telling steps."""
    curve = read_curve()
    rows = tuple(curve.cells(NONE))
    quiet = frozenset(place for place, (name, *_) in enumerate(rows) if name != READERS)
    return Table("Tool accuracy in %, by telling steps", ("", *map(str, curve.levels)), rows, quiet)


def results_table(results: ReferenceResults) -> Table:
    """Return the accuracy of the main systems on a release."""
    head, rows = results.summary()
    cells = tuple(tuple(cell or NONE for cell in row) for row in rows)
    quiet = frozenset(place for place, (name, *_) in enumerate(cells) if name != READERS)
    return Table("Tool accuracy in % on a release", ("", *head[1:]), cells, quiet)


def draw(axes: Any, curve: EvidenceCurve | None = None) -> None:
    """Draw a curve on matplotlib axes; by default the measured one."""
    curve = curve or read_curve()
    levels = curve.levels
    by_name = {series.name: series for series in curve.series}
    handles: list[Any] = []
    names = [name for name in _SHOWN if name in by_name]
    for number, name in enumerate(names):
        points = by_name[name].points
        places = [levels.index(point.evidence) for point in points]
        rates = [100 * point.accuracy for point in points]
        if name in {CEILING, CHANCE}:
            dashes = (0, (4, 2)) if name == CEILING else (0, (1, 2))
            handles.append(
                *axes.plot(places, rates, color=INK if name == CEILING else QUIET, linestyle=dashes, zorder=5)
            )
            continue
        ends = [
            [100 * (point.accuracy - point.low) for point in points],
            [100 * (point.high - point.accuracy) for point in points],
        ]
        look = {"color": SERIES[number % len(SERIES)], "marker": MARKS[number % len(MARKS)], "markersize": 4}
        handles.append(axes.errorbar(places, rates, yerr=ends, linewidth=1.3, elinewidth=0.9, **look))
    axes.set_axisbelow(True)
    axes.set_xticks(range(len(levels)), [str(level) for level in levels])
    axes.set_xlim(-0.3, len(levels) - 0.7)
    axes.set_ylim(-3, 103)  # leaves room for markers at 0 and 100
    axes.set_xlabel("number of telling steps")
    axes.set_ylabel("tool accuracy, %")
    axes.grid(axis="y")
    axes.figure.legend(handles, names, loc="outside lower left", ncols=3)
