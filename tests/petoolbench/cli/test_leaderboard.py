"""`petoolbench leaderboard`, `submit` and `rescore`, as people type them."""

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

from hf_dataset.reader import read_answers, read_instances
from hf_dataset.schema import HISTORY_TYPES
from leaderboard.stores.local_store import LocalStore
from petoolbench.baseline_runs import PERMANENT, write_baselines
from tests.commands import Done, run
from tests.conftest import Built, silent

PROGRAM = [sys.executable, "-m", "petoolbench"]
WAIT_S = 120
OFFLINE = {"HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False", "NO_PROXY": "127.0.0.1", "PYTHONUNBUFFERED": "1"}


def submit(predictions: Path, space: str, *more: str) -> Done:
    given: list[str | Path] = ["submit", predictions, "--space", space, "--name", "mine", *more]
    return run(*given, cwd=Path.cwd(), **{**os.environ, **OFFLINE})


def told(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **OFFLINE}
    return subprocess.run([*PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("board") / "store"


@pytest.fixture(scope="module")
def space(built: Built, store: Path) -> Iterator[str]:
    """The address of a leaderboard on this machine."""
    given = ["--data", str(built.data), "--answers", str(built.answers), "--store", str(store)]
    command = [*PROGRAM, "leaderboard", *given]
    environment = {**os.environ, **OFFLINE}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        until = time.monotonic() + WAIT_S
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", said)):
            line = process.stdout.readline()
            assert line, said
            assert time.monotonic() < until, said
            said += line
        yield found[0]
        process.terminate()
        said += process.stdout.read()
    assert not said.count("Traceback")


@pytest.fixture
def predictions(built: Built, tmp_path: Path) -> Path:
    path = tmp_path / "predictions.jsonl"
    rows = [row for config in HISTORY_TYPES for row in read_instances(built.data, config, "validation")]
    lines = [json.dumps({"instance_id": row.instance_id, "prediction": "?"}) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_is_checked_handed_in_scored_and_scored_again(
    space: str, store: Path, built: Built, predictions: Path
) -> None:
    whole = predictions.read_text()
    predictions.write_text(whole.partition("\n")[2])
    wrong = told("submit", str(predictions), "--space", space, "--name", "mine")
    assert wrong.returncode == 1
    assert re.search(r"Nothing was handed in\.\n.*\n?preferred_only: 1 of \d+ instance_ids are missing", wrong.stderr)
    predictions.write_text(whole)
    checked = submit(predictions, space, "--check")
    assert checked.returncode == 0, checked.stderr
    assert "Nothing is wrong" in checked.stdout
    receipt = submit(predictions, space)
    assert receipt.returncode == 0, receipt.stderr
    assert "quota left: 9" in receipt.stdout
    (submission,) = re.findall(r"submission id: (\S+)", receipt.stdout)
    until, kept = time.monotonic() + WAIT_S, LocalStore(store)
    while kept.pending():  # the evaluator looks every two seconds
        assert time.monotonic() < until
        time.sleep(0.1)
    (outcome,) = [one for one in kept.outcomes() if one.submission_id == submission]
    assert (outcome.status, outcome.overall["format_rate"]) == ("scored", 0)
    again = told("rescore", "--data", str(built.data), "--answers", str(built.answers), "--store", str(store))
    assert again.returncode == 0, again.stderr
    assert submission not in again.stdout  # it was scored by this scorer
    assert "0 outcomes were added" in again.stdout


def test_a_leaderboard_that_is_not_there_is_named(predictions: Path) -> None:
    found = submit(predictions, "http://127.0.0.1:9")
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert "cannot be reached" in found.stderr
    found = submit(Path("nothing.jsonl"), "http://127.0.0.1:9")
    assert "There is no file 'nothing.jsonl'" in found.stderr


def test_the_permanent_rows_answer_every_instance(built: Built, tmp_path: Path) -> None:
    write_baselines(built.data, built.answers, tmp_path, silent)
    files = {f"{system}.{split}.jsonl" for system in PERMANENT for split in ("validation", "test")}
    assert {path.name for path in tmp_path.iterdir()} == files
    keys = {key.instance_id: key.answer for config in HISTORY_TYPES for key in read_answers(built.answers, config)}
    replies = [json.loads(line) for line in (tmp_path / "oracle.test.jsonl").read_text().splitlines()]
    assert {reply["instance_id"] for reply in replies} == set(keys)
    right = [json.loads(reply["prediction"])["name"] == keys[reply["instance_id"]].name for reply in replies]
    assert sum(right) >= 0.99 * len(right)
