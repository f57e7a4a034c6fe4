"""Division of real services among the splits, and choice of the tools of each job.

A group is in one split only. Most domains are divided by job: the same provider does different jobs in each split.
Others are divided by provider: each split has all jobs, with providers of its own. Of the providers of a job in a
split, those are chosen whose facts leave most sets of candidates in which each tool is the best for somebody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from builder.randomness import generator_for
from builder.users.choice_rules import RuleSet, features, rules_on
from builder.world.trade_offs import balanced_subsets
from hf_dataset.layout import SPLITS

from .real_facts import RealTool
from .real_jobs import RealJob

SIZES: Final = (3, 4, 5)
"""Numbers of candidates that do the job."""
LEAST: Final = 3
"""Minimum number of tools of a job in a split."""
_MOST: Final = 12
"""Maximum number of tools of a job in a split."""
_SHARES: Final = {"train": 0.36, "validation": 0.31, "test": 0.33}
"""Share of the providers of a domain in each split."""
_DIVISIONS: Final = 200
"""Divisions of the providers of a domain of which the best is taken."""
_DRAWS: Final = 40
"""Sets of tools of a job of which the best is taken."""
_RARE: Final = 3 * len(SPLITS)
"""Number of jobs of a domain from which an axis is stated by enough of them in each split."""
_USABLE: Final = 5
"""Number of tools from which a job can be asked about in histories of most users."""
_SEED: Final = (20261129,)
"""Fixed seed: the catalogue does not depend on the seed of a build."""


def tools_by_split(jobs: Sequence[RealJob]) -> Mapping[str, Mapping[str, tuple[RealTool, ...]]]:
    """Return the tools of each job in each split, by split and name of the job; jobs with too few are left out.

    Args:
        jobs: All jobs.
    """
    found: dict[str, dict[str, tuple[RealTool, ...]]] = {split: {} for split in SPLITS}
    for category in sorted({job.category for job in jobs}):
        of_category = [job for job in jobs if job.category == category]
        for (job, tools), split in _dealt([job for job in of_category if not job.by_provider]):
            found[split][job.name] = tools
        shared = [job for job in of_category if job.by_provider]
        split_of = _divided(category, shared) if shared else {}
        for split in SPLITS:
            for job in shared:
                own = tuple(tool for tool in job.tools if split_of[tool.provider] == split)
                if len(own) >= LEAST:
                    found[split][job.name] = _chosen(job, split, own)[0]
    return found


def _dealt(jobs: Sequence[RealJob]) -> Iterator[tuple[tuple[RealJob, tuple[RealTool, ...]], str]]:
    """Yield jobs with their tools and split, so that the splits are alike in the sets of candidates of jobs."""
    dealt = dict.fromkeys(SPLITS, 0)
    known = {job.name: (job, *_chosen(job, "", job.tools)) for job in jobs}

    def order(family: Sequence[str]) -> tuple[int, int, int, Sequence[str]]:
        return -len(family), -sum(known[name][2] for name in family), -len(known[family[0]][1]), family

    for family in sorted(_families(jobs), key=order):
        split = min(SPLITS, key=lambda name: (dealt[name] + len(family)) / _SHARES[name])
        dealt[split] += len(family)
        yield from (((known[name][0], known[name][1]), split) for name in family)


def _families(jobs: Sequence[RealJob]) -> list[list[str]]:
    """Return the names of the jobs, together where they state an axis that too few jobs state for several splits.

    A history can show that an axis matters only if several of its jobs state it.
    """
    stated = Counter(axis for job in jobs for axis in job.axes)
    families: list[tuple[set[str], set[str]]] = []
    for job in jobs:
        rare = {axis for axis in job.axes if stated[axis] < _RARE}
        joined = [family for family in families if family[1] & rare]
        families = [family for family in families if not family[1] & rare]
        names = {job.name}.union(*(family[0] for family in joined))
        families.append((names, rare.union(*(family[1] for family in joined))))
    return [sorted(names) for names, _ in families]


def _divided(category: str, jobs: Sequence[RealJob]) -> Mapping[str, str]:
    """Divide the providers of a domain so that each split has as many jobs with enough providers as possible."""
    names = sorted({tool.provider for job in jobs for tool in job.tools})
    place = {name: index for index, name in enumerate(names)}
    offers = np.zeros((len(jobs), len(names)))
    for row, job in enumerate(jobs):
        offers[row, [place[tool.provider] for tool in job.tools]] = 1
    ends = np.cumsum([round(_SHARES[split] * len(names)) for split in SPLITS])
    even = np.searchsorted(ends, np.arange(len(names)), side="right").clip(max=len(SPLITS) - 1)
    rng = generator_for(_SEED, "real providers", category)
    best, most = even, -1.0
    for _ in range(_DIVISIONS):
        drawn = rng.permutation(even)
        counts = np.array([offers[:, drawn == split].sum(axis=1) for split in range(len(SPLITS))])
        usable = (counts >= _USABLE).sum(axis=1) + 0.01 * np.minimum(counts, _MOST).mean(axis=1)
        score = float(np.log1p(usable).sum())
        if score > most:
            best, most = drawn, score
    return {name: SPLITS[int(best[index])] for name, index in place.items()}


def _chosen(job: RealJob, split: str, tools: Sequence[RealTool]) -> tuple[tuple[RealTool, ...], int]:
    """Return at most `_MOST` of the tools of a job, sorted by provider, and the number of their sets of candidates."""
    matrix = np.array([features_of(tool, job.axes) for tool in tools])
    rules = RuleSet(rules_on([frozenset(job.axes)]))
    rng = generator_for(_SEED, "real tools", split, job.name)
    draws = _DRAWS if len(tools) > _MOST else 1
    sets = [np.sort(rng.permutation(len(tools))[:_MOST]) for _ in range(draws)]
    counts = [len(balanced_subsets(matrix[own], job.axes, SIZES, rules, every_kind=False)) for own in sets]
    best = int(np.argmax(counts))
    return tuple(tools[int(place)] for place in sets[best]), counts[best]


def features_of(tool: RealTool, axes: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the features of a tool on some axes, as `choice_rules.features`."""
    return features({axis: tool.facts[axis].value for axis in axes})
