"""Which engine makes the partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from builder.choices import validate_choice
from builder.embedding import SentenceEncoder
from builder.errors import ConfigError
from builder.progress import Progress

from .checkpoint import PartitionResult
from .local_executor import make_here, make_in_workers
from .partition_writer import PartitionJob
from .partitions import Partition
from .ray_executor import make_on_ray

ExecutorName = Literal["local", "ray"]
EXECUTORS: Final[tuple[ExecutorName, ...]] = get_args(ExecutorName)


@dataclass(frozen=True, slots=True)
class Executor:
    """Who makes the partitions.

    Raises:
        ConfigError: If there is no such engine, or an address is given to one that takes none.
    """

    engine: str = EXECUTORS[0]
    workers: int = 1
    """At work at once, at least 1; with 1 the local engine makes them in the process that asks."""
    ray_address: str | None = None
    """Of a cluster's head; None to start one on this machine."""

    def __post_init__(self) -> None:
        validate_choice("engine", self.engine, EXECUTORS)
        if self.ray_address and self.engine != "ray":
            raise ConfigError(f"--ray-address is for --engine ray, not for {self.engine}. Leave one of them out.")

    def make(
        self, job: PartitionJob, partitions: Sequence[Partition], encoder: SentenceEncoder, progress: Progress
    ) -> Iterator[tuple[Partition, PartitionResult]]:
        """Make partitions, in the order in which they are done.

        Args:
            job: What they are made from.
            partitions: The partitions.
            encoder: Makes sentence vectors, and counts tokens; other processes have their own.
            progress: Called as the work goes on.

        Raises:
            MissingExtraError: If the engine is not installed.
            ConfigError: If the engine cannot be reached.
            BuildError: If workers die again and again.
        """
        if not partitions:
            return iter(())
        if self.engine == "ray":
            return make_on_ray(job, partitions, self.workers, self.ray_address, progress)
        if self.workers == 1:
            return make_here(job, partitions, encoder, progress)
        return make_in_workers(job, partitions, self.workers, progress)


LOCAL: Final = Executor()
"""The process that asks, by itself."""
