"""Draw of the instances of a study: as even as the split allows, and at most one of a query group or of a user."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from builder.errors import ConfigError, DataError
from hf_dataset.prompting import config_of
from hf_dataset.schema import Instance, MetaRow

_WEIGHTS: Final = np.array([1e6, 1e3, 1e3, 1.0, 1.0, 1.0])
"""Weight of the evenness of each property in `_properties`: the history types before anything else."""
_UNKNOWN: Final = MetaRow()


def draw(rows: Sequence[Instance], count: int, generator: np.random.Generator) -> list[Instance]:
    """Return instances in random order, of which no two share a query group or a user.

    History types are drawn evenly; then kinds of preference and numbers of concerns, as far as the metadata of the
    instances are known; then combinations of two of these. The draw is greedy, followed by exchanges of single
    instances as long as they make it more even.

    Args:
        rows: Instances of one split.
        count: Number of instances to draw.
        generator: Random number generator.

    Raises:
        ConfigError: If there are fewer query groups.
        DataError: If there are no instances.
    """
    if not rows:
        raise DataError("There are no rows to deal. Name another split with --split.")
    unit_of = independent_units(rows)
    groups = len(set(unit_of))
    if not 1 <= count <= groups:
        raise ConfigError(
            f"Invalid number of rows {count:,}. Allowed: 1 to {groups:,}, because at most one row of each query group "
            "and of each user is dealt. Pass another number with --rows."
        )
    order = generator.permutation(len(rows))
    shuffled = [rows[place] for place in order]
    chosen = _chosen(_numbered([unit_of[place] for place in order]), _codes(shuffled), count)
    return [shuffled[chosen[place]] for place in generator.permutation(count)]


def independent_units(rows: Sequence[Instance]) -> list[str]:
    """Return the name of a unit for each row: rows that share a query group or a user, directly or through others.

    In a data set of the builder, a user has one query group, so that the units are the query groups.
    """
    unit_of_user: dict[str, str] = {}
    parents: dict[str, str] = {}

    def root(group: str) -> str:
        while parents.setdefault(group, group) != group:
            group = parents[group]
        return group

    for row in rows:
        first = unit_of_user.setdefault(row.user_id, row.query_group)
        parents[root(row.query_group)] = root(first)
    return [root(row.query_group) for row in rows]


def _chosen(group_of: NDArray[np.int64], codes: NDArray[np.int64], count: int) -> list[int]:
    """Return the indexes of the drawn instances; among equally good ones, the first."""
    counts = np.zeros(codes.max() + 1)
    is_used = np.zeros(group_of.max() + 1, dtype=bool)
    chosen: list[int] = []

    def change(index: int, by: int) -> None:
        counts[codes[index]] += by
        is_used[group_of[index]] = by > 0

    def costs() -> NDArray[np.float64]:
        """Return, for each instance, by how much the weighted sum of squared counts would grow if it were chosen."""
        return np.where(is_used[group_of], np.inf, (2 * counts[codes] + 1) @ _WEIGHTS)

    for _ in range(count):
        chosen.append(int(np.argmin(costs())))
        change(chosen[-1], 1)
    is_improved = True
    while is_improved:
        is_improved = False
        for place, current in enumerate(chosen):
            change(current, -1)
            cost = costs()
            best = int(np.argmin(cost))
            if cost[best] < cost[current]:
                chosen[place], is_improved = best, True
            change(chosen[place], 1)
    return chosen


def _codes(rows: Sequence[Instance]) -> NDArray[np.int64]:
    """Return a number for each property of each instance; different properties have different numbers."""
    columns = zip(*(enumerate(_properties(row)) for row in rows), strict=True)
    offset, codes = 0, []
    for column in columns:
        codes.append(offset + _numbered(column))
        offset = int(codes[-1].max()) + 1
    return np.column_stack(codes)


def _properties(row: Instance) -> tuple[Hashable, ...]:
    """Return the properties that are drawn evenly."""
    config, meta = config_of(row.instance_id), row.meta or _UNKNOWN
    kind, concerns = meta.kind, meta.concerns
    return config, kind, concerns, (kind, concerns), (config, kind), (config, concerns)


def _numbered(values: Sequence[Hashable]) -> NDArray[np.int64]:
    """Return a number from 0 for each value, equal for equal values."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)
