"""The evaluator as a process: killed at any moment, beside another one, and on files that cannot be scored."""

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

from leaderboard.public_data import Data
from leaderboard.scoring import evaluator, score_submission
from leaderboard.scoring.baselines import add_floor
from leaderboard.scoring.evaluator import evaluate_pending, score
from leaderboard.scoring.rescore import rescore
from leaderboard.scoring.score_submission import Scored, Scorer
from leaderboard.stores import local_store
from leaderboard.stores.hub_store import HubStore
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import Receipt, Store
from leaderboard.stores.stored_records import Outcome, Person
from tests.conftest import Built
from tests.fakes.hub.faults import Kind
from tests.fakes.hub.server import HubServer

from .making import FREE, RESULTS, SUBMISSIONS, Clock, guesses, lines, submission, write

PATIENCE_S = 90.0
SAME_TALLIES = "No files have been modified since last commit. Skipping to prevent empty commit."
"""Said by the client where the other evaluator was quicker with the same bytes."""


def hand_in(store: Store, folder: Path, data: Data, number: int = 0, **changes: object) -> str:
    content = lines(guesses(data, "validation", number))
    given = submission(content, revision=data.revision, person=Person(str(number), f"user {number}"))
    receipt = store.submit(replace(given, **changes), write(folder, content, f"{number}.jsonl"), lambda _: FREE)  # type: ignore[arg-type]
    assert isinstance(receipt, Receipt)
    return given.id


def check_scored_once(store: Store, scorer: Scorer, acknowledged: set[str]) -> None:
    """Each acknowledged submission has one outcome, which is right."""
    assert acknowledged <= {one.id for one in store.submissions()}
    assert store.pending() == []
    assert Counter(one.submission_id for one in store.outcomes()) == Counter(one.id for one in store.submissions())
    by_id = {one.id: one for one in store.submissions()}
    for outcome in store.outcomes():
        assert outcome.status == "scored"
        if by_id[outcome.submission_id].badge == "baseline":
            continue
        again = score(store, scorer, by_id[outcome.submission_id])
        assert isinstance(again, Scored)
        assert replace(again.outcome, created=outcome.created) == outcome
        assert store.tallies(outcome.submission_id) == again.tallies


def killed_at(event: int, work: Callable[[], None]) -> bool:
    """Do something in a process of its own that kills itself at the event of that number, before what it is.

    An event is a call made within, or of, the store's or the evaluator's code.

    Returns:
        Whether it was killed; False where there are not so many events.
    """
    child = os.fork()
    if not child:
        seen = 0
        files = {local_store.__file__, evaluator.__file__}

        def count(frame: object, kind: str, _: object) -> None:
            nonlocal seen
            if kind in {"call", "c_call"} and frame.f_code.co_filename in files:  # type: ignore[attr-defined]
                seen += 1
                if seen == event:
                    os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        try:
            sys.setprofile(count)
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
        made = hand_in(store, tmp_path, data, 1)
        with receipts.open("a") as file:
            file.write(f"{made}\n")
        list(evaluate_pending(store, scorer))

    event, killed = 1, 0
    while killed_at(event, work):
        event += 5
        killed += 1
    assert killed > 30
    acknowledged = set(receipts.read_text().split())
    assert 0 < len(acknowledged) < killed + 1
    left = LocalStore(folder).pending()
    done = {one.submission_id for one in LocalStore(folder).outcomes()}
    assert done
    assert acknowledged <= done | {one.id for one in left}
    list(evaluate_pending(LocalStore(folder), scorer))
    check_scored_once(LocalStore(folder), scorer, acknowledged)


def start(built: Built, name: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "leaderboard.scoring.evaluator", "--store", name, "--data", built.data, "--answers", built.answers, "--every", "0.05"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextmanager
def evaluators(count: int, begin: Callable[[], subprocess.Popen[str]]) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes, of which none outlives the test."""
    running = [begin() for _ in range(count)]
    try:
        yield running
    finally:
        for one in running:
            one.kill()
            one.communicate()


def wait_until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("home", ["local", "hub"])
def test_two_processes_that_are_killed_again_and_again(
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
            acknowledged |= {hand_in(store, tmp_path, data, 10 * round_ + one) for one in range(3)}
            if round_ == 0:
                wait_until(lambda: len(store.outcomes()) > 0)
            time.sleep(rng.random() * 0.4)
            victim = running[round_ % 2]
            victim.kill()
            victim.communicate()
            running[round_ % 2] = start(built, name, environment)
        wait_until(lambda: not store.pending())
        for one in running:
            one.terminate()
        errors = [line for one in running for line in one.communicate()[1].splitlines()]
        assert [line for line in errors if line != SAME_TALLIES] == []
        assert [one.returncode for one in running] in ([0, 0], [0, -15], [-15, 0], [-15, -15])
    check_scored_once(store, scorer, acknowledged)
    if home == "hub":
        floor = 2  # the empty file of each split
        paths = hub.repo("datasets", RESULTS).files()
        assert len(hub.repo("datasets", RESULTS).commits()) == floor + len(acknowledged) + 1 == len(paths)


@pytest.mark.parametrize(
    ("kind", "repository"), [("commit", SUBMISSIONS), ("preupload", RESULTS), ("commit", RESULTS), ("info", RESULTS)]
)
def test_killed_between_the_two_commits_of_an_outcome(
    kind: Kind, repository: str, built: Built, scorer: Scorer, data: Data, hub: HubServer, member: HfApi, tmp_path: Path
) -> None:
    store = HubStore(SUBMISSIONS, RESULTS, member)
    made = hand_in(store, tmp_path, data)
    environment = hub.environment(tmp_path / "home", str(member.token))
    with evaluators(1, lambda: start(built, f"hub:{SUBMISSIONS},{RESULTS}", environment)) as running:
        hub.on(kind, running[0].kill, matching=repository)
        running[0].wait(PATIENCE_S)
    assert running[0].returncode == -9
    time.sleep(0.2)  # what was under way on the server may still come about
    list(add_floor(HubStore(SUBMISSIONS, RESULTS, member), scorer, None, Clock()))  # as at each start
    list(evaluate_pending(HubStore(SUBMISSIONS, RESULTS, member), scorer))
    check_scored_once(HubStore(SUBMISSIONS, RESULTS, member), scorer, {made})


def test_two_evaluators_in_step(scorer: Scorer, data: Data, opened: Callable[[], Store], tmp_path: Path) -> None:
    first, second = opened(), opened()
    acknowledged = {hand_in(first, tmp_path, data, number) for number in range(3)}
    added = []
    for one, other in zip(
        evaluate_pending(first, scorer, Clock()), evaluate_pending(second, scorer, Clock()), strict=False
    ):
        added += [one.submission_id, other.submission_id]
    assert len(added) <= 4  # each gives only what it has added itself
    list(evaluate_pending(first, scorer))
    check_scored_once(opened(), scorer, acknowledged)


FAILING = {
    "another file": ({"sha256": "0" * 64}, "is not the one that was handed in"),
    "other data": ({"data_revision": "older"}, "answers data revision older"),
    "other ids": ({"split": "test"}, "is not in this split"),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_file_that_cannot_be_scored_fails_and_costs_nothing(
    name: str, scorer: Scorer, data: Data, opened: Callable[[], Store], tmp_path: Path
) -> None:
    changes, told = FAILING[name]
    store = opened()
    made = hand_in(store, tmp_path, data, 0, **changes)
    good = hand_in(store, tmp_path, data, 1)
    found = {one.submission_id: one for one in evaluate_pending(store, scorer, Clock())}
    assert (found[made].status, found[good].status) == ("failed", "scored")
    assert told in found[made].reason
    assert (found[made].scores, found[made].overall) == ({}, {})
    assert [one.failed for one in store.past("0")] == [True]
    assert list(evaluate_pending(store, scorer, Clock())) == []


def test_a_run_with_its_header_is_scored_as_without(scorer: Scorer, data: Data, tmp_path: Path) -> None:
    store, plain = LocalStore(tmp_path / "store"), lines(guesses(data, "validation"))
    header = json.dumps({"petoolbench": {"build_id": data.revision, "split": "validation", "history": "own"}}).encode()
    found = []
    told = b"".join(line[:-1] + b', "input_tokens": 9}\n' for line in plain.splitlines())
    for content in (plain, header + b"\n" + told):
        given = submission(content, revision=data.revision)
        store.submit(given, write(tmp_path, content), lambda _: FREE)
        found += [one.scores for one in evaluate_pending(store, scorer)]
    assert len(found) == 2
    assert found[0] == found[1]


def test_a_header_that_disagrees_fails(scorer: Scorer, data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    content = b'{"petoolbench": {"split": "test"}}\n' + lines(guesses(data, "validation"))
    store.submit(submission(content, revision=data.revision), write(tmp_path, content), lambda _: FREE)
    (outcome,) = evaluate_pending(store, scorer)
    assert outcome.status == "failed"
    assert "the header's 'split' is 'test'" in outcome.reason


def test_a_file_that_went_missing_fails(scorer: Scorer, data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    made = submission(b"", revision=data.revision)
    store.submit(made, None, lambda _: FREE)
    assert ["not in the store" in one.reason for one in evaluate_pending(store, scorer)] == [True]


def test_a_fault_of_ours_on_one_file_holds_up_no_other(
    scorer: Scorer, data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = LocalStore(tmp_path / "store")
    bad, good = (hand_in(store, tmp_path, data, number) for number in (1, 2))
    whole = evaluator.score

    def breaking(store: Store, scorer: Scorer, one: object, clock: evaluator.Clock) -> Scored | Outcome:
        if one.id == bad:  # type: ignore[attr-defined]
            raise MemoryError("gold: secret")
        return whole(store, scorer, one, clock)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluator, "score", breaking)
    assert [one.submission_id for one in evaluate_pending(store, scorer)] == [good]
    assert [one.id for one in store.pending()] == [bad]
    assert capsys.readouterr().err == f"{bad} could not be scored: MemoryError. It stays as it is.\n"
    monkeypatch.setattr(score_submission, "scorer_version", lambda: "mended")
    assert [one.submission.id for one in rescore(store, scorer)] == [good]


def test_without_answers_test_files_wait(data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    content = lines(guesses(data, "test"))
    given = submission(content, split="test", revision=data.revision)
    store.submit(given, write(tmp_path, content), lambda _: FREE)
    assert list(evaluate_pending(store, Scorer(data, None))) == []
    assert store.pending() == [given]


def test_the_command_line(built: Built, data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = LocalStore(tmp_path / "store")
    made = hand_in(store, tmp_path, data)
    common = ["--store", str(tmp_path / "store"), "--data", str(built.data), "--answers", str(built.answers), "--once"]
    assert evaluator.main(common) == 0
    assert f"{made} scored" in capsys.readouterr().out
    assert len(store.outcomes()) == 3  # with the empty file of each split
    assert evaluator.main(common) == 0
    assert capsys.readouterr().out == ""
    assert evaluator.main([*common, "--baselines", str(tmp_path / "nowhere")]) == 1
    assert "is no folder of baselines" in capsys.readouterr().err
    assert evaluator.main([*common[:4], "--answers", str(tmp_path), "--once"]) == 1
