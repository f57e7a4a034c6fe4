"""Parse tool calls from the text of a prediction.

A tool call is the last complete object in the text that names a tool. These forms are read:

* The usual form `{"name", "arguments"}`, and that of the paper, `{"tool_name", "parameters"}`.
* Both inside the wrappers of common interfaces: `tool_calls`, `function`, a list with one element.
* JSON, and Python's notation of dicts and lists.
* Arguments as an object, or as JSON text.
* A call that is complete except for its last brace.

Text, code fences and tags around the call are ignored. Of several separate calls, the last one counts. A list of more
than one call is not a tool call, because it leaves the choice to the reader.

The parser never raises: it returns a `ParseFailure` with a reason instead. It takes time linear in the length of the
text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from .records import MAX_DEPTH, ParseFailure, ToolCall, deeper_than

_NAME_KEYS: Final = ("name", "tool_name")
_ARGUMENT_KEYS: Final = ("arguments", "parameters", "args", "input")
_WRAPPERS: Final = ("tool_calls", "tool_call", "function_call", "functionCall", "function", "call", "action")
_MAX_WRAPPERS: Final = 8
_MAX_LENGTH: Final = 1_000_000
"""Maximum number of characters of a prediction; no correct answer is longer."""
_MAX_SPANS: Final = 2_000
"""Maximum number of objects and lists that are tried, from the end of the text."""

_STRUCTURE: Final = re.compile(r"[{}\[\]\"]|(?<=[{\[,:(])\s*'")
"""Start or end of an object, list or string. A single quote counts only where Python code could start a string, so that
apostrophes do not count."""
_END_IN_LINE: Final = {
    '"': re.compile(r'\\.|["\n]', re.DOTALL),
    "'": re.compile(r"\\.|\n|'(?=\s*[,:}\])])", re.DOTALL),
}
"""End of a string by its quote, or an escape sequence. A raw line break ends the string: its quote was in prose."""
_END_ACROSS_LINES: Final = {
    '"': re.compile(r'\\.|"', re.DOTALL),
    "'": re.compile(r"\\.|'(?=\s*[,:}\])])", re.DOTALL),
}
"""End of a string by its quote, or an escape sequence. A raw line break is part of the string."""
_PYTHON: Final = re.compile(
    r"""(?P<double>"(?:[^"\\]|\\.)*"?)|(?P<single>'(?:[^'\\]|\\.|'(?!\s*[,:}\])]))*'?)"""
    r"""|(?P<word>\b(?:True|False|None)\b)|(?P<comma>,(?=\s*[}\]]))""",
    re.DOTALL,
)
"""Tokens that differ between Python and JSON. An unclosed string extends to the end of the text, so that no part of it
is searched twice."""
_ESCAPE: Final = re.compile(r"""\\(?:x([0-9a-fA-F]{2})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})|(.))|\"""", re.DOTALL)
_WORDS: Final = {"True": "true", "False": "false", "None": "null"}
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")


class _AmbiguousError(ValueError):
    """JSON that parsers interpret differently; its message is the reason of the `ParseFailure`."""


def parse(text: str) -> ToolCall | ParseFailure:
    """Parse the tool call in a prediction.

    Args:
        text: Raw text of the model's reply.

    Returns:
        The last complete tool call, or a failure with one of the reasons `empty`, `too_long`, `no_json_object`,
        `malformed_json`, `duplicate_keys`, `no_json_number`, `lone_surrogate`, `nested_too_deep`, `no_tool_name`,
        `arguments_not_an_object` and `several_calls`.
    """
    call = _only_call(text) if len(text) <= _MAX_LENGTH else None
    if call:
        return call
    stripped = text.strip()
    if not stripped:
        return ParseFailure("empty")
    if len(stripped) > _MAX_LENGTH:
        return ParseFailure("too_long")
    return _any_call(stripped)


def _only_call(text: str) -> ToolCall | None:
    """Return the call if it is the only object in the text and plainly written, as most are; None otherwise.

    This is the fast path: `_any_call` gives the same result, but inspects every key, which takes four times as long.
    """
    start, end = text.find("{"), text.rfind("}") + 1
    if not _is_plain(text, start, end):
        return None
    try:
        value, stop = _read_object(text, start)
    except (ValueError, RecursionError):
        return None
    if stop != end or len(value) != 2:
        return None
    name = value.get("name") or value.get("tool_name")
    arguments = value.get("arguments") or value.get("parameters")
    if type(name) is not str or type(arguments) is not dict or not _is_unambiguous(text, start, end, value, arguments):
        return None
    return ToolCall(name, arguments)


def _is_plain(text: str, start: int, end: int) -> bool:
    """Return True if no bracket is outside of the span, and no escape sequence can be a colon or a lone surrogate."""
    if start < 0 or text.find("[", 0, start) >= 0 or text.find("[", end) >= 0 or text.find("{", end) >= 0:
        return False
    return ("\\u" not in text and text.isascii()) or not ("\\u003" in text or _SURROGATE.search(text))


def _is_unambiguous(text: str, start: int, end: int, value: dict[str, Any], arguments: dict[str, Any]) -> bool:
    """Return True if no key is repeated and the value is not nested too deep.

    Every colon in the text follows a key or is in a string. So a repeated key shows as a surplus of colons.
    """
    colons = text.count(":", start, end)
    if colons == 2 + len(arguments) and _SCALARS.issuperset(map(type, arguments.values())):
        return True
    return text.count("{") + text.count("[") <= MAX_DEPTH and colons == _colons(value)


def _colons(value: Any) -> int:
    """Return the number of colons in the JSON text of a value without repeated keys."""
    if type(value) is str:
        return value.count(":")
    if type(value) is list:
        return sum(map(_colons, value))
    if type(value) is dict:
        return len(value) + sum(map(_colons, value)) + sum(map(_colons, value.values()))
    return 0


def _any_call(text: str) -> ToolCall | ParseFailure:
    if text[0] == "{" and text[-1] == "}":
        value = _strict(text)
        if type(value) is dict:
            return _as_call(value)
    call = _last_call(text)
    if isinstance(call, ParseFailure) and call.reason in ("no_json_object", "no_tool_name"):
        return _call_closed_by_last_brace(text.rstrip("` \t\r\n") + "}") or call
    return call


def _call_closed_by_last_brace(text: str) -> ToolCall | None:
    """Return the call that the last brace of the text closes, if it has arguments."""
    span = next(iter(_spans_from_the_end(text)), None)
    value = _load(text[span.start :]) if span and span.end == len(text) else None
    call = _as_call(value) if _has_arguments(value) else None
    return call if isinstance(call, ToolCall) else None


def _last_call(text: str) -> ToolCall | ParseFailure:
    """Return the last call; without one, the failure of the last object, or else `no_json_object`."""
    failure = None
    for span in _spans_from_the_end(text):
        value = _load(text[span.start : span.end])
        call = _call_in(span, value)
        if isinstance(call, ToolCall) or call.reason == "several_calls":
            return call
        if failure is None and not (isinstance(value, list) or text[span.start] == "["):
            failure = call
    return failure or ParseFailure("no_json_object")


class _Span(NamedTuple):
    """Position of an object or list in the text."""

    start: int
    end: int
    in_unclosed: bool
    """True if the span is inside an object that is never closed, which may be a truncated call."""


def _call_in(span: _Span, value: Any) -> ToolCall | ParseFailure:
    """Return the call that the value of a span holds."""
    call = value if isinstance(value, ParseFailure) else _as_call(value)
    if isinstance(call, ToolCall) and span.in_unclosed and not _has_arguments(value):
        return ParseFailure("no_tool_name")  # an object with a name is part of a truncated call
    return call


def _spans_from_the_end(text: str) -> list[_Span]:
    """Return the outermost balanced `{...}` and `[...]`, the last one first.

    Brackets in strings do not count, and an unclosed bracket does not hide those after it. A quote without a
    counterpart on its line may or may not start a string, so the text is read both ways.
    """
    spans = set(_spans(text, _END_IN_LINE))
    if "\n" in text:
        spans.update(_spans(text, _END_ACROSS_LINES))
    return sorted(spans, key=lambda span: (-span.end, span.start, span.in_unclosed))[:_MAX_SPANS]


def _spans(text: str, string_ends: Mapping[str, re.Pattern[str]]) -> Iterator[_Span]:
    closed: list[tuple[int, int]] = []
    open_at: list[int] = []
    position = 0
    while token := _STRUCTURE.search(text, position):
        position = token.end()
        char = text[position - 1]
        if char in "{[":
            open_at.append(position - 1)
        elif open_at and char in "\"'":
            position = _end_of_string(text, position, string_ends[char])
        elif open_at:
            _close(text, position, open_at, closed)
    unclosed = next((at for at in open_at if _opens_object(text, at)), len(text))
    for start, end in closed:
        yield _Span(start, end, in_unclosed=start > unclosed)


def _opens_object(text: str, at: int) -> bool:
    """Return True if a bracket is a brace that is followed by a quote."""
    return text[at] == "{" and text[at + 1 : at + 20].lstrip()[:1] in ('"', "'")


def _close(text: str, end: int, open_at: list[int], closed: list[tuple[int, int]]) -> None:
    """Close the span that ends with the closing bracket before `end`, if it has an opening one."""
    start = _opening(text, open_at, text[end - 1])
    if start is None:
        return
    while closed and closed[-1][0] > start:
        closed.pop()
    if len(open_at) < MAX_DEPTH:
        closed.append((start, end))


def _opening(text: str, open_at: list[int], closing: str) -> int | None:
    """Pop the counterpart of a closing bracket from the open ones; None if it has no counterpart."""
    if closing == "]":
        return open_at.pop() if text[open_at[-1]] == "[" else None
    while open_at:
        at = open_at.pop()
        if text[at] == "{":
            return at
    return None


def _end_of_string(text: str, position: int, ends: re.Pattern[str]) -> int:
    while token := ends.search(text, position):
        position = token.end()
        if token[0][0] != "\\":
            return position
    return len(text)


def _load(text: str) -> Any:
    """Parse a value as JSON, or else as Python; a `ParseFailure` if it is neither."""
    value = _strict(text)
    if isinstance(value, ParseFailure) and value.reason == "malformed_json":
        return _strict(_PYTHON.sub(_as_json, text))
    return value


def _as_json(token: re.Match[str]) -> str:
    text = token[0]
    if token["word"]:
        return _WORDS[text]
    return "" if token["comma"] else '"' + _ESCAPE.sub(_as_json_escape, text[1:-1]) + '"'


def _as_json_escape(token: re.Match[str]) -> str:
    byte, point, char = token.groups()
    if byte or point:
        return json.dumps(chr(int(byte or point, 16)))[1:-1]
    return "'" if char == "'" else f"\\{char or token[0]}"


def _strict(text: str) -> Any:
    """Parse a value as JSON; a `ParseFailure` if it is malformed, ambiguous or nested too deep."""
    try:
        value = _DECODER.decode(text)
    except _AmbiguousError as error:
        return ParseFailure(str(error))
    except (ValueError, RecursionError):
        return ParseFailure("malformed_json")
    if (not text.isascii() or "\\u" in text) and _SURROGATE.search(text) and _has_lone_surrogate(value):
        return ParseFailure("lone_surrogate")
    return ParseFailure("nested_too_deep") if _is_too_deep(value, text) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _AmbiguousError("duplicate_keys")
    return value


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _AmbiguousError("no_json_number")
    return value


def _constant(_: str) -> None:
    raise _AmbiguousError("no_json_number")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_constant=_constant, strict=False
)
_read_object: Final = json.JSONDecoder(parse_float=_number, parse_constant=_constant, strict=False).raw_decode
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _is_too_deep(value: Any, text: str) -> bool:
    # Counting the brackets is cheaper than walking through the value.
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    return deeper_than(value, MAX_DEPTH)


def _has_arguments(value: Any) -> bool:
    return isinstance(value, dict) and any(key in value for key in _ARGUMENT_KEYS)


def _as_call(value: Any, wrappers: int = 0) -> ToolCall | ParseFailure:
    """Return the call that a JSON value holds.

    Args:
        value: The value.
        wrappers: Number of wrappers that were removed before.
    """
    if isinstance(value, list):
        return _as_only_call(value, wrappers)
    if not isinstance(value, dict):
        return ParseFailure("no_tool_name")
    for key in _NAME_KEYS:
        name = value.get(key)
        if isinstance(name, str):
            return _with_arguments(name, value)
    inner = _unwrapped(value) if wrappers < _MAX_WRAPPERS else None
    return _as_call(inner, wrappers + 1) if isinstance(inner, dict | list) else ParseFailure("no_tool_name")


def _unwrapped(value: dict[str, Any]) -> Any:
    """Return the value in a wrapper: under the first known key, or else under the only key; None if there is none."""
    inner = next((value[key] for key in _WRAPPERS if value.get(key)), None)
    if inner is None and len(value) == 1:
        (inner,) = value.values()
    return _load(inner) if isinstance(inner, str) else inner


def _as_only_call(values: list[Any], wrappers: int) -> ToolCall | ParseFailure:
    """Return the call of a list that has exactly one."""
    if wrappers >= _MAX_WRAPPERS:
        return ParseFailure("no_tool_name")
    if len(values) == 1:
        return _as_call(values[0], wrappers + 1)
    read = (_as_call(item, _MAX_WRAPPERS - 1) for item in values if isinstance(item, dict))
    calls = [call for call in read if isinstance(call, ToolCall) or call.reason != "no_tool_name"]
    if len(calls) == 1:  # the other items are blocks of text
        return calls[0]
    return ParseFailure("several_calls" if calls else "no_tool_name")


def _with_arguments(name: str, value: dict[str, Any]) -> ToolCall | ParseFailure:
    """Return the call to a tool with the arguments of an object."""
    arguments: Any = next((value[key] for key in _ARGUMENT_KEYS if key in value), None)
    if isinstance(arguments, str):
        arguments = _load(arguments) if arguments.strip() else None
        if isinstance(arguments, ParseFailure) and arguments.reason != "malformed_json":
            return arguments
    if arguments is None:
        arguments = {}
    return ToolCall(name, arguments) if isinstance(arguments, dict) else ParseFailure("arguments_not_an_object")
