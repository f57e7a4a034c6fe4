"""Execution of partitions on a Ray cluster, or on a local cluster that is started for the build.

Ray Data sends the partitions to a pool of actors. An actor that dies is restarted and its partition is written again.
The actors write the files themselves: all machines of the cluster must see the folder of the data set under the same
path, and have the same version of this distribution.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from builder.embedding import SentenceEncoder
from builder.errors import BuildError, ConfigError
from builder.extras import import_extra
from builder.progress import Progress

from .checkpoint import Checkpoint, PartitionResult
from .partition_writer import ATTEMPTS, PartitionJob, PartitionWriter, given_up
from .partitions import Partition
from .split_progress import SplitProgress

_PURPOSE: Final = "The engine ray"
_LOCAL: Final[Mapping[str, Any]] = {
    # On a machine with two logical processors Ray Data waits forever for a free slot.
    "num_cpus": 4,
    "include_dashboard": False,
    # Only partition numbers and counts are transferred.
    "object_store_memory": 100 * 2**20,
}
_REACHED_S: Final = 10.0
"""Timeout in seconds for a connection to the head of a cluster."""
_SHARE: Final = 0.1
"""Logical processors that Ray reserves for an actor of the local cluster; small, so that any number of them fits."""


def make_on_ray(
    job: PartitionJob, partitions: Sequence[Partition], workers: int, address: str | None, progress: Progress
) -> Iterator[tuple[Partition, PartitionResult]]:
    """Write partitions on a cluster; yields them in the order in which they finish.

    Args:
        job: Input that all partitions share.
        partitions: The partitions.
        workers: Number of actors.
        address: Of the cluster's head, `HOST:PORT` or `ray://HOST:PORT`; None to start one here.
        progress: Progress callback, called when a partition finishes.

    Yields:
        Each partition with the counts of what was written.

    Raises:
        MissingExtraError: If Ray is not installed.
        ConfigError: If no cluster answers at the address.
        BuildError: If the actor of one partition dies repeatedly, or the cluster stops.
    """
    ray, data = import_extra("ray", "ray", _PURPOSE), import_extra("ray.data", "ray", _PURPOSE)
    reported = SplitProgress(partitions, [0] * len(partitions), progress)
    with Checkpoint(job.folders, job.key).aside() as aside:
        # A file, since a restarted actor must find it even if the objects in memory are lost.
        job_file = aside.private / "job"
        job_file.write_bytes(pickle.dumps(job))
        _connect(ray, address)
        try:
            context = data.DataContext.get_current()
            context.enable_progress_bars = False
            rows = [{"place": place, "partition": pickle.dumps(item)} for place, item in enumerate(partitions)]
            answers = data.from_items(rows, override_num_blocks=len(rows)).map(
                _Actor,
                fn_constructor_args=(str(job_file),),
                compute=data.ActorPoolStrategy(size=min(workers, len(partitions))),
                num_cpus=1 if address else _SHARE,
            )
            for row in answers.iter_rows():
                answer = pickle.loads(row["answer"])  # noqa: S301 - our own actor wrote it
                if isinstance(answer, Exception):
                    raise answer
                reported.of(row["place"])(answer.users)
                yield partitions[row["place"]], answer
        except ray.exceptions.RayError as error:
            raise BuildError(
                f"Ray stopped: {str(error).strip().splitlines()[-1]} Use fewer --workers, or inspect the logs of Ray. "
                "The same command resumes the build."
            ) from error
        finally:
            ray.shutdown()


def _connect(ray: Any, address: str | None) -> None:
    # No usage statistics.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # The build reports progress itself.
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    given = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        ray.init(address="local", **given, **_LOCAL)
        return
    try:
        host, _, port = address.removeprefix("ray://").rpartition(":")
        # Ray itself would retry for minutes.
        socket.create_connection((host, int(port)), timeout=_REACHED_S).close()
        ray.init(address=address, **given)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"No Ray cluster answers at {address!r}: {' '.join(str(error).split())}. Set --ray-address to HOST:PORT of "
            "a running head node, or leave it out to start a cluster on this machine."
        ) from error


class _Actor:
    """Actor that writes partitions; Ray restarts it whenever it dies.

    Args:
        job_file: File of the pickled job.
    """

    def __init__(self, job_file: str) -> None:
        job: PartitionJob = pickle.loads(Path(job_file).read_bytes())  # noqa: S301 - our own build wrote it
        self._writer = PartitionWriter(job, SentenceEncoder())
        self._job_file = job_file

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Write a partition; returns its pickled result, or the exception that was raised."""
        partition = pickle.loads(row["partition"])  # noqa: S301 - our own build wrote it
        # A file survives a killed actor: one byte for each attempt at the partition.
        with Path(f"{self._job_file}-{row['place']}").open("ab") as attempts:
            attempts.write(b".")
            count = attempts.tell()
        answer = given_up(partition) if count > ATTEMPTS else self._writer.answer(partition, lambda _: None)
        return {"place": row["place"], "answer": pickle.dumps(answer)}
