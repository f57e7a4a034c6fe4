"""Tests of the data files: functionalities, slots, axes and providers."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pytest

from builder.grouping.functionalities import REGISTERS, Entry, concepts, data_table, entries
from builder.records import Functionality, Group, Tool
from builder.users.values.slot_values import generator
from builder.world.marketplace import axes, marketplace, providers, suitable_axes
from hf_dataset.layout import SPLITS

# Words that hint at an attribute, and so must not occur in instruction patterns.
HINTS = re.compile(
    r"\b(free|paid|cheap\w*|price of the service|account"
    r"|sign[- ]?up|api key|fast\w*|slow\w*|reliabl\w*|up[- ]to[- ]date"
    r"|exhaustive|official|open[- ]source|privacy|uptime|asap)\b",
    re.IGNORECASE,
)


each_entry = pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.functionality.name)


def patterns_of(functionality: Functionality) -> list[str]:
    return [pattern for register in REGISTERS for pattern in functionality.patterns[register]]


@each_entry
def test_functionality_has_enough_phrases_and_distinct_patterns(entry: Entry) -> None:
    functionality = entry.functionality
    patterns = patterns_of(functionality)
    assert len(functionality.phrases) >= 5
    assert all(len(functionality.patterns[register]) >= 2 for register in REGISTERS)
    assert len(patterns) >= 12
    assert len(set(patterns)) == len(patterns)
    assert entry.all_of


@each_entry
def test_patterns_contain_each_slot_once_and_no_hint(entry: Entry) -> None:
    names = sorted(slot.name for slot in entry.functionality.slots)
    assert names, "a functionality without slots has only one instruction"
    for pattern in patterns_of(entry.functionality):
        assert sorted(re.findall(r"\{(\w+)\}", pattern)) == names, pattern
        assert not HINTS.search(pattern), pattern


@each_entry
def test_slots_have_distinct_known_concepts(entry: Entry) -> None:
    slot_concepts = [slot.concept for slot in entry.functionality.slots]
    assert len(set(slot_concepts)) == len(slot_concepts)
    assert all(concept in concepts() for concept in slot_concepts)


def test_names_are_unique() -> None:
    names = Counter(entry.functionality.name for entry in entries())
    assert max(names.values()) == 1


def test_every_concept_has_a_generator() -> None:
    for concept in concepts():
        assert callable(generator(concept))


def test_marketplace_covers_many_functionalities_and_categories() -> None:
    offered = [entry.functionality for entry in entries() if entry.offered]
    assert len(offered) >= 12
    assert len({functionality.category for functionality in offered}) >= 8


def test_axes_have_several_values_and_no_phrase_is_used_twice() -> None:
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


def test_providers_are_unique_and_their_names_contain_no_attribute() -> None:
    names = [provider.name for provider in providers()]
    words = {value for values in axes().values() for value in values} | set(axes())
    assert len(set(names)) == len(names)
    assert {provider.split for provider in providers()} == set(SPLITS)
    assert {provider.style for provider in providers()} == {"snake", "camel", "kebab", "flat"}
    assert not [name for name in names if any(word in name.lower() for word in words)]


def test_each_functionality_has_a_group_in_each_split() -> None:
    offered = {entry.functionality.name for entry in entries() if entry.offered}
    assert Counter(group.split for group in marketplace()) == dict.fromkeys(SPLITS, len(offered))


def test_each_marketplace_group_has_distinct_providers_of_its_split() -> None:
    split_of = {provider.name: provider.split for provider in providers()}
    for group in marketplace():
        tools = tools_of(group)
        assert 4 <= len(tools) <= 8
        assert len({tool.provider for tool in tools}) == len(tools)
        assert {split_of[tool.provider] for tool in tools} == {group.split}


def test_tools_of_a_marketplace_group_differ_in_documentation_and_attributes() -> None:
    for group in marketplace():
        tools = tools_of(group)
        assert len({tool.description for tool in tools}) == len(tools)
        for tool, other in combinations(tools, 2):
            assert attributes_of(tool) != attributes_of(other)


def test_marketplace_descriptions_contain_the_evidence_of_all_attributes() -> None:
    for tool in (tool for group in marketplace() for tool in tools_of(group)):
        assert all(attribute.evidence in tool.description for attribute in tool.attributes)


def tools_of(group: Group) -> list[Tool]:
    return [member.tool for member in group.members]


def attributes_of(tool: Tool) -> set[tuple[str, str]]:
    return {(attribute.axis, attribute.value) for attribute in tool.attributes}


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


def test_exclusions_name_known_axes_and_functionalities() -> None:
    offered = {entry.functionality.name for entry in entries() if entry.offered}
    for axis, names in data_table("world/exclusions.toml").items():
        assert axis in axes()
        assert set(names) <= offered
        assert len(set(names)) == len(names)


def test_marketplace_groups_document_suitable_axes_only() -> None:
    for group in marketplace():
        documented = {attribute.axis for tool in tools_of(group) for attribute in tool.attributes}
        assert documented <= set(suitable_axes(group.functionality.name))
