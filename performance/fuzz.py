"""Fuzzer of the reading of replies: calls in all dialects, mutated at random.

python -m performance fuzz --minutes 10

A reply that is not mutated must be read as the call that was written. A mutated one must be read or refused, without an
exception and in time that is linear in its length. The slowest replies are named.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.dialects import DIALECTS
from metrics.petoolbench.records import Reference, ToolCall

from .reply_writers import DIALECT_WRITERS, JSON_WRITERS, Writer
from .results_table import Row

_NAMES: Final = ("grobnik_lund__forecast", "rainbird__forecast", "gullwatch__sightings")
_WORDS: Final = (
    "Oslo",
    "L'Aquila",
    'say "hi"',
    "a\nb",
    "São Paulo",
    "{x}",
    "[1]",
    "5 % off",
    "http://x.example/a?b=c",
    "",
)
_SCHEMA: Final = json.dumps(
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "night": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "at": {"type": "object", "properties": {"lat": {"type": "number"}, "name": {"type": "string"}}},
        },
        "required": ["city"],
    }
)
_LENGTH: Final = 1_000_000
"""Number of characters of the long replies."""
_WRITERS: Final = {**DIALECT_WRITERS, **JSON_WRITERS}
_TOKENS: Final = (
    *(
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        '"',
        "'",
        "\\",
        ",",
        ":",
        "=",
        "\n",
        " ",
        "```",
        "<",
        ">",
        "|",
        "}{",
        "{{",
        "}}",
        "[[",
    ),
    *("<think>", "</think>", "[THINK]", "<tool_response>", "</tool_response>", "<|im_start|>user", "<|channel|>"),
    *(
        "<tool_call>",
        "</tool_call>",
        "[TOOL_CALLS]",
        "[ARGS]",
        "<function=",
        "<parameter=",
        "<arg_key>",
        "<invoke name=",
    ),
    *(
        "<|tool_call_begin|>",
        "<｜tool▁sep｜>",
        "to=functions.",
        "call:",
        '<|"|>',
        "<escape>",
        "Action:",
        "\nObservation:",
    ),
    *(
        '{"name": "',
        '", "arguments": {',
        '{"a": ',
        '"a": [',
        "rainbird__forecast",
        "rainbird__forecast(",
        "\\_",
        "\u2028",
    ),
    *("null", "NaN", "1e999", "007", "\ud800", "\\u003a", "'}", '"}', "//", "/*", "，", "“"),
)


class Reply(NamedTuple):
    """A reply, and how it was made."""

    text: str
    made_by: str
    is_whole: bool
    """True if the call was not mutated, so that it must be read."""
    call: ToolCall


class Slow(NamedTuple):
    """A reply that took long."""

    seconds: float
    length: int
    made_by: str


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("--minutes", type=float, default=10, help="duration")
    parser.add_argument("--seed", type=int, default=0, help="seed of the mutations")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Judge replies for the given time.

    Raises:
        AssertionError: If a whole call is not read as it was written; the message shows the reply.
    """
    rng = random.Random(given.seed)  # noqa: S311  (no cryptography)
    end = time.monotonic() + 60 * given.minutes
    count, longest, slowest = 0, Slow(0, 0, ""), Slow(0, 0, "")
    while time.monotonic() < end:
        reply = _long_reply(rng) if count % 500 == 0 else _reply(rng)
        seconds = _judged(reply)
        if seconds > 0.005:  # most often another program had the processor
            seconds = min(seconds, _judged(reply), _judged(reply))
        count += 1
        record = Slow(seconds, len(reply.text), reply.made_by)
        if len(reply.text) > _LENGTH // 10:
            longest = max(longest, record)
        else:
            slowest = max(slowest, record)
    yield Row(
        "fuzz: replies",
        f"{given.minutes:g} minutes, seed {given.seed}",
        f"{count:,}, none read wrongly and no exception",
        beside=f"{len(DIALECTS)} dialects, {len(_WRITERS)} writers",
    )
    for name, slow in (("up to 100,000 characters", slowest), ("longer", longest)):
        size = f"{slow.length:,} characters: {slow.made_by}"
        yield Row(f"fuzz: slowest reply, {name}", size, f"{slow.seconds * 1000:,.1f} ms of CPU")


def _judged(reply: Reply) -> float:
    """Judge a reply, and return the seconds of CPU."""
    reference = Reference("1", "q", [{"name": name} for name in _NAMES], _SCHEMA, reply.call, None)
    start = time.process_time()
    verdict = judge(reply.text, reference)
    seconds = time.process_time() - start
    assert verdict.error_class == "correct" or not reply.is_whole, (verdict, reply)
    return seconds


def _call(rng: random.Random) -> ToolCall:
    draws: dict[str, Callable[[], Any]] = {
        "city": lambda: rng.choice(_WORDS),
        "days": lambda: rng.randint(-3, 10**6),
        "night": lambda: rng.random() < 0.5,
        "tags": lambda: [rng.choice(_WORDS) for _ in range(rng.randint(0, 3))],
        "at": lambda: {"lat": rng.uniform(-90, 90), "name": rng.choice(_WORDS)},
    }
    chosen = ["city", *rng.sample([*draws][1:], rng.randint(0, 4))]
    return ToolCall(_NAMES[0], {key: draws[key]() for key in chosen})


def _reply(rng: random.Random) -> Reply:
    call = _call(rng)
    name = rng.choice([*_WRITERS])
    text = _WRITERS[name](*call)
    around = rng.choice(_AROUND)
    made_by = f"{name}, {around.__name__.strip('_')}"
    if rng.random() < 0.4:
        return Reply(around(text), made_by, is_whole=_is_exact(name, call, around), call=call)
    for _ in range(rng.randint(1, 6)):
        text = rng.choice(_MUTATIONS)(text, rng)
    return Reply(around(text), f"{made_by}, mutated", is_whole=False, call=call)


def _is_exact(writer: str, call: ToolCall, around: Callable[[str], str]) -> bool:
    """Return True if every dialect can express the arguments of a call, and the text around it is no part of it."""
    texts = json.dumps(call.arguments)
    plain = not any(mark in texts for mark in ("'", '\\"', "\\n", "{x}", "[1]", '""', '"\u2028'))
    return plain and not (writer in ("name and JSON", "ReAct") and around is _in_sentence)


def _bare(text: str) -> str:
    return text


def _after_reasoning(text: str) -> str:
    draft = '{"name": "rainbird__forecast", "arguments": {"city": "Rome"}}'
    return f"<think>Maybe {draft}? No.</think>\n{text}"


def _before_response(text: str) -> str:
    return f'{text}\n<tool_response>\n{{"name": "Oslo", "arguments": {{}}}}\n</tool_response>\nIt will rain.'


def _before_explanation(text: str) -> str:
    return f'{text}\n\nI did not take {{"name": "rainbird__forecast", "arguments": {{}}}} because it needs a sign-up.'


def _in_sentence(text: str) -> str:
    return f"Here is it:\n{text}\n"


_AROUND: Final = (_bare, _after_reasoning, _before_response, _before_explanation, _in_sentence)


def _insert(text: str, rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(_TOKENS) + text[at:]


def _delete(text: str, rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + text[at + rng.randint(1, 8) :]


def _cut(text: str, rng: random.Random) -> str:
    return text[: rng.randint(0, len(text))]


def _repeat(text: str, rng: random.Random) -> str:
    start = rng.randint(0, len(text))
    piece = text[start : start + rng.randint(1, 40)]
    return text[:start] + piece * rng.choice((2, 3, 50)) + text[start:]


def _join(text: str, rng: random.Random) -> str:
    other: Writer = rng.choice([*_WRITERS.values()])
    call = ToolCall(rng.choice(_NAMES), {"city": rng.choice(_WORDS)})
    return text + rng.choice(("", "\n", " or ")) + other(*call)


_MUTATIONS: Final = (_insert, _delete, _cut, _repeat, _join)


def _long_reply(rng: random.Random) -> Reply:
    """Return a reply of a million characters that repeats a few tokens, around a call or without one."""
    unit = "".join(rng.choice(_TOKENS) for _ in range(rng.randint(1, 4)))
    text = unit * (_LENGTH // len(unit))
    if rng.random() < 0.3:
        call = _call(rng)
        text = rng.choice([*_WRITERS.values()])(*call) + text
        return Reply(text[:_LENGTH], f"a call, then {unit!r} repeated", is_whole=False, call=call)
    return Reply(text, f"{unit!r} repeated", is_whole=False, call=_call(rng))
