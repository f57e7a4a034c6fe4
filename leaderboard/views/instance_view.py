"""A validation instance as HTML: the history as a timeline, and the candidates with their documentation.

The answer, the evidence and a system's reply are shown only on request.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from leaderboard.public_data import Attribute, Instance, ToolDoc
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.records import reference_from_row

from . import html_parts
from .html_parts import escaped, text

_LONGEST: Final = 20_000
"""Maximum length of a reply that is shown, in characters."""
_RATINGS: Final[dict[int | None, str]] = {
    1: '<span class="rating liked">liked</span>',
    0: '<span class="rating disliked">disliked</span>',
}


_NO_ATTRIBUTES: Final[Mapping[str, Mapping[str, Attribute]]] = {}


class _Evidence(NamedTuple):
    """Attributes that are wanted, and the words of the documentation that state them."""

    attributes: Mapping[str, Mapping[str, Attribute]]
    wanted: Mapping[str, str]

    def marked(self, tool: ToolDoc) -> str:
        """Return the description of a tool as HTML; the words that state a wanted axis are marked."""
        html = text(tool.description)
        for axis in self.wanted:
            attribute = self.attributes.get(tool.name, {}).get(axis)
            if attribute and attribute.evidence:
                words = escaped(attribute.evidence)
                html = html.replace(words, f"<mark>{words}</mark>", 1)
        return html


def _wanted(row: Instance, attributes: Mapping[str, Mapping[str, Attribute]]) -> dict[str, str]:
    """Return the wanted value of each axis of the preference: that of the answer."""
    known = attributes.get(row.answer.name, {}) if row.answer else {}
    return {axis: known[axis].value if axis in known else "?" for axis in row.meta.get("axes") or ()}


def title(instruction: str, functionality: str, instance_id: str) -> str:
    """Return the plain-text title of an instance in a list."""
    return f"{shortened(instruction, 60)} · {functionality} · {instance_id.rsplit('-', 1)[-1]}"


def instance_html(
    row: Instance, attributes: Mapping[str, Mapping[str, Attribute]] = _NO_ATTRIBUTES, *, revealed: bool = False
) -> str:
    """Return an instance as HTML.

    Args:
        row: An instance of the validation split.
        attributes: Documented attributes by tool and axis, to show what the user wants and where it is stated.
        revealed: True to show the answer, its evidence, and the step at which the preference changes.
    """
    wanted = _wanted(row, attributes) if revealed else {}
    evidence = _Evidence(attributes, wanted)
    return (
        f'<article class="pet instance"><p class="ask">{text(row.instruction)}</p>'
        f"{_facts(row, wanted, revealed=revealed)}{_answer(row) if revealed else ''}"
        f'<div class="two"><section><h3>History, {len(row.history)} steps</h3>{_order(row)}'
        f"{_timeline(row, evidence, revealed=revealed)}</section>"
        f"<section><h3>Candidates, {len(row.candidates)}</h3>{_candidates(row, evidence, revealed=revealed)}</section>"
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


def _facts(row: Instance, wanted: Mapping[str, str], *, revealed: bool) -> str:
    pairs = [
        ("Category", text(row.category)),
        ("Functionality", text(row.functionality)),
        ("User", f"<code>{escaped(row.user_id)}</code>"),
        ("Query group", f"<code>{escaped(row.query_group)}</code>"),
        ("Instance", f"<code>{escaped(row.instance_id)}</code>"),
    ]
    if revealed:
        wishes = ", ".join(f"{axis.replace('_', ' ')} = {value}" for axis, value in wanted.items())
        pairs.append(("Wants, most important first", text(wishes)))
        if row.meta.get("noise"):
            pairs.append(("Flipped ratings", f"{100 * row.meta['noise']:.0f} %"))
    return html_parts.facts(pairs)


def _answer(row: Instance) -> str:
    answer = row.answer
    if answer is None:
        return ""
    steps = ", ".join(str(index + 1) for index in row.evidence)
    return (
        f'<section class="answer"><h3>Answer</h3><p class="call">{_call(answer.name, answer.arguments)}</p>'
        f"<p>Supported by history steps {steps}.</p></section>"
    )


def _order(row: Instance) -> str:
    is_rated = any(step.rating is not None for step in row.history)
    is_dated = row.instance_id.startswith("chronological")
    note = "Oldest first. The preference changes at some point." if is_dated else "In no particular order."
    return f'<p class="count">{note}{" Each call was rated." if is_rated else ""}</p>'


def _timeline(row: Instance, evidence: _Evidence, *, revealed: bool) -> str:
    change = row.meta.get("drift_step") if revealed else None
    decisive = set(row.evidence) if revealed else set()
    documents = {tool.name: tool for tool in row.history_tools}
    steps = []
    for index, step in enumerate(row.history):
        kinds = ["evidence"] * (index in decisive) + ["turn"] * (index == change)
        note = '<span class="mark">the preference changes here</span>' if index == change else ""
        tool = documents.get(step.name)
        about = f"<details><summary>tool documentation</summary>{_document(tool, evidence)}</details>" if tool else ""
        steps.append(
            f'<li class="{" ".join(kinds)}">{text(step.instruction)}{_RATINGS.get(step.rating, "")}{note}'
            f'<div class="call">{_call(step.name, step.arguments)}</div>{about}</li>'
        )
    return f'<ol class="timeline">{"".join(steps)}</ol>'


def _candidates(row: Instance, evidence: _Evidence, *, revealed: bool) -> str:
    same_function = set(row.meta.get("same_function") or ()) if revealed else set()
    answer = row.answer.name if revealed and row.answer else None
    items = []
    for tool in row.candidates:
        is_answer = tool.name == answer
        label = "the answer" if is_answer else "same functionality" if tool.name in same_function else ""
        mark = f'<span class="mark">{label}</span>' if label else ""
        kind = ' class="is-answer"' if is_answer else ""
        items.append(f"<details{kind}><summary>{text(tool.name)}{mark}</summary>{_document(tool, evidence)}</details>")
    return "".join(items)


def _document(tool: ToolDoc, evidence: _Evidence) -> str:
    return f"<p>{evidence.marked(tool)}</p><p><small>by {text(tool.provider)}</small></p>{_parameters(tool.parameters)}"


def _parameters(schema: str) -> str:
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
    return html_parts.table(("Parameter", "Type", "Meaning"), lines).replace('class="plain"', 'class="plain words"')


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


def _call(name: str, arguments: str) -> str:
    """Return a tool call as one line of escaped code."""
    pairs = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in json.loads(arguments).items())
    return escaped(f"{name}({pairs})")
