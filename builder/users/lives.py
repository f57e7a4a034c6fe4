"""Lives: what the users of a query group share, and what their histories consist of before anybody chooses a tool.

A life has one to three concerns, jobs that return in each, and for every history type a plan: the sequence of its steps
with concern, job and role. All users of the query group have the same plans, so the jobs and instructions of a history
say nothing about what its user prefers.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from builder.choice_config import ChoiceConfig
from builder.world.concerns import Concern

Role = Literal["current", "earlier", "off"]
"""What a step follows: the current preference; the one before a change, or that of the disliked calls; or neither."""
CHANGES: Final = ("sudden", "gradual", "there and back", "one priority")
"""Ways in which a preference changes, equally often where possible."""
SEVERAL: Final = "several"
"""Changes from one preference to another and back, more than once."""
_SURPLUS: Final = 2
"""Steps by which one of two preferences exceeds the other."""
_MIXED: Final = 3
"""Steps on each side of a gradual change that mix the two preferences."""
_FIRST: Final = 3
"""Before a preference comes back, one in so many of its steps."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step before the choice of a tool."""

    concern: int
    """Index of the concern; 0 for that of the query."""
    job: str
    role: Role


@dataclass(frozen=True, slots=True)
class ChoiceQuery:
    """Job of the final instruction and the candidates that do it."""

    job: str
    candidates: tuple[int, ...]
    """Indexes of the services of the job."""


@dataclass(frozen=True, slots=True)
class Life:
    """What the users of a query group share."""

    query: ChoiceQuery
    concerns: tuple[Concern, ...]
    """The first is that of the query."""
    jobs: tuple[tuple[str, ...], ...]
    """Jobs of each concern."""
    options: Mapping[str, NDArray[np.intp]]
    """Possible steps of each job, without the providers of the candidates."""
    change: str
    """How the preference changes in `chronological`: one of `CHANGES`, or `SEVERAL`."""
    plans: Mapping[str, tuple[PlannedStep, ...]]
    """Plan of each history type."""
    evidence: int | None
    """Exact number of telling steps; None for as many as the answer needs."""


def choose_jobs(
    stated: Mapping[str, frozenset[str]], target: frozenset[str], number: int, rng: np.random.Generator
) -> list[str]:
    """Choose jobs that together state each axis of the query's job about equally often.

    Args:
        stated: Axes that each available job states.
        target: Axes that the query's job states.
        number: Number of jobs to choose.
        rng: Generator that draws the order.

    Returns:
        Names of jobs; fewer than `number` if there are not enough.
    """
    names = sorted(stated)
    order = [names[int(place)] for place in rng.permutation(len(names))]
    shared = {name: stated[name] & target for name in order}  # many jobs state the same axes
    covered: Counter[str] = Counter()
    chosen: list[str] = []
    while len(chosen) < number and order:
        gain_of = {axes: sum(1 / (1 + covered[axis]) ** 2 for axis in sorted(axes)) for axes in set(shared.values())}
        name = order.pop(int(np.argmax([gain_of[shared[name]] for name in order])))
        chosen.append(name)
        covered.update(shared[name])
    return chosen


def draw_plans(
    jobs: Sequence[Sequence[str]], dials: ChoiceConfig, change: str, evidence: int | None, rng: np.random.Generator
) -> dict[str, tuple[PlannedStep, ...]]:
    """Draw the plan of each history type.

    In `rating_integrated`, some steps of the query's concern follow the preference and others its opposite; in
    `chronological`, some follow the preference before the change and others the one after it. One of the two is drawn
    to have more steps, with equal probability. So a reader who ignores ratings or order is right for at most half of
    the users.

    Args:
        jobs: Jobs of each concern.
        dials: Settings of the histories.
        change: How the preference changes in `chronological`.
        evidence: Number of steps of each preference of the query's concern. If None, the settings determine it.
        rng: Generator of all draws.
    """
    own = len(jobs[0])
    few = evidence or own * dials.calls_per_job
    many = evidence or few + _SURPLUS
    liked, disliked = (few, many) if rng.random() < 0.5 else (many, few)
    after, before = (few, many) if rng.random() < 0.5 else (many, few)
    elsewhere = [
        PlannedStep(concern, job, "current")
        for concern, of_concern in enumerate(jobs[1:], start=1)
        for job in of_concern
        for _ in range(dials.other_calls_per_job)
    ]
    preferred = _steps(jobs[0], "current", many)
    rated = [*_steps(jobs[0], "current", liked), *_steps(jobs[0], "earlier", disliked)]
    current = _shuffled(_steps(jobs[0], "current", after), rng)
    ordered = _in_time(current, _shuffled(_steps(jobs[0], "earlier", before), rng), change, dials.changes)
    return {
        "preferred_only": tuple(_shuffled([*preferred, *elsewhere], rng)),
        "rating_integrated": tuple(
            _shuffled([*rated, *elsewhere, *_off(jobs, len(rated) + len(elsewhere), dials, rng)], rng)
        ),
        "chronological": tuple(
            _interleaved(
                ordered,
                _shuffled([*elsewhere, *_off(jobs, len(ordered) + len(elsewhere), dials, rng)], rng),
                rng,
            )
        ),
    }


def _steps(jobs: Sequence[str], role: Role, number: int) -> list[PlannedStep]:
    """Return steps of the query's concern, spread over its jobs."""
    return [PlannedStep(0, jobs[place % len(jobs)], role) for place in range(number)]


def _off(jobs: Sequence[Sequence[str]], steps: int, dials: ChoiceConfig, rng: np.random.Generator) -> list[PlannedStep]:
    """Draw steps that do not follow the preference, so that they are the configured share of all."""
    share = dials.off_profile
    number = int(steps * share / (1 - share) + rng.random())
    drawn = []
    for _ in range(number):
        concern = int(rng.integers(len(jobs)))
        drawn.append(PlannedStep(concern, jobs[concern][int(rng.integers(len(jobs[concern])))], "off"))
    return drawn


def _in_time(current: list[PlannedStep], earlier: list[PlannedStep], change: str, number: int) -> list[PlannedStep]:
    """Return the steps of the query's concern in the order of a change, or of `number` ones if there are several."""
    if change == SEVERAL:
        turns = zip(_parts(earlier, number), _parts(current, number), strict=True)
        return [step for turn in turns for part in turn for step in part]
    if change == "there and back":
        first = len(current) // _FIRST
        return [*current[:first], *earlier, *current[first:]]
    if change == "gradual":
        number = min(_MIXED, len(current), len(earlier))
        mixed = [step for pair in zip(earlier[-number:], current[:number], strict=True) for step in pair]
        return [*earlier[:-number], *mixed, *current[number:]]
    return [*earlier, *current]


def _parts(steps: list[PlannedStep], number: int) -> list[list[PlannedStep]]:
    """Return the steps in parts of about the same length."""
    ends = [len(steps) * part // number for part in range(number + 1)]
    return [steps[first:last] for first, last in itertools.pairwise(ends)]


def _interleaved(
    first: Sequence[PlannedStep], second: Sequence[PlannedStep], rng: np.random.Generator
) -> list[PlannedStep]:
    """Mix two sequences at random; each keeps its order."""
    total = len(first) + len(second)
    places = set(rng.permutation(total)[: len(first)].tolist())
    one, other = iter(first), iter(second)
    return [next(one) if place in places else next(other) for place in range(total)]


def _shuffled(steps: Sequence[PlannedStep], rng: np.random.Generator) -> list[PlannedStep]:
    return [steps[int(place)] for place in rng.permutation(len(steps))]
