"""Real facts and tools: values on axes that a package states, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from builder.world.axes import Value

_DIGITS: Final = 6


def rounded(value: float) -> float:
    """Return a value with six significant digits, as facts have them that are not whole numbers.

    Listings state as many digits in each unit as give this value back: values that differ are stated differently.
    """
    return float(f"{value:.{_DIGITS}g}")


@dataclass(frozen=True, slots=True)
class RealFact:
    """A fact that a package states."""

    axis: str
    value: Value
    """Value in the canonical unit of the axis."""
    package: str
    """Name of the distribution that states it."""
    key: str
    """Place in the package, such as `groq/openai/gpt-oss-120b input_cost_per_token`."""
    detail: str = ""
    """Part of the statement that the value does not hold: a list of what was counted, or the unit of a price."""


@dataclass(frozen=True, slots=True)
class RealTool:
    """An operation of a real service."""

    provider: str
    """Identifier of the provider in its package."""
    title: str
    """Name of the provider."""
    job: str
    """Functionality that it carries out."""
    operation: str
    """Name of the operation, or of the model that answers."""
    facts: Mapping[str, RealFact] = field(hash=False)
    """Facts by axis."""
