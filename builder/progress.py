"""Progress callback for long operations."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of the stage, the number of finished steps, and the number of all steps (0 if unknown)."""


def no_progress(stage: str, done: int, total: int) -> None:
    """Progress callback that does nothing."""
