"""Concerns that one person can have: in one style of language, in a common country, with one occupation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from builder.world.concerns import OCCUPATIONS, SPHERES, Concern


def concerns_of_lives(
    known: Sequence[Concern], job: str, number: int, rng: np.random.Generator
) -> Iterator[list[Concern]]:
    """Draw the concerns of several possible lives.

    The concerns of a life are of different spheres and in one register. A life has one occupation, unless it has more
    concerns than there are other spheres.

    Args:
        known: Concerns of the split.
        job: Job that the first concern of each life asks for.
        number: Number of concerns of a life. If no more fit, there are fewer.
        rng: Generator of all draws.
    """
    fitting = [concern for concern in known if job in concern.requests]
    others = len(SPHERES) - len(OCCUPATIONS)
    for first in rng.permutation(len(fitting)):
        chosen = [fitting[int(first)]]
        order = rng.permutation(len(known)).tolist()
        for occupations in (1, number - others) if number > others + 1 else (1,):
            for other in (known[place] for place in order):
                if len(chosen) == number:
                    break
                if _fits(other, chosen, occupations):
                    chosen.append(other)
        yield chosen


def shared_countries(of_life: Sequence[Concern]) -> frozenset[str]:
    """Return the countries in which all concerns of a life can be; empty for any, or if there is none."""
    limits = [concern.countries for concern in of_life if concern.countries]
    return frozenset.intersection(*limits) if limits else frozenset()


def _fits(other: Concern, chosen: Sequence[Concern], occupations: int) -> bool:
    """Return True if a person with some concerns can have another one, with at most `occupations` occupations."""
    life = (*chosen, other)
    if other.register != chosen[0].register or any(other.sphere == own.sphere for own in chosen):
        return False
    if sum(own.sphere in OCCUPATIONS for own in life) > occupations:
        return False
    return not other.countries or bool(shared_countries(life))
