"""Gate before the app: closed routes, sign-in for files, limits on requests, and one log line for a failed call."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leaderboard.submissions.identity import REFUSED, Identity

from . import open_routes
from .queue_room import make_room
from .upload_folder import UploadFolder

JSON_BYTES: Final = 2**19
"""Maximum number of bytes of a request other than an upload."""
_SESSION_LENGTH: Final = 64
"""Maximum number of characters of the id of a session; those of Gradio have about ten."""
_MOST_OPEN: Final = 512
"""Maximum number of requests that are answered at the same time, streams included but for heartbeats."""
_MOST_HEARTBEATS: Final = 256
"""Maximum number of pages that hold a request, which only ends their session early. Others work without it."""
_FORM: Final = 2**16
"""Number of bytes of an upload in addition to its file."""
_SHOWN: Final = 200


class _Answer(NamedTuple):
    """Answer of the gate itself."""

    status: int
    text: str


class Gate:
    """Middleware around the routes of Gradio.

    Args:
        app: The app behind the gate.
        identity: Identifies the user who made a request.
        uploads: Folder of uploaded files.
        file_bytes: Maximum number of bytes of an uploaded file.
        queue: Return the queue of Gradio.
    """

    def __init__(
        self, app: ASGIApp, *, identity: Identity, uploads: UploadFolder, file_bytes: int, queue: Callable[[], Any]
    ) -> None:
        self._app = app
        self._identity = identity
        self._uploads = uploads
        self._file_bytes = file_bytes
        self._queue = queue
        self._open = 0
        self._heartbeats = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            is_heartbeat = open_routes.is_heartbeat(scope["path"])
            self._open += not is_heartbeat
            self._heartbeats += is_heartbeat
            try:
                await self._answer(scope, receive, send)
            finally:
                self._open -= not is_heartbeat
                self._heartbeats -= is_heartbeat
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused, receive = await self._admitted(scope, receive)
        if refused:
            # A client that still sends would not read the answer. The rest of a longer request is not read, so the
            # connection cannot be used again.
            await _discard(receive, self._file_bytes + _FORM)
            response = JSONResponse({"error": refused.text, "detail": refused.text}, refused.status)
            response.headers["connection"] = "close"
            await response(scope, receive, send)
            return
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:  # any request may trigger any error in Gradio
            log(f"{scope['method']} {scope['path'][:_SHOWN]!a}", error)
            if not started:
                text = "The request cannot be answered. Check its path and arguments."
                await JSONResponse({"error": text, "detail": text}, 500)(scope, receive, send)

    async def _admitted(self, scope: Scope, receive: Receive) -> tuple[_Answer | None, Receive]:
        """Return the reason why a request is refused, or None, and its body."""
        path, headers = scope["path"], Headers(scope=scope)
        if not open_routes.is_open(scope["method"], path):
            return _Answer(404, "Not found."), receive
        if self._open > _MOST_OPEN or (open_routes.is_heartbeat(path) and self._heartbeats > _MOST_HEARTBEATS):
            return _Answer(503, "The leaderboard is busy. Try again in a minute."), receive
        length = headers.get("content-length", "")
        size = int(length) if length.isdecimal() and len(length) < _SHOWN else None
        if open_routes.handles_files(path):
            return await self._of_files(scope, size, headers), receive
        return await self._of_json(path, size, receive) if scope["method"] == "POST" else (None, receive)

    async def _of_json(self, path: str, size: int | None, receive: Receive) -> tuple[_Answer | None, Receive]:
        """Return the reason why a call is refused, or None, and its body."""
        if size is not None and size > JSON_BYTES:
            return _Answer(413, f"The request has {size} bytes; at most {JSON_BYTES} are read."), receive
        body = await _body(receive)
        again = _again(body or b"", receive)
        if body is None:
            return _Answer(413, f"The request is longer than {JSON_BYTES} bytes."), again
        if not _has_short_ids(body):
            return _Answer(400, f"An id has more than {_SESSION_LENGTH} characters."), again
        if open_routes.joins_queue(path) and not make_room(self._queue()):
            return _Answer(503, "Too many calls are waiting. Try again in a minute."), again
        return None, again

    async def _of_files(self, scope: Scope, size: int | None, headers: Headers) -> _Answer | None:
        """Return the reason why a request that gives or takes files is refused."""
        profile = _profile(scope.get("session") or {})
        person = await anyio.to_thread.run_sync(self._identity.person, profile, headers)
        if person is None:
            return _Answer(401, REFUSED)
        if not open_routes.is_upload(scope["path"]):
            return None
        most = self._file_bytes + _FORM
        if size is None:
            return _Answer(411, "State the length of the upload in the header Content-Length.")
        if size > most:
            return _Answer(413, f"The upload has {size} bytes; a file may have at most {self._file_bytes}.")
        reason = await anyio.to_thread.run_sync(self._uploads.admit, person.sub, size)
        return _Answer(429, reason) if reason else None


def log(what: str, error: Exception) -> None:
    """Write one line about a call that failed; texts of the caller are shown in ASCII."""
    sys.stderr.write(f"{what} failed: {type(error).__name__}: {str(error)[:_SHOWN]!a}\n")


def _profile(session: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the OAuth profile of a session that is signed in and has not expired."""
    found = session.get("oauth_info")
    if not isinstance(found, Mapping) or found.get("expires_at", 0) < time.time():
        return None
    profile = found.get("userinfo")
    return profile if isinstance(profile, Mapping) else None


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request; None if it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body) if len(body) <= JSON_BYTES else None
        if len(body) > JSON_BYTES:
            await _discard(receive, 4 * JSON_BYTES)
            return None


async def _discard(receive: Receive, most: int) -> None:
    """Read the rest of a request, up to a number of bytes, and keep nothing."""
    read = 0
    while read <= most:
        message = await receive()
        read += len(message.get("body", b""))
        if not message.get("more_body"):
            return


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a function that receives a body which was read already, and then what follows it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return messages.pop() if messages else await receive()

    return received


def _has_short_ids(body: bytes) -> bool:
    """Return True if the ids that Gradio keeps are short, or if the body is not an object."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):  # the app answers with a problem of the body
        return True
    ids = (fields.get(name) for name in ("session_hash", "event_id")) if isinstance(fields, dict) else ()
    return all(value is None or (isinstance(value, str) and len(value) <= _SESSION_LENGTH) for value in ids)
