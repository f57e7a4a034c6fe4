"""Possible history steps of a split: a job, and three of its tools that are offered together.

The choice of every rule at every step is computed once. Users are then made by selecting steps, and a history that
refutes all rival rules is found by counting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .choice_rules import RuleSet

OFFERED: Final = 3
"""Tools that are offered at a step, the called one included."""
_MAX_SETS: Final = 30
"""Maximum number of sets of offered tools of a job."""
CLEAR: Final = 0.1
"""Minimum lead in goodness of the tool that a user calls over the others that are offered."""


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
        rng: Generator that samples the sets of offered tools.
    """

    def __init__(self, jobs: Mapping[str, NDArray[np.float64]], rules: RuleSet, rng: np.random.Generator) -> None:
        self.rules = rules
        self.jobs = jobs
        self.steps: list[PossibleStep] = []
        tools: list[NDArray[np.float64]] = []
        for job, matrix in jobs.items():
            sets = list(combinations(range(len(matrix)), OFFERED))
            for place in rng.permutation(len(sets))[:_MAX_SETS]:
                chosen = tuple(int(tool) for tool in rng.permutation(sets[int(place)]))
                self.steps.append(PossibleStep(job, chosen))
                tools.append(matrix[list(chosen)])
        self.features = np.array(tools)
        """Features of the offered tools, of shape (steps, 3, columns)."""
        scores = rules.scores(self.features)
        ranked = np.sort(scores, axis=1)
        self.acceptable = scores >= ranked[:, -1:, :] - 0.02
        """Tools that each rule can choose, of shape (steps, 3, rules)."""
        self.best = scores.argmax(axis=1).astype(np.int8)
        """Tool that each rule chooses, of shape (steps, rules)."""
        self.lead = (ranked[:, -1, :] - ranked[:, -2, :]).astype(np.float32)
        """Lead of that tool, of shape (steps, rules)."""
        self.of_job = {job: [index for index, step in enumerate(self.steps) if step.job == job] for job in jobs}

    def of_jobs(self, jobs: Sequence[str]) -> NDArray[np.intp]:
        """Return the indexes of the steps of some jobs."""
        return np.array([index for job in jobs for index in self.of_job[job]], dtype=np.intp)

    def clear(self, rule: int, steps: NDArray[np.intp], lead: float = CLEAR) -> NDArray[np.intp]:
        """Return those of the steps at which a rule has a clear choice."""
        clear: NDArray[np.intp] = steps[self.lead[steps, rule] >= lead]
        return clear

    def refuted(self, steps: NDArray[np.intp], choices: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return which rules cannot make the choice of each step, of shape (steps, rules).

        Args:
            steps: Indexes of the steps.
            choices: Tool that was called at each step, 0 to 2.
        """
        possible: NDArray[np.bool_] = self.acceptable[steps, choices, :]
        return ~possible


def select_telling(
    pool: StepPool,
    steps: NDArray[np.intp],
    choices: NDArray[np.intp],
    rivals: NDArray[np.bool_],
    *,
    least: int,
    refutations: int,
    most: int,
    rng: np.random.Generator,
) -> list[int] | None:
    """Select steps that refute all rival rules.

    Args:
        pool: The possible steps.
        steps: Indexes of the steps to select from; each has a clear choice.
        choices: Choice at each of `steps`.
        rivals: Rules that would pick another tool in the end, of shape (rules,).
        least: Minimum number of telling steps: each contradicts a rival that fits all earlier ones.
        refutations: Number of steps that must contradict each rival.
        most: Maximum number of steps.
        rng: Generator that draws the order.

    Returns:
        Positions in `steps`, or None if the steps cannot refute all rivals.
    """
    refuted = pool.refuted(steps, choices)[:, rivals]
    count = np.zeros(refuted.shape[1], dtype=np.int64)
    selected: list[int] = []
    telling = 0
    order = rng.permutation(len(steps))
    used = np.zeros(len(steps), dtype=bool)
    while (count < refutations).any() or telling < least:
        open_rivals = count < (1 if (count < 1).any() else refutations)
        power = refuted[:, open_rivals].sum(axis=1)
        power[used] = 0
        useful = order[power[order] > 0]
        if len(useful) == 0 or len(selected) == most:
            return None
        # Early steps should not decide everything: a weak one first, a strong one when the space runs out.
        sample = useful[:12]
        ranked = sample[np.argsort(power[sample], kind="stable")]
        remaining = most - len(selected)
        place = int(ranked[-1] if remaining <= 2 * refutations + 2 else ranked[len(ranked) // 3])
        telling += int((refuted[place] & (count == 0)).any())
        count += refuted[place]
        used[place] = True
        selected.append(place)
        order = np.roll(order, -3)
        if not (count < refutations).any() and telling < least:
            return None
    return selected
