"""A model that answers the builder's tasks by rule: a pure function of the request.

It recognises functionalities by the builder's own library, so that real catalogues fall into groups; everything else it
says is made of the payload. It obeys a tool's documentation where that gets out of its string, as a gullible model would.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

import numpy as np

from builder.grouping.alignment import align
from builder.grouping.functionalities import entries
from builder.records import Functionality
from builder.words import mentions, squash, words

Payload = dict[str, Any]
SYLLABLES = ("ba", "lor", "men", "tis", "ru", "vel", "ka", "dor", "sim", "pel", "no", "gar")
READ = (
    ("pricing", "free", "free"),
    ("freshness", "live", "real-time"),
    ("speed", "instant", "fast"),
    ("hosting", "europe", "Europe"),
)
REGISTERS = {
    "terse": "{wish}: {values}",
    "polite": "Could you please {wish} for {values}?",
    "reason": "I have a meeting about it, so {wish} for {values}.",
    "spoken": "hey {wish} for {values} would you",
    "two": "Somebody asked me today. Please {wish} for {values}.",
}


def reply(body: dict[str, Any]) -> str:
    """The reply to a request of the builder."""
    user = body["messages"][-1]["content"]
    try:
        request = json.loads(user)
    except ValueError:
        return "OWNED"  # the documentation broke out of its string and was taken for an instruction
    payload = request["payload"]
    tasks = {"understand": understand, "judge": judge, "align": aligned, "write": write, "verify": verify}
    return json.dumps(tasks[request["task"]](payload), ensure_ascii=False)


def understand(payload: Payload) -> Payload:
    documentation = payload["documentation"]
    return {
        "functionality": does(payload["name"], documentation),
        "attributes": [
            {"axis": axis, "value": value, "quote": quote}
            for axis, value, quote in READ
            if quote in documentation and value in payload["axes"].get(axis, ())
        ],
    }


def does(name: str, documentation: str) -> str:
    """The summary of the first functionality whose signals occur, else the beginning of the documentation."""
    text = " ".join([*words(name), *words(documentation)][:60])
    operation = " ".join(words(name.partition("__")[2]))
    for entry, summary in library():
        if (
            all(one.hit(text) for one in entry.all_of)
            and (entry.operation is None or entry.operation.hit(text))
            and not entry.none_of.hit(operation)
        ):
            return summary
    return f"call {' '.join(words(documentation)[:6])}"


@cache
def library() -> list[tuple[Any, str]]:
    return [(entry, " ".join(entry.functionality.summary.rstrip(".").split()[:12])) for entry in entries()]


def judge(payload: Payload) -> Payload:
    first, second = payload["first"], payload["second"]
    return {
        "first_does": first["functionality"],
        "second_does": second["functionality"],
        "same_job": first["functionality"] == second["functionality"],
    }


def aligned(payload: Payload) -> Payload:
    """By the library's lexicon, which knows names for the same thing; else by the same name."""
    parameters = payload["tool"]["parameters"]
    schema = {
        "properties": {name: {"type": one["type"], "description": one["about"]} for name, one in parameters.items()},
        "required": [name for name, one in parameters.items() if one["required"]],
    }
    for functionality in functionalities(tuple(slot["name"] for slot in payload["slots"])):
        found = align(schema, functionality.slots)
        own = align(
            {
                "properties": {
                    slot["name"]: {"type": "string", "description": slot["about"]} for slot in payload["slots"]
                },
                "required": [slot["name"] for slot in payload["slots"]],
            },
            functionality.slots,
        )
        if isinstance(found, dict) and isinstance(own, dict):
            names = {own[slot].path[0]: found[slot].path[0] for slot in own}
            return {"slots": [{"slot": slot["name"], "parameter": names[slot["name"]]} for slot in payload["slots"]]}
    same = {squash(name): name for name in parameters}
    return {"slots": [{"slot": slot["name"], "parameter": same.get(squash(slot["name"]))} for slot in payload["slots"]]}


@cache
def functionalities(slots: tuple[str, ...]) -> list[Functionality]:
    return [entry.functionality for entry in entries() if len(entry.functionality.slots) == len(slots)]


def write(payload: Payload) -> Payload:
    seed = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).digest()
    rng = np.random.default_rng(list(seed))
    wish = payload["functionality"].partition(" (")[0].lower()
    scenarios = []
    for _ in range(payload["count"]):
        values = {slot["name"]: value(slot["name"], payload, rng) for slot in payload["slots"]}
        said = " and ".join(values.values())
        instruction = REGISTERS[payload["register"]].format(wish=wish, values=said)
        calls = [
            {
                "tool": tool["name"],
                "arguments": json.dumps(
                    {one["parameter"]: cast(values[slot], one["type"]) for slot, one in tool["slots"].items()}
                ),
            }
            for tool in payload["tools"]
        ]
        scenarios.append(
            {
                "instruction": instruction,
                "values": [{"slot": slot, "value": text} for slot, text in values.items()],
                "calls": calls,
            }
        )
    return {"scenarios": scenarios}


def value(slot: str, payload: Payload, rng: np.random.Generator) -> str:
    """A word nobody has heard of, or a number where a tool wants one."""
    kinds = {tool["slots"][slot]["type"] for tool in payload["tools"]}
    while True:
        made = (
            str(rng.integers(1, 9000))
            if kinds != {"string"}
            else "".join(SYLLABLES[int(index)] for index in rng.integers(len(SYLLABLES), size=4)).title()
        )
        if made.casefold() not in payload["taken"] and not any(
            mentions(made, word) for word in payload["must_not_name"]
        ):
            return made


def cast(text: str, kind: str) -> str | int:
    return text if kind == "string" else int(text)


def verify(payload: Payload) -> Payload:
    return {
        "restated": payload["instruction"],
        "calls": [{"tool": tool["name"], "serves": True} for tool in payload["tools"]],
        "missing_values": [],
        "favours_a_tool": False,
    }
