"""The program without a model: known tools are looked up, unknown listings are read, and texts tell the concern."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.errors import ConfigError
from builder.export import public_row, public_tool, write_tools
from builder.predictors import program as program_module
from builder.predictors import read_shares
from builder.predictors.listing_parts import parts_of
from builder.predictors.open_predictor import open_predictor
from builder.predictors.program import Program, asking_concern, step_concerns
from builder.predictors.read_shares import facts_read, pack_reading
from builder.predictors.read_shares import share_right as share_right_of
from builder.world.axes import AXES
from builder.world.concerns import Concern, RequestTexts, concerns
from builder.world.packs import read_pack
from builder.world.services import service_jobs
from hf_dataset.layout import MANIFEST, split_file
from hf_dataset.manifest import Manifest
from hf_dataset.schema import FactRow, Instance, ToolRow
from tests.builder.audit.fact_rows import fact_splits, tools_of

PACK = Path(__file__).parents[2] / "fixtures" / "listing_pack"
GROUPS = 12


def facts_of(tool: ToolRow) -> dict[str, FactRow]:
    return {fact.axis: fact for fact in tool.facts}


def share_read(tools: Sequence[ToolRow]) -> float:
    return share_right_of(facts_read(tools))


OWN, OTHER = (
    Concern(
        name,
        name,
        "test",
        "work",
        "terse",
        {"who": (name,)},
        {job.functionality.name: RequestTexts((f"{{who}}, {name}: {{request}}",)) for job in service_jobs("test")},
    )
    for name in ("own", "other")
)
"""Concerns that ask for every job."""


def with_requests(row: Instance) -> Instance:
    """Let the concern of each step show in its instruction."""
    assert row.meta is not None
    assert row.meta.step_concerns is not None
    history = [
        replace(step, instruction=f"Ida, {(OTHER if concern else OWN).name}: {step.instruction}")
        for step, concern in zip(row.history, row.meta.step_concerns, strict=True)
    ]
    return replace(row, instruction=f"Ida, own: {row.instruction}", history=history)


@pytest.fixture
def known_concerns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program know the concerns of the rows of this module."""
    monkeypatch.setattr(program_module, "concerns", lambda _: (OWN, OTHER))


def share_right(score: Program, rows: Sequence[Instance]) -> float:
    right = 0
    for row in rows:
        scores = score(public_row(row))
        assert row.answer is not None
        right += row.candidates[scores.index(max(scores))].name == row.answer.name
    return right / len(rows)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_the_listings_of_the_repository_are_read(split: str) -> None:
    assert share_read(list(tools_of(split).values())) > 0.85  # what is in prose is read less well


def test_the_listings_of_a_pack_are_read() -> None:
    reading = pack_reading(read_pack(PACK))
    assert reading.overall > 0.97
    assert list(reading.by_axis) == list(reading.guessed) == list(AXES)
    assert set(reading.by_layout) == {layout.name for layout in read_pack(PACK).layouts}
    assert set(reading.by_cell) == {(axis, layout) for axis in AXES for layout in reading.by_layout}
    assert min(reading.by_cell.values()) > 0.5
    # What a program gets right that reads nothing: half of the services use one of two forms of reply.
    assert 0.5 <= reading.guessed["payload"] < 0.65
    assert reading.guessed["latency"] < 0.1


def test_numbers_are_read_right_to_within_5_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    tool = next(tool for tool in tools_of("test").values() if {"price", "uptime", "access"} <= set(facts_of(tool)))
    for axis, value, read, is_right in (
        ("price", "2", 2.09, True),
        ("price", "2", 2.11, False),
        ("price", "0", 0.0, True),
        ("price", "0", 2.0, False),
        ("uptime", "99", 98.96, True),
        ("uptime", "99", 98.9, False),
        ("access", "account", "account", True),
        ("access", "account", "API key", False),
        ("access", "account", None, False),
    ):
        found = {} if read is None else {axis: read}
        monkeypatch.setattr(
            read_shares, "ListingReading", lambda _, found=found: SimpleNamespace(facts={tool.name: found})
        )
        row = replace(tool, facts=[replace(facts_of(tool)[axis], value=value)])
        assert facts_read([row]) == [(tool.provider, axis, value, is_right)]
    assert share_right_of([]) == 0


def test_parts_have_the_labels_of_their_lines() -> None:
    sheet = "Fee | Calls/hour | Base\n4 USD | 60 | EU"
    (labelled, table, prose, attributes) = parts_of(
        [
            "- Price: $2 per call, no minimum",
            sheet,
            "We ask for ten dollars. It is fast.",
            '<api a="1" b="2" c="3" d="4" size="x y"/>',
        ]
    )
    assert [(part.label, part.text, part.is_first) for part in labelled] == [
        ("price", "$2 per call", True),
        ("price", "no minimum", False),
    ]
    assert [(part.label, part.text) for part in table] == [("fee", "4 usd"), ("calls/hour", "60"), ("base", "eu")]
    assert [part.text for part in prose] == ["we ask for $10", "it is fast"]
    assert [(part.label, part.text) for part in attributes][-1] == ("size", "x y")
    assert labelled[0].key == "price::$# per call"


def test_texts_tell_the_concern() -> None:
    known = concerns("test")
    assert asking_concern("Translate it.", "translate a text into a language", known) is None
    for concern in known[:5]:
        for job, request in concern.requests.items():
            for text in request.texts:
                said = re.sub(r"\{.*?\}", "this and that", text)
                assert asking_concern(said, job, known) == concern.name
    row = fact_splits("preferred_only", GROUPS)[2].rows[0]
    jobs = {name: tool.functionality for name, tool in tools_of("test").items()}
    assert row.meta is not None
    assert step_concerns(with_requests(row), (OWN, OTHER), jobs) == row.meta.step_concerns
    assert step_concerns(row, (OWN, OTHER), jobs) is None


@pytest.mark.usefixtures("known_concerns")
@pytest.mark.parametrize("config", ["preferred_only", "rating_integrated", "chronological"])
def test_every_answer_is_found_where_the_catalogue_is_known(config: str) -> None:
    part = fact_splits(config, GROUPS)[2]
    program = Program([public_tool(tool) for tool in part.tools.values()], "test", int(config == "chronological"))
    assert share_right(program, [with_requests(row) for row in part.rows]) == 1


@pytest.mark.usefixtures("known_concerns")
def test_facts_are_read_where_a_listing_is_not_that_of_the_catalogue() -> None:
    part = fact_splits("preferred_only", GROUPS)[2]
    changed = [replace(tool, listing=f"{tool.listing}\n", facts=[]) for tool in part.tools.values()]
    assert share_right(Program(changed, "test", 0), [with_requests(row) for row in part.rows]) > 0.9


def test_candidates_for_another_job_are_never_called() -> None:
    part = fact_splits("preferred_only", GROUPS)[2]
    program = Program([public_tool(tool) for tool in part.tools.values()], "test", 0)
    row = part.rows[0]
    for scores in (program(row), program(replace(row, history=[], meta=None))):
        capable = [part.tools[tool.name].functionality == row.functionality for tool in row.candidates]
        assert [score >= 0 for score in scores] == capable


def test_the_program_is_a_baseline_without_answers(tmp_path: Path) -> None:
    part = fact_splits("preferred_only", GROUPS)[2]
    write_tools(tmp_path / split_file("tools", "test"), map(public_tool, part.tools.values()))
    manifest = Manifest(build_id="00000000", builder="0", catalog="builtin", rows={}, tokenizer="", config={})
    (tmp_path / MANIFEST).write_text(json.dumps(asdict(manifest)))
    predictor = open_predictor("baseline:program", tmp_path, "preferred_only", "test", 0)
    row = with_requests(part.rows[0])
    assert row.answer is not None
    assert json.loads(predictor.predict(public_row(row))) == {"name": row.answer.name, "arguments": {}}


def test_tools_without_listings_are_refused(tmp_path: Path) -> None:
    tools = [replace(tool, listing="") for tool in tools_of("test").values()]
    write_tools(tmp_path / split_file("tools", "test"), map(public_tool, tools))
    with pytest.raises(
        ConfigError, match=r"have no listings, but this baseline needs them\. Use one of baseline:random"
    ):
        open_predictor("baseline:program", tmp_path, "preferred_only", "test", 0)
