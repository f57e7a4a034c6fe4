"""The catalogue of services with facts, and the preferences that its groups allow."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from builder.grouping.functionalities import data_table
from builder.users.choice_rules import DIRECTED, PREFERENCE_KINDS, RuleSet, features
from builder.world.axes import AXES
from builder.world.plans import PRICES
from builder.world.providers import service_providers
from builder.world.services import Job, operation_name, service_jobs
from builder.world.trade_offs import LEAD, balanced_subsets, winners
from hf_dataset.layout import SPLITS

RULES = RuleSet()


@pytest.fixture(scope="module")
def jobs() -> tuple[Job, ...]:
    return service_jobs("validation")


def matrix(job: Job) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([features(service.facts) for service in job.services])


def test_every_functionality_is_offered_in_every_split() -> None:
    names = [[job.functionality.name for job in service_jobs(split)] for split in SPLITS]
    assert names[0] == names[1] == names[2]
    assert len(names[0]) == 130


def test_splits_share_no_provider_tool_or_layout() -> None:
    for first, second in combinations(SPLITS, 2):
        for attribute in ("name", "slug", "layout"):
            values = [
                {getattr(provider, attribute) for provider in service_providers(split)} for split in (first, second)
            ]
            assert not values[0] & values[1]
        tools = [{service.name for job in service_jobs(split) for service in job.services} for split in (first, second)]
        assert not tools[0] & tools[1]


def test_names_of_tools_are_unique_and_accepted_by_function_interfaces(jobs: tuple[Job, ...]) -> None:
    names = [service.name for job in jobs for service in job.services]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 64 and name.replace("_", "a").isalnum() and name.isascii() for name in names)


def test_facts_of_a_provider_hold_for_all_of_its_tools(jobs: tuple[Job, ...]) -> None:
    for job in jobs:
        for service in job.services:
            assert set(service.facts) == set(job.axes)
            shared = {name: value for name, value in service.facts.items() if AXES[name].provider}
            assert shared == {name: service.provider.facts[name] for name in shared}


@pytest.mark.parametrize("split", SPLITS)
def test_facts_fit_the_functionality(split: str) -> None:
    table = data_table("world/data/functionality_axes.toml")
    for job in service_jobs(split):
        about = table[job.functionality.name]
        for service in job.services:
            for axis in {"price", "latency", "freshness", "archive", "coverage"} & set(job.axes):
                low, high = about[axis]
                value = float(service.facts[axis])
                assert low <= value <= high or (axis, value) == ("price", 0.0)
                assert axis == "price" or value == int(value)
            if "source" in job.axes:
                assert service.facts["source"] in about["source"]


@pytest.mark.parametrize("split", SPLITS)
def test_some_tools_are_free_and_the_others_of_the_group_clearly_dearer(split: str) -> None:
    prices = [sorted(float(service.facts["price"]) for service in job.services) for job in service_jobs(split)]
    free = [group for group in prices if group[0] == 0]
    assert 0.2 <= len(free) / len(prices) <= 0.9
    axis = AXES["price"]
    assert all(axis.goodness(0.0) - axis.goodness(group[1]) >= LEAD for group in free)
    assert {price for group in prices for price in group} <= {0.0, *PRICES}


def test_no_tool_is_worse_than_another_on_everything(jobs: tuple[Job, ...]) -> None:
    for job in jobs:
        goodness = matrix(job)[:, : len(DIRECTED)]
        stated = goodness[:, ~np.isnan(goodness[0])]
        for first, second in combinations(range(len(stated)), 2):
            difference = stated[first] - stated[second]
            assert (difference > 0).any()
            assert (difference < 0).any()


def test_candidate_sets_give_each_tool_a_preference_of_each_kind(jobs: tuple[Job, ...]) -> None:
    with_sets = 0
    for job in jobs[:40]:
        tools = matrix(job)
        subsets = balanced_subsets(tools, job.axes, (4,), RULES)
        with_sets += bool(subsets)
        for subset in subsets[:3]:
            best = winners(tools[list(subset)], RULES)
            for kind in PREFERENCE_KINDS:
                chosen = {int(best[index]) for index in RULES.indexes([kind], frozenset(job.axes))} - {-1}
                assert chosen == set(range(4))
    assert with_sets >= 28


def test_arguments_have_a_place_for_every_slot(jobs: tuple[Job, ...]) -> None:
    for job in jobs:
        for service in job.services:
            properties = service.parameters["properties"]
            assert set(service.bindings) == {slot.name for slot in job.functionality.slots}
            assert {binding.path[0] for binding in service.bindings.values()} == set(service.parameters["required"])
            assert all(binding.path[0] in properties for binding in service.bindings.values())


@pytest.mark.parametrize("split", SPLITS)
def test_tools_of_a_job_have_different_descriptions(split: str) -> None:
    for job in service_jobs(split):
        descriptions = {service.description for service in job.services}
        assert len(descriptions) == len(job.services), job.functionality.name


@pytest.mark.parametrize(
    ("naming", "pattern"),
    [
        ("verb_noun", r"[a-z]+(_[a-z0-9]+)*"),
        ("camel", r"[a-z]+([A-Z][a-z0-9]*)*"),
        ("rest", r"(get|post)_v1(_[a-z0-9]+)+"),
        ("noun", r"[a-z]+(_[a-z0-9]+)*"),
        ("namespaced", r"weather(_[a-z0-9]+)+"),
    ],
)
def test_operations_are_named_in_the_style_of_the_provider(jobs: tuple[Job, ...], naming: str, pattern: str) -> None:
    job = next(job for job in jobs if job.functionality.name == "current weather by city")
    rng = np.random.default_rng(0)
    names = {operation_name(job.functionality, naming, rng) for _ in range(40)}
    assert len(names) == 5
    for name in names:
        assert re.fullmatch(pattern, name), name


def test_no_name_of_an_operation_is_that_of_two_jobs() -> None:
    table = data_table("world/data/operations.toml")
    assert sorted(table) == sorted(job.functionality.name for job in service_jobs("train"))
    counts = Counter(tuple(name) for names in table.values() for name in names)
    assert [name for name, count in counts.items() if count > 1] == []
