"""Signing in as in a Space, in a browser, with a provider over loopback: nothing of Gradio or of ours is replaced.

Once as the app is reached here, and once as in a Space, where it takes its address to be `https://` and the name of
its host: there the browser is led to the app as a Space's proxy would.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from leaderboard.public_data import Data
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.stored_records import Person
from leaderboard.submissions.identity import REFUSED
from tests.browser import serving
from tests.conftest import Built
from tests.fakes.hub.openid import Provider

from .making import guesses, lines, write
from .spaces import HOST, SIGN_IN, SPACE, Visit, sign_in

PEOPLE = {"ann": "64f0a1", "bob": "64f0b2"}


class Space(NamedTuple):
    """An app as in a Space."""

    url: str
    store: LocalStore
    provider: Provider
    host: str
    """As the app takes it to be; empty where it asks the request."""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider(PEOPLE) as started:
        yield started


IN_A_SPACE = pytest.mark.parametrize("space", [HOST], indirect=True, ids=["by its host"])
"""Where the address makes no difference."""


@pytest.fixture(scope="module", params=["", HOST], ids=["by its address", "by its host"])
def space(
    request: pytest.FixtureRequest, built: Built, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Space]:
    home = tmp_path_factory.mktemp("space")
    environment = {"SYSTEM": "spaces", "SPACE_ID": SPACE, **provider.environment()}
    if request.param:
        environment["SPACE_HOST"] = request.param
    command = [sys.executable, "-m", "leaderboard.app", "--data", str(built.data), "--store", str(home / "store")]
    with serving(command, home, environment=environment) as url:
        yield Space(url, LocalStore(home / "store"), provider, request.param)


def fill_in(page: Page, path: Path, name: str) -> None:
    page.locator("#predictions input[type=file]").set_input_files(path)
    expect(page.locator("#predictions")).to_contain_text(path.stem)
    page.locator("#name").get_by_role("textbox").fill(name)


def test_from_signing_in_to_a_submission_to_signing_out(
    visit: Visit, space: Space, built: Built, tmp_path: Path
) -> None:
    path = write(tmp_path, lines(guesses(Data(built.data), "validation")), "heron.jsonl")
    before = len(space.store.submissions())
    page = visit(space.url, "/?tab=submit")
    expect(page.locator("#own")).to_contain_text("Sign in to submit")
    sign_in(page, "ann")
    back = urlsplit(space.provider.redirects[-1])
    assert f"{back.scheme}://{back.netloc}" == (f"https://{HOST}" if space.host else space.url)
    assert back.path == "/login/callback"
    assert parse_qs(urlsplit(page.url).query) == {"tab": ["submit"]}  # back where it began
    expect(page.locator("#own h3")).to_have_text("Submissions of ann")
    fill_in(page, path, "heron")
    page.locator("#submit").click()
    expect(page.locator("#answered h3")).to_have_text("Submitted")
    expect(page.locator("#answered .facts")).to_contain_text("ann")
    (made,) = space.store.submissions()[before:]
    assert (made.person, made.system.name) == (Person(PEOPLE["ann"], "ann"), "heron")
    expect(page.locator("#own code").first).to_have_text(made.id)
    page.reload()
    expect(page.locator("#own code").first).to_have_text(made.id)
    page.get_by_role("button", name="Logout (ann)").click()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    expect(page.locator("#own")).to_contain_text("Sign in to submit")
    expect(page.locator("#own")).not_to_contain_text(made.id)
    fill_in(page, path, "heron again")
    page.locator("#submit").click()
    expect(page.locator("body")).to_contain_text(REFUSED)
    expect(page.locator("#answered")).not_to_contain_text("Submitted")
    assert len(space.store.submissions()) == before + 1


@IN_A_SPACE
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_lies_over_the_button(visit: Visit, space: Space, width: int) -> None:
    page = visit(space.url, width=width)
    bar, button = page.locator("#huggingface-space-header"), page.get_by_role("button", name=SIGN_IN)
    expect(bar).to_be_visible()
    expect(button).to_be_visible()
    above, below = bar.bounding_box(), page.locator("#top").bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] <= below["y"]
    button.click(trial=True)


def test_two_people_see_each_their_own(visit: Visit, space: Space, built: Built, tmp_path: Path) -> None:
    path = write(tmp_path, lines(guesses(Data(built.data), "test")), "finch.jsonl")
    pages = {name: visit(space.url, "/?tab=submit") for name in PEOPLE}
    for name, page in pages.items():
        sign_in(page, name)
        expect(page.locator("#own h3")).to_have_text(f"Submissions of {name}")
        fill_in(page, path, f"finch of {name}")
        page.locator("#of-split").get_by_label("test").check()
        page.locator("#submit").click()
        expect(page.locator("#answered h3")).to_have_text("Submitted")  # a day's only one is each one's own
    for name, page in pages.items():
        expect(page.locator("#own")).to_contain_text(f"finch of {name}")
        page.locator("#submit").click()
        expect(page.locator("#answered h3")).to_have_text("Quota used up")
    expect(pages["bob"].locator("#own")).not_to_contain_text("finch of ann")


def test_who_does_not_agree_is_nobody(visit: Visit, space: Space) -> None:
    page = visit(space.url)
    page.get_by_role("button", name=SIGN_IN).click()
    with page.expect_response(re.compile("/login/callback")):
        page.get_by_role("link", name="nobody").click()
    page.goto(f"{space.url}/?tab=submit")
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    expect(page.locator("#own")).to_contain_text("Sign in to submit")


@IN_A_SPACE
def test_a_sign_in_that_is_over_holds_no_longer(visit: Visit, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space.provider, "valid_s", 1)
    page = visit(space.url, "/?tab=submit")
    page.get_by_role("button", name=SIGN_IN).click()
    page.get_by_role("link", name="bob").click()
    page.wait_for_url(f"{space.url}/*")
    page.wait_for_timeout(1500)
    page.reload()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    expect(page.locator("#own")).to_contain_text("Sign in to submit")
