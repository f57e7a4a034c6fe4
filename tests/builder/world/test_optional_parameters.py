"""Optional parameters: forms that differ from tool to tool, and texts that ask for them in every register."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest

from builder.grouping.functionalities import data_table
from builder.records import ARGUMENT_KINDS
from builder.users.values.units import in_unit
from builder.world.concerns import CONCERN_REGISTERS
from builder.world.optional_parameters import (
    DATA,
    OptionalParameter,
    add_optional_parameters,
    asked_parameters,
    optional_parameters,
    parameter_forms,
    usual_texts,
)
from builder.world.services import service_jobs
from tests.builder.world.test_concerns import PREFERENCE

JOBS = {job.functionality.name: job for job in service_jobs("test")}


def each_parameter() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("item", asked_parameters(), ids=[item.name for item in asked_parameters()])


@each_parameter()
def test_a_parameter_has_texts_for_each_register_and_forms_that_state_their_rule(item: OptionalParameter) -> None:
    assert item.kind in ARGUMENT_KINDS
    assert set(item.asked) == set(CONCERN_REGISTERS)
    for texts in item.asked.values():
        assert len(set(texts)) == len(texts) >= 3
        assert all(text.count("{value}") == 1 and not PREFERENCE.search(text) for text in texts)
    assert set(item.spelled) == {"snake", "camel", "short"}
    assert item.functionalities <= set(JOBS)
    for form in item.forms:
        about = str(form.schema["description"])
        if item.kind == "enum":
            assert set(form.means) == {meaning for meaning, _ in item.values}
            assert set(form.means.values()) <= set(form.schema["enum"])
        assert bool(form.unit) == (item.kind == "unit")
        assert (item.kind == "date") == ("YYYY-MM-DD" in about)
        assert (item.kind == "code") == ("ISO" in about)
    if item.kind == "unit":
        numbers = [in_unit(amount, unit, form.unit)[0] for amount, unit, _ in item.values for form in item.forms]
        assert min(numbers) > 0


def test_a_description_belongs_to_one_form_and_a_job_has_at_most_three_parameters() -> None:
    assert len(parameter_forms()) == sum(len(item.forms) for item in asked_parameters())
    counts = Counter(job for item in asked_parameters() for job in item.functionalities)
    assert max(counts.values()) == 3
    assert len(counts) > 95, counts


def test_every_kind_can_be_asked_for_in_many_jobs() -> None:
    jobs: defaultdict[str, set[str]] = defaultdict(set)
    for item in asked_parameters():
        jobs[item.kind] |= item.functionalities
    assert {kind: len(names) >= 9 for kind, names in jobs.items()} == dict.fromkeys(
        ("code", "date", "enum", "option", "unit"), True
    )


def test_references_to_earlier_requests_name_one_parameter_of_a_job() -> None:
    assert all(text.count("{value}") == 1 for register in CONCERN_REGISTERS for text in usual_texts(register))
    for job in JOBS:
        usual = [item.usual for item in optional_parameters(job) if item.usual]
        assert len(set(usual)) == len(usual), job


def test_all_tools_of_a_job_have_its_parameters_in_forms_of_their_own() -> None:
    forms: defaultdict[str, set[str]] = defaultdict(set)
    for name, job in JOBS.items():
        items = optional_parameters(name)
        for service in job.services:
            properties = service.parameters["properties"]
            assert set(service.options) == {item.name for item in items}
            for item in items:
                option = service.options[item.name]
                known, form = parameter_forms()[properties[option.name]["description"]]
                assert known is item
                assert (option.means, option.unit) == (form.means, form.unit)
                assert option.name in item.spelled[service.provider.parameters]
                assert properties[option.name] == form.schema
                assert option.name not in service.parameters["required"]
                forms[item.name].add(properties[option.name]["description"])
    for item in asked_parameters():
        assert len(forms[item.name]) >= 2, item.name


def test_parameters_that_nobody_asks_for_are_rare_and_fit_the_job() -> None:
    unasked = {raw["name"]: raw for raw in data_table(DATA)["parameter"] if "schema" in raw}
    found: Counter[str] = Counter()
    for name, job in JOBS.items():
        for service in job.services:
            known = {*service.parameters["required"], *(option.name for option in service.options.values())}
            others = set(service.parameters["properties"]) - known
            assert len(others) <= 1
            assert all(name in unasked[other]["functionalities"] for other in others)
            found.update(others)
    assert set(found) == set(unasked)


def test_names_and_forms_do_not_depend_on_one_another() -> None:
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(30):
        properties = {"query": {"type": "string"}}
        options = add_optional_parameters(properties, "web search", "snake", rng)
        drawn.append([(option.name, properties[option.name]["description"]) for option in options.values()])
    assert len({tuple(item) for item in drawn}) > 10
    assert any(one != other for one, other in pairwise(drawn))
