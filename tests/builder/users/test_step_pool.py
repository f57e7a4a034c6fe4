"""Possible steps of a split: the choices of all rules, and the selection of steps that leave no rival."""

from __future__ import annotations

from collections.abc import Mapping
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.users.choice_rules import PREFERENCE_KINDS, RuleSet, features, rules_on
from builder.users.step_pool import CLEAR, StepPool, select_refuting, telling_steps
from builder.world.services import service_jobs
from builder.world.trade_offs import balanced_subsets, winners

JOBS = {job.functionality.name: job for job in service_jobs("validation")[:16]}
RULES = RuleSet(rules_on([frozenset(job.axes) for job in JOBS.values()]))
MATRICES: Mapping[str, NDArray[np.float64]] = {
    name: np.array([features(service.facts) for service in job.services]) for name, job in JOBS.items()
}


@pytest.fixture(scope="module")
def pool() -> StepPool:
    pool = StepPool(MATRICES, RULES, 3)
    for job in MATRICES:
        pool.prepare(job)
    return pool


def test_every_set_of_tools_of_a_job_can_be_offered(pool: StepPool) -> None:
    for job, matrix in MATRICES.items():
        offered = {pool.steps[int(step)].tools for step in pool.of_job[job]}
        assert len(offered) == len(pool.of_job[job]) == comb(len(matrix), 3)
        assert {pool.steps[int(step)].job for step in pool.of_job[job]} == {job}
    assert pool.most_tools == max(map(len, MATRICES.values()))


def test_the_choices_are_those_of_the_rules(pool: StepPool) -> None:
    for step in np.random.default_rng(0).integers(len(pool.steps), size=30).tolist():
        possible = pool.steps[step]
        tools = MATRICES[possible.job][list(possible.tools)]
        assert np.array_equal(pool.features[step], tools, equal_nan=True)
        picks = RULES.choices(tools)
        assert ((pool.ties[step] > 0) == picks).all()
        assert pool.ties[step].max(axis=0).tolist() == picks.sum(axis=0).tolist()
        best, lead = RULES.leads(tools)
        clear = lead >= CLEAR
        assert (pool.best[step] == best)[clear].all()
        assert np.allclose(pool.lead[step], lead)


@pytest.mark.parametrize("kind", PREFERENCE_KINDS)
def test_selected_steps_contradict_every_rival_twice(pool: StepPool, kind: str) -> None:
    selections = 0
    for target, job in JOBS.items():
        subsets = balanced_subsets(MATRICES[target], job.axes, (4,), RULES)
        if not subsets:
            continue
        candidates, axes = MATRICES[target][list(subsets[0])], frozenset(job.axes)
        best, picks = winners(candidates, RULES), RULES.choices(candidates)
        rule = next(index for index in RULES.indexes([kind], axes) if best[index] >= 0)
        stated = np.array([other.axes <= axes for other in RULES.rules])
        rivals = stated & ~(picks[best[rule]] & (picks.sum(axis=0) == 1))
        options = {name: steps for name, steps in pool.of_job.items() if name != target}
        selected = select_refuting(pool, options, rule, rivals, per_job=4, refutations=2)
        if selected is None:
            continue
        selections += 1
        steps = np.array(selected)
        choices = pool.best[steps, rule].astype(np.intp)
        assert len(set(selected)) == len(selected)
        assert (pool.lead[steps, rule] >= CLEAR).all()
        assert ((pool.ties[steps, choices] == 0)[:, rivals].sum(axis=0) >= 2).all()
        assert telling_steps(pool, steps, choices, rivals, 2).all(), "a step that is not needed was selected"
        jobs = [pool.steps[step].job for step in selected]
        assert max(map(jobs.count, jobs)) <= 4
    assert selections >= 5


def test_too_few_options_refute_not_all_rivals(pool: StepPool) -> None:
    rivals = np.ones(len(RULES.rules), dtype=bool)
    rivals[0] = False
    options = {name: pool.of_job[name] for name in list(JOBS)[:3]}
    assert select_refuting(pool, options, 0, rivals, per_job=1, refutations=2) is None


def test_a_step_tells_nothing_once_its_rivals_are_contradicted(pool: StepPool) -> None:
    rule = 0
    step = next(step for step in range(len(pool.steps)) if pool.lead[step, rule] >= CLEAR)
    steps, choices = np.full(4, step), np.full(4, int(pool.best[step, rule]))
    rivals = pool.ties[steps, choices][0] == 0
    assert telling_steps(pool, steps, choices, rivals, 1).tolist() == [True, False, False, False]
    assert telling_steps(pool, steps, choices, rivals, 3).tolist() == [True, True, True, False]
    assert not telling_steps(pool, steps, choices, ~rivals, 3).any()
