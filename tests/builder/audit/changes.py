"""Changes of the rows of a split, for tests that build data sets with a defect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from builder.audit.audit_split import AuditSplit
from hf_dataset.schema import AnswerRow, Instance

Change = Callable[[AuditSplit, Instance], Instance]


def changed(parts: Sequence[AuditSplit], change: Change) -> list[AuditSplit]:
    return [replace(part, rows=[change(part, row) for row in part.rows]) for part in parts]


def answer_by(choose: Callable[[AuditSplit, Instance], str]) -> Change:
    """Return a change that replaces the answer by the tool that `choose` names."""

    def change(part: AuditSplit, row: Instance) -> Instance:
        assert row.answer is not None
        return replace(row, answer=AnswerRow(choose(part, row), row.answer.arguments))

    return change
