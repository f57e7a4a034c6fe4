"""The history of an instance as sessions: what a memory system reads, one after another, before it is asked.

The steps of one day are a session; where the order of the history means nothing, each step is a session without a date.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from .schema import Instance, InteractionRow, ToolDoc


@dataclass(frozen=True, slots=True)
class Session:
    """Requests of a user on one day, with the calls that served them."""

    number: int
    """Number of the session among those of the user, from 1."""
    date: str | None
    """Day of the session, such as `2026-03-01`; None where the order of the history means nothing."""
    steps: tuple[InteractionRow, ...]
    tools: tuple[ToolDoc, ...]
    """Documentation of the tools that the steps name, sorted by name; empty with `docs="names"`."""

    @property
    def text(self) -> str:
        """The session as text: a heading, the requests with their calls, and the listings of the tools."""
        return "\n".join(_lines(self))


def sessions_of(instance: Instance, docs: Literal["full", "names"] = "full") -> list[Session]:
    """Return the history of an instance as sessions, oldest first where the steps have dates.

    Args:
        instance: The instance. Its answer is not used.
        docs: `full` documents the tools in each session that names them, `names` only names them.
    """
    keys = [(step.date or "", 0 if step.date else index) for index, step in enumerate(instance.history)]
    parts = groupby(zip(keys, instance.history, strict=True), key=lambda pair: pair[0])
    return [
        _session(number, tuple(step for _, step in part), instance if docs == "full" else None)
        for number, (_, part) in enumerate(parts, start=1)
    ]


def _session(number: int, steps: tuple[InteractionRow, ...], documented: Instance | None) -> Session:
    names = {name for step in steps for name in (step.name, *step.offered)}
    tools = documented.history_tools if documented else []
    return Session(number, steps[0].date, steps, tuple(tool for tool in tools if tool.name in names))


def _lines(session: Session) -> Iterator[str]:
    yield f"Session {session.number}" + (f", {session.date}" if session.date else "")
    for step in session.steps:
        yield f"Request: {step.instruction}"
        yield f"Call: {step.name} {step.arguments}"
        if others := [name for name in step.offered if name != step.name]:
            yield f"Also offered: {', '.join(others)}"
        if step.rating is not None:
            yield f"Rating: {step.rating}"
    for tool in session.tools:
        yield f"Tool {tool.name}:"
        yield from (f"  {line}" for line in (tool.listing or f"{tool.provider}. {tool.description}").splitlines())
