"""aiohttp servers on loopback, run in a thread of the test process or in a separate process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import web

STARTUP_S: Final = 30.0
ACCEPT_S: Final = 0.02
"""Pause before the clean-up: asyncio leaks the socket of a connection that is accepted while its server closes."""


async def serve(
    make: Callable[[], web.AppRunner], port: int, ready: Callable[[int], None], stop: asyncio.Event
) -> None:
    """Serve an application until an event is set. Open requests are then cancelled.

    Args:
        make: Factory of the application runner.
        port: Port; 0 for any free one.
        ready: Callback with the port, called when connections are accepted.
        stop: Event that ends the server.
    """
    runner = make()
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        ready(runner.addresses[0][1])
        await stop.wait()
        await asyncio.sleep(ACCEPT_S)
    finally:
        await runner.cleanup()


class Background:
    """Server in a background thread. It can be started once.

    Args:
        make: Factory of the application runner.
        name: Name of the thread.
    """

    def __init__(self, make: Callable[[], web.AppRunner], name: str) -> None:
        self._make = make
        self._port = 0
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> int:
        """Start the server on a free port.

        Returns:
            The port.

        Raises:
            RuntimeError: If the server does not start. Its cause is the original error.
        """
        self._thread.start()
        self._ready.wait(STARTUP_S)
        if not self._port:
            self._thread.join(STARTUP_S)
            raise RuntimeError("the server did not start") from self._failure
        return self._port

    def end(self) -> BaseException | None:
        """Stop the server, and return the exception that ended it early, if any."""
        assert self._loop is not None
        with suppress(RuntimeError):  # the loop is already closed
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STARTUP_S)
        return self._failure

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                runner.run(serve(self._make, 0, self._started, self._stop))
        except BaseException as failure:  # raised in the test thread by start() or by the caller of end()
            self._failure = failure
        finally:
            self._ready.set()

    def _started(self, port: int) -> None:
        self._port = port
        self._ready.set()
