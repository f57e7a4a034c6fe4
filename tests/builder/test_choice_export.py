"""The multiple-choice form: the same instances, options in random order, audited, and readable by `datasets`."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest
import yaml

from builder import choice_export, choice_rows
from builder.choice_export import SPLIT, export_choice, letter_gates
from builder.choice_rows import LETTERS, OPTIONS, choice_row, with_shuffled_candidates
from builder.errors import AuditError, DataError
from hf_dataset.layout import CANARY
from hf_dataset.reader import read_instances
from hf_dataset.schema import HISTORY_TYPES, Instance
from tests.conftest import Built
from tests.factories import listed_row


@pytest.fixture(scope="module")
def exported(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the exported questions."""
    out = tmp_path_factory.mktemp("choice") / "out"
    export_choice(built.data, out, 0)
    return out


def test_the_questions_are_the_instances_with_their_candidates_as_options(
    built: Built, exported: Path, tmp_path: Path
) -> None:
    for config in HISTORY_TYPES:
        rows = read_instances(built.data, config, SPLIT)
        questions = datasets.load_dataset(str(exported), config, split=SPLIT, cache_dir=str(tmp_path))
        assert questions["instance_id"] == [row.instance_id for row in rows]
        for row, question in zip(rows, questions, strict=True):
            names = [json.loads(option)["name"] for option in question["options"]]
            assert sorted(names) == sorted(tool.name for tool in row.candidates)
            assert row.answer is not None
            assert names[LETTERS.index(question["answer"])] == row.answer.name
            shown = json.loads(question["prompt"][question["prompt"].index('{"history"') :])
            assert (shown["instruction"], len(shown["history"])) == (row.instruction, len(row.history))
            assert "candidates" not in shown
            assert question["kind"] == (row.meta.kind if row.meta else None)


def test_only_the_validation_split_is_exported(exported: Path) -> None:
    assert sorted(path.relative_to(exported).as_posix() for path in exported.rglob("*.parquet")) == sorted(
        f"{config}/{SPLIT}.parquet" for config in HISTORY_TYPES
    )
    assert CANARY in (exported / "README.md").read_text(encoding="utf-8")


def test_the_same_seed_gives_the_same_files_and_another_seed_another_order(
    built: Built, exported: Path, tmp_path: Path
) -> None:
    for seed, same in ((0, True), (1, False)):
        export_choice(built.data, tmp_path / str(seed), seed)
        for path in (path.relative_to(exported) for path in exported.rglob("*.parquet")):
            assert ((tmp_path / str(seed) / path).read_bytes() == (exported / path).read_bytes()) == same


def test_the_audit_holds_every_shortcut_and_every_letter(exported: Path) -> None:
    audit: dict[str, Any] = json.loads((exported / "audit.json").read_text(encoding="utf-8"))
    assert list(audit) == list(HISTORY_TYPES)
    for part in audit.values():
        names = [gate["name"] for gate in part["gates"]]
        assert {f"always {letter}" for letter in LETTERS} <= set(names)
        assert {"best position elsewhere", "history of another user", "longest listing"} <= set(names)
        assert all(gate["passed"] for gate in part["gates"])


def with_answer_first(rows: list[Instance]) -> list[Instance]:
    """Return rows whose answer is the first candidate."""
    return [
        replace(row, candidates=sorted(row.candidates, key=lambda tool: tool.name != (row.answer and row.answer.name)))
        for row in rows
    ]


def test_a_position_that_reveals_the_answer_fails_the_audit(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = with_answer_first(read_instances(built.data, "chronological", SPLIT))
    assert [gate.name for gate in letter_gates(rows) if not gate.passed] == ["always A"]
    monkeypatch.setattr(choice_export, "with_shuffled_candidates", lambda rows, _seed: with_answer_first(list(rows)))
    with pytest.raises(AuditError, match="always A"):
        export_choice(built.data, tmp_path / "out", 0)
    assert not (tmp_path / "out").exists()


def test_the_position_of_the_answer_is_uniform() -> None:
    first = listed_row()
    names = [f"tool{number}" for number in range(OPTIONS)]
    candidates = [replace(first.candidates[0], name=name) for name in names]
    assert first.answer is not None
    rows = [
        replace(
            first,
            instance_id=f"chronological-0-validation-{number}",
            candidates=candidates,
            answer=replace(first.answer, name=names[0]),
        )
        for number in range(2000)
    ]
    counts = Counter(choice_row(row).answer for row in with_shuffled_candidates(rows, 0))
    expected = len(rows) / OPTIONS
    chi_square = sum((counts[letter] - expected) ** 2 / expected for letter in LETTERS)
    assert chi_square < 27.9, "the 0.999 quantile with 9 degrees of freedom"


@pytest.mark.parametrize(
    ("changes", "message"),
    [({}, r"has \d candidates"), ({"answer": None}, "has no answer")],
)
def test_rows_that_are_no_question_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(choice_rows.with_shuffled_candidates([listed_row(**changes)], 0))


def test_eval_yaml_states_how_inspect_ai_runs_each_config(exported: Path) -> None:
    content = yaml.safe_load((exported / "eval.yaml").read_text(encoding="utf-8"))
    assert content["evaluation_framework"] == "inspect-ai"
    assert [(task["id"], task["config"], task["split"]) for task in content["tasks"]] == [
        (config, config, SPLIT) for config in HISTORY_TYPES
    ]
    columns = set(choice_rows.ChoiceRow.__slots__)
    for task in content["tasks"]:
        fields = task["field_spec"]
        assert {fields["input"], fields["target"], fields["choices"], *fields["metadata"]} <= columns
        assert (task["solvers"], task["scorers"]) == ([{"name": "multiple_choice"}], [{"name": "choice"}])
