"""Tests of writing scenarios and of the arguments that serve them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

import numpy as np

from builder.records import Binding, GroupTool, Scenario, SlotValue
from builder.users.arguments import arguments_of
from builder.users.scenarios import write_scenarios
from hf_dataset.layout import SPLITS
from tests.factories import group, tool

GROUP = group([tool("a__x", k="1"), tool("b__x", k="2"), tool("c__x", k="3")])


def scenarios(count: int, *, final: bool, seed: int = 0, split: str = "train") -> list[Scenario]:
    rng = np.random.default_rng(seed)
    return list(islice(write_scenarios(replace(GROUP, split=split), rng, final), count))


def cities_of(drawn: Iterable[Scenario]) -> set[str]:
    return {str(scenario.values["city"].value) for scenario in drawn}


def test_instructions_state_all_values_and_are_distinct() -> None:
    drawn = scenarios(60, final=False)
    assert len(drawn) == 60
    assert all(value.said in scenario.instruction for scenario in drawn for value in scenario.values.values())
    assert len({scenario.instruction for scenario in drawn}) == 60


def test_all_registers_are_used() -> None:
    assert {scenario.instruction.split()[0] for scenario in scenarios(40, final=True)} == {
        "terse", "polite", "reason", "spoken", "two",
    }  # fmt: skip


def test_final_instructions_and_histories_share_no_values() -> None:
    history, final = scenarios(80, final=False), scenarios(80, final=True, seed=1)
    assert not cities_of(history) & cities_of(final)


def test_examples_from_the_catalogue_are_not_used() -> None:
    cities = sorted(cities_of(scenarios(30, final=False)))
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string", "examples": cities}},
        "required": ["city"],
    }
    members = (GroupTool(replace(tool("a__x"), parameters=parameters), GROUP.members[0].bindings), *GROUP.members[1:])
    with_examples = replace(GROUP, members=members)
    drawn = islice(write_scenarios(with_examples, np.random.default_rng(0), False), 30)
    assert not cities_of(drawn) & set(cities)


def test_final_instructions_favour_no_tool_of_the_group() -> None:
    """Patterns that name a provider or an attribute of some tools are used in histories only."""
    patterns = {**GROUP.functionality.patterns, "terse": ("ask Cloudly {city}", "for free {city}", "neither {city}")}
    members = (
        tool("cloudly__x", pricing="free", form="neither"),
        tool("b__x", pricing="paid", form="neither"),
        tool("c__x", pricing="paid", form="neither"),
    )
    with_patterns = replace(group(members), functionality=replace(GROUP.functionality, patterns=patterns))
    final, history = (
        {
            scenario.instruction.split()[0]
            for scenario in islice(write_scenarios(with_patterns, np.random.default_rng(0), is_final), 80)
        }
        for is_final in (True, False)
    )
    assert {"ask", "for", "neither"} <= history
    assert final == history - {"ask", "for"}


def test_writing_ends_when_no_new_scenario_can_be_found() -> None:
    functionality = replace(GROUP.functionality, slots=(replace(GROUP.functionality.slots[0], concept="gender"),))
    small = replace(GROUP, functionality=functionality)
    both = [scenario for final in (False, True) for scenario in write_scenarios(small, np.random.default_rng(0), final)]
    assert 0 < len(both) <= 2 * 10


def test_arguments_follow_the_names_types_and_nesting_of_the_tool() -> None:
    values = {"n": SlotValue(3, "3"), "x": SlotValue(2.5, "2.5"), "zip": SlotValue("15217", "15217")}
    bindings = {
        "n": Binding(("filter", "count"), "string"),
        "x": Binding(("filter", "width"), "number"),
        "zip": Binding(("zip",), "integer"),
    }
    arguments = arguments_of(Scenario("", values), GroupTool(tool(), bindings))
    assert arguments == {"filter": {"count": "3", "width": 2.5}, "zip": 15217}


def test_no_instruction_is_in_two_splits() -> None:
    by_split = [{drawn.instruction for drawn in scenarios(200, final=True, split=split)} for split in SPLITS]
    assert all(len(instructions) == 200 for instructions in by_split)
    assert len(set().union(*by_split)) == 600
