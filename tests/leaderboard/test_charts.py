"""Tests of the charts: content, escaping, and drawings for wide and narrow pages."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from xml.etree import ElementTree

from leaderboard.stores.stored_records import Outcome, Submission
from leaderboard.views import charts, html_parts, reference_chart

from .board_rows import HOSTILE, entry, expected, rows_of


def test_the_pareto_front_contains_the_systems_that_are_not_beaten() -> None:
    rows = rows_of(
        entry(1, 0.5, cost_usd=1.0),
        entry(2, 0.4, cost_usd=2.0),
        entry(3, 0.8, cost_usd=3.0),
        entry(4, 0.6, cost_usd=1.0),
    )
    assert [row.system for row in charts.pareto(rows, "cost_usd")] == ["system 4", "system 3"]
    assert charts.score_against(rows, "parameters_b") is None
    free = rows_of(entry(1, 0.5, cost_usd=0.0))
    assert charts.score_against(free, "cost_usd") is None


def test_the_measured_curve_is_drawn_with_all_values_in_its_table() -> None:
    curve = {
        "command": "petoolbench build --preset curve",
        "build": "0a1b",
        "measured": "2026-11-30",
        "series": [
            {"name": "ceiling", "points": [{"evidence": 1, "accuracy": 0.5, "low": 0.4, "high": 0.6, "rows": 90}]},
            {
                "name": "careful readers",
                "points": [
                    {"evidence": 1, "accuracy": 0.4, "low": 0.1, "high": 0.7, "rows": 10},
                    {"evidence": 16, "accuracy": 1.0, "low": 0.69, "high": 1.0, "rows": 10},
                ],
            },
            {"name": "<img>", "points": [{"evidence": 16, "accuracy": 0.25, "low": 0.2, "high": 0.3, "rows": 90}]},
        ],
    }
    chart = reference_chart.accuracy_by_evidence(curve)
    assert len(svgs(chart)) == 2
    assert "40.0 (10.0–70.0)" in chart  # noqa: RUF001 (a range)
    assert "25.0 (20.0–30.0)" in chart  # noqa: RUF001 (a range)
    assert "<img" not in chart
    assert chart.index("careful readers") < chart.index("ceiling")


def entries_of(results: Sequence[tuple[Submission, Outcome]]) -> list[charts.Entry]:
    rows = {row.id: row for row in rows_of(*results)}
    return [charts.Entry(rows[submission.id], outcome) for submission, outcome in results]


def all_charts(results: Sequence[tuple[Submission, Outcome]]) -> dict[str, str]:
    """Return every chart of some systems, by a name for the kind of chart."""
    rows, entries = rows_of(*results), entries_of(results)
    assert charts.slicings(entries) == ["axis", "history_length"][-len(entries[0].outcome.slices) :]
    by_kind = {
        "config": charts.accuracy_by_config(entries),
        "slice": charts.accuracy_by_slice(entries, "history_length"),
        "cost": charts.score_against(rows, "cost_usd"),
        "errors": charts.error_classes(rows, html_parts.ERROR_LABELS),
        "two": charts.side_by_side(*entries[:2]),
    }
    return {kind: chart or "" for kind, chart in by_kind.items()}


def svgs(chart: str) -> list[str]:
    return re.findall(r"<svg.*?</svg>", chart, re.DOTALL)


def check_escaped(chart: str) -> None:
    """Check that a chart with hostile names contains no markup from them, and nothing that a template would read."""
    assert "<img" not in chart
    assert "&lt;img" in chart
    assert not {"{", "}", "$", "`"} & set(chart)
    for svg in svgs(chart):
        ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns:xlink="x" ', 1))  # noqa: S314


def test_charts_show_all_systems_with_escaped_names() -> None:
    names = (*HOSTILE, "@0@ title:0 #010203", "x" * 70)
    results = [entry(index, 0.5, name=name, cost_usd=1.0) for index, name in enumerate(names)]
    by_kind = all_charts(results)
    for chart in by_kind.values():
        check_escaped(chart)
    for kind in ("config", "slice", "errors"):
        assert all(f"<bdi>{html_parts.escaped(name)}" in by_kind[kind] for name in names[:-1])
    config = by_kind["config"]
    # In the wide drawing, in the narrow drawing, and in the table.
    assert config.count(">@0@ title:0 #010203<") == 3
    assert f"{'x' * 33}…" in config


def check_drawings(kind: str, chart: str) -> list[set[str]]:
    """Check the wide and the narrow drawing of a chart, and return the ids within each of them."""
    drawings = svgs(chart)
    assert len(drawings) == (0 if kind == "errors" else 2)
    assert [svg.count('class="for-narrow"') for svg in drawings] == [0, 1][: len(drawings)]
    assert all('role="img" aria-label="Tool accuracy' in svg for svg in drawings)
    assert [svg.count("<title>") > 0 for svg in drawings] == [kind != "two", False][: len(drawings)]
    return [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in drawings]


def test_charts_are_drawn_for_wide_and_narrow_pages_and_are_reproducible() -> None:
    results = [entry(index, 0.5 + index / 20, cost_usd=1.0 + index) for index in range(5)]
    by_kind = all_charts(results)
    assert by_kind == all_charts(results)
    ids = []
    for kind, chart in by_kind.items():
        ids += check_drawings(kind, chart)
        assert "<table" in chart
        assert "#0102" not in chart
    assert sum(map(len, ids)) == len(set().union(*ids)) > 0


def test_expected_values_are_drawn_without_an_interval_and_left_out_of_slices() -> None:
    entries = entries_of([expected(entry(1, 0.1, badge="baseline", name="random")), entry(2, 0.5)])
    chart = charts.accuracy_by_config(entries)
    assert "random, chronological: 10.0 (expected)" in chart
    assert "system 2, chronological: 50.0 (48.0–52.0)" in chart  # noqa: RUF001
    assert "10.0 (expected)" in charts.side_by_side(*entries)
    sliced = charts.accuracy_by_slice(entries, "history_length")
    assert "system 2" in sliced
    assert "random" not in sliced


def test_values_without_an_order_are_not_joined_by_a_line() -> None:
    sliced = {
        "axis": {"price": (0.5, 10), "latency": (0.75, 20)},
        "history_length": {"6 to 10": (0.5, 3), "11 to 15": (0.5, 3)},
        "kind": {"limit": (0.5, 3), "trade": (0.5, 3)},
    }
    systems = (entry(1, 0.5), entry(2, 0.6))
    entries = entries_of([(submission, dataclasses.replace(outcome, slices=sliced)) for submission, outcome in systems])
    assert charts.slicings(entries) == ["history_length", "axis", "kind"]
    axis, length, kind = (charts.accuracy_by_slice(entries, name) for name in ("axis", "history_length", "kind"))
    assert axis.count("system 1, latency: 75.0, 20 instances") == 1
    joined = re.compile(r'<path d="M [^"]*L [^"]*"[^>]*stroke: #2f7ed8')
    assert joined.search(length)
    assert not joined.search(axis)
    assert not joined.search(kind)


def test_systems_of_the_same_name_have_different_labels() -> None:
    rows = rows_of(entry(1, 0.5, name="wren"), entry(2, 0.4, name="wren"), entry(3, 0.3, name="finch"))
    assert charts.labels(rows) == ["wren, account-1", "wren, account-2", "finch"]
