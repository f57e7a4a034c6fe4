"""Official prompts, for models that are run outside of this library."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from builder.choices import validate_choice
from builder.errors import DataError, OutputError
from hf_dataset.prompting import DOCS, MODES, SYSTEM_ROLES, Message, messages_of
from hf_dataset.schema import Instance
from hf_dataset.sessions import Session, sessions_of
from petoolbench.files import write_atomically
from petoolbench.inference.session_memories import recalled
from petoolbench.inference.tool_calling import function_tools, safe_names
from petoolbench.run_settings import RunSettings

from .data import InstanceSet, as_instance

BATCH_URL: Final = "/v1/chat/completions"
"""Endpoint for the requests in a batch file."""


class Prompt(list[Message]):
    """Messages of an instance, a list of {`role`, `content`}; for native tool calling with the functions.

    Args:
        messages: A system and a user message, or a user message alone.
        tools: Function tools in the format of the OpenAI API; empty if the candidates are in the messages.
        tool_names: Name of each candidate, by the name of its function, which can contain only letters, digits, `_` and
            `-`.
    """

    def __init__(self, messages: Iterable[Message], tools: list[dict[str, Any]], tool_names: Mapping[str, str]) -> None:
        super().__init__(messages)
        self.tools = tools
        self.tool_names = tool_names


def prompt(
    row: Instance | Mapping[str, Any],
    *,
    mode: str = "prompt",
    docs: str = "full",
    system_role: str = "separate",
    memory: str | None = None,
) -> Prompt:
    """Return the official prompt of an instance.

    Args:
        row: An instance from `load`, or a dict row of `datasets`. Its answer is not used.
        mode: `prompt` puts the candidates into the messages and asks for a JSON object. With `tools`, the messages do
            not contain them; they are in the attribute `tools` of the result, for native tool calling.
        docs: `full` documents the tools of the history, `names` only names them.
        system_role: `separate` returns a system and a user message, `merge` one user message that begins with the
            system prompt, for models without a system role.
        memory: Text to show in place of the history, such as what a memory system kept of it; None for the history.

    Returns:
        A list of messages, each with `role` and `content`. The list has the attributes `tools` (functions for
        native tool calling) and `tool_names` (mapping from function name to tool name).

    Raises:
        ConfigError: If `mode`, `docs` or `system_role` is unknown.
        DataError: If a dict row lacks a column.

    Example:
        >>> messages = prompt(data[0])
        >>> [message["role"] for message in messages]
        ['system', 'user']
    """
    instance = as_instance(row)
    mode = validate_choice("mode", mode, MODES)
    messages = messages_of(
        instance,
        docs=validate_choice("docs", docs, DOCS),
        mode=mode,
        system_role=validate_choice("system_role", system_role, SYSTEM_ROLES),
        memory=memory,
    )
    names = safe_names([tool.name for tool in instance.candidates]) if mode == "tools" else {}
    return Prompt(messages, function_tools(instance.candidates, names) if names else [], names)


def sessions(row: Instance | Mapping[str, Any], *, docs: str = "full") -> list[Session]:
    """Return the history of an instance as dated sessions, as a memory system reads them.

    The steps of one day are a session. Where the order of the history means nothing, each step is a session without a
    date.

    Args:
        row: An instance from `load`, or a dict row of `datasets`. Its answer is not used.
        docs: `full` documents the tools of each session, `names` only names them.

    Raises:
        ConfigError: If `docs` is unknown.
        DataError: If a dict row lacks a column.

    Example:
        >>> for session in sessions(data[0]):
        ...     print(session.date, session.text)
    """
    return sessions_of(as_instance(row), validate_choice("docs", docs, DOCS))


def prompt_of(row: Instance, settings: RunSettings) -> Prompt:
    """Return the prompt of an instance as the settings of a run determine it, with its memory in the view `sessions`.

    Raises:
        MissingExtraError: If the memory `related` lacks the package of its encoder (extra `builder`).
    """
    memory = None if settings.history_view == "prompt" else recalled(row, settings).text
    return prompt(row, mode=settings.mode, docs=settings.docs, system_role=settings.system_role, memory=memory)


def select_rows(data: InstanceSet, settings: RunSettings) -> InstanceSet:
    """Return the instances of a run as the model sees them: history view, order of the candidates, core, ids and limit.

    Raises:
        ConfigError: If an id does not occur, or the core is asked for of another split than test.
        DataError: If there are no instances, or no other query group to swap histories with.
    """
    if not len(data):
        raise DataError(
            f"{settings.config!r} has no rows in the split {settings.split!r} of {data.source!r}. Name another split."
        )
    rows = data.with_history(settings.history, settings.shuffle_seed)
    if settings.core:
        rows = rows.core
    if settings.ids:
        rows = rows.select(settings.ids)
    return rows if settings.limit is None else rows.spread(settings.limit)


def write_prompts(data: InstanceSet, out: Path, settings: RunSettings, batch_model: str | None = None) -> int:
    """Write the prompts of instances to a JSON Lines file.

    A line is {`instance_id`, `messages`}, with `tools` in native mode. With `batch_model` it is a request of the Batch
    API instead, whose `custom_id` is the instance id; `score` reads the output file of the batch.

    Args:
        data: The instances.
        out: File to write.
        settings: History view, mode, documentation and, for a batch, sampling.
        batch_model: Model of the batch requests.

    Returns:
        Number of lines.

    Raises:
        ConfigError: If an id does not occur.
        DataError: If there are no instances, or no other query group to swap histories with.
        OutputError: If the file cannot be written.
    """
    rows = select_rows(data, settings)
    try:
        write_atomically(out, _lines(rows, settings, batch_model))
    except OSError as error:
        raise OutputError(f"The prompts cannot be written to {str(out)!r}: {error.strerror}.") from error
    return len(rows)


def _lines(rows: InstanceSet, settings: RunSettings, batch_model: str | None) -> Iterator[str]:
    for row in rows:
        request = prompt_of(row, settings)
        content: dict[str, Any] = {"messages": list(request)}
        if request.tools:
            content["tools"] = request.tools
        if batch_model is None:
            line = {"instance_id": row.instance_id, **content}
        else:
            body = {"model": batch_model, **replace(settings, model=batch_model).sampling, **content}
            line = {"custom_id": row.instance_id, "method": "POST", "url": BATCH_URL, "body": body}
        yield json.dumps(line, ensure_ascii=False) + "\n"
