"""Rows of the built-in catalogue: what users with concerns choose by facts, and what their histories show."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from builder.choice_config import ChoiceConfig
from builder.users.choice_rules import PREFERENCE_KINDS
from builder.users.lives import CHANGES
from builder.world.axes import AXES
from builder.world.service_catalogue import TODAY
from hf_dataset.layout import SPLITS
from hf_dataset.reader import read_tools
from hf_dataset.schema import HISTORY_TYPES, Instance, MetaRow, ToolRow
from tests.conftest import Built

from .build_rows import PUBLIC, Rows, answered, everything, query_groups, read_rows

DIALS = ChoiceConfig()


@pytest.fixture(scope="module")
def rows(built: Built) -> Rows:
    return read_rows(built)


@pytest.fixture(scope="module")
def tools(built: Built) -> dict[str, ToolRow]:
    """Tools of the splits whose facts are published, by name."""
    return {tool.name: tool for split in PUBLIC for tool in read_tools(built.data, split)}


def public(rows: Rows, *configs: str) -> list[tuple[Instance, MetaRow]]:
    """Return the instances of the published splits with their meta, of some configs or of all."""
    return [
        (row, row.meta)
        for name in configs or HISTORY_TYPES
        for split in PUBLIC
        for row in rows[name, split]
        if row.meta
    ]


def test_users_of_a_query_group_draw_their_answers_independently(rows: Rows) -> None:
    repeated = groups = 0
    for split in PUBLIC:
        for group in query_groups(rows["preferred_only", split]):
            names = [answer.name for _, answer in answered(group)]
            assert len(set(names)) >= 2
            repeated += len(set(names)) < len(names)
            groups += 1
    # Four answers that are drawn evenly from four tools are all different in one of ten query groups.
    assert repeated > groups / 2


def test_users_of_a_query_group_differ_only_in_the_tools_they_call(rows: Rows) -> None:
    for (_, split), part in rows.items():
        for group in query_groups(part):
            histories = {
                json.dumps([[step.instruction, step.date, len(step.offered)] for step in row.history]) for row in group
            }
            assert len(histories) == 1
            assert len({row.today for row in group}) == 1
            if split in PUBLIC:
                assert len({json.dumps(row.meta.step_concerns) for row in group if row.meta}) == 1
                assert len({json.dumps([step.name for step in row.history]) for row in group}) == len(group)


def test_the_called_tool_is_among_those_offered_for_its_job(
    built: Built, rows: Rows, tools: dict[str, ToolRow]
) -> None:
    jobs = {tool.name: tool.functionality for split in SPLITS for tool in read_tools(built.data, split)}
    for row in everything(rows):
        for step in row.history:
            assert step.name in step.offered
            assert step.offered == sorted(set(step.offered))
            assert len(step.offered) == DIALS.offered
            assert len({jobs[name] for name in step.offered}) == 1
    assert len(tools) > 1000


def test_only_chronological_histories_have_dates(rows: Rows) -> None:
    for (config, _), part in rows.items():
        for row in part:
            days = [step.date for step in row.history]
            assert row.today == TODAY.isoformat()
            if config != "chronological":
                assert set(days) == {None}
                continue
            dates = [date.fromisoformat(day or "") for day in days]
            assert all(first <= second for first, second in pairwise([*dates, TODAY]))
            assert dates[0] < TODAY


def test_only_rating_integrated_histories_have_ratings_of_both_kinds(rows: Rows) -> None:
    for (config, _), part in rows.items():
        for row in part:
            ratings = {step.rating for step in row.history}
            assert ratings == ({0, 1} if config == "rating_integrated" else {None})


def test_liked_or_disliked_calls_are_more_in_some_lives_each(rows: Rows) -> None:
    more = set()
    for row, meta in public(rows, "rating_integrated"):
        concerns = meta.step_concerns or []
        own = Counter(step.rating for step, concern in zip(row.history, concerns, strict=True) if concern == 0)
        more.add(own[1] > own[0])
    assert more == {True, False}


def test_kinds_and_numbers_of_concerns_are_even(rows: Rows) -> None:
    for split in PUBLIC:
        part = [row.meta for row in rows["preferred_only", split] if row.meta]
        kinds = Counter(meta.kind for meta in part)
        assert set(kinds) == set(PREFERENCE_KINDS)
        assert min(kinds.values()) >= 0.08 * len(part), kinds
        groups = [group[0].meta for group in query_groups(rows["preferred_only", split])]
        concerns = Counter(meta.concerns for meta in groups if meta)
        assert set(concerns) == set(DIALS.concerns)
        assert max(concerns.values()) - min(concerns.values()) <= 1


def test_each_step_belongs_to_a_concern_of_the_user(rows: Rows) -> None:
    for row, meta in public(rows):
        assert meta.step_concerns is not None
        assert len(meta.step_concerns) == len(row.history)
        assert set(meta.step_concerns) == set(range(meta.concerns or 0))


def test_what_is_wanted_is_stated_by_all_candidates_that_do_the_job(rows: Rows, tools: dict[str, ToolRow]) -> None:
    for _, meta in public(rows):
        assert meta.wanted
        assert meta.axes == list(dict.fromkeys(part.axis for part in meta.wanted))
        for name in meta.same_function or []:
            assert {fact.axis for fact in tools[name].facts} >= set(meta.axes)


def test_the_answer_meets_a_wanted_category_and_is_best_on_a_single_axis(rows: Rows, tools: dict[str, ToolRow]) -> None:
    singles = limits = 0
    for row, meta in public(rows, "preferred_only"):
        assert row.answer is not None
        assert meta.wanted is not None
        facts = {name: {item.axis: item.value for item in tools[name].facts} for name in meta.same_function or []}
        (axis, *_), wanted = meta.axes or [""], meta.wanted[0]
        own = facts[row.answer.name][axis]
        if AXES[axis].better == "matter":
            category = wanted.bound if meta.kind == "limit" else wanted.direction
            assert category is not None
            assert category.startswith(own)
            limits += meta.kind == "limit"
        elif meta.kind == "single":
            values = {name: AXES[axis].goodness(_value(axis, of_tool[axis])) for name, of_tool in facts.items()}
            assert max(values, key=lambda name: values[name]) == row.answer.name
            singles += 1
    assert singles > 0
    assert limits > 0


def _value(axis: str, value: str) -> float | str:
    return float(value) if AXES[axis].is_number else value


def test_evidence_is_telling_steps_that_state_what_is_wanted(rows: Rows, tools: dict[str, ToolRow]) -> None:
    for row, meta in public(rows):
        assert (meta.evidence or 0) >= DIALS.telling
        assert 1 <= len(row.evidence) <= (meta.evidence or 0)
        assert row.evidence == sorted(set(row.evidence))
        assert meta.step_concerns is not None
        for place in row.evidence:
            assert meta.step_concerns[place] == 0
            assert row.history[place].rating != 0
            for name in row.history[place].offered:
                assert {fact.axis for fact in tools[name].facts} >= set(meta.axes or [])


def test_a_preference_changes_only_in_chronological_histories_and_in_several_ways(rows: Rows) -> None:
    changes = Counter(meta.change for _, meta in public(rows, "chronological"))
    assert set(changes) <= set(CHANGES)
    assert len(changes) >= 3
    places = []
    for row, meta in public(rows, "chronological"):
        assert meta.drift_step is not None
        places.append(meta.drift_step / len(row.history))
        assert meta.step_concerns is not None
        assert meta.step_concerns[meta.drift_step :].count(0) >= 4, "too few steps after the change"
    assert min(places) < 0.5 < max(places)
    for _, meta in public(rows, "preferred_only", "rating_integrated"):
        assert (meta.change, meta.drift_step) == (None, None)


def test_some_steps_do_not_follow_the_preference_except_in_preferred_only(rows: Rows) -> None:
    shares = {name: [meta.noise or 0.0 for _, meta in public(rows, name)] for name in HISTORY_TYPES}
    assert set(shares["preferred_only"]) == {0.0}
    for name in ("rating_integrated", "chronological"):
        assert float(np.mean(shares[name])) == pytest.approx(DIALS.off_profile, abs=0.02)


def test_tools_have_facts_with_units_and_a_listing(tools: dict[str, ToolRow]) -> None:
    for tool in tools.values():
        assert tool.listing
        assert 5 <= len(tool.facts) == len({fact.axis for fact in tool.facts})
        for fact in tool.facts:
            assert fact.unit == AXES[fact.axis].unit
            assert fact.stated
            if AXES[fact.axis].is_number:
                float(fact.value)
            else:
                assert fact.value in AXES[fact.axis].levels


def test_the_manifest_of_the_built_in_catalogue_says_so(built: Built) -> None:
    assert built.report.manifest.catalog.startswith("builtin sha256:")
    assert built.report.manifest.listing_pack is None
    assert built.report.manifest.oracle_expected_loss == 0
