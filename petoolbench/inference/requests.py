"""What a model is asked, item by item, and whether it fits into the model's window."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from builder.errors import ConfigError
from hf_dataset.prompting import Docs, Message, Mode, messages_of
from hf_dataset.schema import Instance
from petoolbench.settings import OVERLONG, Overlong

from .tool_calling import function_tools, safe_names

Count = Callable[[Sequence[Message], Sequence[dict[str, Any]]], int]
"""Tokens of messages with tools."""
_BYTES_PER_TOKEN: Final = 4
"""Our prompts have 4.7 with the tokenizer that counts `n_tokens`, so that an estimate is rather too high."""


@dataclass(frozen=True, slots=True)
class Window:
    """How much a model takes in."""

    context: int | None
    """Tokens of a prompt and its reply together; None where that is not known, and everything is taken to fit."""
    reply: int
    """Tokens kept free for the reply."""
    overlong: Overlong | None = None
    """What is done with prompts that do not fit: nothing is asked (`skip`), or the first steps of the history are
    left out until they do (`drop-oldest`); None to refuse the run."""

    def takes(self, tokens: int) -> bool:
        """Whether a prompt fits."""
        return self.context is None or tokens + self.reply <= self.context


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a model is asked about one instance."""

    instance_id: str
    messages: list[Message] = field(repr=False)
    tools: list[dict[str, Any]] = field(repr=False)
    """Of native tool calling; empty where the candidates are in the messages."""
    names: Mapping[str, str] = field(repr=False)
    """Tool names by the names in `tools`."""
    tokens: int
    fits: bool = True
    dropped_steps: int = 0
    """Steps of the history that were left out."""


def estimated(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> int:
    """Tokens of messages with tools, where the tokenizer is not known; rather too many."""
    told = len(json.dumps(tools, ensure_ascii=False).encode()) if tools else 0
    return (told + sum(len(message["content"].encode()) for message in messages)) // _BYTES_PER_TOKEN + 1


def build_requests(
    rows: Iterable[Instance], docs: Docs, mode: Mode, window: Window, count: Count = estimated
) -> list[ModelRequest]:
    """What is asked about each row.

    Args:
        rows: As they are shown.
        docs: Whether tools of the history are documented.
        mode: How the candidates are told.
        window: What fits.
        count: Counts tokens.
    """
    return [_fitting(row, docs, mode, window, count) for row in rows]


def check_fit(asked: Sequence[ModelRequest], window: Window) -> None:
    """Refuse prompts that do not fit, where it was not said what to do with them.

    Raises:
        ConfigError: If there are any; says how many.
    """
    long = [one for one in asked if not one.fits]
    if long and window.overlong is None:
        raise ConfigError(
            f"{len(long):,} of {len(asked):,} prompts do not fit into --context {window.context}, with {window.reply} "
            f"tokens for the reply: the longest has {max(one.tokens for one in long):,}. Give a larger --context or "
            f"fewer --max-output-tokens, or say what to do by --overlong {' or '.join(OVERLONG)}."
        )


def _fitting(row: Instance, docs: Docs, mode: Mode, window: Window, count: Count) -> ModelRequest:
    whole = found = _question(row, docs, mode, count)
    if window.overlong == "drop-oldest":
        for dropped in range(1, len(row.history) + 1):
            if window.takes(found.tokens):
                break
            found = replace(_question(_without(row, dropped), docs, mode, count), dropped_steps=dropped)
    if not window.takes(found.tokens):
        return replace(whole, fits=False)
    return found


def _question(row: Instance, docs: Docs, mode: Mode, count: Count) -> ModelRequest:
    messages = messages_of(row, docs=docs, mode=mode)
    names = safe_names([tool.name for tool in row.candidates]) if mode == "tools" else {}
    tools = function_tools(row.candidates, names) if mode == "tools" else []
    return ModelRequest(row.instance_id, messages, tools, names, count(messages, tools))


def _without(row: Instance, steps: int) -> Instance:
    history = row.history[steps:]
    named = {step.name for step in history}
    return replace(row, history=history, history_tools=[tool for tool in row.history_tools if tool.name in named])
