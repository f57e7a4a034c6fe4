"""The oracle's accuracy, and the number of rows, by what an instance is like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hf_dataset.schema import Instance

_BINS: Final = 10
"""Places of the change are told in tenths of the history."""


@dataclass(frozen=True, slots=True)
class Part:
    """The rows that have something in common."""

    label: str
    rows: int
    accuracy: float
    """The oracle's, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The rows of a config, by one property. A row with several axes counts under each."""

    by: str
    parts: tuple[Part, ...]

    @property
    def shares(self) -> Mapping[str, float]:
        """Share of each part in all of them."""
        total = sum(part.rows for part in self.parts)
        return {part.label: part.rows / total for part in self.parts}


def break_down(rows: Sequence[Instance], right: Sequence[bool]) -> tuple[Breakdown, ...]:
    """Break the oracle's verdicts down by every property that occurs.

    Args:
        rows: The rows of a config.
        right: For each of them, whether the oracle was right.
    """
    return tuple(_break_down(rows, right, by, labels) for by, labels in _PROPERTIES.items() if any(map(labels, rows)))


def _break_down(
    rows: Sequence[Instance], right: Sequence[bool], by: str, labels: Callable[[Instance], list[str]]
) -> Breakdown:
    found: dict[str, list[bool]] = {}
    for row, is_right in zip(rows, right, strict=True):
        for label in labels(row):
            found.setdefault(label, []).append(is_right)
    return Breakdown(
        by, tuple(Part(label, len(found[label]), sum(found[label]) / len(found[label])) for label in sorted(found))
    )


def _axes(row: Instance) -> list[str]:
    return list(row.meta.axes or []) if row.meta else []


def _length(row: Instance) -> list[str]:
    return [f"{len(row.history):03d}"]


def _place(row: Instance) -> list[str]:
    """The tenth of the history in which the last change lies."""
    if row.meta is None or row.meta.drift_step is None:
        return []
    tenth = min(_BINS * row.meta.drift_step // len(row.history), _BINS - 1)
    return [f"{tenth / _BINS:.1f}"]


def _noise(row: Instance) -> list[str]:
    return [f"{row.meta.noise or 0.0:.2f}"] if row.meta else []


def _category(row: Instance) -> list[str]:
    return [row.category]


_PROPERTIES: Final[Mapping[str, Callable[[Instance], list[str]]]] = {
    "axis": _axes,
    "history length": _length,
    "place of the change": _place,
    "flipped ratings": _noise,
    "category": _category,
}
