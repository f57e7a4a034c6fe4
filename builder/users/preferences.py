"""Implicit preferences of users, and the tools that a preference selects.

As in section 3.2 of the paper, a profile is derived from a seed tool: one to three attributes that distinguish the tool
in its group. Seeds are taken in turn instead of at random, so that each tool of a group is the answer equally often. In
other groups, the preferred tool is the one with the most similar attributes, compared by value or by embeddings of the
documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from builder.config import PreferenceConfig
from builder.embedding import Encoder
from builder.records import Attribute, Group, GroupTool, Profile, Tool

AttributeSet = tuple[tuple[str, str], ...]
"""(axis, value) pairs."""

_WEIGHTS: Final = {1: (1.0,), 2: (0.6, 0.4), 3: (0.45, 0.3, 0.25)}
"""Weights by number of axes, in descending order. Each attribute that a tool lacks costs at least 0.25 in utility."""


def distinguishing_sets(tool: Tool, group: Group, config: PreferenceConfig) -> list[AttributeSet]:
    """Return the sets of a tool's wanted attributes that no other tool of its group has in full.

    Under a profile made from such a set, the tool has the highest utility in its group, whatever the order of the
    weights.

    Args:
        tool: Seed tool, a member of the group.
        group: Group of the tool.
        config: Maximum number of axes.
    """
    attributes = sorted((attribute.axis, attribute.value) for attribute in tool.attributes if attribute.wanted)
    others = [member.tool for member in group.members if member.tool.name != tool.name]
    shared = np.array([[other.values.get(axis) == value for axis, value in attributes] for other in others], dtype=bool)
    subsets, masks = _subsets(len(attributes), config.max_axes)
    # A subset is distinguishing if each other tool lacks at least one of its attributes.
    distinguishing: list[bool] = np.all((~shared).astype(np.int32) @ masks.T > 0, axis=0).tolist()
    return [
        tuple(attributes[index] for index in subset)
        for subset, is_distinguishing in zip(subsets, distinguishing, strict=True)
        if is_distinguishing
    ]


@cache
def _subsets(size: int, largest: int) -> tuple[list[tuple[int, ...]], NDArray[np.int32]]:
    """Return the non-empty subsets of `range(size)` with up to `largest` items, and a 0/1 matrix with their rows."""
    subsets = [subset for count in range(1, largest + 1) for subset in combinations(range(size), count)]
    masks = np.zeros((len(subsets), size), dtype=np.int32)
    for row, subset in enumerate(subsets):
        masks[row, list(subset)] = 1
    return subsets, masks


def draw_profile(sets: Sequence[AttributeSet], rng: np.random.Generator) -> Profile:
    """Draw a profile from the distinguishing sets of a tool.

    First the size of the set is drawn, then one axis, then a set of that size that contains the axis, and last the
    order of the weights.

    Args:
        sets: Distinguishing sets of one tool; at least one.
        rng: Generator for all draws.
    """

    def draw(items: Sequence[int] | Sequence[str] | Sequence[AttributeSet]) -> int:
        return int(rng.integers(len(items)))

    sizes = sorted({len(attributes) for attributes in sets})
    size = sizes[draw(sizes)]
    sized = [attributes for attributes in sets if len(attributes) == size]
    axes = sorted({axis for attributes in sized for axis, _ in attributes})
    axis = axes[draw(axes)]
    with_axis = [attributes for attributes in sized if any(name == axis for name, _ in attributes)]
    chosen = with_axis[draw(with_axis)]
    order = [chosen[int(index)] for index in rng.permutation(size)]
    return weighted(tuple(order))


def weighted(order: AttributeSet) -> Profile:
    """Return the profile that prefers attributes in a descending order."""
    return Profile(dict(zip(order, _WEIGHTS[len(order)], strict=True)))


class Fulfilment(Protocol):
    """Measure of how well the tools of a split fulfil a preference for one attribute."""

    def of(self, wish: Attribute) -> NDArray[np.float64]:
        """Return how well each tool fulfils a preference for an attribute.

        Args:
            wish: Attribute of the profile's seed tool.

        Returns:
            Array of shape (tools,) with values from 0 to 1.
        """
        ...

    least: float
    """Minimum utility of a preferred tool, 0 to 1."""
    margin: float
    """Minimum lead in utility of a preferred tool over the next one of its group."""


class StructuredFulfilment:
    """Fulfilment by value: 1 for tools that have the same value on the axis, 0 for others.

    Args:
        tools: Tools, in the order of the result.
        config: Source of the margin.
    """

    least = 0.5

    def __init__(self, tools: Sequence[Tool], config: PreferenceConfig) -> None:
        self.margin = config.margin
        self._nothing = np.zeros(len(tools))
        self._has: dict[tuple[str, str], NDArray[np.float64]] = {}
        for row, tool in enumerate(tools):
            for attribute in tool.attributes:
                column = self._has.setdefault((attribute.axis, attribute.value), np.zeros(len(tools)))
                column[row] = 1.0

    def of(self, wish: Attribute) -> NDArray[np.float64]:
        """Return 1 for each tool that has the value of `wish` on its axis, 0 for the others."""
        return self._has.get((wish.axis, wish.value), self._nothing)


class EmbeddingFulfilment:
    """Fulfilment by meaning: cosine similarity of the sentences that document the axis.

    Args:
        tools: Tools, in the order of the result.
        config: Source of the margin.
        encoder: Encoder of sentences.
    """

    least = 0.0

    def __init__(self, tools: Sequence[Tool], config: PreferenceConfig, encoder: Encoder) -> None:
        # Cosines of two different values of an axis differ from 1 by only about 0.2, so a smaller margin is used.
        self.margin = config.margin / 3
        self._encoder = encoder
        self._rows: dict[str, list[int]] = {}
        statements: dict[str, list[str]] = {}
        for row, tool in enumerate(tools):
            for attribute in tool.attributes:
                self._rows.setdefault(attribute.axis, []).append(row)
                statements.setdefault(attribute.axis, []).append(_statement(attribute))
        self._vectors = {axis: encoder.encode(texts) for axis, texts in statements.items()}
        self._size = len(tools)
        self._cached: dict[str, NDArray[np.float64]] = {}

    def of(self, wish: Attribute) -> NDArray[np.float64]:
        """Return the cosine, clipped to 0 to 1, for each tool; 0 for tools that do not document the axis."""
        text = _statement(wish)
        if text not in self._cached:
            fulfilment = np.zeros(self._size)
            if wish.axis in self._vectors:
                cosines = self._vectors[wish.axis] @ self._encoder.encode([text])[0]
                fulfilment[self._rows[wish.axis]] = np.clip(cosines, 0, 1)
            self._cached[text] = fulfilment
        return self._cached[text]


def _statement(attribute: Attribute) -> str:
    return f"{attribute.axis}: {attribute.value}. {attribute.evidence}".replace("_", " ")


class PreferredTools:
    """Index of the tools that a profile prefers in each group, for many profiles.

    Args:
        groups: Groups of one split.
        config: Margin and kind of similarity.
        encoder: Encoder of sentences, used if the similarity is `embedding`.
    """

    def __init__(self, groups: Sequence[Group], config: PreferenceConfig, encoder: Encoder) -> None:
        self._starts = np.cumsum([0, *(len(group.members) for group in groups[:-1])])
        tools = [member.tool for group in groups for member in group.members]
        self._fulfilment: Fulfilment = (
            EmbeddingFulfilment(tools, config, encoder)
            if config.similarity == "embedding"
            else StructuredFulfilment(tools, config)
        )
        self._members = [(group, member) for group in groups for member in group.members]
        self._group_of = np.repeat(np.arange(len(groups)), [len(group.members) for group in groups])

    def of(self, profile: Profile, seed: Tool) -> list[tuple[Group, GroupTool]]:
        """Return the preferred tool of each group in which one tool leads by the margin, in the order of the groups.

        Args:
            profile: Preference.
            seed: Tool that the profile was derived from.
        """
        if not self._members:
            return []
        wishes = {attribute.axis: attribute for attribute in seed.attributes}
        utility = np.zeros(len(self._group_of))
        for axis, weight in zip(profile.axes, profile.weights.values(), strict=True):
            utility += weight * self._fulfilment.of(wishes[axis])
        best = np.maximum.reduceat(utility, self._starts)
        leads = utility >= best[self._group_of] - 1e-9
        second = np.maximum.reduceat(np.where(leads, -1.0, utility), self._starts)
        alone = np.add.reduceat(leads.astype(np.int64), self._starts) == 1
        clear = alone & (best >= self._fulfilment.least) & (best - second >= self._fulfilment.margin - 1e-9)
        rows: list[int] = np.flatnonzero(leads & clear[self._group_of]).tolist()
        return [self._members[row] for row in rows]
