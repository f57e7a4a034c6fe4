"""Tests of parsing. Most cases are in `cases/parsing.json`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.petoolbench import parsing
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ParseFailure, ToolCall

from .test_core import JSON_VALUES, cases


@pytest.mark.parametrize("case", cases("parsing.json"))
def test_parsing(case: dict[str, Any]) -> None:
    expected = ToolCall(*case["call"]) if "call" in case else ParseFailure(case["failure"])
    assert parse(case["text"]) == expected


HOSTILE = st.text(alphabet="{}[]\"'\\\\,: \n`<1eTrNu\ud800\ufeff") | st.lists(
    st.sampled_from(
        [
            '{"name": "a"',
            ', "arguments": ',
            '{"',
            '"}',
            "{'",
            "'}",
            '\\"',
            "\\'",
            "\\u",
            "[",
            "]",
            "}",
            "{",
            "None",
            ",}",
            "\n",
        ]
    ),
    max_size=30,
).map("".join)


@given(st.text(alphabet=st.characters()) | HOSTILE)
def test_parsing_never_raises(text: str) -> None:
    for prediction in (text, json.dumps({"name": "a", "arguments": text}), json.dumps({"tool_calls": text})):
        assert isinstance(parse(prediction), ToolCall | ParseFailure)


FRAGMENTS_OF_CALLS = st.lists(
    st.sampled_from(
        ['{"name": "a", ', '"name": "b", ', '"arguments": ', '{"x": 1', '{"x:y": "a:b"', ', "x": 2', ', "y": "\\u003a"', ', "y": [{"z": 1}]', ', "y": 1e999', ', "y": "\\ud800"', ', "y": "ø"', "}", "}}", "[", "]", "so: ", "\n", '{"tool_name": "c", "parameters": {"x": ":"}}'],
    ),
    max_size=9,
).map("".join)  # fmt: skip


@given(FRAGMENTS_OF_CALLS | HOSTILE)
def test_the_fast_path_of_the_parser_agrees_with_the_slow_one(text: str) -> None:
    result = parse(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "only_call", lambda _: None)
        assert parse(text) == result


def plain_call(name: str, arguments: dict[str, Any]) -> str:
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def openai_call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


STYLES: dict[str, Callable[[str, dict[str, Any]], str]] = {
    "plain": plain_call,
    "paper": lambda name, arguments: json.dumps({"tool_name": name, "parameters": arguments}),
    "indented": lambda name, arguments: json.dumps({"arguments": arguments, "name": name}, indent=2),
    "arguments as text": lambda name, arguments: json.dumps({"name": name, "arguments": json.dumps(arguments)}),
    "message": lambda name, arguments: json.dumps({"content": None, "tool_calls": [openai_call(name, arguments)]}),
    "function_call": lambda name, arguments: json.dumps({"function_call": {"name": name, "arguments": arguments}}),
    "tool_use": lambda name, arguments: json.dumps({"type": "tool_use", "id": "1", "name": name, "input": arguments}),
    "functionCall": lambda name, arguments: json.dumps({"functionCall": {"name": name, "args": arguments}}),
    "tags": lambda name, arguments: f"<tool_call>\n{plain_call(name, arguments)}\n</tool_call>",
    "fenced": lambda name, arguments: f"```json\n{plain_call(name, arguments)}\n```",
    "Python": lambda name, arguments: repr({"name": name, "arguments": arguments}),
    "Python fenced": lambda name, arguments: f"```python\n{ ({'tool_name': name, 'parameters': arguments})!r}\n```",
    "prose around": lambda name, arguments: (
        f"It's the user's \"choice\" {{so :] far:\n{plain_call(name, arguments)} As in [1], isn't it?"
    ),
    "draft before": lambda name, arguments: f"{plain_call('draft', {})} no, {plain_call(name, arguments)}",
    "truncated draft before": lambda name, arguments: (
        f'{{"name": "b", "arguments": {{"x": [1,\n{plain_call(name, arguments)}'
    ),
    "last brace missing": lambda name, arguments: plain_call(name, arguments)[:-1],
    "list of one": lambda name, arguments: f"[{plain_call(name, arguments)}]",
    "wrapper": lambda name, arguments: json.dumps({"answer": {"name": name, "arguments": arguments}}),
}


@pytest.mark.parametrize("style", STYLES)
@given(name=st.text(), arguments=st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_a_serialized_call_is_parsed(style: str, name: str, arguments: dict[str, Any]) -> None:
    assert parse(STYLES[style](name, arguments)) == ToolCall(name, arguments)


SLOW_TEXTS = {
    "200 unclosed calls": '{"tool_name": "x", "parameters": {"a": ' * 200,
    "unclosed calls": '{"tool_name": "x", "parameters": {' * 50_000,
    "unclosed names": '{"name": "' * 200,
    "apostrophes": "'" * 1_000_000,
    "quotes": '{"' * 500_000,
    "open brackets": "[" * 1_000_000,
    "open braces": "{" * 1_000_000,
    "open objects": '{"a":' * 300_000,
    "nested objects": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "empty objects": "{}" * 100_000,
    "escaped quotes in an open string": '{"' + '\\"' * 500_000 + "\n}",
    "escaped apostrophes in an open string": "{'" + "\\'" * 500_000 + "\n}",
    "escaped quotes in arguments as text": json.dumps({"name": "a", "arguments": '{"' + '\\"' * 250_000}),
    "lines with open strings": '{"a\n' * 200_000 + "}" * 200_000,
    "closed and opened braces": "}{" * 500_000,
    "reasoning": "<think></think>" * 60_000,
    "openings of a dialect": "<function=a><parameter=b>" * 40_000,
    "names before a brace": "a {" * 300_000,
    "calls in Python": "[a(b=" * 200_000,
    "white space": "{" + " " * 900_000 + "'" + " " * 900_000 + "}",
}


@pytest.mark.parametrize("name", SLOW_TEXTS)
def test_the_parser_takes_bounded_time(name: str) -> None:
    start = time.process_time()
    parse(SLOW_TEXTS[name], ["a", "get_weather"])
    assert time.process_time() - start < 1
