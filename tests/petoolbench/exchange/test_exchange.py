"""Exports of scores: equal to those of `score` bit for bit, valid by the published schemas, and without private answers.

PETOOLBENCH_PYTHONS names the folder of the package every-eval-ever as "every-eval-ever=PATH"; `make test-integrations` sets
it. The package requires Python 3.12, but its validator runs in Python 3.11.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries
from typer.testing import CliRunner

import petoolbench as pb
from builder.errors import ConfigError, DataError
from hf_dataset.schema import HISTORY_TYPES
from metrics.petoolbench.records import RATES
from petoolbench.cli.main import app
from tests.conftest import Built
from tests.petoolbench.models import first_candidate
from tests.petoolbench.run_files import baseline

OPTIONS = pb.ExportOptions(organization="Tests", model_ids=("org/first",), samples=True)
REPO = "org/petoolbench"


@pytest.fixture(scope="module")
def run_file(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run of a function on all three configs of the validation split."""
    path = tmp_path_factory.mktemp("run") / "run.jsonl"
    pb.predict(pb.load(built.data, "all"), first_candidate, out=path)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def read(paths: list[Path]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the record and the records of the instances among the written files."""
    (record,) = [path for path in paths if path.suffix == ".json"]
    samples = [path for path in paths if path.suffix == ".jsonl"]
    lines = samples[0].read_text(encoding="utf-8").splitlines() if samples else []
    return json.loads(record.read_text(encoding="utf-8")), list(map(json.loads, lines))


def test_the_scores_are_those_of_score(built: Built, run_file: Path, tmp_path: Path) -> None:
    record, samples = read(pb.export([run_file], tmp_path / "out", "every-eval-ever", data=built.data, options=OPTIONS))
    found = {result["evaluation_result_id"]: result["score_details"] for result in record["evaluation_results"]}
    for part in pb.score(run_file, built.data).parts:
        for rate in RATES:
            details = found.pop(f"{part.config}/{rate}")
            scores: dict[str, Any] = {**part.scores}
            assert details["score"] == scores[rate]
            interval = details["uncertainty"]["confidence_interval"]
            assert [interval["lower"], interval["upper"]] == scores["intervals"][rate]
        own = [line["evaluation"]["score"] for line in samples if line["evaluation_name"].endswith(part.config)]
        assert sum(own) / len(own) == part.scores["call_accuracy"]
    assert not found
    assert record["evaluation_id"] == "petoolbench/function:first_candidate/1700000000"
    assert record["detailed_evaluation_results"]["total_rows"] == len(samples) == len(pb.read_run(run_file).lines)


def test_the_same_run_gives_the_same_files(built: Built, run_file: Path, tmp_path: Path) -> None:
    paths = [
        pb.export([run_file], tmp_path / name, "every-eval-ever", data=built.data, options=OPTIONS) for name in "ab"
    ]
    assert [path.relative_to(tmp_path / "a") for path in paths[0]] == [
        path.relative_to(tmp_path / "b") for path in paths[1]
    ]
    assert [path.read_bytes() for path in paths[0]] == [path.read_bytes() for path in paths[1]]
    assert re.fullmatch(r"data/petoolbench/org/first/[0-9a-f-]{36}\.json", str(paths[0][1].relative_to(tmp_path / "a")))


def test_a_report_gives_the_same_scores_as_its_runs(built: Built, run_file: Path, tmp_path: Path) -> None:
    pb.report([run_file], built.data, out=tmp_path / "report")
    options = pb.ExportOptions(organization="Tests", model_ids=("org/first",))
    of_run, _ = read(pb.export([run_file], tmp_path / "a", "every-eval-ever", data=built.data, options=options))
    of_report, _ = read(pb.export([tmp_path / "report"], tmp_path / "b", "every-eval-ever", options=options))
    assert of_report["evaluation_results"] == of_run["evaluation_results"]
    assert of_report["eval_library"]["version"] == "unknown"


@pytest.mark.integrations
def test_the_validator_of_every_eval_ever_finds_nothing(built: Built, run_file: Path, tmp_path: Path) -> None:
    named = dict(pair.split("=", 1) for pair in os.environ.get("PETOOLBENCH_PYTHONS", "").split())
    if "every-eval-ever" not in named:
        pytest.skip("PETOOLBENCH_PYTHONS names no folder of every-eval-ever; `make test-integrations` sets it")
    options = pb.ExportOptions(repo=REPO, organization="Tests", model_ids=("org/first",), samples=True)
    of_run = pb.export([run_file], tmp_path / "run", "every-eval-ever", data=built.data, options=options)
    assert validated(tmp_path / "run", of_run, named["every-eval-ever"]) == [(True, [], [])] * 2
    pb.report([run_file], built.data, out=tmp_path / "report")
    options = pb.ExportOptions(organization="Tests", model_ids=("org/first",))
    of_report = pb.export([tmp_path / "report"], tmp_path / "reported", "every-eval-ever", options=options)
    assert validated(tmp_path / "reported", of_report, named["every-eval-ever"]) == [(True, [], [])]


def validated(folder: Path, paths: list[Path], package: str) -> list[tuple[bool, list[Any], list[Any]]]:
    """Return validity, errors and warnings of each file; the validator requires the paths of the database."""
    command = [sys.executable, "-m", "every_eval_ever.validate", "--format", "json"]
    command += [str(path.relative_to(folder)) for path in paths]
    environment = {**os.environ, "PYTHONPATH": package, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [(report["valid"], report["errors"], report["warnings"]) for report in json.loads(done.stdout)]


def test_complete_runs_of_the_test_split_become_results_of_the_hub(built: Built, tmp_path: Path) -> None:
    run = tmp_path / "run.jsonl"
    data = pb.load(built.data, "all", "test", answers=built.answers)
    pb.predict(data, first_candidate, out=run)
    options = pb.ExportOptions(repo=REPO, revision="a" * 40, source_url="https://example.org/report")
    arguments: dict[str, Any] = {"data": built.data, "answers": built.answers, "options": options}
    (path,) = pb.export([run], tmp_path / "out", "eval-results", **arguments)
    assert path == tmp_path / "out" / ".eval_results" / "petoolbench.yaml"
    entries = parse_eval_result_entries(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert {entry.task_id: entry.value for entry in entries} == {
        part.config: part.scores["tool_accuracy"] for part in pb.score(run, data).parts
    }
    date = datetime.fromtimestamp(run.stat().st_mtime, UTC).strftime("%Y-%m-%d")
    for entry in entries:
        assert (entry.dataset_id, entry.dataset_revision, entry.date) == ("org/petoolbench", "a" * 40, date)
        assert entry.source_url == "https://example.org/report"
    pb.report([run], built.data, answers=built.answers, out=tmp_path / "report")
    (path,) = pb.export([tmp_path / "report"], tmp_path / "of_report", "eval-results", options=options)
    of_report = parse_eval_result_entries(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [(entry.task_id, entry.value) for entry in of_report] == [(entry.task_id, entry.value) for entry in entries]
    tasks = yaml.safe_load((built.data / "eval.yaml").read_text(encoding="utf-8"))["tasks"]
    assert [entry.task_id for entry in entries] == [task["id"] for task in tasks] == list(HISTORY_TYPES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "validation"}, "is on the validation split, while the tasks are on the test split"),
        ({"split": "test", "history": "swapped"}, "shows the history 'swapped'"),
        ({"split": "test", "limit": 4}, "covers a part of the full split"),
    ],
)
def test_runs_without_a_task_on_the_hub_are_refused(
    built: Built, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    split = options.pop("split")
    data = pb.load(built.data, "chronological", split, answers=built.answers if split == "test" else None)
    pb.predict(data, first_candidate, out=tmp_path / "run.jsonl", **options)
    with pytest.raises(ConfigError, match=message):
        pb.export(
            [tmp_path / "run.jsonl"],
            tmp_path / "out",
            "eval-results",
            data=built.data,
            answers=built.answers if split == "test" else None,
            options=pb.ExportOptions(repo=REPO),
        )
    assert not (tmp_path / "out").exists()


def test_answers_of_the_test_split_are_not_exported(built: Built, tmp_path: Path) -> None:
    data = pb.load(built.data, "chronological", "test", answers=built.answers)
    pb.predict(data, first_candidate, out=tmp_path / "run.jsonl")
    with pytest.raises(ConfigError, match="those of the test split are private"):
        pb.export(
            [tmp_path / "run.jsonl"],
            tmp_path / "out",
            "every-eval-ever",
            data=built.data,
            answers=built.answers,
            options=OPTIONS,
        )


@pytest.mark.parametrize(
    ("to", "options", "message"),
    [
        ("helm", {}, "Allowed values: every-eval-ever, eval-results"),
        ("eval-results", {}, "Name it with repo"),
        ("every-eval-ever", {}, "The organization is empty"),
        ("every-eval-ever", {"organization": "T", "relationship": "friend"}, "Allowed values: first_party, third"),
        ("every-eval-ever", {"organization": "T", "model_ids": ("first",)}, "Expected DEVELOPER/MODEL"),
        ("every-eval-ever", {"organization": "T", "model_ids": ("other=a/b",)}, "No run is of the model 'other'"),
    ],
)
def test_missing_facts_are_named(
    built: Built, run_file: Path, tmp_path: Path, to: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        pb.export([run_file], tmp_path / "out", to, data=built.data, options=pb.ExportOptions(**options))


def test_several_systems_have_a_record_each(built: Built, tmp_path: Path) -> None:
    runs = [baseline(built, tmp_path, name) for name in ("random", "first")]
    arguments = ["export", *map(str, runs), "--to", "every-eval-ever", "--data", str(built.data)]
    done = CliRunner().invoke(app, [*arguments, "--organization", "Tests", "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    folders = {path.parent.name for path in (tmp_path / "out").rglob("*.json")}
    assert folders == {"baseline-random", "baseline-first"}
    with pytest.raises(ConfigError, match="there are 2 systems"):
        pb.export(runs, tmp_path / "hub", "eval-results", data=built.data, options=pb.ExportOptions(repo=REPO))
    with pytest.raises(ConfigError, match=r"there are 2\. Pass NAME=DEVELOPER/MODEL"):
        pb.export(runs, tmp_path / "hub", "every-eval-ever", data=built.data, options=OPTIONS)


def test_sources_that_cannot_be_read_are_named(run_file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Name it with data"):
        pb.export([run_file], tmp_path / "out", "every-eval-ever", options=OPTIONS)
    with pytest.raises(DataError, match="is not a report"):
        pb.export([tmp_path], tmp_path / "out", "every-eval-ever", options=OPTIONS)
    with pytest.raises(ConfigError, match="Export it alone"):
        pb.export([tmp_path, run_file], tmp_path / "out", "every-eval-ever", options=OPTIONS)
