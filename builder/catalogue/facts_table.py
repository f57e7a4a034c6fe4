"""Facts that are known of the tools of a catalogue, as a file that a person can correct and as a summary.

The file has the form of a facts file (`facts_file`): a line has the name, provider, job and facts of a tool, and in
`quotes` the words that state each fact.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from builder.records import Tool

from .facts_file import fact_axes
from .known_facts import MEASURES, KnownFact, known_facts
from .stated_units import UNLIMITED

_DIGITS: Final = 6
"""Significant digits of a number."""


def facts_text(tools: Sequence[Tool], jobs: Mapping[str, str]) -> str:
    """Return the text of a facts file with everything that is known.

    Args:
        tools: Tools of the catalogue.
        jobs: Job of each tool that is in a group, by the name of the tool.
    """
    return "".join(f"{json.dumps(_line(tool, jobs), ensure_ascii=False)}\n" for tool in tools)


def _line(tool: Tool, jobs: Mapping[str, str]) -> dict[str, object]:
    facts = _stated(tool)
    values = {axis: _rounded(fact.value) for axis, fact in facts.items()}
    quotes = {axis: fact.evidence for axis, fact in facts.items()}
    return {"tool": tool.name, "provider": tool.provider, "job": jobs.get(tool.name, ""), **values, "quotes": quotes}


def _stated(tool: Tool) -> dict[str, KnownFact]:
    """Return the facts of a tool that a facts file can state, in the order of the axes."""
    facts = known_facts(tool)
    return {axis: facts[axis] for axis in fact_axes() if axis in facts}


def _rounded(value: float | str) -> float | str:
    if isinstance(value, str):
        return value
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def facts_summary(tools: Sequence[Tool]) -> list[tuple[str, int, str]]:
    """Return each axis of which something is known: its name, the number of tools, and their values with the unit."""
    known = [_stated(tool) for tool in tools]
    rows = []
    for axis, unit in fact_axes().items():
        values = [facts[axis].value for facts in known if axis in facts]
        if not values:
            continue
        if axis in MEASURES:
            low, high = (shown_number(bound(map(float, values))) for bound in (min, max))
            rows.append((axis, len(values), f"{low} to {high} {unit}" if low != high else f"{low} {unit}"))
        else:
            counts = {level: values.count(level) for level in unit.split(" / ")}
            rows.append((axis, len(values), ", ".join(f"{level} {count}" for level, count in counts.items() if count)))
    return rows


def shown_number(value: float) -> str:
    """Return a number on an axis as text, with six significant digits."""
    return "unlimited" if value >= UNLIMITED else f"{value:,.{_DIGITS}g}"
