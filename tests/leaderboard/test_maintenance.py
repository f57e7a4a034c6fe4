"""Tests of the maintainers' acts on both stores: rows that are added, hidden, shown again and reproduced, and their record."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from leaderboard.maintenance import command
from leaderboard.maintenance.board_log import act_lines, submission_lines
from leaderboard.maintenance.maintainer_acts import ActError, hide, unhide, withdraw
from leaderboard.maintenance.scored_runs import RowText, add_run, reproduce
from leaderboard.pages.about_page import acts_html
from leaderboard.public_data import Data, DataError
from leaderboard.scoring.evaluator import evaluate_pending
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.hub_store import HubStore
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.snapshot import Snapshot
from leaderboard.stores.store import Receipt, Store, StoreError, UnknownSubmissionError
from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL, Split, Submission
from leaderboard.submissions.submissions import status_of
from leaderboard.views import table
from leaderboard.views.ranking import Row
from tests.commands import run
from tests.conftest import Built
from tests.fakes.hub.clients import api
from tests.fakes.hub.faults import Break, Status
from tests.fakes.hub.server import HubServer

from .making import ANN, BOB, FREE, RESULTS, SUBMISSIONS, Clock, guesses, lines, submission, write

ME = "keeper"


def submit(store: Store, folder: Path, data: Data, number: int = 0, split: Split = "validation") -> Submission:
    """Submit guesses; not scored yet."""
    content = lines(guesses(data, split, number))
    new = submission(
        content, revision=data.revision, person=BOB if number else ANN, split=split, name=f"system {number}"
    )
    assert isinstance(store.submit(new, write(folder, content, f"{number}.jsonl"), lambda _: FREE), Receipt)
    return new


@pytest.fixture
def scored(store: Store, scorer: Scorer, data: Data, tmp_path: Path) -> Submission:
    """Scored submission in the store."""
    new = submit(store, tmp_path, data)
    assert len(list(evaluate_pending(store, scorer))) == 1
    return new


def rows_of(store: Store, data: Data, split: Split = "validation", *, every: bool = False) -> list[Row]:
    return list(Snapshot(store, data.revision).rows(OVERALL, split, every=every))


def rerun(data: Data, folder: Path, changes: int = 5, number: int = 0) -> Path:
    """Return a run with other replies to a few instances than the submission of that number."""
    predictions = guesses(data, "validation", number)
    for instance_id in sorted(predictions)[:changes]:
        predictions[instance_id] = "?"
    return write(folder, lines(predictions), "rerun.jsonl")


def test_a_hidden_row_vanishes_and_nothing_is_deleted(
    open_again: Callable[[], Store], store: Store, scored: Submission, data: Data
) -> None:
    before = store.submissions(), store.outcomes(), store.predictions(scored.id)
    act = hide(store, scored.id, by=ME, reason="It was  trained\non the test split.", clock=Clock())
    assert (act.kind, act.by, act.reason) == ("hidden", ME, "It was trained on the test split.")
    again = open_again()
    assert again.acts() == [act]
    assert (again.submissions(), again.outcomes(), again.predictions(scored.id)) == before
    assert rows_of(again, data) == rows_of(again, data, every=True) == []
    with pytest.raises(ActError, match=rf"{scored.id} is hidden already: by keeper on 2026-11-22, 'It was trained"):
        hide(again, scored.id, by=ME, reason="again")
    shown = unhide(again, scored.id, by="other")
    assert [row.id for row in rows_of(again, data)] == [scored.id]
    assert open_again().acts() == [act, shown]
    with pytest.raises(ActError, match="is not hidden"):
        unhide(again, scored.id, by=ME)
    assert again.acts() == [act, shown]


def test_a_hidden_row_counts_as_an_attempt_and_its_submitter_sees_the_reason(
    store: Store, scored: Submission, scorer: Scorer, data: Data, tmp_path: Path
) -> None:
    content = lines(guesses(data, "validation", 9))
    second = replace(submission(content, revision=data.revision, name="second"), created="2026-11-23T12:00:00+00:00")
    store.submit(second, write(tmp_path, content), lambda _: FREE)
    list(evaluate_pending(store, scorer))
    hide(store, scored.id, by=ME, reason="A copy of the answers.")
    (row,) = rows_of(store, data)
    assert (row.id, row.attempt, row.attempts) == (second.id, 2, 2)
    known = Snapshot(store, data.revision).get()
    status = status_of(scored, known.latest[scored.id], known.standings[scored.id])
    assert status["hidden"] == "hidden by keeper: A copy of the answers."


def test_an_unknown_id_is_answered_with_the_nearest_ones(store: Store, scored: Submission) -> None:
    for unknown in (f"{scored.id[:-1]}{'0' if scored.id[-1] != '0' else '1'}", "x"):
        with pytest.raises(UnknownSubmissionError, match=rf"no submission '{unknown}'.*{scored.id} \(system 0\)"):
            hide(store, unknown, by=ME, reason="a")
    with pytest.raises(ActError, match=r"reason is empty.*--reason"):
        hide(store, scored.id, by=ME, reason=" \n")
    with pytest.raises(ActError, match="at most 500"):
        hide(store, scored.id, by=ME, reason="x" * 501)
    with pytest.raises(ActError, match="at most 500 printable"):
        hide(store, scored.id, by=ME, reason="\x1b[2J")
    with pytest.raises(ActError, match="names no maintainer"):
        hide(store, scored.id, by=" ", reason="a")
    assert store.acts() == []


def test_an_empty_store_has_no_submission_to_act_on(store: Store) -> None:
    with pytest.raises(UnknownSubmissionError, match="holds no submissions"):
        hide(store, "x", by=ME, reason="a")


def test_a_rerun_within_the_intervals_gives_the_badge(
    open_again: Callable[[], Store], store: Store, scored: Submission, scorer: Scorer, data: Data, tmp_path: Path
) -> None:
    act = reproduce(store, scorer, scored.id, rerun(data, tmp_path), by=ME, clock=Clock())
    assert act.run is not None
    assert set(act.run.tool_accuracy) == set(HISTORY_TYPES)
    (row,) = rows_of(open_again(), data)
    assert (row.badge, row.reproduced, row.rank) == ("reproduced", act, 1)
    details = table.details_html(row)
    assert act.run.sha256 in details
    assert "by <bdi>keeper</bdi> on 2026-11-22" in details
    with pytest.raises(ActError, match="has the badge already"):
        reproduce(store, scorer, scored.id, rerun(data, tmp_path), by=ME)
    withdraw(store, scored.id, by=ME, reason="The wrong run.")
    (row,) = rows_of(open_again(), data)
    assert (row.badge, row.reproduced) == ("self-reported", None)
    with pytest.raises(ActError, match="does not have the badge"):
        withdraw(store, scored.id, by=ME, reason="again")
    assert [stored.kind for stored in store.acts()] == ["reproduced", "withdrawn"]
    assert len(store.outcomes()) == 1


def test_a_run_that_does_not_reproduce_gives_no_badge(
    store: Store, scored: Submission, scorer: Scorer, data: Data, tmp_path: Path
) -> None:
    def refused(match: str, file: Path, error: type[Exception] = ActError, by_scorer: Scorer = scorer) -> None:
        with pytest.raises(error, match=match):
            reproduce(store, by_scorer, scored.id, file, by=ME)

    refused(
        r"chronological 0\.0 %, outside the interval",
        write(tmp_path, lines(dict.fromkeys(guesses(data, "validation"), ""))),
    )
    refused("is the submitted file itself", tmp_path / "0.jsonl")
    refused("does not answer", write(tmp_path, lines(guesses(data, "validation", configs=HISTORY_TYPES[:1]))))
    refused("is not valid on validation", write(tmp_path, b"{}\n"), DataError)
    refused("cannot be read", tmp_path / "nothing", DataError)
    header = json.dumps({"petoolbench": {"settings": {"history": "swapped"}}}).encode() + b"\n"
    refused("history", write(tmp_path, header + rerun(data, tmp_path).read_bytes()), DataError)
    pending = submit(store, tmp_path, data, 1)
    with pytest.raises(ActError, match=r"is not scored.*petoolbench rescore"):
        reproduce(store, scorer, pending.id, rerun(data, tmp_path), by=ME)
    assert store.acts() == []


def test_a_run_of_the_maintainers_is_a_row_without_a_rank(
    open_again: Callable[[], Store], store: Store, scorer: Scorer, data: Data, tmp_path: Path
) -> None:
    header = json.dumps({"petoolbench": {"settings": {"model": "baseline:most_popular", "split": "validation"}}})
    run_file = write(tmp_path, header.encode() + b"\n" + lines(guesses(data, "validation")), "run.jsonl")
    added = add_run(store, scorer, run_file, RowText(), by=ME, reason="As in the paper.", clock=Clock())
    assert added.is_new
    (row,) = rows_of(open_again(), data)
    assert (row.system, row.badge, row.rank, row.team) == ("most popular", "baseline", None, "PEToolBench")
    assert store.predictions(added.submission.id) == run_file.read_bytes()
    again = add_run(open_again(), scorer, run_file, RowText(), by=ME)
    assert not again.is_new
    assert again.submission.id == added.submission.id
    (act,) = open_again().acts()
    assert (act.kind, act.reason, act.submission_id) == ("added", "As in the paper.", added.submission.id)
    assert store.past("baseline") == []
    with pytest.raises(ActError, match="is a row of the maintainers"):
        reproduce(store, scorer, added.submission.id, run_file, by=ME)
    hide(store, added.submission.id, by=ME, reason="Outdated.")
    assert rows_of(open_again(), data) == []


def test_the_file_of_a_run_on_the_test_split_is_not_stored(
    store: Store, scorer: Scorer, data: Data, tmp_path: Path
) -> None:
    run_file = write(tmp_path, lines(guesses(data, "test")))
    with pytest.raises(DataError, match=r"without the answers.*--answers"):
        add_run(store, Scorer(data, None), run_file, RowText("a", "test"), by=ME)
    added = add_run(store, scorer, run_file, RowText("a", "test"), by=ME)
    assert [row.system for row in rows_of(store, data, "test")] == ["a"]
    with pytest.raises(UnknownSubmissionError):
        store.predictions(added.submission.id)


@pytest.mark.parametrize(
    ("row", "match"),
    [
        (RowText(), "no header that names its model.*--name"),
        (RowText("a"), "names no split.*--split"),
        (RowText("a", "train"), "names the split 'train'.*validation or test"),
        (RowText("a", "validation", "mine"), "Unknown history 'mine'.*own, none, swapped"),
        (RowText("a\x1b", "validation"), "is not a name of a row"),
        (RowText("a", "validation", link="http://x"), "is not a repository"),
    ],
)
def test_a_row_without_name_or_split_is_refused(
    store: Store, scorer: Scorer, data: Data, tmp_path: Path, row: RowText, match: str
) -> None:
    with pytest.raises(ActError, match=match):
        add_run(store, scorer, write(tmp_path, lines(guesses(data, "validation"))), row, by=ME)
    assert store.submissions() == []


def test_of_concurrent_acts_one_is_recorded(open_again: Callable[[], Store], scored: Submission) -> None:
    def attempt(store: Store) -> str:
        try:
            return hide(store, scored.id, by=ME, reason="a").id
        except ActError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(attempt, [open_again() for _ in range(4)]))
    assert sorted("is hidden already" in reply for reply in replies) == [False, True, True, True]
    assert len(open_again().acts()) == 1


@pytest.mark.parametrize("fault", [412, 503, "dropped_before", "dropped_after"])
def test_an_act_is_recorded_once_although_the_hub_fails(
    hub: HubServer, member: HfApi, tmp_path: Path, data: Data, fault: Status | Break
) -> None:
    store = HubStore(SUBMISSIONS, RESULTS, member)
    new = submit(store, tmp_path, data)
    hub.fail("commit", fault, times=1)
    act = hide(store, new.id, by=ME, reason="a")
    assert store.acts() == [act]
    assert list(hub.repo("datasets", RESULTS).files()) == [".gitattributes", "acts/000001.json"]


def test_a_token_without_write_access_is_refused(hub: HubServer, member: HfApi, tmp_path: Path, data: Data) -> None:
    new = submit(HubStore(SUBMISSIONS, RESULTS, member), tmp_path, data)
    reader = HubStore(SUBMISSIONS, RESULTS, api(hub, hub.add_user("reader", orgs=["org"], role="read")))
    with pytest.raises(StoreError, match=r"with this token.*Use a token with write access"):
        hide(reader, new.id, by=ME, reason="a")
    assert reader.acts() == []


def test_the_database_rejects_changes_of_acts(tmp_path: Path, data: Data) -> None:
    store = LocalStore(tmp_path / "store")
    hide(store, submit(store, tmp_path, data).id, by=ME, reason="a")
    connection = sqlite3.connect(tmp_path / "store" / "leaderboard.sqlite")
    for change in ("DELETE FROM acts", "UPDATE acts SET record = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
            connection.execute(change)
    connection.close()


def test_a_store_of_before_the_acts_can_be_read(tmp_path: Path, data: Data) -> None:
    store = LocalStore(tmp_path / "store")
    new = submit(store, tmp_path, data)
    connection = sqlite3.connect(tmp_path / "store" / "leaderboard.sqlite")
    connection.execute("DROP TABLE acts")
    connection.close()
    assert LocalStore(tmp_path / "store").acts() == []
    hide(LocalStore(tmp_path / "store"), new.id, by=ME, reason="a")


def test_the_record_is_shown_and_its_texts_are_escaped(store: Store, scored: Submission) -> None:
    hide(store, scored.id, by="<b>me</b>", reason="<img src=x onerror=alert(1)> ${x}")
    html = acts_html(store.acts())
    assert "row hidden" in html
    assert scored.id in html
    assert "<img" not in html
    assert "<b>me" not in html
    assert "No acts yet" in acts_html([])
    (line,) = act_lines(store)
    assert scored.id in line
    (listed,) = submission_lines(store)
    assert "self-reported" in listed
    assert "; hidden by <b>me</b>: <img" in listed


def test_the_board_is_maintained_by_commands(built: Built, scorer: Scorer, data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    new = submit(store, tmp_path, data)
    list(evaluate_pending(store, scorer))
    where = f"--store={tmp_path / 'store'}"
    folders = [f"--data={built.data}", f"--answers={built.answers}"]
    run_file = write(tmp_path, lines(guesses(data, "test")), "own.jsonl")
    arguments = ["add", where, *folders, "--by=me", "--name=own run", "--split=test", "--", str(run_file)]
    assert command.main(arguments) == 0
    assert command.main(["reproduced", where, *folders, "--by=me", new.id, str(rerun(data, tmp_path))]) == 0
    assert command.main(["hide", where, "--reason=a reason", new.id]) == 0
    assert [act.kind for act in store.acts()] == ["added", "reproduced", "hidden"]
    assert command.main(["hide", where, "--reason=a reason", new.id]) == 1


def test_errors_of_the_commands_name_the_next_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["log", f"--store={tmp_path}"]) == 1
    assert "There is no store in" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command_line_passes_its_options_on(data: Data, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    new = submit(LocalStore(tmp_path / "store"), tmp_path, data)
    environment = {**os.environ}
    hidden = run(
        *("board", "hide", new.id, "--store", "store", "--reason", "--a reason", "--by", "me"),
        cwd=tmp_path,
        **environment,
    )
    assert hidden.returncode == 0
    assert run("board", "log", "--store", "store", cwd=tmp_path, **environment).returncode == 0
    unknown = run("board", "unhide", "--store", "store", "x", cwd=tmp_path, **environment)
    assert unknown.returncode == 1
    printed = capfd.readouterr()
    assert f"row hidden: {new.id}, by me: --a reason" in printed.out
    assert "error: There is no submission 'x'. The nearest ids:" in printed.err
