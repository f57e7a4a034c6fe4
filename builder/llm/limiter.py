"""How many requests are under way at once: as many as the endpoint bears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_LESS: Final = 0.7
"""What is left of the limit after the endpoint complained."""
_WINDOW_S: Final = 1.0
"""Complaints within one window count as one: they are about the same moment."""


class AdaptiveLimiter:
    """A limit that shrinks when the endpoint complains and grows back, slowly, while it does not.

    Args:
        most: Largest number of requests at once, at least 1.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self.limit = float(most)
        """Requests that may be under way now."""
        self._active = 0
        self._paused_until = 0.0
        self._shrunk_at = -_WINDOW_S
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a place."""
        async with self._free:
            await self._free.wait_for(lambda: self._active < max(1, int(self.limit)))
            self._active += 1
        try:
            wait = self._paused_until - asyncio.get_running_loop().time()
            if wait > 0:
                await asyncio.sleep(wait)
            yield
        finally:
            async with self._free:
                self._active -= 1
                self._free.notify_all()

    def succeeded(self) -> None:
        """The endpoint answered."""
        self.limit = min(self._most, self.limit + 1 / self.limit)

    def complained(self, retry_after: float) -> None:
        """The endpoint asked for fewer requests.

        Args:
            retry_after: Seconds during which none is to be sent; 0 where it did not say.
        """
        now = asyncio.get_running_loop().time()
        self._paused_until = max(self._paused_until, now + retry_after)
        if now - self._shrunk_at >= _WINDOW_S:
            self._shrunk_at = now
            self.limit = max(1.0, self.limit * _LESS)
