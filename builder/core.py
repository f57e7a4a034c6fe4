"""Core of the test split: whole query groups with about 1,000 rows of each config."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from hf_dataset.layout import split_file
from hf_dataset.reader import files_of, read_columns
from hf_dataset.schema import HISTORY_TYPES, Instance

CORE_ROWS: Final = 1000
"""Minimum number of rows of the core in each config."""


def core_query_groups(data: Path) -> tuple[str, ...]:
    """Return the query groups of the core: those at the beginning of the test split, until their total is 1,000 rows.

    The split was generated so that consecutive query groups have one, two, three, one, two, ... concerns, and that each
    kind of preference is about equally frequent among consecutive users. So each number of concerns and each kind of
    preference is about as frequent in the core as in the whole split. All configs have the same query groups.

    Args:
        data: Folder of the data set.

    Returns:
        Names of query groups, sorted. Empty if the whole split has at most 1,000 rows; then there is no core.

    Raises:
        ReadError: If a file is missing or malformed.
    """
    sizes = Counter[str]()
    for path in files_of(data, split_file(HISTORY_TYPES[0], "test")):
        for batch in read_columns(path, Instance, "query_group"):
            sizes.update(batch.column("query_group").to_pylist())
    if sizes.total() <= CORE_ROWS:
        return ()
    core: list[str] = []
    rows = 0
    for name in sorted(sizes):
        if rows >= CORE_ROWS:
            break
        core.append(name)
        rows += sizes[name]
    return tuple(core)
