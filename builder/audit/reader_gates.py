"""Gates on the readers of histories: each must find the answer, whatever the kind of the preference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hf_dataset.schema import Instance

from .audit_split import AuditSplit
from .gates import Gate, Outcome, in_each_split, reader_gate

BySplit = Mapping[str, Sequence[Outcome]]
"""Outcomes by split, in the order of its rows."""
MIN_ROWS_OF_KIND: Final = 100
"""Minimum number of rows of a kind of preference for a gate; with fewer, the accuracy is only reported."""


def reader_gates(parts: Sequence[AuditSplit], read: Mapping[str, BySplit]) -> tuple[list[Gate], list[Gate]]:
    """Return the gates on readers, and the accuracies that are only reported.

    Each reader has a gate on all rows, which must also hold for each split, and one on the rows of each kind of
    preference. Its accuracy is reported by the number of concerns. Where telling steps are scarce, everything is only
    reported: the answer is then uncertain for every reader.

    Args:
        parts: The splits of a config.
        read: Outcomes of each reader.
    """
    settings, tests = parts[0].settings, len(parts) + 1

    def measure(name: str) -> Callable[[Sequence[Outcome]], Gate]:
        return lambda outcomes: reader_gate(name, outcomes, settings.expected_loss, tests)

    gates = [in_each_split(measure(name), by_split) for name, by_split in read.items()]
    reported: list[Gate] = []
    for name, by_split in read.items():
        for kind, outcomes in _grouped(parts, by_split, _kind).items():
            own = gates if len(outcomes) >= MIN_ROWS_OF_KIND else reported
            own.append(measure(f"{name}, {kind}")(outcomes))
        by_concerns = _grouped(parts, by_split, _concerns)
        reported += [measure(f"{name}, {label}")(outcomes) for label, outcomes in by_concerns.items()]
    return ([], [*gates, *reported]) if settings.scarce else (gates, reported)


def _kind(row: Instance) -> str | None:
    return row.meta.kind if row.meta else None


def _concerns(row: Instance) -> str | None:
    number = row.meta.concerns if row.meta else None
    return None if number is None else f"{number} concern{'s' if number > 1 else ''}"


def _grouped(
    parts: Sequence[AuditSplit], by_split: BySplit, label: Callable[[Instance], str | None]
) -> dict[str, list[Outcome]]:
    """Return the outcomes of the rows with each label; rows without one are left out."""
    groups: dict[str, list[Outcome]] = {}
    for part in parts:
        for row, outcome in zip(part.rows, by_split[part.split], strict=True):
            name = label(row)
            if name is not None:
                groups.setdefault(name, []).append(outcome)
    return dict(sorted(groups.items()))
