"""Shortcuts that use the answers of other rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from hf_dataset.schema import Instance

from .audit_split import AuditSplit
from .shortcut import Make, Score


def popularity(read: Callable[[AuditSplit, Instance, str], object]) -> Make:
    """Score a candidate by how often answers of other query groups have the same value of `read`."""

    def make(part: AuditSplit) -> Score:
        totals: Counter[object] = Counter()
        by_group: dict[str, Counter[object]] = {}
        for row in part.rows:
            assert row.answer is not None
            value = read(part, row, row.answer.name)
            totals[value] += 1
            by_group.setdefault(row.query_group, Counter())[value] += 1

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            values = [read(part, row, name) for name in names]
            return [totals[value] - by_group[row.query_group][value] for value in values]

        return score

    return make


def position(row: Instance, name: str) -> int:
    """Return the position of a tool among the candidates."""
    return [tool.name for tool in row.candidates].index(name)


def rarity(part: AuditSplit) -> Score:
    """Score a candidate by how rarely it is the answer of other rows, those of the own query group included."""
    totals: Counter[str] = Counter(row.answer.name for row in part.rows if row.answer)
    return lambda row, names: [-totals[name] + _is_answer(row, name) for name in names]


def dealt_once(part: AuditSplit) -> Score:
    """Score a candidate by whether no other row of the query group has it as its answer."""
    by_group: dict[str, Counter[str]] = {}
    for row in part.rows:
        if row.answer:
            by_group.setdefault(row.query_group, Counter())[row.answer.name] += 1
    return lambda row, names: [float(by_group[row.query_group][name] == _is_answer(row, name)) for name in names]


def _is_answer(row: Instance, name: str) -> bool:
    return row.answer is not None and row.answer.name == name
