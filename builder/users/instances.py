"""Query groups, their users, and the instances made from them.

A query group is one instruction with its candidates, shared by several users who each prefer a different tool. A user
is accepted only if a reader can infer the preferred tool from each of the three histories. Histories are redrawn until
this holds. If it does not hold after `histories.attempts` draws, the query group is dropped and counted.

The *rival* of a user is the tool that the user preferred before the last change; disliked calls follow it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import numpy as np

from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.embedding import Encoder
from builder.execution.instruction_pool import InstructionPool
from builder.execution.partitions import Partition
from builder.funnel import Funnel
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.randomness import generator_for
from builder.records import Group, GroupTool, History, Interaction, Profile, Query, Scenario, User

from .candidates import CandidateMaker
from .histories import HistoryWriter, PreferenceHolder, flip
from .preference_readers import PreferenceReader, Step
from .preferences import AttributeSet, PreferredTools, distinguishing_sets, draw_profile
from .targets import SMALL, target_groups

_MIN_LEAD: Final = 0.5
"""Minimum lead, in nats, of the answer over the other tools of its group in the reader's scores."""
_MIN_RIVAL_LEAD: Final = 1e-6
"""Minimum lead, in nats, of the rival in the part of the history before the last change."""
_MAX_FAILURES: Final = 3
"""Consecutive dropped query groups, per group of the split, after which the split is considered exhausted."""
_NOISE_DRAWS: Final = 16
"""Draws of flipped ratings per user over which the expected loss of the oracle is averaged."""


class SplitResources:
    """Resources that all users of a split share.

    Args:
        split: Name of the split.
        grouped: Tools and groups of the split. Tools outside a target group serve as distractors.
        config: Config of the build.
        encoder: Encoder of sentences.
    """

    def __init__(self, split: str, grouped: GroupedCatalogue, config: BuildConfig, encoder: Encoder) -> None:
        self.groups = grouped.groups
        self.candidates = CandidateMaker(grouped.tools, grouped.look_alikes, config.candidates, encoder)
        self.reader = PreferenceReader(tool.values for tool in sorted(grouped.tools, key=lambda tool: tool.name))
        self.pools: dict[str, list[Scenario]] = {}
        """Scenarios for histories, by group key."""
        for group in grouped.groups:
            scenarios = grouped.write(group, generator_for(config.seed_of(split), "pool", group.key), False)
            self.pools[group.key] = list(islice(scenarios, config.scenarios_per_group))
        least = config.histories.least_pool
        usable = [group for group in grouped.groups if len(self.pools[group.key]) >= least]
        self.silent = len(grouped.groups) - len(usable)
        """Number of groups that have too few scenarios to occur in histories."""
        self.preferred = PreferredTools(usable, config.preferences, encoder)
        self.targets = {group.key: group for group in target_groups(grouped.groups, self.preferred, config.preferences)}
        """Groups that instructions are for, with the tools that can be the answer, by key."""


@dataclass(slots=True)
class _GroupState:
    """State of a group over its query groups."""

    final: Iterator[tuple[int, Scenario]]
    """Numbered final instructions that are left."""
    waiting: list[GroupTool] = field(default_factory=list)
    """Tools that were left out of the last query group, and so come first in the next one."""


class InstanceMaker:
    """Generator of the users of one partition.

    Args:
        partition: Partition of the split's users.
        resources: Resources of the split.
        pool: Final instructions reserved for the partition.
        config: Config of the build.
        funnel: Counts dropped query groups and rejected histories.
    """

    def __init__(
        self,
        partition: Partition,
        resources: SplitResources,
        pool: InstructionPool,
        config: BuildConfig,
        funnel: Funnel,
    ) -> None:
        self._partition = partition
        self._groups = [group for group in resources.groups if group.key in resources.targets]
        self._targets = resources.targets
        self._config = config
        self._seed = config.seed_of(partition.split)
        self._funnel = funnel
        self._candidates = resources.candidates
        self._reader = resources.reader
        self._pools = resources.pools
        self._preferred = resources.preferred
        self._states = {group.key: _GroupState(pool.of(group)) for group in resources.groups}
        self.loss = 0.0
        """Sum, over the judged users, of the probability (0 to 1) that flipped ratings mislead the reader."""
        self.judged = 0
        """Number of accepted users, including those of query groups that were dropped later."""

    def users(self) -> Iterator[User]:
        """Yield users, one query group after another, until there are enough or the split is exhausted."""
        if not self._groups:
            self._funnel.drop("query_group", "no_group_shows_preferences_for_3_tools")
            return
        split, number = self._partition.split, self._partition.users
        count = query = failures = 0
        rng = generator_for(self._seed, "order", split, *self._partition.own)
        order: list[int] = []
        while number - count >= MIN_SAME_FUNCTION and failures < _MAX_FAILURES * len(self._groups):
            order = order or [int(index) for index in rng.permutation(len(self._groups))]
            group = self._groups[order.pop()]
            if not self._is_suitable(group, number - count):
                continue
            name = f"{split}-q{self._partition.first_query + query:05d}"
            size = self._query_group_size(group, number - count)
            users = self._query_group(group, name, size)
            if users is None:
                failures += 1
                continue
            failures = 0
            query += 1
            for offset, user in enumerate(users):
                user_id = f"{split}-u{self._partition.first + count + offset:06d}"
                yield replace(user, user_id=user_id)
            count += len(users)

    def _is_suitable(self, group: Group, wanted: int) -> bool:
        """Return True if a query group of this group would not leave one or two users over.

        The last 4 or 5 users cannot form two query groups. They need a group with as many tools, if there is one.
        """
        needed = wanted if wanted < 2 * MIN_SAME_FUNCTION else MIN_SAME_FUNCTION
        largest = max(len(other.members) for other in self._targets.values())
        return len(self._targets[group.key].members) >= min(needed, largest)

    def _query_group_size(self, group: Group, wanted: int) -> int:
        """Return the number of users of a query group: one per tool, minus those that the next query group needs."""
        size = min(len(self._targets[group.key].members), wanted)
        missing = MIN_SAME_FUNCTION - (wanted - size)
        return size - missing if 0 < missing < MIN_SAME_FUNCTION and size - missing >= MIN_SAME_FUNCTION else size

    def _query_group(self, whole: Group, name: str, size: int) -> list[User] | None:
        state = self._states[whole.key]
        final = next(state.final, None)
        if final is None:
            self._funnel.drop("query_group", "no_new_scenario")
            return None
        number, scenario = final
        rng = generator_for(self._seed, "query", whole.key, number + 1)
        group = self._with_candidates_only(self._targets[whole.key], state, rng)
        query = Query(name, group, scenario, self._candidates.draw(group, rng))
        order = [int(index) for index in rng.permutation(len(group.members))]
        # All users have their rival at the same distance in the order, so that each tool is a rival equally often.
        distances = [int(index) + 1 for index in rng.permutation(len(order) - 1)]
        writer = HistoryWriter(
            query, self._preferred, self._pools, self._config.histories, self._config.candidates, rng
        )
        # Earlier preferences must be distinguishing in the whole group, so that none points to a tool left out.
        earlier_sets = {
            member.tool.name: self._shown(
                distinguishing_sets(member.tool, whole, self._config.preferences), member, writer
            )
            for member in group.members
        }
        if not all(earlier_sets.values()):
            self._funnel.drop("query_group", "preference_shows_in_too_few_groups")
            return None
        users = []
        for place in range(size):
            members = [group.members[order[(place + distance) % len(order)]] for distance in (0, *distances)]
            user = self._user(query, whole, members, writer, earlier_sets, rng)
            if user is None:
                self._funnel.drop("query_group", "not_identifiable")
                return None
            users.append(user)
        return users

    def _with_candidates_only(self, group: Group, state: _GroupState, rng: np.random.Generator) -> Group:
        """Return the group with the tools that become candidates; over many query groups, each tool equally often."""
        most = self._config.candidates.most_same_function
        if len(group.members) <= most:
            return group
        kept: list[GroupTool] = []
        while len(kept) < most:
            state.waiting = state.waiting or [
                group.members[int(index)] for index in rng.permutation(len(group.members))
            ]
            member = next((member for member in state.waiting if member not in kept), None)
            if member is None:
                state.waiting = []
                continue
            state.waiting.remove(member)
            kept.append(member)
        return replace(group, members=tuple(sorted(kept, key=lambda member: member.tool.name)))

    def _user(
        self,
        query: Query,
        whole: Group,
        members: Sequence[GroupTool],
        writer: HistoryWriter,
        earlier_sets: Mapping[str, Sequence[AttributeSet]],
        rng: np.random.Generator,
    ) -> User | None:
        """Draw a user who prefers `members[0]` now, and preferred the others before, `members[1]` (the rival) last."""
        answer, rival = members[0], members[1]
        current_sets = self._shown(
            distinguishing_sets(answer.tool, query.group, self._config.preferences), answer, writer
        )
        shape = writer.shape(rng)
        for _ in range(self._config.histories.attempts):
            current = PreferenceHolder(draw_profile(current_sets, rng), answer.tool)
            earlier = self._earlier_preferences(current, members[1:], earlier_sets, rng)
            histories = None if earlier is None else writer.write(current, earlier, shape, rng)
            if histories is None:
                continue
            if self._is_identifiable(query.group, whole, members, current.profile, histories):
                noisy = self._with_noise(query.group, answer, histories, rng)
                return User("", query, answer, rival, current.profile, noisy)
            self._funnel.drop("history_draw", "not_identifiable")
        return None

    def _shown(self, sets: Sequence[AttributeSet], member: GroupTool, writer: HistoryWriter) -> Sequence[AttributeSet]:
        """Return the sets of attributes that histories can show; all of them where there are many groups."""
        if len(self._pools) > SMALL:
            return sets
        return [attributes for attributes in sets if writer.can_show(attributes, member.tool)]

    def _earlier_preferences(
        self,
        current: PreferenceHolder,
        members: Sequence[GroupTool],
        earlier_sets: Mapping[str, Sequence[AttributeSet]],
        rng: np.random.Generator,
    ) -> list[PreferenceHolder] | None:
        """Draw the preferences before each change, oldest first, the one for `members[0]` last; None if impossible."""
        # An attribute that an earlier preference shares with the current one could not be inferred by contrast.
        attributes = current.profile.weights.keys()
        disjoint = [
            [attribute_set for attribute_set in earlier_sets[member.tool.name] if attributes.isdisjoint(attribute_set)]
            for member in members
        ]
        places = [place % len(disjoint) for place in range(self._config.histories.changes)]
        if not all(disjoint[place] for place in places):
            return None
        earlier = [PreferenceHolder(draw_profile(disjoint[place], rng), members[place].tool) for place in places[::-1]]
        if self._config.histories.reversal:
            earlier[-2] = current
        return earlier

    def _is_identifiable(
        self,
        group: Group,
        whole: Group,
        members: Sequence[GroupTool],
        profile: Profile,
        histories: Mapping[str, History],
    ) -> bool:
        """Return True if a reader can infer the answer `members[0]` and the rival `members[1]` from the histories."""
        # The checks are in ascending order of their cost.
        return (
            all(self._has_evidence(profile, history) for history in histories.values())
            and all(self._is_answerable(group, members[0], history) for history in histories.values())
            and self._shows_rival(whole, members[1], histories["chronological"])
        )

    def _scores(self, group: Group, calls: Sequence[Interaction], changes: int) -> list[float]:
        """Return the reader's score of each tool of a group, given some calls."""
        steps = [Step(call.tool.values, call.rating) for call in calls]
        return self._reader.scores(steps, [member.tool.values for member in group.members], changes=changes)

    def _is_answerable(self, group: Group, answer: GroupTool, history: History, lead: float = _MIN_LEAD) -> bool:
        changes = 0 if history.drift_step is None else self._config.histories.changes
        return _leads(group, answer, self._scores(group, history.interactions, changes), lead)

    def _shows_rival(self, whole: Group, rival: GroupTool, history: History) -> bool:
        """Return True if the reader would infer the rival from the calls before the last change."""
        calls = history.interactions[: history.drift_step]
        return _leads(whole, rival, self._scores(whole, calls, self._config.histories.changes - 1), _MIN_RIVAL_LEAD)

    def _has_evidence(self, profile: Profile, history: History) -> bool:
        """Return True if each attribute of a profile occurs often enough in a history's evidence."""
        return all(
            sum(history.interactions[index].tool.values.get(axis) == value for index in history.evidence)
            >= self._config.histories.evidence_per_axis
            for axis, value in profile.weights
        )

    def _with_noise(
        self, group: Group, answer: GroupTool, histories: Mapping[str, History], rng: np.random.Generator
    ) -> Mapping[str, History]:
        """Flip ratings, and record how often this would mislead the reader."""
        rated = histories["rating_integrated"]
        number = round(self._config.histories.flipped_ratings * len(rated.interactions) / 2)
        self.judged += 1
        if not number:
            return histories
        draws = [flip(rated, number, rng) for _ in range(_NOISE_DRAWS)]
        # Multiples of 1/16 add up exactly, so the sum does not depend on the order of partitions.
        self.loss += sum(not self._is_answerable(group, answer, draw, 0.0) for draw in draws) / len(draws)
        return {**histories, "rating_integrated": draws[0]}


def _leads(group: Group, wanted: GroupTool, scores: Sequence[float], lead: float) -> bool:
    """Return True if a tool's score exceeds those of all other tools of its group by at least `lead`."""
    best = scores[group.members.index(wanted)]
    return all(best >= score + lead for member, score in zip(group.members, scores, strict=True) if member != wanted)
