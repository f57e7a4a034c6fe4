"""Fake endpoint, in a thread of the test process or in a separate process that survives a killed client.

Usage:
    with LlmServer(reply, faults=Faults.standard(seed=1), latency=0.2) as server:
        client = AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0)
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from tests.loopback import Background, serve

from .app import App
from .completions import Options, Reply, Settings
from .faults import Faults
from .log import RequestLog

ROOT = Path(__file__).parents[3]
NONE = Faults()


def base_url(port: int) -> str:
    """Return the base URL of the server at a port."""
    return f"http://127.0.0.1:{port}/v1"


class LlmServer:
    """Server in a background thread. A context manager that can be entered once.

    The exit raises the first exception of the reply function, if there was one.

    Args:
        reply: Deterministic function from a request body to the text of the assistant, in the requested format.
        faults: Faults to inject; none by default.
        log_file: File to which the log is also appended, as JSON lines.
        options: Fields of `Settings`, such as latency=0.2.
    """

    def __init__(
        self,
        reply: Reply,
        *,
        faults: Faults = NONE,
        log_file: Path | None = None,
        **options: Unpack[Options],
    ) -> None:
        self.log = RequestLog(log_file)
        self.base_url = ""
        self._app = App(reply, faults, Settings(**options), self.log)
        self._served = Background(self._app.runner, "llm-server")

    @property
    def requests(self) -> int:
        """Number of HTTP requests."""
        return self.log.requests

    def __enter__(self) -> Self:
        self.base_url = base_url(self._served.start())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        failure = self._served.end()
        self.log.close()
        errors = [failure] if failure else self._app.model.script_errors
        if errors and error is None:
            raise errors[0] from None


class LlmProcess:
    """Server in a separate process, for performance measurements and for tests that kill the client.

    Args:
        script: Reply function as "module:function".
        log_file: File to which the log is appended and from which `log` reads.
        faults: Faults to inject; none by default.
        port: Port; 0 for any free one.
        lifetime_s: Seconds after which the process exits, in case the test process is killed.
        options: Fields of `Settings`, such as latency=0.2.
    """

    def __init__(
        self,
        script: str,
        log_file: Path,
        *,
        faults: Faults = NONE,
        port: int = 0,
        lifetime_s: float = 3600.0,
        **options: Unpack[Options],
    ) -> None:
        self.log_file = log_file
        self.base_url = ""
        self._command = [sys.executable, "-m", "tests.fakes.openai.server", "--script", script, "--port", str(port)]
        self._command += ["--log", str(log_file.resolve()), "--lifetime", str(lifetime_s)]
        self._command += ["--faults", json.dumps(asdict(faults)), "--settings", json.dumps(asdict(Settings(**options)))]
        self._process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> RequestLog:
        """Current content of the log file."""
        return RequestLog.read(self.log_file)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first.strip().isdigit():
            self.__exit__()
            raise RuntimeError("The server did not start. See its error output above.")
        self.base_url = base_url(int(first))
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        with self._process as process:  # closes its pipe
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def loaded(script: str) -> Reply:
    """Import the reply function given as "module:function"."""
    module, _, name = script.partition(":")
    reply: Reply = getattr(importlib.import_module(module), name)
    return reply


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM, SIGINT or the end of the lifetime. The first line of output is the port."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.openai.server", description=__doc__)
    parser.add_argument("--script", default="tests.fakes.openai.script:reply", help="reply function as module:function")
    parser.add_argument("--port", type=int, default=0, help="0 for any free port")
    parser.add_argument("--faults", default="none", help='"none", "standard", or a JSON object with fields of Faults')
    parser.add_argument("--seed", type=int, help="seed of the faults")
    parser.add_argument("--latency", type=float, help="seconds from request to reply")
    parser.add_argument("--settings", default="{}", help="JSON object with fields of Settings")
    parser.add_argument("--log", type=Path, help="file to which the log is appended")
    parser.add_argument("--lifetime", type=float, default=3600.0, help="seconds after which the server exits")
    options = parser.parse_args(arguments)
    presets = {"none": NONE, "standard": Faults.standard()}
    faults = presets.get(options.faults) or Faults(**json.loads(options.faults))
    settings = Settings(**json.loads(options.settings))
    if options.seed is not None:
        faults = replace(faults, seed=options.seed)
    if options.latency is not None:
        settings = replace(settings, latency=options.latency)
    app = App(loaded(options.script), faults, settings, log := RequestLog(options.log))
    try:
        asyncio.run(_serve_process(app, options.port, options.lifetime))
    finally:
        log.close()
    if app.model.script_errors:
        raise app.model.script_errors[0]


async def _serve_process(app: App, port: int, lifetime_s: float) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.call_later(lifetime_s, stop.set)
    await serve(app.runner, port, _print_port, stop)


def _print_port(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
