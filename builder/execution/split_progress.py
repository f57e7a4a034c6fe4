"""Telling how far all partitions are together."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence

from builder.progress import Progress

from .partitions import Partition


class SplitProgress:
    """How many users of each split were made, by all who make some.

    Args:
        partitions: Those that are made.
        counts: Users made so far, by partition.
        progress: SplitProgress of them.
    """

    def __init__(self, partitions: Sequence[Partition], counts: MutableSequence[int], progress: Progress) -> None:
        self._counts = counts
        self._splits = [partition.split for partition in partitions]
        self._wanted = dict.fromkeys(self._splits, 0)
        for partition in partitions:
            self._wanted[partition.split] += partition.users
        self._progress = progress

    def of(self, place: int) -> Callable[[int], None]:
        """What one partition tells its number of users to."""

        def tell(users: int) -> None:
            self._counts[place] = users
            self._tell(self._splits[place])

        return tell

    def tell_all(self) -> None:
        """Tell of all splits."""
        for split in self._wanted:
            self._tell(split)

    def _tell(self, split: str) -> None:
        made = sum(count for own, count in zip(self._splits, self._counts, strict=True) if own == split)
        self._progress(f"writing {split}", made, self._wanted[split])
