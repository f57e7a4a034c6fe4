"""Tests of `compare` and `report`: runs in memory, on instances with and without a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import petoolbench as pb
from builder.errors import ConfigError, DataError, OutputError
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.errors import ReferencesError
from metrics.petoolbench.records import RATES
from tests.conftest import Built

from .models import first_candidate, last_candidate


@pytest.fixture(scope="module")
def first(chronological: pb.InstanceSet) -> pb.Run:
    return pb.predict(chronological, first_candidate)


@pytest.fixture(scope="module")
def oracle(chronological: pb.InstanceSet) -> pb.Run:
    return pb.predict(chronological, "baseline:oracle")


def test_every_form_of_runs_and_data_gives_the_same_comparison(
    built: Built,
    chronological: pb.InstanceSet,
    chronological_rows: Any,
    first: pb.Run,
    oracle: pb.Run,
    tmp_path: Path,
) -> None:
    expected = pb.compare(first, oracle, chronological)
    for data in (chronological_rows, chronological.to_dict(), list(chronological), built.data, str(built.data)):
        assert pb.compare(first, oracle, data) == expected
    pb.predict(chronological, first_candidate, out=tmp_path / "first.jsonl")
    assert pb.compare(tmp_path / "first.jsonl", oracle, chronological) == expected
    assert pb.compare(str(tmp_path / "first.jsonl"), oracle, chronological) == expected
    (part,) = pb.compare(first.predictions, oracle, chronological)
    assert (part.comparison, part.names) == (expected[0].comparison, ("predictions", "baseline:oracle"))


def test_the_three_forms_of_a_comparison_agree(chronological: pb.InstanceSet, first: pb.Run, oracle: pb.Run) -> None:
    result = pb.compare(first, oracle, chronological)
    scores = [pb.score(run, chronological)["chronological"] for run in (first, oracle)]
    (record,) = json.loads(json.dumps(result.to_dict()))
    assert result.to_pandas().to_dict("records") == [record]
    assert (record["config"], record["first"], record["second"]) == (
        "chronological",
        "function:first_candidate",
        "baseline:oracle",
    )
    assert record["first_tool_accuracy"] == scores[0]["tool_accuracy"]
    assert record["second_tool_accuracy"] == scores[1]["tool_accuracy"] == 1.0
    assert record["difference"] == pytest.approx(record["first_tool_accuracy"] - 1)
    assert record["low"] <= record["difference"] <= record["high"] < 0
    assert (record["rows"], record["query_groups"]) == (36, scores[0]["query_groups"])
    text = str(result)
    for name in ("first_tool_accuracy", "second_tool_accuracy"):
        assert f" {100 * record[name]:.1f} " in text
    assert f"{100 * record['low']:+.1f} to {100 * record['high']:+.1f}" in text
    assert text.splitlines()[-1] == f"chronological: {result[0].in_words}"


def test_runs_of_all_are_compared_overall_and_by_config(built: Built) -> None:
    everything = pb.load(built.data, "all")
    first, oracle = (pb.predict(everything, model) for model in (first_candidate, "baseline:oracle"))
    result = pb.compare(first, oracle, everything)
    assert len(result) == 4
    assert [part.config for part in result] == ["overall", *HISTORY_TYPES]
    assert result.to_pandas()["rows"].tolist() == [108, 36, 36, 36]
    assert pb.compare(first, oracle, everything.to_dict()) == result


def test_runs_in_memory_without_different_names_get_different_names(
    chronological: pb.InstanceSet, first: pb.Run, oracle: pb.Run
) -> None:
    pairs: list[tuple[Any, Any]] = [
        (pb.predict(chronological, lambda _: "a"), pb.predict(chronological, lambda _: "b")),
        (first, first),
        (first.predictions, oracle.predictions),
    ]
    for one, other in pairs:
        assert pb.compare(one, other, chronological)[0].names == ("A", "B")
    assert "no difference" in pb.compare(first, first, chronological)[0].in_words


def test_wrong_comparisons_are_refused(built: Built, chronological: pb.InstanceSet, first: pb.Run) -> None:
    other = pb.predict(pb.load(built.data, "preferred_only"), first_candidate)
    with pytest.raises(DataError, match="'function:first_candidate' answers preferred_only, validation, which is not"):
        pb.compare(first, other, chronological)
    with pytest.raises(DataError, match="Name two runs of the same config and split"):
        pb.compare(first, other, built.data)
    missing: Any = None
    with pytest.raises(DataError, match="A run is of type NoneType"):
        pb.compare(missing, first, chronological)
    with pytest.raises(DataError, match=r"missing\.jsonl' cannot be read"):
        pb.compare("missing.jsonl", first, chronological)
    with pytest.raises(DataError, match=r"answers instances that .* does not have"):
        pb.compare(first, first, chronological[:5])
    with pytest.raises(DataError, match="There are no instances"):
        pb.compare(first, first, chronological[:0])
    with pytest.raises(ConfigError, match="so answers has no effect"):
        pb.compare(first, first, chronological, answers=built.answers)


def test_runs_of_the_test_split_are_compared_with_its_private_answers(built: Built) -> None:
    public = pb.load(built.data, "chronological", "test")
    private = pb.load(built.data, "chronological", "test", answers=built.answers)
    first, last = (pb.predict(public, model) for model in (first_candidate, last_candidate))
    expected = pb.compare(first, last, private)
    assert pb.compare(first, last, built.data, answers=built.answers) == expected
    assert pb.compare(first, last, public.to_dict(), answers=str(built.answers)) == expected
    with pytest.raises(ReferencesError, match="has no answer"):
        pb.compare(first, last, public)
    with pytest.raises(DataError, match="answers the test split, whose answers are private"):
        pb.compare(first, last, built.data)


def test_a_report_is_written_on_runs_in_memory(
    chronological: pb.InstanceSet, chronological_rows: Any, first: pb.Run, oracle: pb.Run, tmp_path: Path
) -> None:
    result = pb.report([first, oracle], chronological_rows, out=tmp_path / "report")
    assert {path.name for path in result.page.parent.iterdir()} == {
        *("report.html", "report.md", "report.json", "scores.csv", "plots"),
    }
    frame = result.to_pandas()
    assert frame["run"].tolist() == ["baseline:oracle", "function:first_candidate"]
    for record in frame.to_dict("records"):
        run = oracle if record["run"] == oracle.name else first
        scores: dict[str, Any] = {**pb.score(run, chronological)["chronological"]}
        assert {rate: record[rate] for rate in RATES} == {rate: scores[rate] for rate in RATES}
    content = json.loads(json.dumps(result.to_dict()))
    stored = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert content["runs"] == stored["runs"]
    text = str(result)
    assert f"{100 * frame['tool_accuracy'][1]:.1f} %" in text
    assert text.splitlines()[-1] == f"Report: {result.page}"
    with pytest.raises(OutputError, match="exists already"):
        pb.report([first], chronological, out=tmp_path / "report")


def test_wrong_reports_are_refused_and_leave_no_folder(
    built: Built, chronological: pb.InstanceSet, first: pb.Run, tmp_path: Path
) -> None:
    wrong: list[tuple[Any, str]] = [
        ([], "There are no runs"),
        (None, "A run is of type NoneType"),
        ([first, 3], "A run is of type int"),
        ([first, first], "'function:first_candidate' is named twice"),
        ("missing.jsonl", r"'missing\.jsonl' cannot be read"),
    ]
    for runs, message in wrong:
        with pytest.raises(DataError, match=message):
            pb.report(runs, chronological, out=tmp_path / "report")
    with pytest.raises(ConfigError, match="so answers has no effect"):
        pb.report(first, chronological, out=tmp_path / "report", answers=built.answers)
    assert not list(tmp_path.iterdir())
