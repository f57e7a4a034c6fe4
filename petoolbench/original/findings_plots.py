"""Plots of an audit of released rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from builder.audit.audit_plots import BOUND, COLOURS, save_plots

from .findings import ConfigFindings, Figure, Findings

_HEIGHT: Final = 0.27
"""Height of a bar; bars of one figure are 1 apart."""


def draw_findings_plots(findings: Findings, folder: Path) -> dict[str, str]:
    """Draw all plots as PNG.

    Args:
        findings: Result of the audit.
        folder: Existing folder for the files.

    Returns:
        Description of each plot, by file name.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    plots: Mapping[str, tuple[str, Callable[[Any, Findings], None], tuple[float, float]]] = {
        "rules.png": ("Accuracy of each rule, with its 95 % interval", _rules, (13, 6.5)),
        "shares.png": ("Share of the rows with each property, with its 95 % interval", _shares, (9, 5)),
        "popularity.png": (
            "Most popular provider, by the number of rows with known answers",
            _popularity,
            (7, 4),
        ),
    }
    if findings.same_function:
        plots = {
            **plots,
            "same_function.png": ("Number of candidates with the requested functionality", _same_function, (7, 3.5)),
        }
    return save_plots(plots, findings, folder)


def _rules(figure: Any, findings: Findings) -> None:
    kinds: list[tuple[str, Callable[[ConfigFindings], Sequence[Figure]]]] = [
        ("over all candidates", lambda item: item.over_all),
        ("within the functionality", lambda item: item.within),
    ]
    shown = [(title, read) for title, read in kinds if any(map(read, findings.configs))]
    for axes, (title, read) in zip(figure.subplots(1, len(shown), sharey=True, squeeze=False)[0], shown, strict=True):
        _bars(axes, findings.configs, read)
        axes.set_title(title)
        axes.set_xlabel("accuracy, %; line: chance")
    _legend(figure)


def _shares(figure: Any, findings: Findings) -> None:
    axes = figure.subplots()
    _bars(axes, findings.configs, lambda item: item.shares)
    axes.set_xlabel("rows, %; line: bound of 0")
    _legend(figure)


def _legend(figure: Any) -> None:
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))


def _bars(axes: Any, configs: Sequence[ConfigFindings], read: Callable[[ConfigFindings], Sequence[Figure]]) -> None:
    """Draw a bar for each figure of each config, grouped by the name of the figure."""
    names = list(dict.fromkeys(bar.name for item in configs for bar in read(item)))
    for number, item in enumerate(configs):
        bars = read(item)
        places = [len(names) - 1 - names.index(bar.name) - (number - 1) * _HEIGHT for bar in bars]
        axes.barh(
            places,
            [100 * bar.value for bar in bars],
            height=_HEIGHT,
            xerr=[
                [100 * max(0.0, bar.value - bar.low) for bar in bars],
                [100 * max(0.0, bar.high - bar.value) for bar in bars],
            ],
            error_kw={"elinewidth": 0.8, "ecolor": "#222222"},
            color=COLOURS[item.config],
            label=item.config,
        )
        _draw_bounds(axes, places, bars)
    axes.set_yticks(range(len(names)), list(reversed(names)), fontsize=8)
    axes.set_xlim(0, 100)
    axes.margins(y=0.02)


def _draw_bounds(axes: Any, places: Sequence[float], bars: Sequence[Figure]) -> None:
    for place, bar in zip(places, bars, strict=True):
        if bar.bound is not None:
            ends = [place - _HEIGHT / 2, place + _HEIGHT / 2]
            axes.plot([100 * bar.bound] * 2, ends, color=BOUND, linewidth=2)


def _popularity(figure: Any, findings: Findings) -> None:
    axes = figure.subplots()
    for curve in findings.curves:
        label = "within the functionality" if curve.within else "over all candidates"
        axes.plot(*zip(*((size, 100 * value) for size, value in curve.points), strict=True), marker="o", label=label)
    axes.set_xlabel("rows with known answers")
    axes.set_ylabel("accuracy, %")
    axes.set_ylim(0, 100)
    axes.legend(loc="lower right")


def _same_function(figure: Any, findings: Findings) -> None:
    axes = figure.subplots()
    sizes = findings.same_function
    axes.bar(list(sizes), list(sizes.values()), color=COLOURS["preferred_only"])
    axes.set_xticks(list(sizes))
    axes.set_xlabel("candidates with the requested functionality")
    axes.set_ylabel("rows")
