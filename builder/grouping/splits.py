"""Stage 8: which split a provider belongs to; from then on nothing of it is seen in another split.

In the marketplace the catalogue itself says so. In a real catalogue a whole group belongs to one split, and so do all
groups that share a provider, the versions of one product counting as one. Where that would leave one split with nearly
everything, a provider that ties two large clusters together leaves the group that can best spare it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from builder.config import MIN_GROUPS, MIN_SAME_FUNCTION, UserConfig
from builder.errors import BuildError
from builder.funnel import Funnel
from builder.records import Group, Tool
from builder.words import provider_family
from hf_dataset.layout import SPLITS

_GROUP_SHARES: Final = {"train": 0.5, "validation": 0.2, "test": 0.3}
"""Share of the groups in each split. Validation and test get more than their share of users: a history needs several
groups to draw from."""
_LARGEST_CLUSTER: Final = 0.3
"""Largest share of all groups that may hang together by shared providers."""
_GROUPS_A_TIE: Final = 500
"""For so many groups one provider leaves a group before clusters are looked at again."""
MIN_SPLIT_GROUPS: Final = MIN_GROUPS + 1
"""Fewest groups that a split needs: a target and two for histories."""


def split_groups(groups: Sequence[Group], rng: np.random.Generator, funnel: Funnel) -> list[Group]:
    """Give every group of a real catalogue its split.

    Args:
        groups: Groups without a split.
        rng: Breaks ties between clusters of equal size.
        funnel: Counts tools that leave a group, and groups that become too small.

    Raises:
        BuildError: If a split would get fewer than 3 groups.
    """
    groups = _loosened(groups, funnel)
    clusters = _clusters(groups)
    order = sorted(range(len(clusters)), key=lambda index: (-len(clusters[index]), index))
    placed: defaultdict[str, list[Group]] = defaultdict(list)
    shuffled = dict(zip(order, rng.permutation(len(order)), strict=True))
    for index in sorted(order, key=lambda index: (-len(clusters[index]), shuffled[index])):
        split = max(SPLITS, key=lambda name: _GROUP_SHARES[name] * len(groups) - len(placed[name]))
        placed[split] += [replace(group, split=split) for group in clusters[index]]
    for split in SPLITS:
        if len(placed[split]) < MIN_SPLIT_GROUPS:
            raise BuildError(
                f"The catalogue yields {len(groups)} functionality groups, and only {len(placed[split])} of them can "
                f"go to {split!r}; at least {MIN_SPLIT_GROUPS} are needed in each split. A group is three tools or "
                "more, of as many providers, that do one job and whose documentation tells how they differ (price, "
                f"sign-up, limits, speed). Why most tools are in none: {funnel.commonest('ungrouped_tool')}; why "
                f"groups were given up: {funnel.commonest('group')}. Use a larger catalogue, or --llm for jobs that "
                "the library does not know."
            )
    return sorted((group for split in SPLITS for group in placed[split]), key=lambda group: group.key)


def split_tools(
    tools: Iterable[Tool], groups: Sequence[Group], shares: UserConfig, rng: np.random.Generator
) -> list[Tool]:
    """Give every tool its split and, where it is in a group, its functionality.

    A provider with a tool in a group goes where the group is; the others are spread by the users' shares.
    """
    of_provider = {provider_family(member.tool.provider): group.split for group in groups for member in group.members}
    of_tool = {member.tool.name: group.functionality.name for group in groups for member in group.members}
    listed = list(tools)
    free = sorted({provider_family(tool.provider) for tool in listed} - set(of_provider))
    weights = [shares.train, shares.validation, shares.test]
    drawn = rng.choice(len(SPLITS), size=len(free), p=weights)
    of_provider |= {provider: SPLITS[index] for provider, index in zip(free, drawn, strict=True)}
    return [
        replace(tool, split=of_provider[provider_family(tool.provider)], functionality=of_tool.get(tool.name))
        if tool.split is None
        else tool
        for tool in listed
    ]


def _clusters(groups: Sequence[Group]) -> list[list[Group]]:
    """Groups that hang together by shared providers."""
    parent = list(range(len(groups)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[str, int] = {}
    for index, group in enumerate(groups):
        for member in group.members:
            parent[root(index)] = root(first.setdefault(provider_family(member.tool.provider), index))
    found: defaultdict[int, list[Group]] = defaultdict(list)
    for index, group in enumerate(groups):
        found[root(index)].append(group)
    return [found[key] for key in sorted(found)]


def _loosened(groups: Sequence[Group], funnel: Funnel) -> list[Group]:
    """Take providers out of groups until no cluster holds too many groups."""
    kept = dict(enumerate(groups))
    while True:
        largest = max(_clusters(list(kept.values())), key=len, default=[])
        if len(largest) <= max(1, _LARGEST_CLUSTER * len(kept)):
            return list(kept.values())
        holders: defaultdict[str, list[int]] = defaultdict(list)
        numbers = {id(group): number for number, group in kept.items()}
        for group in largest:
            for member in group.members:
                holders[provider_family(member.tool.provider)].append(numbers[id(group)])
        ties = sorted((-len(own), provider) for provider, own in holders.items() if len(own) > 1)
        if not ties:
            return list(kept.values())
        for _, provider in ties[: max(1, len(kept) // _GROUPS_A_TIE)]:
            _untie(provider, [number for number in holders[provider] if number in kept], kept, funnel)
        kept = dict(sorted(kept.items(), key=lambda item: item[1].functionality.name))


def _untie(provider: str, holders: Sequence[int], kept: dict[int, Group], funnel: Funnel) -> None:
    """Take a provider out of the group that can spare it best; in the others it stays."""
    if len(holders) < 2:
        return
    number = max(holders, key=lambda number: (len(kept[number].members), kept[number].functionality.name))
    loser = kept.pop(number)
    members = tuple(member for member in loser.members if provider_family(member.tool.provider) != provider)
    funnel.drop("ungrouped_tool", "provider_ties_splits_together")
    if len(members) >= MIN_SAME_FUNCTION:
        kept[number] = replace(loser, members=members)
    else:
        funnel.drop("group", "provider_ties_splits_together")
        funnel.drop("ungrouped_tool", "group_too_small", len(members))
