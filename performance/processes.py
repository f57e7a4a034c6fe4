"""Time and memory of a piece of work with all the processes that it starts, whoever waits for them."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from tests.processes import tree

_Result = TypeVar("_Result")
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


def measure(work: Callable[..., _Result], *arguments: Any) -> tuple[_Result, Cost]:
    """Do a piece of work in a process of its own.

    Args:
        work: A function of a module, so that the process finds it.
        arguments: What it is called with.

    Returns:
        What it returned, and what it took, the start of the process included.

    Raises:
        RuntimeError: If it fails; the process has printed why.
    """
    spawn = multiprocessing.get_context("spawn")
    told, telling = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_tell, args=(telling, work, arguments))
    start = time.perf_counter()
    process.start()
    telling.close()  # the process alone holds it now, so that its end is seen
    cpu: dict[int, float] = {}
    peak, pause = 0.0, _FIRST_LOOK_S
    while not told.poll(pause):
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
        pause = min(_LOOK_S, 1.1 * pause)
    seconds = time.perf_counter() - start
    try:
        result: _Result = told.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"The work ended with {process.exitcode}; why stands above.") from None
    process.join()
    return result, Cost(seconds, sum(cpu.values()), peak)


def _tell(telling: Connection, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    telling.send(work(*arguments))
