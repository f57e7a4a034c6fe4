"""Stage 7: query groups and their users, and the rows made of them.

A query group is one instruction with its candidates; as many users as the group has tools ask it, and each of them
wants another tool. A user counts only if a reader can infer that tool from each of the three histories; histories are
redrawn until that is so, and a query group in which it cannot be had is given up and counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

import numpy as np

from builder.config import MIN_SAME_FUNCTION, BuildConfig
from builder.embedding import Encoder
from builder.execution.instruction_pool import InstructionPool
from builder.execution.partitions import Partition
from builder.funnel import Funnel
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.randomness import generator_for
from builder.records import Group, GroupTool, History, Interaction, Profile, Query, Scenario, Tool, User
from hf_dataset.schema import AnswerRow, Instance, InteractionRow, MetaRow, ToolDoc

from .candidates import CandidateMaker
from .histories import HistoryWriter, PreferenceHolder, flip
from .preference_readers import PreferenceReader, Step
from .preferences import AttributeSet, PreferredTools, distinguishing_sets, draw_profile
from .scenarios import arguments_of

_CLEAR: Final = 0.5
"""Least lead, in nats, of the answer over the other same-function candidates in a reader's inference."""
_WAS_CLEAR: Final = 1e-6
"""The same lead for what was wanted before the last change."""
_FUTILE: Final = 3
"""Query groups in a row without one kept, for each group, after which a split is said to be exhausted."""
_NOISE_DRAWS: Final = 16
"""Draws of flipped ratings over which the oracle's expected loss is taken, for each user."""


class SplitResources:
    """What all users of a split are made from.

    Args:
        split: The split.
        grouped: Its tools and groups; tools outside a target group serve as distractors.
        config: The build's config.
        encoder: Makes sentence vectors.
    """

    def __init__(self, split: str, grouped: GroupedCatalogue, config: BuildConfig, encoder: Encoder) -> None:
        self.groups = grouped.groups
        self.candidates = CandidateMaker(grouped.tools, grouped.look_alikes, config.candidates, encoder)
        self.reader = PreferenceReader(tool.values for tool in sorted(grouped.tools, key=lambda tool: tool.name))
        self.pools: dict[str, list[Scenario]] = {}
        """Scenarios for histories, by group key."""
        for group in grouped.groups:
            history = grouped.write(group, generator_for(config.seed_of(split), "pool", group.key), False)
            self.pools[group.key] = list(islice(history, config.scenarios_per_group))
        least = config.histories.least_pool
        talkative = [group for group in grouped.groups if len(self.pools[group.key]) >= least]
        self.silent = len(grouped.groups) - len(talkative)
        """Groups with too few scenarios to stand in a history."""
        self.preferred = PreferredTools(talkative, config.preferences, encoder)


@dataclass(slots=True)
class _Sources:
    """What the query groups of one group draw from."""

    final: Iterator[tuple[int, Scenario]]
    aside: list[GroupTool] = field(default_factory=list)
    """Tools that the next query group takes first, since they stood aside."""


class InstanceMaker:
    """Makes the users of one partition.

    Args:
        partition: The partition.
        resources: What the users of its split are made from.
        pool: The partition's own final instructions.
        config: The build's config.
        funnel: Counts query groups that were given up.
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
        self._groups = resources.groups
        self._config = config
        self._seed = config.seed_of(partition.split)
        self._funnel = funnel
        self._candidates = resources.candidates
        self._reader = resources.reader
        self._pools = resources.pools
        self._preferred = resources.preferred
        self._finals = {group.key: _Sources(pool.of(group)) for group in resources.groups}
        self.loss = 0.0
        """Sum over the users judged of the chance that flipped ratings mislead the reader, 0 to 1 each."""
        self.judged = 0
        """Users made, with those of query groups that were given up."""

    def users(self) -> Iterator[User]:
        """Make users, query group by query group, until there are as many as are wanted or the split is exhausted."""
        split, number = self._partition.split, self._partition.users
        made = query = fruitless = 0
        rng = generator_for(self._seed, "order", split, *self._partition.own)
        order: list[int] = []
        while number - made >= MIN_SAME_FUNCTION and fruitless < _FUTILE * len(self._groups):
            order = order or [int(index) for index in rng.permutation(len(self._groups))]
            group = self._groups[order.pop()]
            if not self._suitable(group, number - made):
                continue
            name = f"{split}-q{self._partition.first_query + query:05d}"
            answers = self._answers(group, number - made)
            users = self._query_group(group, name, answers)
            if users is None:
                fruitless += 1
                continue
            fruitless = 0
            query += 1
            for offset, user in enumerate(users):
                user_id = f"{split}-u{self._partition.first + made + offset:06d}"
                yield replace(user, user_id=user_id)
            made += len(users)

    def _suitable(self, group: Group, wanted: int) -> bool:
        """Whether a query group of this group can be made without leaving one or two users over.

        What is left of 4 or 5 users cannot be two query groups: it needs a group with as many tools, if there is one.
        """
        needed = wanted if wanted < 2 * MIN_SAME_FUNCTION else MIN_SAME_FUNCTION
        largest = max(len(other.members) for other in self._groups)
        return len(group.members) >= min(needed, largest)

    def _answers(self, group: Group, wanted: int) -> int:
        """How many users a query group gets: all its tools, less what the next query group needs to be one."""
        size = min(len(group.members), wanted)
        short = MIN_SAME_FUNCTION - (wanted - size)
        return size - short if 0 < short < MIN_SAME_FUNCTION and size - short >= MIN_SAME_FUNCTION else size

    def _query_group(self, whole: Group, name: str, size: int) -> list[User] | None:
        source = self._finals[whole.key]
        final = next(source.final, None)
        if final is None:
            self._funnel.drop("query_group", "no_new_scenario")
            return None
        number, scenario = final
        rng = generator_for(self._seed, "query", whole.key, number + 1)
        group = self._able(whole, source, rng)
        query = Query(name, group, scenario, self._candidates.draw(group, rng))
        order = [int(index) for index in rng.permutation(len(group.members))]
        # The rival wants another tool of the group, at the same distance for all: each is the rival's equally often.
        distances = [int(index) + 1 for index in rng.permutation(len(order) - 1)]
        writer = HistoryWriter(
            query, self._preferred, self._pools, self._config.histories, self._config.candidates, rng
        )
        # What was wanted before is told apart in the whole group, so that no tool that stands aside is meant.
        apart = {
            member.tool.name: distinguishing_sets(member.tool, whole, self._config.preferences)
            for member in group.members
        }
        users = []
        for place in range(size):
            members = [group.members[order[(place + distance) % len(order)]] for distance in (0, *distances)]
            user = self._user(query, whole, members, writer, apart, rng)
            if user is None:
                self._funnel.drop("query_group", "not_identifiable")
                return None
            users.append(user)
        return users

    def _able(self, group: Group, source: _Sources, rng: np.random.Generator) -> Group:
        """The tools of a group that become candidates; over the query groups each as often as another."""
        most = self._config.candidates.most_same_function
        if len(group.members) <= most:
            return group
        kept: list[GroupTool] = []
        while len(kept) < most:
            source.aside = source.aside or [group.members[int(index)] for index in rng.permutation(len(group.members))]
            turn = next((member for member in source.aside if member not in kept), None)
            if turn is None:
                source.aside = []
                continue
            source.aside.remove(turn)
            kept.append(turn)
        return replace(group, members=tuple(sorted(kept, key=lambda member: member.tool.name)))

    def _user(
        self,
        query: Query,
        whole: Group,
        members: Sequence[GroupTool],
        writer: HistoryWriter,
        told_apart: Mapping[str, Sequence[AttributeSet]],
        rng: np.random.Generator,
    ) -> User | None:
        """A user who wants the first of some members, and wanted the others before, the second of them last."""
        answer, rival = members[0], members[1]
        histories = self._config.histories
        own = distinguishing_sets(answer.tool, query.group, self._config.preferences)
        others = [told_apart[member.tool.name] for member in members[1:]]
        shape = writer.shape(rng)
        for _ in range(histories.attempts):
            holder = PreferenceHolder(draw_profile(own, rng), answer.tool)
            # What was wanted before shares no attribute with what is wanted now: else contrast would hide it.
            apart = [[each for each in sets if holder.profile.weights.keys().isdisjoint(each)] for sets in others]
            places = [place % len(apart) for place in range(histories.changes)]
            if not all(apart[place] for place in places):
                continue
            earlier = [
                PreferenceHolder(draw_profile(apart[place], rng), members[1 + place].tool) for place in reversed(places)
            ]
            if histories.reversal:
                earlier[-2] = holder
            found = writer.write(holder, earlier, shape, rng)
            if found is None:
                continue
            # What takes least time to find out comes first.
            if (
                all(self._shows(holder.profile, history) for history in found.values())
                and all(self._answerable(query.group, answer, history) for history in found.values())
                and self._was_wanted(whole, rival, found["chronological"])
            ):
                noisy = self._with_noise(query.group, answer, found, rng)
                return User("", query, answer, rival, holder.profile, noisy)
            self._funnel.drop("history_draw", "not_identifiable")
        return None

    def _scores(self, group: Group, calls: Sequence[Interaction], changes: int) -> list[float]:
        """How much a reader of some calls is for each tool of a group."""
        steps = [Step(call.tool.values, call.rating) for call in calls]
        return self._reader.scores(steps, [member.tool.values for member in group.members], changes=changes)

    def _answerable(self, group: Group, answer: GroupTool, history: History, lead: float = _CLEAR) -> bool:
        changes = 0 if history.drift_step is None else self._config.histories.changes
        return _leads(group, answer, self._scores(group, history.interactions, changes), lead)

    def _was_wanted(self, whole: Group, rival: GroupTool, history: History) -> bool:
        """Whether the reader, before the last change, would have picked the rival."""
        calls = history.interactions[: history.drift_step]
        return _leads(whole, rival, self._scores(whole, calls, self._config.histories.changes - 1), _WAS_CLEAR)

    def _shows(self, profile: Profile, history: History) -> bool:
        """Whether each attribute of a profile occurs often enough in a history's evidence."""
        return all(
            sum(history.interactions[index].tool.values.get(axis) == value for index in history.evidence)
            >= self._config.histories.evidence_per_axis
            for axis, value in profile.weights
        )

    def _with_noise(
        self, group: Group, answer: GroupTool, histories: Mapping[str, History], rng: np.random.Generator
    ) -> Mapping[str, History]:
        """Flip ratings, and note how often that would mislead the reader."""
        rated = histories["rating_integrated"]
        number = round(self._config.histories.flipped_ratings * len(rated.interactions) / 2)
        self.judged += 1
        if not number:
            return histories
        draws = [flip(rated, number, rng) for _ in range(_NOISE_DRAWS)]
        # Sixteenths: their sum is exact, so that it is the same in whatever order partitions are added up.
        self.loss += sum(not self._answerable(group, answer, draw, 0.0) for draw in draws) / len(draws)
        return {**histories, "rating_integrated": draws[0]}


def _leads(group: Group, wanted: GroupTool, scores: Sequence[float], lead: float) -> bool:
    """Whether a tool is ahead of all others of its group."""
    best = scores[group.members.index(wanted)]
    return all(best >= score + lead for member, score in zip(group.members, scores, strict=True) if member != wanted)


class RowMaker:
    """Turns users into rows, with the tokens of each row counted.

    Args:
        count_tokens: Number of tokens of a text.
        distractors: The level that `meta` states.
    """

    def __init__(self, count_tokens: Callable[[str], int], distractors: str) -> None:
        self._count = count_tokens
        self._distractors = distractors
        self._docs: dict[str, ToolDoc] = {}
        self._tokens: dict[str, int] = {}

    def doc(self, tool: Tool) -> ToolDoc:
        """A tool as a model is shown it."""
        if tool.name not in self._docs:
            self._docs[tool.name] = ToolDoc(tool.name, tool.provider, tool.description, to_json(tool.parameters))
        return self._docs[tool.name]

    def row(self, user: User, history_type: str, instance_id: str) -> Instance:
        """The row of a user in the config of a history type."""
        history, query = user.histories[history_type], user.query
        used = sorted({call.tool.name: call.tool for call in history.interactions}.items())
        interactions = [
            InteractionRow(
                call.instruction, call.tool.name, to_json(arguments_of(call.scenario, call.member)), call.rating
            )
            for call in history.interactions
        ]
        arguments = to_json(arguments_of(query.scenario, user.answer))
        docs = [self.doc(tool) for _, tool in used]
        candidates = [self.doc(tool) for tool in query.candidates]
        shown = [f"{doc.name} {doc.provider} {doc.description} {doc.parameters}" for doc in [*docs, *candidates]]
        shown += [f"{step.instruction} {step.name} {step.arguments}" for step in interactions]
        tokens = self._count(query.scenario.instruction) + sum(map(self._cached, shown))
        same_function = sorted(member.tool.name for member in query.group.members)
        return Instance(
            instance_id=instance_id,
            user_id=user.user_id,
            query_group=query.name,
            category=query.group.category,
            functionality=query.group.functionality.name,
            instruction=query.scenario.instruction,
            history=interactions,
            history_tools=docs,
            candidates=candidates,
            answer=AnswerRow(user.answer.tool.name, arguments),
            evidence=list(history.evidence),
            meta=MetaRow(
                user.profile.axes, history.drift_step, history.noise, self._distractors, tokens, same_function
            ),
        )

    def _cached(self, text: str) -> int:
        """Tokens of a text that comes again: documentation, or a call that several histories hold."""
        if text not in self._tokens:
            self._tokens[text] = self._count(text)
        return self._tokens[text]


def to_json(value: Any) -> str:
    """JSON in one fixed spelling."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
