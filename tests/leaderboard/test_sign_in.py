"""Tests of signing in with a browser and a provider on loopback; no part of Gradio or the app is replaced.

The app runs as in a Space, where its address is `https://` and the host name of the Space. The browser's requests are
redirected to the app, as by the proxy of a Space. `test_production.py` signs in to an app that is not given a host name.
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
    """App that runs as in a Space."""

    url: str
    """Local address of the app."""
    store: LocalStore
    provider: Provider


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider(PEOPLE) as running:
        yield running


@pytest.fixture(scope="module")
def space(built: Built, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    home = tmp_path_factory.mktemp("space")
    environment = {"SYSTEM": "spaces", "SPACE_ID": SPACE, "SPACE_HOST": HOST, **provider.environment()}
    command = [sys.executable, "-m", "leaderboard.app", "--data", str(built.data), "--store", str(home / "store")]
    with serving(command, home, environment=environment) as url:
        yield Space(url, LocalStore(home / "store"), provider)


def fill_in(page: Page, path: Path, name: str) -> None:
    page.locator("#predictions input[type=file]").set_input_files(path)
    expect(page.locator("#predictions")).to_contain_text(path.stem)
    page.locator("#name").get_by_role("textbox").fill(name)


def test_signing_in_submitting_and_signing_out(visit: Visit, space: Space, built: Built, tmp_path: Path) -> None:
    path = write(tmp_path, lines(guesses(Data(built.data), "validation")), "heron.jsonl")
    before = len(space.store.submissions())
    page = visit(space.url, "/?tab=submit")
    expect(page.locator("#own")).to_contain_text("Sign in to submit")
    sign_in(page, "ann")
    callback = urlsplit(space.provider.redirects[-1])
    assert f"{callback.scheme}://{callback.netloc}" == f"https://{HOST}"
    assert callback.path == "/login/callback"
    assert parse_qs(urlsplit(page.url).query) == {"tab": ["submit"]}  # the page before signing in
    expect(page.locator("#own h3")).to_have_text("Submissions of ann")
    fill_in(page, path, "heron")
    page.locator("#submit").click()
    expect(page.locator("#answered h3")).to_have_text("Submitted")
    expect(page.locator("#answered .facts")).to_contain_text("ann")
    (submission,) = space.store.submissions()[before:]
    assert (submission.person, submission.system.name) == (Person(PEOPLE["ann"], "ann"), "heron")
    expect(page.locator("#own code").first).to_have_text(submission.id)
    page.reload()
    expect(page.locator("#own code").first).to_have_text(submission.id)
    page.get_by_role("button", name="Logout (ann)").click()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    expect(page.locator("#own")).to_contain_text("Sign in to submit")
    expect(page.locator("#own")).not_to_contain_text(submission.id)
    page.locator("#predictions input[type=file]").set_input_files(path)
    expect(page.locator("#predictions")).to_contain_text("Error")  # files are taken from signed-in people only
    page.locator("#name").get_by_role("textbox").fill("heron again")
    page.locator("#submit").click()
    expect(page.locator("body")).to_contain_text(REFUSED)
    expect(page.locator("#answered")).not_to_contain_text("Submitted")
    assert len(space.store.submissions()) == before + 1


@pytest.mark.parametrize("width", [390, 1280])
def test_the_header_of_the_hub_does_not_cover_the_button(visit: Visit, space: Space, width: int) -> None:
    page = visit(space.url, width=width)
    header, button = page.locator("#huggingface-space-header"), page.get_by_role("button", name=SIGN_IN)
    expect(header).to_be_visible()
    expect(button).to_be_visible()
    above, below = header.bounding_box(), page.locator("#top").bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] <= below["y"]
    button.click(trial=True)


def test_each_person_sees_only_their_submissions(visit: Visit, space: Space, built: Built, tmp_path: Path) -> None:
    path = write(tmp_path, lines(guesses(Data(built.data), "test")), "finch.jsonl")
    pages = {name: visit(space.url, "/?tab=submit") for name in PEOPLE}
    for name, page in pages.items():
        sign_in(page, name)
        expect(page.locator("#own h3")).to_have_text(f"Submissions of {name}")
        fill_in(page, path, f"finch of {name}")
        page.locator("#of-split").get_by_label("test").check()
        page.locator("#submit").click()
        expect(page.locator("#answered h3")).to_have_text("Submitted")  # the limit of one a day applies per person
    for name, page in pages.items():
        expect(page.locator("#own")).to_contain_text(f"finch of {name}")
        page.locator("#submit").click()
        expect(page.locator("#answered h3")).to_have_text("Quota used up")
    expect(pages["bob"].locator("#own")).not_to_contain_text("finch of ann")


def test_declining_at_the_provider_does_not_sign_in(visit: Visit, space: Space) -> None:
    page = visit(space.url)
    page.get_by_role("button", name=SIGN_IN).click()
    with page.expect_response(re.compile("/login/callback")):
        page.get_by_role("link", name="nobody").click()
    page.goto(f"{space.url}/?tab=submit")
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    expect(page.locator("#own")).to_contain_text("Sign in to submit")


def test_an_expired_sign_in_is_not_accepted(visit: Visit, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space.provider, "valid_s", 1)
    page = visit(space.url, "/?tab=submit")
    page.get_by_role("button", name=SIGN_IN).click()
    page.get_by_role("link", name="bob").click()
    page.wait_for_url(f"{space.url}/*")
    page.wait_for_timeout(1500)
    page.reload()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    expect(page.locator("#own")).to_contain_text("Sign in to submit")
