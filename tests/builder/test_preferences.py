"""Profiles single out their seed, and the preferred tool leads by the margin."""

from __future__ import annotations

import numpy as np
import pytest

from builder.config import PreferenceConfig
from builder.preferences import PreferredTools, distinguishing_sets, draw_profile
from builder.records import Profile
from tests.factories import group, tool

CONFIG = PreferenceConfig()
A = tool("a__x", pricing="free", speed="fast", hosting="europe")
B = tool("b__x", pricing="free", speed="slow", hosting="europe")
C = tool("c__x", pricing="paid", speed="slow", hosting="asia")


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
        assert [found.tool for _, found in PreferredTools([whole], CONFIG).of(profile)] == [member.tool]


def test_every_axis_of_a_set_can_be_the_heaviest() -> None:
    sets = [(("pricing", "free"), ("speed", "slow"))]
    heaviest = {draw_profile(sets, np.random.default_rng(seed)).axes[0] for seed in range(30)}
    assert heaviest == {"pricing", "speed"}


def test_without_a_clear_lead_there_is_no_preferred_tool() -> None:
    groups = [group([A, B, C], name) for name in ("one", "two")]
    preferred = PreferredTools(groups, CONFIG)
    assert preferred.of(Profile({("pricing", "free"): 1.0})) == []  # A and B are equal
    assert preferred.of(Profile({("nothing", "known"): 1.0})) == []
    paid = preferred.of(Profile({("pricing", "paid"): 1.0}))
    assert [(found.functionality.name, member.tool.name) for found, member in paid] == [
        ("one", "c__x"),
        ("two", "c__x"),
    ]
