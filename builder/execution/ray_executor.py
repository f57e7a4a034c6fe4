"""Making partitions on a Ray cluster, or on one that is started on this machine for the purpose.

Ray Data hands the partitions to a pool of actors. An actor that dies is started again, and its partition is made anew.
The files are written where they belong by the actors themselves: all machines of the cluster must see the folder of the
data set under the same path, and have the same version of this distribution.
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
    # Ray Data waits for ever for a place on a machine of two logical processors.
    "num_cpus": 4,
    "include_dashboard": False,
    # What travels is the number of a partition there and what it came to back.
    "object_store_memory": 100 * 2**20,
}
_REACHED_S: Final = 10.0
"""Seconds within which the head of a cluster lets somebody connect."""
_SHARE: Final = 0.1
"""Of a logical processor, that an actor of the local cluster takes up, so that as many fit as are asked for."""


def make_on_ray(
    job: PartitionJob, partitions: Sequence[Partition], workers: int, address: str | None, progress: Progress
) -> Iterator[tuple[Partition, PartitionResult]]:
    """Make partitions on a cluster, in the order in which they are done.

    Args:
        job: What they are made from.
        partitions: The partitions.
        workers: Number of actors.
        address: Of the cluster's head, `HOST:PORT` or `ray://HOST:PORT`; None to start one here.
        progress: Called as each partition is done.

    Raises:
        MissingExtraError: If Ray is not installed.
        ConfigError: If there is no cluster at the address.
        BuildError: If the actor of one partition dies again and again, or the cluster does.
    """
    ray, data = import_extra("ray", "ray", _PURPOSE), import_extra("ray.data", "ray", _PURPOSE)
    told = SplitProgress(partitions, [0] * len(partitions), progress)
    with Checkpoint(job.folders, job.key).aside() as aside:
        # A file, since an actor that starts again must find it whatever became of the objects in memory.
        whole = aside.private / "task"
        whole.write_bytes(pickle.dumps(job))
        _connect(ray, address)
        try:
            context = data.DataContext.get_current()
            context.enable_progress_bars = False
            asked = [{"place": place, "partition": pickle.dumps(one)} for place, one in enumerate(partitions)]
            answers = data.from_items(asked, override_num_blocks=len(asked)).map(
                _Actor,
                fn_constructor_args=(str(whole),),
                compute=data.ActorPoolStrategy(size=min(workers, len(partitions))),
                num_cpus=1 if address else _SHARE,
            )
            for row in answers.iter_rows():
                answer = pickle.loads(row["answer"])  # noqa: S301 - our own actor wrote it
                if isinstance(answer, Exception):
                    raise answer
                told.of(row["place"])(answer.users)
                yield partitions[row["place"]], answer
        except ray.exceptions.RayError as error:
            raise BuildError(
                f"Ray gave the work up: {str(error).strip().splitlines()[-1]} Use fewer --workers, or look into "
                "Ray's own logs. The same command goes on from what is done."
            ) from error
        finally:
            ray.shutdown()


def _connect(ray: Any, address: str | None) -> None:
    # Nobody is told of a build.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Progress is told by the build itself.
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    given = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        ray.init(address="local", **given, **_LOCAL)
        return
    try:
        host, _, port = address.removeprefix("ray://").rpartition(":")
        # Ray itself would try for minutes.
        socket.create_connection((host, int(port)), timeout=_REACHED_S).close()
        ray.init(address=address, **given)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"There is no Ray cluster at {address!r}: {' '.join(str(error).split())}. Give --ray-address the HOST:PORT "
            "of a head that runs, or leave it out to start a cluster on this machine."
        ) from error


class _Actor:
    """Makes partitions where Ray puts it, which starts it again as often as it dies.

    Args:
        whole: File of the job.
    """

    def __init__(self, whole: str) -> None:
        job: PartitionJob = pickle.loads(Path(whole).read_bytes())  # noqa: S301 - our own build wrote it
        self._writer = PartitionWriter(job, SentenceEncoder())
        self._whole = whole

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Make a partition; what it came to, or what was raised."""
        partition = pickle.loads(row["partition"])  # noqa: S301 - our own build wrote it
        # A file, since it outlives whoever is killed: a byte each time that the partition is begun.
        with Path(f"{self._whole}-{row['place']}").open("ab") as begun:
            begun.write(b".")
            times = begun.tell()
        answer = given_up(partition) if times > ATTEMPTS else self._writer.answer(partition, lambda _: None)
        return {"place": row["place"], "answer": pickle.dumps(answer)}
