"""Table in docs/developing/performance.md and the command line that measures and stores its rows."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from performance import __main__ as runner
from performance import processes, results_table
from performance.results_table import END, START, Row


def test_the_page_contains_the_stored_rows() -> None:
    page = results_table.PAGE.read_text(encoding="utf-8")
    assert page[page.index(START) : page.index(END) + len(END)] == results_table.table(results_table.read())
    for run in results_table.read():
        assert run.command.split()[3] == run.benchmark
        assert run.benchmark in runner.NAMES


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results_table, "KEPT", tmp_path / "results.json")
    monkeypatch.setattr(results_table, "PAGE", tmp_path / "page.md")
    results_table.PAGE.write_text(f"# Before\n\n{START}\n{END}\n\nAfter.\n")
    return results_table.PAGE


def test_a_row_replaces_an_earlier_row_of_the_same_measurement(page: Path) -> None:
    results_table.keep(
        "score", ["score", "--keep"], "abc", Row("score: judge", "10 replies", "2 s", beside="3 times json")
    )
    results_table.keep("load", ["load", "OUT"], "abc", Row("load: sft", "5 rows", "1 s", 1234.6))
    results_table.keep("score", ["score"], "def", Row("score: all", "10 replies", "4 s"))
    results_table.keep("score", ["score"], "def", Row("score: judge", "10 replies", "1 s", bound="2 times"))
    assert [run.row.measured for run in results_table.read()] == ["1 s", "4 s", "1 s"]
    text = page.read_text()
    assert text.startswith("# Before\n\n")
    assert text.endswith("\n\nAfter.\n")
    assert "| score: judge | 10 replies | 1 s |  |  | 2 times | 1 |" in text
    assert "| load: sft | 5 rows | 1 s | 1,235 |  |  | 2 |" in text
    assert "1. `python -m performance score`" in text
    assert "2. `python -m performance load OUT`" in text
    assert "\n3. `" not in text


def test_the_command_line_stores_its_rows(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "commit", lambda: "abc")
    monkeypatch.setattr(sys, "argv", ["performance", "catalogue", "recall", "600", "--keep"])
    runner.main()
    (run,) = json.loads(results_table.KEPT.read_text())
    assert run["benchmark"] == "catalogue"
    assert run["command"] == "python -m performance catalogue recall 600"
    assert run["commit"] == "abc"
    # With so few tools, the index searches all of them and is exact.
    assert "1.0000 of the groups alike" in run["row"]["measured"]
    assert run["row"]["measured"] in page.read_text()


def test_a_call_is_measured_in_a_new_process(capfd: pytest.CaptureFixture[str]) -> None:
    result, cost = processes.measure(math.factorial, 20)
    assert result == math.factorial(20)
    assert 0 < cost.cpu_seconds <= 2 * cost.seconds
    assert cost.peak_mib > 5  # a Python interpreter needs more
    with pytest.raises(RuntimeError, match=r"failed with exit code 1\. Its traceback is above"):
        processes.measure(math.factorial, -1)
    assert "ValueError" in capfd.readouterr().err
