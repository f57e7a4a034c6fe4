"""The pictures of a report, each drawn once and kept in three forms: PNG, SVG, and SVG that takes its page's colours.

They are narrow, so that on a telephone one fills the width and on a wide screen several stand side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from builder.extras import import_extra

from .breakdown import PROPERTIES, Rate, in_order
from .facts import Report, RunFacts
from .lift import Lift
from .plot_style import LINE, MARKS, OUTCOME_COLOURS, QUIET, SERIES, STYLE, drawable, for_page
from .wording import OUTCOME_NAMES, is_oracle

PLOTS: Final = "plots"
"""Folder of the pictures."""
MOST: Final = 6
"""Runs that one picture of curves can show."""
_WIDTH: Final = 4.0
"""Of a picture, in inches."""
_LONGEST: Final = 26
"""Letters of a name of which two stand side by side."""
_LEGEND: Final[Mapping[str, float]] = {"columnspacing": 1, "borderaxespad": 0, "borderpad": 0.2}
Draw = Callable[[Any], None]
"""Draws on axes of its own."""


class Picture(NamedTuple):
    """A picture that was drawn."""

    name: str
    """Of its files, without the ending."""
    about: str
    """A key of the section that shows it."""
    title: str
    svg: str
    """For inside a page."""


class _Plan(NamedTuple):
    name: str
    about: str
    title: str
    height: float
    draw: Draw


def draw_pictures(report: Report, folder: Path) -> list[Picture]:
    """Draw everything, as PNG and SVG.

    Args:
        report: What is shown.
        folder: Where the files go; it must be there.

    Raises:
        MissingExtraError: If matplotlib is missing.
        OSError: If a file cannot be written.
    """
    matplotlib = import_extra("matplotlib", "builder", "Drawing the plots of a report")
    Figure = import_extra("matplotlib.figure", "builder", "Drawing the plots of a report").Figure  # noqa: N806  (a class)
    drawn = []
    for plan in _plans(report):
        with ExitStack() as stack:
            # The salt makes names of parts, which would else be random, depend on the picture alone.
            stack.enter_context(matplotlib.rc_context({**STYLE, "svg.hashsalt": plan.name}))
            figure = Figure(figsize=(_WIDTH, plan.height), layout="constrained")
            axes = figure.subplots()
            plan.draw(axes)
            axes.set_title(plan.title, loc="left")
            svg = StringIO()
            # No date and no version in the files: the same report gives the same bytes.
            figure.savefig(folder / f"{plan.name}.png", dpi=150, metadata={"Software": None})
            figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        (folder / f"{plan.name}.svg").write_text(svg.getvalue(), encoding="utf-8")
        drawn.append(Picture(plan.name, plan.about, plan.title, for_page(svg.getvalue(), plan.title)))
    return drawn


def in_curves(report: Report) -> list[str]:
    """Names of the runs that curves show: on the own history where there are such, models before baselines."""
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


def _plans(report: Report) -> Iterator[_Plan]:
    for config in report.rows:
        runs = _ranked(report.of(config))
        draw = _accuracy(runs, report.chance.get(config))
        yield _Plan(f"accuracy-{config}", "accuracy", config, 0.75 + 0.42 * len(runs), draw)
    for config in report.rows:
        lifts = [lift for lift in report.lifts if lift.config == config]
        if lifts:
            yield _Plan(f"lift-{config}", "lift", config, 0.75 + 0.42 * len(lifts), _lifts(lifts))
    for config in report.rows:
        runs = _ranked(report.of(config))
        yield _Plan(f"errors-{config}", "errors", config, 1.35 + 0.42 * len(runs), _errors(runs))
    colours = {name: number for number, name in enumerate(in_curves(report))}
    for by in PROPERTIES:
        for config in report.rows:
            yield from _curve(_few(report, config, colours), by, report.chance.get(config))
    for config in report.rows:
        few = [one for one in _few(report, config, colours) if one.run.calls]
        if few:
            yield _Plan(f"calls-{config}", "calls", config, _height(2.1, few), _calls(few))


class _Shown(NamedTuple):
    """A run in curves, and its colour and mark, which are the same in all of them."""

    run: RunFacts
    number: int


def _few(report: Report, config: str, colours: Mapping[str, int]) -> list[_Shown]:
    shown = [_Shown(run, colours[run.name]) for run in report.of(config) if run.name in colours]
    return sorted(shown, key=lambda one: one.number)


def _ranked(runs: Sequence[RunFacts]) -> list[RunFacts]:
    """The best first, by the rows that each was asked."""
    return sorted(runs, key=lambda run: -run.scores_of_asked["tool_accuracy"])


def _accuracy(runs: Sequence[RunFacts], chance: float | None) -> Draw:
    def draw(axes: Any) -> None:
        for place, run in enumerate(runs):
            scores = run.scores_of_asked
            low, high = scores["intervals"]["tool_accuracy"]
            part = f"{run.answered.asked:,} of {run.answered.rows:,} rows: " if run.limited else ""
            _row(axes, place, run.name, f"{part}{100 * scores['tool_accuracy']:.1f}")
            _track(axes, place, (0, 100), chance)
            colour = QUIET if run.baseline else SERIES[0]
            _interval(axes, place, (low, scores["tool_accuracy"], high), colour)
        _rows(axes, len(runs), (0, 100))
        axes.set_xlabel("tool accuracy, % of the rows asked, with 95 % interval")

    return draw


def _lifts(found: Sequence[Lift]) -> Draw:
    def draw(axes: Any) -> None:
        colours = {"swapped": SERIES[0], "none": SERIES[1]}
        reach = max(10.0, *(105 * abs(end) for lift in found for end in (lift.comparison.low, lift.comparison.high)))
        for place, lift in enumerate(found):
            one = lift.comparison
            _row(axes, place, f"{lift.name}: own less {lift.against}", f"{100 * one.difference:+.1f}")
            _track(axes, place, (-reach, reach), 0)
            _interval(axes, place, (one.low, one.difference, one.high), colours[lift.against])
        _rows(axes, len(found), (-reach, reach))
        axes.set_xlabel("points of tool accuracy, with 95 % interval")

    return draw


def _errors(runs: Sequence[RunFacts]) -> Draw:
    def draw(axes: Any) -> None:
        start = [0.0] * len(runs)
        for name, label in OUTCOME_NAMES.items():
            shares = [100 * run.outcomes[name] for run in runs]
            axes.barh(
                range(len(runs)), shares, left=start, height=0.34, color=OUTCOME_COLOURS[name], label=label, linewidth=0
            )
            start = [at + share for at, share in zip(start, shares, strict=True)]
        for place, run in enumerate(runs):
            _row(axes, place, run.name, "")
        _rows(axes, len(runs), (0, 100))
        axes.set_xlabel("% of the rows asked")
        axes.figure.legend(loc="outside lower left", ncols=2, handlelength=1, handleheight=1, **_LEGEND)

    return draw


def _row(axes: Any, place: int, name: str, figure: str) -> None:
    """Write a row's name above what it shows, where a narrow picture has room for it, and its figure at the right."""
    across = axes.get_yaxis_transform()
    room = 54 - len(figure)
    axes.text(0, place - 0.26, drawable(name, room), transform=across, va="bottom", ha="left", fontsize=8.5)
    axes.text(1, place - 0.26, figure, transform=across, va="bottom", ha="right", fontsize=8.5, fontweight="bold")


def _track(axes: Any, place: int, ends: tuple[float, float], mark: float | None) -> None:
    """What an interval lies on, with a mark to hold it against, 0 to 1."""
    axes.plot(ends, [place, place], color=LINE, linewidth=1, zorder=1)
    if mark is not None:
        axes.plot([100 * mark] * 2, [place - 0.16, place + 0.16], color=QUIET, linewidth=1.2, zorder=2)


def _interval(axes: Any, place: int, values: tuple[float, float, float], colour: str) -> None:
    """The low end, the value and the high end; -1 to 1."""
    low, value, high = (100 * one for one in values)
    axes.plot([low, high], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt", clip_on=False, zorder=3)
    axes.plot([value], [place], "o", color=colour, markersize=6, markeredgewidth=0, clip_on=False, zorder=4)


def _rows(axes: Any, rows: int, ends: tuple[float, float]) -> None:
    axes.set_xlim(*ends)
    axes.set_ylim(rows - 0.6, -0.75)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _curve(shown: Sequence[_Shown], by: str, chance: float | None) -> Iterator[_Plan]:
    """The accuracy along a property, where the rows of a config vary in it."""
    found = {
        one.run.name: {part.label: part.rate for each in one.run.breakdowns if each.by == by for part in each.parts}
        for one in shown
    }
    labels = in_order(label for rates in found.values() for label in rates)
    if not labels:
        return
    ordered = PROPERTIES[by].ordered
    config = shown[0].run.config

    def draw(axes: Any) -> None:
        handles = []
        for place, one in enumerate(shown):
            # Beside each other, so that no interval hides another.
            shift = (0.09 if ordered else 0.11) * (place - (len(shown) - 1) / 2)
            rates = found[one.run.name]
            places = [labels.index(label) + shift for label in rates]
            handles.append(_series(axes, one.number, places, list(rates.values()), ordered=ordered))
        _scale(axes, labels, chance, ordered=ordered)
        if ordered:
            axes.set_xlabel(PROPERTIES[by].title)
        _legend(axes, handles, shown)

    height = 2.1 if ordered else 0.6 + len(labels) * (0.12 + 0.06 * len(shown))
    yield _Plan(f"{by.replace('_', '-')}-{config}", by, config, _height(height, shown), draw)


def _series(axes: Any, number: int, places: Sequence[float], rates: Sequence[Rate], *, ordered: bool) -> Any:
    """Draw the rates of one run with their intervals, upwards along an order, else to the right; gives its key."""
    values = [100 * rate.value for rate in rates]
    whiskers = [
        [max(0.0, 100 * (rate.value - rate.low)) for rate in rates],
        [max(0.0, 100 * (rate.high - rate.value)) for rate in rates],
    ]
    look = {"color": SERIES[number], "marker": MARKS[number], "markersize": 4, "elinewidth": 0.9}
    if ordered:
        return axes.errorbar(places, values, yerr=whiskers, linewidth=1.3, **look)
    return axes.errorbar(values, places, xerr=whiskers, linestyle="none", **look)


def _scale(axes: Any, labels: Sequence[str], chance: float | None, *, ordered: bool) -> None:
    dashed = {"color": QUIET, "linewidth": 1, "linestyle": (0, (3, 3)), "zorder": 0}
    axes.set_axisbelow(True)
    if ordered:
        axes.set_xticks(range(len(labels)), labels)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_ylim(-3, 103)  # so that marks at the ends are whole
        axes.set_ylabel("tool accuracy, %")
        axes.grid(axis="y")
        if chance is not None:
            axes.axhline(100 * chance, **dashed)
    else:
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlim(-3, 103)
        axes.set_xlabel("tool accuracy, %, with 95 % interval")
        axes.grid(axis="x")
        if chance is not None:
            axes.axvline(100 * chance, **dashed)


def _calls(shown: Sequence[_Shown]) -> Draw:
    def draw(axes: Any) -> None:
        handles: list[Any] = []
        even: Sequence[float] = ()
        for one in shown:
            calls = one.run.calls
            assert calls is not None
            even = max(even, calls.even, key=len)
            shares = [100 * share for share in calls.shares]
            look = {"color": SERIES[one.number], "marker": MARKS[one.number], "markersize": 4, "linewidth": 1.3}
            handles += axes.plot(range(1, len(shares) + 1), shares, **look)
        places = range(1, len(even) + 1)
        axes.plot(places, [100 * share for share in even], color=QUIET, linewidth=1, linestyle=(0, (3, 3)), zorder=0)
        axes.set_xticks(places)
        axes.set_ylim(0, None)
        axes.set_xlabel("place of the called candidate; dashed: even")
        axes.set_ylabel("share of the calls, %")
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        _legend(axes, handles, shown)

    return draw


def _legend(axes: Any, handles: Sequence[Any], shown: Sequence[_Shown]) -> None:
    columns = _legend_columns(shown)
    names = [drawable(one.run.name, _LONGEST if columns == 2 else 2 * _LONGEST) for one in shown]
    axes.figure.legend(handles, names, loc="outside lower left", ncols=columns, handlelength=1.6, **_LEGEND)


def _legend_columns(shown: Sequence[_Shown]) -> int:
    return 2 if max(len(one.run.name) for one in shown) <= _LONGEST else 1


def _height(plot: float, shown: Sequence[_Shown]) -> float:
    """Of a picture with a legend, in inches."""
    return plot + 0.17 * -(-len(shown) // _legend_columns(shown))
