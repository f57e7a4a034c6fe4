"""Time of the processor that scoring one file may take."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

SCORING_S: Final = 300.0
"""Seconds for one file. Scoring 9,000 usual replies takes less than one, and the bootstrap two."""
T = TypeVar("T")


class OverBudgetError(Exception):
    """Scoring that took too long; the message is the reason of the failure."""


class TimeBudget:
    """Time that the current thread may still spend.

    Time of the processor counts, and not that of a clock, so that other programs on the machine do not matter.

    Args:
        seconds: Seconds to spend from now.
    """

    def __init__(self, seconds: float = SCORING_S) -> None:
        self._seconds = seconds
        self._end = time.thread_time() + seconds

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """Yield items while time is left.

        Raises:
            OverBudgetError: If none is left before an item.
        """
        for item in items:
            if time.thread_time() > self._end:
                raise OverBudgetError(
                    f"Scoring was stopped after {self._seconds:g} s of computing time, because the replies are very "
                    "long. Remove what is not an answer from the predictions, and submit the file again."
                )
            yield item
