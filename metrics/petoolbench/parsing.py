"""From the text of a reply to a tool call.

What counts as a tool call: the last complete JSON object of the text that names a tool. Two spellings are read,
the field's `{"name", "arguments"}` and the paper's `{"tool_name", "parameters"}`, with the arguments as an object or
as JSON text. Text around the call and code fences do not matter. Parsing is total: it returns a `ParseFailure`
with a reason and never raises, and takes time linear in the length of the reply.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from .records import ParseFailure, ToolCall

_NAME_KEYS: Final = ("name", "tool_name")
_ARGUMENT_KEYS: Final = ("arguments", "parameters")
_MAX_DEPTH: Final = 64
"""Values nested deeper than this are no tool call; comparing them would exhaust the stack."""


def parse(text: str) -> ToolCall | ParseFailure:
    """Read the tool call out of a model's reply.

    Args:
        text: The reply as the model wrote it.

    Returns:
        The last complete tool call, or a failure with one of the reasons `empty`, `no_json_object`,
        `malformed_json`, `no_tool_name`, `arguments_not_an_object`, `nested_too_deep`.
    """
    if not text.strip():
        return ParseFailure("empty")
    failure = ParseFailure("no_json_object")
    for span in _objects_from_the_end(text):
        value = _load(text[span.start : span.end])
        call = value if isinstance(value, ParseFailure) else _as_call(value, inside_a_cut_object=span.inside)
        if isinstance(call, ToolCall):
            return call
        failure = call
    return failure


class _Span(NamedTuple):
    """Where an object stands in a reply."""

    start: int
    end: int
    inside: bool
    """It stands in an object that is never closed: part of a call that was cut off, perhaps."""


def _load(text: str) -> Any:
    """Parsed JSON, or a failure."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return ParseFailure("malformed_json")
    return ParseFailure("nested_too_deep") if _deeper_than(value, _MAX_DEPTH) else value


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            item
            for outer in level
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _objects_from_the_end(text: str) -> Iterator[_Span]:
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
    cut = next((at for at in open_at if text[at + 1 : at + 20].lstrip().startswith('"')), len(text))
    for start, end in reversed(closed):
        yield _Span(start, end, inside=start > cut)


def _as_call(value: Any, *, inside_a_cut_object: bool) -> ToolCall | ParseFailure:
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
    key = next((key for key in _ARGUMENT_KEYS if key in value), None)
    if name is None or (key is None and inside_a_cut_object):
        return ParseFailure("no_tool_name")
    arguments: Any = value[key] if key else {}
    if isinstance(arguments, str):
        arguments = _load(arguments)
    if arguments is None:
        arguments = {}
    if isinstance(arguments, ParseFailure) and arguments.reason == "nested_too_deep":
        return arguments
    return ToolCall(name, arguments) if isinstance(arguments, dict) else ParseFailure("arguments_not_an_object")
