"""Assignment of groups and tools to splits, so that no provider occurs in two splits.

The built-in catalogue states the splits. In a real catalogue all groups that share a provider go to the same split, and
versions of one product count as one provider. If too many groups are connected through shared providers, providers are
removed from groups until the clusters are small enough. Where this leaves too few groups, because a few providers do
all jobs, the groups are divided and their providers occur in several splits; the funnel counts them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from builder.config import MIN_GROUPS, MIN_SAME_FUNCTION, PreferenceConfig, UserConfig
from builder.errors import BuildError
from builder.funnel import Funnel
from builder.records import Group, Tool
from builder.words import provider_family
from hf_dataset.layout import SPLITS

from .feasibility import visible_groups

GROUP_SHARES: Final = {"train": 0.5, "validation": 0.2, "test": 0.3}
"""Share of the groups in each split. Validation and test get more than their share of users, because histories draw
from several groups."""
EVEN_SHARES: Final = {split: 1 / len(SPLITS) for split in SPLITS}
"""Shares for catalogues with so few groups that none can be spared in any split."""


def shares_of(splits: Sequence[str], shares: Mapping[str, float] = GROUP_SHARES) -> Mapping[str, float]:
    """Return the shares of the splits that have users, which sum to 1."""
    whole = sum(shares[split] for split in splits)
    return {split: shares[split] / whole for split in splits}


_LARGEST_CLUSTER: Final = 0.3
"""Maximum share of all groups that one cluster can hold."""
_GROUPS_PER_REMOVAL: Final = 500
"""One provider per this many groups, but at least one, is removed before the clusters are computed again."""
_DRAWS: Final = 24
"""Divisions of few groups, of which the one is taken whose histories show most preferences."""
_FEW_GROUPS: Final = 30
"""Number of groups up to which a division at random can leave a split without any preference to show."""
MIN_SPLIT_GROUPS: Final = MIN_GROUPS + 1
"""Minimum number of groups in a split: one target and two for histories."""


def fewer_splits(splits: Sequence[str]) -> str:
    """Return what helps a catalogue with few groups, to append to a sentence; nothing if there is only one split."""
    advice = (
        " With --preset evaluation, which makes no training data and no private answers, all groups are for one split."
    )
    return advice if len(splits) > 1 else ""


def split_groups(
    groups: Sequence[Group],
    rng: np.random.Generator,
    funnel: Funnel,
    preferences: PreferenceConfig | None = None,
    shares: Mapping[str, float] = GROUP_SHARES,
) -> list[Group]:
    """Assign each group of a catalogue other than the built-in one to a split.

    Args:
        groups: Groups without a split.
        rng: Generator that breaks ties between clusters of equal size.
        funnel: Counts the tools removed from groups, and the groups that become too small.
        preferences: Settings of the preferences that histories must show; by default the standard ones.
        shares: Share of the groups in each split.

    Returns:
        Groups with a split, sorted by key. Some can have fewer tools than before. Providers are in several splits
        (see `shares_providers`) only if there would otherwise be too few groups.

    Raises:
        BuildError: If a split would get fewer than 3 groups.
    """
    apart, settings = Funnel(), preferences or PreferenceConfig()
    separated = _with_small_clusters(groups, apart)
    assigned = _best_of_draws(clusters_by_provider(separated), rng, settings, shares)
    if _is_enough(assigned):
        funnel.merge(apart)
        return _sorted(assigned)
    shared = _best_of_draws([[group] for group in groups], rng, settings, shares)
    if _is_enough(shared):
        funnel.count("providers_in_several_splits", len(_shared_providers(shared)))
        return _sorted(shared)
    raise BuildError(_too_few(groups, funnel, list(shares)))


def _best_of_draws(
    clusters: Sequence[Sequence[Group]],
    rng: np.random.Generator,
    preferences: PreferenceConfig,
    shares: Mapping[str, float],
) -> dict[str, list[Group]]:
    """Assign clusters to the splits; of few groups, so that their histories show most preferences."""
    number = sum(map(len, clusters))
    draws = [_assign(clusters, number, rng, shares) for _ in range(_DRAWS if number <= _FEW_GROUPS else 1)]
    if len(draws) == 1:
        return draws[0]
    return max(draws, key=lambda draw: sorted(visible_groups(draw[split], preferences) for split in shares))


def shares_providers(groups: Sequence[Group]) -> bool:
    """Return True if a provider has tools in the groups of several splits."""
    by_split: defaultdict[str, list[Group]] = defaultdict(list)
    for group in groups:
        by_split[str(group.split)].append(group)
    return bool(_shared_providers(by_split))


def _shared_providers(by_split: Mapping[str, Sequence[Group]]) -> set[str]:
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for split, groups in by_split.items():
        for group in groups:
            for member in group.members:
                splits[provider_family(member.tool.provider)].add(split)
    return {provider for provider, of_provider in splits.items() if len(of_provider) > 1}


def _assign(
    clusters: Sequence[Sequence[Group]], number: int, rng: np.random.Generator, shares: Mapping[str, float]
) -> dict[str, list[Group]]:
    """Assign clusters to the splits, the largest first, each to the split that lacks most groups of its share."""
    order = sorted(range(len(clusters)), key=lambda index: (-len(clusters[index]), index))
    assigned: dict[str, list[Group]] = {split: [] for split in shares}
    wanted = {split: max(share * number, float(MIN_SPLIT_GROUPS)) for split, share in shares.items()}
    first, *others = shares
    wanted[first] = number - sum(wanted[split] for split in others)
    shuffled = dict(zip(order, rng.permutation(len(order)), strict=True))
    for index in sorted(order, key=lambda index: (-len(clusters[index]), shuffled[index])):
        split = max(shares, key=lambda name: wanted[name] - len(assigned[name]))
        assigned[split] += [replace(group, split=split) for group in clusters[index]]
    return assigned


def _is_enough(assigned: Mapping[str, Sequence[Group]]) -> bool:
    return all(len(groups) >= MIN_SPLIT_GROUPS for groups in assigned.values())


def _sorted(assigned: Mapping[str, Sequence[Group]]) -> list[Group]:
    return sorted((group for groups in assigned.values() for group in groups), key=lambda group: group.key)


def _too_few(groups: Sequence[Group], funnel: Funnel, splits: Sequence[str]) -> str:
    """Return the message for a catalogue with too few groups: what there is, and what is missing at which tools."""
    names = ", ".join(sorted(group.functionality.name for group in groups)) or "none"
    reasons = [*funnel.explained("group"), *funnel.explained("ungrouped_tool")]
    each_split = f", {MIN_SPLIT_GROUPS} in each of {len(splits)} splits" if len(splits) > 1 else ""
    return (
        f"The catalogue yields {len(groups)} groups of tools that do the same job ({names}). At least "
        f"{MIN_SPLIT_GROUPS * len(splits)} are needed{each_split}, each with "
        f"{MIN_SAME_FUNCTION} or more tools of different providers of which each is better than the others in some "
        f"respect. What is missing: {' | '.join(reasons) or 'more tools'}. Next: 'petoolbench groups' lists every "
        "tool with the reason, and proposes groups for jobs that the library does not know; --facts adds what the "
        "documentation does not say; --provider-from says who the provider is."
        f"{fewer_splits(splits)}"
    )


def split_tools(
    tools: Iterable[Tool], groups: Sequence[Group], shares: UserConfig, rng: np.random.Generator
) -> list[Tool]:
    """Assign each tool to a split and, if it is in a group, to the group's functionality.

    All tools of a provider with a tool in a group get the group's split. Other providers are assigned at random.

    Args:
        tools: Tools of the catalogue. Tools that already have a split are not changed.
        groups: Groups with a split.
        shares: Share of the users in each split, used as probabilities for the other providers.
        rng: Generator that draws the splits of the other providers.

    Returns:
        All tools, with split and functionality.
    """
    own_split = {member.tool.name: group.split for group in groups for member in group.members}
    split_of = {provider_family(member.tool.provider): group.split for group in groups for member in group.members}
    functionality_of = {member.tool.name: group.functionality.name for group in groups for member in group.members}
    listed = list(tools)
    free = sorted({provider_family(tool.provider) for tool in listed} - set(split_of))
    weights = [shares.train, shares.validation, shares.test]
    drawn = rng.choice(len(SPLITS), size=len(free), p=weights)
    split_of |= {provider: SPLITS[index] for provider, index in zip(free, drawn, strict=True)}
    return [
        replace(
            tool,
            split=own_split.get(tool.name, split_of[provider_family(tool.provider)]),
            functionality=functionality_of.get(tool.name),
        )
        if tool.split is None
        else tool
        for tool in listed
    ]


def clusters_by_provider(groups: Sequence[Group]) -> list[list[Group]]:
    """Return clusters of groups that are connected through shared providers."""
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
    by_root: defaultdict[int, list[Group]] = defaultdict(list)
    for index, group in enumerate(groups):
        by_root[root(index)].append(group)
    return [by_root[key] for key in sorted(by_root)]


def _with_small_clusters(groups: Sequence[Group], funnel: Funnel) -> list[Group]:
    """Remove providers from groups until no cluster holds too many groups, or no provider is shared."""
    kept = dict(enumerate(groups))
    while True:
        largest = max(clusters_by_provider(list(kept.values())), key=len, default=[])
        if len(largest) <= max(1, _LARGEST_CLUSTER * len(kept)):
            return list(kept.values())
        holders = _holders(largest, kept)
        shared = sorted((-len(numbers), provider) for provider, numbers in holders.items() if len(numbers) > 1)
        if not shared:
            return list(kept.values())
        for _, provider in shared[: max(1, len(kept) // _GROUPS_PER_REMOVAL)]:
            _remove_from_one_group(provider, [number for number in holders[provider] if number in kept], kept, funnel)
        kept = dict(sorted(kept.items(), key=lambda item: item[1].functionality.name))


def _holders(cluster: Sequence[Group], kept: dict[int, Group]) -> dict[str, list[int]]:
    """Return, for each provider of a cluster, the numbers in `kept` of the groups that hold it."""
    numbers = {id(group): number for number, group in kept.items()}
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for group in cluster:
        for member in group.members:
            holders[provider_family(member.tool.provider)].append(numbers[id(group)])
    return holders


def _remove_from_one_group(provider: str, holders: Sequence[int], kept: dict[int, Group], funnel: Funnel) -> None:
    """Remove a provider from the largest of the groups that hold it; drop that group if it becomes too small."""
    if len(holders) < 2:
        return
    number = max(holders, key=lambda number: (len(kept[number].members), kept[number].functionality.name))
    group = kept.pop(number)
    members = tuple(member for member in group.members if provider_family(member.tool.provider) != provider)
    funnel.drop("ungrouped_tool", "provider_ties_splits_together")
    if len(members) >= MIN_SAME_FUNCTION:
        kept[number] = replace(group, members=members)
    else:
        funnel.drop("group", "provider_ties_splits_together")
        funnel.drop("ungrouped_tool", "group_too_small", len(members))
