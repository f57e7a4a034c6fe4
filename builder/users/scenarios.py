"""Scenarios: instructions with slot values.

Scenarios for histories and for final instructions never share slot values, because a hash of the values decides which
of the two a scenario is for. In the same way, a hash of the instruction decides its split, so that no instruction
occurs in two splits. No value is an example or default from the catalogue. No final instruction names a tool, a
provider, or an attribute that only some tools of the group have.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any, Final

import numpy as np

from builder.grouping.functionalities import REGISTERS
from builder.records import Group, Scenario, SlotValue
from builder.words import is_word_of_job, mentions_any, spoken

from .values.context import ValueSource
from .values.slot_values import draw_values

WriteScenarios = Callable[[Group, np.random.Generator, bool], Iterator[Scenario]]
"""Function that yields distinct scenarios of a group; final instructions if the last argument is True."""
_ATTEMPTS: Final = 400
"""Attempts to write a new scenario before the group is considered exhausted."""
_SPLIT_ENDS: Final = (("train", 40), ("validation", 70), ("test", 100))
"""Cumulative percentage of all instructions that is reserved for each split."""
_FINAL_PERCENT: Final = 40
"""Percentage of all sets of values that is reserved for final instructions."""


def write_scenarios(group: Group, rng: np.random.Generator, final: bool) -> Iterator[Scenario]:
    """Write distinct scenarios for a group, until 400 attempts in a row yield no new one.

    Args:
        group: Group whose tools serve the scenarios.
        rng: Generator that draws values and patterns.
        final: True for final instructions, False for histories.
    """
    writer = _ScenarioWriter(group, rng, final)
    while True:
        attempts = (writer.attempt() for _ in range(_ATTEMPTS))
        scenario = next((scenario for scenario in attempts if scenario is not None), None)
        if scenario is None:
            return
        yield scenario


class _ScenarioWriter:
    """Writer of the scenarios of one group.

    Args:
        group: Group whose tools serve the scenarios.
        rng: Generator that draws values and patterns.
        final: True for final instructions, False for histories.
    """

    def __init__(self, group: Group, rng: np.random.Generator, final: bool) -> None:
        functionality = group.functionality
        self._slots = functionality.slots
        self._patterns = [pattern for register in REGISTERS for pattern in functionality.patterns[register]]
        self._split = group.split
        self._rng = rng
        self._final = final
        self._excluded_values = catalogue_values(group)
        self._favours_a_tool = mentions_any(favouring_words(group) if final else [])
        self._seen: set[str] = set()
        self._pattern_order: list[int] = []

    def attempt(self) -> Scenario | None:
        """Draw a scenario; return None if its values or its instruction are rejected."""
        values = draw_values(self._slots, ValueSource(self._rng))
        if not accepts_values(values, self._excluded_values, final=self._final):
            return None
        instruction = self._next_pattern().format(**{name: value.said for name, value in values.items()})
        if not self._accepts_instruction(instruction):
            return None
        self._seen.add(instruction)
        return Scenario(instruction, values)

    def _next_pattern(self) -> str:
        """Return the next pattern. All patterns are used in turn, so that each is used equally often."""
        if not self._pattern_order:
            self._pattern_order = [int(index) for index in self._rng.permutation(len(self._patterns))]
        return self._patterns[self._pattern_order.pop()]

    def _accepts_instruction(self, instruction: str) -> bool:
        if instruction in self._seen:
            return False
        if self._split and _split_of(instruction) != self._split:
            return False
        return not self._favours_a_tool(instruction)


def accepts_values(values: Mapping[str, SlotValue], excluded: Set[str], *, final: bool) -> bool:
    """Return True if a scenario can have these values.

    Args:
        values: Values by slot.
        excluded: Values that no scenario has, as `catalogue_values` returns them.
        final: True for a final instruction, False for a request of a history.
    """
    return is_final(values) == final and not any(_normalised(value.value) in excluded for value in values.values())


def favouring_words(group: Group) -> list[str]:
    """Return the words that would favour some tools of a group, and so must not occur in a final instruction.

    These are the names of the tools and providers, and the attribute values that only some of the tools have.
    """
    tools = [member.tool for member in group.members]
    values = [frozenset(tool.values.items()) for tool in tools]
    some = frozenset.union(*values) - frozenset.intersection(*values)
    names = {name for tool in tools for name in (tool.name, tool.provider)}
    return sorted(names | {spoken(value) for _, value in some})


def barred_names(group: Group) -> list[str]:
    """Return the names of the tools and providers of a group, except those that consist of words of its job."""
    names = {name for member in group.members for name in (member.tool.name, member.tool.provider)}
    return sorted(name for name in names if not is_word_of_job(name, group.functionality.name))


def is_final(values: Mapping[str, SlotValue]) -> bool:
    """Return True if a set of values is reserved for final instructions, False if it is for histories."""
    text = json.dumps({name: value.value for name, value in values.items()}, sort_keys=True)
    return zlib.crc32(text.encode()) % 100 < _FINAL_PERCENT


def _split_of(instruction: str) -> str:
    percent = zlib.crc32(instruction.encode()) % 100
    return next(split for split, end in _SPLIT_ENDS if percent < end)


def catalogue_values(group: Group) -> set[str]:
    """Return the defaults and examples of the parameters that slots are bound to, stripped and in lower case."""
    values: set[str] = set()
    for member in group.members:
        for binding in member.bindings.values():
            schema: Mapping[str, Any] = member.tool.parameters
            for name in binding.path:
                schema = schema["properties"][name]
            stated = [*schema.get("examples", []), *([schema["default"]] if schema.get("default") is not None else [])]
            values |= {_normalised(value) for value in stated}
    return values


def _normalised(value: object) -> str:
    return str(value).strip().casefold()
