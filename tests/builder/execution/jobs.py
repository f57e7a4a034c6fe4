"""Jobs that end their worker, in a module of its own so that a worker that unpickles one starts quickly."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from builder.config import BuildConfig
from builder.errors import BuildError
from builder.execution.partition_writer import PartitionJob
from builder.execution.partitions import Partition
from builder.execution.staging import Folders
from builder.grouping.grouped_catalogue import GroupedCatalogue

PARTITION = Partition("train", 0, 1, 0, 10)
"""The only partition of a job: users 0 to 9 of `train`."""


class Deadly:
    """Catalogue that kills the process that asks for it."""

    def of_split(self, split: str) -> GroupedCatalogue:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError(split)


class Wrong:
    """Catalogue that cannot be had."""

    def of_split(self, split: str) -> GroupedCatalogue:
        raise BuildError(f"{split} cannot be had")


def job_of(catalogue: Deadly | Wrong, folder: Path) -> PartitionJob:
    """Return a job with a catalogue, which writes to a folder."""
    return PartitionJob(Folders(folder, folder), catalogue, BuildConfig(), "b", "k", {})  # type: ignore[arg-type]
