"""Tests of assigning groups and tools to splits."""

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
from builder.grouping.splits import shares_providers, split_groups, split_tools
from builder.records import Group
from hf_dataset.layout import SPLITS
from tests.factories import group as make_group
from tests.factories import tool as make_tool


def groups(*providers: str) -> list[Group]:
    """Return one group per argument: `abc` is a group of tools by the providers a, b and c."""
    return [
        make_group([make_tool(f"{letter}__{index}") for letter in letters], f"job {index:02d}", None)
        for index, letters in enumerate(providers)
    ]


def unconnected(count: int) -> list[Group]:
    """Return groups that share no provider."""
    return [
        make_group([make_tool(f"p{index}x{place}__x") for place in range(3)], f"job {index:02d}", None)
        for index in range(count)
    ]


def splits_of_providers(assigned: list[Group]) -> dict[str, set[str | None]]:
    by_provider: dict[str, set[str | None]] = {}
    for group in assigned:
        for member in group.members:
            by_provider.setdefault(member.tool.provider, set()).add(group.split)
    return by_provider


def test_groups_are_assigned_by_the_shares_of_the_splits() -> None:
    assigned = split_groups(unconnected(20), np.random.default_rng(0), Funnel())
    assert Counter(group.split for group in assigned) == {"train": 10, "validation": 4, "test": 6}


def test_no_provider_is_in_two_splits() -> None:
    assigned = split_groups([*groups("abc", "cde", "efg"), *unconnected(12)], np.random.default_rng(0), Funnel())
    assert all(len(names) == 1 for names in splits_of_providers(assigned).values())


def test_several_providers_are_removed_per_iteration_if_there_are_many_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "_GROUPS_PER_REMOVAL", 20)
    rng = np.random.default_rng(0)
    letters = [chr(0x4E00 + number) for number in range(300)]
    connected = groups(*("".join(rng.choice(letters, 5, replace=False)) for _ in range(200)))
    iterations = []
    clusters = splits.clusters_by_provider

    def counting(remaining: Sequence[Group]) -> list[list[Group]]:
        iterations.append(len(remaining))
        return clusters(remaining)

    monkeypatch.setattr(splits, "clusters_by_provider", counting)
    funnel = Funnel()
    assigned = split_groups(connected, rng, funnel)
    assert all(len(names) == 1 for names in splits_of_providers(assigned).values())
    assert {group.split for group in assigned} == set(SPLITS)
    assert 4 * len(iterations) < funnel.drops["ungrouped_tool"]["provider_ties_splits_together"]


def test_a_cluster_of_nearly_all_groups_is_broken_up() -> None:
    funnel = Funnel()
    connected = [
        replace(group, members=(*groups("xyzw")[0].members, *group.members))
        for group in unconnected(18)  # all groups share the providers x, y, z and w
    ]
    assigned = split_groups(connected, np.random.default_rng(0), funnel)
    assert all(len(names) == 1 for names in splits_of_providers(assigned).values())
    assert {group.split for group in assigned} == set(SPLITS)
    assert all(len(group.members) >= 3 for group in assigned)
    assert funnel.drops["ungrouped_tool"]["provider_ties_splits_together"] > 0


def test_too_few_groups_raise_an_error() -> None:
    for count in (0, 5):
        with pytest.raises(BuildError, match="3 in each of 3 splits"):
            split_groups(unconnected(count), np.random.default_rng(0), Funnel())


def test_versions_of_one_product_get_the_same_split() -> None:
    assigned = split_groups(unconnected(18), np.random.default_rng(0), Funnel())
    versions = [make_tool(f"{name}__x") for name in ("Loose", "Loose_v2", "loose v3")]
    placed = split_tools(versions, assigned, UserConfig(), np.random.default_rng(0))
    assert len({tool.split for tool in placed}) == 1


def test_all_tools_get_a_split_and_grouped_tools_that_of_their_group() -> None:
    assigned = split_groups(unconnected(18), np.random.default_rng(0), Funnel())
    loose = [make_tool(f"loose{index}__x") for index in range(200)]
    member = assigned[0].members[0].tool
    placed = split_tools([member, *loose], assigned, UserConfig(), np.random.default_rng(0))
    assert placed[0].split == assigned[0].split
    assert placed[0].functionality == assigned[0].functionality.name
    assert all(tool.functionality is None for tool in placed[1:])
    assert {tool.split for tool in placed} == set(SPLITS)


def test_few_providers_for_all_jobs_are_shared_by_the_splits() -> None:
    funnel = Funnel()
    same = groups(*["abcd"] * 12)
    assigned = split_groups(same, np.random.default_rng(0), funnel)
    numbers = Counter(group.split for group in assigned)
    assert numbers.total() == 12
    assert min(numbers[split] for split in SPLITS) == splits.MIN_SPLIT_GROUPS
    assert shares_providers(assigned)
    assert funnel.counts["providers_in_several_splits"] == 4
    assert not funnel.drops  # nothing was removed to separate them
    assert not shares_providers(split_groups(unconnected(18), np.random.default_rng(0), Funnel()))
