"""The little of an MCP client that it takes to ask a server for its tools, over its standard input and output.

Messages are JSON-RPC, one a line. The server has a bounded time and amount to say, and is ended whatever happens; lines
that are no message are passed over, since many servers greet on the same stream.
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

from .documents import as_object, as_text

PROTOCOL: Final = "2025-06-18"
SECONDS: Final = 30.0
"""Time for the whole conversation."""
MAX_BYTES: Final = 64 * 2**20
"""Most that a server may say."""
_GRACE: Final = 1.0
"""Seconds in which a server may end by itself, and after a signal."""
_MAX_MESSAGE: Final = 4096
"""Longest message that is sent, in bytes; a pipe takes it whole or not at all."""
_NO_METHOD: Final = -32601
_EXPECTED: Final = "a command that runs an MCP server on its standard input and output"


def listed_tools(command: str, seconds: float = SECONDS) -> dict[str, Any]:
    """Start a server, ask for its tools and end it.

    Args:
        command: How it is started; cut into words as a shell does, run without one.
        seconds: Time for the whole conversation.

    Returns:
        `tools`, and `serverInfo` and `instructions` where the server gives them.

    Raises:
        CatalogueError: If it cannot be started, or does not answer as it should in time.
    """
    with _Server(command, seconds) as server:
        client = {"name": "petoolbench", "version": "1"}
        hello = server.ask("initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client})
        server.tell({"method": "notifications/initialized"})
        tools: list[Any] = []
        cursors: set[str] = set()
        cursor: object = None
        while True:
            page = server.ask("tools/list", {"cursor": cursor} if cursor else {})
            if not isinstance(page.get("tools"), list):
                server.fail("its answer to tools/list has no list of tools")
            tools += page["tools"]
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str) or not cursor:
                break
            if cursor in cursors:
                server.fail("it gives the same page of tools again and again")
            cursors.add(cursor)
    return {"tools": tools} | {key: hello[key] for key in ("serverInfo", "instructions") if key in hello}


class _Server:
    """A running server; leaving the context ends it."""

    def __init__(self, command: str, seconds: float) -> None:
        self._command = command
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._buffer = bytearray()
        self._said = 0
        self._asked = 0
        try:
            self._process = subprocess.Popen(  # noqa: S603  (the user's own command, and no shell reads it)
                shlex.split(command),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError, IndexError) as error:
            raise CatalogueError(Path(command), f"cannot be started ({error})", _EXPECTED) from error
        assert self._process.stdin
        assert self._process.stdout
        self._to, self._from = self._process.stdin, self._process.stdout
        os.set_blocking(self._to.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._from, selectors.EVENT_READ)

    def __enter__(self) -> _Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the server: close its input, then ask it to end, then end it with all that it started."""
        self._selector.close()
        with suppress(OSError):
            self._to.close()
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, ending)
        self._process.wait()
        self._from.close()

    def fail(self, problem: str) -> NoReturn:
        """Give up.

        Raises:
            CatalogueError: Always.
        """
        raise CatalogueError(Path(self._command), problem, _EXPECTED)

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The result of a request; requests of the server are answered while it is waited for.

        Raises:
            CatalogueError: If there is no result in time.
        """
        self._asked += 1
        self.tell({"id": self._asked, "method": method, "params": params})
        while True:
            message = self._message()
            if "method" in message:
                if "id" in message:
                    self._answer(message)
            elif message.get("id") == self._asked:
                break
        if not isinstance(message.get("result"), dict):
            said = as_text(as_object(message.get("error")).get("message"))
            self.fail(f"it refuses {method} ({said[:200] or 'without a reason'})")
        return dict(message["result"])

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message.

        Raises:
            CatalogueError: If the server does not take it, or it is too long.
        """
        data = json.dumps({"jsonrpc": "2.0"} | message).encode() + b"\n"
        if len(data) > _MAX_MESSAGE:
            self.fail("it wants a message back that is too long")
        try:
            os.write(self._to.fileno(), data)
        except BlockingIOError:
            self.fail("it does not read its input")
        except OSError:
            self.fail(f"it ended (exit status {self._status()})")

    def _answer(self, message: dict[str, Any]) -> None:
        if message["method"] == "ping":
            self.tell({"id": message["id"], "result": {}})
        else:
            self.tell({"id": message["id"], "error": {"code": _NO_METHOD, "message": "this client only lists tools"}})

    def _message(self) -> dict[str, Any]:
        while True:
            try:
                message = json.loads(self._line())
            except (ValueError, RecursionError):
                continue
            if isinstance(message, dict):
                return message

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            left = self._deadline - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                self.fail(f"it does not answer within {self._seconds:g} s")
            data = os.read(self._from.fileno(), 2**16)
            if not data:
                self.fail(f"it ended (exit status {self._status()})")
            self._said += len(data)
            if self._said > MAX_BYTES:
                self.fail(f"it says more than {MAX_BYTES // 2**20} MiB")
            self._buffer += data
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer[:] = rest
        return line

    def _status(self) -> int | str:
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_GRACE)
        return "none yet"
