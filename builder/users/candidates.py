"""Candidates of an instance: the tools of the group, and distractors that do another job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from builder.config import CandidateConfig
from builder.embedding import Encoder
from builder.errors import BuildError
from builder.records import Functionality, Group, Tool

_NEAREST_FACTOR: Final = 3
"""Size of the sample that distractors of a near functionality are drawn from, as a multiple of the number needed."""
_MAX_POOL: Final = 20_000
"""Maximum number of tools that distractors are drawn from, so that the cost per group is bounded."""
_FEW_GROUPS: Final = 8
"""Number of groups in a split up to which they are spared as sources of distractors."""
_MAX_CACHED: Final = 1000
"""Maximum number of functionalities whose distractors are cached."""


def distractor_pool(tools: Iterable[Tool]) -> list[Tool]:
    """Return the tools that distractors are drawn from, sorted by name.

    Args:
        tools: All tools of a split. If there are more than 20,000, an evenly spaced sample is returned.
    """
    listed = sorted(tools, key=lambda tool: tool.name)
    if len(listed) <= _MAX_POOL:
        return listed
    return [listed[int(index)] for index in np.linspace(0, len(listed) - 1, _MAX_POOL)]


class CandidateMaker:
    """Generator of the candidates of query groups in one split.

    Args:
        tools: All tools of the split.
        look_alikes: Tool names by functionality name: tools that might do the functionality's job, and so cannot be
            distractors.
        config: Number of candidates and source of distractors.
        encoder: Encoder that ranks tools by similarity to a functionality.
    """

    def __init__(
        self,
        tools: Sequence[Tool],
        look_alikes: Mapping[str, frozenset[str]],
        config: CandidateConfig,
        encoder: Encoder,
    ) -> None:
        self._tools = distractor_pool(tools)
        self._look_alikes = look_alikes
        self._config = config
        self._encoder = encoder
        near = config.distractors == "near_functionality"
        self._vectors = encoder.encode([_job(tool) for tool in self._tools]) if near else None
        self._distractors: dict[str, list[Tool]] = {}
        self._has_few_groups = len({tool.functionality for tool in tools} - {None}) <= _FEW_GROUPS

    def draw(self, group: Group, rng: np.random.Generator) -> tuple[Tool, ...]:
        """Draw the candidates of a query group: all tools of its group, and distractors, in random order.

        Args:
            group: Tools that do the job.
            rng: Generator that draws the distractors and the order.

        Raises:
            BuildError: If the group has too many tools, or the split too few distractors.
        """
        members = [member.tool for member in group.members]
        count = self._config.count
        others = self._others(group)
        chosen = list(members)
        for level in self._levels(group, others, count - len(members)):
            names = {tool.name for tool in chosen}
            free = [tool for tool in level if tool.name not in names]
            chosen += [free[int(index)] for index in rng.permutation(len(free))[: max(0, count - len(chosen))]]
        if len(chosen) != count:
            raise BuildError(
                f"Cannot draw {count} candidates for {group.functionality.name!r} in {group.split!r}: {len(members)} "
                f"tools do the job and {len(others)} can be distractors. Change candidates.count in the config."
            )
        return tuple(chosen[int(index)] for index in rng.permutation(len(chosen)))

    def _others(self, group: Group) -> list[Tool]:
        """Return the tools that do another job, sorted by similarity if distractors must be near."""
        functionality = group.functionality
        if functionality.name not in self._distractors:
            if len(self._distractors) == _MAX_CACHED:
                self._distractors.clear()
            excluded = self._look_alikes.get(functionality.name, frozenset())
            order = self._by_similarity(functionality)
            self._distractors[functionality.name] = [
                tool for tool in order if tool.functionality != functionality.name and tool.name not in excluded
            ]
        return self._distractors[functionality.name]

    def _by_similarity(self, functionality: Functionality) -> list[Tool]:
        if self._vectors is None:
            return self._tools
        centre = self._encoder.encode([functionality.summary, *functionality.phrases]).mean(axis=0)
        order = np.argsort(-(self._vectors @ centre), kind="stable")
        return [self._tools[int(index)] for index in order]

    def _levels(self, group: Group, others: Sequence[Tool], needed: int) -> list[Sequence[Tool]]:
        """Return the sources of distractors in order; each is used when the one before is exhausted.

        With few groups, tools of no group come first: histories cannot show the providers of candidates, and every
        group that they cannot show may be needed.
        """
        levels = self._preferred_levels(group, others, needed)
        if not self._has_few_groups:
            return levels
        return [*([tool for tool in level if tool.functionality is None] for level in levels), *levels]

    def _preferred_levels(self, group: Group, others: Sequence[Tool], needed: int) -> list[Sequence[Tool]]:
        if self._config.distractors == "random":
            return [others]
        if self._config.distractors == "same_category":
            return [[tool for tool in others if tool.category == group.category], others]
        return [others[: _NEAREST_FACTOR * max(needed, 0)], others]


def _job(tool: Tool) -> str:
    """Return the text that states what a tool does, without its attributes."""
    return f"{tool.operation}. {tool.operation_description}"
