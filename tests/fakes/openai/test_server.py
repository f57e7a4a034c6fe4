"""Faults, rejections and the log of the fake endpoint, as the openai client sees them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion

from . import faults, log
from .asking import ANSWER, SCHEMA, answer, ask_all, client, question
from .completions import PROSE
from .faults import Fault, Faults
from .nonsense import nonsense
from .server import LlmServer

ERRORS: dict[Fault, set[str]] = {
    Fault.RATE_LIMITED_WITH_RETRY_AFTER: {"RateLimitError"},
    Fault.RATE_LIMITED: {"RateLimitError"},
    Fault.SERVER_ERROR: {"InternalServerError"},
    Fault.DROPPED: {"APIConnectionError", "APITimeoutError"},  # aiohttp reports a drop before the reply as a timeout
    Fault.TIME_OUT: {"APITimeoutError"},
}


def always(fault: Fault, **settings: Any) -> Faults:
    return Faults(**{fault.value: 1.0, "max_consecutive": None, **settings})


async def raised(server: LlmServer, body: dict[str, Any], timeout: float = 10.0) -> openai.APIError:
    async with client(server, timeout) as sender:
        with pytest.raises(openai.APIError) as caught:
            await sender.chat.completions.create(**body)
        return caught.value


@pytest.mark.parametrize("fault", faults.TRANSPORT)
def test_transport_faults_become_errors_of_the_client(fault: Fault) -> None:
    async def ask() -> list[openai.APIError]:
        timeout = 0.3 if fault is Fault.TIME_OUT else 10
        return list(await asyncio.gather(*(raised(server, question(str(index)), timeout) for index in range(8))))

    with LlmServer(answer, faults=always(fault)) as server:
        errors = asyncio.run(ask())
        assert server.log.done() == {fault: 8}
    assert {type(error).__name__ for error in errors} == ERRORS[fault]
    statuses = {error.status_code for error in errors if isinstance(error, openai.APIStatusError)}
    delays = {error.response.headers.get("retry-after") for error in errors if isinstance(error, openai.RateLimitError)}
    assert statuses == ({500, 503} if fault is Fault.SERVER_ERROR else {429} if fault in faults.RATE_LIMITS else set())
    assert delays <= {"0.05" if fault is Fault.RATE_LIMITED_WITH_RETRY_AFTER else None}


def test_a_stream_carries_the_same_reply_as_one_answer() -> None:
    async def ask(body: dict[str, Any]) -> tuple[ChatCompletion, ChatCompletion]:
        async with client(server) as sender:
            async with sender.chat.completions.stream(**body) as stream:
                async for _ in stream:
                    pass
                streamed = await stream.get_final_completion()
            return await sender.chat.completions.create(**body), streamed

    native = {**question("2"), "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}
    native.pop("response_format", None)
    for body, reply in ((question("1"), answer), (native, lambda _: '{"name": "f", "arguments": {"x": 1}}')):
        with LlmServer(reply) as server:
            whole, streamed = asyncio.run(ask({**body, "stream_options": {"include_usage": True}}))
        first, second = whole.choices[0], streamed.choices[0]
        assert first.message.content == second.message.content
        assert first.finish_reason == second.finish_reason
        assert [call.model_dump()["function"]["arguments"] for call in first.message.tool_calls or []] == [
            call.model_dump()["function"]["arguments"] for call in second.message.tool_calls or []
        ]
        assert whole.usage == streamed.usage


def replies(fault: Fault, count: int = 12) -> list[ChatCompletion]:
    async def ask() -> list[ChatCompletion]:
        async with client(server) as sender:
            return [await sender.chat.completions.create(**question(str(number))) for number in range(count)]

    with LlmServer(answer, faults=always(fault)) as server:
        return asyncio.run(ask())


def test_content_faults_change_the_reply() -> None:
    truncated = replies(Fault.TRUNCATED)
    assert {reply.choices[0].finish_reason for reply in truncated} == {"length", "stop"}
    assert all(0 < len(reply.choices[0].message.content or "") < len(ANSWER) for reply in truncated)
    assert {reply.choices[0].message.content for reply in replies(Fault.PROSE)} == set(PROSE)
    assert {reply.choices[0].message.content for reply in replies(Fault.NONSENSE, 1)} == {json.dumps(nonsense(SCHEMA))}
    refusal = replies(Fault.REFUSAL, 1)[0].choices[0].message
    assert refusal.refusal
    assert refusal.content is None
    empty = replies(Fault.CONTENT_NULL, 1)[0].choices[0].message
    assert (empty.content, empty.refusal) == (None, None)
    assert replies(Fault.EMPTY_CHOICES, 1)[0].choices == []


@pytest.mark.parametrize(
    ("options", "changes", "error", "param"),
    [
        ({"json_schema": False}, {}, openai.BadRequestError, "response_format.type"),
        ({"json_object": False}, {"response_format": {"type": "json_object"}}, openai.BadRequestError, "response_format.type"),
        ({}, {"response_format": {"type": "json_object"}}, openai.BadRequestError, "messages"),
        ({}, {"response_format": {"type": "json_schema", "json_schema": {"name": "a b"}}}, openai.BadRequestError, "response_format.json_schema.name"),
        ({}, {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": {"properties": {}}}}}, openai.BadRequestError, "response_format"),
        ({}, {"model": "other"}, openai.NotFoundError, None),
        ({"api_key": "right"}, {}, openai.AuthenticationError, None),
    ],
)  # fmt: skip
def test_invalid_requests_are_rejected(
    options: Any, changes: dict[str, Any], error: type[openai.APIError], param: str | None
) -> None:
    with LlmServer(answer, faults=always(Fault.DROPPED), **options) as server:
        caught = asyncio.run(raised(server, question(**changes)))
        assert [entry.done for entry in server.log.entries()] == [log.REJECTED]
    assert isinstance(caught, error)
    assert (caught.param, caught.type) == (param, "invalid_request_error")


@pytest.mark.parametrize("text", ["no JSON", '{"tool": "gamma", "reason": "none", "scores": []}'])
def test_a_reply_that_violates_the_schema_fails_the_test(text: str) -> None:
    with pytest.raises(ValueError), LlmServer(lambda _: text) as server:  # noqa: PT011, PT012, RUF100
        assert asyncio.run(ask_all(server, [question()], 1)) == ["InternalServerError"]


def outcomes(concurrency: int) -> dict[tuple[str, int], str]:
    """Send the same 40 requests three times, and return the outcome by content and attempt."""
    bodies = [question(f"Which tool, {number}?") for number in range(40)] * 3
    rates = replace(Faults.standard(1), time_out_s=0.05)
    with LlmServer(answer, faults=rates, latency=0.005, jitter=1.0) as server:
        asyncio.run(ask_all(server, bodies, concurrency))
        return {(entry.content, entry.attempt): entry.done for entry in server.log.completions()}


def test_faults_do_not_depend_on_concurrency() -> None:
    concurrent = outcomes(24)
    assert concurrent == outcomes(3)
    assert len(concurrent) == 120
    assert len(set(concurrent.values())) > 6
