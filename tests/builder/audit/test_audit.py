"""Audit of tools with attributes: valid data sets pass, and each kind of defect fails its gate or check."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.audit.audit_report import to_markdown, write_audit_report
from builder.audit.audit_split import AuditSplit, read_audit_splits
from builder.audit.gates import Outcome, reader_gate, upper_gate
from builder.audit.row_checks import run_checks
from builder.audit.run_audit import Audit, ConfigAudit, audit, audit_config
from builder.audit.shortcut import Shortcut, ShortcutPredictor
from builder.audit.shortcuts import SHORTCUTS
from builder.audit.text_repetition import KINDS
from builder.embedding import SentenceEncoder
from builder.errors import OutputError
from builder.predictors.protocol import Predictor
from builder.predictors.reading import View
from builder.predictors.scored_choice import ScoredPredictor
from builder.predictors.simple import uniform
from builder.users.preference_readers import attributes_of
from hf_dataset.manifest import read_manifest
from hf_dataset.schema import HISTORY_TYPES, Instance
from tests.builder.audit.changes import Change, answer_by, changed
from tests.conftest import Built, silent
from tests.fakes.attribute_catalogue.composition import attribute_axes


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


@pytest.fixture(scope="module")
def whole(attribute_built: Built, encoder: SentenceEncoder) -> Audit:
    return audit(attribute_built.data, attribute_built.answers, read_manifest(attribute_built.data), encoder, silent)


@pytest.fixture(scope="module")
def audits(whole: Audit) -> dict[str, ConfigAudit]:
    return {item.config: item for item in whole.configs}


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_a_built_data_set_passes(audits: dict[str, ConfigAudit], config: str) -> None:
    item = audits[config]
    assert item.failed == []
    assert {gate.rows for gate in item.gates} == {120}
    assert {"oracle", "random", "history of another user"} <= {gate.name for gate in item.gates}


def test_shortcuts_that_skip_steps_are_reported(audits: dict[str, ConfigAudit]) -> None:
    wording = ["sentences of own liked history", "words of own liked history"]
    assert [gate.name for gate in audits["chronological"].reported][:4] == [
        *wording,
        "first 1 steps skipped",
        "first 2 steps skipped",
    ]
    assert [gate.name for gate in audits["rating_integrated"].reported] == wording


def test_shortcuts_on_one_axis_are_reported_and_moderately_accurate(audits: dict[str, ConfigAudit]) -> None:
    """The majority value on one axis gives the answer only if the preference is about that axis."""
    single = {gate.name: gate.accuracy for gate in audits["preferred_only"].reported[2:]}
    assert list(single) == [f"majority of {axis}" for axis in sorted(attribute_axes())]
    assert all(0.1 < accuracy < 0.6 for accuracy in single.values())
    assert 0.2 < sum(single.values()) / len(single) < 0.45


def test_sentences_of_the_history_do_not_reveal_the_answer(audits: dict[str, ConfigAudit]) -> None:
    for item in audits.values():
        sentences = item.reported[0]
        assert sentences.accuracy <= sentences.bound + sentences.margin


def test_without_the_answers_the_test_split_is_left_out(attribute_built: Built) -> None:
    parts = read_audit_splits(attribute_built.data, "chronological", None, read_manifest(attribute_built.data))
    assert [part.split for part in parts] == ["train", "validation"]


def splits_of(attribute_built: Built, config: str) -> list[AuditSplit]:
    return read_audit_splits(attribute_built.data, config, attribute_built.answers, read_manifest(attribute_built.data))


def longest_description(part: AuditSplit, row: Instance) -> str:
    return max(part.capable_tools(row), key=lambda name: len(part.tools[name].description))


def answer_first(_: AuditSplit, row: Instance) -> Instance:
    """Put the answer first among the candidates."""
    assert row.answer is not None
    name = row.answer.name
    return replace(row, candidates=sorted(row.candidates, key=lambda tool: tool.name != name))


def provider_in_history(_: AuditSplit, row: Instance) -> Instance:
    tool = replace(row.candidates[0], provider=row.history_tools[0].provider)
    return replace(row, candidates=[tool, *row.candidates[1:]])


def without_disliked(_: AuditSplit, row: Instance) -> Instance:
    return replace(row, history=[step for step in row.history if step.rating == 1])


def repeated_current_calls(_: AuditSplit, row: Instance) -> Instance:
    """Repeat the calls under the current preference, so that they outnumber the earlier ones."""
    assert row.meta is not None
    drift = row.meta.drift_step or 0
    return replace(row, history=[*row.history[:2], *row.history[drift:], *row.history[drift:]])


def description_in_instruction(part: AuditSplit, row: Instance) -> Instance:
    """Add the answer's documentation to the instruction."""
    assert row.answer is not None
    return replace(row, instruction=f"{row.instruction} {part.tools[row.answer.name].description}")


def attribute_in_instruction(part: AuditSplit, row: Instance) -> Instance:
    """Add an attribute of the answer to the instruction that another candidate does not have."""
    assert row.answer is not None
    attributes = attributes_of(part.tools[row.answer.name])
    other = next(attributes_of(part.tools[name]) for name in part.capable_tools(row) if name != row.answer.name)
    axis, value = next((axis, value) for axis, value in attributes.items() if other.get(axis) != value)
    wish = f"{value} {axis}".replace("_", " ")
    return replace(row, instruction=f"{row.instruction}, with {wish} please")


def without_stale_tool(part: AuditSplit, row: Instance) -> Instance:
    """Replace the candidate that was preferred before the last change by a tool that does another job."""
    assert row.answer is not None
    assert row.meta is not None
    capable_tools = part.capable_tools(row)
    scores = part.reading.scores(row, capable_tools, View(range(row.meta.drift_step or 0), order=False))
    stale = max(zip(capable_tools, scores, strict=True), key=lambda pair: pair[1])[0]
    other = next(
        tool
        for tool in part.rows[0].candidates + part.rows[-1].candidates
        if tool.name not in part.doing[row.functionality]
    )
    return replace(row, candidates=[other if tool.name == stale else tool for tool in row.candidates])


@pytest.mark.parametrize(
    ("config", "change", "gate"),
    [
        ("preferred_only", answer_by(longest_description), "longest description"),
        ("preferred_only", answer_by(lambda part, row: part.capable_tools(row)[0]), "oracle"),
        ("preferred_only", description_in_instruction, "lexical match with the instruction"),
        ("preferred_only", lambda _, row: replace(row, instruction="do it"), "a value of the answer cannot be read from the instruction"),
        ("preferred_only", lambda _, row: replace(row, instruction=row.history[0].instruction), "an instruction comes twice in an instance"),
        ("preferred_only", lambda part, row: replace(row, instruction=f"{row.instruction} {part.tools[row.answer.name].provider}"), "the instruction names the answer's tool, provider or attribute"),
        ("preferred_only", attribute_in_instruction, "the instruction names the answer's tool, provider or attribute"),
        ("preferred_only", answer_by(lambda part, row: next(tool.name for tool in row.candidates if tool.name not in part.capable_tools(row))), "the answer is no candidate that does the job"),
        ("preferred_only", lambda _, row: replace(row, answer=replace(row.answer, arguments="{}")), "the answer has no arguments"),
        ("preferred_only", lambda _, row: replace(row, candidates=[tool for tool in row.candidates if tool.name == row.answer.name]), "fewer than 3 candidates do the job"),
        ("preferred_only", provider_in_history, "the provider of a candidate stands in the history"),
        ("rating_integrated", without_disliked, "ratings ignored"),
        ("chronological", repeated_current_calls, "order ignored"),
        ("chronological", without_stale_tool, "the tool wanted before the last change is no candidate"),
    ],
)  # fmt: skip
def test_a_defect_fails_its_gate_or_check(attribute_built: Built, config: str, change: Change, gate: str) -> None:
    parts = changed(splits_of(attribute_built, config), change)
    assert gate in audit_config(parts).failed


def test_a_popular_tool_fails_the_gates_on_popularity(attribute_built: Built) -> None:
    """The answer is always the first tool by name, and every query group occurs three times."""
    parts = changed(
        splits_of(attribute_built, "preferred_only"), answer_by(lambda part, row: min(part.capable_tools(row)))
    )
    tripled = [
        replace(part, rows=[replace(row, query_group=f"{row.query_group}-{copy}", instance_id=f"{row.instance_id}-{copy}") for row in part.rows for copy in range(3)])
        for part in parts
    ]  # fmt: skip
    failed = audit_config(tripled).failed
    assert "most popular tool elsewhere" in failed
    assert "most popular provider elsewhere" in failed


def answered_by(part: AuditSplit, predictor: Predictor) -> AuditSplit:
    """Replace the answers by the calls of a predictor."""

    def choose(_: AuditSplit, row: Instance) -> str:
        return str(json.loads(predictor.predict(row))["name"])

    return changed([part], answer_by(choose))[0]


@pytest.mark.parametrize(
    "shortcut",
    [shortcut for shortcut in SHORTCUTS if " elsewhere" not in shortcut.name and shortcut.tools != "facts"],
    ids=lambda shortcut: str(shortcut.name),
)
def test_a_shortcut_that_gives_the_answers_fails_its_gate(attribute_built: Built, shortcut: Shortcut) -> None:
    parts = splits_of(attribute_built, shortcut.configs[-1])
    solved = [answered_by(part, ShortcutPredictor(shortcut, part)) for part in parts]
    assert shortcut.name in audit_config(solved).failed


def test_answers_at_one_position_or_at_random_fail_their_gates(attribute_built: Built) -> None:
    parts = splits_of(attribute_built, "preferred_only")
    assert "best position elsewhere" in audit_config(changed(parts, answer_first)).failed
    drawn = [answered_by(part, ScoredPredictor(uniform, 0)) for part in parts]
    assert "random" in audit_config(drawn).failed


def test_an_instruction_of_another_split_in_a_train_history_is_found(attribute_built: Built) -> None:
    train, *others = splits_of(attribute_built, "preferred_only")
    leaked = others[0].rows[0].instruction
    first = train.rows[0]
    row = replace(first, history=[replace(first.history[0], instruction=leaked), *first.history[1:]])
    failed = audit_config([replace(train, rows=[row, *train.rows[1:]]), *others]).failed
    assert failed == ["an instruction of another split stands in a train history"]


def test_a_train_phrase_in_test_is_found(attribute_built: Built) -> None:
    train, *others = splits_of(attribute_built, "preferred_only")
    phrase = next(iter(train.tools.values())).facts[0].stated
    name, tool = next(iter(others[1].tools.items()))
    worded = replace(tool, facts=[replace(tool.facts[0], stated=phrase), *tool.facts[1:]])
    tools = {**others[1].tools, name: worded}
    worded_train = replace(train, settings=replace(train.settings, worded=True))
    (check,) = [
        check
        for check in run_checks([worded_train, others[0], replace(others[1], tools=tools)])
        if check.name.startswith("tools:")
    ]
    assert (check.violations, check.example, check.passed) == (1, name, False)
    # In a real catalogue, phrases may occur in several splits.
    real_train = replace(train, settings=replace(train.settings, worded=False))
    assert run_checks([real_train, replace(others[1], tools=tools)])[-1].passed


def test_providers_in_histories_are_only_reported_if_allowed(attribute_built: Built) -> None:
    parts = changed(splits_of(attribute_built, "preferred_only"), provider_in_history)
    allowed = [replace(part, settings=replace(part.settings, provider_overlap=True)) for part in parts]
    (check,) = [check for check in run_checks(allowed) if check.name.startswith("the provider of a candidate")]
    assert check.violations == check.rows
    assert check.passed
    assert not check.required


def test_equal_descriptions_are_found(attribute_built: Built) -> None:
    parts = splits_of(attribute_built, "preferred_only")
    equal = [
        replace(part, tools={name: replace(tool, description="One.") for name, tool in part.tools.items()})
        for part in parts
    ]
    assert "two candidates that do the job have one description" in audit_config(equal).failed


def test_the_report_is_written_as_json_markdown_and_plots(whole: Audit, tmp_path: Path) -> None:
    write_audit_report(whole, tmp_path / "report")
    written = json.loads((tmp_path / "report" / "audit.json").read_text())
    assert [item["config"] for item in written["configs"]] == list(HISTORY_TYPES)
    assert all(item["failed"] == [] for item in written["configs"])
    assert written["instructions"]["rows"] == 120
    assert [item["split"] for item in written["texts"]] == ["train", "validation", "test"]
    page = (tmp_path / "report" / "AUDIT.md").read_text()
    assert "| oracle | 100.0 | 99.0 | 0.0 | yes |" in page
    assert page.count("| train | histories | ") == len(KINDS)
    plots = sorted(path.name for path in (tmp_path / "report" / "audit").iterdir())
    assert plots == ["categories.png", "lengths.png", "oracle.png", "shortcuts.png"]
    first = {name: (tmp_path / "report" / "audit" / name).read_bytes() for name in plots}
    assert all(f"](audit/{name})" in page for name in plots)
    write_audit_report(whole, tmp_path / "again")
    assert first == {name: (tmp_path / "again" / "audit" / name).read_bytes() for name in plots}
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_audit_report(whole, tmp_path / "file")


def test_a_gate_that_no_accuracy_could_fail_is_marked(whole: Audit) -> None:
    few = [Outcome(str(index), 1.0, 0.5) for index in range(4)]
    gate = upper_gate("x", few, 13)
    assert gate.passed
    assert not gate.decides
    assert upper_gate("x", few * 1000, 13).decides
    assert reader_gate("x", [Outcome("0", 1.0, 0.5)]).decides
    changed_audit = replace(whole, configs=(replace(whole.configs[0], gates=(gate,)), *whole.configs[1:]))
    assert changed_audit.summary.gates_that_cannot_tell == 1 + sum(
        not other.decides for _, item in changed_audit.parts[1:] for other in item.gates
    )
    assert "| x | 100.0 | 50.0 |" in to_markdown(changed_audit, {})
    assert "| cannot tell |" in to_markdown(changed_audit, {})


def test_a_failed_audit_reports_the_measured_values(attribute_built: Built, whole: Audit) -> None:
    parts = changed(splits_of(attribute_built, "preferred_only"), answer_by(longest_description))
    broken = replace(whole, configs=(audit_config(parts), *whole.configs[1:]))
    (gate,) = [gate for gate in broken.configs[0].gates if gate.name == "longest description"]
    assert gate.accuracy > 0.9
    measured = f"longest description at {100 * gate.accuracy:.1f} % where"
    assert any(text.startswith(f"preferred_only: {measured}") for text in broken.failed), broken.failed
    page = to_markdown(broken, {})
    (line,) = [text for text in page.splitlines() if text.startswith("| longest description |") and "no" in text]
    assert line.endswith(f"| **no**, in {' and '.join(gate.failed_in)} |")


def test_an_audit_breaks_the_oracle_down_by_all_properties(audits: dict[str, ConfigAudit]) -> None:
    chronological = {breakdown.by: breakdown for breakdown in audits["chronological"].oracle}
    assert set(chronological) == {"axis", "history length", "place of the change", "flipped ratings", "category"}
    for by in ("history length", "place of the change", "flipped ratings", "category"):
        assert sum(part.rows for part in chronological[by].parts) == 120
        assert abs(sum(chronological[by].shares.values()) - 1) < 1e-9
    assert sum(part.rows for part in chronological["axis"].parts) > 120
    assert "place of the change" not in {breakdown.by for breakdown in audits["preferred_only"].oracle}
    assert all(part.accuracy == 1 for breakdown in chronological.values() for part in breakdown.parts)
