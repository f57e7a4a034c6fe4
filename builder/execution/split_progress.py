"""Progress of a split over all of its partitions."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence

from builder.progress import Progress

from .partitions import Partition


class SplitProgress:
    """Number of users written so far in each split, over all workers.

    Args:
        partitions: The partitions that are written.
        counts: Users written so far, by position of the partition.
        progress: Progress callback.
    """

    def __init__(self, partitions: Sequence[Partition], counts: MutableSequence[int], progress: Progress) -> None:
        self._counts = counts
        self._splits = [partition.split for partition in partitions]
        self._wanted = dict.fromkeys(self._splits, 0)
        for partition in partitions:
            self._wanted[partition.split] += partition.users
        self._progress = progress

    def of(self, place: int) -> Callable[[int], None]:
        """Return the callback through which one partition reports its number of users."""

        def report(users: int) -> None:
            self._counts[place] = users
            self._report(self._splits[place])

        return report

    def report_all(self) -> None:
        """Report the progress of all splits."""
        for split in self._wanted:
            self._report(split)

    def _report(self, split: str) -> None:
        written = sum(count for name, count in zip(self._splits, self._counts, strict=True) if name == split)
        self._progress(f"writing {split}", written, self._wanted[split])
