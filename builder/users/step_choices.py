"""Choices at the planned steps of a history: the offered tools, the one that the user calls, and the rating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .lives import PlannedStep
from .step_pool import CLEAR, StepPool


@dataclass(frozen=True, slots=True)
class ChoiceStep:
    """One step of a history."""

    step: int
    """Index of the step in the pool: its job and the offered tools."""
    choice: int
    """Position of the called tool among the offered ones."""
    planned: PlannedStep
    rating: int | None = None
    """1 for liked, 0 for disliked, None without ratings."""


class StepChooser:
    """Chooser of the steps of one history.

    No two steps of a job offer the same tools, if possible. Beyond the core, tools that the history shows already are
    preferred, which keeps prompts short.

    Args:
        pool: The possible steps.
        options: Possible steps of each job.
        rules: Rule of each concern.
        earlier: Rule of the query's concern before the change.
        core: Steps of the query's concern that must occur.
        rivals: Rules that would pick another answer; steps that contradict some of them are preferred.
        rng: Generator of all draws.
    """

    def __init__(
        self,
        pool: StepPool,
        options: Mapping[str, NDArray[np.intp]],
        rules: Sequence[int],
        earlier: int,
        core: Sequence[int],
        rivals: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> None:
        self._pool = pool
        self._options = options
        self._rules = rules
        self._earlier = earlier
        self._rivals = np.flatnonzero(rivals)
        self._rng = rng
        self._core: dict[str, list[int]] = {}
        for place in rng.permutation(len(core)):
            self._core.setdefault(pool.steps[core[int(place)]].job, []).append(core[int(place)])
        self._fresh: dict[str, NDArray[np.bool_]] = {}
        self._shown: dict[str, NDArray[np.bool_]] = {}
        self._telling: dict[str, NDArray[np.bool_]] = {}
        self._clear: dict[tuple[str, int], NDArray[np.bool_]] = {}
        for job, steps in options.items():
            own = self._core.get(job, [])
            self._fresh[job] = np.ones(len(steps), dtype=bool)
            self._fresh[job][np.searchsorted(steps, own)] = False  # the options of a job are ascending
            self._shown[job] = np.zeros(pool.most_tools, dtype=bool)
            self._shown[job][pool.tools[own].ravel()] = True

    def current(self, job: str, number: int) -> list[int]:
        """Return steps of the current preference of the query's concern, those of the core first.

        Args:
            job: Job of the steps.
            number: Number of steps.
        """
        core = self._core.get(job, [])[:number]
        return [*core, *(self._unused(job, self._contradicts_rivals(job)) for _ in range(number - len(core)))]

    def call(self, step: int, planned: PlannedStep, *, rated: bool) -> ChoiceStep:
        """Return a step at which the user follows the preference of the concern."""
        return ChoiceStep(step, self._pick(step, self._rules[planned.concern]), planned, 1 if rated else None)

    def choose(self, planned: PlannedStep, *, rated: bool) -> ChoiceStep:
        """Return a planned step with the tool that the user calls.

        Args:
            planned: The step.
            rated: True for a history with ratings.
        """
        rule = self._rules[planned.concern]
        if planned.role == "current":
            step = self._unused(planned.job, self._is_clear(planned.job, rule))
            return self.call(step, planned, rated=rated)
        if planned.role == "earlier":
            return self._choose_earlier(planned, rule, rated=rated)
        step = self._unused(planned.job, self._is_clear(planned.job, rule))
        if rated and self._rng.random() < 0.5:
            return ChoiceStep(step, self._pick(step, rule), planned, 0)
        return ChoiceStep(step, self._other(step, rule), planned, 1 if rated else None)

    def _choose_earlier(self, planned: PlannedStep, rule: int, *, rated: bool) -> ChoiceStep:
        """Return a step of the earlier preference, at which it picks another tool than the current one if possible."""
        steps = self._options[planned.job]
        differs = self._pool.ties[steps, self._pool.best[steps, self._earlier], rule] == 0
        step = self._unused(planned.job, self._is_clear(planned.job, self._earlier) & differs)
        choice = self._pick(step, self._earlier)
        acceptable = self._pool.ties[step, :, rule] > 0
        if rated and acceptable[choice] and not acceptable.all():
            choice = self._other(step, rule)  # nobody dislikes what they prefer
        return ChoiceStep(step, choice, planned, 0 if rated else None)

    def _contradicts_rivals(self, job: str) -> NDArray[np.bool_]:
        """Return at which steps the current preference has a clear choice that some rival cannot make."""
        if job not in self._telling:
            rule, steps = self._rules[0], self._options[job]
            called = self._pool.ties[steps, self._pool.best[steps, rule]]
            self._telling[job] = self._is_clear(job, rule) & (called[:, self._rivals] == 0).any(axis=1)
        return self._telling[job]

    def _is_clear(self, job: str, rule: int) -> NDArray[np.bool_]:
        """Return at which steps of a job a rule has a clear choice."""
        if (job, rule) not in self._clear:
            self._clear[job, rule] = self._pool.lead[self._options[job], rule] >= CLEAR
        return self._clear[job, rule]

    def _unused(self, job: str, wanted: NDArray[np.bool_]) -> int:
        """Draw a step of a job that has not occurred yet: a wanted one if there are any, with few new tools.

        Args:
            job: The job.
            wanted: Whether each possible step of the job is wanted.
        """
        options, fresh, shown = self._options[job], self._fresh[job], self._shown[job]
        places = np.flatnonzero(fresh) if fresh.any() else np.arange(len(options))
        best = places[wanted[places]]
        drawn = best if len(best) else places
        new = (~shown[self._pool.tools[options[drawn]]]).sum(axis=1)
        fewest = drawn[new == new.min()]
        place = int(fewest[int(self._rng.integers(len(fewest)))])
        fresh[place] = False
        step = int(options[place])
        shown[self._pool.tools[step]] = True
        return step

    def _pick(self, step: int, rule: int) -> int:
        """Draw one of the tools that a rule can choose; the best one if it leads clearly."""
        if self._pool.lead[step, rule] >= CLEAR:
            return int(self._pool.best[step, rule])
        equal = np.flatnonzero(self._pool.ties[step, :, rule])
        return int(equal[int(self._rng.integers(len(equal)))])

    def _other(self, step: int, rule: int) -> int:
        """Draw one of the tools that a rule does not choose, or any if it can choose all."""
        others = np.flatnonzero(self._pool.ties[step, :, rule] == 0)
        drawn = others if len(others) else np.arange(self._pool.offered)
        return int(drawn[int(self._rng.integers(len(drawn)))])
