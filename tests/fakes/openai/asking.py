"""What the tests of the server ask, and the clients they ask with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultAsyncHttpxClient, OpenAIError

from .server import LlmProcess, LlmServer

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
TRANSPORTS = {"httpx": DefaultAsyncHttpxClient, "aiohttp": DefaultAioHttpClient}


def answer(_: dict[str, Any]) -> str:
    """One and the same answer, which satisfies the schema."""
    return ANSWER


def question(text: str = "Which tool?", **changes: Any) -> dict[str, Any]:
    """The body of a request."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "response_format": FORMAT, **changes}
    return {key: value for key, value in body.items() if value is not None}


@asynccontextmanager
async def client(
    server: LlmServer | LlmProcess, transport: str = "httpx", api_key: str = "any", timeout: float = 10.0
) -> AsyncIterator[AsyncOpenAI]:
    """A client of the real library that retries nothing and closes everything."""
    http = TRANSPORTS[transport](trust_env=False, timeout=timeout)
    async with AsyncOpenAI(
        base_url=server.base_url, api_key=api_key, max_retries=0, timeout=timeout, http_client=http
    ) as made:
        yield made


async def tell(asker: AsyncOpenAI, body: dict[str, Any]) -> str:
    """How one request ends: the content, or the name of the error."""
    try:
        reply = await asker.chat.completions.create(**body)
    except OpenAIError as error:
        return type(error).__name__
    return (reply.choices[0].message.content or "nothing") if reply.choices else "no choices"


async def ask_all(
    server: LlmServer | LlmProcess, bodies: Sequence[dict[str, Any]], concurrency: int, timeout: float = 10.0
) -> list[str]:
    """Ask many things, so many at once, and tell how each ends."""
    gate = asyncio.Semaphore(concurrency)
    async with client(server, timeout=timeout) as asker:

        async def one(body: dict[str, Any]) -> str:
            async with gate:
                return await tell(asker, body)

        return list(await asyncio.gather(*map(one, bodies)))


def batch_line(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """A line of a file for a batch."""
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}


def as_file(lines: Sequence[dict[str, Any]]) -> tuple[str, bytes]:
    """A file for a batch, as the client takes it."""
    return "input.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode()
