"""Tests of the Play page and of a people's study in a browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, Response, expect

from leaderboard.public_data import Data
from leaderboard.stores.local_store import LocalStore
from metrics.study_files import read_answers
from tests.browser import Look, serving
from tests.conftest import Built

from .test_pages import submit
from .test_play import SECRETS, right, wrong
from .test_study_answers import ID, READERS, make_study, study_of, token

CONFIG = "chronological"


class Board(NamedTuple):
    """A running leaderboard with a study."""

    url: str
    data: Data
    study: Path

    @property
    def linked(self) -> str:
        """Query of a link to a row."""
        return f"?tab=play&config={CONFIG}&id={self.data.instance_ids(CONFIG, 'validation')[2]}"


@pytest.fixture(scope="module")
def board(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    folder, data = tmp_path_factory.mktemp("play"), Data(built.data)
    submit(LocalStore(folder / "store"), data, folder, 1, "wren", "account-1")
    study = make_study(folder / "study", data)
    command = [
        sys.executable, "-m", "leaderboard", "--data", str(built.data), "--store", str(folder / "store"), "--study",
        str(study),
    ]  # fmt: skip
    with serving(command, folder) as url:
        yield Board(url, data, study)


def shown_row(page: Page) -> str:
    """Return the instance id of the row that the address names, once the row is shown."""
    expect(page.locator("#play-shown .play")).to_be_visible()
    page.wait_for_function("location.search.includes('&id=')")
    return parse_qs(urlsplit(page.url).query)["id"][0]


def choose(page: Page, name: str) -> None:
    """Choose a tool with the keyboard alone."""
    option = page.locator("#play-choice label", has_text=name).first
    option.locator("input").focus()
    page.keyboard.press("Space")
    expect(option.locator("input")).to_be_checked()
    page.locator("#play-choose").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#play-verdict .outcome")).to_be_visible()


def width_of(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def test_rows_are_played_from_the_first_to_the_score(look: Look, board: Board) -> None:
    page = look(board.url)
    bodies: list[Response] = []

    def keep(response: Response) -> None:
        bodies.append(response)

    page.on("response", keep)
    expect(page.locator("#board .count")).to_be_visible()
    assert page.locator("#play-shown .play").count() == 0, "the board does not wait for the Play page"
    page.get_by_role("tab", name="Play", exact=True).click()
    page.locator("#play-config").get_by_label(CONFIG).check()
    page.wait_for_function(f"location.search.includes('config={CONFIG}')")
    row = board.data.instance(CONFIG, "validation", shown_row(page))
    expect(page.locator("#play-shown .ask")).to_have_text(row.instruction)
    expect(page.locator("#play-score")).to_contain_text("No row answered yet")
    received = "".join(body.text() for body in bodies if "predict" in body.url)
    assert row.instruction.split()[0] in received
    for text in SECRETS:
        assert text not in received
        assert text not in page.content()
        assert text not in httpx.get(f"{board.url}/config").text
    choose(page, wrong(row))
    expect(page.locator("#play-verdict h3").first).to_have_text("Not what this user wanted")
    expect(page.locator("#play-verdict")).to_contain_text(right(row))
    expect(page.locator("#play-verdict .telling > li")).to_have_count(len(row.evidence))
    expect(page.locator("#play-score")).to_contain_text("0 of 1 right: 0.0 %")
    expect(page.locator("#play-score thead")).to_contain_text("wren")
    expect(page.locator("#play-score")).to_contain_text("No people have read yet")
    expect(page.locator("#play-next")).to_be_focused()
    page.locator("#play-verdict .telling button").first.click()
    expect(page.locator(f"#play-step-{row.evidence[0] + 1} .tool").first).to_be_in_viewport()
    page.locator("#play-next").click()
    expect(page.locator("#play-verdict .outcome")).to_have_count(0)
    page.locator("#play-skip").click()
    expect(page.locator("#play-score")).to_contain_text("1 row skipped")
    second = board.data.instance(CONFIG, "validation", shown_row(page))
    choose(page, right(second))
    expect(page.locator("#play-score")).to_contain_text("1 of 2 right: 50.0 %")
    page.get_by_role("tab", name="Board", exact=True).click()
    page.wait_for_function("location.search === ''")
    page.get_by_role("tab", name="Play", exact=True).click()
    assert shown_row(page) == second.instance_id
    expect(page.locator("#play-verdict .outcome")).to_be_visible()


def test_a_link_leads_to_its_row_also_after_a_reload(look: Look, board: Board) -> None:
    page = look(f"{board.url}{board.linked}")
    row = shown_row(page)
    assert row in board.linked
    expect(page.locator("#play-config").get_by_label(CONFIG)).to_be_checked()
    page.reload()
    assert shown_row(page) == row


def test_steps_and_facts_can_be_opened_and_facts_sorted(look: Look, board: Board) -> None:
    page = look(f"{board.url}{board.linked}")
    row = board.data.instance(CONFIG, "validation", shown_row(page))
    cards = page.locator("#play-shown .timeline .tool:visible")
    assert cards.count() == 0
    page.get_by_role("button", name="Open all steps and listings").click()
    expect(cards).to_have_count(sum(len(step.offered) for step in row.history))
    page.get_by_role("button", name="Close all steps and listings").click()
    expect(cards).to_have_count(0)
    page.get_by_label("Show the facts as a table").check()
    page.locator("#play-table button", has_text="price").click()
    expect(page.locator('#play-table th[aria-sort="ascending"]')).to_have_text("price")
    place = page.locator("#play-table thead th").all_inner_texts().index("price")
    cells = page.locator(f"#play-table tbody tr > :nth-child({place + 1})")
    upwards = [float(cell.get_attribute("data-value") or "inf") for cell in cells.all()]
    assert upwards == sorted(upwards)
    choose(page, right(row))
    expect(page.locator("#play-score")).to_contain_text("With the table of facts, which a model does not get: 1 of 1")


@pytest.mark.parametrize("dark", [False, True])
def test_a_row_fits_a_phone_in_light_and_dark(look: Look, board: Board, dark: bool) -> None:
    page = look(f"{board.url}{board.linked}{'&__theme=dark' if dark else ''}", width=390, dark=dark)
    row = board.data.instance(CONFIG, "validation", shown_row(page))
    page.get_by_role("button", name="Open all steps and listings").click()
    page.get_by_label("Show the facts as a table").check()
    expect(page.locator("#play-table table")).to_be_visible()
    assert width_of(page) == 390
    choose(page, right(row))
    expect(page.locator("#play-score .heat")).to_be_visible()
    assert width_of(page) == 390
    ink, paper = (
        page.locator("#play-verdict h3").first.evaluate(f"element => getComputedStyle(element).{name}")
        for name in ("color", "backgroundColor")
    )
    assert ink != paper
    ground = page.locator("body").evaluate("element => getComputedStyle(element).backgroundColor")
    lightness = sum(int(part) for part in ground.removeprefix("rgb(").rstrip(")").split(",")[:3])
    assert (lightness < 200) is dark


def answer(page: Page, row: int, of: int) -> None:
    """Answer the row that a reader sees."""
    expect(page.locator("#study-shown h3").first).to_have_text(f"Row {row} of {of}")
    page.locator("#study-choice label").nth(row).click()
    page.locator("#study-confidence").get_by_label("75").check()
    page.locator("#study-ambiguous").get_by_label("slightly").check()
    page.locator("#study-remark textarea").fill(f"remark {row}")
    page.locator("#study-save").click()


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_of_a_study_answers_all_rows_and_continues_after_a_reload(
    reader: int, look: Look, board: Board
) -> None:
    page = look(f"{board.url}?tab=play&study={ID}&token={token(reader)}", width=390 if reader == 2 else 1280)
    expect(page.locator("#play-config")).to_be_hidden()
    dealt = study_of(board.data).readers[reader - 1]
    expect(page.locator("#study-choice label")).to_have_count(len(dealt.rows[0].tools))
    page.locator("#study-save").click()
    expect(page.locator("#study-note")).to_contain_text("Please state a tool and your confidence and whether")
    if reader == 1:
        page.get_by_role("tab", name="Board", exact=True).click()
        page.wait_for_function("!location.search.includes('token')")
        page.get_by_role("tab", name="Play", exact=True).click()
        page.wait_for_function("location.search.includes('token')")
    answer(page, 1, 4)
    answer(page, 2, 4)
    expect(page.locator("#study-shown h3").first).to_have_text("Row 3 of 4")
    page.reload()
    answer(page, 3, 4)
    assert width_of(page) == (390 if reader == 2 else 1280)
    for text in SECRETS:
        assert text not in page.content()
    answer(page, 4, 4)
    expect(page.locator("#study-shown")).to_contain_text("Thank you")
    expect(page.locator("#study-choice")).to_be_hidden()
    stored = list(read_answers(board.study, dealt).values())
    assert [line.choice for line in stored] == [row.tools[place] for place, row in enumerate(dealt.rows, 1)]
    assert [line.remark for line in stored] == [f"remark {place}" for place in range(1, 5)]
    assert all(line.seconds > 0 for line in stored)


def test_a_wrong_link_of_a_study_opens_nothing(look: Look, board: Board) -> None:
    page = look(f"{board.url}?tab=play&study={ID}&token=guess")
    expect(page.locator("#study-shown")).to_contain_text("This link is not valid here")
    expect(page.locator("#study-choice")).to_be_hidden()
    expect(page.locator("#play-shown")).to_be_hidden()
