"""Improvement of a division of few groups, by swapping them until preferences show in every split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from builder.config import MIN_GROUPS, PreferenceConfig
from builder.embedding import Encoder
from builder.grouping.splits import MIN_SPLIT_GROUPS, clusters_by_provider, shares_providers
from builder.records import Group
from builder.users.preferences import PreferredTools
from builder.users.targets import Visibility
from hf_dataset.layout import SPLITS

_ENOUGH: Final = 3
"""Target groups in a split beyond which more of them do not make a division better than another."""
_STARTS: Final = 8
"""Random divisions of which the best one is improved, besides the given one."""
_ROUNDS: Final = 30
"""Maximum number of swaps."""

_Division = tuple[int, ...]
"""Number of the split of each cluster."""


def improved(
    groups: Sequence[Group],
    config: PreferenceConfig,
    encoder: Encoder,
    rng: np.random.Generator,
    shown_in: Sequence[int] = (MIN_GROUPS,),
    splits: Sequence[str] = SPLITS,
) -> list[Group]:
    """Return a division in which more groups of the worst split can be targets, if swaps and moves lead to one.

    Groups with a provider in common stay together, unless the division separates them already.

    Args:
        groups: Groups with a split.
        config: Settings of preferences.
        encoder: Encoder of sentences.
        rng: Draws the order in which swaps are tried.
        shown_in: Numbers of groups that show a preference, by which divisions are compared, the first one first.
        splits: Splits that have users.
    """
    whole = [replace(group, split=None) for group in groups]
    numbers = {id(group): number for number, group in enumerate(whole)}
    together = [[group] for group in whole] if shares_providers(groups) else clusters_by_provider(whole)
    clusters = [[numbers[id(group)] for group in cluster] for cluster in together]
    visibility = Visibility(whole, PreferredTools(whole, config, encoder), config)
    known: dict[tuple[frozenset[int], int], int] = {}

    def count(members: frozenset[int], least: int) -> int:
        if len(members) < MIN_SPLIT_GROUPS:
            return -1
        if (members, least) not in known:
            known[members, least] = len(visibility.target_groups(list(members), least))
        return known[members, least]

    def score(division: _Division) -> tuple[int, ...]:
        parts = [
            frozenset(
                number
                for cluster, split in zip(clusters, division, strict=True)
                if split == place
                for number in cluster
            )
            for place in range(len(splits))
        ]
        counts = [[min(count(members, least), _ENOUGH) for members in parts] for least in shown_in]
        return (*(min(of_splits) for of_splits in counts), *(sum(of_splits) for of_splits in counts))

    given = [splits.index(str(groups[cluster[0]].split)) for cluster in clusters]
    # Swaps end at the best division near their start, so that they are started from others, too.
    starts = [
        tuple(given),
        *(tuple(given[int(place)] for place in rng.permutation(len(given))) for _ in range(_STARTS)),
    ]
    current = max(starts, key=score)
    for _ in range(_ROUNDS):
        neighbours = list(_neighbours(current, len(splits)))
        order = rng.permutation(len(neighbours))
        best = max((neighbours[int(index)] for index in order), key=score, default=current)
        if score(best) <= score(current):
            break
        current = best
    split_of = {number: splits[place] for cluster, place in zip(clusters, current, strict=True) for number in cluster}
    return sorted(
        (replace(group, split=split_of[number]) for number, group in enumerate(whole)), key=lambda group: group.key
    )


def _neighbours(division: _Division, splits: int) -> Iterator[_Division]:
    """Yield the divisions that differ by one moved cluster, or by two swapped ones."""
    for first, split in enumerate(division):
        for other in range(splits):
            if other != split:
                yield (*division[:first], other, *division[first + 1 :])
        for second in range(first + 1, len(division)):
            if division[second] != split:
                swapped = list(division)
                swapped[first], swapped[second] = swapped[second], swapped[first]
                yield tuple(swapped)
