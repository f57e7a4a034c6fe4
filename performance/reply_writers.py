"""Writers of tool calls in every dialect that the metric reads, for tests and for the fuzzer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

Writer = Callable[[str, Mapping[str, Any]], str]
"""Function that writes a call with a name and arguments."""


_GEMMA_QUOTE: Final = '<|"|>'


def _text(value: Any) -> str:
    """Return a value as it stands in a tag: text without quotes, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _keywords(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in arguments.items())


def _gemma(value: Any, quote: str) -> str:
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_gemma(inner, quote)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_gemma(inner, quote) for inner in value) + "]"
    return f"{quote}{value}{quote}" if isinstance(value, str) else _json(value)


def _dsml(name: str, arguments: Mapping[str, Any]) -> str:
    mark = "｜DSML｜"
    parameters = "\n".join(
        f'<{mark}parameter name="{key}" string="{str(isinstance(value, str)).lower()}">{_text(value)}</{mark}parameter>'
        for key, value in arguments.items()
    )
    call = f'<{mark}invoke name="{name}">\n{parameters}\n</{mark}invoke>'
    return f"<{mark}function_calls>\n{call}\n</{mark}function_calls>"


def _glm(name: str, arguments: Mapping[str, Any]) -> str:
    pairs = "\n".join(
        f"<arg_key>{key}</arg_key>\n<arg_value>{_text(value)}</arg_value>" for key, value in arguments.items()
    )
    return f"<tool_call>{name}\n{pairs}\n</tool_call>"


def _minimax(name: str, arguments: Mapping[str, Any]) -> str:
    parameters = "\n".join(f'<parameter name="{key}">{_text(value)}</parameter>' for key, value in arguments.items())
    return f'<minimax:tool_call>\n<invoke name="{name}">\n{parameters}\n</invoke>\n</minimax:tool_call>'


def _qwen_coder(name: str, arguments: Mapping[str, Any]) -> str:
    parameters = "\n".join(f"<parameter={key}>\n{_text(value)}\n</parameter>" for key, value in arguments.items())
    return f"<tool_call>\n<function={name}>\n{parameters}\n</function>\n</tool_call>"


def _harmony(name: str, arguments: Mapping[str, Any]) -> str:
    return (
        "<|channel|>analysis<|message|>They like it.<|end|><|start|>assistant<|channel|>commentary "
        f"to=functions.{name} <|constrain|>json<|message|>{_json(arguments)}<|call|>"
    )


DIALECT_WRITERS: Final[Mapping[str, Writer]] = {
    "Kimi": lambda name, arguments: (
        f"<|tool_calls_section_begin|><|tool_call_begin|>functions.{name}:0<|tool_call_argument_begin|>"
        f"{_json(arguments)}<|tool_call_end|><|tool_calls_section_end|>"
    ),
    "DeepSeek": lambda name, arguments: (
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{_json(arguments)}\n```"
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    ),
    "DSML": _dsml,
    "harmony": _harmony,
    "Mistral": lambda name, arguments: f"[TOOL_CALLS]{name}[ARGS]{_json(arguments)}",
    "Mistral without ARGS": lambda name, arguments: f"[TOOL_CALLS]{name}{_json(arguments)}",
    "Gemma": lambda name, arguments: f"<|tool_call>call:{name}{_gemma(arguments, _GEMMA_QUOTE)}<tool_call|>",
    "GLM": _glm,
    "MiniMax": _minimax,
    "Functionary": lambda name, arguments: f"<function={name}>{_json(arguments)}</function>",
    "Qwen3-Coder": _qwen_coder,
    "tags around name and arguments": lambda name, arguments: (
        f"<tool_call><name>{name}</name><arguments>{_json(arguments)}</arguments></tool_call>"
    ),
    "ReAct": lambda name, arguments: f"Thought: so\nAction: {name}\nAction Input: {_json(arguments)}",
    "name and JSON": lambda name, arguments: f"{name}\n{_json(arguments)}",
    "LFM2": lambda name, arguments: f"<|tool_call_start|>[{name}({_keywords(arguments)})]<|tool_call_end|>",
    "Gemma tool_code": lambda name, arguments: f"```tool_code\nprint({name}({_keywords(arguments)}))\n```",
    "Python call": lambda name, arguments: f"Let me look.\n\n[{name}({_keywords(arguments)})]",
    "name as key": lambda name, arguments: _json([{name: arguments}]),
}
"""Writer of each dialect, by its name. A dialect for calls without arguments has none."""
JSON_WRITERS: Final[Mapping[str, Writer]] = {
    "plain": lambda name, arguments: _json({"name": name, "arguments": arguments}),
    "paper": lambda name, arguments: _json({"tool_name": name, "parameters": arguments}),
    "tags": lambda name, arguments: f"<tool_call>\n{_json({'name': name, 'arguments': arguments})}\n</tool_call>",
    "fence": lambda name, arguments: f"```json\n{_json({'name': name, 'arguments': arguments})}\n```",
    "tokens": lambda name, arguments: f"<|python_start|>{_json({'name': name, 'parameters': arguments})}<|python_end|>",
    "message": lambda name, arguments: _json(
        {"tool_calls": [{"type": "function", "function": {"name": name, "arguments": _json(arguments)}}]}
    ),
    "Python object": lambda name, arguments: repr({"name": name, "arguments": dict(arguments)}),
    "encoded twice": lambda name, arguments: _json({"name": name, "arguments": _json(_json(arguments))}),
    "doubled braces": lambda name, arguments: "{" + _json({"name": name, "arguments": arguments}) + "}",
    "last brace missing": lambda name, arguments: (
        f"<tool_call>\n{_json({'name': name, 'arguments': arguments})[:-1]}\n</tool_call>"
    ),
    "decorated name": lambda name, arguments: _json({"name": f"functions.{name}:0", "arguments": arguments}),
}
"""Writers of objects in the forms that interfaces and models give them."""
