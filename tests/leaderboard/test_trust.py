"""No answer of the test split lies where the public process reads, and nobody is taken for another."""

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
from leaderboard.scoring.baselines import add_floor
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
    """Tool and arguments of each test instance."""
    answers = Answers(built.answers)
    rows = [row for config in HISTORY_TYPES for row in answers._rows[config].values()]
    return {row["instance_id"]: (row["answer"]["name"], row["answer"]["arguments"]) for row in rows}


def oracle(folder: Path, gold: dict[str, tuple[str, str]]) -> Path:
    """A folder of baselines, one of which knows all answers."""
    folder.mkdir()
    known = {one: json.dumps({"name": name, "arguments": json.loads(given)}) for one, (name, given) in gold.items()}
    write(folder, lines(known), "oracle.test.jsonl")
    return folder


def fill(store: Store, scorer: Scorer, data: Data, tmp_path: Path, gold: dict[str, tuple[str, str]]) -> None:
    list(add_floor(store, scorer, oracle(tmp_path / "baselines", gold), Clock()))
    content = lines(dict.fromkeys(guesses(data, "test"), "no call"))
    broken = submission(content, split="test", revision="other")
    for given in (submission(content, split="test", revision=data.revision), broken):
        store.submit(given, write(tmp_path, content), lambda _: FREE)
    assert len(list(evaluate_pending(store, scorer, Clock()))) == 2


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()


def check_tells_nothing(name: str, content: bytes, gold: dict[str, tuple[str, str]]) -> None:
    """Files that may name test instances are those of predictions, and no line of theirs names an answer's tool."""
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
    seen = list(files_of(tmp_path / "store"))
    assert len(seen) >= 4
    for name, content in seen:
        check_tells_nothing(name, content, gold)
    with pytest.raises(AssertionError):  # the check can fail
        check_tells_nothing(*next(files_of(tmp_path / "baselines")), gold)


def test_neither_repository_holds_an_answer(
    scorer: Scorer, data: Data, hub: HubServer, member: HfApi, tmp_path: Path, gold: dict[str, tuple[str, str]]
) -> None:
    fill(HubStore(SUBMISSIONS, RESULTS, member), scorer, data, tmp_path, gold)
    for repository in (SUBMISSIONS, RESULTS):
        files = hub.repo("datasets", repository).files()
        assert len(files) > 3
        for path, content in files.items():
            check_tells_nothing(path, content, gold)
    public = b"".join(hub.repo("datasets", RESULTS).files().values())
    assert not [one for one in gold if one.encode() in public]
    assert not [tool for tool, _ in gold.values() if tool.encode() in public]


def test_outcomes_and_tallies_of_the_test_split_name_no_instance(
    scorer: Scorer, data: Data, gold: dict[str, tuple[str, str]]
) -> None:
    found = scorer.score("x", "test", HISTORY_TYPES, guesses(data, "test"), "")
    text = to_json(found.outcome) + to_json(found.tallies)
    groups = set(data.column("chronological", "test", "query_group"))
    assert not [one for one in (*gold, *groups, *(tool for tool, _ in gold.values())) if one in text]


def test_the_public_rows_hold_no_answer(built: Built) -> None:
    for config in HISTORY_TYPES:
        for row in pq.read_table(built.data / config / "test.parquet").to_pylist():
            assert row["answer"] is None
            assert not row["evidence"]
            assert {name for name, value in row["meta"].items() if value is not None} <= {"n_tokens"}


def test_the_public_process_imports_nothing_that_reads_answers() -> None:
    code = f"import sys, {', '.join(PUBLIC)}; print(*(one for one in sys.modules if one.startswith('leaderboard')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
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
