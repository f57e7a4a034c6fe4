"""Reading of a history: what the user wants, inferred from all of it or from a part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from builder.users.preference_readers import PreferenceReader, Step, attributes_of
from hf_dataset.schema import Instance, ToolRow

ORACLE: Final = "oracle"
"""Name of the first reader of every reading, an upper bound on the accuracy."""


@dataclass(frozen=True, slots=True)
class View:
    """Part of a history that is read."""

    steps: Sequence[int] | None = None
    """Indexes of the steps; None for all."""
    ratings: bool = True
    """False if all calls count as liked."""
    order: bool = True
    """False if the preference is assumed not to change."""
    concerns: bool = True
    """False if all steps are read as one concern."""


WHOLE: Final = View()


class Reading(Protocol):
    """Inference from histories, for the tools of one catalogue."""

    def scores(self, row: Instance, names: Sequence[str], view: View = WHOLE) -> Sequence[float]:
        """Score candidates by how well they fit what a history shows. The highest score is the inferred answer.

        Args:
            row: Instance whose history is read.
            names: Names of the candidates, which can be those of another instance.
            view: Part of the history.
        """
        ...

    def verdicts(self, row: Instance, names: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """Return the scores of candidates by each reader, `ORACLE` first. The arguments are those of `scores`."""
        ...


class AttributeReading:
    """Reading of labelled attributes: those that are more frequent among the called tools than in the catalogue.

    Args:
        tools: Tools of the catalogue.
        changes: Number of changes of preference in a history; 0 if its order has no meaning.
    """

    def __init__(self, tools: Iterable[ToolRow], changes: int) -> None:
        self.attributes = {tool.name: attributes_of(tool) for tool in tools}
        """Documented value of each axis, by tool name."""
        self.reader = PreferenceReader(self.attributes.values())
        """Reader that knows how common each attribute is in the catalogue."""
        self._changes = changes

    def steps(self, row: Instance, view: View = WHOLE) -> list[Step]:
        """Return the steps of a history as input of a `PreferenceReader`."""
        shown = row.history if view.steps is None else [row.history[place] for place in view.steps]
        return [Step(self.attributes[step.name], step.rating if view.ratings else None) for step in shown]

    def scores(self, row: Instance, names: Sequence[str], view: View = WHOLE) -> Sequence[float]:
        """Score candidates by log likelihood ratios in nats."""
        candidates = [self.attributes[name] for name in names]
        return self.reader.scores(self.steps(row, view), candidates, changes=self._changes if view.order else 0)

    def verdicts(self, row: Instance, names: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """Return the scores of candidates by the only reader."""
        return {ORACLE: self.scores(row, names)}
