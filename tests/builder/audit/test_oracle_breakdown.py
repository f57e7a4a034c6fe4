"""Breakdown of the oracle's accuracy by properties of the instance."""

from __future__ import annotations

from dataclasses import replace

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
        None,
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


def test_a_breakdown_by_what_the_metadata_says() -> None:
    """Only rows of tools with facts have a kind of preference; their noise is not that of ratings."""
    row = instance("a", "chronological", 10, 3)
    assert row.meta is not None
    meta = replace(row.meta, kind="joint", concerns=3, change="gradual", evidence=9, noise=0.05)
    breakdowns = {item.by: item.parts[0].label for item in break_down([replace(row, meta=meta)], [True])}
    assert breakdowns["kind"] == "joint"
    assert breakdowns["concerns"] == "03"
    assert breakdowns["change"] == "gradual"
    assert breakdowns["telling steps"] == "09"
    assert breakdowns["off the profile"] == "0.05"
    assert "flipped ratings" not in breakdowns
    assert "flipped ratings" in {item.by for item in break_down([row], [True])}
