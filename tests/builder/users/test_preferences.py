"""Tests of drawing profiles and finding preferred tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.config import PreferenceConfig
from builder.records import Attribute, Profile, Tool
from builder.users.preferences import PreferredTools, distinguishing_sets, draw_profile
from tests.factories import NoEncoder, tool
from tests.factories import group as make_group

CONFIG = PreferenceConfig()
A = tool("a__x", pricing="free", speed="fast", hosting="europe")
B = tool("b__x", pricing="free", speed="slow", hosting="europe")
C = tool("c__x", pricing="paid", speed="slow", hosting="asia")


class Synonyms:
    """Encoder with one vector per sense. A text has the sense of the first known phrase that it contains."""

    def __init__(self, senses: dict[str, int]) -> None:
        self.senses = senses

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [next(sense for phrase, sense in self.senses.items() if phrase in text.lower()) for text in texts]
        return np.eye(max(self.senses.values()) + 1, dtype=np.float32)[rows]


def free_tool(name: str, evidence: str) -> Tool:
    """Return a tool with the attribute `pricing: free`, documented by some words."""
    return replace(tool(name), attributes=(Attribute("pricing", "free", evidence),))


def test_distinguishing_sets_are_those_that_no_other_tool_has() -> None:
    sets = distinguishing_sets(B, make_group([A, B, C]), CONFIG)
    # A is free and hosted in Europe too, and C is slow too. Only B combines slow with one of the other two.
    assert (("pricing", "free"), ("speed", "slow")) in sets
    assert (("hosting", "europe"), ("speed", "slow")) in sets
    assert (("pricing", "free"),) not in sets
    assert (("hosting", "europe"), ("pricing", "free")) not in sets


def test_a_tool_with_the_attributes_of_another_has_no_distinguishing_set() -> None:
    assert (
        distinguishing_sets(A, make_group([A, tool("d__x", pricing="free", speed="fast", hosting="europe"), C]), CONFIG)
        == []
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_profile_prefers_its_seed(seed: int) -> None:
    whole = make_group([A, B, C])
    for member in whole.members:
        sets = distinguishing_sets(member.tool, whole, CONFIG)
        profile = draw_profile(sets, np.random.default_rng(seed))
        assert abs(sum(profile.weights.values()) - 1) < 1e-9
        assert 1 <= len(profile.axes) <= CONFIG.max_axes
        preferred = PreferredTools([whole], CONFIG, NoEncoder()).of(profile, member.tool)
        assert [preferred_member.tool for _, preferred_member in preferred] == [member.tool]


def test_each_axis_of_a_set_can_have_the_largest_weight() -> None:
    sets = [(("pricing", "free"), ("speed", "slow"))]
    heaviest = {draw_profile(sets, np.random.default_rng(seed)).axes[0] for seed in range(30)}
    assert heaviest == {"pricing", "speed"}


def test_a_preferred_tool_needs_a_clear_lead() -> None:
    groups = [make_group([A, B, C], name) for name in ("one", "two")]
    preferred = PreferredTools(groups, CONFIG, NoEncoder())
    assert preferred.of(Profile({("pricing", "free"): 1.0}), A) == []  # A and B are equal
    stranger = tool("z__x", colour="red")
    assert preferred.of(Profile({("colour", "red"): 1.0}), stranger) == []
    paid = preferred.of(Profile({("pricing", "paid"): 1.0}), C)
    assert [(group.functionality.name, member.tool.name) for group, member in paid] == [
        ("one", "c__x"),
        ("two", "c__x"),
    ]


def test_with_embeddings_the_tool_with_the_most_similar_words_is_preferred() -> None:
    seed = free_tool("s__x", "Never a charge.")
    members = [free_tool("a__x", "Gratis."), free_tool("b__x", "Billed monthly."), free_tool("c__x", "Billed yearly.")]
    encoder = Synonyms({"never a charge": 0, "gratis": 0, "billed": 1})
    by_words = PreferenceConfig(similarity="embedding")
    profile = Profile({("pricing", "free"): 1.0})
    preferred = PreferredTools([make_group(members)], by_words, encoder).of(profile, seed)
    assert [member.tool.name for _, member in preferred] == ["a__x"]
    # All three tools have the same value, so none leads by value.
    assert PreferredTools([make_group(members)], CONFIG, encoder).of(profile, seed) == []
    # No tool is preferred if two are equally similar.
    twice = [*members, free_tool("d__x", "Gratis for all.")]
    assert PreferredTools([make_group(twice)], by_words, encoder).of(profile, seed) == []
    assert PreferredTools([], by_words, encoder).of(profile, seed) == []
