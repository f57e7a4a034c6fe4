"""The leaderboard table as HTML: one page of rows, their sort order, and the definitions of the values.

Gradio's own table cannot show intervals, bars, or cards on narrow screens. Clicks on buttons with `data-sort`,
`data-page` or `data-row` are sent to the server as events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from leaderboard.stores.stored_records import CORE, FULL_SPLIT, OVERALL, Rows
from metrics.petoolbench.records import RATES

from . import filters, html_parts
from .filters import COLUMNS, Column, View
from .html_parts import RATE_LABELS, between, escaped, points, text
from .ranking import RANKED_BY, Row

_HISTORY: Final = {"own": "", "none": "no history", "swapped": "another user's history"}
_ON_MAIN_ROWS: Final = frozenset({*RATES, "lift", "error_classes"})
_STATED_BY_SOME: Final = frozenset({"cut", "pass_all"})
"""Columns that are left out if no row has a value."""
"""Columns whose figures are on the core of the test split, if there is one."""
_NUMERIC: Final = frozenset({*RATES, filters.FULL, "lift", "cut", "pass_all", "parameters_b", "cost_usd", "attempts"})
_DASH: Final = '<span class="none">–</span>'  # noqa: RUF001
_RANK_NOTE: Final = "1 + number of systems whose interval of tool accuracy is entirely above this one's."


def board_html(found: Sequence[Row], view: View, *, of: int, main: Rows = FULL_SPLIT) -> str:
    """Return the leaderboard table.

    Args:
        found: Rows that pass the filters, sorted.
        view: State of the page.
        of: Number of rows without filters.
        main: Rows of the split that the main figure is on.
    """
    if not of:
        return html_parts.empty(
            f"Nothing is scored on {view.split} yet",
            "Submit a file of predictions under Submit. It appears here once it is scored.",
        )
    if not found:
        return html_parts.empty(
            "No matching rows",
            f"None of the {of} rows passes the filters. Clear the search or widen the filters above.",
        )
    columns = _columns(found, view, main)
    head = _head("rank", "Rank", _RANK_NOTE, view) + _head("system", "System", "", view)
    head += "".join(_head(column.key, column.label, column.note, view, main) for column in columns)
    body = "".join(_line(row, columns, main) for row in filters.on_page(found, view.page))
    return (
        f'<div class="pet board"><p class="count" aria-live="polite">{_count(found, view, of, main)}</p>'
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{_pager(len(found), view)}"
        f"{html_parts.error_legend() if 'error_classes' in view.columns else ''}"
        f"{formula(view.board, main, is_rounded=any(row.step for row in found))}</div>"
    )


def _columns(found: Sequence[Row], view: View, main: Rows) -> list[Column]:
    """Return the columns to show. That of the full split is left out where the main figure is on it anyway."""
    empty = {key for key in _STATED_BY_SOME if all(getattr(row, key) is None for row in found)}
    chosen = [column for column in COLUMNS if column.key in view.columns and column.key not in empty]
    return [column for column in chosen if main == CORE or column.key != filters.FULL]


def _count(rows: Sequence[Row], view: View, of: int, main: Rows) -> str:
    count = f"{len(rows)} of {of} rows" if len(rows) < of else f"{of} rows"
    kept = "all runs" if view.every else "the best run of each system, and baselines"
    by = RATE_LABELS[RANKED_BY] if view.sort == "rank" else sort_label(view.sort)
    where = ""
    if main == CORE:
        where = ". Ranks are by the core of the test split; figures are on the core unless their column says full split"
    return f"{count} ({kept}), sorted by {by}, {_direction(view)}{where}"


def _direction(view: View) -> str:
    if view.sort == "rank":  # ascending rank is descending tool accuracy
        return "highest first" if view.upwards else "lowest first"
    if view.sort in {"system", "licence", "badge"}:
        return "A to Z" if view.upwards else "Z to A"
    if view.sort == "date":
        return "oldest first" if view.upwards else "newest first"
    return "lowest first" if view.upwards else "highest first"


def label_of(key: str) -> str:
    """Return the header of a column, or the key itself if there is no such column."""
    return next((column.label for column in COLUMNS if column.key == key), key)


def sort_label(key: str) -> str:
    """Return the name of a sort key within a sentence."""
    if key == filters.FULL:
        return "tool accuracy on the full split"
    return RATE_LABELS.get(key) or label_of(key).lower()


def _head(key: str, label: str, note: str, view: View, main: Rows = FULL_SPLIT) -> str:
    if main == CORE and key in _ON_MAIN_ROWS:
        label, note = f"{label}, core", f"{note} On the core of the test split."
    label, _, rows = label.partition(", ")
    rows = f"<small>{rows}</small>" if rows else ""
    title = f' title="{note}"' if note else ""
    kind = ' class="n"' if key in _NUMERIC else ""
    if key not in filters.SORTS:
        return f'<th scope="col"{title}{kind}>{label}{rows}</th>'
    state, mark = "", ""
    if key == view.sort:
        state = f' aria-sort="{"ascending" if view.upwards else "descending"}"'
        mark = " ▴" if view.upwards else " ▾"
    return (
        f'<th scope="col"{title}{kind}{state}><button type="button" data-sort="{key}">{label}{mark}{rows}</button></th>'
    )


def _line(row: Row, columns: Sequence[Column], main: Rows) -> str:
    cells = "".join(_cell(row, column, main) for column in columns)
    kind = row.badge if row.badge == "baseline" or row.history == "own" else "control"
    return (
        f'<tr class="{kind}"><td class="rank" data-label="Rank">{_rank(row)}</td>'
        f'<th scope="row" class="system">{_system(row)}</th>{cells}</tr>'
    )


def _rank(row: Row) -> str:
    if row.rank is None:
        return _DASH
    return str(row.rank) if row.rank == row.rank_to else f"{row.rank}–{row.rank_to}"  # noqa: RUF001 (a range)


def _system(row: Row) -> str:
    name = f'<button type="button" data-row="{escaped(row.id)}">{text(row.system)}</button>'
    notes = [text(row.account)] if row.badge != "baseline" else []
    if row.team:
        notes.append(text(row.team))
    if row.link:
        notes.append(html_parts.hub_link(row.link))
    if row.badge != "baseline" and _HISTORY[row.history]:
        notes.append(f"<em>{_HISTORY[row.history]}</em>")
    return f"{name}<small>{' · '.join(notes)}</small>" if notes else name


def _cell(row: Row, column: Column, main: Rows) -> str:
    key = column.key
    kind = ' class="n"' if key in _NUMERIC else f' class="{key}"'
    inner = _inner(row, key)
    hidden = "" if inner else ' data-empty="1"'
    # On narrow pages, where the labels stand beside the values, there is no room for the word in every label.
    label = f"{column.label}, core" if main == CORE and key == RANKED_BY else column.label
    return f'<td{kind} data-label="{label}"{hidden}>{inner}</td>'


def _inner(row: Row, key: str) -> str:
    if key in RATES:
        if key not in row.rates:
            return _DASH
        strong = "b" if key == RANKED_BY else "span"
        below = _interval(row, row.intervals.get(key))
        return f"<{strong}>{points(row.rates[key])}</{strong}><small>{below}</small>"
    if key in _RENDERERS:
        return _RENDERERS[key](row)
    value = getattr(row, key)
    return text(value) if value else ""


def _interval(row: Row, ends: tuple[float, float] | None) -> str:
    """Return the interval of a rate, or a mark on expected values, which have none."""
    return "expected" if row.is_expected else between(ends)


def _full(row: Row) -> str:
    if RANKED_BY not in row.full_rates:
        return _DASH
    return f"{points(row.full_rates[RANKED_BY])}<small>{_interval(row, row.full_intervals.get(RANKED_BY))}</small>"


def _lift(row: Row) -> str:
    return "" if row.lift is None else f"{100 * row.lift:+.1f}"


def _endings(row: Row) -> str:
    if row.cut is None or row.refused is None:
        return _DASH
    return f"{points(row.cut)}<small>{points(row.refused)}</small>"


def _repeats(row: Row) -> str:
    if row.pass_all is None or row.agreement is None:
        return _DASH
    return f"{points(row.pass_all)}<small>k = {row.replies}, agree {points(row.agreement)}</small>"


def _attempt(row: Row) -> str:
    return "" if row.badge == "baseline" else f"{html_parts.ordinal(row.attempt)} of {row.attempts}"


def _versions(row: Row) -> str:
    older = "<small>older scorer</small>" if row.older_scorer else ""
    return f"<code>{escaped(row.data_revision)}</code> <code>{escaped(row.scorer_version)}</code>{older}"


def _badge(row: Row) -> str:
    return f'<span class="badge {row.badge}">{row.badge}</span>'


_RENDERERS: Final[Mapping[str, Callable[[Row], str]]] = {
    filters.FULL: _full,
    "lift": _lift,
    "cut": _endings,
    "pass_all": _repeats,
    "error_classes": lambda row: html_parts.error_bar(row.error_classes) if row.error_classes else _DASH,
    "parameters_b": lambda row: html_parts.size_of(row.parameters_b),
    "cost_usd": lambda row: html_parts.dollars(row.cost_usd),
    "attempts": _attempt,
    "versions": _versions,
    "badge": _badge,
}
"""Functions that render the cells of columns that are neither rates nor plain text."""


def _pager(count: int, view: View) -> str:
    last = filters.pages(count)
    if last == 1:
        return ""
    page = min(view.page, last)

    def step(to: int, label: str) -> str:
        off = "" if 1 <= to <= last else " disabled"
        return f'<button type="button" data-page="{to}"{off}>{label}</button>'

    return (
        f'<nav class="pager" aria-label="Pages">{step(page - 1, "Previous")}<span>Page {page} of {last}</span>'
        f"{step(page + 1, 'Next')}</nav>"
    )


_ROUNDED: Final = (
    "Figures of submitted systems on the test split are rounded down to a multiple of a step, and shown only if they "
    "are a step above the best figure of the account and above a guess, so that scores do not reveal answers; their "
    "interval covers the step too. Parameters, calls and error classes are shown on the validation split only. "
)


def formula(which: str, main: Rows = FULL_SPLIT, *, is_rounded: bool = False) -> str:
    """Return the definitions of the values on a board.

    Args:
        which: A config, or `overall`.
        main: Rows of the split that the main figure is on.
        is_rounded: True if the board has figures that are rounded down to a step.
    """
    rounded = _ROUNDED if is_rounded else ""
    instances, rows = "instances", ""
    if main == CORE:
        instances = "instances of the core"
        rows = (
            "The core is about 1,000 instances of each config: whole query groups of the test split, named in the "
            "manifest of the data set. Every submission answers it; ranks, rates, lift and error classes are on it. "
            "<em>Tool, full split</em> is the tool accuracy on all instances of the test split; it is a dash where "
            "only the core was answered. "
        )
    mean = (
        "Each rate is the mean over the three configs, with equal weights: "
        "<code>overall = (preferred_only + rating_integrated + chronological) / 3</code>. Only submissions that answer "
        "all three configs in one file are listed: <code>petoolbench predict --config all</code> writes such a file. "
        if which == OVERALL
        else ""
    )
    return (
        f'<div class="formula"><p>{rows}{mean}<code>tool accuracy = {instances} with the correct tool / all {instances}'
        f"</code>. <code>call accuracy = {instances} with the correct tool and arguments / all {instances}</code>. "
        "Missing and unreadable replies count as wrong. Below each rate is its 95 % confidence interval, by bootstrap "
        f"over query groups. {rounded}"
        "<code>rank = 1 + systems whose interval of tool accuracy is entirely above</code>, so "
        "systems that the data cannot distinguish share a rank. If two ranks are shown, the second is the worst that "
        "the intervals allow. <code>lift = tool accuracy with the user's own history − tool accuracy with "  # noqa: RUF001
        "another user's history</code>; it is shown if the account submitted both runs under the same system name. "
        "Baselines mark the floor and the ceiling, and have no rank. Rows that are marked <em>expected</em> are means "
        "over all random choices, so they are exact and have no interval: <em>random</em> calls any candidate without "
        "arguments, <em>chance</em> any candidate that can do the job, with correct arguments. Rates are in %, "
        "lift is in percentage points."
        "</p></div>"
    )


def details_html(row: Row) -> str:
    """Return all details of a row: the submission, its rates and its error classes."""
    rates = html_parts.table(*_rates(row))
    classes = row.error_classes
    shares = html_parts.table(
        ("Error class", "% of replies"),
        [(label, points(classes.get(name, 0.0))) for name, label in html_parts.ERROR_LABELS.items() if classes],
    )
    return (
        f'<section class="pet details"><h3>{text(row.system)}</h3>{html_parts.facts(_facts(row))}'
        f'<div class="two">{rates}{shares}</div></section>'
    )


def _rates(row: Row) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Return the head and the lines of the table of rates, on the core and on the full split if they differ."""
    lines: list[Sequence[str]] = [
        (label, points(row.rates[name]) if name in row.rates else _DASH, _interval(row, row.intervals.get(name)))
        for name, label in RATE_LABELS.items()
    ]
    if row.scored_rows == FULL_SPLIT:
        return ("Rate", "% of the full split", "95 % interval"), lines
    head = ("Rate", "% of the core", "95 % interval", "% of the full split", "95 % interval")
    full = [
        (points(row.full_rates[name]), _interval(row, row.full_intervals.get(name)))
        if name in row.full_rates
        else (_DASH, "")
        for name in RATE_LABELS
    ]
    return head, [(*line, *cells) for line, cells in zip(lines, full, strict=True)]


def _several(row: Row) -> str:
    """Return the results of several replies to each instance in words; empty if each has one."""
    if row.pass_1 is None or row.pass_all is None or row.agreement is None:
        return ""
    return (
        f"{row.replies} to each instance: the tool is correct in {points(row.pass_1)} % of them, in all replies to "
        f"{points(row.pass_all)} % of the instances; {points(row.agreement)} % of the pairs call the same tool"
    )


def _reproduced(row: Row) -> str:
    """Return the rerun of the maintainers in words, as HTML; empty without one."""
    act = row.reproduced
    if act is None or act.run is None:
        return ""
    rates = ", ".join(f"{escaped(config)} {points(rate)}" for config, rate in act.run.tool_accuracy.items())
    return (
        f"by {text(act.by)} on {act.created[:10]}: {rates}; SHA-256 of the run <code>{escaped(act.run.sha256)}</code>"
    )


def _facts(row: Row) -> list[tuple[str, str]]:
    attempt = f"{html_parts.ordinal(row.attempt)} of {row.attempts} submissions of this account to this split"
    rescored = ""
    if row.former is not None:
        change = f"changed from {points(row.former)} to {points(row.rates[RANKED_BY])}"
        rescored = f"tool accuracy on the {row.scored_rows} {change}"
    return [
        ("Account", text(row.account)),
        ("Team (as stated)", text(row.team) if row.team else ""),
        ("Repository (as stated)", html_parts.hub_link(row.link)),
        ("Licence (as stated)", text(row.licence) if row.licence else ""),
        ("Size (as stated)", html_parts.size_of(row.parameters_b)),
        ("Cost (as stated)", html_parts.dollars(row.cost_usd)),
        ("Description", text(row.description) if row.description else ""),
        ("History shown", _HISTORY[row.history] or "the user's own history"),
        ("Submitted", f"{row.date}, {attempt}"),
        ("Cut at the token limit", "" if row.cut is None else f"{points(row.cut)} % of the replies"),
        ("Refused or filtered", "" if row.refused is None else f"{points(row.refused)} % of the replies"),
        ("Several replies", _several(row)),
        ("Answered", "the full split" if row.answered == FULL_SPLIT else "the core of the test split"),
        ("Tool accuracy", "" if row.step is None else f"rounded down to a multiple of {100 * row.step:.0f} points"),
        ("Rescored", rescored),
        ("Reproduced", _reproduced(row)),
        ("Submission", f"<code>{escaped(row.id)}</code>"),
        ("SHA-256 of the file", f"<code>{escaped(row.sha256)}</code>" if row.sha256 else ""),
        ("Data revision", f"<code>{escaped(row.data_revision)}</code>"),
        ("Scorer version", f"<code>{escaped(row.scorer_version)}</code>"),
    ]
