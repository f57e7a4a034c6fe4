"""Tests of a production setup, by browser and by API: app in a Space, data and store on the Hub, separate evaluator."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
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
from .spaces import SIGN_IN, SPACE, Visit, sign_in

ROOT = Path(__file__).parents[2]
DATA = "org/data"
STORE = f"hub:{SUBMISSIONS},{RESULTS}"
FORM = {
    "split": "validation", "name": "by a program", "team": "", "link": "", "licence": "", "parameters_b": "", "cost_usd": "",
    "description": "", "history": "own",
}  # fmt: skip


class Production(NamedTuple):
    """Running app, Hub and evaluator."""

    url: str
    """Address of the app."""
    hub: HubServer
    data: Data
    provider: Provider


def space_folder(home: Path) -> Path:
    """Create the root folder of the Space, as described in `leaderboard/README.md`."""
    folder = home / "space"
    folder.mkdir()
    shutil.copy(ROOT / "leaderboard" / "app.py", folder)
    for package in ("leaderboard", "metrics"):
        (folder / package).symlink_to(ROOT / package)
    return folder


@pytest.fixture(scope="module")
def production(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    home = tmp_path_factory.mktemp("production")
    with hub_clients(), HubServer() as hub, Provider({"ann": "ann"}) as provider:
        hub.create("datasets", SUBMISSIONS, visibility="private")
        hub.create("datasets", RESULTS)
        hub.create("datasets", DATA)
        files = [path for path in sorted(built.data.rglob("*")) if path.is_file()]
        hub.commit("datasets", DATA, {path.relative_to(built.data).as_posix(): path.read_bytes() for path in files})
        app_token, evaluator_token = (hub.add_user(name, orgs=["org"]) for name in ("app", "evaluator"))
        evaluator = subprocess.Popen(
            [
                sys.executable, "-m", "leaderboard.scoring.evaluator", "--store", STORE, "--data", str(built.data),
                "--answers", str(built.answers), "--every", "0.2",
            ],
            env=hub.environment(home / "evaluator", evaluator_token),
        )  # fmt: skip
        hub_environment = hub.environment(home / "app", app_token)
        environment = {
            **{name: value for name, value in hub_environment.items() if name.startswith(("HF_", "PETOOLBENCH_"))},
            **provider.environment(),
            "HF_HUB_OFFLINE": "0",
            "SYSTEM": "spaces",
            "SPACE_ID": SPACE,
            "PETOOLBENCH_DATA": f"hub:{DATA}",
            "PETOOLBENCH_STORE": STORE,
        }
        try:
            with serving([sys.executable, "app.py"], home, cwd=space_folder(home), environment=environment) as url:
                yield Production(url, hub, Data(built.data), provider)
            assert evaluator.poll() is None
        finally:
            evaluator.kill()
            evaluator.wait()


def files_under(production: Production, repository: str, start: str) -> dict[str, bytes]:
    """Return the files of a repository whose path has a prefix, by path."""
    files = production.hub.repo("datasets", repository).files()
    return {path: content for path, content in files.items() if path.startswith(start)}


def test_a_submission_gets_a_receipt_and_appears_on_every_page(
    visit: Visit, production: Production, tmp_path: Path
) -> None:
    path = write(tmp_path, lines(guesses(production.data, "validation", seed=7)), "heron.jsonl")
    page = visit(production.url, "/?tab=submit")
    sign_in(page, "ann")
    callback = urlsplit(production.provider.redirects[-1])
    assert (f"{callback.scheme}://{callback.netloc}", callback.path) == (production.url, "/login/callback")
    assert parse_qs(urlsplit(page.url).query) == {"tab": ["submit"]}  # the page before signing in
    page.locator("#predictions input[type=file]").set_input_files(path)
    expect(page.locator("#predictions")).to_contain_text("heron")
    page.locator("#name").get_by_role("textbox").fill("heron")
    page.locator("#submit").click()
    expect(page.locator("#answered h3")).to_have_text("Submitted")
    submission_id = page.locator("#answered .facts code").first.inner_text()
    assert files_under(production, SUBMISSIONS, f"submissions/{person_key('ann')}/{submission_id}")
    predictions = files_under(production, SUBMISSIONS, "predictions/")
    assert predictions[f"predictions/{submission_id}.jsonl"] == path.read_bytes()
    expect(page.locator("#own .status").first).to_have_text("scored")
    (result,) = files_under(production, RESULTS, f"results/{submission_id}/").values()
    assert json.loads(result)["submission"]["person"] == {"sub": person_key("ann"), "name": "ann"}

    page.get_by_role("tab", name="Board", exact=True).click()
    expect(page.locator("#board th.system", has_text="heron")).to_be_visible()
    page.get_by_role("tab", name="Charts", exact=True).click()
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

    page.get_by_role("button", name="Logout (ann)").click()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    signed_out = visit(production.url)
    expect(signed_out.get_by_role("button", name=SIGN_IN)).to_be_visible()
    expect(signed_out.locator("#board th.system", has_text="heron")).to_be_visible()


def signed_out_client(production: Production) -> Client:
    return Client(production.url, verbose=False, analytics_enabled=False)


def test_a_program_reads_the_board_without_signing_in(production: Production) -> None:
    assert signed_out_client(production).predict(api_name="/rows") is not None


def calls(client: Client, path: Path) -> dict[str, Callable[[], Any]]:
    file = handle_file(path)
    return {
        "check": lambda: client.predict(file=file, **FORM, api_name="/check"),
        "submit": lambda: client.predict(file=file, **FORM, api_name="/submit"),
        "status": lambda: client.predict(api_name="/status"),
    }


@pytest.mark.parametrize("name", ["check", "submit", "status"])
def test_calls_without_signing_in_are_refused(production: Production, tmp_path: Path, name: str) -> None:
    path = write(tmp_path, lines(guesses(production.data, "validation")))
    with pytest.raises((AppError, httpx.HTTPStatusError)) as error:
        calls(signed_out_client(production), path)[name]()
    assert REFUSED in (
        error.value.response.text if isinstance(error.value, httpx.HTTPStatusError) else str(error.value)
    )


def test_calls_of_private_handlers_without_signing_in_are_refused(production: Production) -> None:
    config = signed_out_client(production).config
    private = [event["id"] for event in config["dependencies"] if str(event["api_name"]).startswith("own")]
    assert len(private) == 2
    for number in private:
        request = {"data": [], "fn_index": number}
        assert REFUSED in httpx.post(f"{production.url}/gradio_api/run/predict", json=request, timeout=30).text


@pytest.mark.parametrize("index", [0, 2])
def test_files_given_as_urls_are_not_fetched(production: Production, index: int) -> None:
    form: list[Any] = [None, "validation", "a", "", "", "", "", "", "", "own"]
    # The host name does not exist, so a server that tries to fetch the file reports another error.
    form[index] = {"path": "https://nowhere.invalid/x.jsonl", "meta": {"_type": "gradio.FileData"}}
    address = f"{production.url}/gradio_api/call/check"
    event = httpx.post(address, json={"data": form}, timeout=30).json()["event_id"]
    assert "Files given as URLs are not accepted" in httpx.get(f"{address}/{event}", timeout=30).text


def test_a_program_is_identified_by_its_token(production: Production, tmp_path: Path) -> None:
    path = write(tmp_path, lines(guesses(production.data, "validation", seed=8)))
    token = production.hub.add_user("bob", role="read")
    client = Client(production.url, token=token, verbose=False, analytics_enabled=False)
    receipt = client.predict(file=handle_file(path), **FORM, api_name="/submit")["receipt"]
    assert (receipt["account"], receipt["quota_left"], receipt["configs"]) == ("bob", 9, list(HISTORY_TYPES))
    assert files_under(production, SUBMISSIONS, f"submissions/{person_key('bob')}/")
    (status,) = client.predict(api_name="/status")
    assert status["submission_id"] == receipt["submission_id"]
    for invalid_token in ("hf_nobody_read", None):
        other_client = Client(production.url, token=invalid_token, verbose=False, analytics_enabled=False)
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            other_client.predict(file=handle_file(path), **FORM, api_name="/submit")
        with pytest.raises(AppError, match=re.escape(REFUSED)):
            other_client.predict(file=None, **FORM, api_name="/submit")
    assert len(files_under(production, SUBMISSIONS, f"submissions/{person_key('bob')}/")) == 1


def test_failures_of_the_hub_do_not_use_up_the_quota(production: Production, tmp_path: Path) -> None:
    path = write(tmp_path, lines(guesses(production.data, "validation", seed=9)))
    client = Client(
        production.url, token=production.hub.add_user("eve", role="read"), verbose=False, analytics_enabled=False
    )
    production.hub.fail("commit", 503, times=2, matching=SUBMISSIONS)
    assert client.predict(file=handle_file(path), **FORM, api_name="/submit")["receipt"]["quota_left"] == 9
    production.hub.fail("info", 500, times=None, matching=SUBMISSIONS)
    try:
        with pytest.raises(AppError, match="Nothing was submitted"):
            client.predict(file=handle_file(path), **FORM, api_name="/submit")
        assert client.predict(api_name="/rows")  # the board still shows the last known rows
    finally:
        production.hub.faults.clear()
    second = client.predict(file=handle_file(path), **FORM, api_name="/submit")
    assert second["receipt"]["quota_left"] == 8
