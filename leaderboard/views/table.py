"""The board as HTML: one page of rows, what they are ordered by, and how the figures come about.

Made by us instead of by Gradio's table, which shows no intervals, bars or cards for narrow screens; clicks on what has
`data-sort`, `data-page` or `data-row` come back as events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leaderboard.stores.stored_records import OVERALL
from metrics.petoolbench.records import RATES

from . import filters, html_parts
from .filters import COLUMNS, Column, View
from .html_parts import between, escaped, points, text
from .ranking import RANKED_BY, Row

_HISTORY: Final = {"own": "", "none": "no history", "swapped": "another user's history"}
_NUMERIC: Final = frozenset({*RATES, "lift", "parameters_b", "cost_usd", "attempts"})


def board_html(found: Sequence[Row], view: View, *, of: int) -> str:
    """The board.

    Args:
        found: Rows that the filters leave, in order.
        view: What was chosen.
        of: How many rows there are without filters.
    """
    if not of:
        return html_parts.empty(
            f"Nothing is scored on {view.split} yet",
            "The first file that is handed in under Submit appears here once it is scored.",
        )
    if not found:
        return html_parts.empty(
            "No row is left", f"None of the {of} rows passes the filters. Clear the search or widen the filters above."
        )
    columns = [column for column in COLUMNS if column.key in view.columns]
    shown = filters.on_page(found, view.page)
    head = _head("rank", "Rank", "Systems that cannot be told apart share a rank.", view)
    head += _head("system", "System", "", view)
    head += "".join(_head(column.key, column.label, column.note, view) for column in columns)
    body = "".join(_line(row, columns) for row in shown)
    return (
        f'<div class="pet board"><p class="count" aria-live="polite">{_count(found, view, of)}</p>'
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{_pager(len(found), view)}"
        f"{html_parts.error_legend() if 'error_classes' in view.columns else ''}{formula(view.board)}</div>"
    )


def _count(found: Sequence[Row], view: View, of: int) -> str:
    rows = f"{len(found)} of {of} rows" if len(found) < of else f"{of} rows"
    by = "tool accuracy" if view.sort == "rank" else label_of(view.sort).lower()
    order = "highest first" if (view.sort == "rank") == view.upwards else "lowest first"
    if view.sort in {"system", "licence", "badge"}:
        order = "A to Z" if view.upwards else "Z to A"
    if view.sort == "date":
        order = "oldest first" if view.upwards else "newest first"
    kept = "all runs" if view.every else "the best run of each account, and baselines"
    return f"{rows} ({kept}), by {by}, {order}"


def label_of(key: str) -> str:
    """Head of a column, or the key of what is none."""
    return next((column.label for column in COLUMNS if column.key == key), key)


def _head(key: str, label: str, note: str, view: View) -> str:
    title = f' title="{note}"' if note else ""
    kind = ' class="n"' if key in _NUMERIC else ""
    if key not in filters.SORTS:
        return f'<th scope="col"{title}{kind}>{label}</th>'
    state, mark = "", ""
    if key == view.sort:
        ascending = view.upwards
        state = f' aria-sort="{"ascending" if ascending else "descending"}"'
        mark = " ▴" if ascending else " ▾"
    return f'<th scope="col"{title}{kind}{state}><button type="button" data-sort="{key}">{label}{mark}</button></th>'


def _line(row: Row, columns: Sequence[Column]) -> str:
    cells = "".join(_cell(row, column) for column in columns)
    kind = row.badge if row.badge == "baseline" or row.history == "own" else "control"
    return (
        f'<tr class="{kind}"><td class="rank" data-label="Rank">{_rank(row)}</td>'
        f'<th scope="row" class="system">{_system(row)}</th>{cells}</tr>'
    )


def _rank(row: Row) -> str:
    if row.rank is None:
        return '<span class="none">–</span>'  # noqa: RUF001 (a dash)
    return str(row.rank) if row.rank == row.rank_to else f"{row.rank}–{row.rank_to}"  # noqa: RUF001 (a range)


def _system(row: Row) -> str:
    name = f'<button type="button" data-row="{escaped(row.id)}">{text(row.system)}</button>'
    told = [text(row.account)] if row.badge != "baseline" else []
    if row.team:
        told.append(text(row.team))
    if row.link:
        told.append(html_parts.hub_link(row.link))
    if row.badge != "baseline" and _HISTORY[row.history]:
        told.append(f"<em>{_HISTORY[row.history]}</em>")
    return f"{name}<small>{' · '.join(told)}</small>" if told else name


def _cell(row: Row, column: Column) -> str:
    key = column.key
    kind = ' class="n"' if key in _NUMERIC else f' class="{key}"'
    inner = _inner(row, key)
    hidden = "" if inner else ' data-empty="1"'
    return f'<td{kind} data-label="{column.label}"{hidden}>{inner}</td>'


def _inner(row: Row, key: str) -> str:  # noqa: PLR0911 (a table of columns)
    if key in RATES:
        strong = "b" if key == RANKED_BY else "span"
        return f"<{strong}>{points(row.rates[key])}</{strong}><small>{between(row.intervals.get(key))}</small>"
    if key == "lift":
        return "" if row.lift is None else f"{100 * row.lift:+.1f}"
    if key == "error_classes":
        return html_parts.error_bar(row.error_classes)
    if key == "parameters_b":
        return html_parts.size_of(row.parameters_b)
    if key == "cost_usd":
        return html_parts.dollars(row.cost_usd)
    if key == "attempts":
        return "" if row.badge == "baseline" else f"{html_parts.ordinal(row.attempt)} of {row.attempts}"
    if key == "versions":
        older = "<small>an older scorer</small>" if row.older_scorer else ""
        return f"<code>{escaped(row.data_revision)}</code> <code>{escaped(row.scorer_version)}</code>{older}"
    if key == "badge":
        return f'<span class="badge {row.badge}">{row.badge}</span>'
    value = getattr(row, key)
    return text(value) if value else ""


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


def formula(which: str) -> str:
    """How the figures of a board come about."""
    mean = (
        "Each figure is the mean of the three configs, each config counting the same: "
        "<code>overall = (preferred_only + rating_integrated + chronological) / 3</code>; only files that answer all "
        "three are here. "
        if which == OVERALL
        else ""
    )
    return (
        f'<div class="formula"><p>{mean}<code>tool = right tools / all rows</code>, '
        "<code>call = right tools with right arguments / all rows</code>: what is missing or cannot be read counts as "
        "wrong. Below each rate stands its 95 % interval, by bootstrap over query groups. A rank is "
        "<code>1 + systems whose interval of tool accuracy lies wholly above</code>, so that systems which cannot be "
        "told apart share it; its other end is the worst rank that the intervals allow. "
        "<code>lift = tool accuracy with the user's own history − with another user's</code>, where an "  # noqa: RUF001
        "account handed in both runs under one name. Baselines are floor and ceiling, and are not ranked. All figures "
        "are in points of 100.</p></div>"
    )


def details_html(row: Row) -> str:
    """All that is known of one row."""
    former = "" if row.former is None else f"{points(row.former)} → {points(row.rates[RANKED_BY])} (tool accuracy)"
    top = html_parts.facts(
        [
            ("Account", text(row.account)),
            ("Team, as stated", text(row.team) if row.team else ""),
            ("Repository, as stated", html_parts.hub_link(row.link)),
            ("Licence, as stated", text(row.licence) if row.licence else ""),
            ("Size, as stated", html_parts.size_of(row.parameters_b)),
            ("Cost, as stated", html_parts.dollars(row.cost_usd)),
            ("Description", text(row.description) if row.description else ""),
            ("History shown", {"own": "the user's own"}.get(row.history) or _HISTORY[row.history]),
            (
                "Handed in",
                f"{row.date}, {html_parts.ordinal(row.attempt)} of {row.attempts} of the account on this split",
            ),
            ("Scored again", former),
            ("Submission", f"<code>{escaped(row.id)}</code>"),
            ("SHA-256 of the file", f"<code>{escaped(row.sha256)}</code>"),
            ("Data revision", f"<code>{escaped(row.data_revision)}</code>"),
            ("Scorer version", f"<code>{escaped(row.scorer_version)}</code>"),
        ]
    )
    labels = {column.key: column.label for column in COLUMNS}
    rates = html_parts.table(
        ("Figure", "points", "95 % interval"),
        [(labels[name], points(row.rates[name]), between(row.intervals.get(name))) for name in RATES],
    )
    shares = html_parts.table(
        ("Replies", "%"),
        [(label, points(row.error_classes.get(name, 0.0))) for name, label in html_parts.ERROR_LABELS.items()],
    )
    return (
        f'<section class="pet details"><h3>{text(row.system)}</h3>{top}<div class="two">{rates}{shares}</div></section>'
    )
