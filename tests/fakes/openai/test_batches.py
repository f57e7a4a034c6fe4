"""Batches of the fake endpoint, as the openai client sees them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from openai.types import Batch

from .asking import answer, client, question
from .completions import content_hash
from .faults import Fault, Faults
from .server import LlmServer

LINES = [
    {"custom_id": f"line-{number}", "method": "POST", "url": "/v1/chat/completions", "body": question(str(number))}
    for number in range(40)
]


def as_file(lines: list[dict[str, Any]]) -> tuple[str, bytes]:
    return "input.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode()


async def run_batch(sender: AsyncOpenAI) -> tuple[Batch, list[str], list[dict[str, Any]], list[dict[str, Any]]]:
    """Run a batch to its end, and return it with its statuses and the lines of its output and error files."""
    file = await sender.files.create(file=as_file(LINES), purpose="batch")
    batch = await sender.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    statuses = [str(batch.status)]
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        batch = await sender.batches.retrieve(batch.id)
        statuses.append(batch.status)
    lines = []
    for name in (batch.output_file_id, batch.error_file_id):
        text = (await sender.files.content(name)).text if name else ""
        lines.append([json.loads(line) for line in text.splitlines()])
    return batch, statuses, lines[0], lines[1]


def test_lines_are_answered_in_another_order_and_fail_as_single_requests_do() -> None:
    async def work() -> None:
        async with client(server) as sender:
            _, statuses, output, errors = await run_batch(sender)
        assert statuses == ["validating", "validating", *["in_progress"] * 3, "finalizing", "completed"]
        names = [line["custom_id"] for line in output]
        assert names != sorted(names, key=lambda name: int(name.partition("-")[2]))
        ends = {line["custom_id"]: str(line["response"]["status_code"]) for line in errors if line["response"]}
        ends |= {line["custom_id"]: line["error"]["code"] for line in errors if line["error"]}
        assert set(ends.values()) == {"429", "500", "503", "server_error"}
        for line in LINES:
            fault = rates.for_chat(content_hash(line["body"]), 1).fault
            assert (line["custom_id"] in ends) == (fault not in (None, Fault.TRUNCATED))
            assert (line["custom_id"] in names) == (line["custom_id"] not in ends)

    rates = Faults(server_error=0.2, dropped=0.1, rate_limited=0.1, truncated=0.2, seed=4)
    with LlmServer(answer, faults=rates, batch_polls=6) as server:
        asyncio.run(work())


@pytest.mark.parametrize("status", ["failed", "expired"])
def test_a_batch_fails_without_results_or_expires_with_half_of_them(status: str) -> None:
    async def work() -> None:
        async with client(server) as sender:
            batch, _, output, errors = await run_batch(sender)
            assert batch.status == status
            assert len(output) == len(errors) == (0 if status == "failed" else 20)
            assert {line["error"]["code"] for line in errors} <= {"batch_expired"}
            assert (await run_batch(sender))[0].status == "completed", "the next batch is spared"

    rates: dict[str, Any] = {f"batch_{status}": 1.0}
    with LlmServer(answer, faults=Faults(**rates, max_consecutive=1)) as server:
        asyncio.run(work())


def test_limits_are_enforced_and_unknown_ids_rejected() -> None:
    async def work() -> None:
        async with client(server) as sender:
            with pytest.raises(openai.BadRequestError, match="40 requests, limit 39"):
                await sender.files.create(file=as_file(LINES), purpose="batch")
            with pytest.raises(openai.BadRequestError, match="too large"):
                await sender.files.create(file=("big.jsonl", b"x" * 3_000_000), purpose="batch")
            with pytest.raises(openai.NotFoundError):
                await sender.files.content("file-none")
            with pytest.raises(openai.NotFoundError):
                await sender.batches.retrieve("batch_none")

    with LlmServer(answer, max_file_requests=39, max_file_bytes=1_000_000) as server:
        asyncio.run(work())
