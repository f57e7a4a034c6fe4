"""Chat messages of an instance, the same in training data and in prediction.

The system message states the task; its text is in `prompts/predict*.md`. The user message is one JSON object, so that
text of a catalogue or of a user stays inside a string. Characters that start a control token of chat templates
(`<|...|>`, `<s>`, `[INST]`) are written as JSON escapes, so that no string can end the message either.

To keep messages short, absent fields are left out, tools are documented once, and only the candidates show parameters.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, Literal, get_args

from .errors import ReadError
from .schema import HISTORY_TYPES, AnswerRow, Instance, InteractionRow, MetaRow, ToolDoc
from .sessions import sessions_of

Docs = Literal["full", "names"]
"""How the tools in the history are shown: `full` adds their documentation, `names` does not."""
DOCS: Final[tuple[Docs, ...]] = get_args(Docs)
Mode = Literal["prompt", "tools"]
"""How the candidates are passed: `prompt` puts them into the user message and asks for a JSON object; with `tools` the
caller sends them as functions for native tool calling."""
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
SystemRole = Literal["separate", "merge"]
"""How the system prompt is sent: as a message with the role `system`, or at the beginning of the user message, for chat
templates without a system role."""
SYSTEM_ROLES: Final[tuple[SystemRole, ...]] = get_args(SystemRole)
Past = Literal["history", "memory"]
"""How the past of the user is shown: as the history, or as the text that a memory kept of it."""
Message = dict[str, str]
"""A dict with `role` and `content`."""
_MARK: Final = re.compile(r"\[(?=/?[A-Z_]+\])")
"""Opening bracket of a control token. It never matches a bracket of JSON, which no bare capital letter can follow."""


def messages_of(
    instance: Instance,
    *,
    docs: Docs = "full",
    mode: Mode = "prompt",
    system_role: SystemRole = "separate",
    memory: str | None = None,
) -> list[Message]:
    """Return the system message and the user message of an instance.

    Args:
        instance: The instance. Its answer is not used.
        docs: `full` adds the documentation of the tools in the history.
        mode: `prompt` adds the candidates to the user message; `tools` leaves them out.
        system_role: `merge` returns a single user message that begins with the system prompt.
        memory: Text to show in place of the history, such as the notes of a memory system; None for the history.

    Raises:
        ReadError: If the instance id does not start with a config.
    """
    past: Past = "history" if memory is None else "memory"
    prompt, user = _system(config_of(instance.instance_id), mode, past), _user(instance, docs, mode, memory)
    if system_role == "merge":
        return [{"role": "user", "content": f"{prompt}\n\n{user}"}]
    return [{"role": "system", "content": prompt}, {"role": "user", "content": user}]


def choice_prompt(instance: Instance) -> str:
    """Return the prompt of an instance as a multiple-choice question, without the options.

    Raises:
        ReadError: If the instance id does not start with a config.
    """
    text = _filled("choice", config_of(instance.instance_id), "history")
    return f"{text}\n\n{_user(instance, 'full', 'tools', None)}"


def choice_option(tool: ToolDoc) -> str:
    """Return a candidate as an option of a multiple-choice question: one JSON object."""
    return _json(_documentation(tool))


def named_config(instance_id: str) -> str | None:
    """Return the config that an instance id starts with; None if it starts with none of the history types."""
    config = instance_id.partition("-")[0]
    return config if config in HISTORY_TYPES else None


def config_of(instance_id: str) -> str:
    """Return the config that an instance id starts with.

    Raises:
        ReadError: If it starts with none of the history types.
    """
    config = named_config(instance_id)
    if config is None:
        raise ReadError(
            f"The instance_id {instance_id!r} does not begin with its config, one of {', '.join(HISTORY_TYPES)} and a "
            "hyphen. Build or import the data set again."
        )
    return config


@cache
def prompt_version(mode: Mode = "prompt", past: Past = "history") -> str:
    """Return eight hexadecimal digits that change if the messages of any instance change.

    Args:
        mode: How the candidates are passed, as in `messages_of`.
        past: `memory` for messages that show a memory. The texts of the sessions, from which it is made, count too.
    """
    rows = [_specimen(f"{config}-0") for config in HISTORY_TYPES]
    asked: list[Any] = [
        messages_of(row, docs=docs, mode=mode, memory="memory" if past == "memory" else None)
        for row in rows
        for docs in DOCS
    ]
    if past == "memory":
        asked += [session.text for row in rows for session in sessions_of(row)]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:8]


@cache
def _system(config: str, mode: Mode, past: Past) -> str:
    return _filled("predict" if mode == "prompt" else "predict_tools", config, past)


def _filled(name: str, config: str, past: Past) -> str:
    """Return the text of a prompt with its passages on the past of the user."""
    frame = _wording(name).replace("{past}", _wording(f"past_{past}").strip())
    return frame.replace("{history}", _wording(f"predict_{config}").strip()).strip()


def _wording(name: str) -> str:
    return (files(__package__) / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def _user(instance: Instance, docs: Docs, mode: Mode, memory: str | None) -> str:
    """Return one JSON object, with one list item per line."""
    parts = [f'"history":{_list(map(_step, instance.history))}' if memory is None else f'"memory":{_json(memory)}']
    if docs == "full" and memory is None:
        candidates = {tool.name for tool in instance.candidates}
        others = (tool for tool in instance.history_tools if tool.name not in candidates)
        parts.append(f'"history_tools":{_list(map(_history_tool, others))}')
    if mode == "prompt":
        parts.append(f'"candidates":{_list(map(_candidate, instance.candidates))}')
    if instance.today is not None:
        parts.append(f'"today":{_json(instance.today)}')
    parts.append(f'"instruction":{_json(instance.instruction)}')
    return "{" + ",\n".join(parts) + "}"


def _list(items: Iterable[str]) -> str:
    return "[\n" + ",\n".join(items) + "]"


def _step(step: InteractionRow) -> str:
    shown: dict[str, Any] = {
        "date": step.date,
        "instruction": step.instruction,
        "also_offered": [name for name in step.offered if name != step.name] or None,
        "call": {"name": step.name, "arguments": json.loads(step.arguments)},
        "rating": step.rating,
    }
    return _json({name: value for name, value in shown.items() if value is not None})


@lru_cache(maxsize=8192)
def _history_tool(tool: ToolDoc) -> str:
    """Return what a model needs of a tool that it cannot call: its listing, or the description."""
    return _json({"name": tool.name, "listing": tool.listing} if tool.listing else _documentation(tool))


@lru_cache(maxsize=8192)
def _candidate(tool: ToolDoc) -> str:
    return _json({**_documentation(tool), "parameters": json.loads(tool.parameters)})


def _documentation(tool: ToolDoc) -> dict[str, Any]:
    listing = {"listing": tool.listing} if tool.listing else {}
    return {"name": tool.name, "provider": tool.provider, "description": tool.description, **listing}


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _MARK.sub(r"\\u005b", text.replace("<", r"\u003c"))


def _specimen(instance_id: str) -> Instance:
    """Return a small instance with every field that the messages contain."""
    tool, other = (
        ToolDoc(name, "provider", "Does <it> [NOW].", "Price: 0", '{"type": "object", "properties": {}}')
        for name in ("tool", "other")
    )
    rating = 1 if instance_id.startswith("rating_integrated") else None
    return Instance(
        instance_id=instance_id,
        user_id="user",
        query_group="query",
        category="category",
        functionality="functionality",
        instruction="Do it.",
        today="2026-03-02",
        history=[InteractionRow("Do that.", "tool", '{"a": 1}', rating, ["other", "tool"], "2026-03-01")],
        history_tools=[other, tool],
        candidates=[tool],
        answer=AnswerRow("tool", "{}"),
        evidence=[0],
        meta=MetaRow(),
    )
