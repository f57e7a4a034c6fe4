"""Rule-based replies to the tasks of the builder: a pure function of the request.

Functionalities are recognised with the builder's library, so that real catalogues form groups. All other content is
taken from the payload. If a payload is not valid JSON, the script behaves like a model that has obeyed an injected
instruction.
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
    ("region", "EU", "hosted in Europe"),
)
REGISTERS = {
    "terse": "{wish}: {values}",
    "polite": "Could you please {wish} for {values}?",
    "reason": "I have a meeting about it, so {wish} for {values}.",
    "spoken": "hey {wish} for {values} would you",
    "two": "Somebody asked me today. Please {wish} for {values}.",
}


def reply(body: dict[str, Any]) -> str:
    """Return the reply to a request of the builder."""
    user = body["messages"][-1]["content"]
    try:
        request = json.loads(user)
    except ValueError:
        return "OWNED"  # the documentation has broken out of its JSON string
    payload = request["payload"]
    tasks = {"understand": understand, "judge": judge, "align": align_slots, "write": write, "verify": verify}
    return json.dumps(tasks[request["task"]](payload), ensure_ascii=False)


def understand(payload: Payload) -> Payload:
    documentation = payload["documentation"]
    return {
        "functionality": does(payload["name"], documentation),
        "facts": [
            {"axis": axis, "number": None, "value": value, "quote": quote}
            for axis, value, quote in READ
            if quote in documentation and value in payload["axes"].get(axis, ())
        ],
    }


def does(name: str, documentation: str) -> str:
    """Return the summary of the first functionality whose signals match, or else the start of the documentation."""
    text = " ".join([*words(name), *words(documentation)][:60])
    operation = " ".join(words(name.partition("__")[2]))
    for entry, summary in library():
        if (
            all(signal.hit(text) for signal in entry.all_of)
            and (entry.operation is None or entry.operation.hit(text))
            and not entry.none_of.hit(operation)
        ):
            return summary
    return f"call {' '.join(words(documentation)[:6])}"


@cache
def library() -> list[tuple[Any, str]]:
    """Return the entries of the library with their summaries of at most 12 words."""
    return [(entry, " ".join(entry.functionality.summary.rstrip(".").split()[:12])) for entry in entries()]


def judge(payload: Payload) -> Payload:
    first, second = payload["first"], payload["second"]
    return {
        "first_does": first["functionality"],
        "second_does": second["functionality"],
        "same_job": first["functionality"] == second["functionality"],
    }


def align_slots(payload: Payload) -> Payload:
    """Match slots to parameters with the synonyms of the library, or else by equal names."""
    slots, parameters = payload["slots"], payload["tool"]["parameters"]
    for functionality in functionalities(tuple(slot["name"] for slot in slots)):
        names = parameter_names(slots, parameters, functionality)
        if names is not None:
            return {"slots": [{"slot": slot["name"], "parameter": names[slot["name"]]} for slot in slots]}
    same = {squash(name): name for name in parameters}
    return {"slots": [{"slot": slot["name"], "parameter": same.get(squash(slot["name"]))} for slot in slots]}


def parameter_names(
    slots: list[dict[str, Any]], parameters: dict[str, dict[str, Any]], functionality: Functionality
) -> dict[str, str] | None:
    """Return the parameter of each slot; None unless the functionality aligns with both the tool and the slots."""
    tool_schema = {
        "properties": {
            name: {"type": parameter["type"], "description": parameter["about"]}
            for name, parameter in parameters.items()
        },
        "required": [name for name, parameter in parameters.items() if parameter["required"]],
    }
    slot_schema = {
        "properties": {slot["name"]: {"type": "string", "description": slot["about"]} for slot in slots},
        "required": [slot["name"] for slot in slots],
    }
    by_tool = align(tool_schema, functionality.slots)
    by_slot = align(slot_schema, functionality.slots)
    if not isinstance(by_tool, dict) or not isinstance(by_slot, dict):
        return None
    return {by_slot[slot].path[0]: by_tool[slot].path[0] for slot in by_slot}


@cache
def functionalities(slots: tuple[str, ...]) -> list[Functionality]:
    """Return the functionalities with the same number of slots."""
    return [entry.functionality for entry in entries() if len(entry.functionality.slots) == len(slots)]


def write(payload: Payload) -> Payload:
    seed = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).digest()
    rng = np.random.default_rng(list(seed))
    wish = payload["functionality"].partition(" (")[0].lower()
    scenarios = []
    for _ in range(payload["count"]):
        values = {slot["name"]: value(slot["name"], payload, rng) for slot in payload["slots"]}
        listed = " and ".join(values.values())
        instruction = REGISTERS[payload["register"]].format(wish=wish, values=listed)
        calls = [
            {
                "tool": tool["name"],
                "arguments": json.dumps(
                    {target["parameter"]: cast(values[slot], target["type"]) for slot, target in tool["slots"].items()}
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
    """Return an invented word, or a number if a tool requires one."""
    kinds = {tool["slots"][slot]["type"] for tool in payload["tools"]}
    used = [values[slot] for values in payload["used"]]
    while True:
        candidate = (
            str(rng.integers(1, 9000))
            if kinds != {"string"}
            else "".join(SYLLABLES[int(index)] for index in rng.integers(len(SYLLABLES), size=4)).title()
        )
        if candidate.casefold() not in [*payload["taken"], *used] and not any(
            mentions(candidate, word) for word in payload["must_not_name"]
        ):
            return candidate


def cast(text: str, kind: str) -> str | int:
    return text if kind == "string" else int(text)


def verify(payload: Payload) -> Payload:
    return {
        "restated": payload["instruction"],
        "calls": [{"tool": tool["name"], "serves": True} for tool in payload["tools"]],
        "missing_values": [],
        "favours_a_tool": False,
    }
