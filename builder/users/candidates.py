"""Stage 7a: what stands beside the answer, the group's other tools and distractors that do another job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from builder.config import CandidateConfig
from builder.embedding import Encoder
from builder.errors import BuildError
from builder.records import Functionality, Group, Tool

_NEAR: Final = 3
"""Of so many times the tools that are needed, the nearest, the distractors of a near functionality are drawn."""
_POOL: Final = 20_000
"""Tools of a split that distractors are drawn from, at most: a group's cost no more in a larger catalogue."""
_REMEMBERED: Final = 1000
"""Functionalities whose distractors are kept at once."""


def distractor_pool(tools: Iterable[Tool]) -> list[Tool]:
    """The tools of a split that distractors are drawn from, by name: all, or of very many an even choice."""
    listed = sorted(tools, key=lambda tool: tool.name)
    if len(listed) <= _POOL:
        return listed
    return [listed[int(index)] for index in np.linspace(0, len(listed) - 1, _POOL)]


class CandidateMaker:
    """Draws the candidates of the query groups of one split.

    Args:
        tools: All tools of the split.
        look_alikes: For a functionality, names of tools of the pool that may well do its job: no distractors.
        config: How many candidates there are, and where distractors come from.
        encoder: Tells which documentation is near.
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

    def draw(self, group: Group, rng: np.random.Generator) -> tuple[Tool, ...]:
        """The group's tools and distractors, in random order.

        Args:
            group: The tools that do the job, all of which become candidates.
            rng: Draws distractors and order.

        Raises:
            BuildError: If there are too many tools that do the job, or too few that do another.
        """
        own = [member.tool for member in group.members]
        count = self._config.count
        others = self._others(group)
        chosen = list(own)
        for level in self._levels(group, others, count - len(own)):
            names = {tool.name for tool in chosen}
            free = [tool for tool in level if tool.name not in names]
            chosen += [free[int(index)] for index in rng.permutation(len(free))[: max(0, count - len(chosen))]]
        if len(chosen) != count:
            raise BuildError(
                f"{group.functionality.name!r} in {group.split!r} has {len(own)} tools of its own and "
                f"{len(others)} that can stand beside them; candidates.count asks for {count}. Change it."
            )
        return tuple(chosen[int(index)] for index in rng.permutation(len(chosen)))

    def _others(self, group: Group) -> list[Tool]:
        """Tools that do another job, the nearest first where nearness counts."""
        functionality = group.functionality
        if functionality.name not in self._distractors:
            if len(self._distractors) == _REMEMBERED:
                self._distractors.clear()
            barred = self._look_alikes.get(functionality.name, frozenset())
            order = self._by_nearness(functionality)
            self._distractors[functionality.name] = [
                tool for tool in order if tool.functionality != functionality.name and tool.name not in barred
            ]
        return self._distractors[functionality.name]

    def _by_nearness(self, functionality: Functionality) -> list[Tool]:
        if self._vectors is None:
            return self._tools
        centre = self._encoder.encode([functionality.summary, *functionality.phrases]).mean(axis=0)
        order = np.argsort(-(self._vectors @ centre), kind="stable")
        return [self._tools[int(index)] for index in order]

    def _levels(self, group: Group, others: Sequence[Tool], needed: int) -> list[Sequence[Tool]]:
        """Where distractors are drawn from, each level when the one before is used up."""
        if self._config.distractors == "random":
            return [others]
        if self._config.distractors == "same_category":
            return [[tool for tool in others if tool.category == group.category], others]
        return [others[: _NEAR * max(needed, 0)], others]


def _job(tool: Tool) -> str:
    """What a tool does, without its attributes."""
    return f"{tool.operation}. {tool.operation_description}"
