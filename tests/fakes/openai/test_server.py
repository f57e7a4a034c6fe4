"""The server against the real client: what each fault becomes there, and what is refused."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion

from . import faults, log
from .asking import ANSWER, FORMAT, MODEL, SCHEMA, TRANSPORTS, answer, ask_all, client, question, tell
from .completions import PROSE, content_hash
from .faults import Fault, Faults
from .nonsense import nonsense
from .script import reply as echo
from .server import LlmServer

ERRORS: dict[Fault, type[openai.APIError]] = {
    Fault.RATE_LIMITED_WITH_RETRY_AFTER: openai.RateLimitError,
    Fault.RATE_LIMITED: openai.RateLimitError,
    Fault.SERVER_ERROR: openai.InternalServerError,
    Fault.DROPPED: openai.APIConnectionError,
    Fault.TIME_OUT: openai.APITimeoutError,
}


def always(fault: Fault, **settings: Any) -> Faults:
    return Faults(**{fault.value: 1.0, "max_consecutive": None, **settings})


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


async def completion(server: LlmServer, body: dict[str, Any]) -> ChatCompletion:
    async with client(server) as asker:
        made = await asker.chat.completions.create(**body)
        assert isinstance(made, ChatCompletion)
        return made


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_clean_answer(transport: str) -> None:
    async def work() -> None:
        async with client(server, transport) as asker:
            made = await asker.chat.completions.create(**question())
            assert made.choices[0].message.content == ANSWER
            assert made.choices[0].finish_reason == "stop"
            assert made.usage
            assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (
                len("Which tool?") // 4,
                len(ANSWER) // 4,
            )
            assert [model.id async for model in asker.models.list()] == [MODEL]

    with LlmServer(answer) as server:
        run(work())
        assert server.requests == 2
        entry = server.log.completions()[0]
        assert (entry.content, entry.attempt, entry.done, entry.prompt_tokens) == (
            content_hash(question()),
            1,
            "answered",
            2,
        )


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("fault", faults.TRANSPORT)
def test_a_fault_of_the_transport_reaches_the_client_as_its_exception(fault: Fault, transport: str) -> None:
    async def work() -> None:
        async with client(server, transport, timeout=0.3 if fault is Fault.TIME_OUT else 10) as asker:
            for number in range(8):  # enough to meet each form of the fault
                with pytest.raises(ERRORS[fault]) as caught:
                    await asker.chat.completions.create(**question(str(number)))
                seen.append(caught.value)

    seen: list[openai.APIError] = []
    with LlmServer(answer, faults=always(fault)) as server:
        run(work())
        assert server.log.done() == {fault: 8}
    kinds = {type(error) for error in seen}
    if (fault, transport) == (Fault.DROPPED, "aiohttp"):  # that transport takes a drop before the reply for a time-out
        assert kinds == {openai.APIConnectionError, openai.APITimeoutError}
    else:
        assert kinds == {ERRORS[fault]}
    statuses = {error.status_code for error in seen if isinstance(error, openai.APIStatusError)}
    headers = {error.response.headers.get("retry-after") for error in seen if isinstance(error, openai.RateLimitError)}
    if fault is Fault.SERVER_ERROR:
        assert statuses == {500, 503}
    elif fault in faults.RATE_LIMITS:
        assert headers == {"0.05" if fault is Fault.RATE_LIMITED_WITH_RETRY_AFTER else None}
        assert seen[0].code == "rate_limit_exceeded"


def test_a_time_out_is_bounded() -> None:
    with LlmServer(answer, faults=always(Fault.TIME_OUT, time_out_s=0.1)) as server:
        assert asyncio.run(ask_all(server, [question()], 1)) == ["APIConnectionError"]


def test_the_server_ends_while_a_request_hangs() -> None:
    async def work() -> None:
        async with client(server) as asker:
            hanging = asyncio.create_task(tell(asker, question()))
            while not server.log.entries():
                await asyncio.sleep(0.01)
            await asyncio.to_thread(server.__exit__, None, None, None)
            assert await hanging == "APIConnectionError"

    server = LlmServer(answer, faults=always(Fault.TIME_OUT)).__enter__()
    run(work())
    assert "llm-server" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("form", "header"), [("float", "0.05"), ("integer", "1"), ("date", None), ("milliseconds", "50")]
)
def test_the_forms_of_retry_after(form: faults.RetryAfterForm, header: str | None) -> None:
    async def work() -> None:
        with pytest.raises(openai.RateLimitError) as caught:
            await completion(server, question())
        headers = caught.value.response.headers
        value = headers["retry-after-ms" if form == "milliseconds" else "retry-after"]
        assert value == header if header else parsedate_to_datetime(value)

    with LlmServer(answer, faults=always(Fault.RATE_LIMITED_WITH_RETRY_AFTER, retry_after_form=form)) as server:
        run(work())


def replies(fault: Fault, count: int = 12) -> list[ChatCompletion]:
    async def work() -> list[ChatCompletion]:
        async with client(server) as asker:
            return [await asker.chat.completions.create(**question(str(number))) for number in range(count)]

    with LlmServer(answer, faults=always(fault)) as server:
        made = asyncio.run(work())
        assert server.log.done() == {fault: count}
        return made


def test_truncated() -> None:
    made = replies(Fault.TRUNCATED)
    assert {reply.choices[0].finish_reason for reply in made} == {"length", "stop"}
    for reply in made:
        text = reply.choices[0].message.content
        assert text
        assert ANSWER.startswith(text)
        with pytest.raises(ValueError):  # noqa: PT011 - json's own
            json.loads(text)


def test_prose_and_nonsense() -> None:
    assert {reply.choices[0].message.content for reply in replies(Fault.PROSE)} == set(PROSE)
    assert {reply.choices[0].message.content for reply in replies(Fault.NONSENSE)} == {json.dumps(nonsense(SCHEMA))}


def test_refusal_null_and_no_choices() -> None:
    refused = replies(Fault.REFUSAL, 1)[0].choices[0].message
    assert refused.refusal
    assert refused.content is None
    empty = replies(Fault.CONTENT_NULL, 1)[0].choices[0].message
    assert (empty.content, empty.refusal) == (None, None)
    assert replies(Fault.EMPTY_CHOICES, 1)[0].choices == []


@pytest.mark.parametrize(
    ("options", "changes", "error", "param"),
    [
        ({"json_schema": False}, {}, openai.BadRequestError, "response_format.type"),
        ({"json_object": False}, {"response_format": {"type": "json_object"}}, openai.BadRequestError, "response_format.type"),
        ({}, {"response_format": {"type": "yaml"}}, openai.BadRequestError, "response_format.type"),
        ({}, {"response_format": {"type": "json_object"}}, openai.BadRequestError, "messages"),
        ({}, {"response_format": {"type": "json_schema", "json_schema": {"name": "a b"}}}, openai.BadRequestError, "response_format.json_schema.name"),
        ({}, {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": []}}}, openai.BadRequestError, "response_format.json_schema.schema"),
        ({}, {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": {"properties": {}}}}}, openai.BadRequestError, "response_format"),
        ({}, {"messages": []}, openai.BadRequestError, "messages"),
        ({}, {"messages": [{"role": "user"}]}, openai.BadRequestError, "messages"),
        ({}, {"n": 2}, openai.BadRequestError, "stream"),
        ({}, {"model": "other"}, openai.NotFoundError, None),
        ({"api_key": "right"}, {}, openai.AuthenticationError, None),
    ],
)  # fmt: skip
def test_what_is_refused(
    options: Any, changes: dict[str, Any], error: type[openai.APIError], param: str | None
) -> None:
    async def work() -> None:
        with pytest.raises(error) as caught:
            await completion(server, question(**changes))
        assert caught.value.param == param
        assert caught.value.type == "invalid_request_error"

    with LlmServer(answer, faults=always(Fault.DROPPED), **options) as server:
        run(work())
        assert [entry.done for entry in server.log.entries()] == [log.REJECTED]


def test_the_forms_of_answers() -> None:
    async def work() -> None:
        text = await completion(server, question("hello", response_format=None))
        assert text.choices[0].message.content == "You said: hello"
        plain = await completion(server, question("some json", response_format={"type": "json_object"}))
        assert plain.choices[0].message.content == '{"echo": "some json"}'
        strict = await completion(server, question("hello", response_format=FORMAT))
        assert strict.choices[0].message.content == json.dumps(nonsense(SCHEMA))
        short = await completion(server, question("hello " * 20, response_format=None, max_completion_tokens=3))
        assert (short.choices[0].message.content, short.choices[0].finish_reason) == ("You said: he", "length")

    with LlmServer(echo) as server:
        run(work())


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"tool": "gamma", "reason": "none", "scores": []}'])
def test_a_script_that_breaks_the_schema_fails_the_test(text: str) -> None:
    with pytest.raises(ValueError), LlmServer(lambda _: text) as server:  # noqa: PT011, PT012, RUF100
        assert asyncio.run(ask_all(server, [question()], 1)) == ["InternalServerError"]


def history(seed: int, concurrency: int, backwards: bool) -> dict[tuple[str, int], str]:
    """What was done at each attempt of each of many contents, three times asked."""
    bodies = [question(f"Which tool, {number}?") for number in range(40)] * 3
    table = replace(Faults.standard(seed), time_out_s=0.05)
    with LlmServer(answer, faults=table, latency=0.005, jitter=1.0) as server:
        asyncio.run(ask_all(server, bodies[::-1] if backwards else bodies, concurrency))
        return {(entry.content, entry.attempt): entry.done for entry in server.log.completions()}


def test_faults_depend_on_neither_order_nor_concurrency() -> None:
    alone = history(1, 1, backwards=False)
    assert alone == history(1, 24, backwards=False) == history(1, 24, backwards=True)
    assert len(alone) == 120
    assert len(set(alone.values())) > 6
    table = Faults.standard(1)
    assert alone == {key: table.for_chat(*key).fault or log.ANSWERED for key in alone}


def test_after_so_many_faults_the_answer_is_clean() -> None:
    table = Faults(truncated=0.5, server_error=0.5, max_consecutive=2)
    with LlmServer(answer, faults=table) as server:
        asyncio.run(ask_all(server, [question()] * 6, 1))
        clean = [entry.done == log.ANSWERED for entry in server.log.completions()]
        assert clean == [False, False, True, False, False, True]
        assert server.log.answered_twice() == [content_hash(question())]


def test_concurrency_is_counted() -> None:
    with LlmServer(answer, latency=0.2) as server:
        told = asyncio.run(ask_all(server, [question(str(number)) for number in range(16)], 8))
        assert told == [ANSWER] * 16
        assert server.log.peak == 8
        assert server.requests == 16
        assert server.log.answered_twice() == []


def test_a_client_that_gives_up_early_is_not_answered() -> None:
    with LlmServer(answer, latency=5) as server:
        assert asyncio.run(ask_all(server, [question()], 1, timeout=0.2)) == ["APITimeoutError"]
    assert [entry.done for entry in server.log.completions()] == [log.ABANDONED]


def test_an_unknown_address_is_told_so() -> None:
    async def work() -> None:
        async with client(server) as asker:
            with pytest.raises(openai.NotFoundError, match="Invalid URL"):
                await asker.embeddings.create(model=MODEL, input="x")

    with LlmServer(answer) as server:
        run(work())


@pytest.mark.parametrize("path", ["/chat/completions", "/batches"])
def test_a_body_that_is_no_object_is_refused(path: str) -> None:
    async def work() -> None:
        async with client(server) as asker:
            with pytest.raises(openai.BadRequestError, match="could not parse"):
                await asker.post(path, cast_to=object, body=[1])

    with LlmServer(answer) as server:
        run(work())


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(*_: object) -> None:
        raise OSError("no address left")

    monkeypatch.setattr("tests.loopback.serve", serve)
    with pytest.raises(RuntimeError, match="did not start") as caught:
        LlmServer(answer).__enter__()
    assert isinstance(caught.value.__cause__, OSError)
