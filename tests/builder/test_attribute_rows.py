"""Rows of a catalogue of tools with attributes: histories, answers and dials."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder import pipeline
from builder.config import BuildConfig, UserConfig
from builder.errors import AuditError, BuildError
from builder.records import Group, GroupTool, Query, User
from builder.users.instances import InstanceMaker
from hf_dataset.reader import read_instances, read_tools
from hf_dataset.schema import HISTORY_TYPES
from tests.conftest import SMALL, Built, silent
from tests.fakes.attribute_catalogue.source import AttributeCatalogue

from .build_rows import PUBLIC, Rows, answered, everything, provider, query_groups, read_rows


@pytest.fixture(scope="module")
def rows(attribute_built: Built) -> Rows:
    return read_rows(attribute_built)


def test_users_of_a_query_group_want_different_tools(rows: Rows) -> None:
    for config in HISTORY_TYPES:
        for split in PUBLIC:
            for group in query_groups(rows[config, split]):
                assert len(group) >= 3
                assert len({answer.name for _, answer in answered(group)}) == len(group)


def test_inside_a_group_each_tool_is_the_answer_equally_often(rows: Rows) -> None:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    queries: defaultdict[str, set[str]] = defaultdict(set)
    for row, answer in answered(rows["preferred_only", "train"]):
        counts[row.functionality][answer.name] += 1
        queries[row.functionality].add(row.query_group)
    for name, answers in counts.items():
        # Each query group has a user for each tool, except one that is cut to the requested number of users.
        assert sum(answers.values()) >= len(queries[name]) * 3
        assert max(answers.values()) - min(answers.values()) <= 1


def test_history_types_have_their_shape(rows: Rows) -> None:
    low, high = SMALL.histories.min_length, SMALL.histories.max_length
    for (config, split), part in rows.items():
        for row in part:
            ratings = Counter(step.rating for step in row.history)
            assert low - 1 <= len(row.history) <= high
            if config == "rating_integrated":
                assert ratings[1] == ratings[0] == len(row.history) / 2
            else:
                assert set(ratings) == {None}
            if split in PUBLIC:
                assert row.meta is not None
                assert (row.meta.drift_step is not None) == (config == "chronological")
                assert row.evidence
                first = row.meta.drift_step or 0
                assert all(first <= index < len(row.history) for index in row.evidence)
                assert all(row.history[index].rating != 0 for index in row.evidence)


def test_nothing_of_facts_is_recorded(attribute_built: Built, rows: Rows) -> None:
    for row in everything(rows):
        assert row.today is None
        assert {(step.date, *step.offered) for step in row.history} == {(None,)}
        assert {tool.listing for tool in (*row.candidates, *row.history_tools)} == {""}
        if row.meta and row.answer:
            assert [row.meta.kind, row.meta.wanted, row.meta.concerns, row.meta.evidence, row.meta.change] == [None] * 5
    assert {fact.unit for tool in read_tools(attribute_built.data, "train") for fact in tool.facts} == {""}
    assert attribute_built.report.manifest.catalog.startswith("attributes sha256:")


def test_the_change_is_spread_over_the_middle(rows: Rows) -> None:
    places = [
        row.meta.drift_step / len(row.history)
        for split in PUBLIC
        for row in rows["chronological", split]
        if row.meta and row.meta.drift_step is not None
    ]
    assert 0.2 <= min(places) < 0.4
    assert 0.7 < max(places) <= 0.8
    assert 0.4 < float(np.mean(places)) < 0.6


def test_evidence_has_attributes_of_the_preference(attribute_built: Built, rows: Rows) -> None:
    attributes = {
        tool.name: {item.axis: item.value for item in tool.facts}
        for split in PUBLIC
        for tool in read_tools(attribute_built.data, split)
    }
    for row, answer in answered(everything(rows)):
        assert row.meta is not None
        assert row.meta.axes is not None
        wanted = {axis: attributes[answer.name][axis] for axis in row.meta.axes}
        for index in row.evidence:
            called = attributes[row.history[index].name]
            assert any(called.get(axis) == value for axis, value in wanted.items())


def test_no_provider_of_a_candidate_occurs_in_the_history(rows: Rows) -> None:
    for row in everything(rows):
        candidates = {tool.provider for tool in row.candidates}
        assert not {provider(row, step.name) for step in row.history} & candidates


def test_groups_with_too_few_scenarios_do_not_occur_in_histories(tmp_path: Path) -> None:
    few = SMALL.model_copy(update={"scenarios_per_group": 4})  # the config itself refuses such a small number
    with pytest.raises(BuildError, match="No user of 'train' could be made"):
        pipeline.build(AttributeCatalogue(), few, tmp_path / "few", silent)
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_that_fails_its_audit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every user of a query group wants the tool with the longest description."""

    def partial(
        self: InstanceMaker, query: Query, whole: Group, members: Sequence[GroupTool], *rest: Any
    ) -> User | None:
        first, second = sorted(members, key=lambda member: -len(member.tool.description))[:2]
        return made(self, query, whole, [first, second], *rest)

    made = InstanceMaker._user
    monkeypatch.setattr(InstanceMaker, "_user", partial)
    with pytest.raises(
        AuditError, match=r"fails its audit.*longest description at [\d.]+ % where [\d.]+ %.*--no-audit"
    ):
        pipeline.build(AttributeCatalogue(), SMALL, tmp_path / "out", silent)
    assert list(tmp_path.iterdir()) == []
    few = SMALL.model_copy(update={"users": UserConfig(count=12, train=0.34, validation=0.33, test=0.33)})
    report = pipeline.build(AttributeCatalogue(), few, tmp_path / "out", silent, audited=False)
    assert report.manifest.audit is None
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["audit"] is None
    assert "**Not audited.**" in (tmp_path / "out" / "README.md").read_text()
    assert not list((tmp_path / "out").glob("*udit*"))


DIALS: dict[str, dict[str, Any]] = {
    # Dials of different configs, or of history and candidates, share a build.
    "noise and a gradual change": {"histories": {"flipped_ratings": 0.25, "transition": "gradual"}},
    "reversal, embedding and near": {
        "histories": {"changes": 2, "reversal": True, "min_length": 12},
        "preferences": {"similarity": "embedding"},
        "candidates": {"distractors": "near_functionality", "same_function_share": 0.4, "provider_overlap": 1.0},
    },
}


@pytest.mark.parametrize("name", DIALS)
def test_every_dial_gives_a_data_set_that_passes(tmp_path: Path, name: str) -> None:
    config = BuildConfig.model_validate({**SMALL.model_dump(), **DIALS[name]})
    pipeline.build(AttributeCatalogue(), config, tmp_path / "out", silent)
    rows = {config: read_instances(tmp_path / "out", config, "train") for config in HISTORY_TYPES}
    metas = {config: [row.meta for row in part if row.meta] for config, part in rows.items()}
    if name == "noise and a gradual change":
        assert {meta.noise for meta in metas["preferred_only"]} == {0.0}
        noise = [meta.noise or 0.0 for meta in metas["rating_integrated"]]
        assert 0.15 < float(np.mean(noise)) < 0.35
        assert 0.0 < json.loads((tmp_path / "out" / "manifest.json").read_text())["oracle_expected_loss"] < 0.8
    if name == "reversal, embedding and near":
        tools = {tool.name: tool for tool in read_tools(tmp_path / "out", "train")}
        same = {
            sum(tools[candidate.name].functionality == row.functionality for candidate in row.candidates)
            for row in rows["preferred_only"]
        }
        assert same == {4}
        assert any(
            provider(row, step.name) in {candidate.provider for candidate in row.candidates}
            for row in rows["preferred_only"]
            for step in row.history
        )
        assert {meta.distractor_level for meta in metas["preferred_only"]} == {"near_functionality"}
