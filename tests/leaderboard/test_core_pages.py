"""Tests of the pages of a board whose main figure is on the core, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import gradio as gr
import pytest

from hf_dataset.reference_results import RESULTS_JSON, read_results
from leaderboard import app
from leaderboard.pages import about_page, board_page, charts_page, compare_page, submit_page
from leaderboard.pages.page_context import Context
from leaderboard.public_data import Data, DataError
from leaderboard.scoring.baselines import add_baselines
from leaderboard.scoring.evaluator import evaluate_pending
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.snapshot import Snapshot
from leaderboard.stores.stored_records import HISTORY_TYPES
from leaderboard.submissions.identity import Identity
from leaderboard.submissions.submissions import SubmissionService, status_of
from leaderboard.views import filters
from leaderboard.views.filters import View

from .making import ANN, BOB, FREE, Clock, guesses, lines, of_core, submission, with_manifest, write

OWN_TEMPLATES = "Test listings by the repository's own templates: a program that knows them can read them."
IDENTITY = Identity(in_space=False, whoami=lambda _: {})


def context_of(store: LocalStore, data: Data) -> Context:
    snapshot = Snapshot(store, data.revision, has_core=bool(data.core))
    return Context(store, snapshot, data, SubmissionService(store, data, "s"), IDENTITY)


@pytest.fixture(scope="module")
def context(core_data: Data, core_scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Board of a data set with a core: one run of the core, one of the full split, and baselines."""
    folder = tmp_path_factory.mktemp("board")
    store, clock, predictions = LocalStore(folder / "store"), Clock(), guesses(core_data, "test")
    right = {
        reference.instance_id: json.dumps(reference.answer._asdict())
        for config in HISTORY_TYPES
        for reference in core_scorer.references(config, "test")
    }
    for person, replies in ((ANN, of_core(core_data, right)), (BOB, right)):
        content = lines(replies)
        new = submission(
            content, person=person, split="test", revision=core_data.revision, name=f"by {person.name}", now=clock()
        )
        store.submit(new, write(folder, content, f"{person.name}.jsonl"), lambda _: FREE)
    (folder / "baselines").mkdir()
    write(folder / "baselines", lines(of_core(core_data, predictions)), "program.test.jsonl")
    assert len(list(add_baselines(store, core_scorer, folder / "baselines", clock))) == 7
    assert [outcome.status for outcome in evaluate_pending(store, core_scorer, clock)] == ["scored", "scored"]
    return context_of(store, core_data)


def test_the_heading_states_the_main_figure_the_listings_and_the_row_of_the_program(context: Context) -> None:
    text = app.title_text(context)
    assert context.data.revision in text
    assert "The main figure of the test split is on its core." in text
    assert f"{OWN_TEMPLATES} See the row *program* of the test split for such a program." in text


def test_the_heading_names_the_pack_and_no_row_that_the_board_lacks(data: Data, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    plain = app.title_text(context_of(store, data))
    assert plain.endswith(OWN_TEMPLATES)
    assert "core" not in plain
    shutil.copytree(data.folder, tmp_path / "data")
    packed = Data(with_manifest(tmp_path / "data", listing_pack="cafe"))
    assert (
        "Test listings by the pack `cafe`: a program that knows the repository has never seen their forms"
        in app.title_text(context_of(store, packed))
    )
    other = Data(with_manifest(tmp_path / "data", catalog="toolbench x"))
    assert "listings" not in app.title_text(context_of(store, other))


def test_the_board_ranks_a_run_of_the_core_and_one_of_the_full_split_together(context: Context) -> None:
    handlers = board_page.Handlers(context)
    rows = {row["system"]: row for row in handlers.rows("test")}
    assert set(rows) == {"by ann", "by bob", "program", "empty file", "random", "chance"}
    assert {row["scored_rows"] for row in rows.values()} == {"core"}
    assert rows["by ann"]["rank"] is not None
    assert rows["by ann"]["full_tool_accuracy"] is rows["program"]["full_tool_accuracy"] is None
    assert rows["by bob"]["full_tool_accuracy"] == 0.68
    assert (rows["by bob"]["tool_accuracy"], rows["by bob"]["step"]) == (0.9, 0.45)
    assert (rows["program"]["step"], rows["program"]["share_correct"]) == (None, pytest.approx(0, abs=0.5))
    assert {rows["by bob"][name] for name in ("parameter_accuracy", "call_accuracy", "share_correct")} == {None}
    html, _ = handlers.drawn(View(split="test"))
    assert "Tool, full split" in html
    assert "full split" not in handlers.drawn(View())[0]
    assert {row["scored_rows"] for row in handlers.rows("validation")} == {"full split"}


def test_the_about_page_shows_the_reference_figures_of_the_data(core_data: Data, tmp_path: Path) -> None:
    results = read_results()
    shown = about_page.markdown(core_data, "s")
    assert results.note in shown
    for row in results.summary()[1]:
        assert f"| {' | '.join(row)} |" in shown
    folder = tmp_path / "data"
    shutil.copytree(core_data.folder, folder)
    (folder / RESULTS_JSON).write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=RESULTS_JSON):
        about_page.markdown(Data(folder), "s")
    (folder / RESULTS_JSON).unlink()
    assert "No reference figures have been measured on this data." in about_page.markdown(Data(folder), "s")


def test_the_column_of_the_full_split_does_not_change_the_address_without_a_core() -> None:
    values = ["test", "overall", "", [], [], "any", "", False, "rank", True, list(filters.DEFAULT_COLUMNS), 1]
    assert board_page.view_of("board", values, has_core=True) == View(split="test")
    values[10] = [key for key in filters.DEFAULT_COLUMNS if key != filters.FULL]
    assert board_page.view_of("board", values, has_core=False) == View(split="test")
    assert filters.FULL not in board_page.view_of("board", values, has_core=True).columns
    values[10] = []
    assert board_page.view_of("board", values, has_core=False).columns == ()


def test_charts_comparisons_and_the_own_submissions_name_the_core(context: Context) -> None:
    rows = board_page.Handlers(context).rows("test")
    ids = {row["system"]: row["submission_id"] for row in rows}
    first, second = ids["program"], ids["empty file"]
    charts = charts_page.Handlers(context)
    assert "The figures are on the core of the test split." in charts.draw("test", "config", [first], None)[1]
    assert "costs less" in charts.draw("test", "cost", None, None)[1]
    assert "core" not in charts.draw("validation", "config", [], None)[1]
    compare = compare_page.Handlers(context)
    assert "instances of the core of the test split" in compare.draw("test", first, second)[0]
    assert {scope["scored_rows"] for scope in compare.compare(first, second)} == {"core"}
    assert "The rates of &#x27;chance&#x27; are expected values" in compare.draw("test", first, ids["chance"])[0]
    shown = compare.show("test", None, None, "")[:2]
    assert [dropdown.choices[0][1] for dropdown in shown] == [dropdown.value for dropdown in shown]
    dropdown, _, version = compare.systems("test", "")
    offered = {label for label, _ in dropdown.choices}
    assert offered >= {"program", "empty file"}
    assert not offered & {"chance", "random"}
    assert compare.systems("test", version) == (gr.skip(), gr.skip(), version), "what the page has is not sent again"
    assert compare.systems("validation", version)[0].choices
    own, other = ids["by ann"], ids["by bob"]
    refused, drawing = compare.draw("test", own, other)
    assert "reveal answers" in refused
    assert "Tool accuracy of two systems" in drawing
    with pytest.raises(gr.Error, match="reveal answers"):
        compare.compare(own, first)
    assert "shown on the validation split" in charts.draw("test", "errors", [own], None)[0]
    assert "shown on the validation split" in charts.draw("test", "slice", [own], "history_length")[0]
    known = context.snapshot.get()
    first = own
    status = status_of(known.by_id[first], known.latest[first])
    assert status["scored_rows"] == "core"
    assert submit_page._status_cells(status)[-1].endswith(", on the core")


def test_a_valid_file_of_the_core_is_named_as_such() -> None:
    answer = {"valid": True, "configs": ["preferred_only", "chronological"], "core_only": ["chronological"], "lines": 9}
    assert "9 lines answer preferred_only, chronological (the core)." in submit_page.answer_html(answer)


def test_the_about_page_says_which_rows_the_main_figure_is_on(context: Context, data: Data) -> None:
    text = about_page.markdown(context.data, "s")
    assert "On the test split, the main figure is on the *core*" in text
    assert f"| {len(context.data.core_ids('test')['chronological'])} |" in text
    assert OWN_TEMPLATES in text
    assert "The data set has no core: all figures are on the full split" in about_page.markdown(data, "s")


def test_the_column_of_the_full_split_is_offered_only_with_a_core(core_data: Data, data: Data, tmp_path: Path) -> None:
    # In a process of its own, because an app that is not served leaves its event loops open.
    code = (
        "import sys; from pathlib import Path; from leaderboard import app; from leaderboard.public_data import Data; "
        "from leaderboard.stores.local_store import LocalStore; from leaderboard.submissions.identity import Identity\n"
        "for folder in sys.argv[2:]:\n"
        "    store, data = LocalStore(Path(sys.argv[1])), Data(Path(folder))\n"
        "    blocks = app.build(store, data, Identity(in_space=False, whoami=lambda _: {})).blocks.values()\n"
        "    print([block.choices for block in blocks if getattr(block, 'elem_id', '') == 'columns'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "store", core_data.folder, data.folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with_core, without = done.stdout.splitlines()
    assert "('Lift', 'lift')" in with_core
    assert "('Lift', 'lift')" in without
    column = f"('Tool, full split', '{filters.FULL}')"
    assert column in with_core
    assert column not in without
