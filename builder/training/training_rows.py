"""Writing `sft` and `dpo` beside the rows of train, query group by query group."""

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
    """Writes the training data of a partition of train.

    Args:
        folder: Folder of the data set.
        grouped: Tools and groups of train.
        config: The build's config.
        partition: The partition.
    """

    def __init__(self, folder: Path, grouped: GroupedCatalogue, config: BuildConfig, partition: Partition) -> None:
        self._config = config.training
        self._seed = config.seed_of("train")
        self._users = partition.users
        every = config.users.by_split()["train"]
        self._most_sft = _most_of(self._config.sft_per_config, partition, every)
        self._most_dpo = _most_of(self._config.dpo_per_config, partition, every)
        self._rejected = RejectedCalls(grouped, self._seed, partition.own)
        path = {name: shard(split_file(name, "train"), partition.number, partition.of) for name in TRAINING}
        self._sft = TableWriter(folder / path["sft"], SftRow)
        self._dpo = TableWriter(folder / path["dpo"], DpoRow)
        self._mixes = {name: _Mix(self._config, name, self._seed, partition.own) for name in HISTORY_TYPES}
        self._group: list[tuple[User, Mapping[str, Instance]]] = []
        self._seen = self._sft_taken = self._dpo_taken = 0

    def add(self, user: User, rows: Mapping[str, Instance]) -> None:
        """Take a user with the row of each config; the users of a query group come one after the other."""
        if self._group and self._group[0][0].query.name != user.query.name:
            self._write()
        self._group.append((user, rows))

    def close(self) -> dict[str, int]:
        """Write what is left and end the files; the number of rows by config."""
        self._write()
        self._sft.close()
        self._dpo.close()
        return {"sft": self._sft.count, "dpo": self._dpo.count}

    def _write(self) -> None:
        users = [user for user, _ in self._group]
        sft = self._takes(self._sft_taken, self._most_sft)
        dpo = self._takes(self._dpo_taken, self._most_dpo)
        for config in HISTORY_TYPES:
            rows = [by_config[config] for _, by_config in self._group]
            asked = [messages_of(row, docs=self._config.docs) for row in rows] if sft or dpo else []
            chosen = [completion(user.answer, user.query.scenario) for user in users]
            if sft:
                for row, prompt, answer in zip(rows, asked, chosen, strict=True):
                    messages = [*_messages(prompt), _reply(answer)]
                    self._sft.add(SftRow(row.instance_id, config, row.query_group, messages))
            if dpo:
                kind, rejected = self._reject(config, users)
                for row, prompt, answer, wrong in zip(rows, asked, chosen, rejected, strict=True):
                    pair = (_messages(prompt), [_reply(answer)], [_reply(wrong)])
                    self._dpo.add(DpoRow(row.instance_id, config, row.query_group, kind, *pair))
        self._seen += len(users)
        self._sft_taken += len(users) if sft else 0
        self._dpo_taken += len(users) if dpo else 0
        self._group = []

    def _takes(self, taken: int, most: int) -> bool:
        """Whether the query group is among those that are taken: as many as are allowed, spread over all."""
        within = taken + len(self._group) <= most
        return bool(self._group) and within and taken * self._users <= self._seen * most

    def _reject(self, config: str, users: Sequence[User]) -> tuple[str, list[str]]:
        """Draw a kind for a query group and make its rejected calls; where it cannot be had, `same_function`."""
        rng = generator_for(self._seed, _PURPOSE, users[0].query.name, config)
        mix = self._mixes[config]
        kind = mix.next(len(users))
        made = self._rejected.make(kind, users, rng)
        if made is None:
            kind = "same_function"
            made = self._rejected.make(kind, users, rng)
            assert made is not None, "every query group can have it"
        mix.count(kind, len(users))
        return kind, made


def _most_of(most: int, partition: Partition, users: int) -> int:
    """How many rows a partition may give, so that all together give no more than is allowed.

    Query groups are taken whole: where a partition's share would be less than `MIN_TRAINING_ROWS`, fewer partitions
    give rows, evenly spread, and the others none.

    Args:
        most: Rows that all partitions may give together.
        partition: The partition.
        users: Of all partitions.
    """
    giving = max(1, min(partition.of, most // MIN_TRAINING_ROWS))
    if giving == partition.of:
        end = partition.first + partition.users
        return most * end // users - most * partition.first // users
    place, rest = divmod(partition.number * giving, partition.of)
    return most * (place + 1) // giving - most * place // giving if rest < giving else 0


class _Mix:
    """Which kind comes next, so that the shares of a config come out as they were asked for."""

    def __init__(self, config: TrainingConfig, name: str, seed: Sequence[int], own: Sequence[int]) -> None:
        shares = config.mix.model_dump()
        possible = POSSIBLE[name]
        self._shares = {kind: float(shares[kind]) for kind in possible}
        self._shares["same_function"] += sum(share for kind, share in shares.items() if kind not in possible)
        rng = generator_for(seed, _PURPOSE, "mix", name, *own)
        # A start of some rows, more or less, so that the configs do not go through the kinds in step.
        self._made = {kind: 8 * float(rng.random()) - 4 for kind in possible}

    def next(self, size: int) -> str:
        """The kind that is furthest behind its share, were `size` more rows made."""
        total = sum(self._made.values()) + size
        wanted = {kind: share for kind, share in self._shares.items() if share}
        return max(wanted, key=lambda kind: wanted[kind] * total - self._made[kind])

    def count(self, kind: str, size: int) -> None:
        """Note that rows of a kind were made."""
        self._made[kind] += size


def _messages(prompt: Sequence[Message]) -> list[MessageRow]:
    return [MessageRow(message["role"], message["content"]) for message in prompt]


def _reply(text: str) -> MessageRow:
    return MessageRow("assistant", text)
