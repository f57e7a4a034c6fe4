"""Executors: where the partitions of a build run."""

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
    """Engine that runs a build, with its workers.

    Raises:
        ConfigError: If the engine is unknown, or an address is given to an engine that takes none.
    """

    engine: str = EXECUTORS[0]
    workers: int = 1
    """Number of concurrent workers, at least 1; with 1 the local engine runs in the calling process."""
    ray_address: str | None = None
    """Address of the head of a Ray cluster; None to start a cluster on this machine."""

    def __post_init__(self) -> None:
        validate_choice("engine", self.engine, EXECUTORS)
        if self.ray_address and self.engine != "ray":
            raise ConfigError(f"--ray-address requires --engine ray, not {self.engine}. Remove one of the two options.")

    def make(
        self, job: PartitionJob, partitions: Sequence[Partition], encoder: SentenceEncoder, progress: Progress
    ) -> Iterator[tuple[Partition, PartitionResult]]:
        """Write partitions; yields them in the order in which they finish.

        Args:
            job: Input that all partitions share.
            partitions: The partitions.
            encoder: Sentence encoder and tokenizer of this process; other processes load their own.
            progress: Progress callback.

        Yields:
            Each partition with the counts of what was written.

        Raises:
            MissingExtraError: If the engine is not installed.
            ConfigError: If the engine cannot be reached.
            BuildError: If workers die repeatedly.
        """
        if not partitions:
            return iter(())
        if self.engine == "ray":
            return make_on_ray(job, partitions, self.workers, self.ray_address, progress)
        if self.workers == 1:
            return make_here(job, partitions, encoder, progress)
        return make_in_workers(job, partitions, self.workers, progress)


LOCAL: Final = Executor()
"""Execution in the calling process."""
