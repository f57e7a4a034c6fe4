"""Users with concerns, and the three histories of their choices.

A user has one to three concerns (work, a club, a move, ...), each with a preference of its own: a choice rule. The
query belongs to one of them. The steps of that concern refute every rule that would pick another candidate; the other
concerns pick other candidates, and so does the preference before a change. A user is kept only if the committee of
readers finds the answer from the steps of the query's concern.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.world.services import Job
from builder.world.trade_offs import balanced_subsets, winners

from .choice_rules import PREFERENCE_KINDS, RuleSet, features
from .committee import ObservedChoice, read_history
from .step_pool import CLEAR, OFFERED, StepPool, select_telling

_CANDIDATE_SIZES: Final = (4, 5, 6)
"""Numbers of candidates that do the job."""
_JOBS: Final = 9
"""Jobs of a concern."""
_MIN_JOBS: Final = 4
_OTHER_STEPS: Final = (6, 10)
"""Range of the number of steps of a concern that the query does not belong to, and of an earlier preference."""
_CERTAINTY: Final = 0.9
"""Minimum posterior probability of the answer for the Bayesian reader."""
_ATTEMPTS: Final = 12
_CONSIDERED: Final = 25
"""Jobs among which the next one of a concern is chosen."""


@dataclass(frozen=True, slots=True)
class HistoryDials:
    """Settings for the histories."""

    least_telling: int = 8
    """Minimum number of steps that each contradict a rule that fits all earlier ones."""
    refutations: int = 2
    """Steps that must contradict each rival rule."""
    most: int = 26
    """Maximum number of steps of the query's concern under its current preference."""
    off_profile: float = 0.05
    """Share of further steps that contradict the preference, 0 to 1; not in `preferred_only`."""


@dataclass(frozen=True, slots=True)
class ChoiceStep:
    """One step of a history."""

    step: int
    """Index of the step in the pool: its job and the offered tools."""
    choice: int
    """Position of the called tool among the offered ones."""
    concern: int
    """Index of the concern; 0 for that of the query."""
    rating: int | None = None
    """1 for liked, 0 for disliked, None without ratings."""
    is_current: bool = True
    """False for a step under the preference before a change."""
    is_off_profile: bool = False
    """True for a step that contradicts the preference: by the call, or in `rating_integrated` by the rating."""


@dataclass(frozen=True, slots=True)
class ChoiceQuery:
    """Final instruction of a user, with its candidates."""

    job: str
    candidates: tuple[int, ...]
    """Indexes of the services of the job that are candidates."""
    answer: int
    """Position of the wanted service among the candidates."""


@dataclass(frozen=True, slots=True)
class ChoiceUser:
    """A user and the three histories."""

    query: ChoiceQuery
    kind: str
    """Kind of the preference of the query's concern."""
    rules: tuple[int, ...]
    """Rule of each concern; the first is that of the query's concern."""
    earlier: int
    """Rule of the query's concern before the change, in `chronological`; that of the disliked calls in
    `rating_integrated`."""
    histories: Mapping[str, tuple[ChoiceStep, ...]]

    def change_of(self, history_type: str) -> int | None:
        """Return the index of the first step under the current preference, if there was another one before."""
        steps = self.histories[history_type]
        if all(step.is_current for step in steps):
            return None
        return next(index for index, step in enumerate(steps) if step.concern == 0 and step.is_current)


class ChoiceUserMaker:
    """Generator of the users of a split.

    Args:
        jobs: Jobs of the split.
        rules: The rules.
        dials: Settings for the histories.
        rng: Generator that samples the possible steps.
    """

    def __init__(self, jobs: Sequence[Job], rules: RuleSet, dials: HistoryDials, rng: np.random.Generator) -> None:
        self.jobs = {job.functionality.name: job for job in jobs}
        self.rules = rules
        self.dials = dials
        self.features = {
            name: np.array([features(service.facts) for service in job.services]) for name, job in self.jobs.items()
        }
        self.pool = StepPool(self.features, rules, rng)
        self.candidate_sets = {
            name: balanced_subsets(self.features[name], job.axes, _CANDIDATE_SIZES, rules)
            for name, job in self.jobs.items()
        }
        self.targets = [name for name, sets in self.candidate_sets.items() if sets]
        self._axes = {name: frozenset(job.axes) for name, job in self.jobs.items()}
        self._rule_axes = [rule.axes for rule in rules.rules]
        self._stating = [
            frozenset(name for name, stated in self._axes.items() if axes <= stated) for axes in self._rule_axes
        ]
        self.drops: Counter[str] = Counter()
        """Number of rejected draws by reason."""

    def user(self, kind: str, concerns: Sequence[frozenset[str]], rng: np.random.Generator) -> ChoiceUser | None:
        """Draw a user.

        Args:
            kind: Kind of the preference that the query's concern has.
            concerns: Names of the functionalities that each concern asks for, 1 to 3 concerns; the query belongs to the
                first.
            rng: Generator of all draws.

        Returns:
            A user, or None if no draw can be answered.
        """
        for _ in range(_ATTEMPTS):
            user = self._attempt(kind, concerns, rng)
            if user is not None:
                return user
        return None

    def _attempt(self, kind: str, concerns: Sequence[frozenset[str]], rng: np.random.Generator) -> ChoiceUser | None:
        targets = [name for name in self.targets if name in concerns[0]]
        if not targets:
            self.drops["no_target"] += 1
            return None
        job = targets[int(rng.integers(len(targets)))]
        sets = self.candidate_sets[job]
        candidates = sets[int(rng.integers(len(sets)))]
        tools = self.features[job][list(candidates)]
        best = winners(tools, self.rules)
        answer = int(rng.integers(len(candidates)))
        rule = self._rule(kind, job, best, answer, concerns[0], rng)
        others = [place for place in range(len(candidates)) if place != answer]
        rivals_of_users = [
            self._rule(
                PREFERENCE_KINDS[int(rng.integers(len(PREFERENCE_KINDS)))],
                job,
                best,
                others[int(rng.integers(len(others)))],
                concern,
                rng,
            )
            for concern in concerns
        ]
        if rule is None or None in rivals_of_users:
            self.drops["no_rule"] += 1
            return None
        earlier, *elsewhere = [other for other in rivals_of_users if other is not None]
        query = ChoiceQuery(job, candidates, answer)
        current = self._evidence(rule, query, tools, concerns[0], rng)
        disliked = None if current is None else self._disliked(rule, earlier, current, rng)
        before = self._of_rule(earlier, query, 0, concerns[0], rng, is_current=False)
        rest = [
            self._of_rule(other, query, index, concerns[index], rng) for index, other in enumerate(elsewhere, start=1)
        ]
        if current is None or disliked is None or before is None or None in rest:
            self.drops["too_few_steps"] += 1
            return None
        found = [steps for steps in rest if steps is not None]
        off = [
            step
            for of_rule, steps in zip((rule, *elsewhere), (current, *found), strict=True)
            for step in self._off_profile(of_rule, steps, rng)
        ]
        histories = self._histories(current, disliked, before, found, off, rng)
        if not all(self._is_found(query, tools, histories[name]) for name in ("rating_integrated", "chronological")):
            self.drops["exceptions_mislead"] += 1
            return None
        return ChoiceUser(query, kind, (rule, *elsewhere), earlier, histories)

    def _off_profile(self, rule: int, steps: Sequence[ChoiceStep], rng: np.random.Generator) -> list[ChoiceStep]:
        """Draw steps in the same jobs in which the user calls another of the offered tools than the rule picks."""
        off = []
        for item in steps:
            if rng.random() < self.dials.off_profile:
                same = self.pool.of_job[self.pool.steps[item.step].job]
                step = int(same[int(rng.integers(len(same)))])
                others = [place for place in range(OFFERED) if place != self.pool.best[step, rule]]
                choice = others[int(rng.integers(len(others)))]
                off.append(replace(item, step=step, choice=choice, is_off_profile=True))
        return off

    def _is_found(self, query: ChoiceQuery, tools: NDArray[np.float64], history: Sequence[ChoiceStep]) -> bool:
        """Check that the whole committee finds the answer from the current steps of the query's concern."""
        own = [
            ObservedChoice(self.pool.features[step.step], step.choice, step.rating != 0)
            for step in history
            if step.concern == 0 and step.is_current
        ]
        return set(read_history(own, tools, self.rules).picks()) == {query.answer}

    def _rule(
        self,
        kind: str,
        job: str,
        best: NDArray[np.intp],
        answer: int,
        concern: frozenset[str],
        rng: np.random.Generator,
    ) -> int | None:
        """Draw a rule of a kind that clearly picks a candidate, and whose axes enough jobs of the concern state."""
        usable = [
            index
            for index in self.rules.indexes([kind], self._axes[job])
            if best[index] == answer and len(self._stating[index] & concern) > _MIN_JOBS
        ]
        return usable[int(rng.integers(len(usable)))] if usable else None

    def _concern_jobs(
        self, rule: int, query: ChoiceQuery, concern: frozenset[str], rng: np.random.Generator
    ) -> list[str] | None:
        """Choose jobs of a concern that state the axes of a rule, and together many axes of the query's job."""
        free = [name for name in self.jobs if name != query.job and name in concern and name in self._stating[rule]]
        if len(free) < _MIN_JOBS:
            return None
        order = [free[int(place)] for place in rng.permutation(len(free))]
        covered: Counter[str] = Counter()
        chosen: list[str] = []
        while len(chosen) < _JOBS and order:
            shared = [
                sum(1 / (1 + covered[axis]) for axis in self._axes[name] & self._axes[query.job])
                for name in order[:_CONSIDERED]
            ]
            name = order.pop(int(np.argmax(shared)))
            chosen.append(name)
            covered.update(self._axes[name] & self._axes[query.job])
        return chosen

    def _evidence(
        self,
        rule: int,
        query: ChoiceQuery,
        tools: NDArray[np.float64],
        concern: frozenset[str],
        rng: np.random.Generator,
    ) -> list[ChoiceStep] | None:
        """Select the steps of the query's concern: they refute every rival, and the committee finds the answer."""
        jobs = self._concern_jobs(rule, query, concern, rng)
        if jobs is None:
            return None
        steps = self.pool.clear(rule, self.pool.of_jobs(jobs))
        choices = self.pool.best[steps, rule].astype(np.intp)
        picks = self.rules.choices(tools)
        stated = np.array([axes <= self._axes[query.job] for axes in self._rule_axes])
        rivals = stated & ~(picks[query.answer] & (picks.sum(axis=0) == 1))
        selected = select_telling(
            self.pool,
            steps,
            choices,
            rivals,
            least=self.dials.least_telling,
            refutations=self.dials.refutations,
            most=self.dials.most,
            rng=rng,
        )
        if selected is None:
            self.drops["rivals_not_refuted"] += 1
            return None
        history = [ObservedChoice(self.pool.features[steps[place]], int(choices[place])) for place in selected]
        verdicts = read_history(history, tools, self.rules)
        if set(verdicts.picks()) != {query.answer} or verdicts.bayes[query.answer] < _CERTAINTY:
            self.drops["committee_disagrees"] += 1
            return None
        return [ChoiceStep(int(steps[place]), int(choices[place]), 0) for place in selected]

    def _disliked(
        self, rule: int, earlier: int, current: Sequence[ChoiceStep], rng: np.random.Generator
    ) -> list[ChoiceStep] | None:
        """Draw disliked calls: picks of another rule in the same jobs, where the user clearly prefers another tool."""
        disliked = []
        for item in current:
            options = [
                step
                for step in self.pool.of_job[self.pool.steps[item.step].job]
                if self.pool.lead[step, rule] >= CLEAR and self.pool.best[step, earlier] != self.pool.best[step, rule]
            ]
            if options:
                step = options[int(rng.integers(len(options)))]
                disliked.append(ChoiceStep(step, int(self.pool.best[step, earlier]), 0, rating=0))
        return disliked if len(disliked) >= len(current) // 2 else None

    def _of_rule(
        self,
        rule: int,
        query: ChoiceQuery,
        index: int,
        concern: frozenset[str],
        rng: np.random.Generator,
        *,
        is_current: bool = True,
    ) -> list[ChoiceStep] | None:
        """Draw steps of another concern, or of an earlier preference."""
        jobs = self._concern_jobs(rule, query, concern, rng)
        if jobs is None:
            return None
        steps = self.pool.clear(rule, self.pool.of_jobs(jobs))
        number = int(rng.integers(_OTHER_STEPS[0], _OTHER_STEPS[1] + 1))
        chosen = [int(steps[place]) for place in rng.permutation(len(steps))[:number]]
        return [ChoiceStep(step, int(self.pool.best[step, rule]), index, is_current=is_current) for step in chosen]

    def _histories(
        self,
        current: Sequence[ChoiceStep],
        disliked: Sequence[ChoiceStep],
        before: Sequence[ChoiceStep],
        rest: Sequence[Sequence[ChoiceStep]],
        off: Sequence[ChoiceStep],
        rng: np.random.Generator,
    ) -> dict[str, tuple[ChoiceStep, ...]]:
        elsewhere = [step for steps in rest for step in steps]

        def shuffled(steps: Sequence[ChoiceStep]) -> list[ChoiceStep]:
            return [steps[int(place)] for place in rng.permutation(len(steps))]

        rated = [replace(step, rating=1) for step in (*current, *elsewhere, *off)] + list(disliked)
        ordered = [*shuffled(before), *shuffled([*current, *(step for step in off if step.concern == 0)])]
        others = shuffled([*elsewhere, *(step for step in off if step.concern != 0)])
        places = set(rng.permutation(len(ordered) + len(others))[: len(ordered)].tolist())
        own, other = iter(ordered), iter(others)
        return {
            "preferred_only": tuple(shuffled([*current, *elsewhere])),
            "rating_integrated": tuple(shuffled(rated)),
            "chronological": tuple(
                next(own) if place in places else next(other) for place in range(len(ordered) + len(others))
            ),
        }
