"""Tests of the evaluator: kills at any moment, concurrent evaluators, and files that cannot be scored."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from leaderboard import clock as clocks
from leaderboard.public_data import Data
from leaderboard.scoring import evaluator, score_submission
from leaderboard.scoring.baselines import add_baselines
from leaderboard.scoring.evaluator import evaluate_pending, score
from leaderboard.scoring.expected_scores import DRAWS
from leaderboard.scoring.rescore import rescore
from leaderboard.scoring.score_submission import Scored, Scorer
from leaderboard.scoring.shown_figures import ShownFigures
from leaderboard.stores import local_store
from leaderboard.stores.hub_store import HubStore
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import Receipt, Store
from leaderboard.stores.stored_records import Outcome, Person, Submission
from tests.conftest import Built
from tests.fakes.hub.faults import Kind
from tests.fakes.hub.server import HubServer

from .making import FREE, RESULTS, SUBMISSIONS, Clock, guesses, lines, submission, write

PATIENCE_S = 90.0
SAME_TALLIES = "No files have been modified since last commit. Skipping to prevent empty commit."
"""Message of the Hub client if the other evaluator has already committed the same bytes."""


def submit(store: Store, folder: Path, data: Data, number: int = 0, **changes: object) -> str:
    """Submit a file and return the id of the submission."""
    content = lines(guesses(data, "validation", number))
    new = submission(content, revision=data.revision, person=Person(str(number), f"user {number}"))
    receipt = store.submit(replace(new, **changes), write(folder, content, f"{number}.jsonl"), lambda _: FREE)  # type: ignore[arg-type]
    assert isinstance(receipt, Receipt)
    return new.id


def check_scored_once(store: Store, scorer: Scorer, acknowledged: set[str]) -> None:
    """Check that every acknowledged submission is stored, and that every submission has one, correct outcome."""
    submissions = store.submissions()
    by_id = {stored.id: stored for stored in submissions}
    assert acknowledged <= set(by_id)
    assert store.pending() == []
    assert Counter(outcome.submission_id for outcome in store.outcomes()) == Counter(
        stored.id for stored in submissions
    )
    for outcome in store.outcomes():
        assert outcome.status == "scored"
        if by_id[outcome.submission_id].badge == "baseline":
            continue
        again = score(store, scorer, by_id[outcome.submission_id])
        assert isinstance(again, Scored)
        assert replace(again.outcome, created=outcome.created) == outcome
        assert store.tallies(outcome.submission_id) == again.tallies


def killed_at(event: int, work: Callable[[], None]) -> bool:
    """Run a function in a child process that kills itself just before the event with a given number.

    An event is a call of, or within, the code of the local store or the evaluator.

    Returns:
        True if the child was killed, False if it finished before that event.
    """
    child = os.fork()
    if not child:
        count = 0
        files = {local_store.__file__, evaluator.__file__}

        def on_event(frame: object, kind: str, _: object) -> None:
            nonlocal count
            if kind in {"call", "c_call"} and frame.f_code.co_filename in files:  # type: ignore[attr-defined]
                count += 1
                if count == event:
                    os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        try:
            sys.setprofile(on_event)
            work()
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0
    return os.WIFSIGNALED(ended)


def test_killed_at_any_moment_between_upload_and_outcome(scorer: Scorer, data: Data, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    LocalStore(folder)
    acknowledged, receipts = set(), tmp_path / "receipts"
    receipts.touch()

    def work() -> None:
        store = LocalStore(folder)
        submission_id = submit(store, tmp_path, data, 1)
        with receipts.open("a") as file:
            file.write(f"{submission_id}\n")
        list(evaluate_pending(store, scorer))

    event, killed = 1, 0
    while killed_at(event, work):
        event += 9
        killed += 1
    assert killed > 30
    acknowledged = set(receipts.read_text().split())
    assert 0 < len(acknowledged) < killed + 1
    pending = {pending.id for pending in LocalStore(folder).pending()}
    scored = {outcome.submission_id for outcome in LocalStore(folder).outcomes()}
    assert scored
    assert acknowledged <= scored | pending
    list(evaluate_pending(LocalStore(folder), scorer))
    check_scored_once(LocalStore(folder), scorer, acknowledged)


def start(built: Built, name: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "leaderboard.scoring.evaluator", "--store", name, "--data", built.data, "--answers", built.answers, "--every", "0.05"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextmanager
def evaluators(count: int, begin: Callable[[], subprocess.Popen[str]]) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that are killed at the end of the block."""
    running = [begin() for _ in range(count)]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.communicate()


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("home", ["local", "hub"])
def test_two_evaluators_that_are_killed_repeatedly(
    home: str, built: Built, scorer: Scorer, data: Data, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name, environment = str(tmp_path / "store"), None
    store: Store
    if home == "hub":
        hub: HubServer = request.getfixturevalue("hub")
        member: HfApi = request.getfixturevalue("member")
        store, name = HubStore(SUBMISSIONS, RESULTS, member), f"hub:{SUBMISSIONS},{RESULTS}"
        environment = hub.environment(tmp_path / "home", str(member.token))
    else:
        store = LocalStore(tmp_path / "store")
    rng = random.Random(4)  # noqa: S311
    acknowledged = set()
    with evaluators(2, lambda: start(built, name, environment)) as running:
        for round_ in range(4):
            acknowledged |= {submit(store, tmp_path, data, 10 * round_ + number) for number in range(3)}
            if round_ == 0:
                wait_until(lambda: len(store.outcomes()) > 0)
            time.sleep(rng.random() * 0.4)
            victim = running[round_ % 2]
            victim.kill()
            victim.communicate()
            running[round_ % 2] = start(built, name, environment)
        wait_until(lambda: not store.pending())
        for process in running:
            process.terminate()
        errors = [line for process in running for line in process.communicate()[1].splitlines()]
        assert [line for line in errors if line != SAME_TALLIES] == []
        assert [process.returncode for process in running] in ([0, 0], [0, -15], [-15, 0], [-15, -15])
    check_scored_once(store, scorer, acknowledged)
    if home == "hub":
        baselines = 2 * (1 + len(DRAWS))  # in each split, the file of empty predictions and the random choices
        paths = hub.repo("datasets", RESULTS).files()
        assert len(hub.repo("datasets", RESULTS).commits()) == baselines + len(acknowledged) + 1 == len(paths)


@pytest.mark.parametrize(
    ("kind", "repository"), [("commit", SUBMISSIONS), ("preupload", RESULTS), ("commit", RESULTS), ("info", RESULTS)]
)
def test_killed_between_the_two_commits_of_an_outcome(
    kind: Kind, repository: str, built: Built, scorer: Scorer, data: Data, hub: HubServer, member: HfApi, tmp_path: Path
) -> None:
    store = HubStore(SUBMISSIONS, RESULTS, member)
    submission_id = submit(store, tmp_path, data)
    environment = hub.environment(tmp_path / "home", str(member.token))
    with evaluators(1, lambda: start(built, f"hub:{SUBMISSIONS},{RESULTS}", environment)) as running:
        hub.on(kind, running[0].kill, matching=repository)
        running[0].wait(PATIENCE_S)
    assert running[0].returncode == -9
    time.sleep(0.2)  # a request in progress on the server may still complete
    list(
        add_baselines(HubStore(SUBMISSIONS, RESULTS, member), scorer, None, Clock())
    )  # the evaluator does so at each start
    list(evaluate_pending(HubStore(SUBMISSIONS, RESULTS, member), scorer))
    check_scored_once(HubStore(SUBMISSIONS, RESULTS, member), scorer, {submission_id})


def test_two_evaluators_in_alternation(
    scorer: Scorer, data: Data, open_again: Callable[[], Store], tmp_path: Path
) -> None:
    first, second = open_again(), open_again()
    acknowledged = {submit(first, tmp_path, data, number) for number in range(3)}
    added = []
    for pair in zip(evaluate_pending(first, scorer, Clock()), evaluate_pending(second, scorer, Clock()), strict=False):
        added += [outcome.submission_id for outcome in pair]
    assert len(added) <= 4  # each evaluator yields only the outcomes that it has added itself
    list(evaluate_pending(first, scorer))
    check_scored_once(open_again(), scorer, acknowledged)


FAILING = {
    "another file": ({"sha256": "0" * 64}, "is not the one that was submitted"),
    "other data": ({"data_revision": "older"}, "answers data revision older"),
    "other ids": ({"split": "test"}, "is not in this split"),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_file_that_cannot_be_scored_fails_and_does_not_count(
    name: str, scorer: Scorer, data: Data, open_again: Callable[[], Store], tmp_path: Path
) -> None:
    changes, reason = FAILING[name]
    store = open_again()
    bad = submit(store, tmp_path, data, 0, **changes)
    good = submit(store, tmp_path, data, 1)
    outcomes = {outcome.submission_id: outcome for outcome in evaluate_pending(store, scorer, Clock())}
    assert (outcomes[bad].status, outcomes[good].status) == ("failed", "scored")
    assert reason in outcomes[bad].reason
    assert (outcomes[bad].scores, outcomes[bad].overall) == ({}, {})
    assert [past.failed for past in store.past("0")] == [True]
    assert list(evaluate_pending(store, scorer, Clock())) == []


def test_a_header_does_not_change_the_scores(scorer: Scorer, data: Data, tmp_path: Path) -> None:
    store, plain = LocalStore(tmp_path / "store"), lines(guesses(data, "validation"))
    header = json.dumps(
        {"petoolbench": {"data_revision": data.revision, "settings": {"split": "validation", "history": "own"}}}
    ).encode()
    scores = []
    with_tokens = b"".join(line[:-1] + b', "input_tokens": 9}\n' for line in plain.splitlines())
    for content in (plain, header + b"\n" + with_tokens):
        store.submit(submission(content, revision=data.revision), write(tmp_path, content), lambda _: FREE)
        scores += [outcome.scores for outcome in evaluate_pending(store, scorer)]
    assert len(scores) == 2
    assert scores[0] == scores[1]


def test_a_header_that_contradicts_the_submission_fails(scorer: Scorer, data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    content = b'{"petoolbench": {"split": "test"}}\n' + lines(guesses(data, "validation"))
    store.submit(submission(content, revision=data.revision), write(tmp_path, content), lambda _: FREE)
    (outcome,) = evaluate_pending(store, scorer)
    assert outcome.status == "failed"
    assert "the header's 'split' is 'test'" in outcome.reason


def test_a_missing_file_fails(scorer: Scorer, data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    store.submit(submission(b"", revision=data.revision), None, lambda _: FREE)
    assert ["not in the store" in outcome.reason for outcome in evaluate_pending(store, scorer)] == [True]


def test_an_error_of_the_scorer_on_one_file_does_not_stop_the_others(
    scorer: Scorer, data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = LocalStore(tmp_path / "store")
    bad, good = (submit(store, tmp_path, data, number) for number in (1, 2))
    original_score = evaluator.score

    def failing_score(
        store: Store, scorer: Scorer, scored: Submission, clock: clocks.Clock, figures: ShownFigures
    ) -> Scored | Outcome:
        if scored.id == bad:
            raise MemoryError("gold: secret")
        return original_score(store, scorer, scored, clock, figures)

    monkeypatch.setattr(evaluator, "score", failing_score)
    assert [outcome.submission_id for outcome in evaluate_pending(store, scorer)] == [good]
    assert [pending.id for pending in store.pending()] == [bad]
    assert capsys.readouterr().err == f"{bad} could not be scored: MemoryError. Its status is unchanged.\n"
    monkeypatch.setattr(score_submission, "scorer_version", lambda: "corrected")
    assert [rescored.submission.id for rescored in rescore(store, scorer)] == [good]


def test_without_answers_test_files_stay_pending(data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    content = lines(guesses(data, "test"))
    new = submission(content, split="test", revision=data.revision)
    store.submit(new, write(tmp_path, content), lambda _: FREE)
    assert list(evaluate_pending(store, Scorer(data, None))) == []
    assert store.pending() == [new]


def test_the_command_line(built: Built, data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = LocalStore(tmp_path / "store")
    submission_id = submit(store, tmp_path, data)
    common = ["--store", str(tmp_path / "store"), "--data", str(built.data), "--answers", str(built.answers), "--once"]
    assert evaluator.main(common) == 0
    assert f"{submission_id} scored" in capsys.readouterr().out
    # With the file of empty predictions and the random choices of each split.
    assert len(store.outcomes()) == 1 + 2 * (1 + len(DRAWS))
    assert evaluator.main(common) == 0
    assert capsys.readouterr().out == ""
    assert evaluator.main([*common, "--baselines", str(tmp_path / "nowhere")]) == 1
    assert "is not a folder of baselines" in capsys.readouterr().err
    assert evaluator.main([*common[:4], "--answers", str(tmp_path), "--once"]) == 1
