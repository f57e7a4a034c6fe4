"""Tasks of the builder: the schema of each reply, and the check of a reply against its payload.

A reply that fits its schema can still be nonsense. Each schema therefore asks for something that must agree with the
payload: a quote, words of the documentation, the names of the tools, or the exact values.

The docstrings of the reply models are part of the JSON Schema that the model receives. Changing one changes the version
of its task and the keys of its cached answers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from pydantic import Field

from builder.words import mentions_any, words

from .read_facts import fact_fault
from .task import Payload, Reply, Task

_LONGEST_FUNCTIONALITY: Final = 14
"""Longest accepted functionality in words, slightly more than the prompt asks for."""
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_STATED: Final = re.compile(r"(?<![\d.])(?:(?<!\w)-)?\d+(?:\.\d+)?(?!\d)")
"""Number in an instruction."""


class ReadFact(Reply):
    """One fact that a tool's documentation states."""

    axis: str
    number: float | None
    value: str
    quote: str


class Understanding(Reply):
    """What a tool does, and the facts that its documentation states."""

    functionality: str
    facts: list[ReadFact]


def _check_understanding(payload: Payload, reply: Understanding) -> str | None:
    if not 2 <= len(reply.functionality.split()) <= _LONGEST_FUNCTIONALITY:
        return "functionality_is_no_short_phrase"
    if not set(words(reply.functionality)) & set(words(f"{payload['name']} {payload['documentation']}")):
        return "functionality_shares_no_word_with_the_documentation"
    axes: Mapping[str, list[str]] = payload["axes"]
    seen = set()
    documentation = " ".join(payload["documentation"].split())
    for fact in reply.facts:
        if fact.value not in axes.get(fact.axis, ()):
            return "fact_not_on_the_axes"
        if fact.axis in seen:
            return "axis_stated_twice"
        quote = " ".join(fact.quote.split())
        if not quote or quote not in documentation:
            return "quote_not_in_the_documentation"
        fault = fact_fault(fact.axis, fact.number, fact.value, quote)
        if fault is not None:
            return fault
        seen.add(fact.axis)
    return None


class Judgement(Reply):
    """Whether two tools do the same job."""

    first_does: str
    second_does: str
    same_job: bool


def _check_judgement(payload: Payload, reply: Judgement) -> str | None:
    for description, tool in ((reply.first_does, payload["first"]), (reply.second_does, payload["second"])):
        if not set(words(description)) & set(words(f"{tool['functionality']} {tool['documentation']}")):
            return "tool_not_described_in_its_own_words"
    return None


class SlotAlignment(Reply):
    """The parameter that takes one slot."""

    slot: str
    parameter: str | None


class Alignment(Reply):
    """The parameters that take the slots of a job."""

    slots: list[SlotAlignment]


def _check_alignment(payload: Payload, reply: Alignment) -> str | None:
    if sorted(item.slot for item in reply.slots) != sorted(slot["name"] for slot in payload["slots"]):
        return "not_every_slot_once"
    bound = [item.parameter for item in reply.slots if item.parameter is not None]
    if len(set(bound)) != len(bound):
        return "parameter_takes_two_slots"
    if not set(bound) <= set(payload["tool"]["parameters"]):
        return "unknown_parameter"
    return None


class WrittenValue(Reply):
    """A concrete value of a slot, as text."""

    slot: str
    value: str = Field(min_length=1)


class WrittenCall(Reply):
    """A tool's call; its arguments are the text of a JSON object."""

    tool: str
    arguments: str


class WrittenScenario(Reply):
    """One concrete wish, with the calls that serve it."""

    instruction: str
    values: list[WrittenValue]
    calls: list[WrittenCall]


class Scenarios(Reply):
    """Several wishes in one register."""

    scenarios: list[WrittenScenario]


def _check_scenarios(payload: Payload, reply: Scenarios) -> str | None:
    """Reject a reply only if all its scenarios are faulty. Otherwise the caller drops the faulty ones."""
    faults = [scenario_fault(payload, scenario) for scenario in reply.scenarios]
    if not faults:
        return "no_scenario"
    return faults[0] if all(faults) else None


def scenario_fault(payload: Payload, scenario: WrittenScenario) -> str | None:
    """Return the reason why a scenario cannot be used, or None if it passes all checks.

    Args:
        payload: Payload of the request, from `write_payload`.
        scenario: A scenario of the reply.
    """
    return _wrong_instruction(payload, scenario) or _wrong_calls(payload, scenario)


def _wrong_instruction(payload: Payload, scenario: WrittenScenario) -> str | None:
    """Check the values and the wording of a scenario."""
    slots = {slot["name"] for slot in payload["slots"]}
    if sorted(item.slot for item in scenario.values) != sorted(slots):
        return "not_every_slot_once"
    values = values_of(scenario)
    if None in values.values():
        return "value_not_stated"
    if any(str(value).casefold() in payload["taken"] for value in values.values()):
        return "value_of_the_catalogue"
    if {slot: str(value).casefold() for slot, value in values.items()} in payload["used"]:
        return "values_used_before"
    if mentions_any(payload["must_not_name"])(scenario.instruction):
        return "names_a_tool"
    return None


def values_of(scenario: WrittenScenario) -> dict[str, str | None]:
    """Return the values of a scenario by slot, as its instruction states them; None for a value that it does not state.

    A number is stated if the instruction has one of the same value: 75.5 as 75.50.
    """
    return {item.slot: _as_stated(item.value, scenario.instruction) for item in scenario.values}


def _as_stated(value: str, instruction: str) -> str | None:
    if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", instruction):
        return value
    if not _DECIMAL.fullmatch(value):
        return None
    return next((found for found in _STATED.findall(instruction) if float(found) == float(value)), None)


def _wrong_calls(payload: Payload, scenario: WrittenScenario) -> str | None:
    """Check that a scenario holds one call of each tool and that each call passes the values."""
    values = {slot: str(value) for slot, value in values_of(scenario).items()}
    calls = {call.tool: call.arguments for call in scenario.calls}
    if sorted(call.tool for call in scenario.calls) != sorted(tool["name"] for tool in payload["tools"]):
        return "not_every_tool_once"
    if not all(_serves(calls[tool["name"]], tool, values) for tool in payload["tools"]):
        return "call_does_not_carry_the_values"
    return None


def _serves(arguments: str, tool: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """Return True if a call passes exactly the values, each under its parameter and in the parameter's type.

    Numbers are compared by value, also in parameters that take them as text.
    """
    try:
        passed = json.loads(arguments)
    except (ValueError, RecursionError):
        return False
    wanted = {
        parameter["parameter"]: typed(values[slot], parameter["type"]) for slot, parameter in tool["slots"].items()
    }
    return (
        isinstance(passed, dict)
        and passed.keys() == wanted.keys()
        and all(value is not None and _is_equal(passed[name], value) for name, value in wanted.items())
    )


def _is_equal(passed: object, wanted: str | float) -> bool:
    if isinstance(passed, bool) or isinstance(passed, str) != isinstance(wanted, str):
        return False
    if (
        isinstance(passed, str)
        and isinstance(wanted, str)
        and _DECIMAL.fullmatch(passed)
        and _DECIMAL.fullmatch(wanted)
    ):
        return float(passed) == float(wanted)
    return passed == wanted


def typed(value: str, kind: str) -> str | int | float | None:
    """Convert a value to the JSON type of a parameter.

    Args:
        value: The value as text.
        kind: `string`, `integer` or `number`.

    Returns:
        The converted value; None if the type cannot represent it. A number is a plain decimal: 75.50 becomes 75.5, but
        007 and 1e3 may be codes, whose form would be lost.
    """
    if kind == "string":
        return value
    if not _DECIMAL.fullmatch(value):
        return None
    number = float(value)
    whole = int(number) if number.is_integer() and abs(number) < 2**53 else None
    if whole is None and (kind == "integer" or not math.isfinite(number)):
        return None
    return number if whole is None else whole


class CallVerdict(Reply):
    """Whether a tool's call serves an instruction."""

    tool: str
    serves: bool


class Verification(Reply):
    """Whether a scenario can be used."""

    restated: str
    calls: list[CallVerdict]
    missing_values: list[str]
    favours_a_tool: bool


def _check_verification(payload: Payload, reply: Verification) -> str | None:
    if not set(words(reply.restated)) & set(words(payload["instruction"])):
        return "instruction_not_restated"
    if sorted(call.tool for call in reply.calls) != sorted(tool["name"] for tool in payload["tools"]):
        return "not_every_tool_once"
    if not set(reply.missing_values) <= set(payload["values"]):
        return "unknown_value"
    return None


Fault = Literal["a_call_does_not_serve", "a_value_is_missing", "favours_a_tool"]


def fault_of(verdict: Verification, without: Collection[str] = ()) -> Fault | None:
    """Return the reason to drop a scenario after verification, or None to keep it.

    Args:
        verdict: The verification.
        without: Names of tools that have left the group since.
    """
    if not all(call.serves for call in verdict.calls if call.tool not in without):
        return "a_call_does_not_serve"
    if verdict.missing_values:
        return "a_value_is_missing"
    return "favours_a_tool" if verdict.favours_a_tool else None


UNDERSTAND: Final = Task("understand", Understanding, _check_understanding)
JUDGE: Final = Task("judge", Judgement, _check_judgement)
ALIGN: Final = Task("align", Alignment, _check_alignment)
WRITE: Final = Task("write", Scenarios, _check_scenarios)
VERIFY: Final = Task("verify", Verification, _check_verification)
TASKS: Final = (UNDERSTAND, JUDGE, ALIGN, WRITE, VERIFY)
"""All tasks, in the order in which the builder runs them."""
