"""Both homes of submissions: the quota holds exactly, nothing is lost, nothing is there twice, nothing changes."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
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
from .processes import half_written, hand_in, in_a_process

CONTENT = b'{"instance_id": "a", "prediction": ""}\n'
TALLIES = Tallies("a1", {"chronological": ((1, 2), (0, 3))})


def outcome(
    given: Submission, status: str = "scored", scorer: str = "s1", created: str = "2026-11-22T13:00:00+00:00"
) -> Outcome:
    return Outcome(given.id, status, "", scorer, "r", created, answers="a1")  # type: ignore[arg-type]


def test_what_is_handed_in_comes_back(opened: Callable[[], Store], tmp_path: Path) -> None:
    file = write(tmp_path, CONTENT)
    given = submission(CONTENT)
    receipt = opened().submit(given, file, lambda past: decide(NOW, past, "validation"))
    assert isinstance(receipt, Receipt)
    assert (receipt.submission, receipt.quota.left, receipt.left) == (given, 10, 9)
    other = submission(CONTENT, person=BOB, split="test")
    opened().submit(other, file, lambda past: decide(NOW, past, "test"))
    again = opened()
    assert again.submissions() == again.pending() == sorted([given, other], key=lambda one: one.id)
    assert again.predictions(given.id) == CONTENT
    assert again.outcomes() == []
    assert [(one.split, one.failed) for one in again.past(ANN.sub)] == [("validation", False)]
    assert again.past("nobody") == []

    assert again.record(outcome(given), TALLIES)
    assert not again.record(replace(outcome(given), created="later"), TALLIES)  # the first one stays
    assert again.record(outcome(other, "failed"))
    assert again.record(outcome(given, scorer="s2", created="2026-11-22T14:00:00+00:00"))
    last = opened()
    assert [(one.submission_id, one.scorer_version) for one in last.outcomes()][-1] == (given.id, "s2")
    assert len(last.outcomes()) == 3
    assert last.pending() == []
    assert last.tallies(given.id) == TALLIES
    assert last.tallies(other.id) is None
    assert [one.failed for one in last.past(BOB.sub)] == [True]


def test_a_refusal_keeps_nothing(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path, CONTENT)
    assert isinstance(hand_in(store, file, split="test"), Receipt)
    refused = hand_in(store, file, split="test")
    assert isinstance(refused, Decision)
    assert "used up" in refused.text
    assert isinstance(hand_in(store, file, split="test", person=BOB), Receipt)  # another's quota is another's
    # Another name is no other person, and another person of that name is one.
    assert isinstance(hand_in(store, file, split="test", person=Person(ANN.sub, "bob")), Decision)
    assert isinstance(hand_in(store, file, split="test", person=Person("0009", ANN.name)), Receipt)
    assert len(store.submissions()) == 3


def test_what_failed_costs_nothing(store: Store, tmp_path: Path) -> None:
    file = write(tmp_path, CONTENT)
    first = hand_in(store, file, split="test")
    assert isinstance(first, Receipt)
    assert isinstance(hand_in(store, file, split="test"), Decision)  # it waits, which counts
    store.record(outcome(first.submission, "failed"))
    second = hand_in(store, file, split="test")
    assert isinstance(second, Receipt)
    store.record(outcome(second.submission))
    assert isinstance(hand_in(store, file, split="test"), Decision)
    store.record(outcome(first.submission, scorer="s2"))  # scored after all
    assert [one.failed for one in store.past(ANN.sub)] == [False, False]


def test_the_same_id_is_kept_once(opened: Callable[[], Store], tmp_path: Path) -> None:
    file, given = write(tmp_path, CONTENT), submission(CONTENT, split="test")
    for _ in range(3):
        receipt = opened().submit(given, file, lambda past: decide(NOW, past, "test"))
        assert isinstance(receipt, Receipt)
    assert opened().submissions() == [given]


def test_a_baseline_needs_no_file_and_is_never_pending(store: Store) -> None:
    given = submission(b"", badge="baseline", person=ANN)
    assert isinstance(store.submit(given, None, lambda _: FREE), Receipt)
    assert (store.submissions(), store.pending(), store.past(ANN.sub)) == ([given], [], [])
    with pytest.raises(UnknownSubmissionError, match="no predictions"):
        store.predictions(given.id)


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


@pytest.mark.parametrize("bad", BAD_IDS, ids=lambda one: ascii(one)[:40])
def test_nothing_but_an_id_becomes_a_path(bad: str, store: Store, tmp_path: Path) -> None:
    given = replace(submission(CONTENT), id=bad)
    with pytest.raises(UnknownSubmissionError, match="is no id"):
        store.submit(given, write(tmp_path, CONTENT), lambda _: FREE)
    with pytest.raises(UnknownSubmissionError, match="is no id"):
        store.predictions(bad)
    with pytest.raises(StoreError):
        store.record(outcome(given))
    assert store.submissions() == []


def test_hostile_people_and_systems_make_no_path(store: Store, tmp_path: Path) -> None:
    person = Person("../../../etc", "../\u202e<b>=1")
    given = replace(submission(CONTENT, person=person, name="../../x\n'); DROP TABLE submissions; --"), split="test")
    assert isinstance(store.submit(given, write(tmp_path, CONTENT), lambda _: FREE), Receipt)
    assert store.submissions() == [given]
    assert len(store.past(person.sub)) == 1
    kept = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")]
    assert not [path for path in kept if "etc" in path or "DROP" in path]


def test_an_id_is_checked_to_its_end() -> None:
    made = new_id(NOW)
    assert check_id(made) == made
    assert made.startswith("20261122T120000Z-")
    assert len({new_id(NOW) for _ in range(1000)}) == 1000


def test_records_come_back_and_others_are_refused() -> None:
    given = submission(CONTENT)
    for record in (given, outcome(given), TALLIES, Result(given, outcome(given))):
        assert from_json(type(record), to_json(record)) == record
    for text in ("", "{}", "[]", '{"sub": 3, "name": "x"}', '{"sub": "x"}'):
        with pytest.raises(ValueError, match="Person"):
            from_json(Person, text)
    with pytest.raises(ValueError, match="split"):
        from_json(Submission, to_json(given).replace('"validation"', '"train"'))


@pytest.mark.parametrize(("split", "allowed"), [("validation", 10), ("test", 1)])
def test_fifty_at_once_from_one_person(opened: Callable[[], Store], tmp_path: Path, split: str, allowed: int) -> None:
    file, stores = write(tmp_path, CONTENT), [opened() for _ in range(5)]
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda number: hand_in(stores[number % 5], file, split=split), range(50)))
    receipts = [one for one in found if isinstance(one, Receipt)]
    assert len(receipts) == len(opened().submissions()) == allowed
    assert sorted(one.left for one in receipts) == list(range(allowed))


def test_fifty_at_once_from_fifty_people(opened: Callable[[], Store], tmp_path: Path) -> None:
    file, stores = write(tmp_path, CONTENT), [opened() for _ in range(5)]
    with ThreadPoolExecutor(50) as pool:
        found = list(
            pool.map(lambda n: hand_in(stores[n % 5], file, split="test", person=Person(str(n), "x")), range(50))
        )
    ids = {one.submission.id for one in found if isinstance(one, Receipt)}
    assert len(ids) == 50
    assert {one.id for one in opened().submissions()} == ids
    assert all(opened().predictions(one) == CONTENT for one in sorted(ids)[:5])


@pytest.mark.parametrize("home", ["local", "hub"])
def test_processes_at_once(home: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    file, folder, url, token = write(tmp_path, CONTENT), str(tmp_path / "store"), "", ""
    processes, each = 4, 13
    if home == "hub":
        hub: HubServer = request.getfixturevalue("hub")
        url, token = hub.url, hub.add_user("keeper", orgs=["org"])
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        found = pool.starmap(in_a_process, [(folder, url, token, str(file), each)] * processes)
    acknowledged = Counter(one for ids in found for one in ids)
    store = HubStore(SUBMISSIONS, RESULTS, HfApi(endpoint=url, token=token)) if url else open_store(folder)
    assert len(acknowledged) == acknowledged.total() == 10
    assert {one.id for one in store.submissions()} == set(acknowledged)


def test_what_a_crash_left_half_written_is_swept_and_nothing_else(tmp_path: Path) -> None:
    folder, fifo = tmp_path / "store", tmp_path / "fifo"
    os.mkfifo(fifo)
    kept = hand_in(LocalStore(folder), write(tmp_path, CONTENT))
    assert isinstance(kept, Receipt)
    process = multiprocessing.get_context("spawn").Process(target=half_written, args=(str(folder), str(fifo), CONTENT))
    process.start()
    with fifo.open("wb", buffering=0) as end:
        end.write(CONTENT)
        while not (left := list((folder / "predictions").glob(".*"))):
            time.sleep(0.01)
        LocalStore(folder)
        assert left[0].exists()  # somebody writes it
        process.kill()
        process.join()
    assert left[0].exists()
    store = LocalStore(folder)
    assert list((folder / "predictions").iterdir()) == [folder / "predictions" / f"{kept.submission.id}.jsonl"]
    assert store.submissions() == [kept.submission]


def test_a_file_that_cannot_be_copied_leaves_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    with pytest.raises(StoreError, match="Nothing was changed"):
        store.submit(submission(CONTENT), tmp_path / "nothing", lambda _: FREE)
    with pytest.raises(StoreError, match="Nothing was changed"):
        store.submit(submission(CONTENT), tmp_path, lambda _: FREE)
    assert list((tmp_path / "store" / "predictions").iterdir()) == []
    assert store.submissions() == []


def test_the_database_changes_no_row(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    given = submission(CONTENT)
    store.submit(given, write(tmp_path, CONTENT), lambda _: FREE)
    store.record(outcome(given))
    connection = sqlite3.connect(tmp_path / "store" / "leaderboard.sqlite")
    for table in ("submissions", "outcomes"):
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET record = ''"):  # noqa: S608
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
                connection.execute(change)
    connection.close()
    assert len(store.outcomes()) == 1


def test_a_store_that_cannot_be_read_grants_nothing(tmp_path: Path) -> None:
    store, file = LocalStore(tmp_path / "store"), write(tmp_path, CONTENT)
    hand_in(store, file, split="test")
    database = tmp_path / "store" / "leaderboard.sqlite"
    whole = database.read_bytes()
    for damaged in (b"no database" * 1000, whole[:1000]):
        for path in database.parent.glob("leaderboard.sqlite*"):
            path.unlink()
        database.write_bytes(damaged)
        with pytest.raises(StoreError, match="cannot be read"):
            hand_in(store, file, split="test")
        with pytest.raises(StoreError):
            store.past(ANN.sub)
    with pytest.raises(StoreError):
        LocalStore(file)
    with pytest.raises(StoreError, match="names no two"):
        open_store("hub:org/one")
    with pytest.raises(StoreError, match="cannot hold both"):
        open_store("hub:org/one,org/One")


@pytest.mark.parametrize("kind", ["info", "tree", "resolve", "preupload"])
@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_hub_that_cannot_be_read_grants_nothing(
    hub: HubServer, member: HfApi, tmp_path: Path, kind: str, status: Status
) -> None:
    file = write(tmp_path, CONTENT)
    hand_in(HubStore(SUBMISSIONS, RESULTS, member), file, split="test")
    store = HubStore(SUBMISSIONS, RESULTS, member, patience_s=0.5)
    hub.fail(kind, status, times=None)  # type: ignore[arg-type]
    with pytest.raises(StoreError) as caught:
        hand_in(store, file, split="test", person=BOB if kind == "preupload" else ANN)
    assert "hf_" not in str(caught.value)
    hub.faults.clear()
    assert len(store.submissions()) == 1


def test_predictions_go_to_a_private_repository_only(hub: HubServer, member: HfApi, tmp_path: Path) -> None:
    member.update_repo_settings(SUBMISSIONS, repo_type="dataset", private=False)
    store = HubStore(SUBMISSIONS, RESULTS, member)
    with pytest.raises(StoreError, match="is public"):
        hand_in(store, write(tmp_path, CONTENT))
    with pytest.raises(StoreError, match="is public"):
        store.submissions()
    assert list(hub.repo("datasets", SUBMISSIONS).files()) == [".gitattributes"]


@pytest.mark.parametrize("fault", [412, 409, 429, 503, "dropped_before", "dropped_after", "upload_cut", "download_cut"])
def test_a_commit_that_fails_is_made_once(hub: HubServer, member: HfApi, tmp_path: Path, fault: Status | Break) -> None:
    store, file = HubStore(SUBMISSIONS, RESULTS, member), write(tmp_path, CONTENT)
    hub.fail("commit", fault, times=2)
    receipt = hand_in(store, file, split="test")
    assert isinstance(receipt, Receipt)
    assert (receipt.quota.allowed, receipt.left) == (True, 0)
    assert len(hub.repo("datasets", SUBMISSIONS).commits()) == 2  # with the one that it begins with
    hub.faults.clear()
    hub.fail("commit", fault, times=1)
    assert store.record(outcome(receipt.submission))
    assert len(hub.repo("datasets", RESULTS).commits()) == 2
    assert store.pending() == []


def test_a_refused_commit_is_no_receipt(hub: HubServer, member: HfApi, tmp_path: Path) -> None:
    store, file = HubStore(SUBMISSIONS, RESULTS, member, patience_s=0.5), write(tmp_path, CONTENT)
    for fault in (403, 503):
        hub.fail("commit", fault, times=None)
        with pytest.raises(StoreError, match=r"cannot be read or written|could not be written"):
            hand_in(store, file)
        hub.faults.clear()
    assert store.submissions() == []


def test_the_quota_is_decided_again_when_the_head_has_moved(hub: HubServer, member: HfApi, tmp_path: Path) -> None:
    file = write(tmp_path, CONTENT)
    other = HubStore(SUBMISSIONS, RESULTS, api(hub, hub.add_user("other", orgs=["org"])))
    hub.on("commit", lambda: hand_in(other, file, split="test"))  # the same person, just before
    refused = hand_in(HubStore(SUBMISSIONS, RESULTS, member), file, split="test")
    assert isinstance(refused, Decision)
    assert not refused.allowed
    assert len(other.submissions()) == 1
    assert [entry.status for entry in hub.log.entries("commit")] in ([200, 412], [412, 200])


def test_the_board_can_be_rebuilt_from_the_results_alone(hub: HubServer, member: HfApi, tmp_path: Path) -> None:
    store, file = HubStore(SUBMISSIONS, RESULTS, member), write(tmp_path, CONTENT)
    for person in (ANN, BOB):
        receipt = hand_in(store, file, person=person)
        assert isinstance(receipt, Receipt)
        store.record(outcome(receipt.submission), TALLIES)
    submissions = store.submissions()
    hub.remove("datasets", SUBMISSIONS)
    published = HubStore(SUBMISSIONS, RESULTS, member).published()
    assert sorted((one.submission for one in published), key=lambda one: one.id) == [
        replace(one, person=Person(person_key(one.person.sub), one.person.name)) for one in submissions
    ]
    public = b"".join(hub.repo("datasets", RESULTS).files().values())
    assert ANN.name.encode() in public
    assert ANN.sub.encode() not in public
    assert b"groups" not in public  # what comparing needs is private


def test_what_is_made_of_the_store_is_made_again_once_it_changes(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    snapshot, asked = Snapshot(store, "0123abcd"), []

    def counted(name: str) -> int:
        asked.append(name)
        return len(snapshot.get().submissions)

    made = snapshot.remembered(counted)
    assert [made("x"), made("x"), made("y")] == [0, 0, 0]
    hand_in(store, write(tmp_path, CONTENT))
    snapshot.renew()
    assert [made("x"), made("x")] == [1, 1]
    snapshot.renew()
    assert (made("x"), asked) == (1, ["x", "y", "x"])
