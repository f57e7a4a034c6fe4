"""Shortcuts that read a part of the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from builder.predictors.reading import AttributeReading, View
from hf_dataset.schema import Instance

from .audit_split import AuditSplit
from .shortcut import Make, Score
from .swapping import swap_histories


def provider_count(pick: Callable[[AuditSplit, Instance], Sequence[str]]) -> Make:
    """Score a candidate by how often its provider is among those that `pick` returns."""

    def make(part: AuditSplit) -> Score:
        def score(row: Instance, names: Sequence[str]) -> list[float]:
            picked = list(pick(part, row))
            return [picked.count(part.tools[name].provider) for name in names]

        return score

    return make


def providers(part: AuditSplit, row: Instance, *, liked: bool = False) -> list[str]:
    """Return the providers of the calls in the history, or only of the liked calls."""
    return [part.tools[step.name].provider for step in row.history if not liked or step.rating == 1]


def swapped_history(part: AuditSplit) -> Score:
    """Score candidates with the reader on the history of a user of another query group."""
    other_rows = swap_histories(part.rows)
    return lambda row, names: part.reading.scores(other_rows[row.query_group], names)


def viewed(view: Callable[[AuditSplit, Instance], View]) -> Make:
    """Score candidates with the reader on the part of the history that `view` returns."""

    def make(part: AuditSplit) -> Score:
        return lambda row, names: part.reading.scores(row, names, view(part, row))

    return make


def without_ratings(_: AuditSplit, __: Instance) -> View:
    """Show the whole history without its ratings."""
    return View(ratings=False)


def without_order(_: AuditSplit, __: Instance) -> View:
    """Show the whole history without its order."""
    return View(order=False)


def first_half(_: AuditSplit, row: Instance) -> View:
    """Show the first half of the history, without its order."""
    return View(range(len(row.history) // 2), order=False)


def without_concerns(_: AuditSplit, __: Instance) -> View:
    """Show the whole history, but not which step belongs to which concern."""
    return View(concerns=False)


def without_first_provider(part: AuditSplit, row: Instance) -> View:
    """Show the calls of other providers than the first call's, without their order."""
    own = providers(part, row)
    return View([place for place, provider in enumerate(own) if provider != own[0]], order=False)


def without_first_steps(number: int) -> Callable[[AuditSplit, Instance], View]:
    """Return a function that shows all but the first steps of a history, without their order."""
    return lambda _, row: View(range(number, len(row.history)), order=False)


def familiarity(part: AuditSplit) -> Score:
    """Score a candidate by how common its attributes are in the catalogue."""
    reading = AttributeReading(part.tools.values(), 0)
    return lambda _, names: [reading.reader.familiarity(reading.attributes[name]) for name in names]


def two_preferences(which: Literal["rarer", "commoner"], view: Callable[[AuditSplit, Instance], View]) -> Make:
    """Explain the calls by a mixture of two preferences, without their order, and choose one preference's candidate."""

    def make(part: AuditSplit) -> Score:
        reading = AttributeReading(part.tools.values(), 0)

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            candidates = [reading.attributes[name] for name in names]
            rarer, commoner = reading.reader.two_preferences(reading.steps(row, view(part, row)), candidates)
            chosen = rarer if which == "rarer" else commoner
            return [float(index == chosen) for index in range(len(names))]

        return score

    return make


def majority(axis: str) -> Make:
    """Score a candidate by how often the called tools have its value on an axis."""

    def make(part: AuditSplit) -> Score:
        values_of = {
            name: next((fact.value for fact in tool.facts if fact.axis == axis), None)
            for name, tool in part.tools.items()
        }

        def score(row: Instance, names: Sequence[str]) -> list[float]:
            counts = Counter(values_of[step.name] for step in row.history)
            values = [values_of[name] for name in names]
            return [float(counts[value]) if value is not None else 0.0 for value in values]

        return score

    return make
