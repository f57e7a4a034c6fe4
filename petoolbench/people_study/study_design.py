"""Design of a people's study: the readers of each row, and the place and the order of tools that each of them sees.

The list of each reader has as many sections as a row has readers. A row is in the first section of one of its readers,
in the second section of another, and so on, so that fatigue and practice affect all rows alike. Configs, kinds of
preference and pairs of readers are balanced over readers and sections.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_ATTEMPTS: Final = 40
"""Number of random assignments, of which the most even one is used."""


class _Balance(NamedTuple):
    """Property whose frequencies are balanced."""

    weight: float
    values: NDArray[np.int64]
    """Number of the property's value for each row, from 0."""
    by_section: bool
    """True if frequencies are balanced over the sections of readers, False if over readers only."""


class Slot(NamedTuple):
    """One reading of one row."""

    row: int
    """Index of the row."""
    turn: int
    """Number among the readings of the row, from 0; it determines the order of the tools."""


def assigned(
    strata: Sequence[tuple[Hashable, Hashable]], readers: int, reads: int, generator: np.random.Generator
) -> list[list[Slot]]:
    """Return the readings of each reader, in the order in which the reader sees them.

    Args:
        strata: Config and kind of preference of each row.
        readers: Number of readers, at least `reads`.
        reads: Number of readers of each row.
        generator: Random number generator.
    """
    balances = _balances(strata)
    attempts = [_attempt(_numbers(strata), balances, readers, reads, generator) for _ in range(_ATTEMPTS)]
    _, chosen = min(attempts, key=lambda attempt: attempt[0])
    # Independent of the section, so that a reader's first section does not have the first order of the tools only.
    turns = np.array([generator.permutation(reads) for _ in strata])
    configs = [config for config, _ in strata]
    lists: list[list[Slot]] = []
    for reader in range(readers):
        sections = (np.flatnonzero(chosen[:, section] == reader) for section in range(reads))
        lists.append(
            [
                Slot(row, int(turns[row, section]))
                for section, rows in enumerate(sections)
                for row in _interleaved(rows.tolist(), configs, generator)
            ]
        )
    return lists


def tool_orders(tools: Sequence[str], reads: int, generator: np.random.Generator) -> list[list[str]]:
    """Return the order of the tools for each reading of a row.

    A random order is rotated by equal steps, so that each tool is near the beginning of one of the lists, near the end
    of another, and in between (cyclic Latin square; with fewer readings than tools, evenly spaced rows of it).

    Args:
        tools: Names of the candidates.
        reads: Number of readings of the row.
        generator: Random number generator.
    """
    order = [tools[index] for index in generator.permutation(len(tools))]
    steps = (turn * len(order) // reads for turn in range(reads))
    return [order[step:] + order[:step] for step in steps]


def _balances(strata: Sequence[tuple[Hashable, Hashable]]) -> list[_Balance]:
    """Return the properties in the order of their weight: the number of rows before anything else."""
    configs, kinds = [config for config, _ in strata], [kind for _, kind in strata]
    return [
        _Balance(1e6, _numbers([0] * len(strata)), by_section=False),
        _Balance(1e5, _numbers([0] * len(strata)), by_section=True),
        _Balance(1e3, _numbers(configs), by_section=False),
        _Balance(1e3, _numbers(kinds), by_section=False),
        _Balance(1e2, _numbers(configs), by_section=True),
        _Balance(1e1, _numbers(strata), by_section=False),
        _Balance(1e1, _numbers(kinds), by_section=True),
    ]


def _attempt(
    strata: NDArray[np.int64], balances: Sequence[_Balance], readers: int, reads: int, generator: np.random.Generator
) -> tuple[float, NDArray[np.int64]]:
    """Assign all readings one after the other, each to the reader that keeps the frequencies most even.

    Returns:
        The weighted sum of squared frequencies, and the reader of each row in each section: shape (rows, reads).
    """
    rows = len(strata)
    counts = [np.zeros((readers, reads, int(balance.values.max()) + 1)) for balance in balances]
    pairs = np.zeros((readers, readers))
    chosen = np.full((rows, reads), -1, dtype=np.int64)
    for row in sorted(generator.permutation(rows).tolist(), key=lambda row: strata[row]):
        for section in generator.permutation(reads).tolist():
            costs = generator.random(readers)
            for balance, count in zip(balances, counts, strict=True):
                of_value = count[:, :, balance.values[row]]
                costs += balance.weight * (of_value[:, section] if balance.by_section else of_value.sum(axis=1))
            present = chosen[row][chosen[row] >= 0]
            costs += 1e1 * pairs[:, present].sum(axis=1)
            costs[present] = np.inf
            reader = int(np.argmin(costs))
            chosen[row, section] = reader
            pairs[reader, present] += 1
            pairs[present, reader] += 1
            for balance, count in zip(balances, counts, strict=True):
                count[reader, section, balance.values[row]] += 1
    totals = (
        balance.weight * float(((count if balance.by_section else count.sum(axis=1)) ** 2).sum())
        for balance, count in zip(balances, counts, strict=True)
    )
    return sum(totals) + 1e1 * float((pairs**2).sum()), chosen


def _interleaved(rows: Sequence[int], configs: Sequence[Hashable], generator: np.random.Generator) -> list[int]:
    """Return rows in a random order in which each config is spread evenly."""
    shuffled = [rows[place] for place in generator.permutation(len(rows))]
    places: dict[int, float] = {}
    for config in dict.fromkeys(configs[row] for row in shuffled):
        members = [row for row in shuffled if configs[row] == config]
        for place, row in enumerate(members):
            places[row] = (place + float(generator.random())) / len(members)
    return sorted(shuffled, key=places.__getitem__)


def _numbers(values: Sequence[Hashable]) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)
