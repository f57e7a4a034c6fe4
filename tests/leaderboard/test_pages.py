"""Tests of the leaderboard in a browser and through gradio_client.

The app runs with its evaluator, as on a user's machine. The pages of a Space are tested in `test_production.py`.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from playwright.sync_api import BrowserContext, Page, Route, expect

from leaderboard.public_data import Data
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import new_id
from leaderboard.stores.stored_records import HISTORY_TYPES, Person, Submission, System
from leaderboard.submissions.quota import Decision
from leaderboard.submissions.validation import check
from tests.browser import Look, serving
from tests.conftest import Built

from .making import NOW, guesses, lines

HOSTILE = "<img src=x onerror=alert(1)> **b** ${1+1} {{x}}"
RIGHT_TO_LEFT = "نموذج"
FORMULA = "=1+1"
FORM = {
    "split": "validation", "name": "by a program", "team": "", "link": "", "licence": "Apache-2.0", "parameters_b": "7",
    "cost_usd": "", "description": "", "history": "own",
}  # fmt: skip


class Board(NamedTuple):
    """A running leaderboard."""

    url: str
    data: Data
    folder: Path


def submit(store: LocalStore, data: Data, folder: Path, number: int, name: str, account: str) -> None:
    """Add a submission of an account to the store."""
    content = lines(guesses(data, "validation", seed=number))
    path = folder / f"{number}.jsonl"
    path.write_bytes(content)
    checked = check(path, data.ids("validation"))
    created = NOW.replace(day=number + 1)
    store.submit(
        Submission(
            id=new_id(created),
            person=Person(f"id-{account}", account),
            system=System(name, licence="MIT" if number % 2 else "", parameters_b=7.0, cost_usd=float(number)),
            split="validation",
            configs=HISTORY_TYPES,
            sha256=checked.sha256,
            size=checked.size,
            data_revision=data.revision,
            scorer_version="",
            created=created.isoformat(timespec="milliseconds"),
        ),
        path,
        lambda _: Decision(True, 1, None, ""),
    )


@pytest.fixture(scope="module")
def board(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    folder = tmp_path_factory.mktemp("leaderboard")
    data = Data(built.data)
    (folder / "baselines").mkdir()
    (folder / "baselines" / "coin.validation.jsonl").write_bytes(lines(guesses(data, "validation", seed=9)))
    store = LocalStore(folder / "store")
    for number, name in enumerate(("wren", HOSTILE, RIGHT_TO_LEFT, FORMULA, "finch")):
        submit(store, data, folder, number, name, f"account-{number}")
    command = [
        sys.executable, "-m", "leaderboard", "--data", str(built.data), "--answers", str(built.answers),
        "--store", str(folder / "store"), "--baselines", str(folder / "baselines"),
    ]  # fmt: skip
    with serving(command, folder) as url:
        yield Board(url, data, folder)


def client(url: str) -> Client:
    return Client(url, verbose=False, analytics_enabled=False)


def shown(page: Page) -> list[str]:
    """Return the names of the systems in the table, in order."""
    expect(page.locator("#board .count")).to_be_visible()
    return page.locator("#board th.system button").all_inner_texts()


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def choose(page: Page, element: str, text: str) -> None:
    """Select the option of a dropdown that begins with a text."""
    page.locator(f"{element} input").click()
    page.get_by_role("option", name=re.compile(f"^(✓ *)?{re.escape(text)}")).first.click()


def test_the_board_shows_baselines_and_systems_with_escaped_names(look: Look, board: Board) -> None:
    page = look(board.url)
    expect(page.locator("#board tbody tr")).to_have_count(9)
    names = shown(page)
    assert {"empty file", "random", "chance", "coin", "wren", HOSTILE, RIGHT_TO_LEFT, FORMULA, "finch"} == set(names)
    assert names[-1] == "empty file"
    assert page.locator("#board img").count() == 0
    expect(page.locator("#board .formula")).to_contain_text("overall = (preferred_only")
    expect(page.locator("#board tr.baseline")).to_have_count(4)


def test_search_filter_order_and_columns_are_restored_from_the_address(look: Look, board: Board) -> None:
    page = look(board.url)
    shown(page)
    page.locator("#search").get_by_role("textbox").fill("account")
    expect(page.locator("#board tbody tr")).to_have_count(5)
    page.get_by_text("Filters, order and columns").click()
    page.locator("#badges").get_by_label("self-reported").check()
    page.locator("#columns").get_by_label("Hallucination").uncheck()
    expect(page.locator("#board thead")).not_to_contain_text("Hallucination")
    page.locator("#board thead button", has_text="System").click()
    expect(page.locator('#board th[aria-sort="ascending"]')).to_contain_text("System")
    page.locator("#which").get_by_label("chronological").check()
    expect(page.locator("#board .formula")).not_to_contain_text("overall =")
    page.wait_for_function("location.search.includes('board=chronological')")
    assert query(page)["search"] == ["account"]
    before = shown(page)
    page.reload()
    expect(page.locator("#board tbody tr")).to_have_count(5)
    assert shown(page) == before
    expect(page.locator("#which").get_by_label("chronological")).to_be_checked()
    expect(page.locator("#board thead")).not_to_contain_text("Hallucination")
    page.locator("#board thead button", has_text="System").click()
    expect(page.locator('#board th[aria-sort="descending"]')).to_contain_text("System")
    assert shown(page) == before[::-1]


def test_an_event_sent_before_the_view_was_restored_does_not_undo_it(
    look: Look, board: Board, context: BrowserContext
) -> None:
    described = httpx.get(f"{board.url}/config").json()["dependencies"]
    selects = {event["id"] for event in described if any(name == "select" for _, name in event["targets"])}
    held: list[Route] = []

    def hold(route: Route) -> None:
        if (route.request.post_data_json or {}).get("fn_index") in selects:
            held.append(route)
        else:
            route.continue_()

    requests = "**/run/predict*"
    context.route(requests, hold)
    try:
        page = look(f"{board.url}?badges=self-reported")
        expect(page.locator("#board tbody tr")).to_have_count(5)
        assert held  # Gradio selects the first tab when it loads the app
        with page.expect_response(requests):
            held[0].continue_()
        page.wait_for_timeout(200)
        assert page.locator("#board tbody tr").count() == 5
        assert query(page)["badges"] == ["self-reported"]
    finally:
        context.unroute(requests)


def test_an_empty_result_of_the_filters_is_explained(look: Look, board: Board) -> None:
    page = look(f"{board.url}?search=nobody+has+this")
    expect(page.locator("#board .empty")).to_contain_text("None of the 9 rows passes the filters")
    page.locator("#split").get_by_label("test").check()
    page.locator("#search").get_by_role("textbox").fill("")
    expect(page.locator("#board tbody tr")).to_have_count(3)
    assert shown(page) == ["chance", "random", "empty file"]


def test_a_click_on_a_row_shows_its_details(look: Look, board: Board) -> None:
    page = look(board.url)
    page.locator("#board th.system button", has_text="wren").click()
    expect(page.locator("#details")).to_contain_text("SHA-256 of the file")
    expect(page.locator("#details")).to_contain_text(board.data.revision)


def test_downloads_contain_the_rows_shown_and_no_formula(look: Look, board: Board) -> None:
    page = look(f"{board.url}?badges=self-reported")
    expect(page.locator("#board tbody tr")).to_have_count(5)
    with page.expect_download() as started:
        page.locator("#csv").click()
    path = started.value.path()
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["system"] for row in rows} == {"wren", HOSTILE, RIGHT_TO_LEFT, f"'{FORMULA}", "finch"}
    with page.expect_download() as started:
        page.locator("#json").click()
    assert len(json.loads(started.value.path().read_text(encoding="utf-8"))) == 5


def test_charts_are_shown_when_their_tab_is_opened(look: Look, board: Board) -> None:
    page = look(board.url)
    shown(page)
    expect(page.locator("#plot")).to_be_hidden()
    tab(page, "Charts")
    expect(page.locator("#plot svg.for-wide")).to_be_visible()
    expect(page.locator("#plot svg.for-narrow")).to_be_hidden()
    expect(page.locator("#plot")).to_contain_text("wren")
    expect(page.locator("#plot")).to_contain_text("<img")
    page.wait_for_url("**tab=charts**")
    for kind, description in (
        ("Accuracy by instance property", "by history length"),
        ("Score against cost", "cost of the run, in dollars"),
        ("Score against size", "parameters, in billions"),
    ):
        page.locator("#figure").get_by_label(kind).check()
        expect(page.locator("#plot svg.for-wide")).to_have_attribute("aria-label", re.compile(description))
    page.locator("#figure").get_by_label("Error classes").check()
    expect(page.locator("#plot table.heat")).to_contain_text("preference mismatch")
    expect(page.locator("#plot table.heat")).to_contain_text("<img")


def test_charts_fit_a_phone_screen(look: Look, board: Board) -> None:
    page = look(f"{board.url}?tab=charts", width=390)
    expect(page.locator("#plot svg.for-narrow")).to_be_visible()
    expect(page.locator("#plot svg.for-wide")).to_be_hidden()
    ink = page.locator("#plot svg.for-narrow text", has_text="wren").first
    light = ink.evaluate("element => getComputedStyle(element).fill")
    for kind in ("Accuracy by instance property", "Score against cost", "Error classes", "Accuracy by config"):
        page.locator("#figure").get_by_label(kind).check()
        expect(page.locator("#figure").get_by_label(kind)).to_be_checked()
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    dark = look(f"{board.url}?tab=charts&__theme=dark", width=390, dark=True)
    ink = dark.locator("#plot svg.for-narrow text", has_text="wren").first
    assert ink.evaluate("element => getComputedStyle(element).fill") != light  # charts use the text colour of the page


def test_two_systems_are_compared(look: Look, board: Board) -> None:
    page = look(f"{board.url}?tab=compare")
    choose(page, "#first", "wren")
    choose(page, "#second", "empty file")
    expect(page.locator("#compared")).to_contain_text("wren is ahead by")
    expect(page.locator("#compared tbody tr")).to_have_count(4)
    expect(page.locator("#compared-plot svg.for-wide")).to_be_visible()
    choose(page, "#second", "wren")
    expect(page.locator("#compared")).to_contain_text("These are the same run")


def test_an_instance_with_its_answer_and_a_reply(look: Look, board: Board) -> None:
    page = look(board.url)
    shown(page)
    tab(page, "Explore")
    first = board.data.instance_ids("preferred_only", "validation")[0]
    expect(page.locator("#shown")).to_contain_text(first)
    expect(page.locator("#shown")).not_to_contain_text("Supported by history steps")
    page.get_by_label("Show answer and evidence").check()
    expect(page.locator("#shown")).to_contain_text("Supported by history steps")
    row = board.data.instance("preferred_only", "validation", first)
    assert row.answer is not None
    expect(page.locator("#shown details.is-answer summary")).to_contain_text(row.answer.name)
    choose(page, "#replier", "wren")
    expect(page.locator("#reply .verdict")).to_be_visible()
    page.locator("#after").click()
    expect(page.locator("#shown")).to_contain_text(board.data.instance_ids("preferred_only", "validation")[1])
    page.locator("#config").get_by_label("rating_integrated").check()
    expect(page.locator("#shown .rating").first).to_be_visible()
    expect(page.locator("#shown")).not_to_contain_text("Supported by history steps")


def faulty(data: Data) -> tuple[bytes, list[str]]:
    """Return a file with five kinds of faults, and the expected messages."""
    good = lines(guesses(data, "validation", configs=("chronological",))).splitlines()
    first = json.loads(good[0])["instance_id"]
    bad = [
        good[0],
        b"{not json",
        good[0],
        json.dumps({"instance_id": "nobody", "prediction": ""}).encode(),
        json.dumps({"instance_id": first, "prediction": 5}).encode(),
        *good[2:],
    ]
    messages = [
        "line 2: not valid JSON",
        "line 3: instance_id",
        "line 4: instance_id",
        "line 5: 'prediction'",
        "are missing",
    ]
    return b"\n".join(bad) + b"\n", messages


def test_a_check_reports_every_fault_with_its_line_and_does_not_use_the_quota(
    look: Look, board: Board, tmp_path: Path
) -> None:
    content, messages = faulty(board.data)
    path = tmp_path / "faulty.jsonl"
    path.write_bytes(content)
    page = look(f"{board.url}?tab=submit")
    quota = page.locator("#own .problems li").first.inner_text()
    page.locator("#predictions input[type=file]").set_input_files(path)
    expect(page.locator("#predictions")).to_contain_text("faulty")
    page.locator("#check").click()
    expect(page.locator("#answered")).to_contain_text("Problems to fix")
    for message in [*messages, "name: "]:
        expect(page.locator("#answered")).to_contain_text(message)
    page.locator("#submit").click()
    expect(page.locator("#answered")).to_contain_text("Nothing was counted")
    expect(look(f"{board.url}?tab=submit").locator("#own .problems li").first).to_have_text(quota)
    answer = client(board.url).predict(file=handle_file(path), **FORM, api_name="/check")
    assert answer["valid"] is False
    assert answer["problems"] == check(path, board.data.ids("validation")).report()


def test_a_submitted_file_gets_a_receipt_and_then_a_row(look: Look, board: Board, tmp_path: Path) -> None:
    path = tmp_path / "heron.jsonl"
    path.write_bytes(lines(guesses(board.data, "validation", seed=77)))
    page = look(f"{board.url}?tab=submit")
    page.locator("#predictions input[type=file]").set_input_files(path)
    expect(page.locator("#predictions")).to_contain_text("heron")
    page.locator("#name").get_by_role("textbox").fill("heron")
    page.locator("#check").click()
    expect(page.locator("#answered")).to_contain_text("No problems found")
    page.locator("#submit").click()
    expect(page.locator("#answered h3")).to_have_text("Submitted")
    sha256 = check(path, board.data.ids("validation")).sha256
    for text in (sha256, board.data.revision, "Quota left"):
        expect(page.locator("#answered")).to_contain_text(text)
    expect(page.locator("#own .status").first).to_have_text("scored")
    tab(page, "Board")
    expect(page.locator("#board th.system", has_text="heron")).to_be_visible()


def test_a_program_can_submit_and_read(board: Board, tmp_path: Path) -> None:
    path = tmp_path / "program.jsonl"
    path.write_bytes(lines(guesses(board.data, "test", seed=3)))
    api = client(board.url)
    assert api.predict(file=handle_file(path), **FORM | {"split": "test"}, api_name="/check")["valid"] is True
    receipt = api.predict(file=handle_file(path), **FORM | {"split": "test"}, api_name="/submit")["receipt"]
    assert (receipt["account"], receipt["quota_left"], receipt["status"]) == ("local", 0, "pending")
    again = api.predict(file=handle_file(path), **FORM | {"split": "test"}, api_name="/submit")
    assert "used up" in again["refused"]
    (status,) = api.predict(submission_id=receipt["submission_id"], api_name="/status")
    assert status["sha256"] == receipt["sha256"]
    rows = api.predict(api_name="/rows")
    by_name = {row["system"]: row for row in rows}
    assert {"wren", "empty file"} <= by_name.keys()
    two = [by_name[name]["submission_id"] for name in ("wren", "empty file")]
    compared = api.predict(*two, api_name="/compare")
    assert [scope["config"] for scope in compared] == ["overall", *HISTORY_TYPES]
    with pytest.raises(AppError, match=r"Unknown split 'train'\. Available splits: validation, test\."):
        api.predict(split="train", api_name="/rows")
    with pytest.raises(AppError, match="You have no submission"):
        api.predict(submission_id=two[0], api_name="/status")


def test_the_private_handlers_answer_on_this_machine(board: Board) -> None:
    events = client(board.url).config["dependencies"]
    number = next(event["id"] for event in events if event["api_name"] == "own")
    request = {"data": [], "fn_index": number}
    answer = httpx.post(f"{board.url}/gradio_api/run/predict", json=request, timeout=30).text
    assert "Submissions of" in answer
