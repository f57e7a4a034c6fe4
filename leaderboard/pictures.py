"""The figures, as pure functions of systems on the board.

They are drawn without a background and without ink of their own, which `theme.css` gives them, so that they read well
in light and dark. Plotly reads labels as markup: every name is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final, Literal, NamedTuple

import plotly.graph_objects as go  # type: ignore[import-untyped]

from leaderboard.board import RANKED_BY, Row
from leaderboard.records import HISTORY_TYPES, Outcome
from metrics.petoolbench.records import ERROR_CLASSES

MOST_SYSTEMS: Final = 12
"""In one figure; more cannot be told apart."""
COLOURS: Final = ("#2f7ed8", "#e0a33a", "#a63d57", "#3a9d78", "#8b6bc9", "#7d7f88", "#c26a2e", "#4fb0c6")
UNORDERED: Final = "axis"
"""The slicing whose values have no order, so that no line may join them."""
MARKS: Final = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "triangle-down")
Against = Literal["cost_usd", "parameters_b"]
_AXES: Final[dict[Against, str]] = {"cost_usd": "dollars for the whole run", "parameters_b": "parameters, in billions"}
_LONGEST: Final = 34


class Entry(NamedTuple):
    """A system in a figure."""

    row: Row
    outcome: Outcome


def label(row: Row) -> str:
    """What a figure calls a system: its name, shortened, with whose history it was shown where that is not the own."""
    name = row.system if len(row.system) <= _LONGEST else f"{row.system[: _LONGEST - 1]}…"
    shown = {"own": "", "none": " (no history)", "swapped": " (another's history)"}[row.history]
    return escape(name + ("" if row.badge == "baseline" else shown))


def labels(rows: Sequence[Row]) -> list[str]:
    """Labels that differ: of two systems of one name each is told by its account, and by its submission."""
    found = [label(row) for row in rows]
    found = [
        f"{name}, {escape(row.account)}" if found.count(name) > 1 else name
        for name, row in zip(found, rows, strict=True)
    ]
    return [f"{name}, {row.id[-6:]}" if found.count(name) > 1 else name for name, row in zip(found, rows, strict=True)]


def accuracy_by_config(entries: Sequence[Entry]) -> go.Figure:
    """Tool accuracy of each system in each config, with its 95 % interval."""
    names = labels([entry.row for entry in entries])
    figure = _figure(height=150 + 44 * len(entries))
    for index, config in enumerate(HISTORY_TYPES):
        scored = [
            (place, entry.outcome.scores[config])
            for place, entry in enumerate(entries)
            if config in entry.outcome.scores
        ]
        if not scored:
            continue
        rates = [100 * scores.tool_accuracy for _, scores in scored]
        ends = [scores.intervals[RANKED_BY] for _, scores in scored]
        figure.add_scatter(
            x=rates,
            y=[place + 0.22 * (index - 1) for place, _ in scored],
            mode="markers",
            name=config,
            text=[names[place] for place, _ in scored],
            hovertemplate="%{text}<br>%{x:.1f}",
            marker={"color": COLOURS[index], "symbol": MARKS[index], "size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [100 * high - rate for (_, high), rate in zip(ends, rates, strict=True)],
                "arrayminus": [rate - 100 * low for (low, _), rate in zip(ends, rates, strict=True)],
                "color": COLOURS[index],
                "thickness": 1.5,
                "width": 3,
            },
        )
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, autorange="reversed", automargin=True)
    figure.update_xaxes(title="tool accuracy, points", range=[-2, 102])
    return figure


def slicings(entries: Sequence[Entry]) -> list[str]:
    """By what the accuracy of these systems is told apart; an outcome of the test split may tell nothing."""
    found = {name for entry in entries for name in entry.outcome.slices}
    return sorted(found, key=lambda name: (name == UNORDERED, name != "history_length", name))


def accuracy_by_slice(entries: Sequence[Entry], slicing: str) -> go.Figure:
    """Tool accuracy of each system along the values of a slicing."""
    values: list[str] = []
    for entry in entries:
        values.extend(value for value in entry.outcome.slices.get(slicing, {}) if value not in values)
    figure = _figure(height=380 + 18 * len(entries))
    names = labels([entry.row for entry in entries])
    for index, (name, entry) in enumerate(zip(names, entries, strict=True)):
        parts = entry.outcome.slices.get(slicing, {})
        own = [value for value in values if value in parts]
        if own:
            figure.add_scatter(
                x=own,
                y=[100 * parts[value][0] for value in own],
                customdata=[parts[value][1] for value in own],
                mode="markers" if slicing == UNORDERED else "lines+markers",
                name=name,
                hovertemplate="%{x}: %{y:.1f} (%{customdata} rows)",
                line={
                    "color": COLOURS[index % len(COLOURS)],
                    "width": 2,
                    "dash": "solid" if index < len(COLOURS) else "dot",
                },
                marker={"symbol": MARKS[index % len(MARKS)], "size": 8},
            )
    figure.update_xaxes(title=slicing.replace("_", " "), type="category", categoryorder="array", categoryarray=values)
    figure.update_yaxes(title="tool accuracy, points", range=[-2, 102])
    return figure


def pareto(rows: Sequence[Row], against: Against) -> list[Row]:
    """Rows that no other beats in tool accuracy at the same price or less, the cheapest first."""
    best: list[Row] = []
    for row in sorted(rows, key=lambda row: (_price(row, against), -row.rates[RANKED_BY])):
        if not best or row.rates[RANKED_BY] > best[-1].rates[RANKED_BY]:
            best.append(row)
    return best


def score_against(rows: Sequence[Row], against: Against) -> go.Figure | None:
    """Tool accuracy against cost or size, with the line of what is not beaten; None where no row states a figure."""
    stated = [row for row in rows if (getattr(row, against) or 0) > 0]
    if not stated:
        return None
    line = pareto(stated, against)
    figure = _figure(height=430)
    figure.add_scatter(
        x=[_price(row, against) for row in line],
        y=[100 * row.rates[RANKED_BY] for row in line],
        mode="lines",
        name="not beaten at that price or less",
        line={"color": COLOURS[1], "shape": "hv", "width": 2},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[_price(row, against) for row in stated],
        y=[100 * row.rates[RANKED_BY] for row in stated],
        mode="markers",
        name="system",
        text=[label(row) for row in stated],
        hovertemplate="%{text}<br>%{x:.3g}, %{y:.1f}",
        marker={"color": COLOURS[0], "size": 9, "opacity": 0.8},
    )
    figure.update_xaxes(title=f"{_AXES[against]} (as stated)", type="log", dtick=1)
    figure.update_yaxes(title="tool accuracy, points")
    return figure


def error_classes(rows: Sequence[Row], names_of_classes: Mapping[str, str]) -> go.Figure:
    """Which share of each system's replies falls in which error class."""
    figure = _figure(height=170 + 32 * len(rows))
    classes = [name for name in names_of_classes if name in ERROR_CLASSES]
    shares = [[100 * row.error_classes.get(name, 0.0) for name in classes] for row in rows]
    figure.add_heatmap(
        z=shares,
        x=[names_of_classes[name] for name in classes],
        y=labels(rows),
        zmin=0,
        zmax=100,
        colorscale=[[0, "rgba(47,126,216,0.04)"], [1, "rgba(47,126,216,0.85)"]],
        texttemplate="%{z:.1f}",
        hovertemplate="%{y}<br>%{x}: %{z:.1f} %<extra></extra>",
        showscale=False,
        xgap=2,
        ygap=2,
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(side="top", showgrid=False, automargin=True)
    return figure


def side_by_side(first: Entry, second: Entry) -> go.Figure:
    """Tool accuracy of two systems in each config that both answered, with 95 % intervals."""
    configs = [name for name in HISTORY_TYPES if name in first.outcome.scores and name in second.outcome.scores]
    figure = _figure(height=380)
    names = labels([first.row, second.row])
    for index, (name, entry) in enumerate(zip(names, (first, second), strict=True)):
        scores = [entry.outcome.scores[config] for config in configs]
        rates = [100 * one.tool_accuracy for one in scores]
        ends = [one.intervals[RANKED_BY] for one in scores]
        figure.add_bar(
            x=configs,
            y=rates,
            name=name,
            marker={"color": COLOURS[index]},
            hovertemplate="%{x}: %{y:.1f}",
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [100 * high - rate for (_, high), rate in zip(ends, rates, strict=True)],
                "arrayminus": [rate - 100 * low for (low, _), rate in zip(ends, rates, strict=True)],
                "color": COLOURS[5],
                "thickness": 1.5,
            },
        )
    figure.update_layout(barmode="group", bargap=0.35)
    figure.update_yaxes(title="tool accuracy, points", range=[0, 102])
    return figure


def blank() -> go.Figure:
    """A figure of nothing: with it, a page fetches what draws figures before anybody asks for one."""
    return go.Figure(layout={"width": 10, "height": 10})


def _price(row: Row, against: Against) -> float:
    return float(getattr(row, against))


def _figure(*, height: int) -> Any:
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=height,
        autosize=True,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 50, "r": 12, "t": 12, "b": 50},
        font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "xanchor": "left", "x": 0},
        hoverlabel={"align": "left"},
        dragmode=False,
    )
    figure.update_xaxes(zeroline=False, fixedrange=True, automargin=True)
    figure.update_yaxes(zeroline=False, fixedrange=True, automargin=True)
    return figure
