"""Stage 6: the three types of interaction history, from the same preference.

* `preferred_only`: calls to preferred tools of other groups, in random order.
* `rating_integrated`: as many disliked calls as liked ones; the disliked ones follow another profile of the same group,
  so that without the ratings nothing tells the two apart. Where ratings are noisy, as many liked as disliked ones flip.
* `chronological`: calls under that other profile first, then under the current one. The change lies in the first or the
  second half of the middle of the history, about as often, so that neither profile has more calls more often. More
  changes put short stretches under further profiles before.

Neither the target group nor, unless the config says so, a provider of any candidate occurs in a history: what was seen
is never the answer, and never a distractor either, so that having been seen tells nothing. Nor does a tool that is
documented with the same set of phrases as the candidates.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from builder.config import EARLY_STEPS, MIN_GROUPS, CandidateConfig, HistoryConfig
from builder.records import Group, GroupTool, History, Interaction, Profile, Query, Scenario, Tool
from builder.words import provider_family

from .preferences import PreferredTools

_LATE: Final = 0.53
"""How often the last change is a late one: a little over half, since of these histories somewhat more are given up, and
since leaving out the first provider takes calls of the preference before."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A group with the tool that a profile prefers there."""

    group: Group
    member: GroupTool


@dataclass(frozen=True, slots=True)
class PreferenceHolder:
    """A preference with the tool that it was read off."""

    profile: Profile
    seed: Tool


@dataclass(frozen=True, slots=True)
class Shape:
    """Length of a user's histories, and the place of the last change in the chronological one."""

    length: int
    drift_step: int


class HistoryWriter:
    """Writes histories for the users of one query group.

    Args:
        query: The query group.
        preferred: Preferred tools of the groups of the split.
        pools: Scenarios for histories, by group key.
        histories: Lengths, changes and noise.
        candidates: How many providers of candidates may occur.
        rng: Draws which of them.
    """

    def __init__(
        self,
        query: Query,
        preferred: PreferredTools,
        pools: Mapping[str, Sequence[Scenario]],
        histories: HistoryConfig,
        candidates: CandidateConfig,
        rng: np.random.Generator,
    ) -> None:
        self._target = query.group
        families = sorted({provider_family(tool.provider) for tool in query.candidates})
        open_to_all = rng.random(len(families)) < candidates.provider_overlap
        self._barred = {family for family, is_open in zip(families, open_to_all, strict=True) if not is_open}
        self._preferred = preferred
        self._pools = pools
        self._config = histories

    def _choices(self, holder: PreferenceHolder) -> list[Choice]:
        """Groups in which a profile has a preferred tool that may stand in a history."""
        return [
            Choice(group, member)
            for group, member in self._preferred.of(holder.profile, holder.seed)
            if group.functionality.name != self._target.functionality.name
            and (group.wording is None or group.wording != self._target.wording)
            and provider_family(member.tool.provider) not in self._barred
        ]

    def shape(self, rng: np.random.Generator) -> Shape:
        """Draw the shape of a user's histories, whatever else is drawn."""
        length = int(rng.integers(self._config.min_length, self._config.max_length + 1))
        early, late = self._config.drift_places(length)
        places = late if rng.random() < _LATE else early
        return Shape(length, places[int(rng.integers(len(places)))])

    def write(
        self, own: PreferenceHolder, earlier: Sequence[PreferenceHolder], shape: Shape, rng: np.random.Generator
    ) -> dict[str, History] | None:
        """Write a user's history of each type; None where a preference shows in too few groups.

        Args:
            own: The user's current preference.
            earlier: Preferences before it, one for each change, oldest first. Disliked calls follow the last of them.
            shape: Lengths.
            rng: Draws groups, scenarios and order.
        """
        rival = earlier[-1]
        liked = self._choices(own)
        # A tool that both would like to have shows neither preference.
        clear = _leaning(liked, own.profile, rival.profile)
        disliked = _leaning(self._choices(rival), rival.profile, own.profile)
        before = [
            clear if holder is own else _leaning(self._choices(holder), holder.profile, own.profile)
            for holder in earlier[:-1]
        ]
        stages = [*before, disliked, clear]
        if min(len(found) for found in stages) < MIN_GROUPS:
            return None
        half = shape.length // 2
        ratings, turns = Calls(self._pools, rng), Calls(self._pools, rng)
        rated = [*_rated(ratings.draw(clear, half), 1), *_rated(ratings.draw(disliked, half), 0)]
        owners = self._owners(shape, rng)
        calls = {stage: turns.draw(found, owners.count(stage)) for stage, found in enumerate(stages)}
        current = len(stages) - 1
        return {
            "preferred_only": _history(Calls(self._pools, rng).draw(liked, shape.length), own.profile),
            "rating_integrated": _history([rated[int(index)] for index in rng.permutation(len(rated))], own.profile),
            "chronological": _history(
                [calls[stage].pop() for stage in owners],
                own.profile,
                shape.drift_step,
                {index for index, stage in enumerate(owners) if stage == current},
            ),
        }

    def _owners(self, shape: Shape, rng: np.random.Generator) -> list[int]:
        """Which preference each step of the chronological history follows, 0 being the oldest."""
        early = [stage for stage in range(self._config.changes - 1) for _ in range(EARLY_STEPS)]
        old, new = self._config.changes - 1, self._config.changes
        width = self._config.transition_steps if self._config.transition == "gradual" else 0
        owners = list(early)
        for step in range(len(early), shape.length):
            # The share of the new preference rises evenly over the steps of the transition.
            risen = (step - shape.drift_step + width / 2 + 0.5) / max(width, 1)
            owners.append(new if (rng.random() < risen if width else step >= shape.drift_step) else old)
        return owners


def flip(history: History, number: int, rng: np.random.Generator) -> History:
    """A rated history in which as many liked as disliked ratings are the opposite of what the user felt.

    Args:
        history: A history with ratings.
        number: Ratings of each kind to flip.
        rng: Draws which.
    """
    flipped = {
        places[int(index)]
        for rating in (0, 1)
        if (places := [index for index, call in enumerate(history.interactions) if call.rating == rating])
        for index in rng.permutation(len(places))[:number]
    }
    calls = tuple(
        replace(call, rating=1 - (call.rating or 0)) if index in flipped else call
        for index, call in enumerate(history.interactions)
    )
    evidence = tuple(index for index in history.evidence if index not in flipped)
    return replace(history, interactions=calls, evidence=evidence, noise=len(flipped) / len(calls))


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
            order = order or self._rng.permutation(len(choices)).tolist()
            choice = choices[order.pop()]
            calls.append(Interaction(self._scenario(choice.group), choice.member, None))
        return calls

    def _scenario(self, group: Group) -> Scenario:
        key = group.key
        pool = self._pools[key]
        unused = self._unused.get(key)
        if unused is None:
            unused = self._unused[key] = self._rng.permutation(len(pool)).tolist()
        return pool[unused.pop()]


def _leaning(choices: Sequence[Choice], towards: Profile, away: Profile) -> list[Choice]:
    """The choices that one preference likes better than another does."""
    return [choice for choice in choices if towards.utility(choice.member.tool) > away.utility(choice.member.tool)]


def _rated(calls: Sequence[Interaction], rating: int) -> list[Interaction]:
    return [Interaction(call.scenario, call.member, rating) for call in calls]


def _history(
    calls: Sequence[Interaction],
    profile: Profile,
    drift_step: int | None = None,
    current: Collection[int] | None = None,
) -> History:
    """A history with the indexes of the interactions that support the preference.

    Args:
        calls: The interactions.
        profile: The current preference.
        drift_step: Index of the last change.
        current: Indexes of the calls made under the current preference; None for all.
    """
    evidence = tuple(
        index
        for index, call in enumerate(calls)
        if (current is None or index in current) and call.rating != 0 and profile.utility(call.tool) > 0
    )
    return History(tuple(calls), evidence, drift_step)
