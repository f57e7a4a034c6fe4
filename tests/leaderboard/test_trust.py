"""Tests that the public process cannot read any answer of the test split."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi

from leaderboard.public_data import Data
from leaderboard.scoring.baselines import add_baselines
from leaderboard.scoring.evaluator import evaluate_pending
from leaderboard.scoring.private_answers import Answers
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.hub_store import HubStore
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import Store
from leaderboard.stores.stored_records import HISTORY_TYPES, to_json
from tests.conftest import Built
from tests.fakes.hub.server import HubServer

from .making import FREE, RESULTS, SUBMISSIONS, Clock, guesses, lines, submission, write

PUBLIC = (
    "leaderboard.app",
    "leaderboard.submissions.submissions",
    "leaderboard.submissions.validation",
    "leaderboard.stores.open_store",
    "leaderboard.views.paired_difference",
    "leaderboard.scoring.scorer_version",
)


@pytest.fixture(scope="module")
def gold(built: Built) -> dict[str, tuple[str, str]]:
    """Tool and arguments of the answer to each test instance."""
    answers = Answers(built.answers)
    rows = [row for config in HISTORY_TYPES for row in answers._rows[config].values()]
    return {row["instance_id"]: (row["answer"]["name"], row["answer"]["arguments"]) for row in rows}


def oracle(folder: Path, gold: dict[str, tuple[str, str]]) -> Path:
    """Create a folder of baselines with the oracle, whose file contains all answers."""
    folder.mkdir()
    calls = {
        instance_id: json.dumps({"name": name, "arguments": json.loads(arguments)})
        for instance_id, (name, arguments) in gold.items()
    }
    write(folder, lines(calls), "oracle.test.jsonl")
    return folder


def fill(store: Store, scorer: Scorer, data: Data, tmp_path: Path, gold: dict[str, tuple[str, str]]) -> None:
    """Add baselines, a scored and a failed submission to a store."""
    list(add_baselines(store, scorer, oracle(tmp_path / "baselines", gold), Clock()))
    content = lines(dict.fromkeys(guesses(data, "test"), "no call"))
    failing = submission(content, split="test", revision="other")
    for new in (submission(content, split="test", revision=data.revision), failing):
        store.submit(new, write(tmp_path, content), lambda _: FREE)
    assert len(list(evaluate_pending(store, scorer, Clock()))) == 2


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()


def check_reveals_nothing(name: str, content: bytes, gold: dict[str, tuple[str, str]]) -> None:
    """Check that only predictions files name test instances, and that no line there names the tool of the answer."""
    for instance_id, (tool, _) in gold.items():
        for line in content.split(b"\n"):
            if instance_id.encode() in line:
                assert name.endswith(".jsonl"), name
                assert tool.encode() not in line, name


def test_the_local_store_holds_no_answer(
    scorer: Scorer, data: Data, tmp_path: Path, gold: dict[str, tuple[str, str]]
) -> None:
    store = LocalStore(tmp_path / "store")
    fill(store, scorer, data, tmp_path, gold)
    files = list(files_of(tmp_path / "store"))
    assert len(files) >= 4
    for name, content in files:
        check_reveals_nothing(name, content, gold)
    with pytest.raises(AssertionError):  # the check detects the oracle's file
        check_reveals_nothing(*next(files_of(tmp_path / "baselines")), gold)


def test_neither_repository_holds_an_answer(
    scorer: Scorer, data: Data, hub: HubServer, member: HfApi, tmp_path: Path, gold: dict[str, tuple[str, str]]
) -> None:
    fill(HubStore(SUBMISSIONS, RESULTS, member), scorer, data, tmp_path, gold)
    for repository in (SUBMISSIONS, RESULTS):
        files = hub.repo("datasets", repository).files()
        assert len(files) > 3
        for path, content in files.items():
            check_reveals_nothing(path, content, gold)
    public = b"".join(hub.repo("datasets", RESULTS).files().values())
    assert not [instance_id for instance_id in gold if instance_id.encode() in public]
    assert not [tool for tool, _ in gold.values() if tool.encode() in public]


def test_outcomes_and_tallies_of_the_test_split_name_no_instance(
    scorer: Scorer, data: Data, gold: dict[str, tuple[str, str]]
) -> None:
    scored = scorer.score("x", "test", HISTORY_TYPES, guesses(data, "test"), "")
    text = to_json(scored.outcome) + to_json(scored.tallies)
    groups = set(data.column("chronological", "test", "query_group"))
    tools = [tool for tool, _ in gold.values()]
    assert not [name for name in (*gold, *groups, *tools) if name in text]


def test_the_public_rows_hold_no_answer(built: Built) -> None:
    for config in HISTORY_TYPES:
        for row in pq.read_table(built.data / config / "test.parquet").to_pylist():
            assert row["answer"] is None
            assert not row["evidence"]
            assert {name for name, value in row["meta"].items() if value is not None} <= {"n_tokens"}


def test_the_public_process_imports_no_module_that_reads_answers() -> None:
    code = f"import sys, {', '.join(PUBLIC)}; print(*(name for name in sys.modules if name.startswith('leaderboard')))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(process.stdout.split())
    assert loaded >= set(PUBLIC)
    assert (
        not {
            "leaderboard.scoring.private_answers",
            "leaderboard.scoring.score_submission",
            "leaderboard.scoring.evaluator",
            "leaderboard.scoring.baselines",
        }
        & loaded
    )
