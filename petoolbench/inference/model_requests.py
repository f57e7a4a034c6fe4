"""Requests to a model, one per instance, and the check that they fit the context window."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from builder.errors import ConfigError
from hf_dataset.prompting import Docs, Message, Mode, SystemRole, messages_of
from hf_dataset.schema import Instance
from petoolbench.run_settings import OVERLONG, Overlong, RunSettings

from .reply_lines import Asked
from .session_memories import Recalled, tokens_of
from .tool_calling import function_tools, safe_names

Count = Callable[[Sequence[Message], Sequence[dict[str, Any]]], int]
"""Returns the number of tokens of messages and tools."""


@dataclass(frozen=True, slots=True)
class Window:
    """Context window of a model."""

    context: int | None
    """Tokens of a prompt and its reply together; None if unknown, in which case every prompt fits."""
    reply: int
    """Tokens reserved for the reply."""
    overlong: Overlong | None = None
    """What to do with prompts that do not fit: `skip` the instance, or `drop-oldest` steps of the history until the
    prompt fits; None to refuse the run."""

    def takes(self, tokens: int) -> bool:
        """Return True if a prompt of this many tokens fits."""
        return self.context is None or tokens + self.reply <= self.context


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Request for a reply to one instance."""

    instance_id: str
    messages: list[Message] = field(repr=False)
    tools: list[dict[str, Any]] = field(repr=False)
    """Functions for native tool calling; empty if the candidates are in the messages."""
    names: Mapping[str, str] = field(repr=False)
    """Name of each candidate, by the name of its function."""
    tokens: int
    fits: bool = True
    dropped_steps: int = 0
    """Number of the oldest steps of the history that were left out."""
    repeat: int = 1
    """Number of the reply among those to the same instance, from 1."""
    memory_tokens: int | None = None
    """Size of the memory in the prompt; None for a prompt with the history."""

    @property
    def key(self) -> tuple[str, int]:
        """Instance id and number of the reply, as in the lines of a run file."""
        return self.instance_id, self.repeat

    @property
    def asked(self) -> Asked:
        """What the line of the reply states about the request."""
        return Asked(self.instance_id, self.names, self.dropped_steps, self.repeat, self.memory_tokens)


def request_body(request: ModelRequest, settings: RunSettings) -> dict[str, Any]:
    """Return the body of a chat completion request: what `settings.body` sets is part of it as it is."""
    body = {"model": settings.model, **settings.sampling, "messages": request.messages}
    if "seed" in body and "seed" not in settings.body:
        body["seed"] = settings.seed + request.repeat - 1
    return {**body, "tools": request.tools} if request.tools else body


def estimated(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> int:
    """Return an estimate of the number of tokens for models whose tokenizer is not known; it tends to be too high."""
    texts = [message["content"] for message in messages]
    return tokens_of(*texts, *([json.dumps(tools, ensure_ascii=False)] if tools else []))


def build_requests(
    rows: Iterable[Instance],
    docs: Docs,
    mode: Mode,
    window: Window,
    count: Count = estimated,
    system_role: SystemRole = "separate",
    recall: Callable[[Instance], Recalled] | None = None,
) -> list[ModelRequest]:
    """Return the request for the first reply to each row.

    Args:
        rows: Instances under their history view.
        docs: `full` documents the tools of the history, `names` only names them.
        mode: `prompt` puts the candidates into the messages, `tools` passes them as functions.
        window: Context window of the model.
        count: Counter of tokens.
        system_role: `merge` puts the system prompt into the user message.
        recall: Returns the memory that a prompt shows in place of the history; None for the history.
    """

    def request(row: Instance) -> ModelRequest:
        kept = recall(row) if recall else None
        memory = kept.text if kept else None
        messages = messages_of(row, docs=docs, mode=mode, system_role=system_role, memory=memory)
        names = safe_names([tool.name for tool in row.candidates]) if mode == "tools" else {}
        tools = function_tools(row.candidates, names) if mode == "tools" else []
        tokens = count(messages, tools)
        return ModelRequest(
            row.instance_id, messages, tools, names, tokens, memory_tokens=kept.tokens if kept else None
        )

    return [_fitted(row, window, request) for row in rows]


def repeated(requests: Sequence[ModelRequest], repeat: int) -> list[ModelRequest]:
    """Return the requests for `repeat` replies to each instance: for all first replies, then for the second ones."""
    return [replace(request, repeat=number) for number in range(1, repeat + 1) for request in requests]


def check_fit(requests: Sequence[ModelRequest], window: Window) -> None:
    """Check that all prompts fit, unless the window states how to handle those that do not.

    Raises:
        ConfigError: If some do not fit; states how many.
    """
    overlong = [request for request in requests if not request.fits]
    if overlong and window.overlong is None:
        raise ConfigError(
            f"{len(overlong):,} of {len(requests):,} prompts exceed the context window of {window.context} tokens, of "
            f"which {window.reply} are reserved for the reply; the longest prompt has "
            f"{max(request.tokens for request in overlong):,} tokens. Set a larger --context or a smaller "
            f"--max-output-tokens, or set --overlong to {' or '.join(OVERLONG)}."
        )


def _fitted(row: Instance, window: Window, request_of: Callable[[Instance], ModelRequest]) -> ModelRequest:
    complete = request = request_of(row)
    if window.overlong == "drop-oldest":
        for dropped in range(1, len(row.history) + 1):
            if window.takes(request.tokens):
                break
            request = replace(request_of(_without(row, dropped)), dropped_steps=dropped)
    if not window.takes(request.tokens):
        return replace(complete, fits=False)
    return request


def _without(row: Instance, steps: int) -> Instance:
    """Return a row without the oldest steps of its history, and without the tools that only these used."""
    history = row.history[steps:]
    named = {name for step in history for name in (step.name, *step.offered)}
    return replace(row, history=history, history_tools=[tool for tool in row.history_tools if tool.name in named])
