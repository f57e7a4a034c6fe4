"""Users who choose among tools by their facts, and the three histories of their choices.

A user has one to three concerns, each with a preference of its own: a choice rule. The query belongs to the first. The
steps of that concern refute every rule that would pick another candidate; the other concerns pick other candidates, and
so does the preference before a change. A user is kept only if the committee of readers finds the answer in each
history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.choice_config import ChoiceConfig
from builder.world.concerns import Concern
from builder.world.services import Job
from builder.world.trade_offs import balanced_subsets, winners

from .choice_rules import PREFERENCE_KINDS, RuleSet, features
from .committee import committee_agrees, tie_counts
from .lives import CHANGES, SEVERAL, ChoiceQuery, Life, PlannedStep, choose_jobs, draw_plans
from .query_targets import Target
from .step_choices import ChoiceStep, StepChooser
from .step_pool import StepPool, select_refuting, telling_steps

CANDIDATE_SIZES: Final = (4, 5, 6)
"""Numbers of candidates that do the job, in the built-in catalogue."""
_MIN_TOOLS: Final = 4
"""Tools that a job of a history needs, without those of the candidates' providers."""
_STATED_BY: Final = 2
"""Jobs of a concern that must state each axis of its preference."""
_ORDERS: Final = 6
"""Orders of the steps that are tried until enough of them are telling."""


@dataclass(frozen=True, slots=True)
class ChoiceHistory:
    """One of the three histories of a user."""

    steps: tuple[ChoiceStep, ...]
    telling: int
    """Number of telling steps."""
    evidence: tuple[int, ...]
    """Indexes of the telling steps whose offered tools state every wanted axis."""


@dataclass(frozen=True, slots=True)
class ChoiceUser:
    """A user of a query group."""

    answer: int
    """Position of the wanted service among the candidates."""
    rival: int
    """Position of the service that the earlier preference picks."""
    kind: str
    """Kind of the preference of the query's concern."""
    rules: tuple[int, ...]
    """Rule of each concern; the first is that of the query's concern."""
    earlier: int
    """Rule of the query's concern before the change, in `chronological`; that of the disliked calls in
    `rating_integrated`."""
    change: str
    """How the preference changes in `chronological`."""
    histories: Mapping[str, ChoiceHistory]


class ChoiceUserMaker:
    """Generator of the users of a split.

    Args:
        jobs: Jobs of the split.
        rules: The rules.
        dials: Settings of the histories.
        most_candidates: Maximum number of candidates that do the job.
        sizes: Numbers of candidates that do the job.
        every_kind: True if each candidate must be the clear choice of a preference of every kind, False if one is
            enough.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        rules: RuleSet,
        dials: ChoiceConfig,
        most_candidates: int,
        sizes: Sequence[int] = CANDIDATE_SIZES,
        *,
        every_kind: bool = True,
    ) -> None:
        self.jobs = {job.functionality.name: job for job in jobs}
        self.rules = rules
        self.dials = dials
        self.features = {
            name: np.array([features(service.facts) for service in job.services]) for name, job in self.jobs.items()
        }
        self.pool = StepPool(self.features, rules, dials.offered)
        sizes = [size for size in sizes if size <= most_candidates] or [most_candidates]
        self.candidate_sets = {
            name: balanced_subsets(self.features[name], job.axes, sizes, rules, every_kind=every_kind)
            for name, job in self.jobs.items()
        }
        self.targets = tuple(name for name, sets in self.candidate_sets.items() if sets)
        """Jobs of which a query can be."""
        self._axes = {name: frozenset(job.axes) for name, job in self.jobs.items()}
        self._rule_axes = [rule.axes for rule in rules.rules]
        self._stated = {}
        for name, axes in self._axes.items():
            indexes = np.array([index for index, of_rule in enumerate(self._rule_axes) if of_rule <= axes])
            self._stated[name] = (indexes, RuleSet([rules.rules[index] for index in indexes]))
        self._rules_of = {
            (kind, name): rules.indexes([kind], axes) for kind in PREFERENCE_KINDS for name, axes in self._axes.items()
        }
        self._providers = {name: [service.provider.name for service in job.services] for name, job in self.jobs.items()}
        self._last_target: tuple[ChoiceQuery, Target] | None = None
        self._cores_of: Life | None = None
        self._cores: dict[tuple[int, int], list[int] | None] = {}
        """Steps that refute the rivals, by answer and rule, in the life that was used last."""
        self.drops: Counter[str] = Counter()
        """Number of rejected draws by reason."""

    def life(
        self, job: str, concerns: Sequence[Concern], rng: np.random.Generator, evidence: int | None = None
    ) -> Life | None:
        """Draw what the users of a query group share.

        Args:
            job: Job of the query, one of `targets`.
            concerns: Concerns of the users; the query belongs to the first.
            rng: Generator of all draws.
            evidence: Exact number of telling steps; None for as many as the answer needs.

        Returns:
            A life, or None if a concern has too few jobs, or the jobs of the first state an axis of the query's job too
            seldom to show whether it matters.
        """
        sets = self.candidate_sets[job]
        query = ChoiceQuery(job, sets[int(rng.integers(len(sets)))])
        excluded = {self._providers[job][place] for place in query.candidates}
        options: dict[str, NDArray[np.intp]] = {}
        jobs = []
        for place, concern in enumerate(concerns):
            number = self.dials.other_jobs if place else self.dials.jobs
            available = {
                name: self._axes[name]
                for name in sorted(concern.requests)
                if name in self.jobs and name != job and name not in options and self._is_usable(name, excluded)
            }
            chosen = choose_jobs(available, self._axes[job], number, rng)
            if len(chosen) < number or not (place or self._states_all(chosen, self._axes[job])):
                return None
            jobs.append(tuple(chosen))
            options.update({name: self._options(name, excluded) for name in chosen})
        change = CHANGES[int(rng.integers(len(CHANGES)))] if self.dials.changes == 1 else SEVERAL
        plans = draw_plans(jobs, self.dials, change, evidence, rng)
        return Life(query, tuple(concerns), tuple(jobs), options, change, plans, evidence)

    def can_be_wanted(self, life: Life, answer: int, rng: np.random.Generator) -> bool:
        """Return True if the life's jobs can show a preference for a candidate; a quick check before `user`.

        Args:
            life: The life of the query group.
            answer: Position of the candidate.
            rng: Generator that draws preferences.
        """
        target = self._target(life.query)
        return any(
            self._core(life, target, answer, rule) is not None
            for kind in PREFERENCE_KINDS
            for rule in self._draw_rules(kind, life, target, answer, rng)
        )

    def narrowed(self, life: Life, wanted: Set[int], rng: np.random.Generator) -> Life | None:
        """Return a life with fewer candidates, all of them wanted ones; None if no set of candidates is left.

        Args:
            life: The life.
            wanted: Positions of the candidates that can be wanted.
            rng: Generator that draws the candidates.
        """
        left = {life.query.candidates[place] for place in wanted}
        sets = [chosen for chosen in self.candidate_sets[life.query.job] if left.issuperset(chosen)]
        if not sets:
            return None
        return replace(life, query=ChoiceQuery(life.query.job, sets[int(rng.integers(len(sets)))]))

    def user(self, life: Life, answer: int, kinds: Sequence[str], rng: np.random.Generator) -> ChoiceUser | None:
        """Draw a user with a given answer.

        Args:
            life: The life of the query group.
            answer: Position of the wanted service among the candidates.
            kinds: Kinds of preference, in the order in which they are tried.
            rng: Generator of all draws.

        Returns:
            A user, or None if no preference of these kinds gives a user whose answer can be found.
        """
        target = self._target(life.query)
        for kind in kinds:
            for rule in self._draw_rules(kind, life, target, answer, rng):
                user = self._with_rule(life, target, answer, kind, rule, rng)
                if user is not None:
                    return user
        return None

    def _draw_rules(
        self, kind: str, life: Life, target: Target, answer: int, rng: np.random.Generator
    ) -> Iterator[int]:
        """Draw some of the rules of a kind that pick a candidate."""
        rules = self._usable_rules(kind, target, answer, life.query.job, life.jobs[0])
        for place in rng.permutation(len(rules))[: self.dials.attempts]:
            yield rules[int(place)]

    def _core(self, life: Life, target: Target, answer: int, rule: int) -> list[int] | None:
        """Return steps of the query's concern at which a rule refutes all of its rivals; none if it need not."""
        if life.evidence is not None:
            return []
        if self._cores_of is not life:
            self._cores_of, self._cores = life, {}
        if (answer, rule) not in self._cores:
            self._cores[answer, rule] = self._selected(life, target, answer, rule)
        return self._cores[answer, rule]

    def _selected(self, life: Life, target: Target, answer: int, rule: int) -> list[int] | None:
        own = {job: life.options[job] for job in life.jobs[0]}
        refuted = target.rivals(answer)
        refuted[self.rules.without_requirement(rule)] = True  # so that the history shows that there is a requirement
        return select_refuting(self.pool, own, rule, refuted, self.dials.calls_per_job, self.dials.refutations)

    def _with_rule(
        self, life: Life, target: Target, answer: int, kind: str, rule: int, rng: np.random.Generator
    ) -> ChoiceUser | None:
        """Draw a user with a given rule for the query's concern."""
        rivals = target.rivals(answer)
        core = self._core(life, target, answer, rule)
        if core is None:
            self.drops["rivals_not_refuted"] += 1
            return None
        earlier, change = self._earlier(life, target, answer, rule, rng)
        others = [self._other_rule(life, target, answer, place, rng) for place in range(1, len(life.jobs))]
        if earlier is None or None in others:
            self.drops["no_rule"] += 1
            return None
        rules = (rule, *(other for other in others if other is not None))
        histories = {}
        for name, plan in life.plans.items():
            history = self._history(name, plan, life, rules, earlier, core, rivals, rng)
            found = history is not None and (life.evidence or self._is_found(target, answer, name, history))
            if history is None or not found:
                self.drops["few_telling_steps" if history is None else "committee_disagrees"] += 1
                return None
            histories[name] = history
        return ChoiceUser(answer, int(target.best[earlier]), kind, rules, earlier, change, histories)

    def _history(
        self,
        name: str,
        plan: Sequence[PlannedStep],
        life: Life,
        rules: Sequence[int],
        earlier: int,
        core: Sequence[int],
        rivals: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> ChoiceHistory | None:
        """Fill a plan with choices; None if too few of its steps are telling in each order that is tried."""
        rated = name == "rating_integrated"
        places: dict[str, list[int]] = {}
        for place, item in enumerate(plan):
            if item.concern == 0 and item.role == "current":
                places.setdefault(item.job, []).append(place)
        axes = self._rule_axes[rules[0]]
        chooser = StepChooser(self.pool, life.options, rules, earlier, core, rivals, rng)
        current = {job: chooser.current(job, len(of_job)) for job, of_job in places.items()}
        for _ in range(_ORDERS):
            chosen = {
                place: chooser.call(current[job][int(drawn)], plan[place], rated=rated)
                for job, of_job in places.items()
                for place, drawn in zip(of_job, rng.permutation(len(of_job)), strict=True)
            }
            order = sorted(chosen)
            is_telling = telling_steps(
                self.pool,
                np.array([chosen[place].step for place in order], dtype=np.intp),
                np.array([chosen[place].choice for place in order], dtype=np.intp),
                rivals,
                life.evidence or self.dials.refutations,
            )
            if is_telling.sum() >= (life.evidence or self.dials.telling):
                steps = [
                    chosen[place] if place in chosen else chooser.choose(item, rated=rated)
                    for place, item in enumerate(plan)
                ]
                telling = [place for place, tells in zip(order, is_telling, strict=True) if tells]
                stated = tuple(place for place in telling if axes <= self._axes[plan[place].job])
                return ChoiceHistory(tuple(steps), len(telling), stated) if stated else None
        return None

    def _is_found(self, target: Target, answer: int, name: str, history: ChoiceHistory) -> bool:
        """Check that the whole committee finds the answer from the steps of the query's concern, and any change."""
        own = [step for step in history.steps if step.planned.concern == 0]
        steps = np.array([step.step for step in own], dtype=np.intp)
        choice = np.array([step.choice for step in own], dtype=np.intp)
        liked = np.array([step.rating != 0 for step in own])
        return committee_agrees(
            self.pool.features[steps],
            choice,
            liked,
            target.tools,
            answer,
            self.pool.ties[steps, choice][:, target.stated],
            target.ties,
            target.stated_rules,
            changes=name == "chronological",
        )

    def _earlier(
        self, life: Life, target: Target, answer: int, rule: int, rng: np.random.Generator
    ) -> tuple[int | None, str]:
        """Draw the preference before the change, and return how it changes."""
        own = self._rule_axes[rule]
        if life.change == "one priority":
            shared = self._other_rule(life, target, answer, 0, rng, sharing=own)
            if shared is not None:
                return shared, life.change
        change = "sudden" if life.change == "one priority" else life.change
        return self._other_rule(life, target, answer, 0, rng), change

    def _other_rule(
        self,
        life: Life,
        target: Target,
        answer: int,
        concern: int,
        rng: np.random.Generator,
        sharing: frozenset[str] | None = None,
    ) -> int | None:
        """Draw a rule that picks another candidate than the answer, each candidate and kind equally often."""
        others = [place for place in range(len(target.tools)) if place != answer]
        for place in rng.permutation(len(others)):
            for kind in rng.permutation(len(PREFERENCE_KINDS)):
                usable = [
                    rule
                    for rule in self._usable_rules(
                        PREFERENCE_KINDS[int(kind)], target, others[int(place)], life.query.job, life.jobs[concern]
                    )
                    if sharing is None or (self._rule_axes[rule] & sharing and self._rule_axes[rule] != sharing)
                ]
                if usable:
                    return usable[int(rng.integers(len(usable)))]
        return None

    def _usable_rules(self, kind: str, target: Target, wanted: int, job: str, jobs: Sequence[str]) -> list[int]:
        """Return the rules of a kind that clearly pick a candidate, and whose axes enough jobs of a concern state."""
        least = min(_STATED_BY, len(jobs))
        return [
            index
            for index in self._rules_of[kind, job]
            if target.best[index] == wanted
            and all(sum(axis in self._axes[name] for name in jobs) >= least for axis in self._rule_axes[index])
        ]

    def _target(self, query: ChoiceQuery) -> Target:
        if self._last_target is None or self._last_target[0] != query:
            tools = self.features[query.job][list(query.candidates)]
            stated, rules = self._stated[query.job]
            best = winners(tools, self.rules)
            meets = self.rules.met(tools)[best, np.arange(len(best))]
            target = Target(tools, np.where(meets, best, -1), tie_counts(tools, rules), stated, rules)
            self._last_target = (query, target)
        return self._last_target[1]

    def _states_all(self, jobs: Sequence[str], axes: frozenset[str]) -> bool:
        """Return True if each axis is stated by enough of the jobs."""
        return all(sum(axis in self._axes[job] for job in jobs) >= _STATED_BY for axis in axes)

    def _is_usable(self, job: str, excluded: set[str]) -> bool:
        return sum(name not in excluded for name in self._providers[job]) >= _MIN_TOOLS

    def _options(self, job: str, excluded: set[str]) -> NDArray[np.intp]:
        """Return the possible steps of a job without some providers."""
        allowed = {place for place, name in enumerate(self._providers[job]) if name not in excluded}
        return np.array(
            [step for step in self.pool.prepare(job) if allowed.issuperset(self.pool.steps[int(step)].tools)],
            dtype=np.intp,
        )
