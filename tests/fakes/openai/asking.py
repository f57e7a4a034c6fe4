"""Requests and clients for the tests of the fake endpoint."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from openai import AsyncOpenAI, DefaultAioHttpClient, OpenAIError

from .server import LlmServer

MODEL = "test-model"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "tool": {"enum": ["alpha", "beta"]},
        "reason": {"type": "string", "minLength": 3},
        "scores": {"type": "array", "items": {"type": "number"}},
    },
    "required": ["tool", "reason", "scores"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "choice", "strict": True, "schema": SCHEMA}}
ANSWER = json.dumps({"tool": "beta", "reason": "it is cheaper", "scores": [0.5, 0.75]})


def answer(_: dict[str, Any]) -> str:
    """Return a constant answer that satisfies the schema."""
    return ANSWER


def question(text: str = "Which tool?", **changes: Any) -> dict[str, Any]:
    """Return a request body. A change of None removes the field."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "response_format": FORMAT, **changes}
    return {key: value for key, value in body.items() if value is not None}


@asynccontextmanager
async def client(server: LlmServer, timeout: float = 10.0) -> AsyncIterator[AsyncOpenAI]:
    """Open a client without retries, on the transport that the builder uses."""
    http = DefaultAioHttpClient(trust_env=False, timeout=timeout)
    async with AsyncOpenAI(
        base_url=server.base_url, api_key="any", max_retries=0, timeout=timeout, http_client=http
    ) as opened:
        yield opened


async def ask_all(
    server: LlmServer, bodies: Sequence[dict[str, Any]], concurrency: int, timeout: float = 10.0
) -> list[str]:
    """Send requests concurrently, and return the content of each reply or the name of its error."""
    limit = asyncio.Semaphore(concurrency)
    async with client(server, timeout) as sender:

        async def ask(body: dict[str, Any]) -> str:
            async with limit:
                try:
                    reply = await sender.chat.completions.create(**body)
                except OpenAIError as error:
                    return type(error).__name__
                return reply.choices[0].message.content or ""

        return list(await asyncio.gather(*map(ask, bodies)))
