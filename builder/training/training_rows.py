"""Writer of the training data, `sft` and `dpo`, from the rows of the training split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from builder.config import MIN_TRAINING_ROWS, BuildConfig, TrainingConfig
from builder.execution.partitions import Partition
from builder.export import TableWriter
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.randomness import generator_for
from builder.records import User
from hf_dataset.layout import TRAINING, shard, split_file
from hf_dataset.prompting import Message, messages_of
from hf_dataset.schema import HISTORY_TYPES, DpoRow, Instance, MessageRow, SftRow

from .rejected_calls import POSSIBLE, RejectedCalls, completion

_PURPOSE: Final = "training"


class TrainingWriter:
    """Writer of the training data of one partition of the training split.

    Args:
        folder: Folder of the data set.
        grouped: Tools and groups of the training split.
        config: The build's config.
        partition: The partition.
    """

    def __init__(self, folder: Path, grouped: GroupedCatalogue, config: BuildConfig, partition: Partition) -> None:
        self._config = config.training
        self._seed = config.seed_of("train")
        self._users = partition.users
        train_users = config.users.by_split()["train"]
        self._most_sft = _most_of(self._config.sft_per_config, partition, train_users)
        self._most_dpo = _most_of(self._config.dpo_per_config, partition, train_users)
        self._rejected = RejectedCalls(grouped, self._seed, partition.own, config.arguments)
        path = {name: shard(split_file(name, "train"), partition.number, partition.of) for name in TRAINING}
        self._sft = TableWriter(folder / path["sft"], SftRow)
        self._dpo = TableWriter(folder / path["dpo"], DpoRow)
        self._mixes = {name: _Mix(self._config, name, self._seed, partition.own) for name in HISTORY_TYPES}
        self._group: list[tuple[User, Mapping[str, Instance]]] = []
        self._seen = self._sft_taken = self._dpo_taken = 0

    def add(self, user: User, rows: Mapping[str, Instance]) -> None:
        """Add a user. The users of a query group must be added one after the other.

        Args:
            user: The user.
            rows: The user's row of each config, by config.
        """
        if self._group and self._group[0][0].query.name != user.query.name:
            self._write()
        self._group.append((user, rows))

    def close(self) -> dict[str, int]:
        """Write the last query group, close the files and return the number of rows of `sft` and `dpo`."""
        self._write()
        self._sft.close()
        self._dpo.close()
        return {"sft": self._sft.count, "dpo": self._dpo.count}

    def _write(self) -> None:
        """Write the rows of the current query group."""
        size = len(self._group)
        sft = self._takes(self._sft_taken, self._most_sft)
        dpo = self._takes(self._dpo_taken, self._most_dpo)
        if sft or dpo:
            for config in HISTORY_TYPES:
                self._write_config(config, sft=sft, dpo=dpo)
        self._seen += size
        self._sft_taken += size if sft else 0
        self._dpo_taken += size if dpo else 0
        self._group = []

    def _write_config(self, config: str, *, sft: bool, dpo: bool) -> None:
        """Write the rows of the current query group in one config."""
        users = [user for user, _ in self._group]
        rows = [by_config[config] for _, by_config in self._group]
        prompts = [_messages(messages_of(row, docs=self._config.docs)) for row in rows]
        chosen = [_reply(completion(user.answer, user.query.scenario)) for user in users]
        if sft:
            for row, prompt, answer in zip(rows, prompts, chosen, strict=True):
                self._sft.add(SftRow(row.instance_id, config, row.query_group, [*prompt, answer]))
        if dpo:
            kind, rejected = self._reject(config, users)
            for row, prompt, answer, wrong in zip(rows, prompts, chosen, rejected, strict=True):
                self._dpo.add(DpoRow(row.instance_id, config, row.query_group, kind, prompt, [answer], [_reply(wrong)]))

    def _takes(self, taken: int, most: int) -> bool:
        """Return True if the current query group is selected. The selection is spread evenly over the partition."""
        within = taken + len(self._group) <= most
        return bool(self._group) and within and taken * self._users <= self._seen * most

    def _reject(self, config: str, users: Sequence[User]) -> tuple[str, list[str]]:
        """Choose the kind of a query group and return it with the rejected replies. The fallback is `same_function`."""
        rng = generator_for(self._seed, _PURPOSE, users[0].query.name, config)
        mix = self._mixes[config]
        kind = mix.next(len(users))
        replies = self._rejected.make(kind, users, rng)
        if replies is None:
            kind = "same_function"
            replies = self._rejected.make(kind, users, rng)
            assert replies is not None, "same_function is possible for every query group"
        mix.count(kind, len(users))
        return kind, replies


def _most_of(most: int, partition: Partition, users: int) -> int:
    """Return the maximum number of rows of a partition, such that all partitions together keep to the limit.

    Query groups are never divided. If the share of a partition would be less than `MIN_TRAINING_ROWS`, only some evenly
    spaced partitions get rows.

    Args:
        most: Maximum number of rows of all partitions together.
        partition: The partition.
        users: Number of users of all partitions together.
    """
    giving = max(1, min(partition.of, most // MIN_TRAINING_ROWS))
    if giving == partition.of:
        end = partition.first + partition.users
        return most * end // users - most * partition.first // users if users else 0
    place, rest = divmod(partition.number * giving, partition.of)
    return most * (place + 1) // giving - most * place // giving if rest < giving else 0


class _Mix:
    """Scheduler of kinds, which keeps the shares of a config close to the configured ones."""

    def __init__(self, config: TrainingConfig, name: str, seed: Sequence[int], partition: Sequence[int]) -> None:
        shares = config.mix.model_dump()
        possible = POSSIBLE[name]
        self._shares = {kind: float(shares[kind]) for kind in possible}
        self._shares["same_function"] += sum(share for kind, share in shares.items() if kind not in possible)
        rng = generator_for(seed, _PURPOSE, "mix", name, *partition)
        # Random start counts, so that the configs do not use the kinds in the same order.
        self._counts = {kind: 8 * float(rng.random()) - 4 for kind in possible}

    def next(self, size: int) -> str:
        """Return the kind that would be furthest below its share after `size` more rows."""
        total = sum(self._counts.values()) + size
        shares = {kind: share for kind, share in self._shares.items() if share}
        return max(shares, key=lambda kind: shares[kind] * total - self._counts[kind])

    def count(self, kind: str, size: int) -> None:
        """Count written rows of a kind."""
        self._counts[kind] += size


def _messages(prompt: Sequence[Message]) -> list[MessageRow]:
    return [MessageRow(message["role"], message["content"]) for message in prompt]


def _reply(text: str) -> MessageRow:
    return MessageRow("assistant", text)
