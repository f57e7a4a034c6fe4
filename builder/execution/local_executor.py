"""Local execution of partitions, in this process or in worker processes.

If a worker process is killed, only the partition that it was writing is lost, and another worker writes it again.
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
from builder.single_threads import single_threads

from .checkpoint import PartitionResult
from .partition_writer import ATTEMPTS, PartitionJob, PartitionWriter, given_up
from .partitions import Partition
from .split_progress import SplitProgress

_POLL_S: Final = 0.5
"""Seconds between two polls of the workers."""


def make_here(
    job: PartitionJob, partitions: Sequence[Partition], encoder: SentenceEncoder, progress: Progress
) -> Iterator[tuple[Partition, PartitionResult]]:
    """Write partitions in this process, in order.

    Args:
        job: Input that all partitions share.
        partitions: The partitions.
        encoder: Sentence encoder and tokenizer.
        progress: Progress callback.

    Yields:
        Each partition with the counts of what was written.
    """
    writer = PartitionWriter(job, encoder)
    reported = SplitProgress(partitions, [0] * len(partitions), progress)
    for place, partition in enumerate(partitions):
        yield partition, writer.write(partition, reported.of(place))


def make_in_workers(
    job: PartitionJob, partitions: Sequence[Partition], workers: int, progress: Progress
) -> Iterator[tuple[Partition, PartitionResult]]:
    """Write partitions in worker processes; yields them in the order in which they finish.

    Args:
        job: Input that all partitions share.
        partitions: The partitions.
        workers: Number of processes.
        progress: Progress callback.

    Yields:
        Each partition with the counts of what was written.

    Raises:
        BuildError: If the worker of one partition dies repeatedly.
    """
    # Without a lock, since a worker that is killed while holding it would block all others: each partition has a slot.
    counts = multiprocessing.get_context("spawn").RawArray("q", len(partitions))
    reported = SplitProgress(partitions, counts, progress)
    # The largest first, so that no worker is left alone with one at the end.
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
            for worker in _ready(pool):
                place, worker.place = worker.place, None
                assert place is not None, "only a busy worker answers"
                result = worker.answer()
                if result is not None:
                    yield partitions[place], result
                    continue
                if attempts[place] == ATTEMPTS:
                    raise given_up(partitions[place])
                waiting.appendleft(place)
                pool[pool.index(worker)] = _Worker(job, counts)
            reported.report_all()
    finally:
        for worker in pool:
            worker.end()


class _Worker:
    """A process that writes partitions.

    Args:
        job: Input that all partitions share.
        counts: Shared counts of users, by position of the partition.
    """

    def __init__(self, job: PartitionJob, counts: MutableSequence[int]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.place: int | None = None
        """Position of the partition that it is writing; None while idle."""
        self._process = context.Process(target=_work, args=(job, counts, other), daemon=True)
        with single_threads():
            self._process.start()
        # Only the worker holds its end of the pipe now, so that its death closes the pipe.
        other.close()

    def begin(self, partition: Partition) -> None:
        """Start to write a partition."""
        try:
            self.connection.send((self.place, partition))
        except OSError:  # the worker is dead; `answer` reports it
            return

    def answer(self) -> PartitionResult | None:
        """Return the result of the partition; None if the worker died.

        Raises:
            Exception: If the worker raised it.
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
        """Stop the process, even in the middle of a partition."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _ready(pool: Sequence[_Worker]) -> list[_Worker]:
    """Wait for busy workers that have finished or died."""
    ready = wait([worker.connection for worker in pool if worker.place is not None], _POLL_S)
    return [worker for worker in pool if worker.connection in ready]


def _work(job: PartitionJob, counts: MutableSequence[int], connection: Connection) -> None:
    """Main loop of a worker: write partitions until the pipe is closed."""
    writer = PartitionWriter(job, SentenceEncoder())
    while True:
        try:
            place, partition = connection.recv()
        except EOFError:
            return
        answer = writer.answer(partition, _reporter(counts, place))
        with suppress(BrokenPipeError):  # the build is gone
            connection.send(answer)


def _reporter(counts: MutableSequence[int], place: int) -> Callable[[int], None]:
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in a worker"

    def report(users: int) -> None:
        counts[place] = users
        if not parent.is_alive():
            sys.exit("The build that this worker belongs to was killed.")

    return report
