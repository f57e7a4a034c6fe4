"""Whose history stands in for a user's own, where the own is to be of no help."""

from __future__ import annotations

from collections.abc import Sequence

from hf_dataset.schema import Instance


def swap_histories(rows: Sequence[Instance]) -> dict[str, Instance]:
    """For each query group, a row of another one, whose user's history is shown to all of the group.

    Every history stands in for that of one group at most, and no answer is looked at. Where there is one group only, it
    is given its own.

    Args:
        rows: All rows of a split of a config.
    """
    groups = sorted({row.query_group for row in rows})
    first = {row.query_group: row for row in reversed(rows)}
    return {name: first[groups[(index + 1) % len(groups)]] for index, name in enumerate(groups)}
