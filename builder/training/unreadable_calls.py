"""Malformed spellings of a call: not JSON, JSON with the wrong keys, or arguments without their names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Form = Callable[[str, Mapping[str, Any]], str]
"""Function that turns the name and the arguments of a call into a reply that cannot be parsed as a call."""


def _prose(name: str, arguments: Mapping[str, Any]) -> str:
    settings = " and ".join(f"{key} set to {value}" for key, value in _flat(arguments))
    return f"I would use {name} here, with {settings}."


def _unquoted(name: str, arguments: Mapping[str, Any]) -> str:
    return _without_quotes({"name": name, "arguments": arguments})


def _code(name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name}({', '.join(json.dumps(value, ensure_ascii=False) for _, value in _flat(arguments))})"


def _lines(name: str, arguments: Mapping[str, Any]) -> str:
    return "\n".join([f"name: {name}", "arguments:", *(f"  {key}: {value}" for key, value in _flat(arguments))])


def _other_keys(name: str, arguments: Mapping[str, Any]) -> str:
    return json.dumps({"tool": name, "values": arguments}, ensure_ascii=False)


def _cut_off(name: str, arguments: Mapping[str, Any]) -> str:
    whole = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return whole[: whole.index('"arguments"') + (len(whole) - whole.index('"arguments"')) * 2 // 3]


def _flat(arguments: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    """Return the keys and values of the arguments; nested objects are replaced by their items."""
    items: list[tuple[str, Any]] = []
    for key, value in arguments.items():
        items += _flat(value) if isinstance(value, dict) else [(key, value)]
    return items


def _without_quotes(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_without_quotes(inner)}" for key, inner in value.items()) + "}"
    return str(value)


FORMS: Final[Sequence[Form]] = (_prose, _unquoted, _code, _lines, _other_keys, _cut_off)
"""All malformed spellings. Their order is part of the random draws."""
