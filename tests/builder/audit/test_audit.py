"""The audit passes what is valid, and each way of breaking a data set fails the gate that is there for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builder.audit.audit_report import to_markdown, write_report
from builder.audit.audit_split import AuditSplit, gather
from builder.audit.gates import ALPHA, Outcome, in_each_split, oracle_gate, upper_gate
from builder.audit.oracle_breakdown import break_down
from builder.audit.row_checks import run_checks
from builder.audit.run_audit import Audit, ConfigAudit, audit, audit_config
from builder.audit.shortcuts import SHORTCUTS, Shortcut, ShortcutPredictor
from builder.audit.text_quality import stated
from builder.embedding import SentenceEncoder
from builder.errors import OutputError
from builder.predictors.protocol import Predictor
from builder.predictors.scored_choice import ScoredPredictor
from builder.predictors.simple import uniform
from builder.users.preference_readers import PreferenceReader, Step
from builder.world.marketplace import axes
from hf_dataset.reader import read_manifest
from hf_dataset.schema import HISTORY_TYPES, AnswerRow, Instance, InteractionRow, MetaRow
from tests.conftest import Built, silent

Change = Callable[[AuditSplit, Instance], Instance]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


@pytest.fixture(scope="module")
def whole(built: Built, encoder: SentenceEncoder) -> Audit:
    return audit(built.data, built.answers, read_manifest(built.data), encoder, silent)


@pytest.fixture(scope="module")
def audits(whole: Audit) -> dict[str, ConfigAudit]:
    return {item.config: item for item in whole.configs}


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_a_built_data_set_passes(audits: dict[str, ConfigAudit], config: str) -> None:
    item = audits[config]
    assert item.failed == []
    assert {gate.rows for gate in item.gates} == {120}
    assert {"oracle", "random", "history of another user"} <= {gate.name for gate in item.gates}


def test_reading_by_fixed_skips_is_reported(audits: dict[str, ConfigAudit]) -> None:
    wording = ["sentences of own liked history", "words of own liked history"]
    assert [gate.name for gate in audits["chronological"].reported][:4] == [
        *wording,
        "first 1 steps skipped",
        "first 2 steps skipped",
    ]
    assert [gate.name for gate in audits["rating_integrated"].reported] == wording


def test_one_axis_alone_is_reported_and_tells_part_of_it(audits: dict[str, ConfigAudit]) -> None:
    """What most tools of a history have on one axis singles out the answer where the preference is about that axis."""
    single = {gate.name: gate.accuracy for gate in audits["preferred_only"].reported[2:]}
    assert list(single) == [f"majority of {axis}" for axis in sorted(axes())]
    assert all(0.1 < accuracy < 0.6 for accuracy in single.values())
    assert 0.2 < sum(single.values()) / len(single) < 0.45


def test_no_sentence_of_a_candidate_stands_in_the_history(audits: dict[str, ConfigAudit]) -> None:
    for item in audits.values():
        sentences = item.reported[0]
        assert sentences.accuracy <= sentences.bound + sentences.margin


def test_without_the_answers_the_test_split_is_left_out(built: Built) -> None:
    parts = gather(built.data, "chronological", None, read_manifest(built.data))
    assert [part.split for part in parts] == ["train", "validation"]


def splits_of(built: Built, config: str) -> list[AuditSplit]:
    return gather(built.data, config, built.answers, read_manifest(built.data))


def changed(parts: Sequence[AuditSplit], change: Change) -> list[AuditSplit]:
    return [replace(part, rows=[change(part, row) for row in part.rows]) for part in parts]


def answer_by(choose: Callable[[AuditSplit, Instance], str]) -> Change:
    """Make the tool that `choose` names the answer."""

    def change(part: AuditSplit, row: Instance) -> Instance:
        assert row.answer is not None
        return replace(row, answer=AnswerRow(choose(part, row), row.answer.arguments))

    return change


def longest(part: AuditSplit, row: Instance) -> str:
    return max(part.able(row), key=lambda name: len(part.tools[name].description))


def seen_in_history(_: AuditSplit, row: Instance) -> Instance:
    tool = replace(row.candidates[0], provider=row.history_tools[0].provider)
    return replace(row, candidates=[tool, *row.candidates[1:]])


def without_disliked(_: AuditSplit, row: Instance) -> Instance:
    return replace(row, history=[step for step in row.history if step.rating == 1])


def newest_first(_: AuditSplit, row: Instance) -> Instance:
    """Let calls under the current preference stand twice."""
    assert row.meta is not None
    drift = row.meta.drift_step or 0
    return replace(row, history=[*row.history[:2], *row.history[drift:], *row.history[drift:]])


def telling_description(part: AuditSplit, row: Instance) -> Instance:
    """Let the instruction hold the words of the answer's documentation."""
    assert row.answer is not None
    return replace(row, instruction=f"{row.instruction} {part.tools[row.answer.name].description}")


def naming_an_attribute(part: AuditSplit, row: Instance) -> Instance:
    """Let the instruction ask for what sets the answer apart from another candidate."""
    assert row.answer is not None
    own = part.attributes[row.answer.name]
    other = next(part.attributes[name] for name in part.able(row) if name != row.answer.name)
    value = next(value for axis, value in own.items() if other.get(axis) != value)
    return replace(row, instruction=f"{row.instruction}, {value.replace('_', ' ')} please")


def without_stale_tool(part: AuditSplit, row: Instance) -> Instance:
    """Take the tool wanted before the change from the candidates, and put one in its place that does another job."""
    assert row.answer is not None
    assert row.meta is not None
    able = part.able(row)
    scores = part.reader.scores(
        part.steps(row)[: row.meta.drift_step], [part.attributes[name] for name in able], changes=0
    )
    stale = able[scores.index(max(scores))]
    other = next(
        tool
        for tool in part.rows[0].candidates + part.rows[-1].candidates
        if tool.name not in part.doing[row.functionality]
    )
    return replace(row, candidates=[other if tool.name == stale else tool for tool in row.candidates])


@pytest.mark.parametrize(
    ("config", "change", "gate"),
    [
        ("preferred_only", answer_by(longest), "longest description"),
        ("preferred_only", answer_by(lambda part, row: part.able(row)[0]), "oracle"),
        ("preferred_only", telling_description, "lexical match with the instruction"),
        ("preferred_only", lambda _, row: replace(row, instruction="do it"), "a value of the answer cannot be read from the instruction"),
        ("preferred_only", lambda _, row: replace(row, instruction=row.history[0].instruction), "an instruction comes twice in an instance"),
        ("preferred_only", lambda part, row: replace(row, instruction=f"{row.instruction} {part.tools[row.answer.name].provider}"), "the instruction names the answer's tool, provider or attribute"),
        ("preferred_only", naming_an_attribute, "the instruction names the answer's tool, provider or attribute"),
        ("preferred_only", answer_by(lambda part, row: next(tool.name for tool in row.candidates if tool.name not in part.able(row))), "the answer is no candidate that does the job"),
        ("preferred_only", lambda _, row: replace(row, answer=replace(row.answer, arguments="{}")), "the answer has no arguments"),
        ("preferred_only", lambda _, row: replace(row, candidates=[tool for tool in row.candidates if tool.name == row.answer.name]), "fewer than 3 candidates do the job"),
        ("preferred_only", seen_in_history, "the provider of a candidate stands in the history"),
        ("rating_integrated", without_disliked, "ratings ignored"),
        ("chronological", newest_first, "order ignored"),
        ("chronological", without_stale_tool, "the tool wanted before the last change is no candidate"),
    ],
)  # fmt: skip
def test_a_broken_data_set_fails_the_gate_that_is_there_for_it(
    built: Built, config: str, change: Change, gate: str
) -> None:
    parts = changed(splits_of(built, config), change)
    assert gate in audit_config(parts).failed


def test_a_popular_tool_fails_the_gates_on_popularity(built: Built) -> None:
    """The first tool by name is always the answer, and every question is asked by three query groups."""
    parts = changed(splits_of(built, "preferred_only"), answer_by(lambda part, row: min(part.able(row))))
    tripled = [
        replace(part, rows=[replace(row, query_group=f"{row.query_group}-{copy}", instance_id=f"{row.instance_id}-{copy}") for row in part.rows for copy in range(3)])
        for part in parts
    ]  # fmt: skip
    failed = audit_config(tripled).failed
    assert "most popular tool elsewhere" in failed
    assert "most popular provider elsewhere" in failed


def answered_by(part: AuditSplit, predictor: Predictor) -> AuditSplit:
    """Make what a predictor calls the answer."""

    def choose(_: AuditSplit, row: Instance) -> str:
        return str(json.loads(predictor.predict(row))["name"])

    return changed([part], answer_by(choose))[0]


@pytest.mark.parametrize(
    "shortcut", [one for one in SHORTCUTS if " elsewhere" not in one.name], ids=lambda one: str(one.name)
)
def test_answers_that_a_shortcut_gives_fail_its_gate(built: Built, shortcut: Shortcut) -> None:
    parts = splits_of(built, shortcut.configs[-1])
    told = [answered_by(part, ShortcutPredictor(shortcut, part)) for part in parts]
    assert shortcut.name in audit_config(told).failed


def test_answers_in_one_place_or_at_random_fail_their_gates(built: Built) -> None:
    parts = splits_of(built, "preferred_only")
    first = changed(parts, answer_by(lambda part, row: part.able(row)[0]))
    assert "best position elsewhere" in audit_config(first).failed
    drawn = [answered_by(part, ScoredPredictor(uniform, 0)) for part in parts]
    assert "random" in audit_config(drawn).failed


def test_a_test_instruction_in_a_train_history_is_found(built: Built) -> None:
    train, *others = splits_of(built, "preferred_only")
    stolen = others[0].rows[0].instruction
    first = train.rows[0]
    row = replace(first, history=[replace(first.history[0], instruction=stolen), *first.history[1:]])
    failed = audit_config([replace(train, rows=[row, *train.rows[1:]]), *others]).failed
    assert failed == ["an instruction of another split stands in a train history"]


def test_a_train_phrase_in_test_is_found(built: Built) -> None:
    train, *others = splits_of(built, "preferred_only")
    phrase = next(iter(train.tools.values())).attributes[0].evidence
    name, tool = next(iter(others[1].tools.items()))
    worded = replace(tool, attributes=[replace(tool.attributes[0], evidence=phrase), *tool.attributes[1:]])
    tools = {**others[1].tools, name: worded}
    (check,) = [
        check
        for check in run_checks([train, others[0], replace(others[1], tools=tools)])
        if check.name.startswith("tools:")
    ]
    assert (check.violations, check.example, check.passed) == (1, name, False)
    # A real catalogue's providers word their documentation as they like.
    real = replace(train, facts=replace(train.facts, worded=False))
    assert run_checks([real, replace(others[1], tools=tools)])[-1].passed


def test_open_providers_are_counted_only(built: Built) -> None:
    parts = changed(splits_of(built, "preferred_only"), seen_in_history)
    open_to_all = [replace(part, facts=replace(part.facts, provider_overlap=0.5)) for part in parts]
    (check,) = [check for check in run_checks(open_to_all) if check.name.startswith("the provider of a candidate")]
    assert check.violations == check.rows
    assert check.passed
    assert not check.required


def test_equal_descriptions_are_found(built: Built) -> None:
    parts = splits_of(built, "preferred_only")
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


def test_a_handful_of_query_groups_that_agree_by_chance_is_no_proof() -> None:
    """Each of three query groups has one right answer of four, where one of ten is expected."""
    outcomes = [Outcome(str(index // 4), index % 4 == 0, 0.1) for index in range(12)]
    gate = upper_gate("x", outcomes, 13)
    assert gate.accuracy == 0.25
    assert gate.passed
    assert not upper_gate(
        "x", [replace(one, query_group=f"{one.query_group}-{copy}") for one in outcomes for copy in range(20)], 13
    ).passed


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


def test_expected_noise_lowers_what_the_oracle_must_reach() -> None:
    outcomes = [Outcome(str(index), index % 10 > 0, 0.2) for index in range(1000)]
    assert not oracle_gate(outcomes).passed
    assert not oracle_gate(outcomes, expected_loss=0.01).passed
    gate = oracle_gate(outcomes, expected_loss=0.1)
    assert gate.passed
    assert abs(gate.bound - 0.89) < 1e-9


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


def test_the_report_is_written_as_json_page_and_plots(whole: Audit, tmp_path: Path) -> None:
    write_report(whole, tmp_path / "report")
    written = json.loads((tmp_path / "report" / "audit.json").read_text())
    assert [item["config"] for item in written["configs"]] == list(HISTORY_TYPES)
    assert all(item["failed"] == [] for item in written["configs"])
    assert written["instructions"]["rows"] == 120
    page = (tmp_path / "report" / "AUDIT.md").read_text()
    assert "| oracle | 100.0 | 99.0 | 0.0 | yes |" in page
    plots = sorted(path.name for path in (tmp_path / "report" / "audit").iterdir())
    assert plots == ["categories.png", "lengths.png", "oracle.png", "shortcuts.png"]
    first = {name: (tmp_path / "report" / "audit" / name).read_bytes() for name in plots}
    assert all(f"](audit/{name})" in page for name in plots)
    write_report(whole, tmp_path / "again")
    assert first == {name: (tmp_path / "again" / "audit" / name).read_bytes() for name in plots}
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(whole, tmp_path / "file")


def test_a_gate_must_hold_for_each_split() -> None:
    """A shortcut, or an oracle that is wrong, in one small split hides in the mean of all rows."""
    rows = {
        split: [Outcome(f"{split}{index // 4}", float(index % 4 < right), 0.25) for index in range(count)]
        for split, count, right in (("train", 9000, 1), ("validation", 1000, 2), ("test", 3000, 1))
    }
    pooled = upper_gate("x", [one for own in rows.values() for one in own], 1)
    gate = in_each_split(lambda own: upper_gate("x", own, 1), rows)
    assert gate.accuracy == pooled.accuracy == pytest.approx(0.269, abs=0.001)
    assert (gate.passed, gate.failed_in) == (False, ("validation",))
    assert gate.splits == {"train": 0.25, "validation": 0.5, "test": 0.25}
    solved = {
        split: [Outcome(f"{index}", float(index >= wrong), 0.25) for index in range(count)]
        for split, count, wrong in (("train", 9000, 0), ("validation", 1000, 100), ("test", 3000, 0))
    }
    assert oracle_gate([one for own in solved.values() for one in own]).passed
    assert in_each_split(oracle_gate, solved).failed_in == ("validation",)


def test_a_gate_that_no_accuracy_fails_cannot_tell(whole: Audit) -> None:
    few = [Outcome(str(index), 1.0, 0.5) for index in range(4)]
    gate = upper_gate("x", few, 13)
    assert gate.passed
    assert not gate.decides
    assert upper_gate("x", few * 1000, 13).decides
    assert oracle_gate([Outcome("0", 1.0, 0.5)]).decides
    told = replace(whole, configs=(replace(whole.configs[0], gates=(gate,)), *whole.configs[1:]))
    assert told.summary["gates_that_cannot_tell"] == 1 + sum(
        not one.decides for _, item in told.parts[1:] for one in item.gates
    )
    assert "| x | 100.0 | 50.0 |" in to_markdown(told, {})
    assert "| cannot tell |" in to_markdown(told, {})


def test_two_preferences_are_told_apart_whatever_their_order() -> None:
    values = ("a", "b", "c", "d")
    tools = [{"pricing": one, "speed": other} for one in values for other in values]
    reader = PreferenceReader(tools)
    rarer, commoner = {"pricing": "a", "speed": "b"}, {"pricing": "c", "speed": "d"}
    history = [Step(commoner, None)] * 6 + [Step(rarer, None)] * 3
    candidates = [{"pricing": "b", "speed": "c"}, commoner, {"pricing": "d", "speed": "a"}, rarer]
    assert reader.two_preferences(history, candidates) == (3, 1)
    assert reader.two_preferences(history[::-1], candidates) == (3, 1)
    assert len(set(reader.two_preferences([], candidates))) == 2


def test_a_failed_audit_says_what_was_measured(built: Built, whole: Audit) -> None:
    parts = changed(splits_of(built, "preferred_only"), answer_by(longest))
    broken = replace(whole, configs=(audit_config(parts), *whole.configs[1:]))
    assert any(text.startswith("preferred_only: longest description at 9") for text in broken.failed), broken.failed
    page = to_markdown(broken, {})
    (line,) = [text for text in page.splitlines() if text.startswith("| longest description | 9") and "no" in text]
    assert line.endswith("| **no**, in train and validation |")


def test_the_oracle_is_broken_down_by_what_an_instance_is_like(audits: dict[str, ConfigAudit]) -> None:
    chronological = {one.by: one for one in audits["chronological"].oracle}
    assert set(chronological) == {"axis", "history length", "place of the change", "flipped ratings", "category"}
    for by in ("history length", "place of the change", "flipped ratings", "category"):
        assert sum(part.rows for part in chronological[by].parts) == 120
        assert abs(sum(chronological[by].shares.values()) - 1) < 1e-9
    assert sum(part.rows for part in chronological["axis"].parts) > 120
    assert "place of the change" not in {one.by for one in audits["preferred_only"].oracle}
    assert all(part.accuracy == 1 for one in chronological.values() for part in one.parts)


def test_a_breakdown_counts_who_is_right() -> None:
    rows = [instance(category, "chronological", 10, place) for category, place in (("a", 3), ("a", 5), ("b", 5))]
    found = {
        one.by: {each.label: (each.rows, each.accuracy) for each in one.parts}
        for one in break_down(rows, [True, False, True])
    }
    assert found["category"] == {"a": (2, 0.5), "b": (1, 1.0)}
    assert found["place of the change"] == {"0.3": (1, 1.0), "0.5": (2, 0.5)}
    assert found["history length"] == {"010": (3, 2 / 3)}


def instance(category: str, name: str, length: int, place: int) -> Instance:
    step = InteractionRow("do it", "a__x", "{}", None)
    meta = MetaRow(["pricing"], place, 0.0, "random", 1, [])
    return Instance(
        f"{name}-{category}-{place}",
        "u",
        f"q{category}{place}",
        category,
        "job",
        "do",
        [step] * length,
        [],
        [],
        AnswerRow("a__x", "{}"),
        [],
        meta,
    )


def test_familiarity_is_higher_for_what_is_usual() -> None:
    reader = PreferenceReader([{"pricing": "free"}, {"pricing": "free"}, {"pricing": "paid"}])
    assert reader.familiarity({"pricing": "free"}) > reader.familiarity({"pricing": "paid"})
    assert reader.familiarity({}) == 0.0
