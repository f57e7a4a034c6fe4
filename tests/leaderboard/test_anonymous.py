"""Tests of what callers without a sign-in leave on a server: memory, files and log lines. The app runs as in a Space."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from leaderboard.public_data import Data
from leaderboard.serving import open_routes, queue_room, upload_folder
from leaderboard.serving.gate import JSON_BYTES
from leaderboard.serving.upload_folder import UploadFolder
from leaderboard.submissions.identity import REFUSED
from tests.browser import serving
from tests.conftest import Built
from tests.fakes.hub.openid import Provider

from .anonymous_calls import Call, Endpoints, app_process, fill, make, routes, send, upload
from .spaces import HOST, SPACE

CALLS = 600
GROWTH_MIB = 30
"""Growth of the memory that is allowed for these calls; 10,000 calls may take 100 MiB (`python -m performance anonymous`)."""


class Running(NamedTuple):
    url: str
    home: Path
    endpoints: Endpoints


@pytest.fixture(scope="module")
def running(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("anonymous")
    data = Data(built.data)
    with Provider({"ann": "64f0a1"}) as provider:
        replies = fill(home / "store", data, systems=6, length=20_000)
        environment = {"SYSTEM": "spaces", "SPACE_ID": SPACE, "SPACE_HOST": HOST, **provider.environment()}
        command = [sys.executable, "-m", "leaderboard.app", "--data", str(built.data), "--store", str(home / "store")]
        with serving(command, home, environment=environment) as url:
            yield Running(url, home, Endpoints(url, replies, data.instance_ids("preferred_only", "validation")))


def test_calls_leave_little_memory_no_file_and_a_line_each(running: Running) -> None:
    started = len((running.home / "app.log").read_text(encoding="utf-8"))
    made = make(running.url, app_process(), running.endpoints, CALLS)
    assert made.grown_mib < GROWTH_MIB
    assert {status for of_path in made.statuses.values() for status in of_path} <= {
        200,
        302,
        307,
        400,
        401,
        404,
        405,
        411,
        413,
        422,
        500,
        503,
    }
    assert [path for path in (running.home / "gradio").rglob("*") if path.is_file()] == []
    log = (running.home / "app.log").read_text(encoding="utf-8")[started:]
    assert "Traceback" not in log
    assert len(log.splitlines()) < CALLS
    assert send(running.url, Call("GET", "/config"))[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/monitoring",
            "/monitoring/",
            "/monitoring/summary",
            "/monitoring/x",
            "/gradio_api/deep_link?session_hash=x",
        ),
        *("/gradio_api/stream/x/0/1/playlist.m3u8", "/gradio_api/file=http://127.0.0.1:9/x"),
        *(
            "/gradio_api/proxy=https://x.hf.space/",
            "/gradio_api/vibe-code",
            "/gradio_api/profiling/traces",
            "/gradio_api/runs",
        ),
        *("/gradio_api/token", "/gradio_api/dev/reload", "/gradio_api/file/etc/passwd"),
    ],
)
def test_routes_that_the_app_does_not_use_are_closed(running: Running, path: str) -> None:
    assert send(running.url, Call("GET", path))[0] == 404


@pytest.mark.parametrize(
    "name", ["component_server", "process_recording", "stream/x", "vibe-edit", "run-history/connect"]
)
def test_calls_that_the_app_does_not_use_are_closed(running: Running, name: str) -> None:
    assert send(running.url, Call("POST", f"/gradio_api/{name}", b"{}"))[0] == 404


def test_each_route_of_gradio_is_open_or_closed_on_purpose() -> None:
    is_open = {call.path for call in routes() if open_routes.is_open(call.method, call.path)}
    assert is_open >= {"/", "/config", "/gradio_api/upload", "/gradio_api/queue/join", "/gradio_api/run/x"}
    assert not [
        path for path in is_open if any(word in path for word in ("monitor", "vibe", "stream/", "deep", "proxy"))
    ]


@pytest.mark.parametrize(
    "call",
    [upload(b"x"), Call("GET", "/gradio_api/file=/tmp/x"), Call("GET", "/gradio_api/upload_progress?upload_id=x")],
)
def test_files_are_for_people_who_are_signed_in(running: Running, call: Call) -> None:
    status, answer = send(running.url, call)
    assert (status, json.loads(answer)["error"]) == (401, REFUSED)


def test_long_requests_and_ids_are_refused(running: Running) -> None:
    path = "/gradio_api/run/predict"
    assert send(running.url, Call("POST", path, b'{"data": ["' + b"x" * JSON_BYTES + b'"]}'))[0] == 413
    body = json.dumps({"data": [], "fn_index": 0, "session_hash": "x" * 65}).encode()
    assert send(running.url, Call("POST", path, body))[0] == 400


def test_a_bad_call_writes_one_line(running: Running) -> None:
    log = running.home / "app.log"
    before = len(log.read_text(encoding="utf-8").splitlines())
    body = json.dumps({"data": [1, 2], "fn_index": 10**6, "session_hash": "x\ny"}).encode()
    status, answer = send(running.url, Call("POST", "/gradio_api/run/predict", body))
    assert (status, json.loads(answer)["error"]) == (
        500,
        "The request cannot be answered. Check its path and arguments.",
    )
    assert len(log.read_text(encoding="utf-8").splitlines()) == before + 1


class Queue:
    """The parts of Gradio's queue that hold results."""

    def __init__(self, sessions: dict[str, set[str]], running: set[str]) -> None:
        self.pending_event_ids_session = sessions
        self.pending_messages_per_session = {session: f"messages of {session}" for session in sessions}
        self.event_ids_to_events = dict.fromkeys(running, "event")


def test_results_that_nobody_reads_are_dropped_the_oldest_first() -> None:
    queue = Queue({"a": {"1"}, "b": {"2", "3"}, "c": {"4"}, "d": {"5"}}, running={"2"})
    assert queue_room.make_room(queue, 6)
    assert len(queue.pending_event_ids_session) == 4
    assert queue_room.make_room(queue, 4)
    assert queue.pending_event_ids_session == {"b": {"2"}, "c": {"4"}, "d": {"5"}}
    assert queue.pending_messages_per_session["b"] != "messages of b"
    assert queue.pending_messages_per_session["c"] == "messages of c"
    queue.event_ids_to_events = dict.fromkeys("245", "event")
    assert not queue_room.make_room(queue, 3)


def test_the_quota_of_uploads(tmp_path: Path) -> None:
    now = [1000.0]
    folder = UploadFolder(tmp_path, per_person=3 * 2**20, total=5 * 2**20, kept_s=60, clock=lambda: now[0])
    assert [folder.admit("ann", 1) for _ in range(3)] == [None] * 3
    assert str(folder.admit("ann", 1)).startswith("You have uploaded 3 MiB within an hour; at most 3 MiB")
    assert folder.admit("bob", 2 * 2**20) is None
    assert str(folder.admit("eve", 1)).startswith("Too many files were uploaded")
    now[0] += 61
    assert folder.admit("eve", 1) is None


def test_old_files_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    own = upload_folder.use_own_folder()
    assert own == upload_folder.use_own_folder() == tmp_path / "petoolbench-leaderboard"
    for name in ("old/left", "new/kept"):
        path = own / name
        path.parent.mkdir()
        path.write_bytes(b"x")
    for path in (own / "old/left", own / "old"):
        os.utime(path, (time.time() - 4000, time.time() - 4000))
    UploadFolder(own).sweep()
    UploadFolder(own).sweep()
    assert [path.name for path in own.rglob("*") if path.is_file()] == ["kept"]
