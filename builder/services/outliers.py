"""Entries that cannot be right beside the others of their group: limits of another model, and prices far too low."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Final

from .real_facts import RealTool

_CONTEXT: Final = "context"
_OUTPUT: Final = "output_limit"
_PRICE: Final = "price"
"""End of the names of axes that are prices."""
_MOST_TIMES: Final = 2
"""Multiple of the most frequent limit above which an entry is for another model."""
_LEAST_SHARE: Final = 1 / 20
"""Share of the median below which a price is an error."""


def without_outliers(tools: Sequence[RealTool]) -> list[RealTool]:
    """Return the tools of a job without those that cannot be right.

    A limit of more than twice the most frequent one of the job and a price of less than a twentieth of the median are
    not plausible.

    Args:
        tools: Tools that do the same job.
    """
    axes = sorted({axis for tool in tools for axis in tool.facts})
    highest = {axis: _MOST_TIMES * _usual(tools, axis) for axis in (_CONTEXT, _OUTPUT) if axis in axes}
    lowest = {axis: _LEAST_SHARE * median(_values(tools, axis)) for axis in axes if axis.endswith(_PRICE)}
    return [
        tool
        for tool in tools
        if all(_value(tool, axis) <= limit for axis, limit in highest.items() if axis in tool.facts)
        and all(_value(tool, axis) >= limit for axis, limit in lowest.items() if axis in tool.facts)
    ]


def _usual(tools: Sequence[RealTool], axis: str) -> float:
    """Return the value that most providers state, and the highest of several. Values of the same two digits are one."""
    stated = {(tool.provider, _value(tool, axis)) for tool in tools if axis in tool.facts}
    counts = Counter(rounded for _, rounded in {(provider, f"{value:.1e}") for provider, value in stated})
    return max((value for _, value in stated), key=lambda value: (counts[f"{value:.1e}"], value))


def _values(tools: Sequence[RealTool], axis: str) -> list[float]:
    return [_value(tool, axis) for tool in tools if axis in tool.facts]


def _value(tool: RealTool, axis: str) -> float:
    return float(tool.facts[axis].value)
