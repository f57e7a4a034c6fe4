"""Profiles single out their seed, and the preferred tool leads by the margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.config import PreferenceConfig
from builder.records import Attribute, Profile, Tool
from builder.users.preferences import PreferredTools, distinguishing_sets, draw_profile
from tests.factories import NoEncoder, group, tool

CONFIG = PreferenceConfig()
A = tool("a__x", pricing="free", speed="fast", hosting="europe")
B = tool("b__x", pricing="free", speed="slow", hosting="europe")
C = tool("c__x", pricing="paid", speed="slow", hosting="asia")


class Synonyms:
    """A vector for each sense; a text has the sense of the first phrase that it holds."""

    def __init__(self, senses: dict[str, int]) -> None:
        self.senses = senses

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [next(sense for phrase, sense in self.senses.items() if phrase in text.lower()) for text in texts]
        return np.eye(max(self.senses.values()) + 1, dtype=np.float32)[rows]


def worded(name: str, evidence: str) -> Tool:
    return replace(tool(name), attributes=(Attribute("pricing", "free", evidence),))


def test_sets_are_those_that_no_other_tool_has() -> None:
    found = distinguishing_sets(B, group([A, B, C]), CONFIG)
    # Free and hosted in Europe is A too; slow is C too; only both kinds together are B's own.
    assert (("pricing", "free"), ("speed", "slow")) in found
    assert (("hosting", "europe"), ("speed", "slow")) in found
    assert (("pricing", "free"),) not in found
    assert (("hosting", "europe"), ("pricing", "free")) not in found


def test_a_tool_like_another_has_no_set() -> None:
    assert (
        distinguishing_sets(A, group([A, tool("d__x", pricing="free", speed="fast", hosting="europe"), C]), CONFIG)
        == []
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_profile_prefers_its_seed(seed: int) -> None:
    whole = group([A, B, C])
    for member in whole.members:
        sets = distinguishing_sets(member.tool, whole, CONFIG)
        profile = draw_profile(sets, np.random.default_rng(seed))
        assert abs(sum(profile.weights.values()) - 1) < 1e-9
        assert 1 <= len(profile.axes) <= CONFIG.max_axes
        assert [found.tool for _, found in PreferredTools([whole], CONFIG, NoEncoder()).of(profile, member.tool)] == [
            member.tool
        ]


def test_every_axis_of_a_set_can_be_the_heaviest() -> None:
    sets = [(("pricing", "free"), ("speed", "slow"))]
    heaviest = {draw_profile(sets, np.random.default_rng(seed)).axes[0] for seed in range(30)}
    assert heaviest == {"pricing", "speed"}


def test_without_a_clear_lead_there_is_no_preferred_tool() -> None:
    groups = [group([A, B, C], name) for name in ("one", "two")]
    preferred = PreferredTools(groups, CONFIG, NoEncoder())
    assert preferred.of(Profile({("pricing", "free"): 1.0}), A) == []  # A and B are equal
    stranger = tool("z__x", colour="red")
    assert preferred.of(Profile({("colour", "red"): 1.0}), stranger) == []
    paid = preferred.of(Profile({("pricing", "paid"): 1.0}), C)
    assert [(found.functionality.name, member.tool.name) for found, member in paid] == [
        ("one", "c__x"),
        ("two", "c__x"),
    ]


def test_by_embedding_the_nearest_words_are_preferred() -> None:
    """The encoder of the test knows two ways of saying that nothing is to be paid."""
    seed = worded("s__x", "Never a charge.")
    members = [worded("a__x", "Gratis."), worded("b__x", "Billed monthly."), worded("c__x", "Billed yearly.")]
    encoder = Synonyms({"never a charge": 0, "gratis": 0, "billed": 1})
    by_words = PreferenceConfig(similarity="embedding")
    profile = Profile({("pricing", "free"): 1.0})
    found = PreferredTools([group(members)], by_words, encoder).of(profile, seed)
    assert [member.tool.name for _, member in found] == ["a__x"]
    # By values all three are the same, so that none leads.
    assert PreferredTools([group(members)], CONFIG, encoder).of(profile, seed) == []
    # Where two tools are as near, none is preferred.
    twice = [*members, worded("d__x", "Gratis for all.")]
    assert PreferredTools([group(twice)], by_words, encoder).of(profile, seed) == []
    assert PreferredTools([], by_words, encoder).of(profile, seed) == []
