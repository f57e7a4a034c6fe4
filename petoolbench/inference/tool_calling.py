"""Candidates in the form of native tool calling, under names that interfaces accept, and calls back from it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from builder.words import MAX_NAME
from hf_dataset.schema import ToolDoc
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ToolCall

_UNSAFE: Final = re.compile(r"[^a-zA-Z0-9_-]")


def safe_names(names: Sequence[str]) -> dict[str, str]:
    """Each name by one that function-calling interfaces accept: letters, digits, `_` and `-`, at most 64 characters.

    Args:
        names: All different.
    """
    found: dict[str, str] = {}
    kept = {name for name in names if _safe(name) == name}
    for name in names:
        safe = name if name in kept else _free(_safe(name), kept | found.keys())
        found[safe] = name
    return found


def function_tools(tools: Sequence[ToolDoc], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Tools as the `tools` of a chat completion request.

    Args:
        tools: Their documentation.
        names: As `safe_names` gave them.
    """
    safe = {name: alias for alias, name in names.items()}
    return [
        {
            "type": "function",
            "function": {
                "name": safe[tool.name],
                "description": f"Provider: {tool.provider}. {tool.description}",
                "parameters": json.loads(tool.parameters),
            },
        }
        for tool in tools
    ]


def text_of_calls(calls: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """Native tool calls as the text that is scored, one a line, under the tools' own names.

    Arguments that are no JSON are given as they came, as a string, and are judged as such.

    Args:
        calls: `tool_calls` of a message.
        names: As `safe_names` gave them; a name that is not there stays as it is.
    """
    return "\n".join(_text_of_call(call.get("function") or {}, names) for call in calls)


def text_of_reply(text: str, names: Mapping[str, str]) -> str:
    """A reply in which a native call is written out, as models on this machine do, under the tool's own name.

    Args:
        text: The reply; as it is where no name in it was changed.
        names: As `safe_names` gave them.
    """
    call = parse(text)
    if not isinstance(call, ToolCall) or names.get(call.name, call.name) == call.name:
        return text
    return json.dumps({"name": names[call.name], "arguments": call.arguments}, ensure_ascii=False)


def _text_of_call(function: Mapping[str, Any], names: Mapping[str, str]) -> str:
    name, arguments = str(function.get("name") or ""), function.get("arguments")
    if isinstance(arguments, str):
        with suppress(ValueError, RecursionError):
            arguments = json.loads(arguments, object_pairs_hook=_each_once) if arguments.strip() else {}
    return json.dumps({"name": names.get(name, name), "arguments": arguments}, ensure_ascii=False)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one that names a key twice is none, as where the call is written out."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name)[:MAX_NAME] or "_"


def _free(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        ending = f"_{number}"
        found = name[: MAX_NAME - len(ending)] + ending
    return found
