"""How the users of a split are divided: partitions of a fixed number of users, each made without the others.

What a partition holds depends on the catalogue, the config, the seed, the split and the partition's number, and on
nothing that another partition comes to: so they can be made in any order, at once, and again.
"""

from __future__ import annotations

from dataclasses import dataclass

from builder.config import MIN_SAME_FUNCTION, UserConfig


@dataclass(frozen=True, slots=True)
class Partition:
    """A share of the users of a split."""

    split: str
    number: int
    """From 0."""
    of: int
    """Number of partitions of the split."""
    first: int
    """Number of its first user in the split."""
    users: int
    """Users that are wanted; at least 3."""

    @property
    def first_query(self) -> int:
        """Number of its first query group; the partitions before it cannot have come so far, at 3 users each."""
        return self.first // MIN_SAME_FUNCTION

    @property
    def own(self) -> tuple[int, ...]:
        """What names its draws beside their purpose; nothing for the first one."""
        return (self.number,) if self.number else ()


def partitions_of(config: UserConfig) -> list[Partition]:
    """The partitions of all splits; the last one of a split takes what is left over, half to one and a half of it."""
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
