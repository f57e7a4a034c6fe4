"""The audit passes what is valid, and each way of breaking a data set fails the gate that is there for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builder.audit.checks import stated
from builder.audit.evidence import Evidence, gather
from builder.audit.gates import ALPHA, Outcome, oracle_gate, upper_gate
from builder.audit.report import ConfigAudit, audit, audit_config, to_markdown, write_report
from builder.errors import OutputError
from builder.inference import Reader
from hf_dataset.schema import HISTORY_TYPES, AnswerRow, Instance
from tests.conftest import Built

Change = Callable[[Evidence, Instance], Instance]


@pytest.fixture(scope="module")
def audits(built: Built) -> dict[str, ConfigAudit]:
    return {item.config: item for item in audit(built.data, built.answers)}


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_a_built_data_set_passes(audits: dict[str, ConfigAudit], config: str) -> None:
    item = audits[config]
    assert item.failed == []
    assert {gate.rows for gate in item.gates} == {120}
    assert {"oracle", "random", "history of another user"} <= {gate.name for gate in item.gates}


def test_reading_by_fixed_skips_is_reported(audits: dict[str, ConfigAudit]) -> None:
    assert [gate.name for gate in audits["chronological"].reported][:2] == [
        "first 1 steps skipped",
        "first 2 steps skipped",
    ]
    assert audits["preferred_only"].reported == ()


def test_without_the_answers_the_test_split_is_left_out(built: Built) -> None:
    assert [part.split for part in gather(built.data, "chronological", None)] == ["train", "validation"]


def changed(parts: Sequence[Evidence], change: Change) -> list[Evidence]:
    return [replace(part, rows=[change(part, row) for row in part.rows]) for part in parts]


def answer_by(choose: Callable[[Evidence, Instance], str]) -> Change:
    """Make the tool that `choose` names the answer."""

    def change(part: Evidence, row: Instance) -> Instance:
        assert row.answer is not None
        return replace(row, answer=AnswerRow(choose(part, row), row.answer.arguments))

    return change


def longest(part: Evidence, row: Instance) -> str:
    return max(part.able(row), key=lambda name: len(part.tools[name].description))


def seen_in_history(_: Evidence, row: Instance) -> Instance:
    tool = replace(row.candidates[0], provider=row.history_tools[0].provider)
    return replace(row, candidates=[tool, *row.candidates[1:]])


def without_disliked(_: Evidence, row: Instance) -> Instance:
    return replace(row, history=[step for step in row.history if step.rating == 1])


def newest_first(_: Evidence, row: Instance) -> Instance:
    """Let calls under the current preference stand twice."""
    assert row.meta is not None
    drift = row.meta.drift_step or 0
    return replace(row, history=[*row.history[:2], *row.history[drift:], *row.history[drift:]])


def telling_description(part: Evidence, row: Instance) -> Instance:
    """Let the instruction hold the words of the answer's documentation."""
    assert row.answer is not None
    return replace(row, instruction=f"{row.instruction} {part.tools[row.answer.name].description}")


@pytest.mark.parametrize(
    ("config", "change", "gate"),
    [
        ("preferred_only", answer_by(longest), "longest description"),
        ("preferred_only", answer_by(lambda part, row: part.able(row)[0]), "oracle"),
        ("preferred_only", telling_description, "lexical match with the instruction"),
        ("preferred_only", lambda _, row: replace(row, instruction="do it"), "a value of the answer cannot be read from the instruction"),
        ("preferred_only", lambda _, row: replace(row, instruction=row.history[0].instruction), "an instruction comes twice in an instance"),
        ("preferred_only", lambda part, row: replace(row, instruction=f"{row.instruction} {part.tools[row.answer.name].provider}"), "the instruction names the answer's tool or provider"),
        ("preferred_only", answer_by(lambda part, row: next(tool.name for tool in row.candidates if tool.name not in part.able(row))), "the answer is no candidate that does the job"),
        ("preferred_only", lambda _, row: replace(row, answer=replace(row.answer, arguments="{}")), "the answer has no arguments"),
        ("preferred_only", lambda _, row: replace(row, candidates=[tool for tool in row.candidates if tool.name == row.answer.name]), "fewer than 3 candidates do the job"),
        ("preferred_only", seen_in_history, "the provider of a candidate stands in the history"),
        ("rating_integrated", without_disliked, "ratings ignored"),
        ("chronological", newest_first, "order ignored"),
    ],
)  # fmt: skip
def test_a_broken_data_set_fails_the_gate_that_is_there_for_it(
    built: Built, config: str, change: Change, gate: str
) -> None:
    parts = changed(gather(built.data, config, built.answers), change)
    assert gate in audit_config(parts).failed


def test_a_popular_tool_fails_the_gates_on_popularity(built: Built) -> None:
    """The first tool by name is always the answer, and every question is asked by three query groups."""
    parts = changed(
        gather(built.data, "preferred_only", built.answers), answer_by(lambda part, row: min(part.able(row)))
    )
    tripled = [
        replace(part, rows=[replace(row, query_group=f"{row.query_group}-{copy}", instance_id=f"{row.instance_id}-{copy}") for row in part.rows for copy in range(3)])
        for part in parts
    ]  # fmt: skip
    failed = audit_config(tripled).failed
    assert "most popular tool elsewhere" in failed
    assert "most popular provider elsewhere" in failed


def test_a_test_instruction_in_a_train_history_is_found(built: Built) -> None:
    train, *others = gather(built.data, "preferred_only", built.answers)
    stolen = others[0].rows[0].instruction
    first = train.rows[0]
    row = replace(first, history=[replace(first.history[0], instruction=stolen), *first.history[1:]])
    failed = audit_config([replace(train, rows=[row, *train.rows[1:]]), *others]).failed
    assert failed == ["an instruction of another split stands in a train history"]


def test_equal_descriptions_are_found(built: Built) -> None:
    parts = gather(built.data, "preferred_only", built.answers)
    alike = [
        replace(part, tools={name: replace(tool, description="One.") for name, tool in part.tools.items()})
        for part in parts
    ]
    assert "two candidates that do the job have one description" in audit_config(alike).failed


def test_a_valid_data_set_passes_on_nearly_any_draw() -> None:
    """Of 2,000 draws at chance, five users to a query group, hardly any fails."""
    rng = np.random.default_rng(0)
    failures = 0
    for _ in range(2000):
        draws = rng.random((60, 5)) < 0.2
        outcomes = [Outcome(str(group), bool(draws[group, user]), 0.2) for group in range(60) for user in range(5)]
        failures += not upper_gate("x", outcomes, 1).passed
    assert failures <= 4 * 2000 * ALPHA


def test_rows_of_one_query_group_count_as_one() -> None:
    """Ten users who are right together say less than ten who are right apart."""
    together = [Outcome(str(index // 10), index // 10 < 10, 0.2) for index in range(300)]
    apart = [Outcome(str(index), index < 100, 0.2) for index in range(300)]
    assert upper_gate("x", together, 1).margin > 2 * upper_gate("x", apart, 1).margin
    assert upper_gate("x", together, 1).passed
    assert not upper_gate("x", apart, 1).passed


def test_the_oracle_has_no_margin() -> None:
    outcomes = [Outcome(str(index), index >= 2, 0.2) for index in range(100)]
    assert not oracle_gate(outcomes).passed
    assert oracle_gate(outcomes[1:]).passed is False
    assert oracle_gate(outcomes[2:]).passed


@pytest.mark.parametrize(
    ("value", "instruction", "holds"),
    [
        ("Oslo", "weather in Oslo", True),
        ("Oslo", "weather in Bergen", False),
        ("2026-03-04", "on 4 March 2026", True),
        ("2026-03-04", "on 2026-03-04", True),
        ("2026-03-04", "on 5 March 2026", False),
        (12.5, "at 12.5 degrees", True),
    ],
)
def test_whether_a_value_is_stated(value: str | float, instruction: str, holds: bool) -> None:
    assert stated(value, instruction) is holds


def test_the_report_is_written_as_json_and_as_a_page(audits: dict[str, ConfigAudit], tmp_path: Path) -> None:
    write_report(list(audits.values()), tmp_path / "report")
    written = json.loads((tmp_path / "report" / "audit.json").read_text())
    assert [item["config"] for item in written] == list(HISTORY_TYPES)
    assert all(item["failed"] == [] for item in written)
    page = (tmp_path / "report" / "AUDIT.md").read_text()
    assert page == to_markdown(list(audits.values()))
    assert "| oracle | 100.0 | 99.0 | 0.0 | yes |" in page
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(list(audits.values()), tmp_path / "file")


def test_familiarity_is_higher_for_what_is_usual() -> None:
    reader = Reader([{"pricing": "free"}, {"pricing": "free"}, {"pricing": "paid"}])
    assert reader.familiarity({"pricing": "free"}) > reader.familiarity({"pricing": "paid"})
    assert reader.familiarity({}) == 0.0
