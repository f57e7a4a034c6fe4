"""The oracle's accuracy and the number of rows, by properties of the instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hf_dataset.schema import Instance

_ARGUMENTS: Final = "arguments"
"""Property whose shares are those of rows, so that they show how many rows have a kind of argument."""
_POSITION_BINS: Final = 10
"""The position of the last change is binned into tenths of the history."""


@dataclass(frozen=True, slots=True)
class Part:
    """The rows with one value of a property."""

    label: str
    """The value, as text."""
    rows: int
    accuracy: float
    """Accuracy of the oracle, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The rows of a config by one property. A row with several axes, or kinds of arguments, counts once for each."""

    by: str
    """Name of the property."""
    parts: tuple[Part, ...]
    rows: int | None = None
    """Number of rows of which shares are; None for the rows of all parts together."""

    @property
    def shares(self) -> Mapping[str, float]:
        """Rows of each part divided by `rows`, by label."""
        total = self.rows or sum(part.rows for part in self.parts)
        return {part.label: part.rows / total for part in self.parts}


def break_down(rows: Sequence[Instance], right: Sequence[bool]) -> tuple[Breakdown, ...]:
    """Return the oracle's accuracy by every property that the rows have.

    Args:
        rows: The rows of a config.
        right: For each row, True if the oracle answered it correctly.
    """
    return tuple(_break_down(rows, right, by, labels) for by, labels in _PROPERTIES.items() if any(map(labels, rows)))


def _break_down(
    rows: Sequence[Instance], right: Sequence[bool], by: str, labels: Callable[[Instance], list[str]]
) -> Breakdown:
    verdicts: dict[str, list[bool]] = {}
    for row, is_right in zip(rows, right, strict=True):
        for label in labels(row):
            verdicts.setdefault(label, []).append(is_right)
    parts = (Part(label, len(group), sum(group) / len(group)) for label, group in sorted(verdicts.items()))
    return Breakdown(by, tuple(parts), len(rows) if by == _ARGUMENTS else None)


def _axes(row: Instance) -> list[str]:
    return list(row.meta.axes or []) if row.meta else []


def _history_length(row: Instance) -> list[str]:
    return [f"{len(row.history):03d}"]


def _change_position(row: Instance) -> list[str]:
    """Return the tenth of the history that contains the last change, as its lower end."""
    if row.meta is None or row.meta.drift_step is None:
        return []
    tenth = min(_POSITION_BINS * row.meta.drift_step // len(row.history), _POSITION_BINS - 1)
    return [f"{tenth / _POSITION_BINS:.1f}"]


def _flipped_ratings(row: Instance) -> list[str]:
    return [f"{row.meta.noise or 0.0:.2f}"] if row.meta and row.meta.kind is None else []


def _off_profile(row: Instance) -> list[str]:
    return [f"{row.meta.noise or 0.0:.2f}"] if row.meta and row.meta.kind is not None else []


def _of_meta(name: str) -> Callable[[Instance], list[str]]:
    """Return a function that labels a row by a field of its metadata; numbers get zeros so that they sort as text."""

    def labels(row: Instance) -> list[str]:
        value = getattr(row.meta, name, None)
        return [] if value is None else [f"{value:02d}" if isinstance(value, int) else str(value)]

    return labels


def _arguments(row: Instance) -> list[str]:
    """Return the kinds of the arguments; `stated` if all stand in the instruction as they are."""
    return (row.meta.arguments or ["stated"]) if row.meta and row.meta.kind is not None else []


def _category(row: Instance) -> list[str]:
    return [row.category]


_PROPERTIES: Final[Mapping[str, Callable[[Instance], list[str]]]] = {
    "axis": _axes,
    "history length": _history_length,
    "place of the change": _change_position,
    "flipped ratings": _flipped_ratings,
    "kind": _of_meta("kind"),
    "concerns": _of_meta("concerns"),
    "change": _of_meta("change"),
    "telling steps": _of_meta("evidence"),
    "off the profile": _off_profile,
    _ARGUMENTS: _arguments,
    "category": _category,
}
