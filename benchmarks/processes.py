"""Time and memory of a piece of work with all the processes that it starts, whoever waits for them."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.processes import tree

_FIRST_LOOK_S: Final = 0.02
_LOOK_S: Final = 0.5
"""Seconds between two looks at the processes: few at first, so that short work is seen too."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """What a piece of work took."""

    seconds: float
    cpu_seconds: float
    """Of all its processes, but for what each did after the last look at it."""
    peak_mib: float
    """Most memory that all held at once; what several share is counted once."""


def measure(work: Callable[..., object], *arguments: Any) -> Cost:
    """Do a piece of work in a process of its own.

    Args:
        work: A function of a module, so that the process finds it.
        arguments: What it is called with.

    Raises:
        RuntimeError: If it fails.
    """
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    start = time.perf_counter()
    process.start()
    cpu: dict[int, float] = {}
    peak, pause = 0.0, _FIRST_LOOK_S
    while process.is_alive():
        held = 0.0
        for pid in tree(process.pid or 0):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                cpu[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:  # it has just ended
                continue
            held += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
        peak = max(peak, held)
        process.join(pause)
        pause = min(_LOOK_S, 1.1 * pause)
    seconds = time.perf_counter() - start
    if process.exitcode:
        raise RuntimeError(f"The work ended with {process.exitcode}.")
    return Cost(seconds, sum(cpu.values()), peak)
