"""Commands on an import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import run

from .conftest import ROWS, output
from .released import write


def test_the_command_imports_and_lists_unparsed_rows(tmp_path: Path) -> None:
    write(tmp_path / "rows.json", [*ROWS, {"query": "x"}])
    done = run("import-original", "rows.json", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "4 of 5 rows in out, split validation; the prompts of 4 are reproduced byte for byte." in done.stdout
    assert "1 rows could not be read; they are listed in out/unparsed.jsonl." in done.stdout
    assert done.stderr.startswith("rows.json, row 5: it lacks 'instruction_preferred'")


def test_every_command_works_on_an_import(data: Path, tmp_path: Path) -> None:
    assert "is intact" in output("verify", data, cwd=tmp_path)
    assert "Weather in Pori?" in output("show", data, "--config", "rating_integrated", "-n", "4", cwd=tmp_path)
    where = ("--config", "rating_integrated")
    output("predict", data, *where, "--model", "baseline:liked", "-o", "run.jsonl", cwd=tmp_path)
    assert "rating_integrated" in output("score", "run.jsonl", "--data", data, *where, cwd=tmp_path)
    compared = output("compare-scorers", "run.jsonl", "--data", data, *where, cwd=tmp_path)
    assert "the keys are not tool_name and parameters" in compared
    refused = run("predict", data, *where, "--model", "baseline:oracle", "-o", "oracle.jsonl", cwd=tmp_path)
    assert refused.returncode == 1
    assert "but this baseline needs them" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_audit_of_an_import(data: Path, tmp_path: Path) -> None:
    done = run("audit", data, "-o", "report", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    failed = "preferred_only: the query stands word for word in the own history at 25.0 %"
    assert f"gates do not hold: {failed}" in done.stderr
    for text in (
        "distinct queries",
        "Audit of chronological",
        "first provider skipped, then latest",
        "Report: report",
    ):
        assert text in done.stdout
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["AUDIT.md", "audit", "audit.json"]
    refused = run("audit", data, "--answers", data, cwd=tmp_path)
    assert refused.returncode == 1
    assert "An import contains its answers. Remove --answers." in refused.stderr


@pytest.fixture
def released_replies(tmp_path: Path) -> str:
    """Name of a file with three replies: the answer, the answer with reversed keys, and no call."""
    calls = [record["api_call_ground_truth"] for record in ROWS]
    texts = [json.dumps(calls[0]), json.dumps(dict(reversed(calls[1].items()))), "no idea"]
    replies = [{"entry_id": 101 + number, "response": text} for number, text in enumerate(texts)]
    return write(tmp_path / "released.json", replies).name


def test_released_replies_are_scored_by_both_rules(data: Path, tmp_path: Path, released_replies: str) -> None:
    where = (released_replies, "--data", data, "--config", "chronological")
    assert " 25.0 " in output("score", *where, "--scorer", "legacy", cwd=tmp_path)
    assert " 50.0 " in output("score", *where, cwd=tmp_path)


def test_the_command_explains_the_differences(data: Path, tmp_path: Path, released_replies: str) -> None:
    where = (released_replies, "--data", data, "--config", "chronological")
    printed = output("compare-scorers", *where, "-o", "judged.jsonl", cwd=tmp_path)
    (second,) = [line for line in printed.splitlines() if line.startswith("chronological-")]
    assert second.endswith(
        "PEToolBench correct, PEToolLLM not read: the released expression finds no call: the keys are in reverse order"
    )
    assert "divides by the 3 existing replies, not by the 4 rows: it would print 33.3 % for the tool" in printed
    judged = [json.loads(line) for line in (tmp_path / "judged.jsonl").read_text().splitlines()]
    assert [(reply["ours"], reply["released"]) for reply in judged] == [
        ("correct", "tool and arguments"),
        ("correct", "not read"),
        ("invalid_format", "not read"),
        ("invalid_format", "no reply"),
    ]


def test_the_command_reports_equal_credit(data: Path, tmp_path: Path) -> None:
    write(tmp_path / "same.json", [json.dumps(record["api_call_ground_truth"]) for record in ROWS])
    printed = output("compare-scorers", "same.json", "--data", data, cwd=tmp_path)
    assert "Both scorers give the same credit to every reply." in printed
