"""What each column of each config means, for the card and the Croissant metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from .schema import DPO_KINDS, DpoRow, Instance, SftRow, ToolRow, feature_specs

_TOOL: Final = {
    "name": "Its name, by which it is called.",
    "provider": "Who offers it.",
    "description": "Its documentation; what it says of price, speed, privacy and so on stands here and nowhere else.",
    "parameters": "What it takes: a JSON Schema object, as JSON text.",
}
_CHAT: Final = {
    "role": "`system`, `user` or `assistant`.",
    "content": "What was said.",
}
_TRAINED_ON: Final = {
    "instance_id": "The train row that it was made from.",
    "config": "Config of that row.",
    "query_group": "Query group of that row.",
}


def _inside(column: str, meanings: Mapping[str, str]) -> dict[str, str]:
    return {f"{column}.{name}": meaning for name, meaning in meanings.items()}


MEANINGS: Final[Mapping[type, Mapping[str, str]]] = {
    Instance: {
        "instance_id": "Names the row; holds the build's id, so that predictions of another build are refused.",
        "user_id": "The user; the same user has one row in each of the three configs.",
        "query_group": "The rows that share instruction and candidates, of users who want different tools; statistics "
        "are clustered on it.",
        "category": "Field of life of the instruction.",
        "functionality": "What the instruction needs done.",
        "instruction": "What the user asks now. It states every value of the answer's arguments.",
        "history": "The user's past interactions; oldest first in `chronological`, elsewhere in no order.",
        "history.instruction": "What the user asked then.",
        "history.name": "The tool that was called; documented in `history_tools`.",
        "history.arguments": "Its arguments: a JSON object, as text.",
        "history.rating": "1 liked, 0 disliked; null in the configs without ratings.",
        "history_tools": "The tools that the history names.",
        **_inside("history_tools", _TOOL),
        "candidates": "The tools to choose from; at least 3 of them do the job.",
        **_inside("candidates", _TOOL),
        "answer": "The tool call that this user would want; null in `test`.",
        "answer.name": "The preferred tool.",
        "answer.arguments": "Its arguments: a JSON object, as text.",
        "evidence": "Indexes of the history steps that support the answer; empty in `test`.",
        "meta": "How the row was made; null in `test` but for `n_tokens`.",
        "meta.axes": "Axes that the preference weighs, the heaviest first.",
        "meta.drift_step": "Index of the first history step under the current preference; null where nothing changes.",
        "meta.noise": "Share of the ratings that were flipped, 0 to 1.",
        "meta.distractor_level": "Where the candidates that do another job come from.",
        "meta.n_tokens": "Tokens of the row's text.",
        "meta.same_function": "Names of the candidates that do the job.",
    },
    ToolRow: {
        **_TOOL,
        "category": "Field of life.",
        "functionality": "What it does; null for a tool that serves as a distractor only.",
        "attributes": "Its non-functional properties; empty in `test`, whose answers they would tell.",
        "attributes.axis": "The property: `pricing`, `privacy`, ...",
        "attributes.value": "Its value on that axis.",
        "attributes.evidence": "The words of the documentation that say so.",
    },
    SftRow: {
        **_TRAINED_ON,
        "messages": "The row as a chat that ends in the answer's call.",
        **_inside("messages", _CHAT),
    },
    DpoRow: {
        **_TRAINED_ON,
        "kind": f"What is wrong with the rejected call: {', '.join(f'`{kind}`' for kind in DPO_KINDS)}.",
        "prompt": "The chat up to the call.",
        **_inside("prompt", _CHAT),
        "chosen": "The answer's call.",
        **_inside("chosen", _CHAT),
        "rejected": "A call that is wrong.",
        **_inside("rejected", _CHAT),
    },
}
"""Meaning of each column by row class, nested columns by their path."""


class Column(NamedTuple):
    """A column, or a field inside one."""

    path: str
    """Names from the column inwards, joined by dots."""
    kind: str
    """Type, in words."""
    meaning: str


def columns(row: type) -> Iterator[Column]:
    """Every column of a row class, each followed by what is inside."""
    return _described(feature_specs(row), "", MEANINGS[row])


def _described(specs: Sequence[Mapping[str, Any]], prefix: str, meanings: Mapping[str, str]) -> Iterator[Column]:
    for spec in specs:
        path = f"{prefix}{spec['name']}"
        yield Column(path, _kind(spec), meanings[path])
        yield from _described(inner(spec), f"{path}.", meanings)


def inner(spec: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Specs of the fields inside a column; none for a scalar or a list of scalars."""
    found: Sequence[Mapping[str, Any]] = spec.get("list") or spec.get("struct") or ()
    return found


def _kind(spec: Mapping[str, Any]) -> str:
    if "list" in spec:
        return "list of objects"
    if "struct" in spec:
        return "object"
    return f"list of {spec['sequence']}" if "sequence" in spec else str(spec["dtype"])
