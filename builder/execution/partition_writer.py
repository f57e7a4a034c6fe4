"""Making one partition: its users, their rows, and the files that they go to."""

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
from builder.users.instances import InstanceMaker, RowMaker, SplitResources
from hf_dataset.layout import answers_file, shard, split_file
from hf_dataset.schema import HISTORY_TYPES, AnswerKey, Instance

from .checkpoint import Checkpoint, PartitionResult
from .instruction_pool import InstructionPool
from .partitions import Partition
from .staging import Folders

ATTEMPTS: Final = 3
"""How often a partition is begun before the build is given up."""
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PartitionJob:
    """What every partition of a build is made from; goes to each process that makes some."""

    folders: Folders
    """Written aside."""
    grouped: GroupedCatalogue
    config: BuildConfig
    build_id: str
    key: str
    """Of the notes of what is done."""
    shards: Mapping[str, Path]
    """Folders of shards final instructions, by split; none for a split that is a single partition."""


class PartitionWriter:
    """Makes partitions, one after the other.

    Args:
        job: What they are made from.
        encoder: Makes sentence vectors, and counts tokens.
    """

    def __init__(self, job: PartitionJob, encoder: SentenceEncoder) -> None:
        self._task = job
        self._encoder = encoder
        self._rows = RowMaker(encoder.count_tokens, job.config.candidates.distractors)
        self._resources: dict[str, tuple[GroupedCatalogue, SplitResources]] = {}

    def write(self, partition: Partition, tell: Callable[[int], None]) -> PartitionResult:
        """Make a partition, put its files in place and note it; if that fails, begin again.

        Args:
            partition: The partition.
            tell: SplitProgress the number of users made so far.

        Raises:
            BuilderError: If it cannot be made.
            Exception: Whatever the last attempt failed with.
        """
        checkpoint = Checkpoint(self._task.folders, self._task.key)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with checkpoint.aside() as aside:
                    made = self._make(partition, aside, tell)
                    checkpoint.put_in_place(aside, partition, made)
            except BuilderError:  # it would be the same again
                raise
            except Exception:
                if attempt == ATTEMPTS:
                    raise
                _log.warning("users from %d of %s are made again", partition.first, partition.split, exc_info=True)
            else:
                break
        return made

    def answer(self, partition: Partition, tell: Callable[[int], None]) -> PartitionResult | Exception:
        """What `write` gives, or what it raises, whatever that is: to be raised where the build was asked for."""
        try:
            return self.write(partition, tell)
        except Exception as error:
            return error

    def _make(self, partition: Partition, folders: Folders, tell: Callable[[int], None]) -> PartitionResult:
        job, split, funnel = self._task, partition.split, Funnel()
        grouped, resources = self._of_split(split)
        if not partition.number:
            funnel.drop("group_in_histories", "too_few_scenarios", resources.silent)
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
        made = 0
        for user in maker.users():
            ids = {name: f"{name}-{job.build_id}-{user.user_id}" for name in HISTORY_TYPES}
            own_rows = {name: self._rows.row(user, name, instance_id) for name, instance_id in ids.items()}
            if training:
                training.add(user, own_rows)
            for name, row in own_rows.items():
                writers[name].add(public_row(row) if answers else row)
                if answers:
                    answers[name].add(answer_key(row))
            made += 1
            tell(made)
        for writer in (*writers.values(), *answers.values()):
            writer.close()
        counts = {name: writer.count for name, writer in writers.items()} | (training.close() if training else {})
        return PartitionResult(made, counts, maker.loss, maker.judged, funnel)

    def _of_split(self, split: str) -> tuple[GroupedCatalogue, SplitResources]:
        """What the users of a split are made from, whichever partition they are of."""
        if split not in self._resources:
            grouped = self._task.grouped.of_split(split)
            self._resources[split] = (grouped, SplitResources(split, grouped, self._task.config, self._encoder))
        return self._resources[split]


def given_up(partition: Partition) -> BuildError:
    """What a build ends with when whoever makes a partition dies each time."""
    return BuildError(
        f"The worker that made users {partition.first} to {partition.first + partition.users - 1} of "
        f"{partition.split!r} died {ATTEMPTS} times without a word: it was killed, perhaps for want of memory. "
        "Use fewer --workers."
    )
