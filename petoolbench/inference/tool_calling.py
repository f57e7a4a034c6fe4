"""Conversion of candidates to functions for native tool calling, and of native calls to text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from builder.words import MAX_DESCRIPTION, MAX_NAME, shortened
from hf_dataset.function_schemas import with_items
from hf_dataset.schema import ToolDoc
from metrics.petoolbench.names import candidate_of
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ToolCall

_UNSAFE: Final = re.compile(r"[^a-zA-Z0-9_-]")


def safe_names(names: Sequence[str]) -> dict[str, str]:
    """Return function names for tools: APIs limit them to 64 characters, which are letters, digits, `_` and `-`.

    Args:
        names: Distinct names of tools.

    Returns:
        Mapping from function name to tool name. Tools whose name is allowed keep it.
    """
    aliases: dict[str, str] = {}
    allowed = {name for name in names if _safe(name) == name}
    for name in names:
        alias = name if name in allowed else _free(_safe(name), allowed | aliases.keys())
        aliases[alias] = name
    return aliases


def function_tools(tools: Sequence[ToolDoc], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return tools in the format of the field `tools` of a chat completion request.

    Interfaces refuse the whole request if an array has no `items`, or if a description is long. Neither occurs in a
    data set that was built, but both do in imported ones: the array gets items, and the end of the description is left
    out. The listing is never shortened.

    Args:
        tools: Documentation of the tools.
        names: Result of `safe_names` for the names of the tools.
    """
    safe = {name: alias for alias, name in names.items()}
    return [
        {
            "type": "function",
            "function": {
                "name": safe[tool.name],
                "description": _description(tool),
                "parameters": with_items(json.loads(tool.parameters)),
            },
        }
        for tool in tools
    ]


def _description(tool: ToolDoc) -> str:
    """Return provider, description and listing of a tool, with a description that is not too long if possible."""
    room = MAX_DESCRIPTION - len(tool.listing) - len("\n ...")
    documentation = f"Provider: {tool.provider}. {tool.description}"
    return "\n".join(filter(None, (shortened(documentation, room) if room > 0 else documentation, tool.listing)))


def text_of_calls(calls: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """Return native tool calls as text for scoring, one call per line, with the names of the candidates.

    Arguments that are not valid JSON stay a string, which the scorer counts as wrong.

    Args:
        calls: Calls with `name` and `arguments`, directly or in the field `function`.
        names: Result of `safe_names`; other names are not replaced.
    """
    return "\n".join(_text_of_call(call.get("function") or call, names) for call in calls)


def text_of_reply(text: str, names: Mapping[str, str]) -> str:
    """Return a reply in which the name of a function is replaced by the name of the candidate.

    Models that run on this machine write native calls into the text of the reply.

    Args:
        text: The reply. It is returned unchanged unless it calls a function whose name differs from the candidate's.
        names: Result of `safe_names`.
    """
    call = parse(text, {*names, *names.values()})
    if not isinstance(call, ToolCall) or (name := candidate_name(call.name, names)) == call.name:
        return text
    return json.dumps({"name": name, "arguments": call.arguments}, ensure_ascii=False)


def candidate_name(called: str, names: Mapping[str, str]) -> str:
    """Return the name of the candidate that a call names, or the name as it is if it fits none or several.

    Some servers leave marks of the model's own call syntax around the name: `functions.` before it, `:0` after it,
    special tokens, or escaped underscores.

    Args:
        called: Name of the function in the call.
        names: Result of `safe_names`.
    """
    found = candidate_of(called, {*names, *names.values()})
    return called if found is None else names.get(found, found)


def _text_of_call(function: Mapping[str, Any], names: Mapping[str, str]) -> str:
    name, arguments = str(function.get("name") or ""), function.get("arguments")
    arguments = {} if arguments is None else arguments
    if isinstance(arguments, str):
        with suppress(ValueError, RecursionError):
            arguments = json.loads(arguments, object_pairs_hook=_unique_keys) if arguments.strip() else {}
    return json.dumps({"name": candidate_name(name, names), "arguments": arguments}, ensure_ascii=False)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; duplicate keys are an error, as in the parser of written calls."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("duplicate key")
    return value


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name)[:MAX_NAME] or "_"


def _free(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, with a number at its end if necessary."""
    number, alias = 1, name
    while alias in taken:
        number += 1
        suffix = f"_{number}"
        alias = name[: MAX_NAME - len(suffix)] + suffix
    return alias
