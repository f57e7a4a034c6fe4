"""Tests of stores after a killed submit, and with damaged records: what is left is deleted, what is missing is named."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from leaderboard import app
from leaderboard.maintenance import command
from leaderboard.pages.page_context import Context
from leaderboard.public_data import Data
from leaderboard.scoring import evaluator
from leaderboard.stores.hub_store import HubStore
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.snapshot import Snapshot
from leaderboard.stores.store import Receipt, Store, StoreError, Unreadable, in_words
from leaderboard.stores.stored_records import Outcome, Submission
from leaderboard.submissions.identity import Identity
from leaderboard.submissions.submissions import SubmissionService
from tests.conftest import Built
from tests.fakes.hub.server import HubServer

from .making import ANN, BOB, FREE, RESULTS, SUBMISSIONS, submission, write
from .processes import submit_file, submit_until_killed

CONTENT = b'{"instance_id": "a", "prediction": ""}\n'


def outcome(of: Submission) -> Outcome:
    return Outcome(of.id, "scored", "", "s1", "r", of.created, answers="a1")


def stored(store: Store, tmp_path: Path, count: int) -> list[Submission]:
    """Store submissions and return them."""
    replies = [submit_file(store, write(tmp_path, CONTENT), person=person) for person in [ANN, BOB, ANN][:count]]
    return sorted((reply.submission for reply in replies if isinstance(reply, Receipt)), key=lambda made: made.id)


@pytest.mark.parametrize("committed", [False, True])
def test_the_file_of_a_killed_submit_is_deleted_unless_its_record_was_stored(tmp_path: Path, committed: bool) -> None:
    folder = tmp_path / "store"
    (first,) = stored(LocalStore(folder), tmp_path, 1)
    file = write(tmp_path, CONTENT)
    process = multiprocessing.get_context("spawn").Process(
        target=submit_until_killed, args=(str(folder), str(file), committed)
    )
    process.start()
    process.join()
    assert process.exitcode == -9
    files = folder / "predictions"
    assert len(list(files.iterdir())) == 2
    store = LocalStore(folder)
    known = [made.id for made in store.submissions()]
    assert len(known) == 1 + committed
    assert sorted(path.name for path in files.iterdir()) == sorted(f"{submission_id}.jsonl" for submission_id in known)
    assert all(store.predictions(submission_id) == CONTENT for submission_id in known)
    assert first.id in known
    assert store.unreadable() == []


def test_a_staged_file_can_be_read_before_it_has_its_name(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    (made,) = stored(store, tmp_path, 1)
    path = tmp_path / "store" / "predictions" / f"{made.id}.jsonl"
    path.rename(path.with_name(f".{path.name}.staged"))
    assert store.predictions(made.id) == CONTENT


def test_incomplete_downloads_of_a_killed_process_are_deleted(member: HfApi, tmp_path: Path) -> None:
    blobs = tmp_path / "hub-cache" / "datasets--org--submissions" / "blobs"
    blobs.mkdir(parents=True)
    for name, age in (("old.incomplete", 100_000), ("new.incomplete", 10), ("whole", 100_000)):
        (blobs / name).write_bytes(b"x")
        os.utime(blobs / name, (time.time() - age, time.time() - age))
    HubStore(SUBMISSIONS, RESULTS, member)
    assert sorted(path.name for path in blobs.iterdir()) == ["new.incomplete", "whole"]


def test_records_lost_with_the_log_of_the_database_are_named(tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"
    store = LocalStore(folder)
    with sqlite3.connect(folder / "leaderboard.sqlite") as reader:  # keeps the log from being written back
        reader.execute("SELECT count(*) FROM submissions").fetchone()
        made = stored(store, tmp_path, 3)
        shutil.copytree(folder, copy)
    reader.close()
    log = copy / "leaderboard.sqlite-wal"
    damaged = bytearray(log.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF  # SQLite drops this frame and all later ones without an error
    log.write_bytes(damaged)
    store = LocalStore(copy)
    left = store.submissions()
    assert len(left) < 3
    lost = [submission for submission in made if submission not in left]
    assert store.unreadable() == [
        Unreadable(f"predictions/{submission.id}.jsonl", "its submission is missing") for submission in lost
    ]


def damaged_local(folder: Path, made: list[Submission]) -> list[str]:
    """Damage a submission and an outcome of a local store, and return their places."""
    with sqlite3.connect(folder / "leaderboard.sqlite") as connection:
        for table in ("submissions", "outcomes"):
            connection.execute(f"DROP TRIGGER no_update_of_{table}")
        connection.execute("UPDATE submissions SET record = substr(record, 9) WHERE id = ?", (made[0].id,))
        connection.execute("UPDATE outcomes SET record = '{}' WHERE submission_id = ?", (made[1].id,))
    connection.close()
    return [f"submissions/{made[0].id}", f"outcomes/{outcome(made[1]).key}"]


def damaged_hub(hub: HubServer, made: list[Submission]) -> list[str]:
    """Damage a submission and a result of a store on the Hub, and return their paths."""
    paths = []
    for repository, part in ((SUBMISSIONS, f"{made[0].id}.json"), (RESULTS, f"{outcome(made[1]).key}.json")):
        files = hub.repo("datasets", repository).files()
        (path,) = [path for path in files if path.endswith(part)]
        hub.commit("datasets", repository, {path: files[path][9:]})
        paths.append(path)
    return paths


def test_damaged_records_are_named_and_all_others_are_read(
    request: pytest.FixtureRequest, open_again: Callable[[], Store], tmp_path: Path
) -> None:
    store = open_again()
    made = stored(store, tmp_path, 3)
    for submission_made in made:
        store.record(outcome(submission_made))
    if isinstance(store, LocalStore):
        places = damaged_local(tmp_path / "store", made)
    else:
        places = damaged_hub(request.getfixturevalue("hub"), made)
    store = open_again()
    assert store.submissions() == made[1:]
    assert {result.submission_id for result in store.outcomes()} == {made[0].id, made[2].id}
    assert [found.file for found in store.unreadable()] == places
    notice = in_words(store.unreadable())
    assert notice.startswith("2 records of the store cannot be read: ")
    assert all(place in notice for place in places)
    with pytest.raises(StoreError):  # no quota is granted without all submissions of a person
        store.past(made[0].person.sub)


def test_the_page_and_the_evaluator_name_what_is_missing(
    built: Built, data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = LocalStore(tmp_path / "store")
    made = submission(CONTENT, revision="another")
    assert isinstance(store.submit(made, write(tmp_path, CONTENT), lambda _: FREE), Receipt)
    (tmp_path / "store" / "predictions" / "20260101T000000Z-0123456789abcdef.jsonl").write_bytes(CONTENT)
    identity = Identity(in_space=False, whoami=lambda _: {})
    context = Context(store, Snapshot(store, data.revision), data, SubmissionService(store, data, "s"), identity)
    named = "predictions/20260101T000000Z-0123456789abcdef.jsonl"
    assert named in app.title_text(context)
    arguments = ["--store", str(tmp_path / "store"), "--data", str(built.data), "--once"]
    assert evaluator.main(arguments) == 0
    assert f"1 record of the store cannot be read: {named}" in capsys.readouterr().err
    assert command.main(["list", "--store", str(tmp_path / "store")]) == 0
    assert f"warning: 1 record of the store cannot be read: {named}" in capsys.readouterr().err


def test_a_whole_store_has_no_notice(store: Store, tmp_path: Path) -> None:
    for made in stored(store, tmp_path, 3):
        store.record(outcome(made))
    assert in_words(store.unreadable()) == ""
