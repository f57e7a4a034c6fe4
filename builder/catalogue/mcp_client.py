"""Minimal MCP client that asks a server for its tools over stdio.

Messages are JSON-RPC, one per line. Time and amount of output are limited, and the server is always stopped. Output
lines that are not JSON objects are ignored, since many servers print a banner to the same stream.
"""

from __future__ import annotations

import json
import os
import selectors
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn

from builder.errors import CatalogueError
from metrics.redaction import secret_options, secret_variables, without_keys, without_secret_options

from .documents import as_object, as_text

PROTOCOL: Final = "2025-06-18"
"""Version of the MCP specification."""
SECONDS: Final = 30.0
"""Default timeout of the whole session."""
MAX_BYTES: Final = 64 * 2**20
"""Limit on the output of a server."""
_EXIT_SECONDS: Final = 1.0
"""Time that a server has to exit after its input is closed, and again after SIGTERM."""
_MAX_MESSAGE: Final = 4096
"""Limit on a sent message, in bytes. A pipe writes a message up to this size as a whole or not at all."""
_METHOD_NOT_FOUND: Final = -32601
"""JSON-RPC error code."""
_EXPECTED: Final = "a command that runs an MCP server on its standard input and output"


def list_server_tools(command: str, seconds: float = SECONDS) -> dict[str, Any]:
    """Start a server, request its list of tools and stop it.

    Args:
        command: Command line of the server. It is split as a shell would, but run without a shell.
        seconds: Timeout of the whole session.

    Returns:
        `tools`, and `serverInfo` and `instructions` if the server sends them.

    Raises:
        CatalogueError: If the server cannot be started, does not answer in time or violates the protocol.
    """
    with _Server(command, seconds) as server:
        client = {"name": "petoolbench", "version": "1"}
        handshake = server.request(
            "initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client}
        )
        server.send({"method": "notifications/initialized"})
        tools = _all_pages(server)
    return {"tools": tools} | {key: handshake[key] for key in ("serverInfo", "instructions") if key in handshake}


def _all_pages(server: _Server) -> list[Any]:
    """Return the tools of all pages of `tools/list`."""
    tools: list[Any] = []
    cursors: set[str] = set()
    cursor: object = None
    while True:
        page = server.request("tools/list", {"cursor": cursor} if cursor else {})
        if not isinstance(page.get("tools"), list):
            server.fail("its answer to tools/list has no list of tools")
        tools += page["tools"]
        cursor = page.get("nextCursor")
        if not isinstance(cursor, str) or not cursor:
            return tools
        if cursor in cursors:
            server.fail("it returned the same page of tools twice")
        cursors.add(cursor)


class _Server:
    """Running server process; a context manager that stops it on exit."""

    def __init__(self, command: str, seconds: float) -> None:
        self._command = command
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._buffer = bytearray()
        self._bytes_read = 0
        self._request_id = 0
        try:
            self._process = subprocess.Popen(  # noqa: S603  (the command is the user's, and is run without a shell)
                shlex.split(command),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError, IndexError) as error:
            reason = without_keys(str(error), *secret_options(command))
            raise CatalogueError(
                Path(without_secret_options(command)), f"cannot be started ({reason})", _EXPECTED
            ) from None
        assert self._process.stdin
        assert self._process.stdout
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdin.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)

    def __enter__(self) -> _Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server: close its input, then send SIGTERM, then SIGKILL, to it and its child processes."""
        self._selector.close()
        with suppress(OSError):
            self._stdin.close()
        for stop_signal in (signal.SIGTERM, signal.SIGKILL):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_EXIT_SECONDS)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, stop_signal)
        self._process.wait()
        self._stdout.close()

    def fail(self, problem: str) -> NoReturn:
        """Raise a `CatalogueError` that names the command.

        Raises:
            CatalogueError: Always.
        """
        raise CatalogueError(Path(without_secret_options(self._command)), problem, _EXPECTED)

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return its result. Requests that the server sends meanwhile are answered.

        Raises:
            CatalogueError: If there is no result in time.
        """
        self._request_id += 1
        self.send({"id": self._request_id, "method": method, "params": params})
        while True:
            message = self._next_message()
            if "method" in message:
                if "id" in message:
                    self._answer(message)
            elif message.get("id") == self._request_id:
                break
        if not isinstance(message.get("result"), dict):
            text = as_text(as_object(message.get("error")).get("message"))
            keys = (*secret_options(self._command), *secret_variables(os.environ))
            reason = without_keys(text, *keys)
            self.fail(f"it refuses {method} ({reason[:200] or 'no reason given'})")
        return dict(message["result"])

    def send(self, message: dict[str, Any]) -> None:
        """Send a message.

        Raises:
            CatalogueError: If the message is too long, or the server does not read it.
        """
        data = json.dumps({"jsonrpc": "2.0"} | message).encode() + b"\n"
        if len(data) > _MAX_MESSAGE:
            self.fail(f"it requires a message of more than {_MAX_MESSAGE:,} bytes from the client")
        try:
            os.write(self._stdin.fileno(), data)
        except BlockingIOError:
            self.fail("it does not read its input")
        except OSError:
            # The server has closed its input. What it wrote before may say why, and is read next.
            if not self._selector.select(0):
                self._fail_closed()

    def _answer(self, message: dict[str, Any]) -> None:
        """Answer a request of the server: `ping` with a result, any other method with an error."""
        if message["method"] == "ping":
            self.send({"id": message["id"], "result": {}})
        else:
            error = {"code": _METHOD_NOT_FOUND, "message": "this client only lists tools"}
            self.send({"id": message["id"], "error": error})

    def _next_message(self) -> dict[str, Any]:
        while True:
            try:
                message = json.loads(self._next_line())
            except (ValueError, RecursionError):
                continue
            if isinstance(message, dict):
                return message

    def _next_line(self) -> bytes:
        while b"\n" not in self._buffer:
            remaining = self._deadline - time.monotonic()
            if remaining <= 0 or not self._selector.select(remaining):
                self.fail(f"it does not answer within {self._seconds:g} s")
            data = os.read(self._stdout.fileno(), 2**16)
            if not data:
                self._fail_closed()
            self._bytes_read += len(data)
            if self._bytes_read > MAX_BYTES:
                self.fail(f"it writes more than {MAX_BYTES // 2**20} MiB")
            self._buffer += data
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer[:] = rest
        return line

    def _fail_closed(self) -> NoReturn:
        """Raise a `CatalogueError` for a closed stream, with the exit status if the server has exited."""
        with suppress(subprocess.TimeoutExpired):
            self.fail(f"it exited with status {self._process.wait(_EXIT_SECONDS)}")
        self.fail("it closed its input or output")
