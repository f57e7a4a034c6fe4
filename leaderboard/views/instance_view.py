"""A validation instance as HTML: the history as a timeline, and the candidates with their documentation.

The answer, the evidence, what the user wants and a system's reply are shown only on request.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from leaderboard.public_data import Fact, Instance, Interaction, ToolDoc
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.records import reference_from_row

from . import html_parts
from .html_parts import escaped, text

_LONGEST: Final = 20_000
"""Maximum length of a reply that is shown, in characters."""
RATINGS: Final[Mapping[int | None, str]] = {
    1: '<span class="rating liked">liked</span>',
    0: '<span class="rating disliked">disliked</span>',
}
"""Marks of the ratings of a call."""
_UNKNOWN: Final = "?"
_NO_FACTS: Final[Mapping[str, Mapping[str, Fact]]] = {}


class Wish(NamedTuple):
    """Axes that the user looks at, and the facts about tools on them."""

    facts: Mapping[str, Mapping[str, Fact]]
    axes: Sequence[str]
    """The most important first; empty if they are not revealed."""

    def value(self, tool: str, axis: str) -> str:
        """Return the value of a tool on an axis; a question mark if it is not known."""
        fact = self.facts.get(tool, {}).get(axis)
        return fact.value if fact else _UNKNOWN

    def marked(self, tool: ToolDoc) -> tuple[str, str]:
        """Return description and listing of a tool as HTML; the words that state a wanted fact are marked."""
        description, listing = text(tool.description), escaped(tool.listing)
        for axis in self.axes:
            fact = self.facts.get(tool.name, {}).get(axis)
            if not fact or not fact.stated:
                continue
            words = escaped(fact.stated)
            if words in listing:
                listing = listing.replace(words, f"<mark>{words}</mark>", 1)
            else:
                description = description.replace(words, f"<mark>{words}</mark>", 1)
        return description, listing


def title(instruction: str, functionality: str, instance_id: str) -> str:
    """Return the plain-text title of an instance in a list."""
    return f"{shortened(instruction, 60)} · {functionality} · {instance_id.rsplit('-', 1)[-1]}"


def instance_html(row: Instance, facts: Mapping[str, Mapping[str, Fact]] = _NO_FACTS, *, revealed: bool = False) -> str:
    """Return an instance as HTML.

    Args:
        row: An instance of the validation split.
        facts: Facts by tool and axis, to show what the user wants and where it is stated.
        revealed: True to show the answer, its evidence, what the user wants, and where the preference changes.
    """
    wish = Wish(facts, axes_of(row) if revealed else ())
    today = f'<p class="count">Today is {date_html(row.today)}.</p>' if row.today else ""
    return (
        f'<article class="pet instance">{today}<p class="ask">{text(row.instruction)}</p>'
        f"{_properties(row, wish, revealed=revealed)}{_answer(row, wish) if revealed else ''}"
        f'<div class="two"><section><h3>History, {len(row.history)} steps</h3>{order_html(row)}'
        f"{_timeline(row, wish, revealed=revealed)}</section>"
        f"<section><h3>Candidates, {len(row.candidates)}</h3>{_candidates(row, wish, revealed=revealed)}</section>"
        "</div></article>"
    )


def reply_html(row: Instance, reply: str | None, system: str) -> str:
    """Return a system's reply to an instance as HTML, with its error class.

    Args:
        row: The instance, with its answer.
        reply: The reply as the model wrote it. None if the submission does not answer this config.
        system: Name of the system.
    """
    if reply is None:
        return html_parts.empty("No reply", "This submission does not answer this config.")
    verdict = judge(reply, reference_from_row(dataclasses.asdict(row)))
    label = html_parts.ERROR_LABELS[verdict.error_class]
    reason = verdict.reason.replace("_", " ")
    message = f"{label} ({reason})" if reason and reason != label else label
    shown = escaped(shortened(reply, _LONGEST)) or "<i>empty reply</i>"
    return (
        f'<section class="pet reply"><h3>Reply of {text(system)}</h3>'
        f'<p><span class="verdict" data-class="{verdict.error_class}">{message}</span></p><pre>{shown}</pre></section>'
    )


def shortened(value: str, longest: int) -> str:
    """Return a text, cut to at most `longest` characters."""
    return value if len(value) <= longest else f"{value[: longest - 1]}…"


def axes_of(row: Instance) -> list[str]:
    """Return the axes that the user looks at, the most important first."""
    parts = row.meta.get("wanted") or ()
    return list(dict.fromkeys([*(row.meta.get("axes") or ()), *(part["axis"] for part in parts)]))


def wants(row: Instance, wish: Wish) -> tuple[str, str]:
    """Return what the user wants, as a name and a text."""
    if row.meta.get("wanted"):
        return "Wants", "; ".join(map(_in_words, row.meta["wanted"]))
    name = row.answer.name if row.answer else ""
    values = (f"{axis.replace('_', ' ')} = {wish.value(name, axis)}" for axis in wish.axes)
    return "Wants, most important first", ", ".join(values)


def _in_words(part: Mapping[str, Any]) -> str:
    """Return one part of what a user wants, such as `region: EU` or `lower price (0.60)`."""
    axis = part["axis"].replace("_", " ")
    if part["bound"] is not None:
        return f"{axis}: {part['bound']}"
    weight = "" if part["weight"] is None else f" ({part['weight']:.2f})"
    return f"{part['direction']}{weight}"


def _properties(row: Instance, wish: Wish, *, revealed: bool) -> str:
    pairs = [
        ("Category", text(row.category)),
        ("Functionality", text(row.functionality)),
        ("User", f"<code>{escaped(row.user_id)}</code>"),
        ("Query group", f"<code>{escaped(row.query_group)}</code>"),
        ("Instance", f"<code>{escaped(row.instance_id)}</code>"),
    ]
    if revealed:
        name, value = wants(row, wish)
        pairs.append((name, text(value) if value else ""))
        pairs.extend(_generation(row.meta))
    return html_parts.facts(pairs)


def _generation(meta: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value, as HTML, of what is known about how an instance was made."""
    yield "Kind of preference", escaped(meta.get("kind") or "")
    yield "Concerns of the user", str(meta.get("concerns") or "")
    if meta.get("evidence") is not None:
        yield "Telling steps", str(meta["evidence"])
    yield "Change of preference", escaped(meta.get("change") or "")
    yield "Arguments", escaped(", ".join(meta.get("arguments") or ()))
    if meta.get("noise"):
        yield "Steps that do not follow the preference", f"{100 * meta['noise']:.0f} %"


def _answer(row: Instance, wish: Wish) -> str:
    answer = row.answer
    if answer is None:
        return ""
    steps = ", ".join(str(index + 1) for index in row.evidence)
    return (
        f'<section class="answer"><h3>Answer</h3><p class="call">{call_text(answer.name, answer.arguments)}</p>'
        f"<p>Supported by history steps {steps}.</p>{_choices(row, wish)}</section>"
    )


def _choices(row: Instance, wish: Wish) -> str:
    """Return a table of the wanted facts of the tools in each evidence step, and of the candidates for the job."""
    offers = [(f"step {index + 1}", row.history[index].name, row.history[index].offered) for index in row.evidence]
    if not wish.axes or not any(offered for _, _, offered in offers):
        return ""
    now = row.answer.name if row.answer else ""
    offers.append(("now", now, row.meta.get("same_function") or ()))
    lines = [
        (
            label if place == 0 else "",
            _offered_name(name, called),
            *(text(wish.value(name, axis)) for axis in wish.axes),
        )
        for label, called, offered in offers
        for place, name in enumerate(offered)
    ]
    head = ("", "Offered, <b>called</b>", *(escaped(axis.replace("_", " ")) for axis in wish.axes))
    return f"<details><summary>Choices in these steps, and now</summary>{_table_of_texts(head, lines)}</details>"


def _table_of_texts(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return html_parts.table(head, lines).replace('class="plain"', 'class="plain words"')


def _offered_name(name: str, called: str) -> str:
    return f"<b>{text(name)}</b>" if name == called else text(name)


def order_html(row: Instance) -> str:
    """Return a note on the order of the history, and on its ratings."""
    is_rated = any(step.rating is not None for step in row.history)
    is_dated = row.instance_id.startswith("chronological")
    note = "Oldest first. The preference may change on the way." if is_dated else "In no particular order."
    return f'<p class="count">{note}{" Each call was rated." if is_rated else ""}</p>'


def _timeline(row: Instance, wish: Wish, *, revealed: bool) -> str:
    change = row.meta.get("drift_step") if revealed else None
    decisive = set(row.evidence) if revealed else set()
    concerns = _concerns(row) if revealed else []
    documents = {tool.name: tool for tool in row.history_tools}
    steps = []
    for index, step in enumerate(row.history):
        kinds = ["evidence"] * (index in decisive) + ["turn"] * (index == change)
        notes = [RATINGS.get(step.rating, "")]
        if concerns:
            notes.append(f'<span class="tag">concern {concerns[index]}</span>')
        if index == change:
            notes.append('<span class="mark">the preference changes here</span>')
        date = f'<div class="date">{date_html(step.date)}</div>' if step.date else ""
        steps.append(
            f'<li class="{" ".join(kinds)}">{date}{text(step.instruction)}{"".join(notes)}'
            f'<div class="call">{call_text(step.name, step.arguments)}</div>{_offers(step, documents, wish)}</li>'
        )
    return f'<ol class="timeline">{"".join(steps)}</ol>'


def _concerns(row: Instance) -> list[str]:
    """Return the letter of the concern of each step; A is that of the instruction. Empty if there is only one."""
    if (row.meta.get("concerns") or 1) < 2:
        return []
    return [chr(ord("A") + concern) for concern in row.meta.get("step_concerns") or ()]


def date_html(day: str) -> str:
    """Return a day as a `<time>` element."""
    return f'<time datetime="{escaped(day)}">{escaped(day)}</time>'


def _offers(step: Interaction, documents: Mapping[str, ToolDoc], wish: Wish) -> str:
    """Return the documentation of the tools that were offered, or of the called tool, without parameters."""
    if not step.offered:
        tool = documents.get(step.name)
        return f"<details><summary>tool documentation</summary>{_document(tool, wish)}</details>" if tool else ""
    parts = []
    for name in step.offered:
        mark = '<span class="mark">called</span>' if name == step.name else ""
        tool = documents.get(name)
        summary = f"{_offered_name(name, step.name)}{mark}"
        about = _document(tool, wish) if tool else ""
        parts.append(f"<details><summary>{summary}</summary>{about}</details>")
    return f'<div class="offered"><span class="count">Offered:</span>{"".join(parts)}</div>'


def _candidates(row: Instance, wish: Wish, *, revealed: bool) -> str:
    same_function = set(row.meta.get("same_function") or ()) if revealed else set()
    answer = row.answer.name if revealed and row.answer else None
    items = []
    for tool in row.candidates:
        is_answer = tool.name == answer
        label = "the answer" if is_answer else "same functionality" if tool.name in same_function else ""
        mark = f'<span class="mark">{label}</span>' if label else ""
        kind = ' class="is-answer"' if is_answer else ""
        about = f"{_document(tool, wish)}{parameters_html(tool.parameters)}"
        items.append(f"<details{kind}><summary>{text(tool.name)}{mark}</summary>{about}</details>")
    return "".join(items)


def _document(tool: ToolDoc, wish: Wish) -> str:
    description, listing = wish.marked(tool)
    lines = f'<pre class="listing">{listing}</pre>' if listing else ""
    return f"<p>{description}</p>{lines}<p><small>by {text(tool.provider)}</small></p>"


def parameters_html(schema: str) -> str:
    """Return the parameters of a tool as a table, or the raw JSON schema if it has no plain list of properties."""
    parsed = json.loads(schema)
    properties = parsed.get("properties")
    if not isinstance(properties, dict) or not all(isinstance(value, dict) for value in properties.values()):
        return f"<pre>{escaped(schema)}</pre>"
    if not properties:
        return "<p><small>no parameters</small></p>"
    required: Sequence[str] = parsed.get("required") or ()
    lines = []
    for name, parameter in properties.items():
        need = "required" if name in required else "optional"
        kind = f"{escaped(_type_of(parameter))}, {need}"
        lines.append((f"<code>{escaped(name)}</code>", kind, text(_meaning(parameter))))
    return _table_of_texts(("Parameter", "Type", "Meaning"), lines)


def _type_of(parameter: Mapping[str, Any]) -> str:
    kind = parameter.get("type", "object" if "properties" in parameter else "")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _meaning(parameter: Mapping[str, Any]) -> str:
    """Return description, allowed values and default of a parameter, as plain text."""
    parts = [str(parameter.get("description", ""))]
    if "enum" in parameter:
        parts.append("one of " + ", ".join(json.dumps(value, ensure_ascii=False) for value in parameter["enum"]))
    if "default" in parameter:
        parts.append(f"default {json.dumps(parameter['default'], ensure_ascii=False)}")
    return "; ".join(filter(None, parts))


def call_text(name: str, arguments: str) -> str:
    """Return a tool call as one line of escaped code."""
    pairs = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in json.loads(arguments).items())
    return escaped(f"{name}({pairs})")
