"""`petoolbench leaderboard`, `submit` and `rescore`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hf_dataset.reader import read_answers
from hf_dataset.schema import HISTORY_TYPES
from leaderboard.public_data import Data
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.stored_records import OVERALL
from leaderboard.views import ranking
from petoolbench.baseline_runs import PERMANENT, write_baselines
from tests.commands import Done, run
from tests.conftest import Built, silent

PROGRAM = [sys.executable, "-m", "petoolbench"]
WAIT_S = 120
OFFLINE = {"HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False", "NO_PROXY": "127.0.0.1", "PYTHONUNBUFFERED": "1"}


def submit(predictions: Path, space: str, *options: str) -> Done:
    """Run `submit` in this process."""
    arguments: list[str | Path] = ["submit", predictions, "--space", space, "--name", "mine", *options]
    return run(*arguments, cwd=Path.cwd(), **{**os.environ, **OFFLINE})


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    environment = {**os.environ, **OFFLINE}
    return subprocess.run([*PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("board") / "store"


@pytest.fixture(scope="module")
def space(built: Built, store: Path) -> Iterator[str]:
    """Address of a running leaderboard on this machine."""
    options = ["--data", str(built.data), "--answers", str(built.answers), "--store", str(store)]
    command = [*PROGRAM, "leaderboard", *options]
    environment = {**os.environ, **OFFLINE}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        output = ""
        deadline = time.monotonic() + WAIT_S
        while not (address := re.search(r"http://127\.0\.0\.1:\d+", output)):
            line = process.stdout.readline()
            assert line, output
            assert time.monotonic() < deadline, output
            output += line
        yield address[0]
        process.terminate()
        output += process.stdout.read()
    assert not output.count("Traceback")


@pytest.fixture
def predictions(built: Built, tmp_path: Path) -> Path:
    """Run file of the validation split with all three configs."""
    path = tmp_path / "predictions.jsonl"
    arguments = ("predict", built.data, "--config", "all", "--model", "baseline:first", "-o", path)
    done = run(*arguments, cwd=tmp_path, **os.environ)
    assert done.returncode == 0, done.stderr
    return path


def test_a_file_is_checked_submitted_scored_and_rescored(
    space: str, store: Path, built: Built, predictions: Path
) -> None:
    complete = predictions.read_text()
    header, _, replies = complete.partition("\n")
    predictions.write_text(f"{header}\n{replies.partition(chr(10))[2]}")
    refused = submit(predictions, space)
    assert refused.returncode == 1
    assert re.search(r"Nothing was submitted\.\n.*\n?preferred_only: 1 of \d+ instance_ids are missing", refused.stderr)
    predictions.write_text(complete)
    checked = submit(predictions, space, "--check")
    assert checked.returncode == 0, checked.stderr
    assert f"The file is valid: {3 * 36} lines answer {', '.join(HISTORY_TYPES)}." in checked.stdout
    receipt = submit(predictions, space)
    assert receipt.returncode == 0, receipt.stderr
    assert "quota left: 9" in receipt.stdout
    (submission,) = re.findall(r"submission id: (\S+)", receipt.stdout)
    deadline, submissions = time.monotonic() + WAIT_S, LocalStore(store)
    while submissions.pending():  # the evaluator polls every two seconds
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (outcome,) = [outcome for outcome in submissions.outcomes() if outcome.submission_id == submission]
    assert (outcome.status, outcome.overall["format_rate"]) == ("scored", 1)
    rows = ranking.rows(
        submissions.submissions(), submissions.outcomes(), OVERALL, "validation", Data(built.data).revision
    )
    assert [(row.rank, row.id) for row in rows if row.system == "mine"] == [(1, submission)]
    baselines = {row.system for row in rows if row.badge == "baseline"}
    assert baselines == {"empty file", "random", "chance", *(name.replace("_", " ") for name in PERMANENT)}
    rescored = start("rescore", "--data", str(built.data), "--answers", str(built.answers), "--store", str(store))
    assert rescored.returncode == 0, rescored.stderr
    assert submission not in rescored.stdout, "the current scorer has scored it already"
    assert "0 outcomes were added" in rescored.stdout


def test_an_unreachable_leaderboard_and_a_missing_file_are_reported(predictions: Path) -> None:
    unreachable = submit(predictions, "http://127.0.0.1:9")
    assert (unreachable.returncode, unreachable.stderr.count("\n")) == (1, 1)
    assert "The leaderboard 'http://127.0.0.1:9' cannot be reached" in unreachable.stderr
    missing = submit(Path("nothing.jsonl"), "http://127.0.0.1:9")
    assert missing.returncode == 1
    assert "The file 'nothing.jsonl' does not exist" in missing.stderr


def test_the_files_of_the_baselines_answer_every_instance(built: Built, tmp_path: Path) -> None:
    write_baselines(built.data, built.answers, tmp_path, silent)
    files = {f"{system}.{split}.jsonl" for system in PERMANENT for split in ("validation", "test")}
    assert {path.name for path in tmp_path.iterdir()} == files
    keys = {key.instance_id: key.answer for config in HISTORY_TYPES for key in read_answers(built.answers, config)}
    replies = [json.loads(line) for line in (tmp_path / "oracle.test.jsonl").read_text().splitlines()]
    assert {reply["instance_id"] for reply in replies} == set(keys)
    correct = [json.loads(reply["prediction"])["name"] == keys[reply["instance_id"]].name for reply in replies]
    assert sum(correct) >= 0.99 * len(correct)
