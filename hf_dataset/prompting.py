"""What a model is asked: an instance as chat messages, the same in training data and in prediction.

The system message states the task, in words of `prompts/predict*.md`. The user message is one JSON object, so that text
of a catalogue or a user, however it is worded, stays a string inside it. What chat templates take for their own marks
(`<|...|>`, `<s>`, `[INST]`) is written with JSON escapes, so that no string ends the message either.
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

Docs = Literal["full", "names"]
"""Whether the tools of the history are documented, or only named by its calls."""
DOCS: Final[tuple[Docs, ...]] = get_args(Docs)
Mode = Literal["prompt", "tools"]
"""Whether the candidates stand in the message, and a JSON object is to be replied, or whether they travel beside it as
the functions of native tool calling."""
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
Message = dict[str, str]
"""`role` and `content`."""
_MARK: Final = re.compile(r"\[(?=/?[A-Z_]+\])")
"""An opening bracket of a mark; never one of JSON, behind which no bare capitals can stand."""


def messages_of(instance: Instance, *, docs: Docs = "full", mode: Mode = "prompt") -> list[Message]:
    """An instance as the messages that a model is asked with: one of the system, one of the user.

    Args:
        instance: The row; its answer is not looked at.
        docs: Whether the tools of the history are documented.
        mode: Whether the candidates are in the message.

    Raises:
        ReadError: If the row's id does not begin with its config.
    """
    return [
        {"role": "system", "content": _system(config_of(instance.instance_id), mode)},
        {"role": "user", "content": _user(instance, docs, mode)},
    ]


def config_of(instance_id: str) -> str:
    """The history type that an instance id begins with.

    Raises:
        ReadError: If it begins with none.
    """
    config = instance_id.partition("-")[0]
    if config not in HISTORY_TYPES:
        raise ReadError(
            f"The instance_id {instance_id!r} does not begin with its config, one of {', '.join(HISTORY_TYPES)} and a "
            "hyphen. Build or import the data set again."
        )
    return config


@cache
def prompt_version(mode: Mode = "prompt") -> str:
    """Eight hexadecimal digits that change with whatever a model would be asked otherwise than now."""
    asked = [messages_of(_specimen(f"{config}-0"), docs=docs, mode=mode) for config in HISTORY_TYPES for docs in DOCS]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:8]


@cache
def _system(config: str, mode: Mode) -> str:
    frame = _wording("predict" if mode == "prompt" else "predict_tools")
    return frame.replace("{history}", _wording(f"predict_{config}").strip()).strip()


def _wording(name: str) -> str:
    return (files(__package__) / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def _user(instance: Instance, docs: Docs, mode: Mode) -> str:
    """One JSON object, with an item of its lists on each line."""
    parts = [f'"history":{_list(map(_step, instance.history))}']
    if docs == "full":
        parts.append(f'"history_tools":{_list(map(_tool, instance.history_tools))}')
    if mode == "prompt":
        parts.append(f'"candidates":{_list(map(_tool, instance.candidates))}')
    parts.append(f'"instruction":{_json(instance.instruction)}')
    return "{" + ",\n".join(parts) + "}"


def _list(items: Iterable[str]) -> str:
    return "[\n" + ",\n".join(items) + "]"


def _step(step: InteractionRow) -> str:
    shown: dict[str, Any] = {
        "instruction": step.instruction,
        "call": {"name": step.name, "arguments": json.loads(step.arguments)},
    }
    if step.rating is not None:
        shown["rating"] = step.rating
    return _json(shown)


@lru_cache(maxsize=8192)
def _tool(tool: ToolDoc) -> str:
    return _json(
        {
            "name": tool.name,
            "provider": tool.provider,
            "description": tool.description,
            "parameters": json.loads(tool.parameters),
        }
    )


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _MARK.sub(r"\\u005b", text.replace("<", r"\u003c"))


def _specimen(instance_id: str) -> Instance:
    """A small row that has everything a prompt shows."""
    tool = ToolDoc("tool", "provider", "Does <it> [NOW].", '{"type": "object", "properties": {}}')
    rating = 1 if instance_id.startswith("rating_integrated") else None
    return Instance(
        instance_id=instance_id,
        user_id="user",
        query_group="query",
        category="category",
        functionality="functionality",
        instruction="Do it.",
        history=[InteractionRow("Do that.", "tool", '{"a": 1}', rating)],
        history_tools=[tool],
        candidates=[tool],
        answer=AnswerRow("tool", "{}"),
        evidence=[0],
        meta=MetaRow(None, None, None, None, None, None),
    )
