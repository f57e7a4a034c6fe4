"""The server itself: how it starts and ends, what it tells a process, and what it refuses that no client asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, get_session

from .clients import api, hub_clients
from .hub import Hub
from .making import NAME, publish
from .operations import LARGE_BYTES
from .server import HubServer

HEADER = {"key": "header", "value": {"summary": "Change"}}


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "message"),
    [
        ("POST", "/api/datasets/{}/commit/main", [], 400, "first line of a commit"),
        ("POST", "/api/datasets/{}/commit/main", [{"key": "header", "value": {"summary": ""}}], 400, "summary"),
        ("POST", "/api/datasets/{}/commit/main", [HEADER, {"key": "move", "value": {"path": "a"}}], 400, "Unknown operation"),
        ("POST", "/api/datasets/{}/commit/main", [HEADER, {"key": "file", "value": {"path": "a/../b", "content": ""}}], 400, "Invalid path"),
        ("POST", "/api/datasets/{}/commit/main", [HEADER, {"key": "lfsFile", "value": {"path": "a", "oid": "0"}}], 400, "points to no file"),
        ("POST", "/api/datasets/{}/commit/main", [HEADER, {"key": "file", "value": {"path": "a", "content": "AAAA" * (LARGE_BYTES // 3 + 1)}}], 400, "larger than 10 MiB"),
        ("POST", "/datasets/{}.git/info/lfs/objects/batch", [{"operation": "download", "objects": []}], 400, "Only uploads"),
        ("PUT", "/lfs/datasets/{}/0?size=2", [], 400, "announced"),
        ("PUT", "/lfs/datasets/{}-gone/0?size=2", [], 404, "Repository not found"),
        ("POST", "/api/repos/create", [{"name": "a", "type": "bucket"}], 400, "Invalid repo type: 'bucket'"),
        ("POST", "/api/repos/create", [{"name": "a", "visibility": "secret"}], 400, "Invalid visibility: 'secret'"),
        ("GET", "/api/buckets/{}", [], 404, "Nothing is served at GET"),
    ],
)  # fmt: skip
def test_what_is_refused(
    hub: HubServer, ann: HfApi, method: str, path: str, body: list[dict[str, Any]], code: int, message: str
) -> None:
    commit = publish(ann)
    content = b"".join(json.dumps(line).encode() + b"\n" for line in body)
    url = hub.url + path.format(NAME)
    got = get_session().request(method, url, content=content, headers={"Authorization": f"Bearer {ann.token}"})
    assert (got.status_code, hub.log.entries()[-1].status) == (code, code)
    assert message in got.json()["error"]
    assert hub.repo("datasets", NAME).head() == commit


def test_a_repository_is_made_once() -> None:
    hub = Hub()
    hub.create("models", "org/model")
    with pytest.raises(ValueError, match="models/org/model exists already"):
        hub.create("models", "org/model")


def test_the_environment_of_a_process(hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "https_proxy", "HTTP_PROXY", "SPACE_ID", "OTHER"):
        monkeypatch.setenv(name, "x")
    told = hub.environment(tmp_path, "hf_x")
    assert (told["HF_ENDPOINT"], told["HF_HOME"], told["HF_TOKEN"]) == (hub.url, str(tmp_path), "hf_x")
    assert told["OTHER"] == "x"
    assert not told.keys() & {"HF_HUB_OFFLINE", "https_proxy", "HTTP_PROXY", "SPACE_ID"}
    assert "HF_TOKEN" not in hub.environment(tmp_path)


def test_errors_of_callbacks_are_told_at_the_end() -> None:
    def wrong() -> None:
        raise ZeroDivisionError("in a callback")

    def use() -> None:
        with hub_clients(), HubServer() as hub:
            hub.on("whoami", wrong)
            api(hub, hub.add_user("ann")).whoami()

    with pytest.raises(ZeroDivisionError, match="in a callback"):
        use()


def test_errors_of_the_server_are_told_at_the_end() -> None:
    def use() -> None:
        with hub_clients(), HubServer() as hub:
            hub.create("models", "ann/model")
            headers = {"Authorization": f"Bearer {hub.add_user('ann')}"}
            got = get_session().post(f"{hub.url}/api/models/ann/model/commit/main", content=b"no JSON", headers=headers)
            assert got.status_code == 500

    with pytest.raises(json.JSONDecodeError):
        use()


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(*_: object) -> None:
        raise OSError("no address left")

    monkeypatch.setattr("tests.loopback.serve", serve)
    with pytest.raises(RuntimeError, match="did not start") as caught:
        HubServer().__enter__()
    assert isinstance(caught.value.__cause__, OSError)
