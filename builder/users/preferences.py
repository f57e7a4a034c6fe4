"""Stage 4: what a user implicitly prefers, and which tool of a group that makes the preferred one.

As in the paper (section 3.2) a profile is read off a seed tool: one to three of its attributes that set it apart in its
group. The seed is taken in turn instead of at random, so that inside a group every tool is the answer equally often;
the preferred tools of the other groups follow by similarity in attributes, by the same values or by sentence vectors of
the words that document them.
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
"""Weights of the axes of a profile, the heaviest first. A tool that misses one axis is behind by at least 0.25."""


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
    shared = np.array([[other.values.get(axis) == value for axis, value in own] for other in others], dtype=bool)
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


class Fulfilment(Protocol):
    """How far the tools of a split fulfil a wish for one attribute."""

    def of(self, wish: Attribute) -> NDArray[np.float64]:
        """For each tool, 0 to 1; the wish is an attribute of the profile's seed tool."""
        ...

    least: float
    """A tool that fulfils less of a whole preference is no preferred tool, however far behind the others are."""
    margin: float
    """Least lead of a preferred tool over the next one of its group."""


class StructuredFulfilment:
    """A tool fulfils a wish if it has the same value on the axis.

    Args:
        tools: The tools, in the order of the result.
        config: The margin.
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
        """1 for each tool with the value, 0 for the others."""
        return self._has.get((wish.axis, wish.value), self._nothing)


class EmbeddingFulfilment:
    """A tool fulfils a wish as far as its documentation of the axis means the same, by sentence vectors.

    Args:
        tools: The tools, in the order of the result.
        config: The margin.
        encoder: Makes the vectors.
    """

    least = 0.0

    def __init__(self, tools: Sequence[Tool], config: PreferenceConfig, encoder: Encoder) -> None:
        # Cosines lie closer together than matches do: of two values of an axis about 0.2 apart, not 1.
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
        self._known: dict[str, NDArray[np.float64]] = {}

    def of(self, wish: Attribute) -> NDArray[np.float64]:
        """Cosine of the documented words with the wish's, 0 for tools that do not document the axis."""
        text = _statement(wish)
        if text not in self._known:
            found = np.zeros(self._size)
            if wish.axis in self._vectors:
                cosines = self._vectors[wish.axis] @ self._encoder.encode([text])[0]
                found[self._rows[wish.axis]] = np.clip(cosines, 0, 1)
            self._known[text] = found
        return self._known[text]


def _statement(attribute: Attribute) -> str:
    return f"{attribute.axis}: {attribute.value}. {attribute.evidence}".replace("_", " ")


class PreferredTools:
    """Which tool of each group a profile prefers, for many profiles.

    Args:
        groups: Groups of one split.
        config: The margin, and what makes tools similar.
        encoder: Makes sentence vectors.
    """

    def __init__(self, groups: Sequence[Group], config: PreferenceConfig, encoder: Encoder) -> None:
        self._starts = np.cumsum([0, *(len(group.members) for group in groups[:-1])])
        tools = [member.tool for group in groups for member in group.members]
        self._fulfilment: Fulfilment = (
            EmbeddingFulfilment(tools, config, encoder)
            if config.similarity == "embedding"
            else StructuredFulfilment(tools, config)
        )
        self._found = [(group, member) for group in groups for member in group.members]
        self._group_of = np.repeat(np.arange(len(groups)), [len(group.members) for group in groups])

    def of(self, profile: Profile, seed: Tool) -> list[tuple[Group, GroupTool]]:
        """Groups in which a tool leads by the margin, each with that tool, in the order of the groups.

        Args:
            profile: The preference.
            seed: The tool that it was read off.
        """
        if not self._found:
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
        return [self._found[row] for row in rows]
