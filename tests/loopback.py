"""Serving on loopback with aiohttp, in a thread of the test's own process or until a process is told to stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import web

STARTUP_S: Final = 30.0


async def serve(
    make: Callable[[], web.AppRunner], port: int, ready: Callable[[int], None], stop: asyncio.Event
) -> None:
    """Serve until told to stop.

    Args:
        make: Makes what is served.
        port: Where; 0 for any free port.
        ready: Is called with the port once connections are taken.
        stop: Ends it, and cancels what is open.
    """
    runner = make()
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        ready(runner.addresses[0][1])
        await stop.wait()
    finally:
        await runner.cleanup()


class Background:
    """Serves in a thread, once.

    Args:
        make: Makes what is served.
        name: Of the thread.
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
        """Serve on any free port, which is given.

        Raises:
            RuntimeError: If it does not start.
        """
        self._thread.start()
        self._ready.wait(STARTUP_S)
        if not self._port:
            self._thread.join(STARTUP_S)
            raise RuntimeError("the server did not start") from self._failure
        return self._port

    def end(self) -> BaseException | None:
        """Stop, and give what broke the server if something did."""
        assert self._loop is not None
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STARTUP_S)
        return self._failure

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                runner.run(serve(self._make, 0, self._started, self._stop))
        except BaseException as failure:  # told to the test's own thread, which raises it
            self._failure = failure
        finally:
            self._ready.set()

    def _started(self, port: int) -> None:
        self._port = port
        self._ready.set()
