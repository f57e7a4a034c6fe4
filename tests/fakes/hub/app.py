"""HTTP routes of the fake Hub, and the injection of faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web
from multidict import MultiDict

from . import reading, writing
from .call import Call, Handler, refusal
from .errors import HubError, moved_head, no_repository, unknown_token
from .faults import BREAKS, Faults, Hit, Kind
from .hub import Caller, Hub
from .log import Entry, RequestLog

API = "/api/{type:models|datasets|spaces}/{owner}/{name}"
FILES = "/{prefix:(?:datasets/|spaces/)?}{owner}/{name}"
REQUEST_BYTES = 2**30


class Route(NamedTuple):
    """A route and its handler."""

    method: str
    address: str
    kind: Kind
    handler: Handler


ROUTES = (
    Route("GET", "/api/whoami-v2", "whoami", reading.whoami),
    Route("POST", "/api/repos/create", "create", writing.create),
    Route("DELETE", "/api/repos/delete", "delete", writing.delete),
    Route("POST", "/api/validate-yaml", "validate_yaml", reading.validate_yaml),
    Route("GET", API, "info", reading.info),
    Route("GET", API + "/revision/{revision}", "info", reading.info),
    Route("GET", API + "/auth-check{right:(?:/write)?}", "auth_check", reading.auth_check),
    Route("GET", API + "/refs", "refs", reading.refs),
    Route("GET", API + "/commits/{revision}", "commits", reading.commits),
    Route("GET", API + "/tree/{revision}", "tree", reading.tree),
    Route("GET", API + "/tree/{revision}/{path:.+}", "tree", reading.tree),
    Route("POST", API + "/paths-info/{revision}", "paths_info", reading.paths_info),
    Route("PUT", API + "/settings", "settings", writing.settings),
    Route("POST", API + "/preupload/{revision}", "preupload", writing.preupload),
    Route("POST", API + "/commit/{revision}", "commit", writing.commit),
    Route("POST", API + "/branch/{branch}", "branch", writing.create_branch),
    Route("DELETE", API + "/branch/{branch}", "branch", writing.delete_branch),
    Route("POST", API + "/tag/{revision}", "tag", writing.create_tag),
    Route("DELETE", API + "/tag/{revision}", "tag", writing.delete_tag),
    Route("PUT", "/lfs/{type}/{owner}/{name}/{oid}", "lfs_upload", writing.lfs_upload),
    Route("POST", FILES + ".git/info/lfs/objects/batch", "lfs_batch", writing.lfs_batch),
    Route("GET", FILES + "/resolve/{revision}/{path:.+}", "resolve", reading.resolve),
)


class App:
    """Web application of a fake Hub.

    Args:
        hub: Users and repositories.
        faults: Faults to inject.
        log: Log of all requests.
        page_size: Maximum number of entries in one page of a list.
    """

    def __init__(self, hub: Hub, faults: Faults, log: RequestLog, page_size: int) -> None:
        self.errors: list[Exception] = []
        """Exceptions of callbacks, and of the fake itself if it has a bug."""

        self._hub = hub
        self._faults = faults
        self._log = log
        self._page_size = page_size

    def runner(self) -> web.AppRunner:
        """Return a runner with a short shutdown timeout."""
        app = web.Application(middlewares=[self._guard], client_max_size=REQUEST_BYTES)
        app.add_routes([web.route("HEAD", ROUTES[-1].address, partial(self._serve, ROUTES[-1]))])
        app.add_routes([web.route(route.method, route.address, partial(self._serve, route)) for route in ROUTES])
        return web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        missing = request.match_info.http_exception
        if missing is None:
            return await handler(request)
        self._log.record(Entry(request.method, request.path, None, missing.status, None))
        return refusal(HubError(missing.status, f"Nothing is served at {request.method} {request.path}"))

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        line = f"{request.method} {request.path}"
        caller = self._caller(request)
        for callback in self._faults.callbacks(route.kind, line):
            try:
                await asyncio.to_thread(callback)
            except Exception as error:  # of the test; raised when the server ends
                self.errors.append(error)
        hit = self._faults.fault(route.kind, line)
        response = await self._answer(route, request, caller, hit)
        fault = hit.fault if hit else None
        status = 0 if fault in BREAKS else response.status
        self._log.record(
            Entry(request.method, request.path, route.kind, status, caller.name if caller else None, fault)
        )
        return response

    def _caller(self, request: web.Request) -> Caller | None:
        try:
            return self._hub.caller(request.headers.get("Authorization"))
        except HubError:  # reported to the client by `_do`
            return None

    async def _answer(
        self, route: Route, request: web.Request, caller: Caller | None, hit: Hit | None
    ) -> web.StreamResponse:
        fault = hit.fault if hit else None
        if fault == "upload_cut":
            await request.content.read((request.content_length or 2) // 2)
            return _broken(request)
        call = await self._call(request, caller)
        if fault == "dropped_before":
            return _broken(request)
        if hit and isinstance(fault, int):
            return refusal(_failure(hit, route.kind, call))
        response = self._do(route, call, request.headers.get("Authorization"))
        if fault == "download_cut":
            return await _truncated(request, response)
        return _broken(request) if fault == "dropped_after" else response

    async def _call(self, request: web.Request, caller: Caller | None) -> Call:
        body = await request.read()
        form = await request.post()
        byte_range = request.http_range if "Range" in request.headers else slice(None)
        return Call(
            self._hub, caller, request.url, request.match_info, MultiDict(form), body, byte_range, self._page_size
        )

    def _do(self, route: Route, call: Call, authorization: str | None) -> web.Response:
        try:
            self._hub.caller(authorization)  # raises for an unknown token
            return route.handler(call)
        except HubError as error:
            return refusal(error)
        except Exception as error:  # a bug of this fake; raised when the server ends
            self.errors.append(error)
            return refusal(HubError(500, f"{type(error).__name__}: {error}"))


def _failure(hit: Hit, kind: Kind, call: Call) -> HubError:
    if hit.fault == 401:
        return unknown_token()
    if hit.fault == 404:
        return no_repository()
    if hit.fault == 409 and kind == "create" and call.caller:
        return writing.already_there(call, *writing.named_in(call.json(), call.caller))
    wait = {} if hit.retry_after is None else {"Retry-After": str(hit.retry_after)}
    status = HTTPStatus(int(hit.fault))
    return moved_head() if status == 412 else HubError(status, status.phrase, headers=wait)


async def _truncated(request: web.Request, complete: web.Response) -> web.StreamResponse:
    body = complete.body if isinstance(complete.body, bytes) else b""
    response = web.StreamResponse(
        status=complete.status, headers={**complete.headers, "Content-Length": str(len(body))}
    )
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # is never sent
