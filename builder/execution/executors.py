"""Which engine makes the partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from builder.choices import one_of
from builder.embedding import SentenceEncoder
from builder.errors import ConfigError
from builder.progress import Progress

from .checkpoint import Made
from .local_executor import make_here, make_in_workers
from .partition_writer import Task
from .partitions import Partition
from .ray_executor import make_on_ray

Engine = Literal["local", "ray"]
ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)


@dataclass(frozen=True, slots=True)
class Crew:
    """Who makes the partitions.

    Raises:
        ConfigError: If there is no such engine, or an address is given to one that takes none.
    """

    engine: str = ENGINES[0]
    workers: int = 1
    """At work at once, at least 1; with 1 the local engine makes them in the process that asks."""
    ray_address: str | None = None
    """Of a cluster's head; None to start one on this machine."""

    def __post_init__(self) -> None:
        one_of("engine", self.engine, ENGINES)
        if self.ray_address and self.engine != "ray":
            raise ConfigError(f"--ray-address is for --engine ray, not for {self.engine}. Leave one of them out.")

    def make(
        self, task: Task, partitions: Sequence[Partition], encoder: SentenceEncoder, progress: Progress
    ) -> Iterator[tuple[Partition, Made]]:
        """Make partitions, in the order in which they are done.

        Args:
            task: What they are made from.
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
            return make_on_ray(task, partitions, self.workers, self.ray_address, progress)
        if self.workers == 1:
            return make_here(task, partitions, encoder, progress)
        return make_in_workers(task, partitions, self.workers, progress)


HERE: Final = Crew()
"""The process that asks, by itself."""
