"""Audit of tools with facts: valid splits pass, and each kind of defect fails its gate or check."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from builder.audit.audit_split import AuditSplit, audit_settings
from builder.audit.learned_shortcuts import learned_shortcuts
from builder.audit.row_checks import Check, run_checks
from builder.audit.run_audit import ConfigAudit, audit_config, shortcut_gate
from builder.audit.shortcut import Shortcut, ShortcutPredictor
from builder.audit.shortcuts import SHORTCUTS
from builder.audit.text_shortcuts import labels
from builder.predictors.protocol import Predictor
from hf_dataset.manifest import Manifest
from hf_dataset.schema import HISTORY_TYPES, AnswerRow, FactRow, Instance, ToolDoc, ToolRow
from tests.builder.audit.changes import Change, answer_by, changed

from .fact_rows import fact_splits, plain_rows

GROUPS = 12
TESTS = 80
"""Number of tests that share the level of a gate, about as many as in an audit."""


def splits(config: str = "preferred_only") -> list[AuditSplit]:
    return fact_splits(config, GROUPS)


def answered_by(part: AuditSplit, predictor: Predictor) -> AuditSplit:
    """Replace the answers by the calls of a predictor."""
    return changed([part], answer_by(lambda _, row: str(json.loads(predictor.predict(row))["name"])))[0]


def gate_of(parts: Sequence[AuditSplit], name: str) -> bool:
    """Return True if the gate on a shortcut holds."""
    (shortcut,) = [item for item in (*SHORTCUTS, *learned_shortcuts(parts[0])) if item.name == name]
    return shortcut_gate(parts, shortcut, TESTS).passed


def check_of(parts: Sequence[AuditSplit], name: str) -> Check:
    (check,) = [check for check in run_checks(parts) if check.name == name]
    return check


@pytest.fixture(scope="module")
def audits() -> dict[str, ConfigAudit]:
    return {config: audit_config(splits(config)) for config in HISTORY_TYPES}


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_valid_splits_pass(audits: dict[str, ConfigAudit], config: str) -> None:
    item = audits[config]
    assert item.failed == []
    names = [gate.name for gate in item.gates]
    assert names[:3] == ["oracle", "counter", "linear"]
    assert {"random", "rarest answer elsewhere", "history of another user", "jobs of the history alone"} <= set(names)
    assert {gate.rows for gate in item.gates[:3]} == {3 * GROUPS * 4}
    assert not {"no history, usual attributes", "order ignored, rarer of two preferences"} & set(names)


def test_readers_are_reported_by_kind_and_by_the_number_of_concerns(audits: dict[str, ConfigAudit]) -> None:
    for item in audits.values():
        kinds = [gate for gate in (*item.gates, *item.reported) if gate.name.startswith("counter, ")]
        assert {gate.name for gate in kinds} >= {"counter, limit", "counter, trade", "counter, 2 concerns"}
        assert all(gate.is_lower and gate.accuracy == 1 for gate in kinds)
        assert sum(gate.rows for gate in kinds if "concern" not in gate.name) == 3 * GROUPS * 4


def test_what_is_only_reported(audits: dict[str, ConfigAudit]) -> None:
    names = {config: [gate.name for gate in item.reported if not gate.is_lower] for config, item in audits.items()}
    everywhere = ["words of own liked history", "concerns ignored", "called tools without the other offered ones"]
    assert names["rating_integrated"] == names["chronological"] == everywhere
    assert names["preferred_only"][:3] == everywhere
    assert {"best on price", "majority of region"} < set(names["preferred_only"][3:])


def test_the_audit_is_broken_down_by_kind_concerns_and_change(audits: dict[str, ConfigAudit]) -> None:
    assert {"kind", "concerns", "change", "telling steps"} <= {item.by for item in audits["chronological"].oracle}


@pytest.mark.parametrize(
    "shortcut",
    [
        shortcut
        for shortcut in SHORTCUTS
        if shortcut.tools != "attributes" and " elsewhere" not in shortcut.name and "dealt" not in shortcut.name
    ],
    ids=lambda shortcut: str(shortcut.name),
)
def test_a_shortcut_that_gives_the_answers_fails_its_gate(shortcut: Shortcut) -> None:
    parts = splits(shortcut.configs[-1])
    assert shortcut_gate(parts, shortcut, TESTS).passed
    solved = [answered_by(part, ShortcutPredictor(shortcut, part)) for part in parts]
    assert not shortcut_gate(solved, shortcut, TESTS).passed


def test_a_popular_tool_fails_the_gates_on_popularity() -> None:
    """The answer is always the first tool by name, and every query group occurs three times."""
    parts = changed(splits(), answer_by(lambda part, row: min(part.capable_tools(row))))
    tripled = [
        replace(part, rows=[replace(row, query_group=f"{row.query_group}-{copy}", instance_id=f"{row.instance_id}-{copy}") for row in part.rows for copy in range(3)])
        for part in parts
    ]  # fmt: skip
    assert not gate_of(tripled, "most popular tool elsewhere")
    assert not gate_of(tripled, "most popular provider elsewhere")


def test_answers_at_one_position_fail_the_gate() -> None:
    def change(_: AuditSplit, row: Instance) -> Instance:
        return replace(row, candidates=sorted(row.candidates, key=lambda tool: tool.name != row.answer.name))  # type: ignore[union-attr]

    assert not gate_of(changed(splits(), change), "best position elsewhere")


def dealt(part: AuditSplit, row: Instance) -> str:
    """Deal out the candidates among the users of a query group, each tool once."""
    users = sorted(other.user_id for other in part.rows if other.query_group == row.query_group)
    return sorted(part.capable_tools(row))[users.index(row.user_id)]


def test_tools_that_are_dealt_out_once_fail_their_gates_and_are_reported() -> None:
    parts = changed(splits(), answer_by(dealt))
    assert not gate_of(parts, "the rest after each tool is dealt once")
    assert not gate_of(parts, "rarest answer elsewhere")
    check = check_of(parts, "query groups: no two users want one tool")
    assert (check.violations, check.rows, check.passed) == (3 * GROUPS, 3 * GROUPS, True)
    assert check_of(splits(), check.name).violations < 3 * GROUPS / 2


@pytest.mark.parametrize(("equal", "violations", "passed"), [(1, 0, True), (2, 1, True), (3, 2, False)])
def test_instructions_of_query_groups_may_seldom_recur(equal: int, violations: int, passed: bool) -> None:
    """Of the 36 query groups, one may have the instruction of another one."""
    groups = sorted({row.query_group for part in splits() for row in part.rows})[:equal]

    def change(_: AuditSplit, row: Instance) -> Instance:
        return replace(row, instruction="do it") if row.query_group in groups else row

    check = check_of(changed(splits(), change), "query groups: the instruction is that of an earlier one (3 % allowed)")
    assert (check.violations, check.rows, check.allowed, check.passed) == (violations, 3 * GROUPS, 1, passed)
    assert check.required
    assert bool(check.example) == bool(violations)


def best_on(axis: str, part: AuditSplit, row: Instance) -> str:
    """Return the candidate that is best on an axis where less is better."""
    values = {
        name: float(fact.value)
        for name in part.capable_tools(row)
        for fact in part.tools[name].facts
        if fact.axis == axis
    }
    return min(values or part.capable_tools(row), key=lambda name: (values.get(name, 0), name))


def wants_price(row: Instance) -> bool:
    return int(row.query_group[-3:]) % 2 == 0


def wanted_by_group(part: AuditSplit, row: Instance) -> str:
    """Return the candidate that all users of a query group want: the cheapest one, or the fastest one."""
    return best_on("price" if wants_price(row) else "latency", part, row)


def with_words(part: AuditSplit, row: Instance) -> Instance:
    """Let an instruction of the history tell what is wanted."""
    first = replace(
        row.history[0], instruction=f"{'cheap' if wants_price(row) else 'fast'} {row.history[0].instruction}"
    )
    return answer_by(wanted_by_group)(part, replace(row, history=[first, *row.history[1:]]))


def with_jobs(part: AuditSplit, row: Instance) -> Instance:
    """Let the jobs of the history tell what is wanted."""
    job = sorted(part.doing)[0 if wants_price(row) else -1]
    first = replace(row.history[0], name=min(part.doing[job]))
    return answer_by(wanted_by_group)(part, replace(row, history=[first, *row.history[1:]]))


def plain() -> list[AuditSplit]:
    return [replace(part, rows=plain_rows(part, 70)) for part in splits()]


@pytest.mark.parametrize(
    ("change", "gate"),
    [(with_words, "instructions of the history alone"), (with_jobs, "jobs of the history alone")],
)
def test_a_history_whose_words_or_jobs_tell_the_answer_fails_its_gate(change: Change, gate: str) -> None:
    assert gate_of(plain(), gate)
    assert not gate_of(changed(plain(), change), gate)


def test_one_axis_that_is_always_wanted_is_found_without_any_words() -> None:
    parts = changed(plain(), answer_by(lambda part, row: best_on("price", part, row)))
    assert not gate_of(parts, "instructions of the history alone")


def test_answers_that_no_reader_finds_fail_the_gates_of_all_readers() -> None:
    failed = audit_config(changed(splits(), answer_by(lambda part, row: part.capable_tools(row)[0]))).failed
    assert {"oracle", "counter", "linear"} <= set(failed)


def test_a_kind_with_enough_rows_has_a_gate_of_its_own() -> None:
    """The answers of one kind are wrong: few of all rows, but all of this kind."""

    def change(part: AuditSplit, row: Instance) -> Instance:
        assert row.meta is not None
        assert row.answer is not None
        own = replace(row, meta=replace(row.meta, kind="limit"))
        if int(row.query_group[-3:]):
            return own
        other = next(name for name in part.capable_tools(row) if name != row.answer.name)
        return replace(row, answer=AnswerRow(other, row.answer.arguments), meta=replace(row.meta, kind="single"))

    item = audit_config(changed(splits(), change))
    gates = {gate.name: gate for gate in item.gates}
    assert gates["oracle, limit"].passed
    assert not gates["oracle"].passed
    assert "oracle, single" not in gates
    (single,) = [gate for gate in item.reported if gate.name == "oracle, single"]
    assert single.accuracy == 0


def test_where_evidence_is_scarce_readers_are_only_reported() -> None:
    wrong = changed(splits(), answer_by(lambda part, row: part.capable_tools(row)[0]))
    scarce = [replace(part, settings=replace(part.settings, scarce=True)) for part in wrong]
    item = audit_config(scarce)
    assert not [gate for gate in item.gates if gate.is_lower]
    assert {"oracle", "counter", "linear"} <= {gate.name for gate in item.reported}
    settings = audit_settings(manifest_with({"evidence": [1, 2, 4]}), "preferred_only")
    assert settings.scarce
    assert not audit_settings(manifest_with({"evidence": []}), "preferred_only").scarce


def manifest_with(choices: dict[str, object]) -> Manifest:
    config = {"candidates": {"provider_overlap": False}, "histories": {"changes": 1}, "choices": choices}
    return Manifest(build_id="", builder="", catalog="builtin", rows={}, tokenizer="", config=config)


def without_disliked(_: AuditSplit, row: Instance) -> Instance:
    assert row.meta is not None
    kept = [place for place, step in enumerate(row.history) if step.rating == 1]
    concerns = [row.meta.step_concerns[place] for place in kept] if row.meta.step_concerns else None
    return replace(
        row, history=[row.history[place] for place in kept], meta=replace(row.meta, step_concerns=concerns), evidence=[]
    )


def without_earlier(_: AuditSplit, row: Instance) -> Instance:
    assert row.meta is not None
    assert row.meta.step_concerns is not None
    start = row.meta.drift_step or 0
    meta = replace(row.meta, step_concerns=row.meta.step_concerns[start:], drift_step=None)
    return replace(row, history=row.history[start:], meta=meta, evidence=[])


@pytest.mark.parametrize(
    ("config", "change", "gate"),
    [
        ("rating_integrated", without_disliked, "ratings ignored"),
        ("chronological", without_earlier, "order ignored"),
        ("chronological", without_earlier, "first half only"),
    ],
)
def test_histories_that_need_no_ratings_or_order_fail_their_gates(config: str, change: Change, gate: str) -> None:
    assert gate_of(splits(config), gate)
    assert not gate_of(changed(splits(config), change), gate)


def with_meta(**fields: object) -> Change:
    def change(_: AuditSplit, row: Instance) -> Instance:
        assert row.meta is not None
        return replace(row, meta=replace(row.meta, **fields))  # type: ignore[arg-type]

    return change


def with_step(place: int, **fields: object) -> Change:
    def change(_: AuditSplit, row: Instance) -> Instance:
        step = replace(row.history[place], **fields)  # type: ignore[arg-type]
        return replace(row, history=[*row.history[:place], step, *row.history[place + 1 :]])

    return change


def offered_with_candidate(part: AuditSplit, row: Instance) -> Instance:
    step = row.history[0]
    return with_step(0, offered=[*step.offered[:2], part.capable_tools(row)[0]])(part, row)


def provider_shown(part: AuditSplit, row: Instance) -> Instance:
    provider = part.tools[part.capable_tools(row)[0]].provider
    return replace(row, history_tools=[ToolDoc("x__y", provider, "", "", "{}"), *row.history_tools])


def category_said(part: AuditSplit, row: Instance) -> Instance:
    """Let the instruction say how the answer can be accessed; for some answers that singles them out."""
    assert row.answer is not None
    said = [fact.value for fact in part.tools[row.answer.name].facts if fact.axis == "access"]
    return replace(row, instruction=f"{row.instruction}, {said}")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda _, row: replace(row, history=[replace(row.history[0], offered=row.history[1].offered), *row.history[1:]]), "the called tool was not offered"),
        (offered_with_candidate, "tools for different jobs were offered together"),
        (with_meta(step_concerns=[0]), "the metadata does not fit the history"),
        (with_meta(step_concerns=None), "the metadata does not fit the history"),
        (with_meta(drift_step=0), "the metadata does not fit the history"),
        (lambda _, row: replace(row, evidence=[0]), "the metadata does not fit the history"),
        (provider_shown, "the provider of a candidate for the job stands in the history"),
        (category_said, "the instruction names the answer's tool, provider or category"),
        (lambda part, row: replace(row, instruction=part.tools[row.answer.name].provider), "the instruction names the answer's tool, provider or category"),
        (lambda _, row: replace(row, instruction="do it"), "an argument does not follow from instruction, schema, day and history"),
        (with_meta(arguments=["code"]), "an argument does not follow from instruction, schema, day and history"),
        (answer_by(lambda part, row: min(part.capable_tools(row))), "query groups: all users want one tool"),
    ],
)  # fmt: skip
def test_a_defect_of_the_rows_fails_its_check(change: Change, name: str) -> None:
    assert check_of(splits(), name).passed
    check = check_of(changed(splits(), change), name)
    assert check.violations > 0
    assert not check.passed
    assert check.example


def with_facts(part: AuditSplit, name: str, change: Callable[[FactRow], FactRow | None]) -> AuditSplit:
    """Change the facts of a tool; a fact that becomes None is dropped."""
    facts = [fact for fact in map(change, part.tools[name].facts) if fact is not None]
    return replace(part, tools={**part.tools, name: replace(part.tools[name], facts=facts)})


def test_a_candidate_that_is_worse_on_everything_is_found() -> None:
    train, *others = splits()
    row = train.rows[0]
    good, bad = train.capable_tools(row)[:2]
    facts = {fact.axis: fact for fact in train.tools[good].facts}
    worse = with_facts(
        train, bad, lambda fact: replace(facts[fact.axis], value="79") if fact.axis == "price" else facts[fact.axis]
    )
    check = check_of([worse, *others], "a candidate for the job is worse than another on every stated axis")
    assert check.violations >= 4
    assert check.example == row.instance_id


def test_a_wanted_axis_that_a_candidate_does_not_state_is_found() -> None:
    train, *others = splits()
    row = train.rows[0]
    assert row.meta is not None
    axis = (row.meta.axes or [""])[0]
    name = train.capable_tools(row)[0]
    hidden = with_facts(train, name, lambda fact: None if fact.axis == axis else fact)
    assert not check_of([hidden, *others], "a wanted axis is not stated").passed


@pytest.mark.parametrize("number", [1, 3])
def test_a_wanted_axis_that_the_evidence_does_not_state_is_found(number: int) -> None:
    """It is missing for one of the tools that are offered at a step, or for all of them."""
    train, *others = splits()
    row = next(row for row in train.rows if row.evidence)
    assert row.meta is not None
    parts = train
    for name in row.history[row.evidence[0]].offered[:number]:
        parts = with_facts(parts, name, lambda fact: None if fact.axis in (row.meta.axes or ()) else fact)  # type: ignore[union-attr]
    assert not check_of([parts, *others], "a wanted axis is not stated").passed


def test_candidates_with_one_description_and_listing_are_found() -> None:
    def documented(description: str, listing: str | None) -> list[AuditSplit]:
        def rewritten(tool: ToolRow) -> ToolRow:
            return replace(tool, description=description, listing=tool.listing if listing is None else listing)

        return [replace(part, tools={name: rewritten(tool) for name, tool in part.tools.items()}) for part in splits()]

    name = "two candidates that do the job have one description"
    assert not check_of(documented("One.", "Equal."), name).passed
    assert check_of(documented("One.", None), name).passed


def test_a_train_layout_in_another_split_is_found() -> None:
    train, validation, test = splits()
    name = "tools: the layout of a train tool documents a tool of another split"
    assert check_of([train, validation, test], name).passed
    listing = max(train.tools.values(), key=lambda tool: len(labels(tool))).listing
    first = min(test.tools)
    leaked = replace(test, tools={**test.tools, first: replace(test.tools[first], listing=listing)})
    check = check_of([train, validation, leaked], name)
    assert (check.violations, check.example, check.passed) == (1, first, False)
