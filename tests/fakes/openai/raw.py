"""Fake endpoint that sends any response, for the ways in which real servers differ from the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.loopback import Background

from .server import base_url

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Raw:
    """A response as it is sent."""

    content: bytes | str
    status: int = 200
    kind: str = "application/json"
    """Content type, with its charset."""
    headers: Mapping[str, str] = field(default_factory=dict)


Respond = Callable[[Body], Raw]
"""Returns the response to the body of a chat completion request."""


def reply(
    message: Mapping[str, Any], finish_reason: str | None = "stop", *, usage: object = None, **others: Any
) -> Raw:
    """Return a chat completion with a message; the other arguments are further fields of the body."""
    body = {
        "id": "c",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}],
        "usage": usage or {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        **others,
    }
    return Raw(json.dumps(body))


def failure(status: int, body: object) -> Raw:
    """Return a JSON body with an error status."""
    return Raw(json.dumps(body), status)


class RawServer:
    """Server in a background thread, for several models. A context manager that can be entered once.

    Args:
        models: Function that answers the requests for each model, by its name.
        api_key: Key that requests must have; None for any. Others get a 401 that repeats the key.
    """

    def __init__(self, models: Mapping[str, Respond], api_key: str | None = None) -> None:
        self.models = dict(models)
        self.seen: list[Body] = []
        """Bodies of all requests."""
        self.base_url = ""
        self._api_key = api_key
        self._served = Background(self._runner, "raw-server")

    def __enter__(self) -> Self:
        self.base_url = base_url(self._served.start())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        failure_of_server = self._served.end()
        if failure_of_server and error is None:
            raise failure_of_server

    def _runner(self) -> web.AppRunner:
        app = web.Application(client_max_size=2**30)
        app.add_routes([web.post("/v1/chat/completions", self._chat)])
        return web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def _chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen.append(body)
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._api_key is not None and sent != self._api_key:
            raw = failure(
                401, {"error": {"message": f"Incorrect API key provided: {sent}.", "code": "invalid_api_key"}}
            )
        else:
            raw = self.models[body["model"]](body)
        content = raw.content.encode() if isinstance(raw.content, str) else raw.content
        return web.Response(body=content, status=raw.status, headers={"content-type": raw.kind, **raw.headers})
