"""Query groups of users who choose by facts: their lives in words, and the records that become instances.

A query group is one life with one instruction. Each of its users draws the wanted tool evenly and independently from
the candidates that do the job, so neither the most popular nor the rarest answer tells anything. A query group is given
up if any of its candidates, wanted or not, could not be the answer of a user: otherwise some tools would never be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from builder.config import BuildConfig
from builder.embedding import Encoder
from builder.execution.partitions import Partition
from builder.funnel import Funnel
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.randomness import generator_for
from builder.records import History, Interaction, Profile, Query, Scenario, User, Wish
from builder.world.optional_parameters import OptionalParameter
from builder.world.service_catalogue import TODAY

from .candidates import CandidateMaker
from .choice_histories import ChoiceHistory, ChoiceUser, ChoiceUserMaker
from .choice_rules import PREFERENCE_KINDS, RuleSet, rules_on, wanted
from .life_concerns import concerns_of_lives, shared_countries
from .lives import Life
from .requests import RequestJob, Voice
from .values.asked_values import draw_asked, situation_at
from .values.context import Situation, ValueSource
from .values.places import draw_home
from .wording import MIN_SHOWN, Habit

_MAX_FAILURES: Final = 200
"""Consecutive query groups that are given up, after which the split is considered exhausted."""
_MIN_WANTS: Final = 2
"""Minimum number of different answers in a query group."""
_DAYS_PER_STEP: Final = 4
"""Days of a history for each step, on average."""
_MAX_DAYS: Final = 1095
"""Maximum number of days of a history."""
_STEPS_PER_BURST: Final = 3
"""Steps of a history for each burst of requests."""
_DAYS_OF_BURST: Final = 4
"""Days over which a burst extends."""
_FRIDAY: Final = 4
_WEEKDAYS: Final = 0.7
"""Share of the requests of a weekend that are made on the Friday before."""
_TRIES: Final = 20
"""Maximum number of requests that are drawn for a step until one has not occurred yet."""


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
        self.requests = {name: RequestJob(group) for name, group in self.groups.items()}
        jobs = grouped.jobs_of(split)
        self.maker = ChoiceUserMaker(
            jobs,
            RuleSet(rules_on([frozenset(job.axes) for job in jobs])),
            config.choices,
            config.candidates.most_same_function,
            grouped.candidate_sizes,
            every_kind=grouped.every_kind,
        )
        self.services = {
            job.functionality.name: [
                next(member for member in self.groups[job.functionality.name].members if member.tool.name == item.name)
                for item in job.services
            ]
            for job in jobs
        }
        """Tools of each job, in the order of its features."""
        self.concerns = grouped.concerns[split]
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
        config: Config of the build.
        funnel: Counts dropped query groups.
    """

    def __init__(
        self,
        partition: Partition,
        resources: ChoiceResources,
        config: BuildConfig,
        funnel: Funnel,
    ) -> None:
        self._partition = partition
        self._resources = resources
        self._config = config
        self._seed = config.seed_of(partition.split)
        self._funnel = funnel
        self._asked: set[str] = set()
        self._kinds: Counter[str] = Counter()
        self.loss = 0.0
        """Always 0: no rating misleads the committee, or the user is dropped."""
        self.judged = 0
        """Number of accepted users."""

    def users(self) -> Iterator[User]:
        """Yield users, one query group after another, until there are enough or the split is exhausted."""
        split, number = self._partition.split, self._partition.users
        rng = generator_for(self._seed, "order", split, *self._partition.own)
        asked = {job for concern in self._resources.concerns for job in concern.requests}
        targets = [job for job in self._resources.maker.targets if job in asked]
        order: list[int] = []
        count = query = failures = attempt = 0
        while count < number and failures < _MAX_FAILURES:
            order = order or rng.permutation(len(targets)).tolist()
            job = targets[order.pop()]
            name = f"{split}-q{self._partition.first_query + query:05d}"
            left = number - count
            attempt += 1
            users = self._query_group(job, name, left, query, generator_for(self._seed, "query", name, attempt))
            if users is None:
                failures += 1
                continue
            failures = 0
            query += 1
            for offset, user in enumerate(users):
                yield replace(user, user_id=f"{split}-u{self._partition.first + count + offset:06d}")
            count += len(users)

    def _query_group(self, job: str, name: str, left: int, place: int, rng: np.random.Generator) -> list[User] | None:
        """Draw a query group of at most `left` users, the `place`-th; None if it has to be given up."""
        maker, dials = self._resources.maker, self._config.choices
        evidence = dials.evidence[place % len(dials.evidence)] if dials.evidence else None
        lives = (
            maker.life(job, concerns_of_life, rng, evidence)
            for concerns_of_life in concerns_of_lives(
                self._resources.concerns, job, dials.concerns[place % len(dials.concerns)], rng
            )
        )
        life = next((life for life in lives if life is not None), None)
        if life is None:
            self._funnel.drop("query_group", "concern_has_too_few_jobs")
            return None
        taken: set[str] = set()
        voices = [Voice(concern, taken, rng) for concern in life.concerns]
        home = situation_at(draw_home(rng, shared_countries(life.concerns)), TODAY, self._config.arguments, rng)
        habit = self._habit(life, home, rng)
        asked = voices[0].final(self._resources.requests[job], home, self._partition, rng, habit)
        if asked is None or asked[0].instruction in self._asked:
            self._funnel.drop("query_group", "no_new_scenario")
            return None
        size = len(life.query.candidates)
        can_be = {answer for answer in range(size) if maker.can_be_wanted(life, answer, rng)}
        if len(can_be) < size:
            life = maker.narrowed(life, can_be, rng)
        if life is None:
            self._funnel.drop("query_group", "a_candidate_cannot_be_wanted")
            return None
        size = len(life.query.candidates)
        answers = _answers(size, left if left <= size + 1 else size, rng)
        found: list[ChoiceUser] = []
        for answer in (*answers, *(place for place in range(size) if place not in answers)):
            user = maker.user(life, answer, sorted(PREFERENCE_KINDS, key=lambda kind: self._kinds[kind]), rng)
            if user is None:
                self._funnel.drop("query_group", "not_identifiable")
                return None
            # A few telling steps are often the same for two users; then the answer is uncertain, as it should be.
            if not dials.evidence and any(self._are_alike(user, other) for other in found):
                self._funnel.drop("query_group", "two_users_alike")
                return None
            if len(found) < len(answers):
                found.append(user)
                self._kinds[user.kind] += 1
        self.judged += len(found)
        query = self._query(life, name, asked[0], rng)
        words = {
            history_type: self._words(life, history_type, voices, asked[1], home, habit, rng)
            for history_type in life.plans
        }
        if None in words.values():
            self._funnel.drop("query_group", "no_new_scenario")
            return None
        self._asked.add(asked[0].instruction)
        said = {history_type: of_type for history_type, of_type in words.items() if of_type is not None}
        return [self._user(life, user, query, said) for user in found]

    def _are_alike(self, user: ChoiceUser, other: ChoiceUser) -> bool:
        """Return True if the two users call the same tools in the histories of one type."""
        pool = self._resources.maker.pool.steps
        return any(
            all(
                pool[one.step].tools[one.choice] == pool[another.step].tools[another.choice]
                for one, another in zip(history.steps, other.histories[name].steps, strict=True)
            )
            for name, history in user.histories.items()
        )

    def _habit(self, life: Life, home: Situation, rng: np.random.Generator) -> Habit | None:
        """Draw what the person always asks for, if the final instruction refers to it; None if it does not.

        Each history shows it several times, and no other request of the life could be thought to be meant.
        """
        if rng.random() >= self._config.arguments.implicit:
            return None
        requests = self._resources.requests
        concepts = {slot.concept for plan in life.plans.values() for step in plan for slot in requests[step.job].slots}
        possible = [
            item
            for item in requests[life.query.job].parameters
            if item.usual and not item.confused & concepts and _shown(item, life, requests) >= MIN_SHOWN
        ]
        if not possible:
            return None
        item = possible[int(rng.integers(len(possible)))]
        return Habit(item, draw_asked(item, ValueSource(rng, situation=home)))

    def _query(self, life: Life, name: str, asked: Scenario, rng: np.random.Generator) -> Query:
        """Return the query of a life, with candidates of other jobs drawn."""
        services = self._resources.services[life.query.job]
        members = [services[place] for place in life.query.candidates]
        whole = self._resources.groups[life.query.job]
        group = replace(whole, members=tuple(sorted(members, key=lambda member: member.tool.name)))
        return Query(name, group, asked, self._resources.candidates.draw(group, rng))

    def _words(
        self,
        life: Life,
        history_type: str,
        voices: Sequence[Voice],
        wanted: frozenset[str],
        home: Situation,
        habit: Habit | None,
        rng: np.random.Generator,
    ) -> _Words | None:
        """Write the requests of a history, no two of them the same; None if a step finds none.

        Args:
            life: The life.
            history_type: Type of the history.
            voices: Concerns of the life.
            wanted: Keys of names in the final instruction; one of them occurs in the history first.
            home: Home of the person, and the day of the final instruction.
            habit: What the person always asks for in connection with the first concern, and with no other one.
            rng: Generator of all draws.
        """
        plan = life.plans[history_type]
        days = _days(len(plan), rng)
        for voice in voices:
            voice.restart()
        instructions: list[Scenario] = []
        said: set[str] = set()
        for step, day in zip(plan, days, strict=True):
            situation = replace(home, day=day) if history_type == "chronological" else replace(home, relative=False)
            job, names = self._resources.requests[step.job], wanted if step.concern == 0 else frozenset()
            silent = step.concern != 0
            drawn = (
                voices[step.concern].request(job, situation, names, rng, habit, silent=silent) for _ in range(_TRIES)
            )
            request = next((item for item in drawn if item is not None and item.instruction not in said), None)
            if request is None:
                return None
            said.add(request.instruction)
            instructions.append(request)
        dates = [day.isoformat() if history_type == "chronological" else None for day in days]
        return _Words(instructions, dates)

    def _user(
        self,
        life: Life,
        user: ChoiceUser,
        query: Query,
        words: Mapping[str, _Words],
    ) -> User:
        services = self._resources.services[life.query.job]
        members = [services[place] for place in life.query.candidates]
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
            shown = sorted(offered, key=lambda member: member.tool.name) if self._config.choices.shown else []
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
            TODAY.isoformat(),
        )


def _shown(item: OptionalParameter, life: Life, requests: Mapping[str, RequestJob]) -> int:
    """Return in how many steps of the query's concern a parameter can be asked for, in the history with the fewest."""
    return min(
        sum(step.concern == 0 and item in requests[step.job].parameters for step in plan)
        for plan in life.plans.values()
    )


def _answers(size: int, number: int, rng: np.random.Generator) -> list[int]:
    """Draw the answers of a query group evenly and independently, until at least two differ."""
    while True:
        answers = [int(answer) for answer in rng.integers(size, size=number)]
        if len(set(answers)) >= min(_MIN_WANTS, number):
            return answers


def _days(steps: int, rng: np.random.Generator) -> list[date]:
    """Return the days of steps, ascending up to yesterday, in bursts and seldom at weekends.

    There is a step in about four days, over three years at most.
    """
    span = min(_DAYS_PER_STEP * steps, _MAX_DAYS)
    bursts = rng.integers(1, span + 1, size=max(steps // _STEPS_PER_BURST, 1))
    before = bursts[rng.integers(len(bursts), size=steps)] + rng.integers(0, _DAYS_OF_BURST, size=steps)
    days = [TODAY - timedelta(days=int(days)) for days in before]
    return sorted(
        day - timedelta(days=day.weekday() - _FRIDAY) if day.weekday() > _FRIDAY and rng.random() < _WEEKDAYS else day
        for day in days
    )


def _change_step(roles: Sequence[str | None]) -> int:
    """Return the first step of the current preference after one of the earlier preference.

    Args:
        roles: Role of each step of the query's concern; None for other concerns.
    """
    first = min(place for place, role in enumerate(roles) if role == "earlier")
    return next(place for place, role in enumerate(roles) if role == "current" and place > first)
