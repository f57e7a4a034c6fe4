"""Scenarios: every value stated, none of the catalogue's own, two sides apart, arguments in each tool's own form."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np

from builder.records import Binding, GroupTool, Scenario, SlotValue
from builder.users.scenarios import arguments_of, write_scenarios
from hf_dataset.layout import SPLITS
from tests.factories import group, tool

GROUP = group([tool("a__x", k="1"), tool("b__x", k="2"), tool("c__x", k="3")])


def scenarios(count: int, *, final: bool, seed: int = 0, split: str = "train") -> list[Scenario]:
    rng = np.random.default_rng(seed)
    return list(islice(write_scenarios(replace(GROUP, split=split), rng, final), count))


def test_every_value_is_stated_and_no_instruction_comes_twice() -> None:
    made = scenarios(60, final=False)
    assert len(made) == 60
    assert all(value.said in scenario.instruction for scenario in made for value in scenario.values.values())
    assert len({scenario.instruction for scenario in made}) == 60


def test_all_registers_are_used() -> None:
    assert {scenario.instruction.split()[0] for scenario in scenarios(40, final=True)} == {
        "terse", "polite", "reason", "spoken", "two",
    }  # fmt: skip


def test_final_instructions_and_histories_share_no_values() -> None:
    one, other = scenarios(80, final=False), scenarios(80, final=True, seed=1)
    assert not {s.values["city"].value for s in one} & {s.values["city"].value for s in other}


def test_a_catalogues_own_examples_are_never_used() -> None:
    cities = [str(scenario.values["city"].value) for scenario in scenarios(30, final=False)]
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string", "examples": cities}},
        "required": ["city"],
    }
    members = (GroupTool(replace(tool("a__x"), parameters=parameters), GROUP.members[0].bindings), *GROUP.members[1:])
    own = replace(GROUP, members=members)
    made = islice(write_scenarios(own, np.random.default_rng(0), False), 30)
    assert not {str(scenario.values["city"].value) for scenario in made} & set(cities)


def test_final_instructions_favour_no_tool_of_the_group() -> None:
    """One pattern in ten names a provider, and one an attribute that some tools have."""
    patterns = {**GROUP.functionality.patterns, "terse": ("ask Cloudly {city}", "for free {city}", "neither {city}")}
    members = (
        tool("cloudly__x", pricing="free", form="neither"),
        tool("b__x", pricing="paid", form="neither"),
        tool("c__x", pricing="paid", form="neither"),
    )
    own = replace(group(members), functionality=replace(GROUP.functionality, patterns=patterns))
    final, history = (
        {made.instruction.split()[0] for made in islice(write_scenarios(own, np.random.default_rng(0), final), 80)}
        for final in (True, False)
    )
    assert {"ask", "for", "neither"} <= history
    assert final == history - {"ask", "for"}


def test_writing_ends_when_nothing_new_can_be_found() -> None:
    functionality = replace(GROUP.functionality, slots=(replace(GROUP.functionality.slots[0], concept="gender"),))
    small = replace(GROUP, functionality=functionality)
    both = [scenario for final in (False, True) for scenario in write_scenarios(small, np.random.default_rng(0), final)]
    assert 0 < len(both) <= 2 * 10


def test_arguments_take_each_tools_names_types_and_nesting() -> None:
    values = {"n": SlotValue(3, "3"), "x": SlotValue(2.5, "2.5"), "zip": SlotValue("15217", "15217")}
    bindings = {
        "n": Binding(("filter", "count"), "string"),
        "x": Binding(("filter", "width"), "number"),
        "zip": Binding(("zip",), "integer"),
    }
    made = arguments_of(Scenario("", values), GroupTool(tool(), bindings))
    assert made == {"filter": {"count": "3", "width": 2.5}, "zip": 15217}


def test_no_instruction_is_of_two_splits() -> None:
    by_split = [{made.instruction for made in scenarios(200, final=True, split=split)} for split in SPLITS]
    assert all(len(made) == 200 for made in by_split)
    assert len(set().union(*by_split)) == 600
