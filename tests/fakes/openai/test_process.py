"""The server as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .asking import ANSWER, ask_all, question
from .faults import Faults
from .log import ABANDONED, ANSWERED
from .server import ROOT, LlmProcess, LlmServer, loaded

BODIES = [question(str(number)) for number in range(30)]
CLIENT = """
import asyncio, sys
from tests.fakes.openai.asking import ask_all, question
class Server: base_url = sys.argv[1]
asyncio.run(ask_all(Server, [question(str(number)) for number in range(30)], 5))
"""


def test_a_script_is_named_by_module_and_function() -> None:
    assert loaded("tests.fakes.openai.asking:answer")({}) == ANSWER


def test_a_process_meets_the_faults_that_a_thread_meets(tmp_path: Path) -> None:
    table = Faults(seed=9, rate_limited=0.2, truncated=0.2, dropped=0.1)
    with LlmProcess("tests.fakes.openai.asking:answer", tmp_path / "log.jsonl", faults=table) as process:
        first = asyncio.run(ask_all(process, BODIES, 8))
        assert process.log.requests == 30
    with LlmServer(loaded("tests.fakes.openai.asking:answer"), faults=table) as thread:
        assert asyncio.run(ask_all(thread, BODIES, 3)) == first
        assert process.log.done() == thread.log.done()
    assert len(set(first)) > 3


def test_a_process_outlives_its_client_and_knows_what_was_not_delivered(tmp_path: Path) -> None:
    async def wait_for(count: int, process: LlmProcess) -> None:
        while len(process.log.entries()) < count:
            await asyncio.sleep(0.02)

    with LlmProcess("tests.fakes.openai.asking:answer", tmp_path / "log.jsonl", latency=0.3, jitter=0.9) as process:
        with subprocess.Popen([sys.executable, "-c", CLIENT, process.base_url], cwd=ROOT) as killed:
            asyncio.run(asyncio.wait_for(wait_for(5, process), 30))
            os.kill(killed.pid, signal.SIGKILL)
        asyncio.run(ask_all(process, BODIES, 30))
        done = process.log.done()
        assert done[ANSWERED] >= 30
        assert 1 <= done[ABANDONED] <= 5
        assert len(process.log.answered_twice()) == done[ANSWERED] - 30


def test_the_command_line_prints_the_port_first(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.fakes.openai.server",
        "--faults",
        "standard",
        "--seed",
        "3",
        "--latency",
        "0.1",
    ]
    with subprocess.Popen(
        [*command, "--log", str(tmp_path / "log"), "--lifetime", "0.2"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert 0 < int(process.stdout.readline()) < 65536
        assert process.wait(20) == 0, "its lifetime is over"


def test_a_process_that_cannot_start_says_so(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="did not start"),
        LlmProcess("tests.fakes.openai.asking:none", tmp_path / "log"),
    ):
        pass
