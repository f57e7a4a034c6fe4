"""Stage 6: the three types of interaction history, from the same preference.

* `preferred_only`: calls to preferred tools of other groups, in random order.
* `rating_integrated`: as many disliked calls as liked ones; the disliked ones follow another profile of the same group,
  so that without the ratings nothing tells the two apart.
* `chronological`: calls under that other profile first, then under the current one; the place of the change is spread
  over the middle of the history.

Neither the target group nor a provider of any candidate ever occurs in a history: what was seen is never the answer,
and never a distractor either, so that having been seen tells nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from .config import HistoryConfig
from .preferences import PreferredTools
from .records import Group, GroupTool, History, Interaction, Profile, Query, Scenario
from .scenarios import arguments_of
from .text import provider_family

_HEAD_START: Final = 2
"""Steps of the middle in which the preference does not change yet, so that the old one outweighs the new one a little:
else leaving out the first provider would be enough to tip the balance."""
_MIN_GROUPS: Final = 2
"""Fewest groups in which a preference must show."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A group with the tool that a profile prefers there."""

    group: Group
    member: GroupTool


class HistoryWriter:
    """Writes histories for the users of one query group.

    Args:
        query: The query group.
        preferred: Preferred tools of the groups of the split.
        pools: Scenarios for histories, by group key.
        config: Lengths and the span of the change.
    """

    def __init__(
        self,
        query: Query,
        preferred: PreferredTools,
        pools: Mapping[str, Sequence[Scenario]],
        config: HistoryConfig,
    ) -> None:
        self._target = query.group.key
        self._barred = {provider_family(tool.provider) for tool in query.candidates}
        self._preferred = preferred
        self._pools = pools
        self._config = config

    def _choices(self, profile: Profile) -> list[Choice]:
        """Groups in which a profile has a preferred tool that may stand in a history."""
        return [
            Choice(group, member)
            for group, member in self._preferred.of(profile)
            if group.key != self._target and provider_family(member.tool.provider) not in self._barred
        ]

    def write(self, profile: Profile, rival: Profile, rng: np.random.Generator) -> dict[str, History] | None:
        """Write a user's history of each type; None where the preference shows in too few groups.

        Args:
            profile: The user's current preference.
            rival: The preference that disliked calls and calls before the change follow.
            rng: Draws lengths, groups, scenarios and order.
        """
        liked, wanted_by_rival = self._choices(profile), self._choices(rival)
        # A tool that both would like to have shows neither preference.
        clear = [choice for choice in liked if _leaning(choice, profile, rival) > 0]
        disliked = [choice for choice in wanted_by_rival if _leaning(choice, rival, profile) > 0]
        if min(len(disliked), len(clear)) < _MIN_GROUPS:
            return None
        length = int(rng.integers(self._config.min_length, self._config.max_length + 1))
        half = length // 2
        margin = (1 - self._config.drift_span) / 2
        low, high = math.ceil(length * margin) + _HEAD_START, math.floor(length * (1 - margin))
        drift = int(rng.integers(low, high + 1))
        ratings, turns = Calls(self._pools, rng), Calls(self._pools, rng)
        rated = [*_rated(ratings.draw(clear, half), 1), *_rated(ratings.draw(disliked, half), 0)]
        return {
            "preferred_only": _history(Calls(self._pools, rng).draw(liked, length), profile),
            "rating_integrated": _history([rated[int(index)] for index in rng.permutation(len(rated))], profile),
            "chronological": _history(
                [*turns.draw(disliked, drift), *turns.draw(clear, length - drift)], profile, drift
            ),
        }


class Calls:
    """Draws the calls of one history, none with the instruction of another.

    Args:
        pools: Scenarios for histories, by group key.
        rng: Draws groups and scenarios.
    """

    def __init__(self, pools: Mapping[str, Sequence[Scenario]], rng: np.random.Generator) -> None:
        self._pools = pools
        self._rng = rng
        self._unused: dict[str, list[int]] = {}

    def draw(self, choices: Sequence[Choice], count: int) -> list[Interaction]:
        """Calls spread as evenly as possible over the choices."""
        calls: list[Interaction] = []
        order: list[int] = []
        for _ in range(count):
            order = order or [int(index) for index in self._rng.permutation(len(choices))]
            choice = choices[order.pop()]
            scenario = self._scenario(choice.group)
            calls.append(
                Interaction(scenario.instruction, choice.member.tool, arguments_of(scenario, choice.member), None)
            )
        return calls

    def _scenario(self, group: Group) -> Scenario:
        pool = self._pools[group.key]
        if group.key not in self._unused:
            self._unused[group.key] = [int(index) for index in self._rng.permutation(len(pool))]
        return pool[self._unused[group.key].pop()]


def least_pool(config: HistoryConfig) -> int:
    """Scenarios that a group needs for its part of any history: half of it, and one for each of two draws."""
    return config.max_length // _MIN_GROUPS + 2


def _leaning(choice: Choice, towards: Profile, away: Profile) -> float:
    return towards.utility(choice.member.tool) - away.utility(choice.member.tool)


def _rated(calls: Sequence[Interaction], rating: int) -> list[Interaction]:
    return [replace(call, rating=rating) for call in calls]


def _history(calls: Sequence[Interaction], profile: Profile, drift_step: int | None = None) -> History:
    """A history with the indexes of the interactions that support the preference."""
    first = drift_step or 0
    evidence = tuple(
        index
        for index, call in enumerate(calls)
        if index >= first and call.rating != 0 and profile.utility(call.tool) > 0
    )
    return History(tuple(calls), evidence, drift_step)
