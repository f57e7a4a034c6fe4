"""Final instructions of a split, distributed over its partitions so that no two of them share one.

Of the sequence of scenarios that can be written for a group, partition p of n takes numbers p, p + n, p + 2n and so on.
Every partition would have to write all of them to reach its own, so they are written once to files; a partition that
needs more than its file holds writes the rest itself.
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
"""Number of distributed instructions relative to the number needed if no query group is given up."""


class InstructionPool:
    """The final instructions of a partition.

    Args:
        grouped: Tools and groups of its split.
        config: The build's config.
        partition: The partition.
        shards: Folder of the distributed instructions; None for a split with a single partition.
    """

    def __init__(
        self, grouped: GroupedCatalogue, config: BuildConfig, partition: Partition, shards: Path | None
    ) -> None:
        self._grouped = grouped
        self._seed = config.seed_of(partition.split)
        self._partition = partition
        self._distributed: dict[str, list[Scenario]] = {}
        self._ended: frozenset[str] = frozenset()
        if shards is not None:
            with _file(shards, partition).open(encoding="utf-8") as lines:
                for line in lines:
                    key, instruction, values = json.loads(line)
                    scenario = Scenario(instruction, {name: SlotValue(*value) for name, value in values.items()})
                    self._distributed.setdefault(key, []).append(scenario)
            self._ended = frozenset(json.loads((shards / _ENDED).read_text(encoding="utf-8")))

    def of(self, group: Group) -> Iterator[tuple[int, Scenario]]:
        """Yield the partition's final instructions for a group, each with its number among those of all partitions."""
        distributed = self._distributed.pop(group.key, [])
        first, step = self._partition.number, self._partition.of
        return zip(range(first, 2**62, step), chain(distributed, self._further(group, len(distributed))), strict=False)

    def _further(self, group: Group, taken: int) -> Iterator[Scenario]:
        """Write the instructions after the first `taken` of the partition, on demand."""
        if group.key not in self._ended:
            first, step = self._partition.number, self._partition.of
            yield from islice(_all(self._grouped, self._seed, group), first + taken * step, None, step)


_ENDED: Final = "ended.json"
_BUFFERED: Final = 50_000
"""Final instructions buffered before they are written to files, about 200 bytes each."""


def distribute(grouped: GroupedCatalogue, config: BuildConfig, partitions: Sequence[Partition], folder: Path) -> None:
    """Write the final instructions of a split and distribute them over its partitions.

    Args:
        grouped: Tools and groups of the split.
        config: The build's config.
        partitions: All partitions of the split.
        folder: Existing, empty folder for one file per partition.
    """
    seed = config.seed_of(partitions[0].split)
    wanted = _MARGIN * max(partition.users for partition in partitions)
    streams: Mapping[str, Iterator[Scenario]] = {group.key: _all(grouped, seed, group) for group in grouped.groups}
    open_to = list(grouped.groups)
    buffers: list[list[str]] = [[] for _ in partitions]
    carried = 0
    while open_to and carried < wanted:
        for group in list(open_to):
            given = 0
            for buffer, scenario in zip(buffers, streams[group.key], strict=False):
                values = {name: [value.value, value.said] for name, value in scenario.values.items()}
                buffer.append(f"{json.dumps([group.key, scenario.instruction, values])}\n")
                given += 1
            if given < len(buffers):
                open_to.remove(group)
            else:
                carried += len(group.members)
        if sum(map(len, buffers)) >= _BUFFERED:
            _append(folder, partitions, buffers)
    _append(folder, partitions, buffers)
    left = {group.key for group in open_to}
    ended = sorted(group.key for group in grouped.groups if group.key not in left)
    (folder / _ENDED).write_text(json.dumps(ended), encoding="utf-8")


def _append(folder: Path, partitions: Sequence[Partition], buffers: Sequence[list[str]]) -> None:
    """Write the buffers, one file after the other: partitions may outnumber the files that a process may open."""
    for partition, buffer in zip(partitions, buffers, strict=True):
        with _file(folder, partition).open("a", encoding="utf-8") as file:
            file.writelines(buffer)
        buffer.clear()


def _all(grouped: GroupedCatalogue, seed: Sequence[int], group: Group) -> Iterator[Scenario]:
    return grouped.write(group, generator_for(seed, "final", group.key), True)


def _file(folder: Path, partition: Partition) -> Path:
    return folder / f"{partition.number:05d}.jsonl"
