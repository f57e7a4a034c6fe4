"""Comparison of two runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import DataError
from hf_dataset.schema import HISTORY_TYPES
from petoolbench.run_report.comparison import compare_runs
from tests.commands import run as cli
from tests.conftest import Built

from .run_files import call, correct_call, header, rows_of, write_file


@pytest.fixture
def pair(built: Built, tmp_path: Path) -> tuple[Path, Path]:
    """Two runs: one with correct calls only, and one that calls the first candidate on a third of the instances."""
    rows = rows_of(built)
    correct = {row.instance_id: correct_call(row) for row in rows}
    worse = {**correct, **{row.instance_id: call(row.candidates[0].name) for row in rows[::3]}}
    first = write_file(tmp_path / "a.jsonl", header(built), correct)
    return first, write_file(tmp_path / "b.jsonl", header(built, model="other"), worse)


def test_two_runs_are_compared(built: Built, pair: tuple[Path, Path]) -> None:
    (result,) = compare_runs(*pair, built.data)
    assert result.names == ("example/model", "other")
    assert result.both + len(result.only_first) + len(result.only_second) + result.neither == 36
    assert not result.only_second
    assert result.comparison.difference == pytest.approx(len(result.only_first) / 36)
    assert sum(result.changes.values()) >= len(result.only_first)
    assert all(before != after for before, after in result.changes)


def test_the_command_compares_two_runs_in_words(built: Built, pair: tuple[Path, Path], tmp_path: Path) -> None:
    (result,) = compare_runs(*pair, built.data)
    shown = cli("compare", *pair, "--data", built.data, "-n", "1", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert f"chronological: example/model is ahead by {100 * result.comparison.difference:.1f} points" in shown.stdout
    assert f"Correct only with example/model: {result.only_first[0]} ..." in shown.stdout
    assert "points (power 80 %, level 5 %)" in shown.stdout
    assert "preference mismatch" in shown.stdout


def test_several_configs_are_compared_overall_too(built: Built, tmp_path: Path) -> None:
    replies = {row.instance_id: correct_call(row) for config in HISTORY_TYPES for row in rows_of(built, config)}
    first = write_file(tmp_path / "a.jsonl", None, replies)
    second = write_file(tmp_path / "b.jsonl", None, {**replies, next(iter(replies)): "?"})
    results = compare_runs(first, second, built.data)
    assert [item.config for item in results] == ["overall", *HISTORY_TYPES]
    assert [len(item.only_first) for item in results] == [1, 1, 0, 0]
    assert results[0].comparison.query_groups == results[1].comparison.query_groups
    assert results[2].in_words == "a and b call the correct tool on the same instances: no difference."


def test_runs_of_other_configs_are_not_compared(built: Built, tmp_path: Path) -> None:
    first, second = [
        write_file(tmp_path / f"{config}.jsonl", None, {row.instance_id: "?" for row in rows_of(built, config)})
        for config in HISTORY_TYPES[:2]
    ]
    message = r"answers preferred_only/validation, but .* Name two runs of the same config and split"
    with pytest.raises(DataError, match=message):
        compare_runs(first, second, built.data)
