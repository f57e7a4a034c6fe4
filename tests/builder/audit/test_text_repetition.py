"""Repetition of texts across query groups, compared with values computed by hand."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from builder.audit.audit_split import AuditSplit, read_audit_splits
from builder.audit.proper_names import Request
from builder.audit.request_texts import MOST_GROUPS, MOST_STEPS, GroupTexts, group_texts, split_texts
from builder.audit.text_repetition import CONCERNS, KINDS, repetition, text_repetition
from builder.audit.text_report import REPETITION, repetition_cells, texts_in_markdown
from builder.world.concerns import CONCERN_REGISTERS, concerns
from hf_dataset.manifest import read_manifest
from tests.conftest import Built


def texts(instruction: str, *history: str) -> GroupTexts:
    requests = [Request(text, (), frozenset()) for text in (instruction, *history)]
    return GroupTexts(requests[0], tuple(requests[1:]), len(history))


def test_repetition_matches_values_computed_by_hand() -> None:
    found = repetition("names", [{"a", "b"}, {"a", "c"}, {"a"}, {"d", "e"}, set()])
    assert found.distinct == 5
    assert found.frequent == 1 / 5
    assert found.mentions == 3 / 7
    # Of the others, half have `a` and none the rest. The last query group has nothing to share.
    assert found.shared == pytest.approx((1 / 4 + 1 / 4 + 1 / 2 + 0) / 4)
    assert found.most_frequent == (("a", 3 / 5),)


def test_frequent_things_are_in_more_than_one_percent_of_the_query_groups() -> None:
    groups = [{f"own-{number}"} for number in range(300)]
    for number in range(4):
        groups[number].add("in four")
    for number in range(3):
        groups[number].add("in three")
    found = repetition("subjects", groups)
    assert found.distinct == 302
    assert found.frequent == 1 / 302
    assert found.mentions == 4 / 307
    assert found.most_frequent == (("in four", 4 / 300), ("in three", 3 / 300))


def test_the_shared_part_does_not_depend_on_the_number_of_query_groups() -> None:
    few = repetition("names", [{"a"}, {"b"}] * 20)
    many = repetition("names", [{"a"}, {"b"}] * 200)
    assert few.shared == pytest.approx(19 / 39)
    assert many.shared == pytest.approx(199 / 399)


def test_a_single_query_group_repeats_nothing() -> None:
    found = repetition("names", [{"a", "b"}])
    assert (found.distinct, found.frequent, found.mentions, found.shared, found.most_frequent) == (2, 0, 0, None, ())
    assert repetition("places", [set(), set()]).shared is None


def test_histories_and_instructions_are_measured_apart() -> None:
    groups = [texts("ask Zorka", "see Amadou", "meet Amadou today"), texts("see Amadou", "ask Zorka", "go to Oslo now")]
    (item,) = text_repetition({"train": groups})
    assert (item.split, item.query_groups) == ("train", 2)
    assert item.registers is None
    assert item.steps == (2.0, 2.0, 2.0)
    assert item.words == pytest.approx((2, 2.5, 3.85))
    histories = {found.kind: found for found in item.histories}
    assert tuple(histories) == KINDS
    assert (histories["instructions"].distinct, histories["names"].distinct, histories["places"].distinct) == (4, 2, 1)
    assert histories["patterns"].most_frequent == ()
    instructions = {found.kind: found for found in item.instructions}
    assert (instructions["instructions"].distinct, instructions["names"].distinct) == (2, 2)


def test_texts_without_histories_have_figures_on_instructions_only() -> None:
    (item,) = text_repetition({"examples": [texts("ask Zorka"), texts("and ask Zorka")]})
    assert (item.steps, item.words, item.histories) == (None, None, ())
    assert item.instructions[KINDS.index("names")].most_frequent == (("Zorka", 1.0),)
    assert {cells[1] for cells in repetition_cells(item)} == {"instructions"}


@pytest.fixture(scope="module")
def parts(built: Built) -> list[AuditSplit]:
    return read_audit_splits(built.data, "chronological", built.answers, read_manifest(built.data))


def test_one_user_of_each_query_group_is_measured(parts: list[AuditSplit]) -> None:
    for part in parts:
        first = {row.query_group: row for row in reversed(part.rows)}
        found = split_texts(part)
        assert len(found) == len(first) < len(part.rows)
        assert Counter(group.instruction.text for group in found) == Counter(row.instruction for row in first.values())
        row = first[min(first)]
        (group,) = [item for item in found if item.instruction.text == row.instruction]
        assert [request.text for request in group.history] == [step.instruction for step in row.history]
        assert group.steps == len(row.history)
        assert group.instruction.values == tuple(
            map(str, json.loads(row.answer.arguments).values() if row.answer else ())
        )


def test_concerns_and_registers_are_those_of_the_texts(parts: list[AuditSplit]) -> None:
    for part in parts:
        by_name = {concern.name: concern for concern in concerns(part.split)}
        groups = {row.instruction: row for row in part.rows}
        for item in split_texts(part):
            meta = groups[item.instruction.text].meta
            assert meta is not None
            assert item.concerns is not None
            assert len(item.concerns) == meta.concerns
            assert {by_name[name].register for name in item.concerns} == {item.register}
    measured = text_repetition({part.split: split_texts(part) for part in parts})
    for found in measured:
        assert found.registers is not None
        assert set(found.registers) <= set(CONCERN_REGISTERS)
        assert sum(found.registers.values()) == pytest.approx(1)
        assert [item.kind for item in found.histories] == [*KINDS, CONCERNS]


def test_other_catalogues_have_no_concerns_and_no_registers(attribute_built: Built) -> None:
    (part, *_) = read_audit_splits(
        attribute_built.data, "chronological", attribute_built.answers, read_manifest(attribute_built.data)
    )
    groups = split_texts(part)
    assert {(group.concerns, group.register) for group in groups} == {(None, None)}
    (found,) = text_repetition({part.split: groups})
    assert found.registers is None
    assert [item.kind for item in found.histories] == list(KINDS)


def test_texts_of_many_and_long_histories_are_a_sample(parts: list[AuditSplit]) -> None:
    row = parts[0].rows[0]
    long = replace(row, history=[replace(row.history[0], instruction=str(step)) for step in range(MOST_STEPS + 5)])
    rows = [
        replace(long, query_group=f"q{number:04d}", instruction=f"do {number}") for number in range(MOST_GROUPS + 7)
    ]
    found = group_texts(rows, "train")
    assert len(found) == MOST_GROUPS
    assert found == group_texts(reversed(rows), "train")
    assert found != group_texts(rows, "test")
    (group,) = group_texts([long], "train")
    assert (len(group.history), group.steps) == (MOST_STEPS, MOST_STEPS + 5)
    assert [group.history[0].text, group.history[-1].text] == ["5", str(MOST_STEPS + 4)]


def test_the_table_escapes_and_shortens_texts() -> None:
    item = text_repetition({"train": [texts("a | b"), texts("a | b"), texts("x" * 200), texts("x" * 200)]})
    page = texts_in_markdown(item)
    (line,) = [line for line in page if line.startswith("| train | instructions | instructions |")]
    assert "a \\| b (50.0)" in line
    assert f"{'x' * 49}\u2026 (50.0)" in line
    assert line.replace("\\|", "").count("|") == len(REPETITION) + 1
