"""Interaction histories of the three types, all generated from the same preference.

* `preferred_only`: calls to preferred tools of other groups, in random order.
* `rating_integrated`: equal numbers of liked and disliked calls. The disliked calls follow the preference for another
  tool of the same group (the *rival*), so that only the ratings separate the two. With rating noise, equal numbers
  of liked and disliked ratings are flipped.
* `chronological`: calls under the rival preference, then calls under the current one. The change is placed in the first
  or the second half of the middle part of the history, about equally often, so that neither preference has more calls
  on average. Further changes add short stretches under other preferences before.

A history never contains the target functionality, nor a provider of any candidate (unless `provider_overlap` allows
it). Otherwise, having seen a tool or a provider would reveal whether it is the answer. It also contains no tool that is
documented with the same set of phrases as the candidates.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Final

import numpy as np

from builder.config import EARLY_STEPS, MIN_GROUPS, CandidateConfig, HistoryConfig
from builder.records import Group, GroupTool, History, Interaction, Profile, Query, Scenario, Tool
from builder.words import provider_family

from .preferences import AttributeSet, PreferredTools, weighted

_LATE_SHARE: Final = 0.53
"""Probability of a late last change. It is above one half to compensate for two effects: histories with a late change
are rejected more often, and ignoring the first provider removes calls under the earlier preference."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Group with the tool that a profile prefers in it."""

    group: Group
    member: GroupTool


@dataclass(frozen=True, slots=True)
class PreferenceHolder:
    """Preference with the seed tool that it was derived from."""

    profile: Profile
    seed: Tool


@dataclass(frozen=True, slots=True)
class Shape:
    """Length of a user's histories, and the index of the last change in the chronological one."""

    length: int
    drift_step: int


class HistoryWriter:
    """Generator of histories for the users of one query group.

    Args:
        query: Query group.
        preferred: Preferred tools in the groups of the split.
        pools: Scenarios for histories, by group key.
        histories: Lengths, changes and noise.
        candidates: Share of the candidates' providers that can occur in histories.
        rng: Generator that draws these providers.
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
        allowed = rng.random(len(families)) < candidates.provider_overlap
        self._excluded = {family for family, is_allowed in zip(families, allowed, strict=True) if not is_allowed}
        self._preferred = preferred
        self._pools = pools
        self._config = histories

    def can_show(self, attributes: AttributeSet, seed: Tool) -> bool:
        """Return True if enough groups show a preference for some attributes, in some order of their weights.

        Args:
            attributes: Attributes of the seed.
            seed: Tool that the preference is derived from.
        """
        return any(
            len(self._choices(PreferenceHolder(weighted(order), seed))) >= MIN_GROUPS
            for order in permutations(attributes)
        )

    def _choices(self, holder: PreferenceHolder) -> list[Choice]:
        """Return the groups in which a profile has a preferred tool that is allowed in a history."""
        return [
            Choice(group, member)
            for group, member in self._preferred.of(holder.profile, holder.seed)
            if group.functionality.name != self._target.functionality.name
            and (group.wording is None or group.wording != self._target.wording)
            and provider_family(member.tool.provider) not in self._excluded
        ]

    def shape(self, rng: np.random.Generator) -> Shape:
        """Draw the length of a user's histories and the position of the last change."""
        length = int(rng.integers(self._config.min_length, self._config.max_length + 1))
        early, late = self._config.drift_places(length)
        places = late if rng.random() < _LATE_SHARE else early
        return Shape(length, places[int(rng.integers(len(places)))])

    def write(
        self, own: PreferenceHolder, earlier: Sequence[PreferenceHolder], shape: Shape, rng: np.random.Generator
    ) -> dict[str, History] | None:
        """Generate a user's history of each type.

        Args:
            own: Current preference of the user.
            earlier: Earlier preferences, one per change, oldest first. The last one is the rival preference, which
                disliked calls follow.
            shape: Length and position of the last change.
            rng: Generator that draws groups, scenarios and order.

        Returns:
            Histories by type, or None if a preference shows in too few groups.
        """
        rival = earlier[-1]
        liked = self._choices(own)
        # A tool that fits both preferences equally well is evidence for neither.
        clear = _leaning(liked, own.profile, rival.profile)
        disliked = _leaning(self._choices(rival), rival.profile, own.profile)
        before = [
            clear if holder is own else _leaning(self._choices(holder), holder.profile, own.profile)
            for holder in earlier[:-1]
        ]
        stages = [*before, disliked, clear]
        if min(len(choices) for choices in stages) < MIN_GROUPS:
            return None
        half = shape.length // 2
        rated_calls, ordered_calls = Calls(self._pools, rng), Calls(self._pools, rng)
        rated = [*_rated(rated_calls.draw(clear, half), 1), *_rated(rated_calls.draw(disliked, half), 0)]
        stage_of_step = self._stage_of_steps(shape, rng)
        calls = {stage: ordered_calls.draw(choices, stage_of_step.count(stage)) for stage, choices in enumerate(stages)}
        current = len(stages) - 1
        return {
            "preferred_only": _history(Calls(self._pools, rng).draw(liked, shape.length), own.profile),
            "rating_integrated": _history([rated[int(index)] for index in rng.permutation(len(rated))], own.profile),
            "chronological": _history(
                [calls[stage].pop() for stage in stage_of_step],
                own.profile,
                shape.drift_step,
                {index for index, stage in enumerate(stage_of_step) if stage == current},
            ),
        }

    def _stage_of_steps(self, shape: Shape, rng: np.random.Generator) -> list[int]:
        """Draw, for each step of the chronological history, the index of its preference; 0 is the oldest preference."""
        early = [stage for stage in range(self._config.changes - 1) for _ in range(EARLY_STEPS)]
        old, new = self._config.changes - 1, self._config.changes
        width = self._config.transition_steps if self._config.transition == "gradual" else 0
        stages = list(early)
        for step in range(len(early), shape.length):
            # In a gradual transition, the share of the new preference rises linearly.
            new_share = (step - shape.drift_step + width / 2 + 0.5) / max(width, 1)
            stages.append(new if (rng.random() < new_share if width else step >= shape.drift_step) else old)
        return stages


def flip(history: History, number: int, rng: np.random.Generator) -> History:
    """Flip equal numbers of liked and disliked ratings.

    Args:
        history: History with ratings.
        number: Ratings to flip of each kind.
        rng: Generator that draws the ratings to flip.

    Returns:
        History whose `noise` is the share of flipped ratings, and whose evidence excludes the flipped calls.
    """
    flipped = _flipped_indexes(history, number, rng)
    calls = tuple(
        replace(call, rating=1 - (call.rating or 0)) if index in flipped else call
        for index, call in enumerate(history.interactions)
    )
    evidence = tuple(index for index in history.evidence if index not in flipped)
    return replace(history, interactions=calls, evidence=evidence, noise=len(flipped) / len(calls))


def _flipped_indexes(history: History, number: int, rng: np.random.Generator) -> set[int]:
    flipped: set[int] = set()
    for rating in (0, 1):
        indexes = [index for index, call in enumerate(history.interactions) if call.rating == rating]
        if indexes:
            flipped.update(indexes[int(drawn)] for drawn in rng.permutation(len(indexes))[:number])
    return flipped


class Calls:
    """Generator of the calls of one history. No two calls have the same instruction.

    Args:
        pools: Scenarios for histories, by group key.
        rng: Generator that draws groups and scenarios.
    """

    def __init__(self, pools: Mapping[str, Sequence[Scenario]], rng: np.random.Generator) -> None:
        self._pools = pools
        self._rng = rng
        self._unused: dict[str, list[int]] = {}

    def draw(self, choices: Sequence[Choice], count: int) -> list[Interaction]:
        """Draw unrated calls, spread as evenly as possible over the choices."""
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
    """Return the choices whose tool has a higher utility for one profile than for another."""
    return [choice for choice in choices if towards.utility(choice.member.tool) > away.utility(choice.member.tool)]


def _rated(calls: Sequence[Interaction], rating: int) -> list[Interaction]:
    return [Interaction(call.scenario, call.member, rating) for call in calls]


def _history(
    calls: Sequence[Interaction],
    profile: Profile,
    drift_step: int | None = None,
    current: Collection[int] | None = None,
) -> History:
    """Build a history and mark the calls that are evidence of the current preference.

    Args:
        calls: Interactions of the history.
        profile: Current preference.
        drift_step: Index of the last change; None if there is no change.
        current: Indexes of the calls made under the current preference; None for all calls.
    """
    evidence = tuple(
        index
        for index, call in enumerate(calls)
        if (current is None or index in current) and call.rating != 0 and profile.utility(call.tool) > 0
    )
    return History(tuple(calls), evidence, drift_step)
