"""What a catalogue source yields, before anything is judged or normalised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from builder.records import ServiceFacts


@dataclass(frozen=True, slots=True)
class RawParameter:
    """A parameter as its catalogue states it."""

    name: str
    type: str
    description: str
    default: object
    """An example or a default value, as the catalogue happens to use the field; None where there is none."""
    required: bool


@dataclass(frozen=True, slots=True)
class RawTool:
    """An operation as its catalogue states it."""

    category: str
    provider: str
    provider_description: str
    operation: str
    operation_description: str
    parameters: tuple[RawParameter, ...]
    facts: ServiceFacts = field(default_factory=ServiceFacts)


class CatalogueSource(Protocol):
    """A catalogue that can be read."""

    skipped: Counter[str]
    """What the last reading passed over, by reason."""

    @property
    def identity(self) -> str:
        """Kind and content hash."""
        ...

    def read(self) -> Iterator[RawTool]:
        """Yield every operation, always in the same order.

        Raises:
            CatalogueError: If the catalogue cannot be read.
        """
        ...
