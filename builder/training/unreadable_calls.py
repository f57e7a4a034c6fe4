"""Ways of stating the right call so that nobody can read it: no JSON, or not the JSON that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Form = Callable[[str, Mapping[str, Any]], str]
"""From the name and the arguments of a call to a reply that holds both and is no call."""


def _prose(name: str, arguments: Mapping[str, Any]) -> str:
    said = " and ".join(f"{key} set to {value}" for key, value in _flat(arguments))
    return f"I would use {name} here, with {said}."


def _unquoted(name: str, arguments: Mapping[str, Any]) -> str:
    return _without_quotes({"name": name, "arguments": arguments})


def _code(name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={json.dumps(value, ensure_ascii=False)}' for key, value in _flat(arguments))})"


def _lines(name: str, arguments: Mapping[str, Any]) -> str:
    return "\n".join([f"name: {name}", "arguments:", *(f"  {key}: {value}" for key, value in _flat(arguments))])


def _other_keys(name: str, arguments: Mapping[str, Any]) -> str:
    return json.dumps({"tool": name, "values": arguments}, ensure_ascii=False)


def _cut_off(name: str, arguments: Mapping[str, Any]) -> str:
    whole = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return whole[: whole.index('"arguments"') + (len(whole) - whole.index('"arguments"')) * 2 // 3]


def _flat(arguments: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    """Keys and values, those within objects under their own key."""
    found: list[tuple[str, Any]] = []
    for key, value in arguments.items():
        found += _flat(value) if isinstance(value, dict) else [(key, value)]
    return found


def _without_quotes(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_without_quotes(inner)}" for key, inner in value.items()) + "}"
    return str(value)


FORMS: Final[Sequence[Form]] = (_prose, _unquoted, _code, _lines, _other_keys, _cut_off)
