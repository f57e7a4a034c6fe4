"""Query groups of users who choose by facts: their lives in words, and the records that become instances.

A query group is one life with one instruction. Each of its users draws the wanted tool evenly and independently from
the candidates that do the job, so neither the most popular nor the rarest answer tells anything. A query group is given
up if any of its candidates, wanted or not, could not be the answer of a user: otherwise some tools would never be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Final

import numpy as np

from builder.config import BuildConfig
from builder.embedding import Encoder
from builder.execution.instruction_pool import InstructionPool
from builder.execution.partitions import Partition
from builder.funnel import Funnel
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.randomness import generator_for
from builder.records import GroupTool, History, Interaction, Profile, Query, Scenario, User, Wish
from builder.world.concerns import Concern, concerns, linked_mentions
from builder.world.service_catalogue import TODAY

from .candidates import CandidateMaker
from .choice_histories import ChoiceHistory, ChoiceUser, ChoiceUserMaker
from .choice_rules import PREFERENCE_KINDS, RuleSet, wanted
from .lives import Life

_MAX_FAILURES: Final = 40
"""Consecutive query groups that are given up, after which the split is considered exhausted."""
_MIN_WANTS: Final = 2
"""Minimum number of different answers in a query group."""
_DAYS_PER_STEP: Final = 4
"""Days of a history for each step, on average."""
_MAX_DAYS: Final = 1095
"""Maximum number of days of a history."""
_TRIES: Final = 20
"""Maximum number of texts that are tried for a step until one has not occurred yet."""
_FINAL_MENTIONS: Final = 4
"""The mention of the final instruction is one of the first ones but the very first, so that the history explains it."""
_MENTIONED: Final = 0.85
"""Share of the steps that show their concern, where another step of the same job has shown it."""
_MENTIONED_ALONE: Final = 0.6
"""The same share for users with a single concern."""


class ChoiceResources:
    """Resources that all users of a split share.

    Args:
        split: Name of the split.
        grouped: Tools, groups and jobs of the split.
        config: Config of the build.
        encoder: Encoder of sentences.
    """

    def __init__(self, split: str, grouped: GroupedCatalogue, config: BuildConfig, encoder: Encoder) -> None:
        self.groups = {group.functionality.name: group for group in grouped.groups}
        self.candidates = CandidateMaker(grouped.tools, grouped.look_alikes, config.candidates, encoder)
        self.pools: dict[str, list[Scenario]] = {}
        """Scenarios for histories, by job."""
        for name, group in self.groups.items():
            scenarios = grouped.write(group, generator_for(config.seed_of(split), "pool", group.key), False)
            self.pools[name] = list(islice(scenarios, config.scenarios_per_group))
        jobs = grouped.jobs_of(split)
        self.maker = ChoiceUserMaker(jobs, RuleSet(), config.choices, config.candidates.most_same_function)
        self.services = {
            job.functionality.name: [
                next(member for member in self.groups[job.functionality.name].members if member.tool.name == item.name)
                for item in job.services
            ]
            for job in jobs
        }
        """Tools of each job, in the order of its features."""
        self.concerns = concerns(split)
        self.silent = 0
        """Number of groups that have too few scenarios to occur in histories; none here."""


@dataclass(slots=True)
class _Words:
    """What is said in the history of one type: an instruction and a day for each step."""

    instructions: list[Scenario]
    days: list[str | None]


class ChoiceInstanceMaker:
    """Generator of the users of one partition.

    Args:
        partition: Partition of the split's users.
        resources: Resources of the split.
        pool: Final instructions reserved for the partition.
        config: Config of the build.
        funnel: Counts dropped query groups.
    """

    def __init__(
        self,
        partition: Partition,
        resources: ChoiceResources,
        pool: InstructionPool,
        config: BuildConfig,
        funnel: Funnel,
    ) -> None:
        self._partition = partition
        self._resources = resources
        self._config = config
        self._seed = config.seed_of(partition.split)
        self._funnel = funnel
        self._finals = {name: pool.of(resources.groups[name]) for name in resources.maker.targets}
        self._kinds: Counter[str] = Counter()
        self.loss = 0.0
        """Always 0: no rating misleads the committee, or the user is dropped."""
        self.judged = 0
        """Number of accepted users."""

    def users(self) -> Iterator[User]:
        """Yield users, one query group after another, until there are enough or the split is exhausted."""
        split, number = self._partition.split, self._partition.users
        rng = generator_for(self._seed, "order", split, *self._partition.own)
        targets = self._resources.maker.targets
        order: list[int] = []
        count = query = failures = 0
        while count < number and failures < _MAX_FAILURES:
            order = order or rng.permutation(len(targets)).tolist()
            job = targets[order.pop()]
            name = f"{split}-q{self._partition.first_query + query:05d}"
            left = number - count
            users = self._query_group(job, name, left, query)
            if users is None:
                failures += 1
                continue
            failures = 0
            query += 1
            for offset, user in enumerate(users):
                yield replace(user, user_id=f"{split}-u{self._partition.first + count + offset:06d}")
            count += len(users)

    def _query_group(self, job: str, name: str, left: int, place: int) -> list[User] | None:
        """Draw a query group of at most `left` users, the `place`-th; None if it has to be given up."""
        final = next(self._finals[job], None)
        if final is None:
            self._funnel.drop("query_group", "no_new_scenario")
            return None
        number, scenario = final
        rng = generator_for(self._seed, "query", job, number + 1)
        maker, dials = self._resources.maker, self._config.choices
        concerns_of_life = self._concerns_for(job, dials.concerns[place % len(dials.concerns)], rng)
        evidence = dials.evidence[place % len(dials.evidence)] if dials.evidence else None
        life = maker.life(job, concerns_of_life, rng, evidence)
        if life is None:
            self._funnel.drop("query_group", "concern_has_too_few_jobs")
            return None
        size = len(life.query.candidates)
        if not all(maker.can_be_wanted(life, answer, rng) for answer in range(size)):
            self._funnel.drop("query_group", "a_candidate_cannot_be_wanted")
            return None
        answers = _answers(size, left if left <= size + 1 else size, rng)
        found: list[ChoiceUser] = []
        for answer in (*answers, *(place for place in range(size) if place not in answers)):
            user = maker.user(life, answer, sorted(PREFERENCE_KINDS, key=lambda kind: self._kinds[kind]), rng)
            if user is None:
                self._funnel.drop("query_group", "not_identifiable")
                return None
            if len(found) < len(answers):
                found.append(user)
                self._kinds[user.kind] += 1
        self.judged += len(found)
        return self._in_words(life, found, name, scenario, rng)

    def _concerns_for(self, job: str, number: int, rng: np.random.Generator) -> list[Concern]:
        """Draw concerns in different spheres of life; the first one asks for the job."""
        known = self._resources.concerns
        fitting = [concern for concern in known if job in concern.functionalities]
        chosen = [fitting[int(rng.integers(len(fitting)))]]
        for place in rng.permutation(len(known)):
            if len(chosen) == number:
                break
            if all(known[int(place)].sphere != other.sphere for other in chosen):
                chosen.append(known[int(place)])
        return chosen

    def _in_words(
        self, life: Life, found: Sequence[ChoiceUser], name: str, scenario: Scenario, rng: np.random.Generator
    ) -> list[User]:
        """Return the users of a query group as records."""
        services = self._resources.services[life.query.job]
        members = [services[place] for place in life.query.candidates]
        whole = self._resources.groups[life.query.job]
        group = replace(whole, members=tuple(sorted(members, key=lambda member: member.tool.name)))
        mentions = [_Mentions(concern, self._partition.split, rng) for concern in life.concerns]
        asked = mentions[0].final(scenario)
        query = Query(name, group, asked, self._resources.candidates.draw(group, rng))
        words = {history_type: self._words(life, history_type, mentions, rng) for history_type in life.plans}
        return [self._user(life, user, query, members, words) for user in found]

    def _words(self, life: Life, history_type: str, mentions: Sequence[_Mentions], rng: np.random.Generator) -> _Words:
        """Write the instructions and days of a history. No two steps have the same instruction."""
        plan = life.plans[history_type]
        unused: dict[str, list[Scenario]] = {}
        for of_concern in mentions:
            of_concern.restart()
        instructions: list[Scenario] = []
        said: set[str] = set()
        mentioned = _MENTIONED if len(life.concerns) > 1 else _MENTIONED_ALONE
        shown: set[tuple[int, str]] = set()
        for step in plan:
            for _ in range(_TRIES):
                if not unused.get(step.job):
                    pool = self._resources.pools[step.job]
                    unused[step.job] = [pool[int(place)] for place in rng.permutation(len(pool))]
                scenario = unused[step.job].pop()
                if (step.concern, step.job) not in shown or rng.random() < mentioned:
                    scenario = mentions[step.concern].add(scenario)
                if scenario.instruction not in said:
                    break
            shown.add((step.concern, step.job))
            said.add(scenario.instruction)
            instructions.append(scenario)
        return _Words(instructions, _days(len(plan), rng) if history_type == "chronological" else [None] * len(plan))

    def _user(
        self,
        life: Life,
        user: ChoiceUser,
        query: Query,
        members: Sequence[GroupTool],
        words: Mapping[str, _Words],
    ) -> User:
        rules = self._resources.maker.rules.rules
        rule = rules[user.rules[0]]
        parts = tuple(dict(part) for part in wanted(rule))
        axes = tuple(dict.fromkeys(str(part["axis"]) for part in parts))
        histories = {
            name: self._history(history, words[name], user.change if name == "chronological" else None)
            for name, history in user.histories.items()
        }
        return User(
            "",
            query,
            members[user.answer],
            members[user.rival],
            Profile({}),
            histories,
            Wish(user.kind, axes, parts, len(life.concerns)),
        )

    def _history(self, history: ChoiceHistory, words: _Words, change: str | None) -> History:
        pool, services = self._resources.maker.pool, self._resources.services
        interactions = []
        for step, scenario, day in zip(history.steps, words.instructions, words.days, strict=True):
            possible = pool.steps[step.step]
            offered = [services[possible.job][place] for place in possible.tools]
            shown = sorted(offered, key=lambda member: member.tool.name)
            interactions.append(
                Interaction(
                    scenario,
                    offered[step.choice],
                    step.rating,
                    tuple(member.tool for member in shown),
                    day,
                    step.planned.concern,
                )
            )
        roles = [step.planned.role if step.planned.concern == 0 else None for step in history.steps]
        return History(
            tuple(interactions),
            history.evidence,
            _change_step(roles) if change else None,
            sum(step.planned.role == "off" for step in history.steps) / len(history.steps),
            history.telling,
            change,
            TODAY.isoformat() if change else None,
        )


class _Mentions:
    """Texts that let a concern show in the requests of a life, each linked to an earlier one."""

    def __init__(self, concern: Concern, split: str, rng: np.random.Generator) -> None:
        order = linked_mentions(concern, split, rng)
        self._final = order.pop(int(rng.integers(1, _FINAL_MENTIONS + 1)))
        self._order = order
        self._next = 0

    def restart(self) -> None:
        """Start again with the first text, for the next history."""
        self._next = 0

    def final(self, scenario: Scenario) -> Scenario:
        """Return the final instruction, in which the concern shows by a text of its own."""
        return _mentioned(scenario, self._final)

    def add(self, scenario: Scenario) -> Scenario:
        """Return a scenario of a history in whose instruction the concern shows by the next text."""
        mention = self._order[self._next % len(self._order)]
        self._next += 1
        return _mentioned(scenario, mention)


def _mentioned(scenario: Scenario, mention: str) -> Scenario:
    return replace(scenario, instruction=mention.format(request=_as_sentence(scenario)))


def _as_sentence(scenario: Scenario) -> str:
    """Return an instruction with a capital letter and an end, so that another sentence can follow it.

    A value at the beginning keeps its spelling.
    """
    request = scenario.instruction
    if not any(request.startswith(value.said) for value in scenario.values.values()):
        request = request[0].upper() + request[1:]
    return request if request[-1] in ".?!'\"" else f"{request}."


def _answers(size: int, number: int, rng: np.random.Generator) -> list[int]:
    """Draw the answers of a query group evenly and independently, until at least two differ."""
    while True:
        answers = [int(answer) for answer in rng.integers(size, size=number)]
        if len(set(answers)) >= min(_MIN_WANTS, number):
            return answers


def _days(steps: int, rng: np.random.Generator) -> list[str | None]:
    """Return the days of steps, ascending up to yesterday: a step in about four days, over three years at most."""
    span = min(_DAYS_PER_STEP * steps, _MAX_DAYS)
    before = np.sort(rng.integers(1, span + 1, size=steps))[::-1]
    return [(TODAY - timedelta(days=int(days))).isoformat() for days in before]


def _change_step(roles: Sequence[str | None]) -> int:
    """Return the first step of the current preference after one of the earlier preference.

    Args:
        roles: Role of each step of the query's concern; None for other concerns.
    """
    first = min(place for place, role in enumerate(roles) if role == "earlier")
    return next(place for place, role in enumerate(roles) if role == "current" and place > first)
