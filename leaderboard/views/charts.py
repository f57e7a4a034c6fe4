"""Charts of the leaderboard: HTML with an SVG drawing and a table of the same values.

`svg.py` renders the drawings. All text from users passes through it or through `html_parts.text`, which escape it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from leaderboard.stores.stored_records import HISTORY_TYPES, ConfigScores, Outcome
from metrics.petoolbench.records import ERROR_CLASSES

from . import html_parts
from .html_parts import escaped, points, text
from .ranking import RANKED_BY, Row
from .svg import LINE, QUIET, Canvas, Mark, legend, render

MOST_SYSTEMS: Final = 12
"""Maximum number of systems in one chart; more would be hard to distinguish."""
UNORDERED: Final = ("axis", "kind")
"""Property whose values have no order, so its points are not joined by a line."""
Against = Literal["cost_usd", "parameters_b"]
_AXES: Final[dict[Against, str]] = {
    "cost_usd": "cost of the run, in dollars",
    "parameters_b": "parameters, in billions",
}
_COLOURS: Final = ("#2f7ed8", "#e0a33a", "#a63d57", "#3a9d78", "#8b6bc9", "#7d7f88", "#c26a2e", "#4fb0c6")
_SHAPES: Final = (("o", "●"), ("s", "■"), ("D", "◆"), ("^", "▲"), ("X", "✖"), ("P", "✚"), ("*", "★"), ("v", "▼"))
_ACCURACY: Final = "tool accuracy, %"
_LONGEST: Final = 34
"""Maximum length of a system name in a label, in characters."""
_LONGEST_LABEL: Final = 44
"""Maximum length of a row label in a drawing, in characters; the table has the full label."""
_LETTER_IN: Final = 0.076
"""Approximate width of a character, in inches."""
_NARROW_ROOM_IN: Final = 2.7
"""Width available for column labels on a narrow page, in inches."""
_HEAT: Final = 0.65
"""Opacity of a heat map cell with a share of 100 %."""


class Entry(NamedTuple):
    """A system in a chart: its leaderboard row and its outcome."""

    row: Row
    outcome: Outcome


def label(row: Row) -> str:
    """Return the label of a system: its shortened name, and the history it was shown if not the user's own."""
    name = row.system if len(row.system) <= _LONGEST else f"{row.system[: _LONGEST - 1]}…"
    history = {"own": "", "none": " (no history)", "swapped": " (another user's history)"}[row.history]
    return name + ("" if row.badge == "baseline" else history)


def labels(rows: Sequence[Row]) -> list[str]:
    """Return one label per row. The account is appended to equal labels; if that is not enough, the submission id."""
    names = [label(row) for row in rows]
    names = [f"{name}, {row.account}" if names.count(name) > 1 else name for name, row in zip(names, rows, strict=True)]
    return [f"{name}, {row.id[-6:]}" if names.count(name) > 1 else name for name, row in zip(names, rows, strict=True)]


def _mark(index: int) -> Mark:
    """Return the mark of a series; the first 64 differ in colour or shape."""
    size = len(_SHAPES)
    return Mark(_COLOURS[index % size], *_SHAPES[(index + index // size) % size])


def accuracy_by_config(entries: Sequence[Entry]) -> str:
    """Draw the tool accuracy of each system in each config, with 95 % intervals."""
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
            for place, _, scores in scored:
                _interval(canvas, place, scores, mark.colour)
            titles = [f"{name}, {config}: {_with_interval(scores)}" for _, name, scores in scored]
            canvas.points([100 * scores.tool_accuracy for _, _, scores in scored], places, mark, titles)
        return canvas

    cells = [
        (text(name), *(_cell(entry.outcome.scores.get(config)) for config in marks))
        for name, entry in zip(names, entries, strict=True)
    ]
    return _figure(
        render("config", f"Tool accuracy of {_count(names)} in each config, with 95 % intervals", draw),
        legend((mark, config) for config, mark in marks.items()),
        html_parts.table(("System", *marks), cells),
    )


def slicings(entries: Sequence[Entry]) -> list[str]:
    """Return the properties by which the outcomes of these systems are divided; the test split may have none."""
    names = {name for entry in entries for name in entry.outcome.slices}
    return sorted(names, key=lambda name: (name in UNORDERED, name != "history_length", name))


def accuracy_by_slice(entries: Sequence[Entry], slicing: str) -> str:
    """Draw the tool accuracy of each system by the values of a property.

    Args:
        entries: Systems to draw. Those whose results are not divided by the property are left out.
        slicing: Name of the property, one of `slicings(entries)`.
    """
    entries = [entry for entry in entries if entry.outcome.slices.get(slicing)]
    names = labels([entry.row for entry in entries])
    slices = [entry.outcome.slices[slicing] for entry in entries]
    values = list(dict.fromkeys(value for by_value in slices for value in by_value))
    title = slicing.replace("_", " ")

    def draw(narrow: bool) -> Canvas:
        ordered = slicing not in UNORDERED
        canvas = _columns(values, title, narrow=narrow) if ordered else _rows(values, 0.5, narrow=narrow)
        for index, (name, by_value) in enumerate(zip(names, slices, strict=True)):
            mark, present = _mark(index), [value for value in values if value in by_value]
            shift = 0.0 if ordered else 0.5 * ((index + 1) / (len(names) + 1) - 0.5)
            along = [values.index(value) + shift for value in present]
            rates = [100 * by_value[value][0] for value in present]
            titles = [
                f"{name}, {value}: {points(by_value[value][0])}, {by_value[value][1]} instances" for value in present
            ]
            if ordered:
                canvas.axes.plot(along, rates, color=mark.colour, linewidth=1.5, clip_on=False)
            canvas.points(*((along, rates) if ordered else (rates, along)), mark, titles)
        return canvas

    cells = [
        (text(name), *(points(by_value[value][0]) if value in by_value else "" for value in values))
        for name, by_value in zip(names, slices, strict=True)
    ]
    return _figure(
        render(f"slice {slicing}", f"Tool accuracy of {_count(names)} by {title}", draw),
        legend((_mark(index), name) for index, name in enumerate(names)),
        html_parts.table(("System", *map(escaped, values)), cells),
    )


def pareto(rows: Sequence[Row], against: Against) -> list[Row]:
    """Return the Pareto front: rows whose tool accuracy no other row reaches at the same or a lower price.

    Args:
        rows: Rows that state a price.
        against: Field that holds the price.

    Returns:
        Rows in ascending order of price and of tool accuracy.
    """
    front: list[Row] = []
    for row in sorted(rows, key=lambda row: (_price(row, against), -row.rates[RANKED_BY])):
        if not front or row.rates[RANKED_BY] > front[-1].rates[RANKED_BY]:
            front.append(row)
    return front


def score_against(rows: Sequence[Row], against: Against) -> str | None:
    """Draw tool accuracy against cost or size, with the Pareto front.

    Args:
        rows: Systems to draw. Those without a positive value in the field are left out.
        against: Field on the horizontal axis.

    Returns:
        HTML, or None if no row has a positive value in the field.
    """
    stated = [row for row in rows if (getattr(row, against) or 0) > 0]
    if not stated:
        return None
    front, prices = pareto(stated, against), [_price(row, against) for row in stated]
    system, best = _mark(0), _mark(1)._replace(sign="━")

    def draw(narrow: bool) -> Canvas:
        canvas = Canvas(3.4 if narrow else 4.4, 0.6, 0.55, narrow=narrow)
        axes = canvas.axes
        _log_scale(axes, prices)
        axes.step(
            [_price(row, against) for row in front],
            [100 * row.rates[RANKED_BY] for row in front],
            where="post",
            color=best.colour,
            linewidth=1.8,
            zorder=4,
        )
        titles = [
            f"{label(row)}: {price:.3g}, {points(row.rates[RANKED_BY])}"
            for row, price in zip(stated, prices, strict=True)
        ]
        canvas.points(prices, [100 * row.rates[RANKED_BY] for row in stated], system, titles, size=3.5 if narrow else 5)
        axes.set_xlabel(f"{_AXES[against]} (as stated)")
        axes.set_ylabel(_ACCURACY)
        axes.grid()
        return canvas

    cells = [(text(label(row)), f"{_price(row, against):.3g}", points(row.rates[RANKED_BY])) for row in front]
    return _figure(
        render(against, f"Tool accuracy of {_count(stated)} against {_AXES[against]}", draw),
        legend(((system, "system"), (best, "not beaten at the same or a lower value"))),
        html_parts.table(("System not beaten", _AXES[against].capitalize(), "Tool accuracy"), cells),
    )


def _log_scale(axes: Any, prices: Sequence[float]) -> None:
    """Make the horizontal axis logarithmic, with more ticks if the prices span less than three decades."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(prices) < 1000 * min(prices) else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.9g}"))


def error_classes(rows: Sequence[Row], names_of_classes: Mapping[str, str]) -> str:
    """Return a heat map of the share of each system's replies in each error class.

    Args:
        rows: Systems, one table row each.
        names_of_classes: Label of each error class, in the order of the columns. Other keys are ignored.
    """
    classes = {name: label for name, label in names_of_classes.items() if name in ERROR_CLASSES}
    lines = []
    for name, row in zip(labels(rows), rows, strict=True):
        shares = [(label, row.error_classes.get(key, 0.0)) for key, label in classes.items()]
        cells = "".join(
            f'<td data-label="{label}" style="background:rgb(47 126 216 / {_HEAT * share:.3f})">{points(share)}</td>'
            for label, share in shares
        )
        lines.append(f'<tr><th scope="row">{text(name)}</th>{cells}</tr>')
    # Without this style a narrow column would break its header within a word.
    columns = "".join(f'<th scope="col" style="overflow-wrap:normal">{label}</th>' for label in classes.values())
    head = f'<th scope="col">System</th>{columns}'
    return (
        f'<div class="pet picture wide"><table class="heat"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def side_by_side(first: Entry, second: Entry) -> str:
    """Draw the tool accuracy of two systems in each config that both have a figure of, with 95 % intervals.

    Returns:
        HTML; an empty string if there is no such config.
    """
    configs = [name for name in HISTORY_TYPES if name in first.outcome.scores and name in second.outcome.scores]
    if not configs:
        return ""
    names = labels([first.row, second.row])
    scores_of = [[entry.outcome.scores[config] for config in configs] for entry in (first, second)]
    marks = [_mark(index)._replace(sign="■") for index in range(2)]

    def draw(narrow: bool) -> Canvas:
        canvas = _columns(configs, "", narrow=narrow)
        for index, (mark, scores) in enumerate(zip(marks, scores_of, strict=True)):
            places = [place + 0.3 * (index - 0.5) for place in range(len(configs))]
            rates = [100 * config.tool_accuracy for config in scores]
            canvas.axes.bar(places, rates, width=0.27, color=mark.colour)
            for place, config in zip(places, scores, strict=True):
                _interval(canvas, place, config, QUIET, vertical=True)
        return canvas

    cells = [(text(name), *map(_cell, scores)) for name, scores in zip(names, scores_of, strict=True)]
    return _figure(
        render("two", "Tool accuracy of two systems in each config, with 95 % intervals", draw),
        legend(zip(marks, names, strict=True)),
        html_parts.table(("System", *configs), cells),
    )


def _count(systems: Sequence[object]) -> str:
    return "1 system" if len(systems) == 1 else f"{len(systems)} systems"


def _price(row: Row, against: Against) -> float:
    return float(getattr(row, against))


def _interval(canvas: Canvas, place: float, scores: ConfigScores, colour: str, *, vertical: bool = False) -> None:
    """Draw the interval of a tool accuracy; nothing for an expected value, which has none."""
    if RANKED_BY in scores.intervals:
        low, high = scores.intervals[RANKED_BY]
        (canvas.axes.vlines if vertical else canvas.axes.hlines)(place, 100 * low, 100 * high, color=colour)


def _with_interval(scores: ConfigScores) -> str:
    interval = scores.intervals.get(RANKED_BY)
    return f"{points(scores.tool_accuracy)} ({html_parts.between(interval) if interval else 'expected'})"


def _cell(scores: ConfigScores | None) -> str:
    return "" if scores is None else _with_interval(scores)


def _figure(drawing: str, key: str, table: str) -> str:
    return (
        f'<figure class="pet picture">{key}{drawing}<details><summary>Show values as a table</summary>{table}'
        "</details></figure>"
    )


def _rows(names: Sequence[str], each: float, *, narrow: bool) -> Canvas:
    """Return a canvas with one horizontal row per name. On a narrow page each name is written above its row.

    Args:
        names: Labels of the rows.
        each: Height of a row on a wide page, in inches.
        narrow: True for a narrow page.
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
    """Return a canvas with one column per value. On a narrow page long labels are slanted."""
    slanted = narrow and _LETTER_IN * sum(len(value) + 1 for value in values) > _NARROW_ROOM_IN
    canvas = Canvas(3.2 if narrow else 3.9, 0.6, 0.95 if slanted else 0.55, narrow=narrow)
    axes = canvas.axes
    rotation = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    axes.set_xticks(range(len(values)), canvas.words(values), **rotation)
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set_ylim(0, 100)
    axes.set_xlabel(title)
    axes.set_ylabel(_ACCURACY)
    axes.grid(axis="y")
    return canvas
