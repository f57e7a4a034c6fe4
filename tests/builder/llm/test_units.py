"""Unit tests of cache, meter, limiter, requests, estimate and options."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sqlite3
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest

from builder.catalogue.sources import open_source
from builder.config import BuildConfig
from builder.embedding import SentenceEncoder
from builder.errors import BudgetError, ConfigError, LlmError, MissingExtraError
from builder.extras import import_extra
from builder.funnel import Funnel
from builder.llm.answer_cache import Answer, AnswerCache
from builder.llm.builder_tasks import JUDGE
from builder.llm.engine import read_completion
from builder.llm.estimate import estimate
from builder.llm.limiter import AdaptiveLimiter
from builder.llm.meter import Meter
from builder.llm.request import make_request
from builder.llm.sender import retry_after
from builder.llm.session import Endpoint, check_llm, open_model
from builder.llm_config import LlmConfig
from builder.preparation import read_tools
from tests.conftest import silent
from tests.fakes.openai.catalogue import write_catalogue

CONFIG = LlmConfig(max_output_tokens=1000, usd_per_million_input=1.0, usd_per_million_output=2.0)
PAYLOAD: dict[str, object] = {"first": {}, "second": {}}


def test_an_answer_is_stored_under_its_key(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "deep" / "cache.sqlite")
    assert cache.get("k") is None
    cache.put("k", "judge", Answer("first", 10, 2))
    cache.put("k", "judge", Answer("second", 1, 1))
    assert cache.get("k") == Answer("first", 10, 2)
    cache.close()
    again = AnswerCache(tmp_path / "deep" / "cache.sqlite")
    assert again.get("k") == Answer("first", 10, 2)
    again.close()


def test_batches_in_progress_are_recorded(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "cache.sqlite")
    cache.add_batch("b2", ["x"])
    cache.add_batch("b1", ["y", "z"])
    assert cache.open_batches() == {"b1": ["y", "z"], "b2": ["x"]}
    cache.end_batch("b1")
    assert cache.open_batches() == {"b2": ["x"]}
    cache.close()


def write_many(path: Path, first: int) -> None:
    cache = AnswerCache(path)
    for number in range(first, first + 300):
        cache.put(str(number), "judge", Answer(str(number), 1, 1))
    cache.close()


def test_two_builds_can_share_a_cache_concurrently(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(path, first)) for first in (0, 200)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    cache = AnswerCache(path)
    assert all(cache.get(str(number)) == Answer(str(number), 1, 1) for number in range(500))
    cache.close()


def test_a_file_that_is_not_a_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database " * 100)
    with pytest.raises(LlmError, match=r"cannot be used: .*--cache"):
        AnswerCache(tmp_path / "file")
    with pytest.raises(LlmError, match="cannot be used"):
        AnswerCache(tmp_path / "file" / "below")


def test_a_failed_write_to_the_cache_is_reported(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "cache.sqlite")
    with sqlite3.connect(tmp_path / "cache.sqlite") as other:
        other.execute("DROP TABLE answers")
    other.close()
    with pytest.raises(LlmError, match=r"Cannot write to the cache .*: no such table"):
        cache.put("k", "judge", Answer("", 1, 1))
    cache.close()


def test_the_meter_stops_before_the_limit() -> None:
    # A request of 1,000 tokens costs at most 0.001 + 0.002 dollars.
    meter = Meter(CONFIG, max_cost_usd=0.0061)
    first, second = meter.reserve(1000), meter.reserve(1000)
    with pytest.raises(BudgetError, match=r"Stopped before the budget of 0.01 USD"):
        meter.reserve(1000)
    meter.release(first)
    meter.pay("judge", Answer("", 1000, 100))
    assert meter.cost_usd == pytest.approx(0.0012)
    with pytest.raises(BudgetError):
        meter.reserve(1000)
    meter.release(second)
    assert meter.reserve(1000) == pytest.approx(0.003)
    assert Meter(CONFIG).reserve(10**9) > 0, "no limit"


def test_the_limit_shrinks_once_per_window_and_grows_back() -> None:
    async def run() -> list[float]:
        limiter = AdaptiveLimiter(10)
        seen = [limiter.limit]
        limiter.record_overload(0.0)
        limiter.record_overload(0.0)
        seen.append(limiter.limit)
        for _ in range(100):
            limiter.record_success()
        return [*seen, limiter.limit]

    assert asyncio.run(run()) == [10.0, 7.0, 10.0]


def test_the_limiter_caps_concurrent_requests_and_respects_pauses() -> None:
    async def run() -> tuple[int, float]:
        limiter = AdaptiveLimiter(3)
        active = most = 0

        async def request() -> None:
            nonlocal active, most
            async with limiter.slot():
                active += 1
                most = max(most, active)
                await asyncio.sleep(0.01)
                active -= 1

        await asyncio.gather(*(request() for _ in range(12)))
        limiter.record_overload(0.2)
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with limiter.slot():
            return most, loop.time() - start

    most, waited = asyncio.run(run())
    assert most == 3
    assert waited >= 0.19


def test_the_key_covers_everything_that_determines_the_answer() -> None:
    first = make_request(JUDGE, PAYLOAD, 0, CONFIG)
    assert make_request(JUDGE, dict(reversed(PAYLOAD.items())), 0, CONFIG).key == first.key
    others = [
        make_request(JUDGE, {**PAYLOAD, "x": 1}, 0, CONFIG),
        make_request(JUDGE, PAYLOAD, 1, CONFIG),
        make_request(JUDGE, PAYLOAD, 0, CONFIG.model_copy(update={"model": "other"})),
        make_request(JUDGE, PAYLOAD, 0, CONFIG.model_copy(update={"temperature": 0.5})),
    ]
    assert len({request.key for request in [first, *others]}) == 5
    assert make_request(JUDGE, PAYLOAD, 0, CONFIG.model_copy(update={"connections": 2})).key == first.key
    assert others[1].body["temperature"] > first.body["temperature"]


def test_each_shape_has_its_response_format() -> None:
    request = make_request(JUDGE, PAYLOAD, 0, CONFIG)
    assert request.shaped("json_schema")["response_format"]["json_schema"]["strict"] is True
    assert request.shaped("json_object")["response_format"] == {"type": "json_object"}
    assert "response_format" not in request.shaped("text")


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({}, 0, 0),
        ({"retry-after": "2"}, 2, 2),
        ({"retry-after": "0.05"}, 0.05, 0.05),
        ({"retry-after-ms": "250"}, 0.25, 0.25),
        ({"retry-after": "soon"}, 0, 0),
        ({"retry-after": "-5"}, 0, 0),
        ({"retry-after": "100000"}, 60, 60),
    ],
)
def test_retry_after_in_seconds(headers: dict[str, str], low: float, high: float) -> None:
    assert low <= retry_after(headers) <= high


@pytest.mark.parametrize(("seconds", "low", "high"), [(30, 20, 31), (-30, 0, 0), (9000, 60, 60)])
def test_retry_after_as_a_date(seconds: int, low: float, high: float) -> None:
    assert low <= retry_after({"retry-after": formatdate(time() + seconds, usegmt=True)}) <= high


def test_completions_are_read_with_and_without_content_and_usage() -> None:
    whole = {"choices": [{"message": {"content": "yes"}}], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}
    assert read_completion(whole, 5) == Answer("yes", 7, 2)
    bare = read_completion({"choices": [{"message": {"content": None}}]}, 5)
    assert (bare.text, bare.input_tokens) == ("", 5)


@pytest.mark.parametrize(
    "reply",
    [
        {"error": "x"},
        {"choices": []},
        {"choices": [None]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": [7]}}]},
        {"choices": [{"message": {"content": "yes", "tool_calls": [7]}}]},
        ["yes"],
        None,
    ],
)
def test_a_malformed_completion_is_an_error(reply: Any) -> None:
    with pytest.raises(ValueError, match="not a chat completion"):
        read_completion(reply, 5)


def test_an_estimate_counts_requests_and_tokens(tmp_path: Path) -> None:
    path = write_catalogue(tmp_path / "tools.jsonl", jobs=12)
    tools = read_tools(open_source(f"toolbench:{path}"), Funnel(), silent)  # type: ignore[arg-type]
    lines = {line.task: line for line in estimate(tools, BuildConfig(), SentenceEncoder())}
    assert list(lines) == ["understand", "judge", "align", "write", "verify"]
    assert lines["understand"].requests == len(tools) == 48
    assert lines["understand"].most == 48
    assert lines["judge"].most >= lines["judge"].requests
    assert 12 * 3 <= lines["judge"].requests <= 48 * 5
    assert 8 * 5 <= lines["write"].requests <= 16 * 5
    assert lines["verify"].requests == lines["write"].requests * 10
    assert all(line.input_tokens > 100 * line.requests > 0 for line in lines.values())
    assert [line.requests for line in estimate([], BuildConfig(), SentenceEncoder())] == [0] * 5


@pytest.mark.parametrize(
    ("llm", "mode", "catalogue", "others", "message"),
    [
        (
            None,
            "online",
            "toolbench",
            ["base_url", "dry_run"],
            r"--base-url, --dry-run can be used only with a language model.*Add --llm MODEL",
        ),
        (" ", "online", "toolbench", [], r"--llm is empty. Name a model"),
        ("gpt", "odd", "toolbench", [], r"value 'odd' for --llm-transport. Allowed values: online, batch"),
        ("gpt", "online", "builtin", [], r"Catalogues of services need no language model"),
    ],
)
def test_invalid_combinations_of_options_are_refused(
    tmp_path: Path, llm: str | None, mode: str, catalogue: str, others: list[str], message: str
) -> None:
    (tmp_path / "tools.jsonl").write_text("")
    source = open_source("builtin" if catalogue == "builtin" else f"toolbench:{tmp_path / 'tools.jsonl'}")
    with pytest.raises(ConfigError, match=message):
        check_llm(llm, mode, source, others)


def test_the_default_endpoint_needs_a_key(tmp_path: Path) -> None:
    endpoint = Endpoint(None, None, "online", tmp_path / "cache.sqlite", None)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"), open_model(endpoint, BuildConfig(), silent):
        pass
    assert "secret-key" not in repr(Endpoint(None, "secret-key", "online", tmp_path, None))


def test_a_missing_library_is_named() -> None:
    assert import_extra("json", "builder", "Reading") is json
    with pytest.raises(
        MissingExtraError, match=r"Flying needs no_such_module. Install it with: pip install 'petoolbench\[wings\]'"
    ):
        import_extra("no_such_module", "wings", "Flying")
