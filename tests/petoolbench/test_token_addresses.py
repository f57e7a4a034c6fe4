"""Tests of where the token of the Hub is sent: to the Hub and its Spaces over TLS, and to no other address. All servers are real."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from builder.errors import HubError
from leaderboard.hub_client import HubAddressError, hub_client
from leaderboard.stores.open_store import open_store
from leaderboard.stores.store import StoreError
from metrics.token_addresses import ALLOW_HTTP, hub_problem, may_get_token
from petoolbench.hub.locate import data_folder
from petoolbench.hub.repository import open_hub
from tests.browser import serving
from tests.commands import Done, run
from tests.fakes.hub.clients import hub_clients

TOKEN = "hf_" + "aB3dE5" * 5
HUB = "https://huggingface.co"


class Recorder:
    """HTTP server that records the headers of its requests and redirects them, or answers with 404."""

    def __init__(self, target: str = "", status: int = 307) -> None:
        self.requests: list[str] = []
        """Method, path and headers of each request, as text."""
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 0.2  # of an idle connection

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                recorder.requests.append(f"{self.command} {self.path}\n{self.headers}")
                self.send_response(status if target else 404)
                if target:
                    self.send_header("Location", f"{target}{self.path}")
                # A server that shows the credentials of the request.
                self.send_header("X-Error-Message", str(self.headers.get("Authorization", "")))
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = do_HEAD = do_PUT = answer  # noqa: N815 (names of the base class)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def has_token(self) -> bool:
        return any(TOKEN in request for request in self.requests)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Token in the environment, as users set it, and clients without waits."""
    with hub_clients():
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.delenv(ALLOW_HTTP, raising=False)
        yield


def use_hub(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Set the address of the Hub, which huggingface_hub reads when it is imported."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", url)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        (HUB, True),
        ("https://org-board.hf.space", True),
        ("https://ORG-board.HF.space/x", True),
        ("http://org-board.hf.space", False),
        ("http://huggingface.co", False),
        ("https://huggingface.co.example", False),
        ("https://evil.example/.hf.space", False),
        ("https://hf.space.example", False),
        ("https://evilhf.space", False),
        ("https://x.hf.space@evil.example", False),
        ("https://evil.example?.hf.space", False),
        ("http://127.0.0.1:7860", False),
        ("https://[evil", False),
    ],
)
def test_the_addresses_of_spaces_are_recognised(address: str, allowed: bool) -> None:
    assert may_get_token(address, HUB) is allowed


def test_a_hub_without_tls_gets_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with Recorder() as server:
        use_hub(monkeypatch, server.url)
        with pytest.raises(HubError, match=r"has no TLS.*Set HF_ENDPOINT to an https address"):
            open_hub()
        with pytest.raises(HubError, match="has no TLS"):
            data_folder("org/data")
        with pytest.raises(StoreError, match="has no TLS"):
            open_store("hub:org/a,org/b")
        with pytest.raises(HubAddressError, match="has no TLS"):
            hub_client(TOKEN)
        assert server.requests == []
        monkeypatch.delenv("HF_TOKEN")
        assert open_hub().endpoint == server.url  # without a token, nothing can be read on the way
    assert hub_problem(HUB, {}) is None
    assert hub_problem("http://127.0.0.1:1", {ALLOW_HTTP: "1"}) is None
    assert "secret" not in str(hub_problem("http://user:secret@127.0.0.1:1", {}))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_hub_does_not_carry_the_token(
    monkeypatch: pytest.MonkeyPatch, status: int, tmp_path: Path
) -> None:
    monkeypatch.setenv(ALLOW_HTTP, "1")
    with Recorder() as other, Recorder(other.url, status) as server:
        use_hub(monkeypatch, server.url)
        api = open_hub()
        for call in (
            lambda: api.repo_info("org/data", repo_type="dataset"),
            lambda: api.create_repo("org/data", repo_type="dataset"),
            lambda: api.hf_hub_download("org/data", "a.txt", repo_type="dataset", cache_dir=tmp_path),
            api.whoami,
        ):
            with pytest.raises(Exception, match=r".+"):  # of any kind; the requests are checked
                call()
        assert server.has_token
        assert other.requests
        assert not other.has_token


def submit(file: Path, space: str, *options: str) -> Done:
    arguments: list[str | Path] = ["submit", file, "--space", space, "--name", "mine", *options]
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    return run(*arguments, cwd=file.parent, **environment, GRADIO_ANALYTICS_ENABLED="False")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.jsonl"
    path.write_text(json.dumps({"instance_id": "a", "prediction": ""}) + "\n")
    return path


def test_a_leaderboard_that_is_not_a_space_gets_no_token(file: Path) -> None:
    with Recorder() as server:
        done = submit(file, server.url)
        assert done.returncode == 1
        assert "cannot be reached" in done.stderr
        assert server.requests
        assert not server.has_token
        submit(file, server.url, "--send-token")
        assert server.has_token


def test_the_user_is_informed_that_the_token_is_not_sent(file: Path) -> None:
    done = submit(file, "http://leaderboard.invalid")
    assert "HF_TOKEN is not sent to 'http://leaderboard.invalid'" in done.stderr
    assert "--send-token" in done.stderr


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_of_a_leaderboard_does_not_carry_the_token(file: Path, status: int) -> None:
    with Recorder() as other, Recorder(other.url, status) as server:
        submit(file, server.url, "--send-token")
        assert server.has_token
        assert not other.has_token


def test_a_name_of_a_space_is_not_asked_from_a_hub_without_tls(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Recorder() as server:
        use_hub(monkeypatch, server.url)
        done = submit(file, "org/board")
        assert "has no TLS" in done.stderr
        assert server.requests == []


ECHO = """
import gradio as gr

def of_request(request: gr.Request):
    return f"You sent {request.headers['x-hf-authorization']}"

def check(*values, request: gr.Request):
    return {"valid": False, "problems": [of_request(request)]}

def submit(*values, request: gr.Request):
    raise gr.Error(of_request(request), print_exception=False)

with gr.Blocks() as blocks:
    names = ("split", "name", "team", "link", "licence", "parameters_b", "cost_usd", "description", "history")
    fields = [gr.File(label="file"), *(gr.Textbox(label=name) for name in names)]
    output = gr.JSON()
PARTS
blocks.launch(ssr_mode=False)
"""
"""Leaderboard that repeats the token of each request, in its reply and in its error."""
HANDLER = """
    def {0}_form(file, split, name, team, link, licence, parameters_b, cost_usd, description, history,
                 request: gr.Request):
        return {0}(request=request)
    gr.Button("{0}").click({0}_form, fields, output, api_name="{0}")
"""


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("echo")
    (home / "app.py").write_text(ECHO.replace("PARTS", "".join(map(HANDLER.format, ("check", "submit")))))
    with serving([sys.executable, "app.py"], home, cwd=home) as url:
        yield url


@pytest.mark.parametrize("options", [["--check"], []])
def test_a_leaderboard_that_repeats_the_token_is_shown_without_it(echo: str, file: Path, options: list[str]) -> None:
    done = submit(file, echo, "--send-token", *options)
    assert done.returncode == 1
    assert "[key removed]" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
