"""The catalogue of real services, where the packages that state their facts are installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pytest

from builder.catalogue.sources import open_source
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.services.package_files import PACKAGES
from builder.services.real_catalogue import real_catalogue, sourced_facts
from builder.services.service_source import RealServiceSource
from builder.services.service_tables import markdown_tables
from builder.users.choice_rules import RuleSet, features, rules_on
from builder.world.trade_offs import balanced_subsets
from hf_dataset.layout import SPLITS


def _installed() -> bool:
    try:
        return all(distribution(package.name) for package in PACKAGES)
    except PackageNotFoundError:
        return False


pytestmark = [pytest.mark.services, pytest.mark.skipif(not _installed(), reason="the extra services is not installed")]


@pytest.fixture(scope="module")
def catalogue() -> GroupedCatalogue:
    """Real services of all splits."""
    return real_catalogue()


def test_there_are_enough_groups_tools_and_domains(catalogue: GroupedCatalogue) -> None:
    assert len(catalogue.groups) >= 45
    assert len(catalogue.tools) >= 250
    assert len({group.category for group in catalogue.groups}) >= 5
    assert all(len(group.members) >= 3 for group in catalogue.groups)
    assert all(
        len({member.tool.provider for member in group.members}) == len(group.members) for group in catalogue.groups
    )
    assert len({tool.name for tool in catalogue.tools}) == len(catalogue.tools)


def test_every_fact_is_stated_in_the_listing(catalogue: GroupedCatalogue) -> None:
    for tool in catalogue.tools:
        assert tool.attributes
        for fact in tool.attributes:
            assert fact.evidence, (tool.name, fact.axis)
            assert set(fact.evidence.splitlines()) <= set(tool.listing.splitlines())


@pytest.mark.parametrize("split", SPLITS)
def test_each_split_has_jobs_of_which_every_candidate_can_be_wanted(catalogue: GroupedCatalogue, split: str) -> None:
    jobs = catalogue.jobs_of(split)
    rules = RuleSet(rules_on([frozenset(job.axes) for job in jobs]))
    targets = [
        job.functionality.category
        for job in jobs
        if balanced_subsets(
            np.array([features(service.facts) for service in job.services]),
            job.axes,
            catalogue.candidate_sizes,
            rules,
            every_kind=False,
        )
    ]
    assert len(targets) >= 10
    assert set(targets) >= {"Exchanges", "Language models"}


def test_jobs_that_do_not_trade_state_no_fees(catalogue: GroupedCatalogue) -> None:
    stated = {
        group.functionality.name
        for group in catalogue.groups
        if any(fact.axis == "taker_fee" for member in group.members for fact in member.tool.attributes)
    }
    assert "place a market order" in stated
    assert not stated & {"ticker of a market", "transfer fee of a coin", "order book of a market", "ledger of a coin"}


def test_anonymous_services_have_the_same_facts_under_other_names(catalogue: GroupedCatalogue) -> None:
    source = open_source("services:anonymous")
    assert isinstance(source, RealServiceSource)
    other = source.grouped()
    real, fictional = ({tool.provider for tool in known.tools} for known in (catalogue, other))
    assert not real & fictional
    for split in SPLITS:
        facts = [
            {
                job.functionality.name: sorted(sorted(service.facts.items()) for service in job.services)
                for job in known.jobs_of(split)
            }
            for known in (catalogue, other)
        ]
        assert facts[0] == facts[1]


def test_facts_have_sources() -> None:
    known = sourced_facts()
    assert {fact.package for fact in known} == {package.name for package in PACKAGES}
    assert all(fact.version and fact.key for fact in known)
    assert "| all |" in markdown_tables(known)
