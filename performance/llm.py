"""Throughput and memory of asking a model, against the test server with a latency.

python -m benchmarks llm --requests 20000 --latency 0.2 --connections 64
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import openai

from builder.config import LlmConfig
from builder.llm.answer_cache import AnswerCache
from builder.llm.builder_tasks import JUDGE
from builder.llm.engine import Settings
from builder.llm.meter import Meter
from builder.llm.online import OnlineEngine
from builder.llm.request import make_request

from .results_table import Row


def payload(index: int) -> dict[str, object]:
    """Two tools to compare, never the same twice."""
    tool = {
        "functionality": "get the weather of a city",
        "documentation": "Weather of a city by name.",
        "inputs": ["city"],
    }
    return {"first": {**tool, "number": index}, "second": tool}


def peak() -> float:
    """Largest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    """Memory of this process now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024**2


def ours(base_url: str, config: LlmConfig, cache: Path, start: int, count: int) -> float:
    """Seconds for some requests by the builder's engine."""
    kept = AnswerCache(cache)
    engine = OnlineEngine(Settings(base_url, "any", config, kept, Meter(config), lambda *_: None))
    began = time.perf_counter()
    replies = engine.complete_all(JUDGE, [payload(start + index) for index in range(count)])
    seconds = time.perf_counter() - began
    kept.close()
    assert len(replies) == count
    return seconds


def sequential(base_url: str, config: LlmConfig, count: int) -> float:
    """Seconds for some requests one after the other, by the client library alone."""
    with openai.OpenAI(base_url=base_url, api_key="any") as client:
        began = time.perf_counter()
        for index in range(count):
            request = make_request(JUDGE, payload(-1 - index), 0, config)
            client.chat.completions.create(**request.shaped("json_schema"))
        return time.perf_counter() - began


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--connections", type=int, default=64)


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """The client library alone, and the builder's engine; at the end, what stays in memory."""
    config = LlmConfig(model="test-model", connections=given.connections)
    command = [sys.executable, "-m", "tests.fakes.openai.server", "--port", "0", "--latency", str(given.latency)]
    command += ["--script", "tests.fakes.openai.builder_script:reply"]

    def row(what: str, count: int, seconds: float, ideal: float, bound: str = "") -> Row:
        beside = f"{100 * count / seconds / ideal:.0f} % of the ideal"
        said = f"{seconds:.1f} s, {count / seconds:.1f} a second"
        return Row(f"ask: {what}", f"{count:,} requests of {given.latency} s", said, peak(), beside, bound)

    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert server.stdout is not None
        base_url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        try:
            ideal = 1 / given.latency
            yield row("the client library, one after the other", 50, sequential(base_url, config, 50), ideal)
            ideal *= given.connections
            done = 0
            for count in (given.requests // 10, given.requests - given.requests // 10):
                seconds = ours(base_url, config, Path(folder) / "cache.sqlite", done, count)
                done += count
                yield row(f"ours, {given.connections} at once", count, seconds, ideal, "90 %")
            before = resident()
            for _ in range(10):  # what is left when payloads and replies are gone
                ours(base_url, config, Path(folder) / "cache.sqlite", done, given.requests // 10)
                done += given.requests // 10
            said = f"{before:.0f} MiB before, {resident():.0f} after"
            yield Row("ask: memory", f"{given.requests:,} requests in ten parts", said)
        finally:
            server.terminate()
