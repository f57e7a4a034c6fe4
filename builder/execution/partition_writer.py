"""Write one partition: its users, their rows, and the files that contain them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.config import BuildConfig
from builder.embedding import SentenceEncoder
from builder.errors import BuilderError, BuildError
from builder.export import TableWriter, answer_key, public_row
from builder.funnel import Funnel
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.training.training_rows import TrainingWriter
from builder.users.choice_instances import ChoiceInstanceMaker, ChoiceResources
from builder.users.instances import InstanceMaker, SplitResources
from builder.users.rows import RowMaker
from hf_dataset.layout import answers_file, shard, split_file
from hf_dataset.schema import HISTORY_TYPES, AnswerKey, Instance

from .checkpoint import Checkpoint, PartitionResult
from .instruction_pool import InstructionPool
from .partitions import Partition
from .staging import Folders

ATTEMPTS: Final = 3
"""Attempts at a partition before the build fails."""
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PartitionJob:
    """Input that all partitions of a build share; sent to every worker process."""

    folders: Folders
    """Temporary folders that the build writes to."""
    grouped: GroupedCatalogue
    config: BuildConfig
    build_id: str
    key: str
    """Key of the checkpoint."""
    shards: Mapping[str, Path]
    """Folders with the partitions of the new instructions, by split; a split with a single partition has none."""


class PartitionWriter:
    """Writer of partitions, one after the other.

    Args:
        job: Input that all partitions share.
        encoder: Sentence encoder and tokenizer.
    """

    def __init__(self, job: PartitionJob, encoder: SentenceEncoder) -> None:
        self._job = job
        self._encoder = encoder
        self._rows = RowMaker(encoder.count_tokens, job.config.candidates.distractors)
        self._resources: dict[str, tuple[GroupedCatalogue, SplitResources | ChoiceResources]] = {}

    def write(self, partition: Partition, report: Callable[[int], None]) -> PartitionResult:
        """Write a partition, move its files to their final paths and record it; retry on failure.

        Args:
            partition: The partition.
            report: Called with the number of users written so far.

        Returns:
            The number of rows and users, and the counters of the partition.

        Raises:
            BuilderError: If the partition cannot be built; not retried.
            Exception: If the last attempt fails with it.
        """
        checkpoint = Checkpoint(self._job.folders, self._job.key)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with checkpoint.aside() as aside:
                    made = self._make(partition, aside, report)
                    checkpoint.put_in_place(aside, partition, made)
            except BuilderError:  # another attempt would fail in the same way
                raise
            except Exception:
                if attempt == ATTEMPTS:
                    raise
                _log.warning(
                    "writing the users from %d of %s again after a failure",
                    partition.first,
                    partition.split,
                    exc_info=True,
                )
            else:
                break
        return made

    def answer(self, partition: Partition, report: Callable[[int], None]) -> PartitionResult | Exception:
        """Return the result of `write`, or the exception it raises, so that the main process can raise it."""
        try:
            return self.write(partition, report)
        except Exception as error:
            return error

    def _make(self, partition: Partition, folders: Folders, report: Callable[[int], None]) -> PartitionResult:
        job, split, funnel = self._job, partition.split, Funnel()
        grouped, resources = self._of_split(split)
        if not partition.number:
            funnel.drop("group_in_histories", "too_few_scenarios", resources.silent)
        maker: InstanceMaker | ChoiceInstanceMaker
        if isinstance(resources, ChoiceResources):
            maker = ChoiceInstanceMaker(partition, resources, job.config, funnel)
        else:
            pool = InstructionPool(grouped, job.config, partition, job.shards.get(split))
            maker = InstanceMaker(partition, resources, pool, job.config, funnel)

        def table(folder: Path, name: str, row: type) -> TableWriter:
            return TableWriter(folder / shard(name, partition.number, partition.of), row)

        writers = {name: table(folders.public, split_file(name, split), Instance) for name in HISTORY_TYPES}
        answers = (
            {name: table(folders.private, answers_file(name), AnswerKey) for name in HISTORY_TYPES}
            if split == "test"
            else {}
        )
        training = TrainingWriter(folders.public, grouped, job.config, partition) if split == "train" else None
        users = 0
        for user in maker.users():
            ids = {name: f"{name}-{job.build_id}-{user.user_id}" for name in HISTORY_TYPES}
            own_rows = {name: self._rows.row(user, name, instance_id) for name, instance_id in ids.items()}
            if training:
                training.add(user, own_rows)
            for name, row in own_rows.items():
                writers[name].add(public_row(row) if answers else row)
                if answers:
                    answers[name].add(answer_key(row))
            users += 1
            report(users)
        for writer in (*writers.values(), *answers.values()):
            writer.close()
        counts = {name: writer.count for name, writer in writers.items()} | (training.close() if training else {})
        return PartitionResult(users, counts, maker.loss, maker.judged, funnel)

    def _of_split(self, split: str) -> tuple[GroupedCatalogue, SplitResources | ChoiceResources]:
        """Return the catalogue and resources of a split, which its partitions share."""
        if split not in self._resources:
            grouped = self._job.grouped.of_split(split)
            make = ChoiceResources if grouped.jobs else SplitResources
            self._resources[split] = (grouped, make(split, grouped, self._job.config, self._encoder))
        return self._resources[split]


def given_up(partition: Partition) -> BuildError:
    """Return the error of a build whose workers died in every attempt at a partition."""
    return BuildError(
        f"The worker that wrote users {partition.first} to {partition.first + partition.users - 1} of "
        f"{partition.split!r} died {ATTEMPTS} times without an error message. It was killed, perhaps for lack of "
        "memory. "
        "Use fewer --workers."
    )
