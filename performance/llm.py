"""Throughput and memory of requests to a language model, against a local test server with a fixed latency.

python -m performance llm --requests 20000 --latency 0.2 --connections 64
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai

from builder.llm.answer_cache import AnswerCache
from builder.llm.builder_tasks import JUDGE
from builder.llm.engine import Settings
from builder.llm.meter import Meter
from builder.llm.online import OnlineEngine
from builder.llm.request import make_request
from builder.llm_config import LlmConfig
from builder.progress import no_progress

from .results_table import Row

_SEQUENTIAL = 50
"""Requests of the sequential measurement."""


def payload(index: int) -> dict[str, object]:
    """Return a payload with two tools to compare, different for each index."""
    tool = {
        "functionality": "get the weather of a city",
        "documentation": "Weather of a city by name.",
        "inputs": ["city"],
    }
    return {"first": {**tool, "number": index}, "second": tool}


def peak() -> float:
    """Return the peak memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    """Return the current memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024**2


def ours(base_url: str, config: LlmConfig, cache: Path, start: int, count: int) -> float:
    """Send requests with the builder's engine.

    Args:
        base_url: Endpoint.
        config: Model and number of connections.
        cache: File of the answer cache.
        start: Index of the first payload.
        count: Number of requests.

    Returns:
        Seconds until all replies have arrived.
    """
    answers = AnswerCache(cache)
    engine = OnlineEngine(Settings(base_url, "any", config, answers, Meter(config), no_progress))
    start_time = time.perf_counter()
    replies = engine.complete_all(JUDGE, [payload(start + index) for index in range(count)])
    seconds = time.perf_counter() - start_time
    answers.close()
    assert len(replies) == count
    return seconds


def sequential(base_url: str, config: LlmConfig, count: int) -> float:
    """Send requests one after the other with the plain client library, and return the seconds taken."""
    with openai.OpenAI(base_url=base_url, api_key="any") as client:
        start_time = time.perf_counter()
        for index in range(count):
            request = make_request(JUDGE, payload(-1 - index), 0, config)
            client.chat.completions.create(**request.shaped("json_schema"))
        return time.perf_counter() - start_time


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("--requests", type=int, default=20_000, help="number of requests")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds from request to reply")
    parser.add_argument("--connections", type=int, default=64, help="concurrent requests")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure the throughput of the client library and of the builder's engine, then the memory growth."""
    config = LlmConfig(model="test-model", connections=given.connections)
    with _serve(given.latency) as base_url, tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache.sqlite"
        yield from _throughput(base_url, config, cache, given)
        yield _memory_growth(base_url, config, cache, given.requests)


@contextmanager
def _serve(latency: float) -> Iterator[str]:
    """Run the test server in its own process, and yield its base URL."""
    command = [sys.executable, "-m", "tests.fakes.openai.server", "--port", "0", "--latency", str(latency)]
    command += ["--script", "tests.fakes.openai.builder_script:reply"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        finally:
            server.terminate()


def _throughput(base_url: str, config: LlmConfig, cache: Path, options: argparse.Namespace) -> Iterator[Row]:
    def row(what: str, count: int, seconds: float, ideal: float, target: str = "") -> Row:
        comparison = f"{100 * count / seconds / ideal:.0f} % of the ideal"
        result = f"{seconds:.1f} s, {count / seconds:.1f} a second"
        return Row(f"ask: {what}", f"{count:,} requests of {options.latency} s", result, peak(), comparison, target)

    ideal = 1 / options.latency
    seconds = sequential(base_url, config, _SEQUENTIAL)
    yield row("the client library, one after the other", _SEQUENTIAL, seconds, ideal)
    done = 0
    for count in (options.requests // 10, options.requests - options.requests // 10):
        seconds = ours(base_url, config, cache, done, count)
        done += count
        yield row(f"ours, {options.connections} at once", count, seconds, ideal * options.connections, "90 %")


def _memory_growth(base_url: str, config: LlmConfig, cache: Path, requests: int) -> Row:
    """Measure the memory that remains after payloads and replies have been released."""
    before = resident()
    for part in range(10):
        ours(base_url, config, cache, requests + part * (requests // 10), requests // 10)
    result = f"{before:.0f} MiB before, {resident():.0f} after"
    return Row("ask: memory", f"{requests:,} requests in ten parts", result)
