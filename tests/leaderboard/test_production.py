"""As in production: the app in a Space, data and store on the Hub, the evaluator elsewhere; by browser and by program."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from playwright.sync_api import expect

from leaderboard.public_data import Data
from leaderboard.stores.hub_store import person_key
from leaderboard.stores.stored_records import HISTORY_TYPES
from leaderboard.submissions.identity import REFUSED
from tests.browser import serving
from tests.conftest import Built
from tests.fakes.hub.clients import hub_clients
from tests.fakes.hub.openid import Provider
from tests.fakes.hub.server import HubServer

from .making import RESULTS, SUBMISSIONS, guesses, lines, write
from .spaces import SPACE, Visit, sign_in

DATA = "org/data"
STORE = f"hub:{SUBMISSIONS},{RESULTS}"
FORM = {
    "split": "validation", "name": "by a program", "team": "", "link": "", "licence": "", "parameters_b": "", "cost_usd": "",
    "description": "", "history": "own",
}  # fmt: skip


class Production(NamedTuple):
    """All that runs."""

    url: str
    hub: HubServer
    data: Data


@pytest.fixture(scope="module")
def production(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    home = tmp_path_factory.mktemp("production")
    with hub_clients(), HubServer() as hub, Provider({"ann": "ann"}) as provider:
        hub.create("datasets", SUBMISSIONS, visibility="private")
        hub.create("datasets", RESULTS)
        hub.create("datasets", DATA)
        files = [path for path in sorted(built.data.rglob("*")) if path.is_file()]
        hub.commit("datasets", DATA, {path.relative_to(built.data).as_posix(): path.read_bytes() for path in files})
        writer, evaluators = (hub.add_user(name, orgs=["org"]) for name in ("app", "evaluator"))
        evaluator = subprocess.Popen(
            [
                sys.executable, "-m", "leaderboard.scoring.evaluator", "--store", STORE, "--data", str(built.data),
                "--answers", str(built.answers), "--every", "0.2",
            ],
            env=hub.environment(home / "evaluator", evaluators),
        )  # fmt: skip
        environment = {
            **{name: value for name, value in hub.environment(home / "app", writer).items() if name.startswith("HF_")},
            **provider.environment(),
            "HF_HUB_OFFLINE": "0",
            "SYSTEM": "spaces",
            "SPACE_ID": SPACE,
            "PETOOLBENCH_DATA": f"hub:{DATA}",
            "PETOOLBENCH_STORE": STORE,
        }
        try:
            with serving([sys.executable, "-m", "leaderboard.app"], home, environment=environment) as url:
                yield Production(url, hub, Data(built.data))
            assert evaluator.poll() is None
        finally:
            evaluator.kill()
            evaluator.wait()


def kept(production: Production, repository: str, start: str) -> dict[str, bytes]:
    """Files of a repository by path."""
    files = production.hub.repo("datasets", repository).files()
    return {path: content for path, content in files.items() if path.startswith(start)}


def test_from_a_file_to_its_receipt_to_its_row_and_every_page(
    visit: Visit, production: Production, tmp_path: Path
) -> None:
    path = write(tmp_path, lines(guesses(production.data, "validation", seed=7)), "heron.jsonl")
    page = visit(production.url, "/?tab=submit")
    sign_in(page, "ann")
    page.locator("#predictions input[type=file]").set_input_files(path)
    expect(page.locator("#predictions")).to_contain_text("heron")
    page.locator("#name").get_by_role("textbox").fill("heron")
    page.locator("#submit").click()
    expect(page.locator("#answered h3")).to_have_text("Submitted")
    made = page.locator("#answered .facts code").first.inner_text()
    assert kept(production, SUBMISSIONS, f"submissions/{person_key('ann')}/{made}")
    assert kept(production, SUBMISSIONS, "predictions/")[f"predictions/{made}.jsonl"] == path.read_bytes()
    expect(page.locator("#own .status").first).to_have_text("scored")
    (result,) = kept(production, RESULTS, f"results/{made}/").values()
    assert json.loads(result)["submission"]["person"] == {"sub": person_key("ann"), "name": "ann"}

    page.get_by_role("tab", name="Board", exact=True).click()
    expect(page.locator("#board th.system", has_text="heron")).to_be_visible()
    page.get_by_role("tab", name="Pictures", exact=True).click()
    expect(page.locator("#plot svg.for-wide")).to_contain_text("heron")
    page.get_by_role("tab", name="Compare", exact=True).click()
    expect(page.locator("#compared")).to_contain_text("heron is ahead by")
    page.get_by_role("tab", name="Explore", exact=True).click()
    first = production.data.instance_ids("preferred_only", "validation")[0]
    expect(page.locator("#shown")).to_contain_text(first)
    page.locator("#replier input").click()
    page.get_by_role("option", name="heron").first.click()
    expect(page.locator("#reply .verdict")).to_be_visible()
    page.get_by_role("tab", name="About", exact=True).click()
    expect(page.locator(".words", has_text=production.data.revision).last).to_be_visible()

    fresh = visit(production.url)  # as nobody
    expect(fresh.locator("#board th.system", has_text="heron")).to_be_visible()


def test_a_program_is_known_by_its_token(production: Production, tmp_path: Path) -> None:
    path = write(tmp_path, lines(guesses(production.data, "validation", seed=8)))
    token = production.hub.add_user("bob", role="read")
    asked = Client(production.url, token=token, verbose=False, analytics_enabled=False)
    receipt = asked.predict(file=handle_file(path), **FORM, api_name="/submit")["receipt"]
    assert (receipt["account"], receipt["quota_left"], receipt["configs"]) == ("bob", 9, list(HISTORY_TYPES))
    assert kept(production, SUBMISSIONS, f"submissions/{person_key('bob')}/")
    (status,) = asked.predict(api_name="/status")
    assert status["submission_id"] == receipt["submission_id"]
    for stranger in ("hf_nobody_read", None):
        other = Client(production.url, token=stranger, verbose=False, analytics_enabled=False)
        with pytest.raises(AppError, match=re.escape(REFUSED)):
            other.predict(file=handle_file(path), **FORM, api_name="/submit")
    assert len(kept(production, SUBMISSIONS, f"submissions/{person_key('bob')}/")) == 1


def test_a_hub_that_fails_for_a_while_costs_nothing(production: Production, tmp_path: Path) -> None:
    path = write(tmp_path, lines(guesses(production.data, "validation", seed=9)))
    asked = Client(
        production.url, token=production.hub.add_user("eve", role="read"), verbose=False, analytics_enabled=False
    )
    production.hub.fail("commit", 503, times=2, matching=SUBMISSIONS)
    assert asked.predict(file=handle_file(path), **FORM, api_name="/submit")["receipt"]["quota_left"] == 9
    production.hub.fail("info", 500, times=None, matching=SUBMISSIONS)
    try:
        with pytest.raises(AppError, match="Nothing was submitted"):
            asked.predict(file=handle_file(path), **FORM, api_name="/submit")
        assert asked.predict(api_name="/rows")  # what is known is shown
    finally:
        production.hub.faults.clear()
    again = asked.predict(file=handle_file(path), **FORM, api_name="/submit")
    assert again["receipt"]["quota_left"] == 8
