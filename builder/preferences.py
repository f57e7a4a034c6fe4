"""Stage 4: what a user implicitly prefers, and which tool of a group that makes the preferred one.

As in the paper (section 3.2) a profile is read off a seed tool: one to three of its attributes that set it apart in its
group. The seed is taken in turn instead of at random, so that inside a group every tool is the answer equally often;
the preferred tools of the other groups follow by similarity in attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .config import PreferenceConfig
from .records import Group, GroupTool, Profile, Tool

AttributeSet = tuple[tuple[str, str], ...]
"""(axis, value) pairs."""

_WEIGHTS: Final = {1: (1.0,), 2: (0.6, 0.4), 3: (0.45, 0.3, 0.25)}
"""Weights of the axes of a profile, the heaviest first. A tool that misses one axis is behind by at least 0.25."""
_LEAST_UTILITY: Final = 0.5
"""A tool that fulfils less of a preference is no preferred tool, however far behind the others are."""


def distinguishing_sets(tool: Tool, group: Group, config: PreferenceConfig) -> list[AttributeSet]:
    """Sets of a tool's own attributes that no other tool of its group has all of.

    Under a profile made of such a set the tool leads its group, whatever the order of the weights.

    Args:
        tool: The seed; a member of the group.
        group: Its group.
        config: Largest number of axes.
    """
    own = sorted((attribute.axis, attribute.value) for attribute in tool.attributes)
    others = [member.tool for member in group.members if member.tool.name != tool.name]
    shared = np.array([[other.value_on(axis) == value for axis, value in own] for other in others], dtype=bool)
    subsets, chosen = _subsets(len(own), config.max_axes)
    # A subset sets the tool apart when every other tool misses at least one of its attributes.
    apart: list[bool] = np.all((~shared).astype(np.int32) @ chosen.T > 0, axis=0).tolist()
    return [tuple(own[index] for index in subset) for subset, fits in zip(subsets, apart, strict=True) if fits]


@cache
def _subsets(size: int, largest: int) -> tuple[list[tuple[int, ...]], NDArray[np.int32]]:
    subsets = [subset for count in range(1, largest + 1) for subset in combinations(range(size), count)]
    chosen = np.zeros((len(subsets), size), dtype=np.int32)
    for row, subset in enumerate(subsets):
        chosen[row, list(subset)] = 1
    return subsets, chosen


def draw_profile(sets: Sequence[AttributeSet], rng: np.random.Generator) -> Profile:
    """Draw a profile from sets of attributes: its number of axes, one of the axes, the set, and the order of weights.

    Args:
        sets: At least one set; all of one tool.
        rng: Draws.
    """

    def draw(items: Sequence[int] | Sequence[str] | Sequence[AttributeSet]) -> int:
        return int(rng.integers(len(items)))

    sizes = sorted({len(chosen) for chosen in sets})
    size = sizes[draw(sizes)]
    sized = [chosen for chosen in sets if len(chosen) == size]
    axes = sorted({axis for chosen in sized for axis, _ in chosen})
    axis = axes[draw(axes)]
    with_axis = [chosen for chosen in sized if any(own == axis for own, _ in chosen)]
    chosen = with_axis[draw(with_axis)]
    order = [chosen[int(index)] for index in rng.permutation(size)]
    return Profile(dict(zip(order, _WEIGHTS[size], strict=True)))


class PreferredTools:
    """Which tool of each group a profile prefers, for many profiles.

    Args:
        groups: Groups of one split.
        config: The margin.
    """

    def __init__(self, groups: Sequence[Group], config: PreferenceConfig) -> None:
        self._groups = groups
        self._margin = config.margin
        self._starts = np.cumsum([0, *(len(group.members) for group in groups[:-1])])
        tools = [member.tool for group in groups for member in group.members]
        self._has: dict[tuple[str, str], NDArray[np.float64]] = {}
        for row, tool in enumerate(tools):
            for attribute in tool.attributes:
                column = self._has.setdefault((attribute.axis, attribute.value), np.zeros(len(tools)))
                column[row] = 1.0
        self._nothing = np.zeros(len(tools))
        self._group_of = np.repeat(np.arange(len(groups)), [len(group.members) for group in groups])

    def of(self, profile: Profile) -> list[tuple[Group, GroupTool]]:
        """Groups in which a tool leads by the margin, each with that tool, in the order of the groups.

        Args:
            profile: The preference.
        """
        if not self._groups:
            return []
        utility = self._nothing + sum(
            weight * self._has.get(attribute, self._nothing) for attribute, weight in profile.weights.items()
        )
        best = np.maximum.reduceat(utility, self._starts)
        leads = utility >= best[self._group_of] - 1e-9
        second = np.maximum.reduceat(np.where(leads, -1.0, utility), self._starts)
        alone = np.add.reduceat(leads.astype(np.int64), self._starts) == 1
        clear = alone & (best >= _LEAST_UTILITY) & (best - second >= self._margin - 1e-9)
        found = []
        for row in np.flatnonzero(leads & clear[self._group_of]):
            index = int(self._group_of[row])
            group = self._groups[index]
            found.append((group, group.members[int(row - self._starts[index])]))
        return found
