"""Making partitions in this process or in others on this machine.

When a process is killed, only the partition that it was making is lost, and made again by another one.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Final

from builder.embedding import SentenceEncoder
from builder.progress import Progress

from .checkpoint import PartitionResult
from .partition_writer import ATTEMPTS, PartitionJob, PartitionWriter, given_up
from .partitions import Partition
from .split_progress import SplitProgress

_LOOK_S: Final = 0.5
"""Seconds between two looks at how far the workers are."""


def make_here(
    job: PartitionJob, partitions: Sequence[Partition], encoder: SentenceEncoder, progress: Progress
) -> Iterator[tuple[Partition, PartitionResult]]:
    """Make partitions in this process, in order.

    Args:
        job: What they are made from.
        partitions: The partitions.
        encoder: Makes sentence vectors, and counts tokens.
        progress: Called as the work goes on.
    """
    writer = PartitionWriter(job, encoder)
    told = SplitProgress(partitions, [0] * len(partitions), progress)
    for place, partition in enumerate(partitions):
        yield partition, writer.write(partition, told.of(place))


def make_in_workers(
    job: PartitionJob, partitions: Sequence[Partition], workers: int, progress: Progress
) -> Iterator[tuple[Partition, PartitionResult]]:
    """Make partitions in processes of their own, in the order in which they are done.

    Args:
        job: What they are made from.
        partitions: The partitions.
        workers: Number of processes.
        progress: Called as the work goes on.

    Raises:
        BuildError: If the worker of one partition dies again and again.
    """
    # No lock: a worker that is killed while it holds one would stop all others. Each partition has a place of its own.
    counts = multiprocessing.get_context("spawn").RawArray("q", len(partitions))
    told = SplitProgress(partitions, counts, progress)
    # The largest first, so that nobody is left with one at the end.
    waiting = deque(sorted(range(len(partitions)), key=lambda place: -partitions[place].users))
    attempts = [0] * len(partitions)
    pool = [_Worker(job, counts) for _ in range(min(workers, len(partitions)))]
    try:
        while waiting or any(worker.place is not None for worker in pool):
            for worker in pool:
                if worker.place is None and waiting:
                    worker.place = waiting.popleft()
                    attempts[worker.place] += 1
                    worker.begin(partitions[worker.place])
            for worker in _heard(pool):
                place, worker.place = worker.place, None
                assert place is not None, "only who was asked answers"
                made = worker.answer()
                if made is not None:
                    yield partitions[place], made
                    continue
                if attempts[place] == ATTEMPTS:
                    raise given_up(partitions[place])
                waiting.appendleft(place)
                pool[pool.index(worker)] = _Worker(job, counts)
            told.tell_all()
    finally:
        for worker in pool:
            worker.end()


class _Worker:
    """A process that makes partitions.

    Args:
        job: What they are made from.
        counts: Where it says how far it is, by partition.
    """

    def __init__(self, job: PartitionJob, counts: MutableSequence[int]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.place: int | None = None
        """Of the partition that it is making."""
        self._process = context.Process(target=_work, args=(job, counts, other), daemon=True)
        self._process.start()
        # Only the worker holds its end now, so that its death is heard.
        other.close()

    def begin(self, partition: Partition) -> None:
        """Have a partition made."""
        try:
            self.connection.send((self.place, partition))
        except OSError:  # it is dead, as its answer will tell
            return

    def answer(self) -> PartitionResult | None:
        """What the partition came to; None if the worker died.

        Raises:
            Exception: What was raised in the worker.
        """
        try:
            answer: PartitionResult | Exception = self.connection.recv()
        except (EOFError, OSError):
            self.end()
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None:
        """Stop, whatever is being made."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _heard(pool: Sequence[_Worker]) -> list[_Worker]:
    """Workers that are done, or dead, of those that were asked."""
    ready = wait([worker.connection for worker in pool if worker.place is not None], _LOOK_S)
    return [worker for worker in pool if worker.connection in ready]


def _work(job: PartitionJob, counts: MutableSequence[int], connection: Connection) -> None:
    """What a worker does: makes partitions until nobody asks for more."""
    writer = PartitionWriter(job, SentenceEncoder())
    while True:
        try:
            place, partition = connection.recv()
        except EOFError:
            return
        answer = writer.answer(partition, _teller(counts, place))
        with suppress(BrokenPipeError):  # who asked is gone
            connection.send(answer)


def _teller(counts: MutableSequence[int], place: int) -> Callable[[int], None]:
    asker = multiprocessing.parent_process()
    assert asker is not None, "this is a worker"

    def tell(users: int) -> None:
        counts[place] = users
        if not asker.is_alive():
            sys.exit("The build that this worker belongs to was killed.")

    return tell
