"""Swap histories between query groups, for control experiments in which the history should carry no information."""

from __future__ import annotations

from collections.abc import Sequence

from hf_dataset.schema import Instance


def swap_histories(rows: Sequence[Instance]) -> dict[str, Instance]:
    """Return, for each query group, a row of another group whose history replaces the histories of this group.

    No history is used for more than one group, and answers are not read. A single query group keeps its own history.

    Args:
        rows: All rows of a split of a config.

    Returns:
        The row to take the history from, by query group.
    """
    groups = sorted({row.query_group for row in rows})
    first_rows = {row.query_group: row for row in reversed(rows)}
    return {name: first_rows[groups[(index + 1) % len(groups)]] for index, name in enumerate(groups)}
