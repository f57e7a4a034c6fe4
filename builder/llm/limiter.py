"""Adaptive limit on the number of concurrent requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_DECREASE: Final = 0.7
"""Factor by which the limit shrinks when the endpoint reports overload."""
_WINDOW_S: Final = 1.0
"""Seconds within which several overload reports count as one, because they have the same cause."""


class AdaptiveLimiter:
    """Limit on concurrent requests: shrinks when the endpoint reports overload and grows with each success.

    Args:
        most: Maximum number of concurrent requests, at least 1.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self.limit = float(most)
        """Number of requests that may currently run concurrently, 1 to `most`."""
        self._active = 0
        self._paused_until = 0.0
        self._shrunk_at = -_WINDOW_S
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait until a request may be sent, and hold its slot until the context ends."""
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

    def record_success(self) -> None:
        """Record that the endpoint answered a request."""
        self.limit = min(self._most, self.limit + 1 / self.limit)

    def record_overload(self, retry_after: float) -> None:
        """Record that the endpoint reported overload.

        Args:
            retry_after: Seconds during which no request may be sent; 0 if the endpoint gave no duration.
        """
        now = asyncio.get_running_loop().time()
        self._paused_until = max(self._paused_until, now + retry_after)
        if now - self._shrunk_at >= _WINDOW_S:
            self._shrunk_at = now
            self.limit = max(1.0, self.limit * _DECREASE)
