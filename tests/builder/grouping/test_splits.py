"""Groups that share a provider stay together, and every provider belongs to one split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from builder.config import UserConfig
from builder.errors import BuildError
from builder.funnel import Funnel
from builder.grouping import splits
from builder.grouping.splits import split_groups, split_tools
from builder.records import Group
from hf_dataset.layout import SPLITS
from tests.factories import group, tool


def groups(*providers: str) -> list[Group]:
    """`abc` is a group of three tools by the providers a, b and c."""
    return [
        group([tool(f"{letter}__{index}") for letter in letters], f"job {index:02d}", None)
        for index, letters in enumerate(providers)
    ]


def apart(count: int) -> list[Group]:
    return [
        group([tool(f"p{index}x{place}__x") for place in range(3)], f"job {index:02d}", None) for index in range(count)
    ]


def split_of_providers(made: list[Group]) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for one in made:
        for member in one.members:
            found.setdefault(member.tool.provider, set()).add(one.split)
    return found


def test_groups_are_shared_out() -> None:
    made = split_groups(apart(20), np.random.default_rng(0), Funnel())
    assert Counter(one.split for one in made) == {"train": 10, "validation": 4, "test": 6}


def test_a_provider_never_stands_in_two_splits() -> None:
    made = split_groups([*groups("abc", "cde", "efg"), *apart(12)], np.random.default_rng(0), Funnel())
    assert all(len(splits) == 1 for splits in split_of_providers(made).values())


def test_of_many_groups_several_ties_are_loosened_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "_GROUPS_A_TIE", 20)
    rng = np.random.default_rng(0)
    letters = [chr(0x4E00 + number) for number in range(300)]
    tied = groups(*("".join(rng.choice(letters, 5, replace=False)) for _ in range(200)))
    looked = []
    clusters = splits._clusters

    def look(own: Sequence[Group]) -> list[list[Group]]:
        looked.append(len(own))
        return clusters(own)

    monkeypatch.setattr(splits, "_clusters", look)
    funnel = Funnel()
    made = split_groups(tied, rng, funnel)
    assert all(len(own) == 1 for own in split_of_providers(made).values())
    assert {one.split for one in made} == set(SPLITS)
    assert 4 * len(looked) < funnel.drops["ungrouped_tool"]["provider_ties_splits_together"]


def test_a_cluster_of_nearly_everything_is_loosened() -> None:
    funnel = Funnel()
    chained = [
        replace(one, members=(*groups("xyzw")[0].members, *one.members))
        for one in apart(18)  # every group has the providers x, y, z and w, and three of its own
    ]
    made = split_groups(chained, np.random.default_rng(0), funnel)
    assert all(len(splits) == 1 for splits in split_of_providers(made).values())
    assert {one.split for one in made} == set(SPLITS)
    assert all(len(one.members) >= 3 for one in made)
    assert funnel.drops["ungrouped_tool"]["provider_ties_splits_together"] > 0


def test_too_few_groups_are_refused() -> None:
    for count in (0, 5):
        with pytest.raises(BuildError, match="at least 3 are needed in each split"):
            split_groups(apart(count), np.random.default_rng(0), Funnel())


def test_the_versions_of_one_product_stand_in_one_split() -> None:
    made = split_groups(apart(18), np.random.default_rng(0), Funnel())
    versions = [tool(f"{name}__x") for name in ("Loose", "Loose_v2", "loose v3")]
    placed = split_tools(versions, made, UserConfig(), np.random.default_rng(0))
    assert len({one.split for one in placed}) == 1


def test_every_tool_gets_a_split_and_grouped_ones_their_groups() -> None:
    made = split_groups(apart(18), np.random.default_rng(0), Funnel())
    loose = [tool(f"loose{index}__x") for index in range(200)]
    member = made[0].members[0].tool
    placed = split_tools([member, *loose], made, UserConfig(), np.random.default_rng(0))
    assert placed[0].split == made[0].split
    assert placed[0].functionality == made[0].functionality.name
    assert all(one.functionality is None for one in placed[1:])
    assert {one.split for one in placed} == set(SPLITS)
