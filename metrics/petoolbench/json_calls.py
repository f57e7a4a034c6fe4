"""The tool call that a JSON value holds."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from .names import candidate_of
from .records import ParseFailure, ToolCall
from .spans import read_value

_NAME_KEYS: Final = ("name", "tool_name")
_OTHER_NAME_KEYS: Final = ("tool", "toolName", "function_name", "recipient_name", "function", "action")
"""Keys of a name that need arguments next to them, because they are also words for other things."""
_ARGUMENT_KEYS: Final = (
    *("arguments", "parameters", "args", "input"),
    *("params", "kwargs", "tool_input", "action_input", "toolInput"),
)
_WRAPPERS: Final = (
    "tool_calls",
    "tool_call",
    "function_call",
    "functionCall",
    "tool_uses",
    "function",
    "call",
    "action",
)
_MAX_WRAPPERS: Final = 8
_MAX_ENCODINGS: Final = 3
"""Number of times that arguments may be encoded as text."""


class CallReader:
    """Reads calls from JSON values, given the names of the candidates.

    Args:
        candidates: Names of the candidates; None if they are unknown. Then any object with a name is a call.
    """

    def __init__(self, candidates: Collection[str] | None) -> None:
        self._candidates = candidates
        self._known: dict[str, str | None] = {}
        self.by_key = False
        """True if the last call was read from an object whose key is the name."""

    @property
    def has_candidates(self) -> bool:
        """True if the candidates are known."""
        return self._candidates is not None

    def candidate(self, name: str) -> str | None:
        """Return the candidate that a name stands for; None if there is none, or the candidates are unknown."""
        if name not in self._known:
            self._known[name] = None if self._candidates is None else candidate_of(name, self._candidates)
        return self._known[name]

    def read(self, value: Any) -> ToolCall | ParseFailure:
        """Return the call that a value holds.

        An object is a call if it names a candidate, or has a name and arguments.
        """
        self.by_key = False
        return self._call(value, 0)

    def _call(self, value: Any, wrappers: int) -> ToolCall | ParseFailure:
        if isinstance(value, list):
            return self._only_call(value, wrappers)
        if not isinstance(value, dict):
            return ParseFailure("no_tool_name")
        name = self._name(value)
        if name is not None:
            return with_arguments(name, value)
        if self._candidates is not None and (keys := [key for key in value if self.candidate(key)]):
            return self._by_key(keys, value)
        inner = _unwrapped(value) if wrappers < _MAX_WRAPPERS else None
        return self._call(inner, wrappers + 1) if isinstance(inner, dict | list) else ParseFailure("no_tool_name")

    def _name(self, value: dict[str, Any]) -> str | None:
        """Return the name that makes an object a call; None if it has none."""
        complete = has_arguments(value) and not _is_definition(value)
        for key in _NAME_KEYS:
            name = value.get(key)
            if isinstance(name, str):
                is_call = complete or self._candidates is None or self.candidate(name) is not None
                return name if is_call and not _is_definition(value) else None
        names = (value[key] for key in _OTHER_NAME_KEYS if complete and isinstance(value.get(key), str))
        return next((name for name in names if not name.lstrip().startswith(("{", "["))), None)

    def _by_key(self, keys: list[str], value: dict[str, Any]) -> ToolCall | ParseFailure:
        """Return the call of an object whose only key is a candidate."""
        if len(value) > 1:
            return ParseFailure("several_calls" if len(keys) == len(value) else "no_tool_name")
        inner = value[keys[0]]
        if has_arguments(inner) and isinstance(inner.get("name"), str) and self.candidate(inner["name"]):
            return with_arguments(inner["name"], inner)
        self.by_key = True
        return with_arguments(keys[0], {"arguments": inner})

    def _only_call(self, values: list[Any], wrappers: int) -> ToolCall | ParseFailure:
        """Return the call of a list that has exactly one."""
        if wrappers >= _MAX_WRAPPERS:
            return ParseFailure("no_tool_name")
        if len(values) == 1:
            return self._call(values[0], wrappers + 1)
        read = (self._call(item, _MAX_WRAPPERS - 1) for item in values if isinstance(item, dict))
        calls = [call for call in read if isinstance(call, ToolCall) or call.reason != "no_tool_name"]
        if len(calls) == 1:  # the other items are blocks of text
            return calls[0]
        return ParseFailure("several_calls" if calls else "no_tool_name")


def has_arguments(value: Any) -> bool:
    """Return True if a value is an object with arguments."""
    return isinstance(value, dict) and any(key in value for key in _ARGUMENT_KEYS)


def arguments_of(value: Any) -> dict[str, Any] | ParseFailure:
    """Return arguments that may be encoded as text, once or more; None and empty text are no arguments."""
    for _ in range(_MAX_ENCODINGS):
        if not isinstance(value, str):
            break
        value = read_value(value) if value.strip() else None
        if isinstance(value, ParseFailure) and value.reason != "malformed_json":
            return value
    if value is None:
        return {}
    return value if isinstance(value, dict) else ParseFailure("arguments_not_an_object")


def with_arguments(name: str, value: dict[str, Any]) -> ToolCall | ParseFailure:
    """Return the call to a tool with the arguments that an object has."""
    arguments = arguments_of(next((value[key] for key in _ARGUMENT_KEYS if key in value), None))
    return arguments if isinstance(arguments, ParseFailure) else ToolCall(name, arguments)


def _is_definition(value: dict[str, Any]) -> bool:
    """Return True if an object documents a tool instead of calling it."""
    schema = value.get("parameters")
    return "description" in value and isinstance(schema, dict) and isinstance(schema.get("properties"), dict)


def _unwrapped(value: dict[str, Any]) -> Any:
    """Return the value in a wrapper: under the first known key, or else under the only key; None if there is none."""
    inner = next((value[key] for key in _WRAPPERS if value.get(key)), None)
    if inner is None and len(value) == 1:
        (inner,) = value.values()
    return read_value(inner) if isinstance(inner, str) else inner
