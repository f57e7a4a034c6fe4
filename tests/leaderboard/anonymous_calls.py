"""Calls of every endpoint of a running app by nobody in particular: all routes of Gradio, all events, and bad calls.

Each call has a new session, and no stream is read to its end.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from leaderboard.public_data import Data
from leaderboard.scoring.evaluator import evaluate_pending
from leaderboard.scoring.score_submission import Scorer
from leaderboard.stores.local_store import LocalStore
from leaderboard.stores.stored_records import Person
from tests.processes import tree

from .making import FREE, lines, submission

_ROUTES: Final = """
import json
import gradio as gr
from gradio.routes import App
with gr.Blocks() as blocks:
    gr.Textbox()
listed = []
for route in App.create_app(blocks).routes:
    router = getattr(route, "original_router", None)
    listed += [(method, item.path) for item in (router.routes if router else [route]) for method in sorted(item.methods)]
print(json.dumps(listed))
"""
"""Program that prints the methods and paths of all routes."""
_TIMEOUT_S: Final = 60.0
_CALLERS: Final = 8
_READ: Final = 4096
"""Number of bytes of an answer that are read. The connection is closed then."""
_BOUNDARY: Final = "b0undary"
_UPLOAD_BYTES: Final = 2**20


class Call(NamedTuple):
    """A request."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"


class Made(NamedTuple):
    """What calls left behind."""

    calls: int
    statuses: dict[str, set[int]]
    """Statuses of the answers, by method and beginning of the path; 0 for none."""
    grown_mib: float
    """Growth of the memory of the server and its processes."""


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process and its descendants in MiB."""
    pages = [int(Path(f"/proc/{number}/statm").read_text().split()[1]) for number in tree(pid)]
    return sum(pages) * 4096 / 2**20


def send(url: str, call: Call) -> tuple[int, bytes]:
    """Send a request and return the status and the beginning of the answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_S)
    try:
        connection.request(call.method, call.path, call.body or None, {"Content-Type": call.content_type})
        response = connection.getresponse()
        is_stream = response.getheader("content-type", "").startswith("text/event-stream")
        return response.status, response.read1(_READ) if is_stream else response.read(_READ)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


@cache
def routes() -> tuple[Call, ...]:
    """Return a call of each route of Gradio's app, with invented parameters; listed by another process."""
    done = subprocess.run([sys.executable, "-c", _ROUTES], capture_output=True, text=True, check=True)
    calls = json.loads(done.stdout.splitlines()[-1])
    return tuple(Call(method, re.sub(r"{[^}]*}", "x", path) or "/") for method, path in calls)


def app_process() -> int:
    """Return the id of the app that this process has started."""
    for pid in tree(os.getpid()):
        if b"leaderboard.app" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise AssertionError("no app is running")


def fill(folder: Path, data: Data, systems: int, length: int) -> list[str]:
    """Add scored submissions with long replies to a store, and return their ids.

    Args:
        folder: Folder of the store.
        data: Data set.
        systems: Number of submissions.
        length: Number of characters of each reply.
    """
    store, scorer = LocalStore(folder), Scorer(data, None)
    file = folder / "replies.jsonl"
    for number in range(systems):
        ids = [instance_id for config_ids in data.ids("validation").values() for instance_id in sorted(config_ids)]
        content = lines(dict.fromkeys(ids, f"{number} ".ljust(length, "x")))
        file.write_bytes(content)
        made = submission(content, person=Person(f"{number}", f"person {number}"), revision=data.revision)
        store.submit(made, file, lambda _: FREE)
    file.unlink()
    return [outcome.submission_id for outcome in evaluate_pending(store, scorer) if outcome.status == "scored"]


class Endpoints:
    """Endpoints of an app.

    Args:
        url: Address of the app.
        replies: Ids of submissions whose replies are asked for.
        instances: Ids of validation instances of `preferred_only`.
    """

    def __init__(self, url: str, replies: Sequence[str], instances: Sequence[str]) -> None:
        self._url = url
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_S)
        connection.request("GET", "/config")
        config = json.loads(connection.getresponse().read())
        connection.close()
        self._values = {part["id"]: part.get("props", {}).get("value") for part in config["components"]}
        self._ids = {part.get("props", {}).get("elem_id"): part["id"] for part in config["components"]}
        self._events: list[dict[str, Any]] = [event for event in config["dependencies"] if event["backend_fn"]]
        self._replies, self._instances = replies, instances

    def calls(self) -> Iterator[Call]:
        """Yield the calls of all endpoints with good and bad arguments, again and again."""
        rng = random.Random(0)  # noqa: S311
        built_in = routes()
        while True:
            calls = [call for event in self._events for call in self._of_event(event, rng)]
            calls += [self._reply(rng) for _ in self._events]
            for call in built_in:
                path = call.path.replace("/x", f"/{secrets.token_hex(6)}")
                calls.append(call._replace(path=path, body=b"{}" if call.method == "POST" else b""))
            calls += [call for _ in range(4) for call in _bad_calls()]
            rng.shuffle(calls)
            yield from calls

    def _of_event(self, event: dict[str, Any], rng: random.Random) -> Iterator[Call]:
        """Yield calls of an event: with its values, with others, without the queue and with it."""
        values = [self._values.get(number) for number in event["inputs"]]
        wrong = [rng.choice([None, 7, "x" * 1000, ["y"] * 50, {"path": "/etc/passwd"}, True]) for _ in values]
        for data in (values, wrong, values[:-1], [*values, 1]):
            body = {"data": data, "fn_index": event["id"], "session_hash": secrets.token_hex(6), "trigger_id": None}
            yield _json("/gradio_api/run/predict", body)
            yield _json("/gradio_api/queue/join", body)
            if event["api_name"]:
                yield _json(f"/gradio_api/call/{event['api_name']}", {"data": data})
        yield Call("GET", f"/gradio_api/queue/data?session_hash={body['session_hash']}")

    def _reply(self, rng: random.Random) -> Call:
        inputs = [self._ids[name] for name in ("config", "instance", "replier")]
        event = next(
            event for event in self._events if event["inputs"] == inputs and self._ids["reply"] in event["outputs"]
        )
        data = ["preferred_only", rng.choice(self._instances), rng.choice(self._replies)]
        body = {"data": data, "fn_index": event["id"], "session_hash": secrets.token_hex(6)}
        return _json("/gradio_api/run/predict", body)


def _json(path: str, body: object) -> Call:
    return Call("POST", path, json.dumps(body).encode())


def upload(content: bytes, name: str = "predictions.jsonl") -> Call:
    """Return the upload of a file."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
    body = head + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return Call("POST", "/gradio_api/upload", body, f"multipart/form-data; boundary={_BOUNDARY}")


def _bad_calls() -> Iterator[Call]:
    yield upload(secrets.token_bytes(_UPLOAD_BYTES))
    yield _json("/gradio_api/run/predict", {"data": [], "fn_index": 10**6, "session_hash": "x"})
    yield _json("/gradio_api/run/predict", {"data": [], "fn_index": 0, "session_hash": secrets.token_hex(2**15)})
    yield _json("/gradio_api/run/nothing", {"data": []})
    yield _json("/gradio_api/call/nothing", {"data": []})
    yield Call("POST", "/gradio_api/run/predict", b"{" * 1000)
    yield Call("POST", "/gradio_api/run/predict", b'{"data": [' + b"[" * 50_000)
    yield Call("POST", "/gradio_api/upload", b"", "multipart/form-data")
    yield Call("GET", f"/gradio_api/queue/data?session_hash={secrets.token_hex(6)}")
    yield Call("GET", f"/gradio_api/file={quote('/etc/passwd')}")
    yield Call("GET", "/gradio_api/file=http://127.0.0.1:9/x")
    yield Call("GET", f"/gradio_api/deep_link?session_hash={secrets.token_hex(6)}")
    yield Call("GET", f"/?deep_link={secrets.token_hex(6)}")
    yield Call("GET", f"/config?page={secrets.token_hex(6)}")
    yield Call("GET", f"/gradio_api/info?page={secrets.token_hex(6)}")


def make(
    url: str, pid: int, endpoints: Endpoints, count: int, report: Callable[[int, float], None] | None = None
) -> Made:
    """Make calls, eight at a time, and measure the memory of the server before and after.

    The calls before the first measurement, one of each kind, fill its caches.

    Args:
        url: Address of the app.
        pid: Process of the app.
        endpoints: Endpoints of the app.
        count: Number of calls.
        report: Function that is called now and then with the number of calls made and the memory in MiB.
    """
    statuses: dict[str, set[int]] = {}

    def one(call: Call) -> None:
        status, _ = send(url, call)
        statuses.setdefault(f"{call.method} {re.split('[?=]', call.path)[0]}", set()).add(status)

    calls = endpoints.calls()
    with ThreadPoolExecutor(_CALLERS) as pool:
        list(pool.map(one, itertools.islice(calls, min(300, count))))
        before = memory_mib(pid)
        for start in range(0, count, 500):
            list(pool.map(one, itertools.islice(calls, min(500, count - start))))
            if report:
                report(start, memory_mib(pid))
        return Made(count, statuses, memory_mib(pid) - before)
