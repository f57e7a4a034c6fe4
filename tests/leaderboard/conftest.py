"""A data set with its scorer, and a store of each home."""

from __future__ import annotations

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
from tests.browser import arrived, left
from tests.conftest import Built
from tests.fakes.hub.clients import api, hub_clients
from tests.fakes.hub.server import HubServer

from .making import RESULTS, SUBMISSIONS
from .spaces import Visit, Visited


@pytest.fixture(scope="session")
def data(built: Built) -> Data:
    """The small build's public part."""
    return Data(built.data)


@pytest.fixture(scope="session")
def scorer(built: Built, data: Data) -> Scorer:
    """With its answers."""
    return Scorer(data, Answers(built.answers))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A Hub with the two repositories of a store; clients keep nothing of other tests."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr("huggingface_hub.file_download.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    with hub_clients(), HubServer() as server:
        server.create("datasets", SUBMISSIONS, visibility="private")
        server.create("datasets", RESULTS)
        yield server


@pytest.fixture
def member(hub: HubServer) -> HfApi:
    """A client of somebody who may read and write both."""
    return api(hub, hub.add_user("keeper", orgs=["org"]))


@pytest.fixture(params=["local", "hub"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Opens the store of one home, as another process would: each time anew."""
    if request.param == "local":
        return lambda: LocalStore(tmp_path / "store")
    member: HfApi = request.getfixturevalue("member")
    return lambda: HubStore(SUBMISSIONS, RESULTS, member)


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    """A store of each home."""
    return opened()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens pages; the test fails if one threw an error, or asked where a Space's page has no business."""
    faults: list[str] = []

    def opened(url: str, address: str = "", *, width: int = 1280) -> Page:
        def answer(route: Route) -> None:
            fault = Visited(route, url).answer()
            if fault:
                faults.append(fault)

        page = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB").new_page()
        return arrived(page, f"{url}{address}", answer, faults)

    yield opened
    left(browser, faults)
