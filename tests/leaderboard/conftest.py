"""Fixtures of the leaderboard tests: a data set with its scorer, and a store of each kind."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import Browser, Page, Route

from leaderboard.public_data import Data
from leaderboard.scoring.private_answers import Answers
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.hub_store import HubStore
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.store import Store
from tests.browser import arrived
from tests.conftest import Built
from tests.fakes.hub.clients import api, hub_clients
from tests.fakes.hub.server import HubServer

from .making import RESULTS, SUBMISSIONS, groups_of_test, with_manifest
from .spaces import EXTERNAL, PageRequest, Visit


@pytest.fixture(scope="session")
def data(built: Built) -> Data:
    """Public part of the small build."""
    return Data(built.data)


@pytest.fixture(scope="session")
def scorer(built: Built, data: Data) -> Scorer:
    """Scorer with the answers of the small build."""
    return Scorer(data, Answers(built.answers))


@pytest.fixture(scope="session")
def core_data(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Copy of the small build whose manifest names a core: every second query group of the test split."""
    folder = tmp_path_factory.mktemp("core") / "data"
    shutil.copytree(built.data, folder)
    return Data(with_manifest(folder, core=sorted(groups_of_test(Data(built.data)))[::2]))


@pytest.fixture(scope="session")
def core_scorer(built: Built, core_data: Data) -> Scorer:
    """Scorer with the answers of the small build and a core."""
    return Scorer(core_data, Answers(built.answers))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """Fake Hub with the two repositories of a store; clients start with an empty cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr("huggingface_hub.file_download.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    with hub_clients(), HubServer() as server:
        server.create("datasets", SUBMISSIONS, visibility="private")
        server.create("datasets", RESULTS)
        yield server


@pytest.fixture
def member(hub: HubServer) -> HfApi:
    """Client of a user with read and write access to both repositories."""
    return api(hub, hub.add_user("keeper", orgs=["org"]))


@pytest.fixture(params=["local", "hub"])
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Function that opens a new client of the same store, as another process would; runs for each kind of store."""
    if request.param == "local":
        return lambda: LocalStore(tmp_path / "store")
    member: HfApi = request.getfixturevalue("member")
    return lambda: HubStore(SUBMISSIONS, RESULTS, member)


@pytest.fixture
def store(open_again: Callable[[], Store]) -> Store:
    """Empty store; runs for each kind of store."""
    return open_again()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Function that opens pages; the test fails after a script error, or a request that a Space would not make."""
    faults: list[str] = []

    def open_page(url: str, address: str = "", *, width: int = 1280) -> Page:
        def answer(route: Route) -> None:
            fault = PageRequest(route, url).answer()
            if fault:
                faults.append(fault)

        page = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB").new_page()
        page.route(EXTERNAL, answer)
        return arrived(page, f"{url}{address}", faults)

    yield open_page
    for context in browser.contexts:
        context.close()
    assert not faults, faults
