"""Meanings of the columns of each config, for the card and the Croissant metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from .schema import DPO_KINDS, DpoRow, Instance, SftRow, ToolRow, feature_specs

_TOOL: Final = {
    "name": "Name by which the tool is called.",
    "provider": "Provider of the tool.",
    "description": "What the tool does. If the listing is empty, it also states the tool's properties.",
    "listing": "Properties of the tool (price, access, limits, speed, privacy, ...) in its provider's own layout and "
    "units; empty if the description states them.",
    "parameters": "Parameters of the tool: a JSON Schema object, as JSON text.",
}
_CHAT: Final = {
    "role": "`system`, `user` or `assistant`.",
    "content": "Text of the message.",
}
_SOURCE: Final = {
    "instance_id": "Instance of the train split that the row was made from.",
    "config": "Config of that instance.",
    "query_group": "Query group of that instance.",
}


def _nested(column: str, meanings: Mapping[str, str]) -> dict[str, str]:
    return {f"{column}.{name}": meaning for name, meaning in meanings.items()}


MEANINGS: Final[Mapping[type, Mapping[str, str]]] = {
    Instance: {
        "instance_id": "Id of the row. It contains the build's id, so that predictions for another build are refused.",
        "user_id": "The user. Each user has one row in each of the three configs.",
        "query_group": "Group of rows with the same instruction and candidates, whose users prefer different tools. "
        "Statistics are clustered by it.",
        "category": "Category of the instruction.",
        "functionality": "Functionality that the instruction needs.",
        "instruction": "New request of the user. It states every value of the answer's arguments.",
        "today": "Day of the instruction, such as `2026-11-29`; null if it has none.",
        "history": "Past interactions of the user: oldest first in `chronological`, in no particular order elsewhere.",
        "history.instruction": "Past request of the user.",
        "history.name": "Tool that was called; its documentation is in `history_tools`.",
        "history.arguments": "Arguments of the call: a JSON object, as text.",
        "history.rating": "1 for liked, 0 for disliked; null in the configs without ratings.",
        "history.offered": "Tools that were offered for the request, the called one included; empty if not recorded.",
        "history.date": "Day of the call, such as `2026-03-01`; null where the order of the history means nothing.",
        "history_tools": "Documentation of the tools in the history, called or offered.",
        **_nested("history_tools", _TOOL),
        "candidates": "Tools to choose from. At least 3 of them do the job.",
        **_nested("candidates", _TOOL),
        "answer": "Tool call that this user would want; null in `test`.",
        "answer.name": "Preferred tool.",
        "answer.arguments": "Arguments of the call: a JSON object, as text.",
        "answer.alternatives": "Other arguments that are right too, such as a converted quantity that is rounded in "
        "another way.",
        "evidence": "Indexes of the history steps that support the answer; empty in `test`.",
        "meta": "Facts about how the row was generated; null in `test`, except `n_tokens`.",
        "meta.axes": "Axes of the user's preference, the most important first.",
        "meta.drift_step": "Index of the first history step under the current preference; null if it never changes.",
        "meta.noise": "Share of the steps whose call, or whose rating, does not follow the preference, 0 to 1.",
        "meta.distractor_level": "Source of the candidates that do another job.",
        "meta.n_tokens": "Number of tokens of the row's text.",
        "meta.same_function": "Names of the candidates that do the job.",
        "meta.kind": "Kind of the preference: `single`, `joint`, `limit` or `trade`; null for one over labelled facts.",
        "meta.wanted": "What the user wants: requirements, and what is maximised within them.",
        "meta.wanted.axis": "Axis of the facts.",
        "meta.wanted.bound": "Requirement, such as `EU` or `at most 310 ms`; null for a part that is maximised.",
        "meta.wanted.direction": "In words, such as `lower price`; null for a requirement.",
        "meta.wanted.weight": "Weight among the parts that are maximised; null for a requirement.",
        "meta.concerns": "Number of concerns of the user, each with a preference of its own.",
        "meta.step_concerns": "Concern of each history step; 0 is the concern of the instruction.",
        "meta.evidence": "Number of telling steps: each contradicts a rival preference that fits all other steps and "
        "picks another tool.",
        "meta.change": "How it changes: `sudden`, `gradual`, `there and back`, `one priority` or `several`; null "
        "without a change.",
        "meta.arguments": "Kinds of arguments that follow from the instruction without standing in it: `code` (of a "
        "country, language or currency), `date` (such as a weekday), `enum` (other words for one of a list), "
        "`implicit` (what the user always asked for), `option` (an optional parameter) and `unit` (a quantity in "
        "another unit).",
    },
    ToolRow: {
        **_TOOL,
        "category": "Category of the tool.",
        "functionality": "Functionality of the tool; null for a tool that is only used as a distractor.",
        "facts": "Non-functional properties of the tool; empty in `test`, because they would reveal the answers.",
        "facts.axis": "Axis of the property: `price`, `latency`, `privacy`, ...",
        "facts.value": "Level, category, or number in the unit.",
        "facts.unit": "Unit of a number; empty for levels and categories.",
        "facts.stated": "Words of the description or listing that state the value.",
    },
    SftRow: {
        **_SOURCE,
        "messages": "The instance as a chat that ends with the correct call.",
        **_nested("messages", _CHAT),
    },
    DpoRow: {
        **_SOURCE,
        "kind": f"Error of the rejected reply: {', '.join(f'`{kind}`' for kind in DPO_KINDS)}.",
        "prompt": "The chat up to the reply.",
        **_nested("prompt", _CHAT),
        "chosen": "Reply with the correct call.",
        **_nested("chosen", _CHAT),
        "rejected": "Reply with a wrong call.",
        **_nested("rejected", _CHAT),
    },
}
"""Meaning of each column by row class; nested columns by their path."""


class Column(NamedTuple):
    """A column, or a field nested in one."""

    path: str
    """Names from the column to the field, joined by dots."""
    kind: str
    """Type, in words."""
    meaning: str


def columns(row: type) -> Iterator[Column]:
    """Yield the columns of a row class, each followed by the fields nested in it.

    Args:
        row: One of the row classes of `ROWS`.
    """
    return _columns(feature_specs(row), "", MEANINGS[row])


def _columns(specs: Sequence[Mapping[str, Any]], prefix: str, meanings: Mapping[str, str]) -> Iterator[Column]:
    for spec in specs:
        path = f"{prefix}{spec['name']}"
        yield Column(path, _kind(spec), meanings[path])
        yield from _columns(inner(spec), f"{path}.", meanings)


def inner(spec: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the specs of the fields nested in a column; none for a scalar or a list of scalars.

    Args:
        spec: Spec of the column, as in `schema.feature_specs`.
    """
    fields: Sequence[Mapping[str, Any]] = spec.get("list") or spec.get("struct") or ()
    return fields


def _kind(spec: Mapping[str, Any]) -> str:
    if "list" in spec:
        return "list of objects"
    if "struct" in spec:
        return "object"
    return f"list of {spec['sequence']}" if "sequence" in spec else str(spec["dtype"])
