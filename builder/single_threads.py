"""Worker processes whose numerical libraries use one thread each, so that they do not compete for the cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that limit the threads of numerical libraries; read when a process imports them."""


@contextmanager
def single_threads() -> Iterator[None]:
    """Let processes that start meanwhile use one thread in numerical libraries, unless the environment sets more."""
    added = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
