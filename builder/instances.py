"""Stage 7: query groups and their users, and the rows made of them.

A query group is one instruction with its candidates; as many users as the group has tools ask it, and each of them
wants another tool. A user counts only if a reader can infer that tool from each of the three histories; histories are
redrawn until that is so, and a query group in which it cannot be had is given up and counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from hf_dataset.schema import AnswerRow, Instance, InteractionRow, MetaRow, ToolDoc

from .config import BuildConfig
from .errors import BuildError
from .funnel import Funnel
from .histories import HistoryWriter, least_pool
from .inference import Reader, Step, attributes_of
from .preferences import PreferredTools, distinguishing_sets, draw_profile
from .randomness import generator_for
from .records import Group, GroupTool, History, Profile, Query, Scenario, Tool, User
from .scenarios import arguments_of, write_scenarios

MIN_ANSWERS: Final = 3
"""Fewest users with different answers that make a query group."""
_CLEAR: Final = 0.5
"""Least lead, in nats, of the answer over the other same-function candidates in a reader's inference."""
_FUTILE: Final = 3
"""Query groups in a row without one kept, for each group, after which a split is said to be exhausted."""


def answerable_groups(groups: Sequence[Group], config: BuildConfig, funnel: Funnel) -> list[Group]:
    """Groups in which every tool can be somebody's preferred one.

    A tool that no preference can single out would never be the answer, and a reader could rule it out without the
    history; it leaves its group.
    """
    kept = []
    for group in groups:
        narrowed = group
        while len(narrowed.members) >= MIN_ANSWERS:
            members = tuple(
                member for member in narrowed.members if distinguishing_sets(member.tool, narrowed, config.preferences)
            )
            if len(members) == len(narrowed.members):
                break
            funnel.drop("ungrouped_tool", "not_told_apart_by_attributes", len(narrowed.members) - len(members))
            narrowed = replace(narrowed, members=members)
        if len(narrowed.members) >= MIN_ANSWERS:
            kept.append(narrowed)
        else:
            funnel.drop("group", "fewer_than_3_tools_told_apart")
            funnel.drop("ungrouped_tool", "group_too_small", len(narrowed.members))
    return kept


@dataclass(slots=True)
class _Sources:
    """Scenarios of one group."""

    final: Iterator[Scenario]
    taken: int = 0


class InstanceMaker:
    """Makes the users of one split.

    Args:
        split: The split.
        groups: Its groups.
        tools: All its tools; those outside a target group serve as distractors.
        similar: For a functionality, names of ungrouped tools that may well do its job: no distractors.
        config: The build's config.
        funnel: Counts query groups that were given up.
    """

    def __init__(
        self,
        split: str,
        groups: Sequence[Group],
        tools: Sequence[Tool],
        similar: Callable[[str], frozenset[str]],
        config: BuildConfig,
        funnel: Funnel,
    ) -> None:
        self._split = split
        self._groups = groups
        self._tools = sorted(tools, key=lambda tool: tool.name)
        self._similar = similar
        self._config = config
        self._seed = config.seed_of(split)
        self._funnel = funnel
        self._reader = Reader(attributes_of(tool) for tool in self._tools)
        self._finals: dict[str, _Sources] = {}
        self._pools: dict[str, list[Scenario]] = {}
        for group in groups:
            history = write_scenarios(group, generator_for(self._seed, "pool", group.key), final=False)
            self._pools[group.key] = [
                scenario for scenario, _ in zip(history, range(config.scenarios_per_group), strict=False)
            ]
            final = write_scenarios(group, generator_for(self._seed, "final", group.key), final=True)
            self._finals[group.key] = _Sources(final)
        talkative = [group for group in groups if len(self._pools[group.key]) >= least_pool(config.histories)]
        funnel.drop("group_in_histories", "too_few_scenarios", len(groups) - len(talkative))
        self._preferred = PreferredTools(talkative, config.preferences)

    def users(self, number: int) -> Iterator[User]:
        """Make users, query group by query group, until there are `number` or the split is exhausted."""
        made = query = fruitless = 0
        rng = generator_for(self._seed, "order", self._split)
        order: list[int] = []
        while number - made >= MIN_ANSWERS and fruitless < _FUTILE * len(self._groups):
            order = order or [int(index) for index in rng.permutation(len(self._groups))]
            group = self._groups[order.pop()]
            if not self._suitable(group, number - made):
                continue
            name = f"{self._split}-q{query:05d}"
            answers = self._answers(group, number - made)
            users = self._query_group(group, name, answers)
            if users is None:
                fruitless += 1
                continue
            fruitless = 0
            query += 1
            for offset, user in enumerate(users):
                user_id = f"{self._split}-u{made + offset:06d}"
                yield User(user_id, user.query, user.answer, user.profile, user.histories)
            made += len(users)

    def _suitable(self, group: Group, wanted: int) -> bool:
        """Whether a query group of this group can be made without leaving one or two users over.

        What is left of 4 or 5 users cannot be two query groups: it needs a group with as many tools, if there is one.
        """
        needed = wanted if wanted < 2 * MIN_ANSWERS else MIN_ANSWERS
        largest = max(len(other.members) for other in self._groups)
        return len(group.members) >= min(needed, largest)

    def _answers(self, group: Group, wanted: int) -> int:
        """How many users a query group gets: all its tools, less what the next query group needs to be one."""
        size = min(len(group.members), wanted)
        short = MIN_ANSWERS - (wanted - size)
        return size - short if 0 < short < MIN_ANSWERS and size - short >= MIN_ANSWERS else size

    def _query_group(self, group: Group, name: str, size: int) -> list[User] | None:
        source = self._finals[group.key]
        scenario = next(source.final, None)
        if scenario is None:
            self._funnel.drop("query_group", "no_new_scenario")
            return None
        source.taken += 1
        rng = generator_for(self._seed, "query", group.key, source.taken)
        query = Query(name, group, scenario, tuple(self._candidates(group, rng)))
        order = [int(index) for index in rng.permutation(len(group.members))]
        # The rival wants another tool of the group, at the same distance for all: each is the rival's equally often.
        distance = int(rng.integers(1, len(order)))
        writer = HistoryWriter(query, self._preferred, self._pools, self._config.histories)
        users = []
        for place in range(size):
            answer = group.members[order[place]]
            rival = group.members[order[(place + distance) % len(order)]]
            user = self._user(query, answer, rival, writer, rng)
            if user is None:
                self._funnel.drop("query_group", "not_identifiable")
                return None
            users.append(user)
        return users

    def _user(
        self,
        query: Query,
        answer: GroupTool,
        rival: GroupTool,
        writer: HistoryWriter,
        rng: np.random.Generator,
    ) -> User | None:
        own = distinguishing_sets(answer.tool, query.group, self._config.preferences)
        others = distinguishing_sets(rival.tool, query.group, self._config.preferences)
        for _ in range(self._config.histories.attempts):
            profile, old = draw_profile(own, rng), draw_profile(others, rng)
            histories = writer.write(profile, old, rng)
            if histories is None:
                continue
            if all(
                _shows(profile, history) and self._answerable(query, answer, history) for history in histories.values()
            ):
                return User("", query, answer, profile, histories)
            self._funnel.drop("history_draw", "not_identifiable")
        return None

    def _answerable(self, query: Query, answer: GroupTool, history: History) -> bool:
        steps = [Step(attributes_of(call.tool), call.rating) for call in history.interactions]
        members = query.group.members
        scores = self._reader.scores(
            steps, [attributes_of(member.tool) for member in members], ordered=history.drift_step is not None
        )
        best = scores[members.index(answer)]
        return all(best >= score + _CLEAR for member, score in zip(members, scores, strict=True) if member != answer)

    def _candidates(self, group: Group, rng: np.random.Generator) -> list[Tool]:
        """The group's tools and distractors, in random order."""
        own = [member.tool for member in group.members]
        barred = self._similar(group.functionality.name)
        others = [
            tool for tool in self._tools if tool.functionality != group.functionality.name and tool.name not in barred
        ]
        near = [tool for tool in others if tool.category == group.category]
        levels = [near, others] if self._config.candidates.distractors == "same_category" else [others]
        chosen = list(own)
        count = self._config.candidates.count
        for level in levels:
            free = [tool for tool in level if tool not in chosen]
            chosen += [free[int(index)] for index in rng.permutation(len(free))[: max(0, count - len(chosen))]]
        if len(chosen) != count:
            raise BuildError(
                f"{group.functionality.name!r} in {self._split!r} has {len(own)} tools of its own and "
                f"{len(others)} that can stand beside them; candidates.count asks for {count}. Change it."
            )
        return [chosen[int(index)] for index in rng.permutation(len(chosen))]


def _shows(profile: Profile, history: History) -> bool:
    """Whether each attribute of a profile occurs in a history's evidence."""
    return all(
        any(history.interactions[index].tool.value_on(axis) == value for index in history.evidence)
        for axis, value in profile.weights
    )


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
            InteractionRow(call.instruction, call.tool.name, to_json(call.arguments), call.rating)
            for call in history.interactions
        ]
        arguments = to_json(arguments_of(query.scenario, user.answer))
        docs = [self.doc(tool) for _, tool in used]
        candidates = [self.doc(tool) for tool in query.candidates]
        tokens = (
            self._count(query.scenario.instruction)
            + sum(self._cached(doc) for doc in [*docs, *candidates])
            + sum(self._count(f"{step.instruction} {step.name} {step.arguments}") for step in interactions)
        )
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
            meta=MetaRow(user.profile.axes, history.drift_step, 0.0, self._distractors, tokens),
        )

    def _cached(self, doc: ToolDoc) -> int:
        if doc.name not in self._tokens:
            self._tokens[doc.name] = self._count(f"{doc.name} {doc.provider} {doc.description} {doc.parameters}")
        return self._tokens[doc.name]


def to_json(value: Any) -> str:
    """JSON in one fixed spelling."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
