"""Requests to a model, one per instance, and the check that they fit the context window."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from builder.errors import ConfigError
from hf_dataset.prompting import Docs, Message, Mode, messages_of
from hf_dataset.schema import Instance
from petoolbench.run_settings import OVERLONG, Overlong

from .tool_calling import function_tools, safe_names

Count = Callable[[Sequence[Message], Sequence[dict[str, Any]]], int]
"""Returns the number of tokens of messages and tools."""
_BYTES_PER_TOKEN: Final = 3
"""The prompts have 2.9 to 3.1 bytes per token with the tokenizer of `n_tokens`, and more with newer tokenizers, which
do not split numbers into digits. So an estimate tends to be too high."""


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
    """Request for the reply to one instance."""

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


def estimated(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> int:
    """Return an estimate of the number of tokens for models whose tokenizer is not known; it tends to be too high."""
    size_of_tools = len(json.dumps(tools, ensure_ascii=False).encode()) if tools else 0
    return (size_of_tools + sum(len(message["content"].encode()) for message in messages)) // _BYTES_PER_TOKEN + 1


def build_requests(
    rows: Iterable[Instance], docs: Docs, mode: Mode, window: Window, count: Count = estimated
) -> list[ModelRequest]:
    """Return the request for each row.

    Args:
        rows: Instances under their history view.
        docs: `full` documents the tools of the history, `names` only names them.
        mode: `prompt` puts the candidates into the messages, `tools` passes them as functions.
        window: Context window of the model.
        count: Counter of tokens.
    """
    return [_fitted(row, docs, mode, window, count) for row in rows]


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


def _fitted(row: Instance, docs: Docs, mode: Mode, window: Window, count: Count) -> ModelRequest:
    complete = request = _request(row, docs, mode, count)
    if window.overlong == "drop-oldest":
        for dropped in range(1, len(row.history) + 1):
            if window.takes(request.tokens):
                break
            request = replace(_request(_without(row, dropped), docs, mode, count), dropped_steps=dropped)
    if not window.takes(request.tokens):
        return replace(complete, fits=False)
    return request


def _request(row: Instance, docs: Docs, mode: Mode, count: Count) -> ModelRequest:
    messages = messages_of(row, docs=docs, mode=mode)
    names = safe_names([tool.name for tool in row.candidates]) if mode == "tools" else {}
    tools = function_tools(row.candidates, names) if mode == "tools" else []
    return ModelRequest(row.instance_id, messages, tools, names, count(messages, tools))


def _without(row: Instance, steps: int) -> Instance:
    """Return a row without the oldest steps of its history, and without the tools that only these used."""
    history = row.history[steps:]
    named = {name for step in history for name in (step.name, *step.offered)}
    return replace(row, history=history, history_tools=[tool for tool in row.history_tools if tool.name in named])
