"""Tests of both stores: exact quotas, no lost, duplicate or changed records, and failures of disk and Hub."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from leaderboard.stores.hub_store import HubStore, person_key
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.open_store import open_store
from leaderboard.stores.snapshot import Snapshot
from leaderboard.stores.store import Receipt, Store, StoreError, UnknownSubmissionError, check_id, new_id
from leaderboard.stores.stored_records import Outcome, Person, Result, Submission, Tallies, from_json, to_json
from leaderboard.submissions.quota import Decision, decide
from tests.fakes.hub.clients import api
from tests.fakes.hub.faults import Break, Status
from tests.fakes.hub.server import HubServer

from .making import ANN, BOB, FREE, NOW, RESULTS, SUBMISSIONS, submission, write
from .processes import submit_endless, submit_file, submit_many

CONTENT = b'{"instance_id": "a", "prediction": ""}\n'
TALLIES = Tallies("a1", {"chronological": ((1, 2), (0, 3))})


def outcome(
    of: Submission, status: str = "scored", scorer: str = "s1", created: str = "2026-11-22T13:00:00+00:00"
) -> Outcome:
    return Outcome(of.id, status, "", scorer, "r", created, answers="a1")  # type: ignore[arg-type]


def test_stored_records_can_be_read_back(open_again: Callable[[], Store], tmp_path: Path) -> None:
    file = write(tmp_path, CONTENT)
    first = submission(CONTENT)
    receipt = open_again().submit(first, file, lambda past: decide(NOW, past, "validation"))
    assert isinstance(receipt, Receipt)
    assert (receipt.submission, receipt.quota.left, receipt.left) == (first, 10, 9)
    second = submission(CONTENT, person=BOB, split="test")
    open_again().submit(second, file, lambda past: decide(NOW, past, "test"))
    store = open_again()
    assert store.submissions() == store.pending() == sorted([first, second], key=lambda stored: stored.id)
    assert store.predictions(first.id) == CONTENT
    assert store.outcomes() == []
    assert [(past.split, past.failed) for past in store.past(ANN.sub)] == [("validation", False)]
    assert store.past("nobody") == []

    assert store.record(outcome(first), TALLIES)
    assert not store.record(replace(outcome(first), created="later"), TALLIES)  # the first one is kept
    assert store.record(outcome(second, "failed"))
    assert store.record(outcome(first, scorer="s2", created="2026-11-22T14:00:00+00:00"))
    store = open_again()
    assert [(stored.submission_id, stored.scorer_version) for stored in store.outcomes()][-1] == (first.id, "s2")
    assert len(store.outcomes()) == 3
    assert store.pending() == []
    assert store.tallies(first.id) == TALLIES
    assert store.tallies(second.id) is None
    assert [past.failed for past in store.past(BOB.sub)] == [True]


def test_a_refused_submission_is_not_stored(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path, CONTENT)
    assert isinstance(submit_file(store, file, split="test"), Receipt)
    refused = submit_file(store, file, split="test")
    assert isinstance(refused, Decision)
    assert "used up" in refused.text
    assert isinstance(submit_file(store, file, split="test", person=BOB), Receipt)  # quotas are per person
    # Persons are distinguished by id and not by name.
    assert isinstance(submit_file(store, file, split="test", person=Person(ANN.sub, "bob")), Decision)
    assert isinstance(submit_file(store, file, split="test", person=Person("0009", ANN.name)), Receipt)
    assert len(store.submissions()) == 3


def test_failed_submissions_do_not_count(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path, CONTENT)
    first = submit_file(store, file, split="test")
    assert isinstance(first, Receipt)
    assert isinstance(submit_file(store, file, split="test"), Decision)  # pending submissions count
    store.record(outcome(first.submission, "failed"))
    second = submit_file(store, file, split="test")
    assert isinstance(second, Receipt)
    store.record(outcome(second.submission))
    assert isinstance(submit_file(store, file, split="test"), Decision)
    store.record(outcome(first.submission, scorer="s2"))  # scored by a later scorer
    assert [past.failed for past in store.past(ANN.sub)] == [False, False]


def test_the_same_id_is_stored_once(open_again: Callable[[], Store], tmp_path: Path) -> None:
    file, new = write(tmp_path, CONTENT), submission(CONTENT, split="test")
    for _ in range(3):
        receipt = open_again().submit(new, file, lambda past: decide(NOW, past, "test"))
        assert isinstance(receipt, Receipt)
    assert open_again().submissions() == [new]


def test_a_baseline_needs_no_file_and_is_never_pending(store: Store) -> None:
    baseline = submission(b"", badge="baseline", person=ANN)
    assert isinstance(store.submit(baseline, None, lambda _: FREE), Receipt)
    assert (store.submissions(), store.pending(), store.past(ANN.sub)) == ([baseline], [], [])
    with pytest.raises(UnknownSubmissionError, match="no predictions"):
        store.predictions(baseline.id)


BAD_IDS = (
    "",
    "..",
    "../../x",
    "20261122T120000Z-0123456789abcde",
    "20261122T120000Z-0123456789abcdef\n",
    "20261122T120000Z-0123456789ABCDEF",
    "a/b",
    "x" * 10**6,
    "\u0662\u0660\u0662\u06661122T120000Z-0123456789abcdef",
)


@pytest.mark.parametrize("bad", BAD_IDS, ids=lambda bad: ascii(bad)[:40])
def test_malformed_ids_are_rejected(bad: str, store: Store, tmp_path: Path) -> None:
    new = replace(submission(CONTENT), id=bad)
    with pytest.raises(UnknownSubmissionError, match="is not a submission id"):
        store.submit(new, write(tmp_path, CONTENT), lambda _: FREE)
    with pytest.raises(UnknownSubmissionError, match="is not a submission id"):
        store.predictions(bad)
    with pytest.raises(StoreError):
        store.record(outcome(new))
    assert store.submissions() == []


def test_names_of_people_and_systems_do_not_appear_in_paths(store: Store, tmp_path: Path) -> None:
    person = Person("../../../etc", "../\u202e<b>=1")
    new = replace(submission(CONTENT, person=person, name="../../x\n'); DROP TABLE submissions; --"), split="test")
    assert isinstance(store.submit(new, write(tmp_path, CONTENT), lambda _: FREE), Receipt)
    assert store.submissions() == [new]
    assert len(store.past(person.sub)) == 1
    paths = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")]
    assert not [path for path in paths if "etc" in path or "DROP" in path]


def test_new_ids_are_valid_and_unique() -> None:
    submission_id = new_id(NOW)
    assert check_id(submission_id) == submission_id
    assert submission_id.startswith("20261122T120000Z-")
    assert len({new_id(NOW) for _ in range(1000)}) == 1000


def test_records_survive_json_and_malformed_ones_are_rejected() -> None:
    new = submission(CONTENT)
    for record in (new, outcome(new), TALLIES, Result(new, outcome(new))):
        assert from_json(type(record), to_json(record)) == record
    for text in ("", "{}", "[]", '{"sub": 3, "name": "x"}', '{"sub": "x"}'):
        with pytest.raises(ValueError, match="Person"):
            from_json(Person, text)
    with pytest.raises(ValueError, match="split"):
        from_json(Submission, to_json(new).replace('"validation"', '"train"'))


@pytest.mark.parametrize(("split", "allowed"), [("validation", 10), ("test", 1)])
def test_fifty_concurrent_submissions_of_one_person(
    open_again: Callable[[], Store], tmp_path: Path, split: str, allowed: int
) -> None:
    file, stores = write(tmp_path, CONTENT), [open_again() for _ in range(5)]
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda number: submit_file(stores[number % 5], file, split=split), range(50)))
    receipts = [reply for reply in replies if isinstance(reply, Receipt)]
    assert len(receipts) == len(open_again().submissions()) == allowed
    assert sorted(receipt.left for receipt in receipts) == list(range(allowed))


def test_fifty_concurrent_submissions_of_fifty_people(open_again: Callable[[], Store], tmp_path: Path) -> None:
    file, stores = write(tmp_path, CONTENT), [open_again() for _ in range(5)]
    with ThreadPoolExecutor(50) as pool:
        replies = list(
            pool.map(lambda n: submit_file(stores[n % 5], file, split="test", person=Person(str(n), "x")), range(50))
        )
    ids = {reply.submission.id for reply in replies if isinstance(reply, Receipt)}
    assert len(ids) == 50
    assert {stored.id for stored in open_again().submissions()} == ids
    assert all(open_again().predictions(submission_id) == CONTENT for submission_id in sorted(ids)[:5])


@pytest.mark.parametrize("home", ["local", "hub"])
def test_concurrent_processes(home: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    file, folder, url, token = write(tmp_path, CONTENT), str(tmp_path / "store"), "", ""
    processes, each = 4, 13
    if home == "hub":
        hub: HubServer = request.getfixturevalue("hub")
        url, token = hub.url, hub.add_user("keeper", orgs=["org"])
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        acknowledged_ids = pool.starmap(submit_many, [(folder, url, token, str(file), each)] * processes)
    acknowledged = Counter(submission_id for ids in acknowledged_ids for submission_id in ids)
    store = HubStore(SUBMISSIONS, RESULTS, HfApi(endpoint=url, token=token)) if url else open_store(folder)
    assert len(acknowledged) == acknowledged.total() == 10
    assert {stored.id for stored in store.submissions()} == set(acknowledged)


def test_only_partial_files_of_crashed_writers_are_deleted(tmp_path: Path) -> None:
    folder, fifo = tmp_path / "store", tmp_path / "fifo"
    os.mkfifo(fifo)
    receipt = submit_file(LocalStore(folder), write(tmp_path, CONTENT))
    assert isinstance(receipt, Receipt)
    arguments = (str(folder), str(fifo), CONTENT)
    process = multiprocessing.get_context("spawn").Process(target=submit_endless, args=arguments)
    process.start()
    with fifo.open("wb", buffering=0) as end:
        end.write(CONTENT)
        while not (partial := list((folder / "predictions").glob(".*"))):
            time.sleep(0.01)
        LocalStore(folder)
        assert partial[0].exists()  # its writer is active
        process.kill()
        process.join()
    assert partial[0].exists()
    store = LocalStore(folder)
    assert list((folder / "predictions").iterdir()) == [folder / "predictions" / f"{receipt.submission.id}.jsonl"]
    assert store.submissions() == [receipt.submission]


def test_a_file_that_cannot_be_copied_is_not_stored(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    with pytest.raises(StoreError, match="Nothing was changed"):
        store.submit(submission(CONTENT), tmp_path / "nothing", lambda _: FREE)
    with pytest.raises(StoreError, match="Nothing was changed"):
        store.submit(submission(CONTENT), tmp_path, lambda _: FREE)
    assert list((tmp_path / "store" / "predictions").iterdir()) == []
    assert store.submissions() == []


def test_the_database_rejects_changes(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    new = submission(CONTENT)
    store.submit(new, write(tmp_path, CONTENT), lambda _: FREE)
    store.record(outcome(new))
    connection = sqlite3.connect(tmp_path / "store" / "leaderboard.sqlite")
    for table in ("submissions", "outcomes"):
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET record = ''"):  # noqa: S608
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
                connection.execute(change)
    connection.close()
    assert len(store.outcomes()) == 1


def test_an_unreadable_store_accepts_no_submission(tmp_path: Path) -> None:
    store, file = LocalStore(tmp_path / "store"), write(tmp_path, CONTENT)
    submit_file(store, file, split="test")
    database = tmp_path / "store" / "leaderboard.sqlite"
    whole = database.read_bytes()
    for damaged in (b"no database" * 1000, whole[:1000]):
        for path in database.parent.glob("leaderboard.sqlite*"):
            path.unlink()
        database.write_bytes(damaged)
        with pytest.raises(StoreError, match="cannot be read"):
            submit_file(store, file, split="test")
        with pytest.raises(StoreError):
            store.past(ANN.sub)
    with pytest.raises(StoreError):
        LocalStore(file)
    with pytest.raises(StoreError, match="does not name two"):
        open_store("hub:org/one")
    with pytest.raises(StoreError, match="cannot hold both"):
        open_store("hub:org/one,org/One")


@pytest.mark.parametrize("kind", ["info", "tree", "resolve", "preupload"])
@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_unreadable_hub_accepts_no_submission(
    hub: HubServer, member: HfApi, tmp_path: Path, kind: str, status: Status
) -> None:
    file = write(tmp_path, CONTENT)
    submit_file(HubStore(SUBMISSIONS, RESULTS, member), file, split="test")
    store = HubStore(SUBMISSIONS, RESULTS, member, patience_s=0.5)
    hub.fail(kind, status, times=None)  # type: ignore[arg-type]
    with pytest.raises(StoreError) as caught:
        submit_file(store, file, split="test", person=BOB if kind == "preupload" else ANN)
    assert "hf_" not in str(caught.value)
    hub.faults.clear()
    assert len(store.submissions()) == 1


def test_a_public_submissions_repository_is_rejected(hub: HubServer, member: HfApi, tmp_path: Path) -> None:
    member.update_repo_settings(SUBMISSIONS, repo_type="dataset", private=False)
    store = HubStore(SUBMISSIONS, RESULTS, member)
    with pytest.raises(StoreError, match="is public"):
        submit_file(store, write(tmp_path, CONTENT))
    with pytest.raises(StoreError, match="is public"):
        store.submissions()
    assert list(hub.repo("datasets", SUBMISSIONS).files()) == [".gitattributes"]


@pytest.mark.parametrize("fault", [412, 409, 429, 503, "dropped_before", "dropped_after", "upload_cut", "download_cut"])
def test_a_failed_commit_is_retried_and_made_once(
    hub: HubServer, member: HfApi, tmp_path: Path, fault: Status | Break
) -> None:
    store, file = HubStore(SUBMISSIONS, RESULTS, member), write(tmp_path, CONTENT)
    hub.fail("commit", fault, times=2)
    receipt = submit_file(store, file, split="test")
    assert isinstance(receipt, Receipt)
    assert (receipt.quota.allowed, receipt.left) == (True, 0)
    assert len(hub.repo("datasets", SUBMISSIONS).commits()) == 2  # including the initial commit
    hub.faults.clear()
    hub.fail("commit", fault, times=1)
    assert store.record(outcome(receipt.submission))
    assert len(hub.repo("datasets", RESULTS).commits()) == 2
    assert store.pending() == []


def test_a_refused_commit_gives_no_receipt(hub: HubServer, member: HfApi, tmp_path: Path) -> None:
    store, file = HubStore(SUBMISSIONS, RESULTS, member, patience_s=0.5), write(tmp_path, CONTENT)
    for fault in (403, 503):
        hub.fail("commit", fault, times=None)
        with pytest.raises(StoreError, match=r"cannot be read or written|could not be written"):
            submit_file(store, file)
        hub.faults.clear()
    assert store.submissions() == []


def test_the_quota_is_decided_again_after_a_concurrent_commit(hub: HubServer, member: HfApi, tmp_path: Path) -> None:
    file = write(tmp_path, CONTENT)
    other = HubStore(SUBMISSIONS, RESULTS, api(hub, hub.add_user("other", orgs=["org"])))
    hub.on(
        "commit", lambda: submit_file(other, file, split="test")
    )  # a submission of the same person, immediately before
    refused = submit_file(HubStore(SUBMISSIONS, RESULTS, member), file, split="test")
    assert isinstance(refused, Decision)
    assert not refused.allowed
    assert len(other.submissions()) == 1
    assert [entry.status for entry in hub.log.entries("commit")] in ([200, 412], [412, 200])


def test_the_board_can_be_rebuilt_from_the_results_alone(hub: HubServer, member: HfApi, tmp_path: Path) -> None:
    store, file = HubStore(SUBMISSIONS, RESULTS, member), write(tmp_path, CONTENT)
    for person in (ANN, BOB):
        receipt = submit_file(store, file, person=person)
        assert isinstance(receipt, Receipt)
        store.record(outcome(receipt.submission), TALLIES)
    submissions = store.submissions()
    hub.remove("datasets", SUBMISSIONS)
    published = HubStore(SUBMISSIONS, RESULTS, member).published()
    expected = [
        replace(stored, person=Person(person_key(stored.person.sub), stored.person.name)) for stored in submissions
    ]
    assert sorted((result.submission for result in published), key=lambda stored: stored.id) == expected
    public = b"".join(hub.repo("datasets", RESULTS).files().values())
    assert ANN.name.encode() in public
    assert ANN.sub.encode() not in public
    assert b"groups" not in public  # tallies are private


def test_cached_functions_of_a_snapshot_are_computed_again_after_a_change(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    snapshot, calls = Snapshot(store, "0123abcd"), []

    def count_submissions(name: str) -> int:
        calls.append(name)
        return len(snapshot.get().submissions)

    cached = snapshot.cached(count_submissions)
    assert [cached("x"), cached("x"), cached("y")] == [0, 0, 0]
    submit_file(store, write(tmp_path, CONTENT))
    snapshot.renew()
    assert [cached("x"), cached("x")] == [1, 1]
    snapshot.renew()
    assert (cached("x"), calls) == (1, ["x", "y", "x"])


def test_an_error_about_a_record_does_not_quote_it(hub: HubServer, member: HfApi, tmp_path: Path) -> None:
    store = HubStore(SUBMISSIONS, RESULTS, member)
    hub.commit("datasets", RESULTS, {"acts/000001.json": b'{"id": ["Bearer secret-of-the-server"]}'})
    with pytest.raises(StoreError, match="is not a valid Act") as caught:
        store.acts()
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    assert submit_file(store, write(tmp_path, CONTENT))
