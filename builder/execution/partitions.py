"""Partitions: subsets of the users in a split, of fixed size, each written independently of the others.

The content of a partition depends on the catalogue, the config, the seed, the split and the partition's number only, so
partitions can be written in any order, concurrently, and again.
"""

from __future__ import annotations

from dataclasses import dataclass

from builder.config import MIN_SAME_FUNCTION, UserConfig


@dataclass(frozen=True, slots=True)
class Partition:
    """A subset of the users in a split."""

    split: str
    number: int
    """From 0."""
    of: int
    """Number of partitions of the split."""
    first: int
    """Number of its first user within the split."""
    users: int
    """Requested number of users, at least 3."""

    @property
    def first_query(self) -> int:
        """Number of its first query group. Query groups have at least 3 users, so no earlier partition reaches it."""
        return self.first // MIN_SAME_FUNCTION

    @property
    def own(self) -> tuple[int, ...]:
        """Part of the name of its random draws; empty for the first partition."""
        return (self.number,) if self.number else ()


def partitions_of(config: UserConfig) -> list[Partition]:
    """Return the partitions of all splits; the last one of a split has 0.5 to 1.5 times the usual size."""
    size = config.partition
    found = []
    for split, users in config.by_split().items():
        of = max(1, (users + size // 2) // size)
        ends = [*(size * number for number in range(1, of)), users]
        starts = [0, *ends[:-1]]
        found += [
            Partition(split, number, of, start, end - start)
            for number, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]
    return found
