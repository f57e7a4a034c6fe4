"""HTTP routes of the fake endpoint, and faults of the connection: drops and timeouts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any

from aiohttp import BodyPartReader, web

from .batches import Batches
from .completions import CREATED, Model, Outcome, Reply, Settings, chunks, content_hash, failed, refused
from .errors import ApiError
from .faults import RATE_LIMITS, Fault, Faults, unit
from .log import ABANDONED, ANSWERED, CHAT, REJECTED, RESPONSES, RequestLog, Visit
from .responses import answered

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Act = Callable[[], Mapping[str, Any] | bytes]


class App:
    """Web application of a fake endpoint.

    Args:
        reply: Reply function.
        faults: Faults to inject.
        settings: Other settings of the server.
        log: Log of all requests.
    """

    def __init__(self, reply: Reply, faults: Faults, settings: Settings, log: RequestLog) -> None:
        self.settings = settings
        self.faults = faults
        self.log = log
        self.model = Model(reply, faults, settings)
        self.batches = Batches(self.model, log)

    def runner(self) -> web.AppRunner:
        """Return a runner that cancels the handlers of disconnected clients and has a short shutdown timeout."""
        app = web.Application(middlewares=[self._guard], client_max_size=2**30)
        app.add_routes(
            [
                web.get("/v1/models", self._models),
                web.post("/v1/chat/completions", self._chat),
                web.post("/v1/responses", self._respond),
                web.post("/v1/files", self._upload),
                web.get("/v1/files/{name}", self._file),
                web.get("/v1/files/{name}/content", self._file_content),
                web.post("/v1/batches", self._create_batch),
                web.get("/v1/batches/{name}", self._poll_batch),
                web.post("/v1/batches/{name}/cancel", self._cancel_batch),
            ]
        )
        return web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        key = self.settings.api_key
        if key is not None and request.headers.get("authorization") != f"Bearer {key}":
            error = ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        elif isinstance(request.match_info.http_exception, web.HTTPException):
            status = request.match_info.http_exception.status
            error = ApiError(status, f"Invalid URL ({request.method} {request.path})")
        else:
            return await handler(request)
        await request.read()
        visit = self.log.arrive(f"{request.method} {request.path}", content_hash([request.method, request.path]))
        return await self._send(request, visit, refused(error))

    async def _models(self, request: web.Request) -> web.StreamResponse:
        models = [
            {"id": name, "object": "model", "created": CREATED, "owned_by": "tests"} for name in self.settings.models
        ]
        return await self._call(request, None, lambda: {"object": "list", "data": models})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = _read_json(await request.read())
        visit = self.log.arrive(CHAT, content_hash(body))
        outcome = answered(self.model, "completions", body, visit)
        return await self._send(request, visit, outcome, self._latency(visit.content))

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        body = _read_json(await request.read())
        visit = self.log.arrive(RESPONSES, content_hash(body))
        outcome = answered(self.model, "responses", body, visit)
        return await self._send(request, visit, outcome, self._latency(visit.content))

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        purpose, filename, data = "", "", bytearray()
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "file":
                filename = part.filename or "unnamed"
                while chunk := await part.read_chunk(2**20):
                    data += chunk
            elif isinstance(part, BodyPartReader) and part.name == "purpose":
                purpose = await part.text()
        content = [purpose, sha256(data).hexdigest()]
        return await self._call(request, content, lambda: self.batches.upload(filename, purpose, bytes(data)))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return await self._call(request, None, lambda: self.batches.file(name).shown())

    async def _file_content(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return await self._call(request, None, lambda: self.batches.file(name).data)

    async def _create_batch(self, request: web.Request) -> web.StreamResponse:
        body = _read_json(await request.read())

        def act() -> dict[str, Any]:
            if not isinstance(body, dict):
                raise ApiError(400, "We could not parse the JSON body of your request.")
            return self.batches.create(body)

        return await self._call(request, body, act)

    async def _poll_batch(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return await self._call(request, None, lambda: self.batches.poll(name))

    async def _cancel_batch(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return await self._call(request, None, lambda: self.batches.cancel(name))

    async def _call(self, request: web.Request, content: object, act: Act) -> web.StreamResponse:
        """Handle a request other than a chat completion. Its effect remains if the reply is dropped or times out."""
        resource = request.match_info.route.resource
        endpoint = f"{request.method} {resource.canonical if resource else request.path}"
        visit = self.log.arrive(endpoint, content_hash([request.method, request.path, content]))
        hit = self.faults.for_call(visit.content, visit.attempt)
        outcome = failed(self.faults, hit)
        if outcome is None:
            try:
                outcome = Outcome(hit.fault.value if hit.fault else ANSWERED, 200, act())
            except ApiError as error:
                outcome = refused(error)
        return await self._send(request, visit, outcome)

    def _latency(self, content: str) -> float:
        spread = 2 * unit("latency", content) - 1 if self.settings.jitter else 0.0
        return self.settings.latency * (1 + self.settings.jitter * spread)

    async def _send(
        self, request: web.Request, visit: Visit, outcome: Outcome, latency: float = 0.0
    ) -> web.StreamResponse:
        recorded = False
        try:
            if latency and outcome.done not in (*RATE_LIMITS, REJECTED):
                await asyncio.sleep(latency - self.log.age_s(visit))
            lost = outcome.done in (Fault.DROPPED, Fault.TIME_OUT)
            self.log.record(visit, outcome.done, *((0, 0) if lost else outcome.tokens))
            recorded = True
            if outcome.done == Fault.TIME_OUT:
                await asyncio.sleep(self.faults.time_out_s)
                return _dropped(request)
            if outcome.done == Fault.DROPPED:
                before_reply = unit("dropped", self.faults.seed, visit.content, visit.attempt) < 0.5
                return _dropped(request) if before_reply else await _dropped_halfway(request, _bytes(outcome))
            kind = "application/octet-stream" if isinstance(outcome.payload, bytes) else "application/json"
            kind = "text/event-stream" if outcome.streamed else kind
            headers = {"x-request-id": f"req_{visit.content[:16]}-{visit.attempt}", **outcome.headers}
            return web.Response(body=_bytes(outcome), status=outcome.status, content_type=kind, headers=headers)
        except asyncio.CancelledError:
            if not recorded:
                self.log.record(visit, ABANDONED)
            raise
        finally:
            self.log.leave(visit)


def _read_json(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:  # invalid UTF-8 or JSON
        return raw.decode("utf-8", "replace")


def _bytes(outcome: Outcome) -> bytes:
    if outcome.streamed and isinstance(outcome.payload, Mapping):
        events = [*map(json.dumps, chunks(outcome.payload)), "[DONE]"]
        return "".join(f"data: {event}\n\n" for event in events).encode()
    return outcome.payload if isinstance(outcome.payload, bytes) else json.dumps(outcome.payload).encode()


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # is never sent


async def _dropped_halfway(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "application/json", "content-length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
