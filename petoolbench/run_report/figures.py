"""Plots of a report, each saved as PNG and SVG, and once more as SVG with the colours of the page.

Plots are narrow: one fills the width of a telephone, and several stand side by side on a wide screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from builder.extras import import_extra

from . import reference_curve
from .breakdown import PROPERTIES, Rate, in_order
from .lift import Lift
from .plot_style import LINE, MARKS, OUTCOME_COLOURS, QUIET, SERIES, STYLE, drawable, for_page
from .run_facts import Report, RunFacts
from .wording import OUTCOME_NAMES, RATE_NAMES, is_oracle

PLOTS: Final = "plots"
"""Folder of the plots."""
MOST: Final = 6
"""Maximum number of runs in one plot of curves."""
_WIDTH: Final = 4.0
"""Width of a plot in inches."""
_SHORT_NAME: Final = 26
"""Maximum length in characters of the names in a legend of two columns."""
_LEGEND: Final[Mapping[str, float]] = {"columnspacing": 1, "borderaxespad": 0, "borderpad": 0.2}
_DASHED: Final[Mapping[str, Any]] = {"color": QUIET, "linewidth": 1, "linestyle": (0, (3, 3)), "zorder": 0}
_TOOL_ACCURACY: Final = RATE_NAMES["tool_accuracy"]
Draw = Callable[[Any], None]
"""Function that draws on matplotlib axes."""


class Picture(NamedTuple):
    """Finished plot."""

    name: str
    """Name of its files, without the suffix."""
    about: str
    """Key of the section that shows it."""
    title: str
    svg: str
    """SVG to embed in the page."""


class _Plan(NamedTuple):
    name: str
    about: str
    title: str
    height: float
    """Height in inches."""
    draw: Draw


def draw_pictures(report: Report, folder: Path) -> list[Picture]:
    """Draw all plots and save them as PNG and SVG.

    Args:
        report: The report.
        folder: Existing folder for the files.

    Returns:
        The plots, in the order of the sections.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        OSError: If a file cannot be written.
    """
    matplotlib = import_extra("matplotlib", "builder", "Drawing the plots of a report")
    Figure = import_extra("matplotlib.figure", "builder", "Drawing the plots of a report").Figure  # noqa: N806  (a class)
    pictures = []
    for plan in _plans(report):
        with ExitStack() as stack:
            # Without a salt, matplotlib gives the elements of an SVG random ids.
            stack.enter_context(matplotlib.rc_context({**STYLE, "svg.hashsalt": plan.name}))
            figure = Figure(figsize=(_WIDTH, plan.height), layout="constrained")
            axes = figure.subplots()
            plan.draw(axes)
            axes.set_title(plan.title, loc="left")
            svg = StringIO()
            # Dates and versions are left out, so that the same report gives the same bytes.
            figure.savefig(folder / f"{plan.name}.png", dpi=150, metadata={"Software": None})
            figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        (folder / f"{plan.name}.svg").write_text(svg.getvalue(), encoding="utf-8")
        pictures.append(Picture(plan.name, plan.about, plan.title, for_page(svg.getvalue(), plan.title)))
    return pictures


def in_curves(report: Report) -> list[str]:
    """Return the names of the runs to plot as curves: with the user's own history if any, models before baselines."""
    by_name: dict[str, list[RunFacts]] = {}
    for run in report.runs:
        by_name.setdefault(run.name, []).append(run)

    def rank(name: str) -> tuple[bool, bool, bool, float]:
        runs = by_name[name]
        first = runs[0]
        mean = sum(run.scores_of_asked["tool_accuracy"] for run in runs) / len(runs)
        return first.history != "own", first.baseline, is_oracle(first), -mean

    ranked = sorted(by_name, key=rank)
    own = [name for name in ranked if by_name[name][0].history == "own"]
    return (own or ranked)[:MOST]


class _Shown(NamedTuple):
    """Run in a plot of curves, with the number of its colour and marker, which are the same in all plots."""

    run: RunFacts
    number: int


def _plans(report: Report) -> Iterator[_Plan]:
    for config in report.rows:
        yield _accuracy_plan(report, config)
    for config in report.rows:
        yield from _lift_plan(report, config)
    for config in report.rows:
        yield _errors_plan(report, config)
    curves = {config: _runs_in_curves(report, config) for config in report.rows}
    for by in PROPERTIES:
        for config, shown in curves.items():
            yield from _curve_plan(shown, by, report.chance.get(config))
    for config, shown in curves.items():
        yield from _calls_plan(shown, config)
    if report.builtin:
        title = "Measured on a data set of its own"
        yield _Plan("reference-curve", "reference-curve", title, reference_curve.HEIGHT, reference_curve.draw)


def _runs_in_curves(report: Report, config: str) -> list[_Shown]:
    numbers = {name: number for number, name in enumerate(in_curves(report))}
    shown = [_Shown(run, numbers[run.name]) for run in report.of(config) if run.name in numbers]
    return sorted(shown, key=lambda item: item.number)


def _by_accuracy(runs: Sequence[RunFacts]) -> list[RunFacts]:
    """Sort runs by tool accuracy over the instances that each covers, best first."""
    return sorted(runs, key=lambda run: -run.scores_of_asked["tool_accuracy"])


def _accuracy_plan(report: Report, config: str) -> _Plan:
    runs = _by_accuracy(report.of(config))
    chance = report.chance.get(config)

    def draw(axes: Any) -> None:
        for place, run in enumerate(runs):
            scores = run.scores_of_asked
            low, high = scores["intervals"]["tool_accuracy"]
            part = f"{run.answered.asked:,} of {run.answered.rows:,} instances: " if run.limited else ""
            _label_row(axes, place, run.name, f"{part}{100 * scores['tool_accuracy']:.1f}")
            _draw_track(axes, place, (0, 100), chance)
            colour = QUIET if run.baseline else SERIES[0]
            _draw_interval(axes, place, (low, scores["tool_accuracy"], high), colour)
        _set_limits(axes, len(runs), (0, 100))
        axes.set_xlabel(f"{_TOOL_ACCURACY}, % of the {report.scored_rows}, with 95 % interval")

    return _Plan(f"accuracy-{config}", "accuracy", config, 0.75 + 0.42 * len(runs), draw)


def _lift_plan(report: Report, config: str) -> Iterator[_Plan]:
    lifts = [lift for lift in report.lifts if lift.config == config]
    if lifts:
        yield _Plan(f"lift-{config}", "lift", config, 0.75 + 0.42 * len(lifts), lambda axes: _draw_lifts(axes, lifts))


def _draw_lifts(axes: Any, lifts: Sequence[Lift]) -> None:
    colours = {"swapped": SERIES[0], "none": SERIES[1]}
    reach = max(10.0, *(105 * abs(end) for lift in lifts for end in (lift.comparison.low, lift.comparison.high)))
    for place, lift in enumerate(lifts):
        comparison = lift.comparison
        _label_row(axes, place, f"{lift.name}: own vs. {lift.against}", f"{100 * comparison.difference:+.1f}")
        _draw_track(axes, place, (-reach, reach), 0)
        ends = (comparison.low, comparison.difference, comparison.high)
        _draw_interval(axes, place, ends, colours[lift.against])
    _set_limits(axes, len(lifts), (-reach, reach))
    axes.set_xlabel(f"difference in {_TOOL_ACCURACY}, points, with 95 % interval")


def _errors_plan(report: Report, config: str) -> _Plan:
    runs = _by_accuracy(report.of(config))

    def draw(axes: Any) -> None:
        start = [0.0] * len(runs)
        for name, label in OUTCOME_NAMES.items():
            shares = [100 * run.outcomes[name] for run in runs]
            axes.barh(
                range(len(runs)), shares, left=start, height=0.34, color=OUTCOME_COLOURS[name], label=label, linewidth=0
            )
            start = [left + share for left, share in zip(start, shares, strict=True)]
        for place, run in enumerate(runs):
            _label_row(axes, place, run.name, "")
        _set_limits(axes, len(runs), (0, 100))
        axes.set_xlabel("% of the instances asked")
        axes.figure.legend(loc="outside lower left", ncols=2, handlelength=1, handleheight=1, **_LEGEND)

    return _Plan(f"errors-{config}", "errors", config, 1.35 + 0.42 * len(runs), draw)


def _label_row(axes: Any, place: int, name: str, figure: str) -> None:
    """Write a name above a row at the left, and its figure at the right; a narrow plot has no room next to the row."""
    across = axes.get_yaxis_transform()
    room = 54 - len(figure)
    axes.text(0, place - 0.26, drawable(name, room), transform=across, va="bottom", ha="left", fontsize=8.5)
    axes.text(1, place - 0.26, figure, transform=across, va="bottom", ha="right", fontsize=8.5, fontweight="bold")


def _draw_track(axes: Any, place: int, ends: tuple[float, float], mark: float | None) -> None:
    """Draw the line behind an interval, with a mark at a reference value of 0 to 1."""
    axes.plot(ends, [place, place], color=LINE, linewidth=1, zorder=1)
    if mark is not None:
        axes.plot([100 * mark] * 2, [place - 0.16, place + 0.16], color=QUIET, linewidth=1.2, zorder=2)


def _draw_interval(axes: Any, place: int, values: tuple[float, float, float], colour: str) -> None:
    """Draw an interval given as low end, value and high end, each -1 to 1."""
    low, value, high = (100 * number for number in values)
    axes.plot([low, high], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt", clip_on=False, zorder=3)
    axes.plot([value], [place], "o", color=colour, markersize=6, markeredgewidth=0, clip_on=False, zorder=4)


def _set_limits(axes: Any, rows: int, ends: tuple[float, float]) -> None:
    axes.set_xlim(*ends)
    axes.set_ylim(rows - 0.6, -0.75)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _curve_plan(shown: Sequence[_Shown], by: str, chance: float | None) -> Iterator[_Plan]:
    """Plan the plot of accuracy by a property, if the instances of the config vary in it."""
    rates = {item.run.name: _rates_by_label(item.run, by) for item in shown}
    labels = in_order(label for run_rates in rates.values() for label in run_rates)
    if not labels:
        return
    ordered = PROPERTIES[by].ordered
    config = shown[0].run.config

    def draw(axes: Any) -> None:
        handles = []
        for place, item in enumerate(shown):
            # A small shift keeps the intervals of different runs from covering each other.
            shift = (0.09 if ordered else 0.11) * (place - (len(shown) - 1) / 2)
            run_rates = rates[item.run.name]
            places = [labels.index(label) + shift for label in run_rates]
            handles.append(_draw_rates(axes, item.number, places, list(run_rates.values()), ordered=ordered))
        _scale(axes, labels, chance, ordered=ordered)
        if ordered:
            axes.set_xlabel(PROPERTIES[by].title)
        _add_legend(axes, handles, shown)

    height = 2.1 if ordered else 0.6 + len(labels) * (0.12 + 0.06 * len(shown))
    yield _Plan(f"{by.replace('_', '-')}-{config}", by, config, _with_legend(height, shown), draw)


def _rates_by_label(run: RunFacts, by: str) -> dict[str, Rate]:
    return {part.label: part.rate for item in run.breakdowns if item.by == by for part in item.parts}


def _draw_rates(axes: Any, number: int, places: Sequence[float], rates: Sequence[Rate], *, ordered: bool) -> Any:
    """Draw the rates of a run with their intervals, vertically if the labels are ordered; return the legend handle."""
    values = [100 * rate.value for rate in rates]
    errors = [
        [max(0.0, 100 * (rate.value - rate.low)) for rate in rates],
        [max(0.0, 100 * (rate.high - rate.value)) for rate in rates],
    ]
    look = {"color": SERIES[number], "marker": MARKS[number], "markersize": 4, "elinewidth": 0.9}
    if ordered:
        return axes.errorbar(places, values, yerr=errors, linewidth=1.3, **look)
    return axes.errorbar(values, places, xerr=errors, linestyle="none", **look)


def _scale(axes: Any, labels: Sequence[str], chance: float | None, *, ordered: bool) -> None:
    axes.set_axisbelow(True)
    if ordered:
        axes.set_xticks(range(len(labels)), labels)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_ylim(-3, 103)  # leaves room for markers at 0 and 100
        axes.set_ylabel(f"{_TOOL_ACCURACY}, %")
        axes.grid(axis="y")
        if chance is not None:
            axes.axhline(100 * chance, **_DASHED)
    else:
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlim(-3, 103)
        axes.set_xlabel(f"{_TOOL_ACCURACY}, %, with 95 % interval")
        axes.grid(axis="x")
        if chance is not None:
            axes.axvline(100 * chance, **_DASHED)


def _calls_plan(runs: Sequence[_Shown], config: str) -> Iterator[_Plan]:
    shown = [item for item in runs if item.run.calls]
    if shown:
        height = _with_legend(2.1, shown)
        yield _Plan(f"calls-{config}", "calls", config, height, lambda axes: _draw_calls(axes, shown))


def _draw_calls(axes: Any, shown: Sequence[_Shown]) -> None:
    handles: list[Any] = []
    even: Sequence[float] = ()
    for item in shown:
        calls = item.run.calls
        assert calls is not None
        even = max(even, calls.even, key=len)
        shares = [100 * share for share in calls.shares]
        look = {"color": SERIES[item.number], "marker": MARKS[item.number], "markersize": 4, "linewidth": 1.3}
        handles += axes.plot(range(1, len(shares) + 1), shares, **look)
    positions = range(1, len(even) + 1)
    axes.plot(positions, [100 * share for share in even], **_DASHED)
    axes.set_xticks(positions)
    axes.set_ylim(0, None)
    axes.set_xlabel("position of the called candidate; dashed: expected")
    axes.set_ylabel("share of the calls, %")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    _add_legend(axes, handles, shown)


def _add_legend(axes: Any, handles: Sequence[Any], shown: Sequence[_Shown]) -> None:
    columns = _legend_columns(shown)
    names = [drawable(item.run.name, _SHORT_NAME if columns == 2 else 2 * _SHORT_NAME) for item in shown]
    axes.figure.legend(handles, names, loc="outside lower left", ncols=columns, handlelength=1.6, **_LEGEND)


def _legend_columns(shown: Sequence[_Shown]) -> int:
    return 2 if max(len(item.run.name) for item in shown) <= _SHORT_NAME else 1


def _with_legend(height: float, shown: Sequence[_Shown]) -> float:
    """Return the height of a plot with its legend, in inches."""
    return height + 0.17 * -(-len(shown) // _legend_columns(shown))
