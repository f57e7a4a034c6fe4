"""From the text of a reply to a tool call.

What counts as a tool call: the last complete JSON object of the text that names a tool. Two spellings are read,
the field's `{"name", "arguments"}` and the paper's `{"tool_name", "parameters"}`, with the arguments as an object or
as JSON text. Text around the call and code fences do not matter. Parsing is total: it returns a `ParseFailure`
with a reason and never raises, and takes time linear in the length of the reply.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from .records import ParseFailure, ToolCall

_NAME_KEYS: Final = ("name", "tool_name")
_ARGUMENT_KEYS: Final = ("arguments", "parameters")
_MAX_DEPTH: Final = 64
"""Objects nested deeper than this are no tool call; it also keeps `json` from exhausting the stack."""


def parse(text: str) -> ToolCall | ParseFailure:
    """Read the tool call out of a model's reply.

    Args:
        text: The reply as the model wrote it.

    Returns:
        The last complete tool call, or a failure with one of the reasons `empty`, `no_json_object`,
        `malformed_json`, `no_tool_name`, `arguments_not_an_object`.
    """
    if not text.strip():
        return ParseFailure("empty")
    failure = ParseFailure("no_json_object")
    for start, end in _objects_from_the_end(text):
        try:
            value = json.loads(text[start:end], parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            failure = ParseFailure("malformed_json")
            continue
        call = _as_call(value)
        if isinstance(call, ToolCall):
            return call
        failure = call
    return failure


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _objects_from_the_end(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the outermost balanced `{...}` of the text, the last one first.

    One pass: braces inside JSON strings do not count, and a brace that is never closed does not hide the objects
    behind it.
    """
    closed: list[tuple[int, int]] = []
    open_at: list[int] = []
    in_string = escaped = False
    for index, char in enumerate(text):
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char in '"\n':  # a raw line break ends a string: it was prose, not JSON
                in_string = False
        elif char == '"' and open_at:
            in_string = True
        elif char == "{":
            open_at.append(index)
        elif char == "}" and open_at:
            start = open_at.pop()
            while closed and closed[-1][0] > start:
                closed.pop()
            if len(open_at) < _MAX_DEPTH:
                closed.append((start, index + 1))
    yield from reversed(closed)


def _as_call(value: Any) -> ToolCall | ParseFailure:
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
    if name is None:
        return ParseFailure("no_tool_name")
    arguments: Any = next((value[key] for key in _ARGUMENT_KEYS if key in value), {})
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return ParseFailure("arguments_not_an_object")
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        return ParseFailure("arguments_not_an_object")
    return ToolCall(name, arguments)
