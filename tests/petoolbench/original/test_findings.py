"""Audit of released rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.errors import OutputError
from hf_dataset.schema import HISTORY_TYPES, Instance
from metrics.petoolbench.uncertainty import wilson
from petoolbench.original.findings import ConfigFindings, Figure, examine_config
from petoolbench.original.findings_report import to_markdown, write_findings
from petoolbench.original.released_rows import (
    read_entry,
    to_instances,
)
from petoolbench.original.shortcut_rules import credit, popular_answers
from petoolbench.rate_intervals import interval

from .conftest import ROWS, examined, imported
from .released import PROMPTS, PROVIDERS, candidates, name, prompt, row, step


def figures(findings: ConfigFindings) -> dict[str, Figure]:
    return dict(findings.figures)


def instances(config: str, *rows: dict[str, Any]) -> list[Instance]:
    return [to_instances(read_entry(record, number), "b")[config] for number, record in enumerate(rows, start=1)]


def within(config: str) -> dict[str, Figure]:
    """Return the figures of the rules within the functionality, by name, for the four rows."""
    findings = examine_config(config, instances(config, *ROWS))
    return {figure.name: figure for figure in findings.within}


def test_popularity_rules_by_hand() -> None:
    rules = within("preferred_only")
    # The answers are Nimbus, Gale, Nimbus, Sol. Rows 1 and 3 count 1 for each provider; rows 2 and 4 favour Nimbus.
    assert rules["most popular provider: answers of other rows"].value == pytest.approx((1 / 3 + 1 / 3) / 4)
    # Two rows ask for Oslo. They count 1 for Nimbus and 1 for Sol; row 3 counts 1 for each; row 4 favours Nimbus.
    assert rules["most popular provider: answers of other queries"].value == pytest.approx((1 / 2 + 1 / 3) / 4)
    assert rules["random"].value == pytest.approx(1 / 3)
    assert rules["random"].bound == pytest.approx(1 / 3)
    over_all = figures(examine_config("preferred_only", instances("preferred_only", *ROWS)))
    assert over_all["random, over all candidates"].value == pytest.approx(1 / 10)


def test_history_rules_by_hand() -> None:
    first, rated, timed = map(within, HISTORY_TYPES)
    assert first["most frequent provider of own history"].value == 1
    assert rated["most frequent provider of own history"].value == 0  # the rival occurs three times
    assert rated["most liked provider of own history"].value == 1
    assert rated["disliked providers dropped, then most liked"].value == 1
    assert timed["latest provider of own history"].value == 1
    assert timed["first provider skipped, then latest"].value == 1
    assert "most liked provider of own history" not in timed


def test_shares_by_hand() -> None:
    findings = examine_config("chronological", instances("chronological", *ROWS))
    shares = {figure.name: figure for figure in findings.shares}
    assert {name: figure.value for name, figure in shares.items()} == {
        "the answer's provider stands in the own liked history": 1,
        "the query stands word for word in the own history": 1 / 4,  # in row 4
        "the query is that of another row too": 1 / 2,
        "query and answer are those of another row too": 0,
        "the answer has no arguments": 1 / 4,
        "the prompt is over 4,000 tokens (4 characters each)": 0,
        "fewer than 3 candidates do the job": 0,
    }
    assert not shares["the answer has no arguments"].passed


def test_long_prompts_are_counted() -> None:
    long = row(1, query="x")
    long[PROMPTS[2]] += "." * 16_001
    shares = figures(examine_config("chronological", instances("chronological", long)))
    assert shares["the prompt is over 4,000 tokens (4 characters each)"].value == 1


def test_a_disliked_provider_does_not_count_as_liked() -> None:
    record = row(1, wanted=PROVIDERS[0])
    record[PROMPTS[1]] = prompt([step(PROVIDERS[0], "a", 0), step("Elsewhere", "b", 1)], candidates())
    shares = figures(examine_config("rating_integrated", instances("rating_integrated", record)))
    assert shares["the answer's provider stands in the own liked history"].value == 0


def test_credit_is_shared_among_the_best() -> None:
    (instance,) = instances("chronological", ROWS[0])
    assert credit(instance, [1.0] * 10) == 1 / 10
    assert credit(instance, [1.0, 1.0, *[0.0] * 8]) == 1 / 2
    assert credit(instance, [0.0, 1.0, *[0.0] * 8]) == 0
    assert credit(instance, [0.5, *[1.0] * 9], [name("Nimbus")]) == 1


def test_popularity_does_not_count_the_row_itself() -> None:
    rows = instances("chronological", *ROWS)
    score = popular_answers(rows, rows[:1])
    assert score(rows[0])[:3] == [0, 0, 0]
    assert score(rows[1])[:3] == [1, 0, 0]


def test_a_popular_provider_fails_the_gate() -> None:
    rows = [row(number, query=f"Weather in {number}?") for number in range(60)]
    findings = examine_config("chronological", instances("chronological", *rows))
    failed = {name for name, figure in findings.figures if not figure.passed}
    assert "most popular provider: answers of other queries, within the functionality" in failed
    assert "random, within the functionality" not in failed


def test_intervals() -> None:
    # For 0 of 4, the upper end of Wilson's interval is z^2 / (4 + z^2).
    assert list(wilson(0.0, 4)) == pytest.approx([0.0, 3.8415 / 7.8415], abs=1e-4)
    assert interval([0.0, 0.0], ["a", "a"]) == wilson(0.0, 1)
    assert interval([1.0, 1.0], ["a", "b"]) == wilson(1.0, 2)
    low, high = interval([0.0, 1.0] * 50, [str(index) for index in range(100)])
    assert [low, high] == pytest.approx([0.4, 0.6], abs=0.03)
    # Rows of the same query are not independent, so the interval is wider.
    wide = interval([0.0, 1.0] * 50, [str(index % 10) for index in range(100)])
    assert wide[0] < low
    assert wide[1] > high


def test_findings_of_an_import(data: Path) -> None:
    findings = examined(data)
    assert findings.same_function == {3: 4}
    assert findings.counts["distinct queries"] == 3
    assert findings.counts["distinct pairs of query and answer"] == 4
    assert [curve.within for curve in findings.curves] == [False, True]
    assert findings.curves[0].points[-1][0] == 4
    failed = "chronological: the answer has no arguments at 25.0 %, allowed are 0.0 % (margin 0.0)"
    assert failed in findings.failed
    page = to_markdown(findings, {})
    assert "| the answer has no arguments | 25.0 |" in page
    assert "| rows with 3 candidates of the functionality | 4 |" in page


def test_the_report_has_the_same_bytes_every_time(data: Path, tmp_path: Path) -> None:
    findings = examined(data)
    for folder in ("a", "b"):
        write_findings(findings, tmp_path / folder)
    files = {path.relative_to(tmp_path / "a"): path.read_bytes() for path in (tmp_path / "a").rglob("*.*")}
    plots = [f"audit/{name}.png" for name in ("popularity", "rules", "same_function", "shares")]
    assert sorted(map(str, files)) == ["AUDIT.md", "audit.json", *plots]
    assert all((tmp_path / "b" / path).read_bytes() == content for path, content in files.items())
    written = json.loads((tmp_path / "a" / "audit.json").read_text())
    assert [config["config"] for config in written["configs"]] == list(HISTORY_TYPES)
    assert written["failed"] == findings.failed


def test_the_later_form_is_reported_without_bounds(tmp_path: Path) -> None:
    data = imported(tmp_path, *(row(number, query=f"Number {number}?", early=False) for number in range(4)))
    findings = examined(data)
    assert findings.same_function == {}
    assert [curve.within for curve in findings.curves] == [False]
    assert not any(item.within for item in findings.configs)
    assert all(figure.holds == "-" for item in findings.configs for figure in item.over_all)
    assert findings.failed == []
    write_findings(findings, tmp_path / "report")
    assert not (tmp_path / "report" / "audit" / "same_function.png").exists()


def test_a_report_that_cannot_be_written_is_an_error(data: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="The report cannot be written to"):
        write_findings(examined(data), tmp_path / "taken")
