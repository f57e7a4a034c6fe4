"""The pictures of an audit of released rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from builder.audit.audit_plots import BOUND, COLOURS, save_plots

from .findings import ConfigFindings, Figure, Findings

_HEIGHT: Final = 0.27


def draw_plots(findings: Findings, folder: Path) -> dict[str, str]:
    """Draw all plots as PNG; what each shows, by file name.

    Args:
        findings: What was found.
        folder: Where the files go; it must be there.

    Raises:
        MissingExtraError: If matplotlib is missing.
    """
    plots: Mapping[str, tuple[str, Callable[[Any, Findings], None], tuple[float, float]]] = {
        "rules.png": ("Accuracy of each rule, with its 95 % interval", _rules, (13, 6.5)),
        "shares.png": ("Share of the rows of which something holds, with its 95 % interval", _shares, (9, 5)),
        "popularity.png": ("Most popular provider, by how many rows' answers are known", _popularity, (7, 4)),
    }
    if findings.same_function:
        plots = {**plots, "same_function.png": ("Candidates that do the job", _same_function, (7, 3.5))}
    return save_plots(plots, findings, folder)


def _rules(figure: Any, findings: Findings) -> None:
    kinds: list[tuple[str, Callable[[ConfigFindings], Sequence[Figure]]]] = [
        ("over all candidates", lambda item: item.over_all),
        ("among the candidates that do the job", lambda item: item.within),
    ]
    shown = [(title, read) for title, read in kinds if any(map(read, findings.configs))]
    for axes, (title, read) in zip(figure.subplots(1, len(shown), sharey=True, squeeze=False)[0], shown, strict=True):
        _bars(axes, findings.configs, read)
        axes.set_title(title)
        axes.set_xlabel("accuracy, %; the line is chance")
    _legend(figure)


def _shares(figure: Any, findings: Findings) -> None:
    axes = figure.subplots()
    _bars(axes, findings.configs, lambda item: item.shares)
    axes.set_xlabel("rows, %; a line at 0: there should be none")
    _legend(figure)


def _legend(figure: Any) -> None:
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))


def _bars(axes: Any, configs: Sequence[ConfigFindings], read: Callable[[ConfigFindings], Sequence[Figure]]) -> None:
    """A bar for each figure of each config, figures of one name together."""
    names = list(dict.fromkeys(one.name for item in configs for one in read(item)))
    for number, item in enumerate(configs):
        figures = read(item)
        places = [len(names) - 1 - names.index(one.name) - (number - 1) * _HEIGHT for one in figures]
        axes.barh(
            places,
            [100 * one.value for one in figures],
            height=_HEIGHT,
            xerr=[
                [100 * max(0.0, one.value - one.low) for one in figures],
                [100 * max(0.0, one.high - one.value) for one in figures],
            ],
            error_kw={"elinewidth": 0.8, "ecolor": "#222222"},
            color=COLOURS[item.config],
            label=item.config,
        )
        for place, one in zip(places, figures, strict=True):
            if one.bound is not None:
                ends = [place - _HEIGHT / 2, place + _HEIGHT / 2]
                axes.plot([100 * one.bound] * 2, ends, color=BOUND, linewidth=2)
    axes.set_yticks(range(len(names)), list(reversed(names)), fontsize=8)
    axes.set_xlim(0, 100)
    axes.margins(y=0.02)


def _popularity(figure: Any, findings: Findings) -> None:
    axes = figure.subplots()
    for curve in findings.curves:
        label = "among the candidates that do the job" if curve.within else "over all candidates"
        axes.plot(*zip(*((size, 100 * value) for size, value in curve.points), strict=True), marker="o", label=label)
    axes.set_xlabel("rows whose answers are known")
    axes.set_ylabel("accuracy, %")
    axes.set_ylim(0, 100)
    axes.legend(loc="lower right")


def _same_function(figure: Any, findings: Findings) -> None:
    axes = figure.subplots()
    sizes = findings.same_function
    axes.bar(list(sizes), list(sizes.values()), color=COLOURS["preferred_only"])
    axes.set_xticks(list(sizes))
    axes.set_xlabel("candidates that do the job")
    axes.set_ylabel("rows")
