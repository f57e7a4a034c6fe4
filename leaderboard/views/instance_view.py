"""A validation instance as a reader would see it: the history as a timeline, the candidates with their documentation.

Answer and evidence, and what a system replied, come on demand.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Final

from leaderboard.public_data import Instance, ToolDoc
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.records import reference_from_row

from . import html_parts
from .html_parts import escaped, text

_LONGEST: Final = 20_000
"""Characters of a reply that are shown."""
_RATINGS: Final[dict[int | None, str]] = {
    1: '<span class="rating liked">liked</span>',
    0: '<span class="rating disliked">disliked</span>',
}


def title(instruction: str, functionality: str, instance_id: str) -> str:
    """What a list of instances calls one, as plain text."""
    return f"{shortened(instruction, 60)} · {functionality} · {instance_id.rsplit('-', 1)[-1]}"


def instance_html(row: Instance, *, revealed: bool = False) -> str:
    """An instance.

    Args:
        row: One of the validation split.
        revealed: Whether to show the answer, its evidence, and where the preference changes.
    """
    return (
        f'<article class="pet instance"><p class="ask">{text(row.instruction)}</p>{_facts(row, revealed=revealed)}'
        f"{_answer(row) if revealed else ''}"
        f'<div class="two"><section><h3>History, {len(row.history)} steps</h3>{_order(row)}'
        f"{_timeline(row, revealed=revealed)}</section>"
        f"<section><h3>Candidates, {len(row.candidates)}</h3>{_candidates(row, revealed=revealed)}</section></div>"
        "</article>"
    )


def reply_html(row: Instance, reply: str | None, system: str) -> str:
    """What a system replied to an instance, with its verdict.

    Args:
        row: The instance, with its answer.
        reply: As the model wrote it; None where it answered none of this config.
        system: What the system is called.
    """
    if reply is None:
        return html_parts.empty("No reply here", "This submission does not answer this config.")
    verdict = judge(reply, reference_from_row(dataclasses.asdict(row)))
    why = verdict.reason.replace("_", " ")
    told = html_parts.ERROR_LABELS[verdict.error_class] + (
        f" ({why})" if why and why != html_parts.ERROR_LABELS[verdict.error_class] else ""
    )
    shown = escaped(shortened(reply, _LONGEST)) or "<i>an empty text</i>"
    return (
        f'<section class="pet reply"><h3>Reply of {text(system)}</h3>'
        f'<p><span class="verdict" data-class="{verdict.error_class}">{told}</span></p><pre>{shown}</pre></section>'
    )


def shortened(value: str, longest: int) -> str:
    """A text, cut where it is too long."""
    return value if len(value) <= longest else f"{value[: longest - 1]}…"


def _facts(row: Instance, *, revealed: bool) -> str:
    pairs = [
        ("Category", text(row.category)),
        ("Functionality", text(row.functionality)),
        ("User", f"<code>{escaped(row.user_id)}</code>"),
        ("Query group", f"<code>{escaped(row.query_group)}</code>"),
        ("Instance", f"<code>{escaped(row.instance_id)}</code>"),
    ]
    if revealed:
        axes = ", ".join(axis.replace("_", " ") for axis in row.meta.get("axes") or ())
        pairs.append(("What this user weighs, the heaviest first", text(axes)))
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
        f"<p>Supported by the steps {steps} of the history.</p></section>"
    )


def _order(row: Instance) -> str:
    rated = any(step.rating is not None for step in row.history)
    dated = row.instance_id.startswith("chronological")
    told = "Oldest first; the preference changes at some point." if dated else "In no particular order."
    return f'<p class="count">{told}{" Each call was rated." if rated else ""}</p>'


def _timeline(row: Instance, *, revealed: bool) -> str:
    turn = row.meta.get("drift_step") if revealed else None
    evidence = set(row.evidence) if revealed else set()
    documents = {tool.name: tool for tool in row.history_tools}
    steps = []
    for index, step in enumerate(row.history):
        kinds = ["evidence"] * (index in evidence) + ["turn"] * (index == turn)
        note = '<span class="mark">the preference changes here</span>' if index == turn else ""
        tool = documents.get(step.name)
        about = f"<details><summary>what this tool is</summary>{_document(tool)}</details>" if tool else ""
        steps.append(
            f'<li class="{" ".join(kinds)}">{text(step.instruction)}{_RATINGS.get(step.rating, "")}{note}'
            f'<div class="call">{_call(step.name, step.arguments)}</div>{about}</li>'
        )
    return f'<ol class="timeline">{"".join(steps)}</ol>'


def _candidates(row: Instance, *, revealed: bool) -> str:
    same = set(row.meta.get("same_function") or ()) if revealed else set()
    answer = row.answer.name if revealed and row.answer else None
    listed = []
    for tool in row.candidates:
        mark = "the answer" if tool.name == answer else "does the same job" if tool.name in same else ""
        told = f'<span class="mark">{mark}</span>' if mark else ""
        kind = ' class="is-answer"' if tool.name == answer else ""
        listed.append(f"<details{kind}><summary>{text(tool.name)}{told}</summary>{_document(tool)}</details>")
    return "".join(listed)


def _document(tool: ToolDoc) -> str:
    return (
        f"<p>{text(tool.description)}</p><p><small>by {text(tool.provider)}</small></p>{_parameters(tool.parameters)}"
    )


def _parameters(schema: str) -> str:
    """The parameters of a tool as a table; its schema as it stands where it is of another shape."""
    read = json.loads(schema)
    properties = read.get("properties")
    if not isinstance(properties, dict) or not all(isinstance(one, dict) for one in properties.values()):
        return f"<pre>{escaped(schema)}</pre>"
    if not properties:
        return "<p><small>no parameters</small></p>"
    required: Sequence[str] = read.get("required") or ()
    lines = []
    for name, one in properties.items():
        told = [str(one.get("description", ""))]
        if "enum" in one:
            told.append("one of " + ", ".join(json.dumps(value, ensure_ascii=False) for value in one["enum"]))
        if "default" in one:
            told.append(f"default {json.dumps(one['default'], ensure_ascii=False)}")
        kind = one.get("type", "object" if "properties" in one else "")
        kind = " or ".join(kind) if isinstance(kind, list) else str(kind)
        need = "required" if name in required else "optional"
        lines.append((f"<code>{escaped(name)}</code>", f"{escaped(kind)}, {need}", text("; ".join(filter(None, told)))))
    return html_parts.table(("Parameter", "Type", "Meaning"), lines).replace('class="plain"', 'class="plain words"')


def _call(name: str, arguments: str) -> str:
    """A call, as a line of code."""
    pairs = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in json.loads(arguments).items())
    return escaped(f"{name}({pairs})")
