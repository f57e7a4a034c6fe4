"""Choice of the reading for the tools of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hf_dataset.schema import ToolRow

from .fact_reading import FactReading
from .reading import AttributeReading, Reading


def has_facts(tools: Iterable[ToolRow]) -> bool:
    """Return True if tools have facts with units, False if they have labelled attributes or nothing."""
    return any(fact.unit for tool in tools for fact in tool.facts)


def open_reading(tools: Sequence[ToolRow], changes: int) -> Reading:
    """Return the reading for the tools of a catalogue.

    Args:
        tools: Tools with their facts or attributes.
        changes: Number of changes of preference in a history; 0 if its order has no meaning.
    """
    return FactReading(tools, changes) if has_facts(tools) else AttributeReading(tools, changes)
