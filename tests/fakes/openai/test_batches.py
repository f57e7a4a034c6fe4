"""The Batch API against the real client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from openai.types import Batch

from .asking import ANSWER, MODEL, answer, as_file, batch_line, client, question
from .completions import content_hash
from .faults import Fault, Faults
from .log import LINE
from .server import LlmServer

LINES = [batch_line(f"line-{number}", question(f"Which tool, {number}?")) for number in range(40)]


async def start(asker: AsyncOpenAI, lines: list[dict[str, Any]]) -> Batch:
    file = await asker.files.create(file=as_file(lines), purpose="batch")
    return await asker.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"run": "one"}
    )


async def finish(asker: AsyncOpenAI, batch: Batch) -> tuple[Batch, list[str]]:
    statuses: list[str] = [batch.status]
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        batch = await asker.batches.retrieve(batch.id)
        statuses.append(batch.status)
    return batch, statuses


async def results(asker: AsyncOpenAI, file: str | None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await asker.files.content(file)).text.splitlines()] if file else []


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_from_upload_to_results(transport: str) -> None:
    async def work() -> None:
        async with client(server, transport) as asker:
            batch, statuses = await finish(asker, await start(asker, LINES))
            assert statuses == ["validating", "validating", *["in_progress"] * 3, "finalizing", "completed"]
            assert batch.metadata == {"run": "one"}
            assert batch.error_file_id is None
            assert batch.output_file_id
            shown = await asker.files.retrieve(batch.output_file_id)
            assert shown.purpose == "batch_output"
            output = await results(asker, batch.output_file_id)
            names = [line["custom_id"] for line in output]
            assert sorted(names) == sorted(line["custom_id"] for line in LINES)
            assert names != [line["custom_id"] for line in LINES], "the order is not that of the input"
            assert {line["response"]["body"]["choices"][0]["message"]["content"] for line in output} == {ANSWER}
            assert batch.usage
            assert batch.usage.output_tokens == 40 * (len(ANSWER) // 4)

    with LlmServer(answer, batch_polls=6) as server:
        asyncio.run(work())
        assert len(server.log.entries([LINE])) == 40
        assert server.requests == 2 + 6 + 2
        assert server.log.peak == 0


def test_some_lines_fail() -> None:
    async def work() -> dict[str, str]:
        async with client(server) as asker:
            batch, _ = await finish(asker, await start(asker, [*LINES, batch_line("odd", question(model="other"))]))
            assert batch.status == "completed"
            output = await results(asker, batch.output_file_id)
            errors = await results(asker, batch.error_file_id)
            assert batch.request_counts
            assert (batch.request_counts.completed, batch.request_counts.failed) == (len(output), len(errors))
            assert len(output) + len(errors) == 41
            ends = {line["custom_id"]: str(line["response"]["status_code"]) for line in errors if line["response"]}
            ends |= {line["custom_id"]: line["error"]["code"] for line in errors if line["error"]}
            assert all("message" in line["response"]["body"]["error"] for line in errors if line["response"])
            return ends

    table = Faults(server_error=0.2, dropped=0.1, rate_limited=0.1, truncated=0.2, seed=4)
    with LlmServer(answer, faults=table) as server:
        ends = asyncio.run(work())
        assert set(ends.values()) == {"429", "500", "503", "404", "server_error"}
        assert ends["odd"] == "404"
        for line in LINES:  # a line meets the fault that it would have met alone
            fault = table.for_chat(content_hash(line["body"]), 1).fault
            assert (line["custom_id"] in ends) == (fault not in (None, Fault.TRUNCATED))


@pytest.mark.parametrize("status", ["failed", "expired"])
def test_a_whole_batch_fails_or_expires_and_the_next_try_completes(status: str) -> None:
    async def work() -> None:
        async with client(server) as asker:
            batch, _ = await finish(asker, await start(asker, LINES))
            assert batch.status == status
            output, errors = await results(asker, batch.output_file_id), await results(asker, batch.error_file_id)
            if status == "failed":
                assert batch.errors
                assert batch.errors.data
                assert batch.errors.data[0].code == "token_limit_exceeded"
                assert (output, errors) == ([], [])
            else:
                assert (len(output), len(errors)) == (20, 20)
                assert {line["error"]["code"] for line in errors} == {"batch_expired"}
            again, _ = await finish(asker, await start(asker, LINES))
            assert again.status == "completed"
            assert again.id != batch.id

    rates: dict[str, Any] = {f"batch_{status}": 1.0}
    with LlmServer(answer, faults=Faults(**rates, max_consecutive=1)) as server:
        asyncio.run(work())
        assert len(server.log.answered_twice()) == (0 if status == "failed" else 20)


def test_a_batch_can_be_cancelled_and_keeps_what_is_done() -> None:
    async def work() -> None:
        async with client(server) as asker:
            batch = await start(asker, LINES)
            for _ in range(2):
                batch = await asker.batches.retrieve(batch.id)
            batch = await asker.batches.cancel(batch.id)
            assert batch.status == "cancelling"
            batch, _ = await finish(asker, batch)
            assert batch.status == "cancelled"
            assert len(await results(asker, batch.output_file_id)) == 20
            assert len(await results(asker, batch.error_file_id)) == 20
            with pytest.raises(openai.ConflictError, match="cancelled"):
                await asker.batches.cancel(batch.id)

    with LlmServer(answer) as server:
        asyncio.run(work())


def test_wrong_lines_fail_the_batch_by_number() -> None:
    wrong = [LINES[0], LINES[0], {**LINES[1], "url": "/v1/other"}, {"custom_id": "x"}]

    async def work() -> None:
        async with client(server) as asker:
            batch, statuses = await finish(asker, await start(asker, wrong))
            assert statuses == ["validating", "validating", "failed"]
            assert batch.errors
            assert [(error.line, error.code) for error in batch.errors.data or ()] == [
                (2, "duplicate_custom_id"),
                (3, "invalid_url"),
                (4, "missing_required_parameter"),
            ]
            name, data = as_file(LINES[:1])
            file = await asker.files.create(file=(name, data[:-9]), purpose="batch")
            batch = await asker.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
            )
            batch, _ = await finish(asker, batch)
            assert batch.errors
            assert [error.code for error in batch.errors.data or ()] == ["invalid_json_line"]

    with LlmServer(answer) as server:
        asyncio.run(work())


def test_limits_and_wrong_calls_are_told() -> None:
    async def work() -> None:
        async with client(server) as asker:
            with pytest.raises(openai.BadRequestError, match="40 requests, limit 39"):
                await asker.files.create(file=as_file(LINES), purpose="batch")
            with pytest.raises(openai.BadRequestError, match="too large"):
                await asker.files.create(file=("big.jsonl", b"x" * 3_000_000), purpose="batch")
            with pytest.raises(openai.BadRequestError, match="0 requests"):
                await asker.files.create(file=("empty.jsonl", b"\n"), purpose="batch")
            with pytest.raises(openai.BadRequestError, match="purpose"):
                await asker.files.create(file=as_file(LINES), purpose="vision")
            with pytest.raises(openai.NotFoundError):
                await asker.files.content("file-none")
            with pytest.raises(openai.NotFoundError):
                await asker.batches.retrieve("batch_none")
            with pytest.raises(openai.BadRequestError, match="/v1/embeddings"):
                await asker.batches.create(input_file_id="x", endpoint="/v1/embeddings", completion_window="24h")
            body: dict[str, Any] = {"completion_window": "1h"}
            with pytest.raises(openai.BadRequestError, match="completion_window"):
                await asker.batches.create(
                    input_file_id="x", endpoint="/v1/chat/completions", completion_window="24h", extra_body=body
                )

    with LlmServer(answer, max_file_requests=39, max_file_bytes=1_000_000) as server:
        asyncio.run(work())


def test_faults_can_hit_the_calls_about_batches_too() -> None:
    async def work() -> list[str]:
        told: list[str] = []
        async with client(server) as asker:
            for _ in range(8):
                try:
                    told += [model.id async for model in asker.models.list()]
                except openai.APIError as error:
                    told.append(type(error).__name__)
        return told

    table = Faults(server_error=0.5, dropped=0.5, max_consecutive=3, on_batch_api=True, seed=1)
    with LlmServer(answer, faults=table) as server:
        told = asyncio.run(work())
    assert [one == MODEL for one in told] == [False, False, False, True] * 2
    assert set(told) == {MODEL, "InternalServerError", "APIConnectionError"}
