"""From the text of a reply to a tool call.

What counts as a tool call: the last complete object of the text that names a tool. Read are the field's
`{"name", "arguments"}`, the paper's `{"tool_name", "parameters"}`, the wrappers in which interfaces put them
(`tool_calls`, `function`, a list of one), and Python's way of writing an object. Arguments are an object or JSON text.
A call that lacks nothing but its last brace counts too. Text around the call, code fences and tags do not matter. A
list of more than one call is no call, since it leaves the choice to the reader; of several calls one after the other
the last one counts.

Parsing is total: it returns a `ParseFailure` with a reason and never raises, and takes time linear in the length of
the reply.
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
"""Characters; no answer is longer."""
_MAX_OBJECTS: Final = 2_000
"""Objects and lists that are looked at, from the end of the reply."""

_STRUCTURE: Final = re.compile(r"[{}\[\]\"]|(?<=[{\[,:(])\s*'")
"""What opens and closes objects, lists and strings outside a string. A single quote opens one only where Python would
write one, so that an apostrophe does not."""
_IN_A_LINE: Final = {
    '"': re.compile(r'\\.|["\n]', re.DOTALL),
    "'": re.compile(r"\\.|\n|'(?=\s*[,:}\])])", re.DOTALL),
}
"""What ends a string, by its quote, and what is escaped in it, where a raw line break ends one: it was prose."""
_ACROSS_LINES: Final = {
    '"': re.compile(r'\\.|"', re.DOTALL),
    "'": re.compile(r"\\.|'(?=\s*[,:}\])])", re.DOTALL),
}
"""The same where a raw line break belongs to the string."""
_PYTHONIC: Final = re.compile(
    r"""(?P<double>"(?:[^"\\]|\\.)*"?)|(?P<single>'(?:[^'\\]|\\.|'(?!\s*[,:}\])]))*'?)"""
    r"""|(?P<word>\b(?:True|False|None)\b)|(?P<comma>,(?=\s*[}\]]))""",
    re.DOTALL,
)
"""What Python writes in another way than JSON. A string that is never closed reaches to the end, so that none is
searched twice."""
_ESCAPE: Final = re.compile(r"""\\(?:x([0-9a-fA-F]{2})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})|(.))|\"""", re.DOTALL)
_WORDS: Final = {"True": "true", "False": "false", "None": "null"}
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")


class _RefusedError(ValueError):
    """JSON that means different things to different readers."""


def parse(text: str) -> ToolCall | ParseFailure:
    """Read the tool call out of a model's reply.

    Args:
        text: The reply as the model wrote it.

    Returns:
        The last complete tool call, or a failure with one of the reasons `empty`, `too_long`, `no_json_object`,
        `malformed_json`, `duplicate_keys`, `no_json_number`, `lone_surrogate`, `nested_too_deep`, `no_tool_name`,
        `arguments_not_an_object`, `several_calls`.
    """
    call = _only_call(text) if len(text) <= _MAX_LENGTH else None
    if call:
        return call
    whole = text.strip()
    if not whole:
        return ParseFailure("empty")
    if len(whole) > _MAX_LENGTH:
        return ParseFailure("too_long")
    if whole[0] == "{" and whole[-1] == "}":
        value = _strict(whole)
        if type(value) is dict:
            return _as_call(value)
    found = _last_call(whole)
    if isinstance(found, ParseFailure) and found.reason in ("no_json_object", "no_tool_name"):
        return _but_for_a_brace(whole.rstrip("` \t\r\n") + "}") or found
    return found


def _only_call(text: str) -> ToolCall | None:
    """The call of a reply whose only object it is, as in most; None where a closer look is due.

    It is read without a look at each key as it comes, which makes reading four times as fast. That no key came twice is
    known by counting: every colon is behind a key or within a string. Escapes that could stand for a colon or for half
    a surrogate pair get the closer look.
    """
    start, end = text.find("{"), text.rfind("}") + 1
    if start < 0 or text.find("[", 0, start) >= 0 or text.find("[", end) >= 0 or text.find("{", end) >= 0:
        return None
    if ("\\u" in text or not text.isascii()) and ("\\u003" in text or _SURROGATE.search(text)):
        return None
    try:
        value, stop = _read_object(text, start)
    except (ValueError, RecursionError):
        return None
    if stop != end or len(value) != 2:
        return None
    name = value.get("name") or value.get("tool_name")
    arguments = value.get("arguments") or value.get("parameters")
    if type(name) is not str or type(arguments) is not dict:
        return None
    colons = text.count(":", start, end)
    plain = colons == 2 + len(arguments) and _FLAT.issuperset(map(type, arguments.values()))
    if not plain and (text.count("{") + text.count("[") > MAX_DEPTH or colons != _colons(value)):
        return None
    return ToolCall(name, arguments)


def _colons(value: Any) -> int:
    """Colons in the JSON text of a value in which no key came twice."""
    if type(value) is str:
        return value.count(":")
    if type(value) is list:
        return sum(map(_colons, value))
    if type(value) is dict:
        return len(value) + sum(map(_colons, value)) + sum(map(_colons, value.values()))
    return 0


def _but_for_a_brace(text: str) -> ToolCall | None:
    """The call that the last brace of a text closes, if its arguments were whole without it."""
    span = next(iter(_spans_from_the_end(text)), None)
    value = _load(text[span.start :]) if span and span.end == len(text) else None
    call = _as_call(value) if _has_arguments(value) else None
    return call if isinstance(call, ToolCall) else None


def _last_call(text: str) -> ToolCall | ParseFailure:
    failure = ParseFailure("no_json_object")
    told = False
    for span in _spans_from_the_end(text):
        value = _load(text[span.start : span.end])
        call = value if isinstance(value, ParseFailure) else _as_call(value)
        if isinstance(call, ToolCall):
            # Within a call that was cut off, an object that happens to have a name is a piece of it, not a call.
            if not span.inside or _has_arguments(value):
                return call
            call = ParseFailure("no_tool_name")
        if call.reason == "several_calls":
            return call
        if not told and not (isinstance(value, list) or text[span.start] == "["):
            failure, told = call, True
    return failure


class _Span(NamedTuple):
    """Where an object or a list stands in a reply."""

    start: int
    end: int
    inside: bool
    """It stands in an object that is never closed: part of a call that was cut off, perhaps."""


def _spans_from_the_end(text: str) -> list[_Span]:
    """Spans of the outermost balanced `{...}` and `[...]` of the text, the last one first.

    Brackets inside strings do not count, and one that is never closed does not hide what is behind it. Whether a quote
    that is open at the end of a line opened a string is not known, so the text is read both ways.
    """
    spans = set(_spans(text, _IN_A_LINE))
    if "\n" in text:
        spans.update(_spans(text, _ACROSS_LINES))
    return sorted(spans, key=lambda span: (-span.end, span.start, span.inside))[:_MAX_OBJECTS]


def _spans(text: str, ends: Mapping[str, re.Pattern[str]]) -> Iterator[_Span]:
    closed: list[tuple[int, int]] = []
    open_at: list[int] = []
    position = 0
    while token := _STRUCTURE.search(text, position):
        position = token.end()
        char = text[position - 1]
        if char in "{[":
            open_at.append(position - 1)
        elif char in "\"'":
            position = _end_of_string(text, position, ends[char]) if open_at else position
        elif open_at and (start := _opened(text, open_at, char)) is not None:
            while closed and closed[-1][0] > start:
                closed.pop()
            if len(open_at) < MAX_DEPTH:
                closed.append((start, position))
    cut = next(
        (at for at in open_at if text[at] == "{" and text[at + 1 : at + 20].lstrip()[:1] in ('"', "'")), len(text)
    )
    for start, end in closed:
        yield _Span(start, end, inside=start > cut)


def _opened(text: str, open_at: list[int], char: str) -> int | None:
    """Take what a closing bracket closes off the open ones; None where it closes nothing."""
    if char == "]":
        return open_at.pop() if text[open_at[-1]] == "[" else None
    while open_at:
        at = open_at.pop()
        if text[at] == "{":
            return at
    return None


def _end_of_string(text: str, position: int, ends: re.Pattern[str]) -> int:
    while found := ends.search(text, position):
        position = found.end()
        if found[0][0] != "\\":
            return position
    return len(text)


def _load(text: str) -> Any:
    """A value, by the rules of JSON or else by Python's, or a failure."""
    value = _strict(text)
    if isinstance(value, ParseFailure) and value.reason == "malformed_json":
        return _strict(_PYTHONIC.sub(_as_json, text))
    return value


def _as_json(token: re.Match[str]) -> str:
    found = token[0]
    if token["word"]:
        return _WORDS[found]
    return "" if token["comma"] else '"' + _ESCAPE.sub(_as_json_escape, found[1:-1]) + '"'


def _as_json_escape(token: re.Match[str]) -> str:
    byte, point, char = token.groups()
    if byte or point:
        return json.dumps(chr(int(byte or point, 16)))[1:-1]
    return "'" if char == "'" else f"\\{char or token[0]}"


def _strict(text: str) -> Any:
    try:
        value = _DECODER.decode(text)
    except _RefusedError as error:
        return ParseFailure(str(error))
    except (ValueError, RecursionError):
        return ParseFailure("malformed_json")
    if (not text.isascii() or "\\u" in text) and _SURROGATE.search(text) and _has_lone_surrogate(value):
        return ParseFailure("lone_surrogate")
    return ParseFailure("nested_too_deep") if _deeper_than(value, text) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RefusedError("duplicate_keys")
    return found


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _RefusedError("no_json_number")
    return value


def _constant(_: str) -> None:
    raise _RefusedError("no_json_number")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_constant=_constant, strict=False
)
_read_object: Final = json.JSONDecoder(parse_float=_number, parse_constant=_constant, strict=False).raw_decode
_FLAT: Final = frozenset({str, int, float, bool, type(None)})


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _deeper_than(value: Any, text: str) -> bool:
    """Whether a value is nested deeper than the limit; cheap where there are not even so many brackets."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    return deeper_than(value, MAX_DEPTH)


def _has_arguments(value: Any) -> bool:
    return isinstance(value, dict) and any(key in value for key in _ARGUMENT_KEYS)


def _as_call(value: Any, wrappers: int = 0) -> ToolCall | ParseFailure:
    if isinstance(value, list):
        return _of_list(value, wrappers)
    if not isinstance(value, dict):
        return ParseFailure("no_tool_name")
    for key in _NAME_KEYS:
        name = value.get(key)
        if isinstance(name, str):
            return _with_arguments(name, value)
    if wrappers < _MAX_WRAPPERS:
        inner = next((value[key] for key in _WRAPPERS if value.get(key)), None)
        if inner is None and len(value) == 1:
            (inner,) = value.values()
        if isinstance(inner, str):
            inner = _load(inner)
        if isinstance(inner, dict | list):
            return _as_call(inner, wrappers + 1)
    return ParseFailure("no_tool_name")


def _of_list(values: list[Any], wrappers: int) -> ToolCall | ParseFailure:
    if wrappers >= _MAX_WRAPPERS:
        return ParseFailure("no_tool_name")
    if len(values) == 1:
        return _as_call(values[0], wrappers + 1)
    read = (_as_call(item, _MAX_WRAPPERS - 1) for item in values if isinstance(item, dict))
    calls = [call for call in read if isinstance(call, ToolCall) or call.reason != "no_tool_name"]
    if len(calls) == 1:  # beside blocks of text
        return calls[0]
    return ParseFailure("several_calls" if calls else "no_tool_name")


def _with_arguments(name: str, value: dict[str, Any]) -> ToolCall | ParseFailure:
    arguments: Any = next((value[key] for key in _ARGUMENT_KEYS if key in value), None)
    if isinstance(arguments, str):
        arguments = _load(arguments) if arguments.strip() else None
        if isinstance(arguments, ParseFailure) and arguments.reason != "malformed_json":
            return arguments
    if arguments is None:
        arguments = {}
    return ToolCall(name, arguments) if isinstance(arguments, dict) else ParseFailure("arguments_not_an_object")
