"""Breakdown of the oracle's accuracy by properties of the instance."""

from __future__ import annotations

from builder.audit.oracle_breakdown import break_down
from hf_dataset.schema import AnswerRow, Instance, InteractionRow, MetaRow


def instance(category: str, name: str, length: int, place: int) -> Instance:
    """Return an instance whose preference changes at step `place` of a history of `length` steps."""
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


def test_a_breakdown_counts_rows_and_right_answers() -> None:
    rows = [instance(category, "chronological", 10, place) for category, place in (("a", 3), ("a", 5), ("b", 5))]
    breakdowns = {
        breakdown.by: {part.label: (part.rows, part.accuracy) for part in breakdown.parts}
        for breakdown in break_down(rows, [True, False, True])
    }
    assert breakdowns["category"] == {"a": (2, 0.5), "b": (1, 1.0)}
    assert breakdowns["place of the change"] == {"0.3": (1, 1.0), "0.5": (2, 0.5)}
    assert breakdowns["history length"] == {"010": (3, 2 / 3)}
