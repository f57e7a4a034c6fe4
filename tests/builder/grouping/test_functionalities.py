"""The data files: functionalities, slots, axes, providers."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pytest

from builder.grouping.functionalities import REGISTERS, Entry, concepts, data_table, entries
from builder.users.values.registry import generator
from builder.world.marketplace import axes, marketplace, providers, suitable_axes
from hf_dataset.layout import SPLITS

# Words that would hint at an attribute; an instruction holds none of them.
HINTS = re.compile(
    r"\b(free|paid|cheap\w*|price of the service|account"
    r"|sign[- ]?up|api key|fast\w*|slow\w*|reliabl\w*|up[- ]to[- ]date"
    r"|exhaustive|official|open[- ]source|privacy|uptime|asap)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.functionality.name)
def test_functionality(entry: Entry) -> None:
    made = entry.functionality
    patterns = [pattern for register in REGISTERS for pattern in made.patterns[register]]
    assert len(made.phrases) >= 5
    assert all(len(made.patterns[register]) >= 2 for register in REGISTERS)
    assert len(patterns) >= 12
    assert len(set(patterns)) == len(patterns)
    names = sorted(slot.name for slot in made.slots)
    assert names, "a functionality without slots has one instruction only"
    for pattern in patterns:
        assert sorted(re.findall(r"\{(\w+)\}", pattern)) == names, pattern
        assert not HINTS.search(pattern), pattern
    kinds = [slot.concept for slot in made.slots]
    assert len(set(kinds)) == len(kinds)
    assert all(kind in concepts() for kind in kinds)
    assert entry.all_of


def test_names_are_unique() -> None:
    names = Counter(entry.functionality.name for entry in entries())
    assert max(names.values()) == 1


def test_every_concept_has_a_generator() -> None:
    for concept in concepts():
        assert callable(generator(concept))


def test_the_marketplace_is_broad() -> None:
    offered = [entry.functionality for entry in entries() if entry.offered]
    assert len(offered) >= 12
    assert len({made.category for made in offered}) >= 8


def test_axes_have_closed_values_with_phrases_of_each_split_apart() -> None:
    phrases = [
        phrase.casefold()
        for values in axes().values()
        for by_split in values.values()
        for split in SPLITS
        for phrase in by_split[split]
    ]
    assert len(axes()) >= 12
    assert all(len(values) >= 2 for values in axes().values())
    assert len(set(phrases)) == len(phrases)


def test_providers_belong_to_one_split_and_do_not_carry_their_attributes() -> None:
    names = [provider.name for provider in providers()]
    words = {value for values in axes().values() for value in values} | set(axes())
    assert len(set(names)) == len(names)
    assert {provider.split for provider in providers()} == set(SPLITS)
    assert {provider.style for provider in providers()} == {"snake", "camel", "kebab", "flat"}
    assert not [name for name in names if any(word in name.lower() for word in words)]


def test_every_functionality_has_a_group_in_each_split_of_that_splits_own_providers() -> None:
    split_of = {provider.name: provider.split for provider in providers()}
    groups = list(marketplace())
    offered = {entry.functionality.name for entry in entries() if entry.offered}
    assert Counter(group.split for group in groups) == dict.fromkeys(SPLITS, len(offered))
    for group in groups:
        tools = [member.tool for member in group.members]
        assert 4 <= len(tools) <= 8
        assert len({tool.provider for tool in tools}) == len(tools)
        assert {split_of[tool.provider] for tool in tools} == {group.split}
        assert len({tool.description for tool in tools}) == len(tools)
        for one, other in combinations(tools, 2):
            assert {(a.axis, a.value) for a in one.attributes} != {(a.axis, a.value) for a in other.attributes}
        for tool in tools:
            assert all(attribute.evidence in tool.description for attribute in tool.attributes)


def test_marketplace_tools_can_be_called_with_the_slots() -> None:
    for group in marketplace():
        for member in group.members:
            for slot, binding in member.bindings.items():
                schema = member.tool.parameters
                for name in binding.path:
                    assert name in schema["required"], (member.tool.name, slot)
                    schema = schema["properties"][name]
                assert schema["type"] == binding.type


def test_contrast_families_are_lower_case_words() -> None:
    for family in data_table("grouping/lexicon/contrasts.toml").values():
        assert all(member == " ".join(member.lower().split()) for member in family)


def test_exclusions_name_axes_and_functionalities_that_exist() -> None:
    offered = {entry.functionality.name for entry in entries() if entry.offered}
    for axis, names in data_table("world/exclusions.toml").items():
        assert axis in axes()
        assert set(names) <= offered
        assert len(set(names)) == len(names)
    for group in marketplace():
        documented = {attribute.axis for member in group.members for attribute in member.tool.attributes}
        assert documented <= set(suitable_axes(group.functionality.name))
