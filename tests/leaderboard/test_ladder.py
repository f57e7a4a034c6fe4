"""Tests that the figures of the test split do not reveal its answers, and that honest progress is shown."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from numpy.typing import NDArray

from leaderboard import ladder
from leaderboard.maintenance.maintainer_acts import ActError
from leaderboard.maintenance.scored_runs import reproduce
from leaderboard.pages import board_page, charts_page, compare_page, submit_page
from leaderboard.pages.page_context import Context
from leaderboard.public_data import Data
from leaderboard.scoring.baselines import add_baselines
from leaderboard.scoring.evaluator import evaluate_pending
from leaderboard.scoring.private_answers import Answers
from leaderboard.scoring.rescore import rescore
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.hub_store import HubStore
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.snapshot import Snapshot
from leaderboard.stores.store import Receipt, Store
from leaderboard.stores.stored_records import HISTORY_TYPES, OVERALL, Outcome, Person, Rung, latest, to_json
from leaderboard.submissions.identity import Identity
from leaderboard.submissions.submissions import SubmissionService, receipt_of, status_of
from leaderboard.views import ranking
from leaderboard.views.filters import View
from tests.conftest import Built
from tests.fakes.hub.server import HubServer

from .attacks import Folders, boosted, candidates_of, decoded, found, with_test_rows
from .board_rows import entry, on_core, rows_of
from .making import ANN, BOB, NOW, RESULTS, SUBMISSIONS, Clock, lines, write

IDENTITY = Identity(in_space=False, whoami=lambda _: {})
ROWS = 150
CHOICES = 10
MOST_ABOVE_GUESSING = 0.02


class DayClock(Clock):
    """Clock that a test moves by days."""

    def __init__(self, days: int = 0) -> None:
        self.now = NOW + timedelta(days=days)


class Board:
    """A board with its evaluator, and what an outsider can do with it."""

    def __init__(self, folders: Folders, store: Store, folder: Path) -> None:
        self.data = Data(folders.data)
        self.scorer = Scorer(self.data, Answers(folders.answers))
        self.store, self.folder, self.clock = store, folder, DayClock()
        self.service = SubmissionService(store, self.data, "s", self.clock)
        snapshot = Snapshot(store, self.data.revision)
        self.context = Context(store, snapshot, self.data, self.service, IDENTITY)

    def submit(self, person: Person, predictions: dict[str, str], **fields: str) -> str:
        """Submit predictions of the test split a day after the last ones, have them scored, and return the id."""
        self.clock.now += timedelta(days=7)
        file = write(self.folder, lines(predictions))
        receipt = self.service.submit(person, file, "test", {"name": "a system", "history": "own", **fields})
        assert isinstance(receipt, Receipt), receipt
        assert len(list(evaluate_pending(self.store, self.scorer, self.clock))) == 1
        return receipt.submission.id

    def status(self, submission_id: str) -> dict[str, Any]:
        """Return the status of a submission, as its account sees it."""
        known = self.context.snapshot.renew()
        return status_of(known.by_id[submission_id], known.latest[submission_id])

    def right(self, share: float, seed: int = 0) -> dict[str, str]:
        """Return predictions of which a share is right, and the others are empty."""
        rng, predictions = np.random.default_rng(seed), {}
        for config in HISTORY_TYPES:
            references = self.scorer.references(config, "test")
            chosen = set(rng.permutation(len(references))[: round(share * len(references))])
            for index, reference in enumerate(references):
                text = json.dumps(reference.answer._asdict()) if index in chosen else ""
                predictions[reference.instance_id] = text
        return predictions


@pytest.fixture(scope="module")
def folders(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Data set with 150 rows of each config in the test split."""
    return with_test_rows(built, tmp_path_factory.mktemp("rows"), ROWS)


@pytest.fixture
def board(folders: Folders, tmp_path: Path) -> Board:
    return Board(folders, LocalStore(tmp_path / "store"), tmp_path)


def called(data: Data, picks: Sequence[NDArray[np.int64]]) -> dict[str, str]:
    """Return the predictions that call the candidates with some indices in each config."""
    candidates = candidates_of(data)
    return {
        instance_id: json.dumps({"name": names[pick], "arguments": {}})
        for config, of_config in zip(HISTORY_TYPES, picks, strict=True)
        for instance_id, names, pick in zip(data.instance_ids(config, "test"), candidates, of_config, strict=True)
    }


def read_by_outsiders(board: Board, ids: Sequence[str]) -> Iterator[str]:
    """Yield all that anybody, or the account of a submission, can read about submissions of the test split."""
    board.context.snapshot.renew()
    rows = board_page.Handlers(board.context)
    for config in (OVERALL, *HISTORY_TYPES):
        for every in (False, True):
            yield json.dumps(rows.rows("test", config, every=every))
    yield rows.drawn(replace(View(split="test"), every=True))[0]
    charts, compare = charts_page.Handlers(board.context), compare_page.Handlers(board.context)
    for kind in ("config", "slice", "cost", "size", "errors"):
        yield str(charts.draw("test", kind, list(ids[:5]), None)[0])
    for other in ids[1:4]:
        try:
            yield json.dumps(compare.compare(ids[0], other))
        except gr.Error as error:
            yield str(error)
    for submission_id in ids:
        yield json.dumps(board.status(submission_id))
        yield submit_page._status_cells(board.status(submission_id))[-1]
    outcomes = latest(board.store.outcomes())
    for submission_id in ids:  # the results repository is public
        yield to_json(replace(outcomes[submission_id], answers="", data_revision=""))


def test_a_hundred_submissions_of_guesses_over_several_accounts_reveal_no_answer(board: Board) -> None:
    answers = [
        names.index(reference.answer.name)
        for names, reference in zip(
            candidates_of(board.data), board.scorer.references(HISTORY_TYPES[0], "test"), strict=True
        )
    ]
    rng = np.random.default_rng(1)
    ids, guesses = [], []
    for number in range(100):
        picks = list(rng.integers(0, CHOICES, (len(HISTORY_TYPES), ROWS)))
        history = ("own", "none", "swapped")[number % 3]
        ids.append(
            board.submit(Person(f"{number % 20}", f"user {number % 20}"), called(board.data, picks), history=history)
        )
        guesses += picks
    board.context.snapshot.renew()
    scores = []
    for submission_id in ids:
        shown = board.status(submission_id).get("tool_accuracy", {})
        scores += [shown.get(config, 0.0) for config in HISTORY_TYPES]
    for attack in (boosted, decoded):
        share = found(attack(np.array(guesses), np.array(scores), CHOICES), answers)
        assert share <= 1 / CHOICES + MOST_ABOVE_GUESSING, (attack.__name__, share)


def test_all_that_can_be_read_about_guesses_is_the_same_whatever_the_answers_are(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard.submissions.submissions.new_id", lambda now: f"{now:%Y%m%dT%H%M%SZ}-{0:016x}")
    readings = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        made = Board(with_test_rows(built, folder, ROWS, seed), LocalStore(folder / "store"), folder)
        rng = np.random.default_rng(3)
        ids = []
        for number in range(6):
            picks = list(rng.integers(0, CHOICES, (len(HISTORY_TYPES), ROWS)))
            picks[0][:20] = 0  # blocks of equal guesses, to vary the scores more
            ids.append(made.submit(Person(str(number % 2), "user"), called(made.data, picks)))
        texts = [text.replace(made.data.revision, "") for text in read_by_outsiders(made, ids)]
        readings.append(texts)
    assert len(readings[0]) > 30
    assert readings[0] == readings[1]


@pytest.mark.parametrize(("rows", "choices"), [(150, 4), (150, 10), (3000, 4), (3000, 10)])
@pytest.mark.parametrize("accounts", [1, 20, 100])
def test_guesses_reach_no_rung_on_boards_of_any_size(rows: int, choices: int, accounts: int) -> None:
    # The arithmetic of the mechanism without files, because 100 files of 3,000 rows would take minutes.
    rng = np.random.default_rng(rows + choices)
    answers = rng.integers(0, choices, rows)
    guesses = rng.integers(0, choices, (100, rows))
    exact = np.round((guesses == answers).mean(axis=1), 3)
    bests: dict[int, float] = {}
    shown = []
    for number, rate in enumerate(exact):
        account = number % accounts
        figure = ladder.shown_figure(float(rate), ladder.rung_of(rows, 1 / choices, bests.get(account)))
        if figure is not None:
            bests[account] = figure
        shown.append(bests.get(account, 0.0))
    assert found(boosted(guesses, np.array(shown), choices), answers) <= 1 / choices + MOST_ABOVE_GUESSING
    # The exact scores reveal more, which shows that the attack works.
    assert found(boosted(guesses, exact, choices), answers) > 1 / choices + MOST_ABOVE_GUESSING


def test_a_step_is_four_standard_errors() -> None:
    assert {rows: ladder.step_points(rows) for rows in (36, 150, 1000, 3000, 9000)} == {
        36: 34, 150: 17, 1000: 7, 3000: 4, 9000: 3,
    }  # fmt: skip
    for rows in range(1, 4000):
        assert ladder.step_points(rows) == math.ceil(round(200 / math.sqrt(rows), 9))


@pytest.mark.parametrize(
    ("rate", "best", "figure"),
    [
        (0.339, None, None),
        (0.34, None, 0.34),
        (0.509, None, 0.34),
        (0.51, None, 0.51),
        (0.51, 0.34, 0.51),
        (0.509, 0.34, None),
        (0.34, 0.51, None),
        (1.0, 0.68, 0.85),
        (1.0, 0.85, None),
    ],
)
def test_a_figure_is_a_step_above_the_best_of_the_account(
    rate: float, best: float | None, figure: float | None
) -> None:
    assert ladder.shown_figure(rate, ladder.rung_of(150, 0.1, best)) == figure


def test_the_interval_of_a_figure_covers_its_step() -> None:
    low, high = ladder.interval_of(0.68, Rung(0.17, 0.34, None), 150)
    assert low < 0.62
    assert 0.88 < high < 1
    assert ladder.interval_of(0.9, Rung(0.3, 0.3, None), 40)[1] == 1


def test_progress_is_shown_and_the_status_says_why_other_files_show_nothing(board: Board) -> None:
    first, worse, small, better = (board.submit(ANN, board.right(share)) for share in (0.55, 0.3, 0.6, 0.75))
    other = board.submit(BOB, board.right(0.55))
    assert board.status(first)["tool_accuracy"] == dict.fromkeys((*HISTORY_TYPES, OVERALL), 0.51)
    for submission_id in (worse, small):
        status = board.status(submission_id)
        assert status["tool_accuracy"] == {}
        assert "below 68 %" in status["figures"][OVERALL]
        assert "the best figure of the account, 51 %" in status["figures"][OVERALL]
        assert "so that scores do not reveal answers" in submit_page._status_cells(status)[-1]
    assert board.status(better)["tool_accuracy"][OVERALL] == 0.68
    assert board.status(other)["tool_accuracy"][OVERALL] == 0.51
    assert {row["submission_id"] for row in board_page.Handlers(board.context).rows("test", every=True)} == {
        first, better, other,
    }  # fmt: skip
    (row,) = (row for row in board_page.Handlers(board.context).rows("test") if row["account"] == "ann")
    assert (row["attempt"], row["attempts"], row["step"]) == (4, 4, 0.17)
    assert row["tool_accuracy_low"] < 0.68
    assert row["tool_accuracy_high"] > 0.85


def test_runs_with_another_history_have_a_ladder_of_their_own(board: Board) -> None:
    board.submit(ANN, board.right(0.9))
    swapped = board.submit(ANN, board.right(0.6), history="swapped")
    assert board.status(swapped)["tool_accuracy"][OVERALL] == 0.51
    (row,) = board_page.Handlers(board.context).rows("test")
    assert row["lift"] == pytest.approx(0.34)


def test_rescoring_and_scoring_in_one_go_show_the_same_figures(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    for share in (0.55, 0.75, 0.7, 0.9):
        board.submit(ANN, board.right(share))
    shown = [outcome.scores for outcome in board.store.outcomes()]
    assert [len(scores) for scores in shown] == [3, 3, 0, 3]
    monkeypatch.setattr("leaderboard.scoring.score_submission.scorer_version", lambda: "later")
    assert [rescored.new.scores for rescored in rescore(board.store, board.scorer, board.clock)] == shown


def test_the_public_results_hold_the_shown_figures_alone(
    folders: Folders, hub: HubServer, member: Any, tmp_path: Path
) -> None:
    board = Board(folders, HubStore(SUBMISSIONS, RESULTS, member), tmp_path)
    board.submit(ANN, board.right(0.61))
    files = hub.repo("datasets", RESULTS).files()
    (content,) = (content for path, content in files.items() if path.startswith("results/"))
    outcome = json.loads(content)["outcome"]
    assert {scores["tool_accuracy"] for scores in outcome["scores"].values()} == {0.51}
    assert {scores["parameter_accuracy"] for scores in outcome["scores"].values()} == {None}
    assert (outcome["slices"], [scores["error_classes"] for scores in outcome["scores"].values()]) == ({}, [{}] * 3)
    assert not [path for path in hub.repo("datasets", SUBMISSIONS).files() if path.startswith("tallies/")]


def test_nobody_can_submit_a_baseline(board: Board) -> None:
    file = write(board.folder, lines(board.right(0.61)))
    for fields, problem in (({"badge": "baseline"}, "badge: Extra inputs"), ({"name": "oracle"}, "oracle")):
        problems = board.service.submit(ANN, file, "test", {"name": "x", "history": "own", **fields})
        assert isinstance(problems, list)
        assert problem in problems[0]
    baselines = list(add_baselines(board.store, board.scorer, None, board.clock))
    exact = next(outcome for outcome in baselines if outcome.scores[HISTORY_TYPES[0]].count == ROWS)
    assert exact.scores[HISTORY_TYPES[0]].error_classes["invalid_format"] == 1
    assert exact.rungs == {}


def test_exact_figures_from_before_the_ladder_are_not_shown_until_they_are_rescored() -> None:
    submission, outcome = on_core(entry(1, 0.6))
    assert rows_of((submission, outcome), split="test", main="core")
    exact = replace(outcome, rungs={})
    assert rows_of((submission, exact), split="test", main="core") == []
    assert "tool_accuracy" not in status_of(submission, exact)
    assert "scored again" in status_of(submission, exact)["figures"][OVERALL]
    both = ranking.rows(
        [submission], [exact, replace(outcome, created="2027")], OVERALL, "test", submission.data_revision, main="core"
    )
    assert [row.former for row in both] == [None]


def test_the_act_of_a_rerun_states_no_exact_figure(board: Board) -> None:
    shown, withheld = (board.submit(ANN, board.right(share)) for share in (0.6, 0.55))
    run = write(board.folder, lines(board.right(0.62, seed=1)), "rerun.jsonl")
    act = reproduce(board.store, board.scorer, shown, run, by="keeper")
    assert act.run
    assert set(act.run.tool_accuracy.values()) == {0.51}
    with pytest.raises(ActError, match="shows no figure"):
        reproduce(board.store, board.scorer, withheld, run, by="keeper")


def test_a_receipt_of_the_test_split_states_the_rule(board: Board) -> None:
    receipt = board.service.submit(
        ANN, write(board.folder, lines(board.right(0.6))), "test", {"name": "x", "history": "own"}
    )
    assert isinstance(receipt, Receipt)
    assert "in steps" in receipt_of(receipt)["figures"]
    assert "in steps" in submit_page.answer_html({"receipt": receipt_of(receipt)})


@pytest.mark.parametrize("split", ["validation", "test"])
def test_results_against_other_answers_are_not_ranked_beside_the_present_ones(split: Any) -> None:
    def against(number: int, answers: str, created: str) -> tuple[Any, Outcome]:
        submission, outcome = entry(number, 0.5 + number / 10, split=split)
        rungs = {OVERALL: Rung(0.07, 0.28, None)} if split == "test" else {}
        return submission, replace(outcome, answers=answers, created=created, rungs=rungs)

    old, new = against(1, "aaaa", "2026-11-01"), against(2, "bbbb", "2026-11-02")
    assert [row.system for row in rows_of(old, new, split=split)] == ["system 2"]
    rescored = old[0], replace(old[1], answers="bbbb", created="2026-11-03")
    both = ranking.rows([old[0], new[0]], [old[1], new[1], rescored[1]], OVERALL, split, old[0].data_revision)
    assert [row.system for row in both] == ["system 2", "system 1"]
    assert [row.former for row in both] == [None, None]
