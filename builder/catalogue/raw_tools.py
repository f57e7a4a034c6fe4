"""Data types that a catalogue source yields, before filtering and normalisation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from builder.records import ServiceFacts


@dataclass(frozen=True, slots=True)
class RawParameter:
    """Parameter of an operation, as stated in its catalogue."""

    name: str
    type: str
    """Type name of the catalogue, not yet a JSON Schema type."""
    description: str
    default: object
    """Default value or example, since catalogues use the field for both; None if there is none."""
    required: bool


@dataclass(frozen=True, slots=True)
class RawTool:
    """Operation of a provider, as stated in its catalogue."""

    category: str
    provider: str
    provider_description: str
    operation: str
    operation_description: str
    parameters: tuple[RawParameter, ...]
    facts: ServiceFacts = field(default_factory=ServiceFacts)


class CatalogueSource(Protocol):
    """Interface of a catalogue that can be read."""

    skipped: Counter[str]
    """Number of items that the last `read` skipped, by reason."""

    @property
    def identity(self) -> str:
        """Kind of the source, and a hash of its content."""
        ...

    def read(self) -> Iterator[RawTool]:
        """Yield every operation, always in the same order.

        Raises:
            CatalogueError: If the catalogue cannot be read.
        """
        ...
