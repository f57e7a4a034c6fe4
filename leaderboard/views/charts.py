"""The pictures, as pure functions of systems on the board: HTML with a drawing, and the same figures as a table.

`drawing.py` draws; every name passes through it or `html_parts.text`, which leave nothing that HTML would read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from leaderboard.stores.stored_records import HISTORY_TYPES, ConfigScores, Outcome
from metrics.petoolbench.records import ERROR_CLASSES

from . import html_parts
from .html_parts import escaped, points, text
from .ranking import RANKED_BY, Row
from .svg import LINE, QUIET, Canvas, Mark, drawn, legend

MOST_SYSTEMS: Final = 12
"""In one picture; more cannot be told apart."""
UNORDERED: Final = "axis"
"""The slicing whose values have no order, so that no line may join them."""
Against = Literal["cost_usd", "parameters_b"]
_AXES: Final[dict[Against, str]] = {"cost_usd": "dollars for the whole run", "parameters_b": "parameters, in billions"}
_COLOURS: Final = ("#2f7ed8", "#e0a33a", "#a63d57", "#3a9d78", "#8b6bc9", "#7d7f88", "#c26a2e", "#4fb0c6")
_SHAPES: Final = (("o", "●"), ("s", "■"), ("D", "◆"), ("^", "▲"), ("X", "✖"), ("P", "✚"), ("*", "★"), ("v", "▼"))
_ACCURACY: Final = "tool accuracy, points"
_LONGEST: Final = 34
_LONGEST_LABEL: Final = 44
"""Characters beside a row of a drawing; the table below has the whole label."""
_LETTER_IN: Final = 0.076
"""Width of a character, in inches."""
_NARROW_ROOM_IN: Final = 2.7
"""For names of columns on a narrow page."""
_HEAT: Final = 0.65
"""Opacity of the colour of a share of 100 %."""


class Entry(NamedTuple):
    """A system in a picture."""

    row: Row
    outcome: Outcome


def label(row: Row) -> str:
    """What a picture calls a system: its name, shortened, with whose history it was shown where that is not the own."""
    name = row.system if len(row.system) <= _LONGEST else f"{row.system[: _LONGEST - 1]}…"
    shown = {"own": "", "none": " (no history)", "swapped": " (another's history)"}[row.history]
    return name + ("" if row.badge == "baseline" else shown)


def labels(rows: Sequence[Row]) -> list[str]:
    """Labels that differ: of two systems of one name each is told by its account, and by its submission."""
    found = [label(row) for row in rows]
    found = [f"{name}, {row.account}" if found.count(name) > 1 else name for name, row in zip(found, rows, strict=True)]
    return [f"{name}, {row.id[-6:]}" if found.count(name) > 1 else name for name, row in zip(found, rows, strict=True)]


def _mark(index: int) -> Mark:
    """How the series of that index looks; the first 64 differ."""
    size = len(_SHAPES)
    return Mark(_COLOURS[index % size], *_SHAPES[(index + index // size) % size])


def accuracy_by_config(entries: Sequence[Entry]) -> str:
    """Tool accuracy of each system in each config, with its 95 % interval."""
    names = labels([entry.row for entry in entries])
    marks = {config: _mark(index) for index, config in enumerate(HISTORY_TYPES)}

    def draw(narrow: bool) -> Canvas:
        canvas = _rows(names, 0.42, narrow=narrow)
        for index, (config, mark) in enumerate(marks.items()):
            scored = [
                (place + 0.2 * (index - 1), names[place], entry.outcome.scores[config])
                for place, entry in enumerate(entries)
                if config in entry.outcome.scores
            ]
            places = [place for place, _, _ in scored]
            ends = [scores.intervals[RANKED_BY] for _, _, scores in scored]
            canvas.axes.hlines(
                places, [100 * low for low, _ in ends], [100 * high for _, high in ends], color=mark.colour
            )
            told = [f"{name}, {config}: {_with_interval(scores)}" for _, name, scores in scored]
            canvas.points([100 * scores.tool_accuracy for _, _, scores in scored], places, mark, told)
        return canvas

    cells = [
        (text(name), *(_cell(entry.outcome.scores.get(config)) for config in marks))
        for name, entry in zip(names, entries, strict=True)
    ]
    return _figure(
        drawn("config", f"Tool accuracy of {_several(names)} in each config, with 95 % intervals", draw),
        legend((mark, config) for config, mark in marks.items()),
        html_parts.table(("System", *marks), cells),
    )


def slicings(entries: Sequence[Entry]) -> list[str]:
    """By what the accuracy of these systems is told apart; an outcome of the test split may tell nothing."""
    found = {name for entry in entries for name in entry.outcome.slices}
    return sorted(found, key=lambda name: (name == UNORDERED, name != "history_length", name))


def accuracy_by_slice(entries: Sequence[Entry], slicing: str) -> str:
    """Tool accuracy of each system along the values of a slicing."""
    values: list[str] = []
    for entry in entries:
        values.extend(value for value in entry.outcome.slices.get(slicing, {}) if value not in values)
    names = labels([entry.row for entry in entries])
    found = [entry.outcome.slices.get(slicing, {}) for entry in entries]
    title = slicing.replace("_", " ")

    def draw(narrow: bool) -> Canvas:
        ordered = slicing != UNORDERED
        canvas = _columns(values, title, narrow=narrow) if ordered else _rows(values, 0.5, narrow=narrow)
        for index, (name, own) in enumerate(zip(names, found, strict=True)):
            mark, there = _mark(index), [value for value in values if value in own]
            shift = 0.0 if ordered else 0.5 * ((index + 1) / (len(names) + 1) - 0.5)
            along = [values.index(value) + shift for value in there]
            rates = [100 * own[value][0] for value in there]
            told = [f"{name}, {value}: {points(own[value][0])}, {own[value][1]} rows" for value in there]
            if ordered:
                canvas.axes.plot(along, rates, color=mark.colour, linewidth=1.5, clip_on=False)
            canvas.points(*((along, rates) if ordered else (rates, along)), mark, told)
        return canvas

    cells = [
        (text(name), *(points(own[value][0]) if value in own else "" for value in values))
        for name, own in zip(names, found, strict=True)
    ]
    return _figure(
        drawn(f"slice {slicing}", f"Tool accuracy of {_several(names)} by {title}", draw),
        legend((_mark(index), name) for index, name in enumerate(names)),
        html_parts.table(("System", *map(escaped, values)), cells),
    )


def pareto(rows: Sequence[Row], against: Against) -> list[Row]:
    """Rows that no other beats in tool accuracy at the same price or less, the cheapest first."""
    best: list[Row] = []
    for row in sorted(rows, key=lambda row: (_price(row, against), -row.rates[RANKED_BY])):
        if not best or row.rates[RANKED_BY] > best[-1].rates[RANKED_BY]:
            best.append(row)
    return best


def score_against(rows: Sequence[Row], against: Against) -> str | None:
    """Tool accuracy against cost or size, with the line of what is not beaten; None where no row states a figure."""
    stated = [row for row in rows if (getattr(row, against) or 0) > 0]
    if not stated:
        return None
    line, prices = pareto(stated, against), [_price(row, against) for row in stated]
    system, unbeaten = _mark(0), _mark(1)._replace(sign="━")

    def draw(narrow: bool) -> Canvas:
        canvas = Canvas(3.4 if narrow else 4.4, 0.6, 0.55, narrow=narrow)
        axes = canvas.axes
        axes.set_xscale("log")
        axes.step(
            [_price(row, against) for row in line],
            [100 * row.rates[RANKED_BY] for row in line],
            where="post",
            color=unbeaten.colour,
            linewidth=1.8,
            zorder=4,
        )
        told = [
            f"{label(row)}: {price:.3g}, {points(row.rates[RANKED_BY])}"
            for row, price in zip(stated, prices, strict=True)
        ]
        canvas.points(prices, [100 * row.rates[RANKED_BY] for row in stated], system, told, size=3.5 if narrow else 5)
        several = max(prices) < 1000 * min(prices)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if several else (1,)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.9g}"))
        axes.set_xlabel(f"{_AXES[against]} (as stated)")
        axes.set_ylabel(_ACCURACY)
        axes.grid()
        return canvas

    cells = [(text(label(row)), f"{_price(row, against):.3g}", points(row.rates[RANKED_BY])) for row in line]
    return _figure(
        drawn(against, f"Tool accuracy of {_several(stated)} against {_AXES[against]}", draw),
        legend(((system, "system"), (unbeaten, "not beaten at that figure or less"))),
        html_parts.table(("Not beaten", _AXES[against].capitalize(), "Tool accuracy"), cells),
    )


def error_classes(rows: Sequence[Row], names_of_classes: Mapping[str, str]) -> str:
    """Which share of each system's replies falls in which error class: a table whose cells are the darker, the more."""
    classes = {name: label for name, label in names_of_classes.items() if name in ERROR_CLASSES}
    lines = []
    for name, row in zip(labels(rows), rows, strict=True):
        shares = [(label, row.error_classes.get(one, 0.0)) for one, label in classes.items()]
        cells = "".join(
            f'<td data-label="{label}" style="background:rgb(47 126 216 / {_HEAT * share:.3f})">{points(share)}</td>'
            for label, share in shares
        )
        lines.append(f'<tr><th scope="row">{text(name)}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{label}</th>' for label in ("System", *classes.values()))
    return (
        f'<div class="pet picture wide"><table class="heat"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def side_by_side(first: Entry, second: Entry) -> str:
    """Tool accuracy of two systems in each config that both answered, with 95 % intervals."""
    configs = [name for name in HISTORY_TYPES if name in first.outcome.scores and name in second.outcome.scores]
    names = labels([first.row, second.row])
    found = [[entry.outcome.scores[config] for config in configs] for entry in (first, second)]
    marks = [_mark(index)._replace(sign="■") for index in range(2)]

    def draw(narrow: bool) -> Canvas:
        canvas = _columns(configs, "", narrow=narrow)
        for index, (mark, scores) in enumerate(zip(marks, found, strict=True)):
            places = [place + 0.3 * (index - 0.5) for place in range(len(configs))]
            rates = [100 * one.tool_accuracy for one in scores]
            ends = [one.intervals[RANKED_BY] for one in scores]
            canvas.axes.bar(places, rates, width=0.27, color=mark.colour)
            canvas.axes.vlines(places, [100 * low for low, _ in ends], [100 * high for _, high in ends], color=QUIET)
        return canvas

    cells = [(text(name), *map(_cell, scores)) for name, scores in zip(names, found, strict=True)]
    return _figure(
        drawn("two", "Tool accuracy of two systems in each config, with 95 % intervals", draw),
        legend(zip(marks, names, strict=True)),
        html_parts.table(("System", *configs), cells),
    )


def _several(systems: Sequence[object]) -> str:
    return "1 system" if len(systems) == 1 else f"{len(systems)} systems"


def _price(row: Row, against: Against) -> float:
    return float(getattr(row, against))


def _with_interval(scores: ConfigScores) -> str:
    return f"{points(scores.tool_accuracy)} ({html_parts.between(scores.intervals[RANKED_BY])})"


def _cell(scores: ConfigScores | None) -> str:
    return "" if scores is None else _with_interval(scores)


def _figure(drawing: str, key: str, table: str) -> str:
    return (
        f'<figure class="pet picture">{key}{drawing}<details><summary>The figures as a table</summary>{table}'
        "</details></figure>"
    )


def _rows(names: Sequence[str], each: float, *, narrow: bool) -> Canvas:
    """A canvas for points in rows; on a narrow page a row's name stands above it, since there is no room beside.

    Args:
        names: Of the rows.
        each: Height of a row on a wide page, in inches.
        narrow: Whether it is for a narrow page.
    """
    each = each + 0.28 if narrow else each
    short = [name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…" for name in names]
    left = 0.15 if narrow else 0.25 + _LETTER_IN * max(map(len, short), default=0)
    canvas = Canvas(0.65 + each * len(names), left, 0.55, narrow=narrow)
    axes, words = canvas.axes, canvas.words(short)
    if narrow:
        for place, word in enumerate(words):
            axes.text(0, place - 0.3, word, transform=axes.get_yaxis_transform(), va="bottom", ha="left")
        axes.set_yticks([])
    else:
        axes.set_yticks(range(len(words)), words)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel(_ACCURACY)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.hlines([place + 0.5 for place in range(len(names) - 1)], 0, 100, color=LINE, linewidth=0.7)
    return canvas


def _columns(values: Sequence[str], title: str, *, narrow: bool) -> Canvas:
    """A canvas for points or bars in columns; on a narrow page names that have no room side by side stand aslant."""
    aslant = narrow and _LETTER_IN * sum(len(value) + 1 for value in values) > _NARROW_ROOM_IN
    canvas = Canvas(3.2 if narrow else 3.9, 0.6, 0.95 if aslant else 0.55, narrow=narrow)
    axes = canvas.axes
    turned = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if aslant else {}
    axes.set_xticks(range(len(values)), canvas.words(values), **turned)
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set_ylim(0, 100)
    axes.set_xlabel(title)
    axes.set_ylabel(_ACCURACY)
    axes.grid(axis="y")
    return canvas
