"""Stage 5: concrete wishes inside a functionality, with the tool call by which each tool of the group serves them.

Scenarios for histories and scenarios for final instructions never share their values: which side a set of values is on
depends on the values alone. In the same way an instruction's words decide its split, so that none occurs in two. No
value is a catalogue's own example or default, and no final instruction names a tool, a provider or an
attribute of some tools of the group.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from builder.grouping.functionalities import REGISTERS
from builder.records import Binding, Group, GroupTool, Scenario, SlotValue
from builder.words import mentions_any, spoken

from .values.context import Draw
from .values.registry import draw_values

WriteScenarios = Callable[[Group, np.random.Generator, bool], Iterator[Scenario]]
"""Scenarios of a group until no new one can be found; final instructions where the last argument is true."""
_ATTEMPTS: Final = 400
_SPLIT_ENDS: Final = (("train", 40), ("validation", 70), ("test", 100))
"""Percent of all instructions that are kept for each split, cumulated."""
_FINAL_SHARE: Final = 40
"""Percent of all sets of values that are kept for final instructions."""


def write_scenarios(group: Group, rng: np.random.Generator, final: bool) -> Iterator[Scenario]:
    """Write scenarios for a group, until no new one can be found.

    Args:
        group: The group that serves them.
        rng: Draws values and patterns.
        final: Whether they are final instructions; the others are for histories.
    """
    functionality = group.functionality
    patterns = [pattern for register in REGISTERS for pattern in functionality.patterns[register]]
    taken = catalogue_values(group)
    names_any = mentions_any(favouring_words(group) if final else [])
    seen: set[str] = set()
    order: list[int] = []
    while True:
        for _ in range(_ATTEMPTS):
            values = draw_values(functionality.slots, Draw(rng))
            if is_final(values) != final or any(_key(value.value) in taken for value in values.values()):
                continue
            # Patterns are used in turn, so that every register comes as often as it has patterns.
            order = order or [int(index) for index in rng.permutation(len(patterns))]
            pattern = patterns[order.pop()]
            instruction = pattern.format(**{name: value.said for name, value in values.items()})
            if instruction in seen or _split_of(instruction) != (group.split or _split_of(instruction)):
                continue
            if names_any(instruction):
                continue
            seen.add(instruction)
            yield Scenario(instruction, values)
            break
        else:
            return


def arguments_of(scenario: Scenario, member: GroupTool) -> dict[str, Any]:
    """The arguments by which a tool of the group serves a scenario, under its own names and types."""
    arguments: dict[str, Any] = {}
    for slot, binding in member.bindings.items():
        inner = arguments
        for name in binding.path[:-1]:
            inner = inner.setdefault(name, {})
        inner[binding.path[-1]] = _typed(scenario.values[slot], binding)
    return arguments


def _typed(value: SlotValue, binding: Binding) -> str | int | float:
    if binding.type == "string":
        return str(value.value)
    if binding.type == "integer":
        return int(value.value)
    number = float(value.value)
    return int(number) if number.is_integer() else number


def favouring_words(group: Group) -> list[str]:
    """What an instruction must not hold: names of the group's tools and providers, and attributes of some of them."""
    tools = [member.tool for member in group.members]
    values = [frozenset(tool.values.items()) for tool in tools]
    some = frozenset.union(*values) - frozenset.intersection(*values)
    names = {name for tool in tools for name in (tool.name, tool.provider)}
    return sorted(names | {spoken(value) for _, value in some})


def is_final(values: Mapping[str, SlotValue]) -> bool:
    """Whether a set of values is for a final instruction; else it is for histories."""
    text = json.dumps({name: value.value for name, value in values.items()}, sort_keys=True)
    return zlib.crc32(text.encode()) % 100 < _FINAL_SHARE


def _split_of(instruction: str) -> str:
    place = zlib.crc32(instruction.encode()) % 100
    return next(split for split, end in _SPLIT_ENDS if place < end)


def catalogue_values(group: Group) -> set[str]:
    """Defaults and examples of the parameters that slots go to, in small letters."""
    taken: set[str] = set()
    for member in group.members:
        for binding in member.bindings.values():
            schema: Mapping[str, Any] = member.tool.parameters
            for name in binding.path:
                schema = schema["properties"][name]
            taken |= {_key(value) for value in (*schema.get("examples", []), schema.get("default"))}
    return taken


def _key(value: object) -> str:
    return str(value).strip().casefold()
