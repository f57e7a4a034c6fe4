"""Possible history steps of a split: a job, and some of its tools that are offered together.

The choice of every rule at every step of a job is computed once, when the job is first used. Users are then made by
selecting steps, and a history that refutes all rival rules is found by counting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .choice_rules import TIE, RuleSet, two_highest

CLEAR: Final = 0.1
"""Minimum lead of the tool that a user calls over the other offered ones, in the score of the user's choice rule."""


@dataclass(frozen=True, slots=True)
class PossibleStep:
    """A job and the tools that are offered for it."""

    job: str
    tools: tuple[int, ...]
    """Indexes of the tools in the job's group."""


class StepPool:
    """All possible steps of a split, with the choices of all rules.

    Args:
        jobs: Features of the tools of each job, of shape (tools, columns), by job.
        rules: The rules.
        offered: Number of tools that are offered at a step, the called one included.
    """

    def __init__(self, jobs: Mapping[str, NDArray[np.float64]], rules: RuleSet, offered: int) -> None:
        self.offered = offered
        self._rules = rules
        self._prepared: set[str] = set()
        self.steps: list[PossibleStep] = []
        self.of_job: dict[str, NDArray[np.intp]] = {}
        """Indexes of the steps of each job."""
        for job, matrix in jobs.items():
            sets = combinations(range(len(matrix)), offered)
            first = len(self.steps)
            self.steps += [PossibleStep(job, chosen) for chosen in sets]
            self.of_job[job] = np.arange(first, len(self.steps))
        self.tools: NDArray[np.intp] = np.array([step.tools for step in self.steps], dtype=np.intp)
        """Indexes of the offered tools in the job's group, of shape (steps, offered)."""
        self.most_tools = max(len(matrix) for matrix in jobs.values())
        """Number of tools of the largest job."""
        self.features: NDArray[np.float64] = np.concatenate(
            [matrix[self.tools[self.of_job[job]]] for job, matrix in jobs.items()]
        )
        """Features of the offered tools, of shape (steps, offered, columns)."""
        size = (len(self.steps), len(rules.rules))
        self.ties: NDArray[np.uint8] = np.zeros((size[0], offered, size[1]), dtype=np.uint8)
        """Among how many tools each rule chooses evenly, 0 for a tool that it cannot choose; of shape (steps, offered,
        rules). Valid for the steps of prepared jobs, as the following ones."""
        self.best: NDArray[np.int8] = np.zeros(size, dtype=np.int8)
        """Tool that each rule chooses, of shape (steps, rules)."""
        self.lead: NDArray[np.float32] = np.zeros(size, dtype=np.float32)
        """Lead of that tool, of shape (steps, rules)."""

    def prepare(self, job: str) -> NDArray[np.intp]:
        """Compute the choices of all rules at the steps of a job, once; returns the indexes of these steps."""
        steps = self.of_job[job]
        if job not in self._prepared and len(steps):
            own = slice(int(steps[0]), int(steps[-1]) + 1)
            scores = self._rules.scores(self.features[own])
            first, second = two_highest(scores)
            possible = scores >= first[:, None, :] - TIE
            self.ties[own] = possible * possible.sum(axis=1, keepdims=True, dtype=np.uint8)
            self.best[own] = scores.argmax(axis=1)
            self.lead[own] = first - second
            self._prepared.add(job)
        return steps


def select_refuting(
    pool: StepPool,
    options: Mapping[str, NDArray[np.intp]],
    rule: int,
    rivals: NDArray[np.bool_],
    per_job: int,
    refutations: int,
) -> list[int] | None:
    """Select few steps at which a rule has a clear choice, so that together they refute all rival rules.

    Args:
        pool: The possible steps.
        options: Steps that may be selected, by job.
        rule: The rule that makes the choices.
        rivals: Rules other than the preference that pick a different tool, of shape (rules,).
        per_job: Maximum number of steps of a job.
        refutations: Number of steps that must contradict each rival.

    Returns:
        Indexes of the steps, or None if the options cannot refute all rivals.
    """
    clear = [of_job[pool.lead[of_job, rule] >= CLEAR] for of_job in options.values()]
    steps = np.concatenate(clear)
    jobs = np.concatenate([np.full(len(of_job), place) for place, of_job in enumerate(clear)])
    ties = pool.ties[steps, pool.best[steps, rule]]
    refuted = (np.take(ties, np.flatnonzero(rivals), axis=1) == 0).astype(np.float32)
    times = np.ones(len(steps), dtype=np.float32) @ refuted
    if (times < refutations).any():
        return None
    rare = 1 / (1 + times)  # a rival that few steps refute decides which of them are needed
    need = np.full(refuted.shape[1], refutations, dtype=np.float32)
    left = np.full(len(clear), per_job)
    free = np.ones(len(steps), dtype=bool)
    selected: list[int] = []
    while (need > 0).any():
        power = np.where(free & (left[jobs] > 0), refuted @ np.where(need > 0, rare, 0.0), 0.0)
        if not len(power) or power.max() <= 0:
            return None
        place = int(power.argmax())
        free[place] = False
        left[jobs[place]] -= 1
        selected.append(int(steps[place]))
        need = need - refuted[place]
    return selected


def telling_steps(
    pool: StepPool, steps: NDArray[np.intp], choices: NDArray[np.intp], rivals: NDArray[np.bool_], refutations: int
) -> NDArray[np.bool_]:
    """Return which calls of a history are telling: they contradict a rival which the earlier calls do not rule out.

    Args:
        pool: The possible steps.
        steps: Steps in order.
        choices: Position of the called tool at each step.
        rivals: Rules that pick a wrong tool for the instruction of the instance.
        refutations: Number of calls that must contradict a rival to rule it out.
    """
    refuted = np.take(pool.ties[steps, choices], np.flatnonzero(rivals), axis=1) == 0
    before: NDArray[np.int64] = np.cumsum(refuted, axis=0) - refuted
    telling: NDArray[np.bool_] = np.any(refuted & (before < refutations), axis=1)
    return telling
