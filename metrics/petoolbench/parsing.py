"""Parse tool calls from the text of a prediction.

A tool call is an object, or one of the syntaxes in `dialects.py`, that names a candidate, or has a name and arguments.
These forms of objects are read:

* The usual form `{"name", "arguments"}`, and that of the paper, `{"tool_name", "parameters"}`.
* Both inside the wrappers of common interfaces: `tool_calls`, `function`, a list with one element.
* JSON, and the notations of Python and JavaScript.
* Arguments as an object, or as JSON text.
* A call that is complete except for its last brace, or for a bracket inside; a call with doubled braces.

Text, code fences, tags and special tokens around the call are ignored. Reasoning and made-up responses of tools never
contain the call, and a call after a made-up turn of a user does not replace one before it. Of several separate calls,
the last one on lines of its own counts, or else the last one within a sentence. A list of more than one call is not a
tool call, because it leaves the choice to the reader.

The parser never raises: it returns a `ParseFailure` with a reason instead. It takes time linear in the length of the
text.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from math import isfinite
from typing import Any, Final

from .json_text import SURROGATE, scan_value
from .reading import Reading, read_reply
from .records import MAX_DEPTH, ParseFailure, ToolCall

_MAX_LENGTH: Final = 1_000_000
"""Maximum number of characters of a prediction; no correct answer is longer."""
_MARK: Final = re.compile(r"[\[{<(◁]|\Aanalysis")
"""Start of a list, of an object, of a tag, of the arguments of a call in Python, or of reasoning."""
_TAGS: Final = re.compile(r"(?:\s|```(?:json)?|</?tool_call>|<\|(?:im_end|eot_id|python_start|python_end)\|>|</s>)*")
"""Tags and special tokens that may stand around a JSON call."""
_SCALARS: Final = frozenset({str, int, bool, type(None)})
_INFINITE: Final = -2 * _MAX_LENGTH


def parse(text: str, candidates: Collection[str] | None = None) -> ToolCall | ParseFailure:
    """Parse the tool call in a prediction.

    Args:
        text: Raw text of the model's reply.
        candidates: Names of the candidates. With them, an object that has a name but no arguments is a call only if the
            name is a candidate's, a candidate's name is recognised as a key and in Python calls, and decorations of a
            name (`functions.`, `:0`) are removed if exactly one candidate remains.

    Returns:
        The tool call, or a failure with one of the reasons `empty`, `too_long`, `only_reasoning`, `no_json_object`,
        `malformed_json`, `duplicate_keys`, `no_json_number`, `lone_surrogate`, `nested_too_deep`, `no_tool_name`,
        `arguments_not_an_object` and `several_calls`.
    """
    call = only_call(text)
    if call is None or (candidates is not None and call[0] not in candidates):
        return read(text, candidates).call
    return ToolCall(*call)


def read(text: str, candidates: Collection[str] | None, *, exact_names: bool = False) -> Reading:
    """Parse the tool call in a prediction, and name the dialect in which it is written; see `parse`.

    Args:
        text: Raw text of the model's reply.
        candidates: Names of the candidates; None if they are unknown.
        exact_names: Return names in JSON objects as they are written, instead of the candidates' names.
    """
    stripped = text.strip()
    if not stripped:
        return Reading(ParseFailure("empty"))
    if len(stripped) > _MAX_LENGTH:
        return Reading(ParseFailure("too_long"))
    return read_reply(stripped, candidates, exact_names=exact_names)


def only_call(text: str) -> tuple[str, dict[str, Any]] | None:
    """Return the call if it is the only object in the text and plainly written, as most are; None otherwise.

    This is the fast path: `read` gives the same result, but takes many times as long. A plain tuple takes less time to
    create than a `ToolCall`.

    Args:
        text: Raw text of the model's reply.

    Returns:
        Name and arguments.
    """
    start, end = 0, len(text)
    if not (text.startswith("{") and text.endswith("}")):
        start, end = text.find("{"), text.rfind("}") + 1
        if not _is_plain(start, text[:start] + text[end:]):
            return None
    if ("\\u" in text or not text.isascii()) and ("\\u003" in text or SURROGATE.search(text)):
        return None  # an escape may be a colon or a lone surrogate
    try:
        value, stop = scan_value(text, start)
    except (ValueError, StopIteration, RecursionError):
        return None
    if stop != end or len(value) != 2 or end > _MAX_LENGTH:
        return None
    name = value.get("name") or value.get("tool_name")
    arguments = value.get("arguments") or value.get("parameters")
    if type(name) is not str or type(arguments) is not dict:
        return None
    # Every colon follows a key or is in a string. So a repeated key shows as a surplus of colons.
    colons = text.count(":", start, end)
    if colons == 2 + len(arguments) and _SCALARS.issuperset(map(type, arguments.values())):
        return name, arguments
    return (name, arguments) if _is_unambiguous(text, value, colons) else None


def _is_plain(start: int, around: str) -> bool:
    """Return True if a text has an object, and nothing around it is part of a call or of another syntax."""
    return start >= 0 and (_MARK.search(around) is None or _TAGS.fullmatch(around) is not None)


def _is_unambiguous(text: str, value: dict[str, Any], colons: int) -> bool:
    """Return True if no key is repeated, no number is infinite, and the value is not nested too deep."""
    return text.count("{") + text.count("[") <= MAX_DEPTH and colons == _colons(value)


def _colons(value: Any) -> int:
    """Return the number of colons in the JSON text of a value without repeated keys; negative with infinite numbers."""
    if type(value) is str:
        return value.count(":")
    if type(value) is float and not isfinite(value):
        return _INFINITE
    if type(value) is list:
        return sum(map(_colons, value))
    if type(value) is dict:
        return len(value) + sum(map(_colons, value)) + sum(map(_colons, value.values()))
    return 0
