"""A row for a person to play, as HTML: what a model sees, and after the choice what the user wanted.

`row_html` and `facts_html` show nothing of the answer, its evidence or the row's metadata. `verdict_html` does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from leaderboard.public_data import Fact, Instance, Interaction, ToolDoc

from .html_parts import escaped, facts, text
from .instance_view import (
    RATINGS,
    Wish,
    axes_of,
    call_text,
    date_html,
    order_html,
    parameters_html,
    wants,
)

_STEPS: Final = 6
"""Steps of a history that are shown at once; the others are folded."""
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_KINDS: Final[Mapping[str, str]] = {
    "single": "single: the best on one property",
    "joint": "joint: the best sum of several properties",
    "limit": "limit: a requirement, and the best within it",
    "trade": "trade: two properties, one of which counts twice",
}


class Reply(NamedTuple):
    """Outcome of a system on a row."""

    system: str
    is_right: bool
    """True if the reply calls the tool of the answer."""


def row_html(row: Instance, tools: Sequence[ToolDoc]) -> str:
    """Return a row as a model sees it: request, history with what was offered, and the listings of the candidates.

    Args:
        row: The row.
        tools: Its candidates, in the order in which they are shown.
    """
    today = f'<p class="count">Today is {date_html(row.today)}.</p>' if row.today else ""
    cards = "".join(_card(tool, f'<span class="number">{place}</span>') for place, tool in enumerate(tools, 1))
    return (
        f'<article class="pet play">{today}<h3>The user asks</h3><p class="ask">{text(row.instruction)}</p>'
        f"<h3>What this user did before: {len(row.history)} calls</h3>{order_html(row)}"
        '<p><button type="button" class="plain-button" data-open aria-pressed="false">Open all steps and listings'
        f"</button></p>{_timeline(row)}"
        f'<h3 id="play-tools">The {len(tools)} tools that can be called now</h3>'
        f'<div class="cards">{cards}</div></article>'
    )


def facts_html(tools: Sequence[ToolDoc], known: Mapping[str, Mapping[str, Fact]]) -> str:
    """Return the facts that the documentation of tools states, as a table whose columns can be sorted.

    Args:
        tools: Tools, in the order of the rows.
        known: Facts by tool and axis.
    """
    stated = {
        tool.name: {axis: fact.value for axis, fact in known.get(tool.name, {}).items() if fact.stated}
        for tool in tools
    }
    counts = Counter(axis for values in stated.values() for axis in values)
    if not counts:
        return '<p class="pet count">The data set holds no facts about these tools.</p>'
    axes = sorted(counts, key=lambda axis: (-counts[axis], axis))
    head = "".join(_sorter(place, name) for place, name in enumerate(["tool", *axes]))
    body = "".join(_facts_row(place, tool, stated[tool.name], axes) for place, tool in enumerate(tools, 1))
    return (
        '<div class="pet"><div class="wide"><table class="plain words sortable">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></div>"
    )


def verdict_html(row: Instance, choice: str, known: Mapping[str, Mapping[str, Fact]], replies: Iterable[Reply]) -> str:
    """Return whether a choice is right, what the user wanted, the steps that show it, and what systems replied.

    Args:
        row: A row with its answer.
        choice: Name of the chosen tool.
        known: Facts by tool and axis.
        replies: Outcomes of systems on the row.
    """
    assert row.answer is not None
    is_right = choice == row.answer.name
    wish = Wish(known, axes_of(row))
    head = "Right" if is_right else "Not what this user wanted"
    chosen = f"<b>{text(choice)}</b>"
    words = f"This user wants {chosen}, as you chose." if is_right else (
        f"You chose {chosen}. This user wants <b>{text(row.answer.name)}</b>."
    )  # fmt: skip
    name, wanted = wants(row, wish)
    kind = str(row.meta.get("kind") or "")
    about = facts(
        (
            (name, text(wanted) if wanted else ""),
            ("Kind of preference", escaped(_KINDS.get(kind, kind))),
            ("Change of preference", escaped(row.meta.get("change") or "")),
            ("The call", f'<span class="call">{call_text(row.answer.name, row.answer.arguments)}</span>'),
        )
    )
    steps = "".join(_evidence(row, index, wish) for index in row.evidence)
    return (
        f'<section class="pet outcome {"right" if is_right else "wrong"}"><h3>{head}</h3><p>{words}</p>{about}'
        f'<h3>Steps that show it</h3><ol class="telling">{steps}</ol>'
        f"<h3>The tools for the job now</h3>{_now(row, choice, wish)}{_replies(replies)}</section>"
    )


def _replies(replies: Iterable[Reply]) -> str:
    words = "; ".join(
        f"{text(reply.system)} {'calls the right tool' if reply.is_right else 'does not'}" for reply in replies
    )
    return f'<p class="count">On this row: {words}.</p>' if words else ""


def _evidence(row: Instance, index: int, wish: Wish) -> str:
    step, place = row.history[index], index + 1
    date = f"{date_html(step.date)} " if step.date else ""
    mark = '<span class="mark">called</span>'
    offered = [(name, mark if name == step.name else "") for name in step.offered or (step.name,)]
    button = f'<button type="button" class="link" data-step="{place}">Step {place}</button>'
    return (
        f"<li>{button} {date}{RATINGS.get(step.rating, '')}<div>{text(step.instruction)}</div>"
        f"{_compared(offered, wish)}</li>"
    )


def _now(row: Instance, choice: str, wish: Wish) -> str:
    """Return the candidates that do the job, and the chosen one, with the wanted facts."""
    answer = row.answer.name if row.answer else ""
    names = dict.fromkeys([*(row.meta.get("same_function") or (answer,)), choice])
    marks = {answer: '<span class="mark">wanted</span>'}
    if choice not in marks:
        marks[choice] = '<span class="mark yours">your choice</span>'
    return _compared([(name, marks.get(name, "")) for name in names], wish)


def _compared(tools: Iterable[tuple[str, str]], wish: Wish) -> str:
    """Return tools with their marks, as HTML, and with the facts that the user looks at."""
    lines = []
    for name, mark in tools:
        known = "; ".join(f"{escaped(axis.replace('_', ' '))} {text(wish.value(name, axis))}" for axis in wish.axes)
        shown = f"<b>{text(name)}</b>" if mark else text(name)
        lines.append(f"<li>{shown} {mark} <span>{known}</span></li>")
    return f'<ul class="compared">{"".join(lines)}</ul>'


def _timeline(row: Instance) -> str:
    """Return the history; of a long one, the latest steps, or the first ones if the order means nothing."""
    documents = {tool.name: tool for tool in row.history_tools}
    steps = [_step(place, step, documents) for place, step in enumerate(row.history, 1)]
    if len(steps) <= _STEPS + 2:
        return _listed(steps, 0)
    summary = f"<summary>Show all {len(steps)} steps ({len(steps) - _STEPS} more)</summary>"
    if row.history[0].date is None:
        first, folded = _listed(steps[:_STEPS], 0), _listed(steps[_STEPS:], _STEPS)
        return f'{first}<details class="more">{summary}{folded}</details>'
    earlier, last = len(steps) - _STEPS, steps[-_STEPS:]
    return f'<details class="more">{summary}{_listed(steps[:earlier], 0)}</details>{_listed(last, earlier)}'


def _listed(steps: Sequence[str], before: int) -> str:
    return f'<ol class="timeline" start="{before + 1}" style="counter-reset: step {before}">{"".join(steps)}</ol>'


def _step(place: int, step: Interaction, documents: Mapping[str, ToolDoc]) -> str:
    date = f'<div class="date">{date_html(step.date)}</div>' if step.date else ""
    names = step.offered or (step.name,)
    labels = ", ".join(f"<b>{text(name)}</b>" if name == step.name else text(name) for name in names)
    cards = "".join(
        _card(documents[name], '<span class="mark">called</span>' if name == step.name else "")
        for name in names
        if name in documents
    )
    offered = f"Offered {len(names)}: {labels}" if step.offered else f"Listing of {labels}"
    return (
        f'<li id="play-step-{place}">{date}<span class="said">{text(step.instruction)}</span>'
        f'{RATINGS.get(step.rating, "")}<div class="call">{call_text(step.name, step.arguments)}</div>'
        f'<details class="offers"><summary>{offered}</summary><div class="cards">{cards}</div></details></li>'
    )


def _card(tool: ToolDoc, mark: str) -> str:
    """Return the documentation of a tool as a card; of candidates, which have a number, with the parameters."""
    listing = f'<pre class="listing">{escaped(tool.listing)}</pre>' if tool.listing else ""
    is_candidate = 'class="number"' in mark
    schema = f"<details><summary>Parameters</summary>{parameters_html(tool.parameters)}</details>"
    return (
        f'<section class="tool{" called" if mark and not is_candidate else ""}"><h4>{mark}{_breakable(tool.name)}</h4>'
        f"<p>{text(tool.description)} <small>by {text(tool.provider)}</small></p>{listing}"
        f"{schema if is_candidate else ''}</section>"
    )


def _breakable(name: str) -> str:
    """Return the name of a tool as HTML that can be broken after its underscores."""
    return text(name).replace("_", "_<wbr>")


def _sorter(place: int, name: str) -> str:
    label = escaped(name.replace("_", " "))
    return f'<th scope="col"><button type="button" data-column="{place}">{label}</button></th>'


def _facts_row(place: int, tool: ToolDoc, values: Mapping[str, str], axes: Sequence[str]) -> str:
    cells = "".join(
        f'<td data-value="{_key(values.get(axis, ""))}">{text(values[axis]) if axis in values else "–"}</td>'  # noqa: RUF001
        for axis in axes
    )
    return f'<tr><th scope="row" data-value="{place}">{place}. {text(tool.name)}</th>{cells}</tr>'


def _key(value: str) -> str:
    """Return the text that a cell is sorted by: its number if it begins with one."""
    number = _NUMBER.match(value)
    return number[0] if number else escaped(value)
