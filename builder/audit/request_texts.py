"""Texts of query groups, as the figures on repetition read them: one history and the final instruction of each.

The users of a query group share their requests by design, so one of them stands for all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from builder.predictors.program import asking_concern
from builder.randomness import generator_for
from builder.world.concerns import Concern, concerns
from hf_dataset.schema import AnswerRow, Instance, InteractionRow, ToolDoc

from .audit_split import AuditSplit
from .proper_names import Request, tool_words
from .text_quality import leaves

MOST_GROUPS: Final = 500
"""Maximum number of query groups of a split whose texts are compared; others are left out at random."""
MOST_STEPS: Final = 100
"""Maximum number of steps of a history whose texts are compared: the latest ones."""


@dataclass(frozen=True, slots=True)
class GroupTexts:
    """Texts of a query group."""

    instruction: Request
    history: tuple[Request, ...]
    """Requests of the first user's history; empty if the data set has no histories."""
    steps: int
    """Number of steps of that history."""
    concerns: frozenset[str] | None = None
    """Names of the concerns; None if the data set has none."""
    register: str | None = None
    """Register of the requests; None if the data set has none, or the instruction is of no known concern."""


def group_texts(rows: Iterable[Instance], split: str) -> list[GroupTexts]:
    """Return the texts of the first row of each query group, of at most `MOST_GROUPS` of them.

    Args:
        rows: Rows of one split of a config.
        split: Name of the split, for the draw of the query groups.
    """
    return [_texts(row) for row in _first_rows(rows, split)]


def split_texts(part: AuditSplit) -> list[GroupTexts]:
    """Return the texts of a split, with concerns and registers if it was built from the built-in catalogue."""
    if not (part.by_facts and part.settings.builtin):
        return group_texts(part.rows, part.split)
    known = concerns(part.split)
    jobs = {name: tool.functionality for name, tool in part.tools.items()}
    return [_texts(row, _concerns(row, known, jobs)) for row in _first_rows(part.rows, part.split)]


def request_of(text: str, call: AnswerRow | InteractionRow | None, tools: Mapping[str, ToolDoc]) -> Request:
    """Return a request.

    Args:
        text: Text of the request.
        call: The call that serves it; None if it is not known.
        tools: Documentation of tools by name.
    """
    if call is None:
        return Request(text, (), frozenset())
    tool = tools.get(call.name)
    values = tuple(str(value) for value in leaves(json.loads(call.arguments)) if value is not None)
    return Request(text, values, tool_words(call.name, tool.description if tool else ""))


def _first_rows(rows: Iterable[Instance], split: str) -> list[Instance]:
    first: dict[str, Instance] = {}
    for row in rows:
        first.setdefault(row.query_group, row)
    order = generator_for((0,), "texts", split).permutation(len(first))[:MOST_GROUPS]
    of_groups = [first[name] for name in sorted(first)]
    return [of_groups[place] for place in sorted(order.tolist())]


def _texts(row: Instance, own: Sequence[Concern] | None = None) -> GroupTexts:
    tools = {tool.name: tool for tool in (*row.history_tools, *row.candidates)}
    return GroupTexts(
        request_of(row.instruction, row.answer, tools),
        tuple(request_of(step.instruction, step, tools) for step in row.history[-MOST_STEPS:]),
        len(row.history),
        None if own is None else frozenset(concern.name for concern in own),
        own[0].register if own else None,
    )


def _concerns(row: Instance, known: Sequence[Concern], jobs: Mapping[str, str | None]) -> list[Concern]:
    """Return the concerns of a row whose texts are recognised, that of the instruction first; empty if it is not."""
    by_name = {concern.name: concern for concern in known}
    found = {0: asking_concern(row.instruction, row.functionality, known)}
    if found[0] is None:
        return []
    of_steps = (row.meta.step_concerns if row.meta else None) or []
    for step, place in zip(row.history, of_steps, strict=False):
        if found.get(place) is None:
            found[place] = asking_concern(step.instruction, jobs.get(step.name), known)
    return [by_name[name] for name in found.values() if name is not None]
