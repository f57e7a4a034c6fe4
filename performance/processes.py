"""Time and memory of a function call, including all processes that it starts."""

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
_FIRST_SAMPLE_S: Final = 0.02
_SAMPLE_S: Final = 0.5
"""Seconds between two samples. The interval starts at `_FIRST_SAMPLE_S` so that short calls are sampled too."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Time and memory of a call."""

    seconds: float
    cpu_seconds: float
    """CPU time of all processes, each up to its last sample."""
    peak_mib: float
    """Peak of the total memory of all processes. Shared memory is counted once."""


def measure(work: Callable[..., _Result], *arguments: Any) -> tuple[_Result, Cost]:
    """Call a function in a new process, and measure the process and all its descendants.

    Args:
        work: A function of a module, which the new process can import.
        arguments: Positional arguments of the call.

    Returns:
        The result of the call and its cost, including the start of the process.

    Raises:
        RuntimeError: If the call fails. The process prints the traceback.
    """
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_send_result, args=(sender, work, arguments))
    start = time.perf_counter()
    process.start()
    sender.close()  # only the new process holds it now, so recv() raises EOFError if that process dies
    samples = _Samples()
    pause = _FIRST_SAMPLE_S
    while not receiver.poll(pause):
        samples.add(process.pid or 0)
        pause = min(_SAMPLE_S, 1.1 * pause)
    seconds = time.perf_counter() - start
    try:
        result: _Result = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"The call failed with exit code {process.exitcode}. Its traceback is above.") from None
    process.join()
    return result, Cost(seconds, sum(samples.cpu_seconds.values()), samples.peak_mib)


class _Samples:
    """Samples of a tree of processes."""

    def __init__(self) -> None:
        self.cpu_seconds: dict[int, float] = {}
        """CPU time at the last sample, by process id."""
        self.peak_mib = 0.0

    def add(self, root: int) -> None:
        """Take a sample of a process and all its descendants."""
        total = 0.0
        for pid in tree(root):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                self.cpu_seconds[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:  # the process has just ended
                continue
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
        self.peak_mib = max(self.peak_mib, total)


def _send_result(sender: Connection, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    sender.send(work(*arguments))
