"""Tests of the data files: functionalities, slots and contrasts."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from builder.grouping import functionalities
from builder.grouping.functionalities import REGISTERS, Entry, concepts, data_files, data_table, entries
from builder.records import Functionality
from builder.users.values.slot_values import generator

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


def test_the_built_in_catalogue_covers_many_functionalities_and_categories() -> None:
    offered = [entry.functionality for entry in entries() if entry.offered]
    assert len(offered) >= 12
    assert len({functionality.category for functionality in offered}) >= 8


def test_contrast_families_are_lower_case_words() -> None:
    for family in data_table("grouping/lexicon/contrasts.toml").values():
        assert all(member == " ".join(member.lower().split()) for member in family)


def test_the_hash_of_the_library_covers_all_data_of_the_built_in_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    covered: set[Path] = set()

    def noted(folder: str) -> list[Traversable]:
        found = data_files(folder)
        covered.update(Path(str(node)) for node in found)
        return found

    monkeypatch.setattr(functionalities, "data_files", noted)
    assert functionalities.library_hash.__wrapped__() == functionalities.library_hash()
    world = Path(functionalities.__file__ or "").parents[1] / "world"
    assert {path for path in world.rglob("*") if path.suffix in (".toml", ".j2")} <= covered
