"""Final instructions of a split, shards to its partitions, so that none is in two of them.

Of the scenarios that can be written for a group, one after the other, partition p of n takes number p, p + n, p + 2n
and so on. Since every partition would have to write all of them to come to its own, they are written once and put
aside; a partition that needs more than it was shards goes on by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final

from builder.config import BuildConfig
from builder.grouping.grouped_catalogue import GroupedCatalogue
from builder.randomness import generator_for
from builder.records import Group, Scenario, SlotValue

from .partitions import Partition

_MARGIN: Final = 1.25
"""What is shards, over what the wanted users need if no query group is given up."""


class InstructionPool:
    """The final instructions of a partition.

    Args:
        grouped: Tools and groups of its split.
        config: The build's config.
        partition: The partition.
        shards: Folder of what was shards; None for a split that is a single partition.
    """

    def __init__(
        self, grouped: GroupedCatalogue, config: BuildConfig, partition: Partition, shards: Path | None
    ) -> None:
        self._prepared = grouped
        self._seed = config.seed_of(partition.split)
        self._partition = partition
        self._dealt: dict[str, list[Scenario]] = {}
        self._ended: frozenset[str] = frozenset()
        if shards is not None:
            with _file(shards, partition).open(encoding="utf-8") as lines:
                for line in lines:
                    key, instruction, values = json.loads(line)
                    scenario = Scenario(instruction, {name: SlotValue(*value) for name, value in values.items()})
                    self._dealt.setdefault(key, []).append(scenario)
            self._ended = frozenset(json.loads((shards / _ENDED).read_text(encoding="utf-8")))

    def of(self, group: Group) -> Iterator[tuple[int, Scenario]]:
        """The partition's own final instructions for a group, each with its number among those of all partitions."""
        own = self._dealt.pop(group.key, [])
        first, step = self._partition.number, self._partition.of
        return zip(range(first, 2**62, step), chain(own, self._further(group, len(own))), strict=False)

    def _further(self, group: Group, taken: int) -> Iterator[Scenario]:
        """What follows after a number of own ones; written only when it is asked for."""
        if group.key not in self._ended:
            first, step = self._partition.number, self._partition.of
            yield from islice(_all(self._prepared, self._seed, group), first + taken * step, None, step)


_ENDED: Final = "ended.json"
_HELD: Final = 50_000
"""Final instructions that are folder before they are written, of some 200 bytes each."""


def distribute(grouped: GroupedCatalogue, config: BuildConfig, partitions: Sequence[Partition], folder: Path) -> None:
    """Write the final instructions of a split and deal them to its partitions.

    Args:
        grouped: Tools and groups of the split.
        config: The build's config.
        partitions: All partitions of the split.
        folder: Where they are put; is there, and empty.
    """
    seed = config.seed_of(partitions[0].split)
    wanted = _MARGIN * max(partition.users for partition in partitions)
    streams: Mapping[str, Iterator[Scenario]] = {group.key: _all(grouped, seed, group) for group in grouped.groups}
    open_to = list(grouped.groups)
    shards: list[list[str]] = [[] for _ in partitions]
    carried = 0
    while open_to and carried < wanted:
        for group in list(open_to):
            given = 0
            for own, scenario in zip(shards, streams[group.key], strict=False):
                values = {name: [value.value, value.said] for name, value in scenario.values.items()}
                own.append(f"{json.dumps([group.key, scenario.instruction, values])}\n")
                given += 1
            if given < len(shards):
                open_to.remove(group)
            else:
                carried += len(group.members)
        if sum(map(len, shards)) >= _HELD:
            _append(folder, partitions, shards)
    _append(folder, partitions, shards)
    left = {group.key for group in open_to}
    ended = sorted(group.key for group in grouped.groups if group.key not in left)
    (folder / _ENDED).write_text(json.dumps(ended), encoding="utf-8")


def _append(folder: Path, partitions: Sequence[Partition], shards: Sequence[list[str]]) -> None:
    """Write what is folder, a file at a time: there may be more partitions than a process may have files open."""
    for partition, own in zip(partitions, shards, strict=True):
        with _file(folder, partition).open("a", encoding="utf-8") as file:
            file.writelines(own)
        own.clear()


def _all(grouped: GroupedCatalogue, seed: Sequence[int], group: Group) -> Iterator[Scenario]:
    return grouped.write(group, generator_for(seed, "final", group.key), True)


def _file(folder: Path, partition: Partition) -> Path:
    return folder / f"{partition.number:05d}.jsonl"
