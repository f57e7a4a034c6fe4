"""Tasks of the builder: the schema of each reply, and the check of a reply against its payload.

A reply that fits its schema can still be nonsense. Each schema therefore asks for something that must agree with the
payload: a quote, words of the documentation, the names of the tools, or the exact values.

The docstrings of the reply models are part of the JSON Schema that the model receives. Changing one changes the version
of its task and the keys of its cached answers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from builder.words import mentions_any, words

from .task import Payload, Reply, Task

_LONGEST_FUNCTIONALITY: Final = 14
"""Longest accepted functionality in words, slightly more than the prompt asks for."""


class ReadAttribute(Reply):
    """One attribute that a tool's documentation states."""

    axis: str
    value: str
    quote: str


class Understanding(Reply):
    """What a tool does, and its attributes."""

    functionality: str
    attributes: list[ReadAttribute]


def _check_understanding(payload: Payload, reply: Understanding) -> str | None:
    if not 2 <= len(reply.functionality.split()) <= _LONGEST_FUNCTIONALITY:
        return "functionality_is_no_short_phrase"
    if not set(words(reply.functionality)) & set(words(f"{payload['name']} {payload['documentation']}")):
        return "functionality_shares_no_word_with_the_documentation"
    axes: Mapping[str, list[str]] = payload["axes"]
    seen = set()
    for attribute in reply.attributes:
        if attribute.value not in axes.get(attribute.axis, ()):
            return "attribute_not_on_the_axes"
        if attribute.axis in seen:
            return "axis_stated_twice"
        if not attribute.quote.strip() or " ".join(attribute.quote.split()) not in payload["documentation"]:
            return "quote_not_in_the_documentation"
        seen.add(attribute.axis)
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
    values = [item.value for item in scenario.values]
    if sorted(item.slot for item in scenario.values) != sorted(slots):
        return "not_every_slot_once"
    if any(value not in scenario.instruction for value in values):
        return "value_not_stated"
    if any(value.casefold() in payload["taken"] for value in values):
        return "value_of_the_catalogue"
    if mentions_any(payload["must_not_name"])(scenario.instruction):
        return "names_or_favours_a_tool"
    return None


def _wrong_calls(payload: Payload, scenario: WrittenScenario) -> str | None:
    """Check that a scenario holds one call of each tool and that each call passes the values."""
    values = {item.slot: item.value for item in scenario.values}
    calls = {call.tool: call.arguments for call in scenario.calls}
    if sorted(call.tool for call in scenario.calls) != sorted(tool["name"] for tool in payload["tools"]):
        return "not_every_tool_once"
    if not all(_serves(calls[tool["name"]], tool, values) for tool in payload["tools"]):
        return "call_does_not_carry_the_values"
    return None


def _serves(arguments: str, tool: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """Return True if a call passes exactly the values, each under its parameter and in the parameter's type."""
    try:
        passed = json.loads(arguments)
    except (ValueError, RecursionError):
        return False
    wanted = {
        parameter["parameter"]: typed(values[slot], parameter["type"]) for slot, parameter in tool["slots"].items()
    }
    return None not in wanted.values() and passed == wanted


def typed(value: str, kind: str) -> str | int | float | None:
    """Convert a value to the JSON type of a parameter.

    Args:
        value: The value as text.
        kind: `string`, `integer` or `number`.

    Returns:
        The converted value. None if the type cannot represent the value, or if the result, written as text,
        would differ from `value`.
    """
    if kind == "string":
        return value
    try:
        number = float(value)
    except ValueError:
        return None
    whole = int(number) if number.is_integer() and abs(number) < 2**53 else None
    if whole is None and (kind == "integer" or not math.isfinite(number)):
        return None
    converted = number if whole is None else whole
    # The instruction states the value literally, and "3.0", "1e3" or "007" would not survive the conversion.
    return converted if str(converted) == value else None


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


def fault_of(verdict: Verification) -> Fault | None:
    """Return the reason to drop a scenario after verification, or None to keep it."""
    if not all(call.serves for call in verdict.calls):
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
