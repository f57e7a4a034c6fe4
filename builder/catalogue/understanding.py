"""Stage 2 of a build, without a language model: attributes of the tools of a real catalogue.

Sources of the attributes:

* Facts (`known_facts`): numbers as one of three classes, by their rank in the tool's category; and levels.
* Schema: the number of optional parameters, and the presence of parameter descriptions.

Nobody prefers the worse: of a number only the best class is `wanted`, of ordered levels only the best one that the
catalogue has. Where people differ, such as on the region, every level is.

Every attribute has a text as evidence. Facts that the prose does not state are in the listing, in the form of the strip
of a marketplace; a listing also repeats what the prose states, because it stands for the tool in a history.
"""

from __future__ import annotations

import bisect
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from builder.records import Attribute, Tool
from builder.words import MAX_DESCRIPTION, shortened

from .documented_facts import levels, matters
from .known_facts import MEASURES, KnownFact, Measure, known_facts

_MIN_PEERS: Final = 12
"""Tools of categories with fewer tools that state an axis are compared with the whole catalogue."""
_BETTER: Final = 0.6
"""Rank, 0 to 1, from which a number is in the better class."""
_WORSE: Final = 0.4
"""Rank up to which it is in the worse class. The classes between keep a distance that readers can see."""
_SEPARATOR: Final = " | "
"""Separator of the entries of a listing."""


def understand(tools: Iterable[Tool]) -> Iterator[Tool]:
    """Yield every tool with attributes, and with their evidence in its description or listing.

    Tools that already have attributes, such as those of an earlier step, are yielded unchanged.

    Args:
        tools: All tools of a catalogue, since facts are compared between them.
    """
    listed = list(tools)
    operations = Counter(tool.provider for tool in listed)
    if len(set(operations.values())) > 1:
        listed = [
            replace(tool, facts=replace(tool.facts, operations=operations[tool.provider]))
            if _is_measured(tool)
            else tool
            for tool in listed
        ]
    catalogue = [(tool, {} if tool.attributes else known_facts(tool)) for tool in listed]
    constant = _constant_axes(listed)
    scales = {axis: _Scale(axis, measure, catalogue) for axis, measure in MEASURES.items()}
    best = _best_levels(facts for _, facts in catalogue)
    for tool, facts in catalogue:
        yield tool if tool.attributes else _with_attributes(tool, facts, scales, best, constant)


def _constant_axes(tools: Sequence[Tool]) -> frozenset[str]:
    """Return the axes of the schema on which all tools are alike, so that they say nothing."""
    found = [[attribute for attribute in (_options(tool), _inputs(tool)) if attribute] for tool in tools]
    values: defaultdict[str, set[str]] = defaultdict(set)
    for of_tool in found:
        for attribute in of_tool:
            values[attribute.axis].add(attribute.value)
    return frozenset(axis for axis, of_axis in values.items() if len(of_axis) == 1 and len(tools) > 1)


def _is_measured(tool: Tool) -> bool:
    """Return True if a tool has statistics of a marketplace, whose listings also state the size of a product."""
    return tool.facts.latency_ms is not None or tool.facts.popularity is not None


def _with_attributes(
    tool: Tool,
    facts: Mapping[str, KnownFact],
    scales: Mapping[str, _Scale],
    best: Mapping[str, str],
    constant: Collection[str],
) -> Tool:
    attributes = [
        scales[axis].attribute(tool, fact)
        if axis in scales
        else Attribute(axis, str(fact.value), fact.evidence, wanted=axis in matters() or fact.value == best.get(axis))
        for axis, fact in facts.items()
    ]
    schema = [
        attribute for attribute in (_options(tool), _inputs(tool)) if attribute and attribute.axis not in constant
    ]
    strip = _SEPARATOR.join(fact.evidence for fact in facts.values() if fact.is_listed)
    prose = _SEPARATOR.join(dict.fromkeys(fact.evidence for fact in facts.values() if not fact.is_listed))
    about_schema = " ".join(attribute.evidence for attribute in schema)
    listing = "\n".join(line for line in (strip, prose, about_schema) if line) if strip else ""
    added = "" if listing else f" {about_schema}".rstrip()
    # Interfaces refuse a longer description. The evidence is never cut, nor the line that names the provider.
    room = MAX_DESCRIPTION - len(f"Provider: {tool.provider}.  ...{added}\n\n{listing}")
    documentation = shortened(tool.description, max(room, 0))
    shown = f"{documentation}\n{listing}"
    kept = [attribute for attribute in attributes if attribute.evidence in shown]
    return replace(tool, description=documentation + added, listing=listing, attributes=(*kept, *schema))


def _best_levels(facts: Iterable[Mapping[str, KnownFact]]) -> dict[str, str]:
    """Return the best level of each axis that occurs; none if only the worst of several occurs."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for of_tool in facts:
        for axis, fact in of_tool.items():
            seen[axis].add(str(fact.value))
    return {
        axis: next(level for level in of_axis if level in seen[axis])
        for axis, of_axis in levels().items()
        if seen[axis] & set(of_axis[: max(len(of_axis) - 1, 1)])
    }


class _Scale:
    """Distribution of a number, in each category and in the whole catalogue."""

    def __init__(self, axis: str, measure: Measure, catalogue: Sequence[tuple[Tool, Mapping[str, KnownFact]]]) -> None:
        self._axis = axis
        self._measure = measure
        by_category: defaultdict[str, list[float]] = defaultdict(list)
        for tool, facts in catalogue:
            if axis in facts:
                by_category[tool.category].append(float(facts[axis].value))
        self._all = sorted(value for values in by_category.values() for value in values)
        self._categories = {
            category: sorted(values) for category, values in by_category.items() if len(values) >= _MIN_PEERS
        }

    def attribute(self, tool: Tool, fact: KnownFact) -> Attribute:
        """Return the attribute of a tool."""
        value, peers = float(fact.value), self._categories.get(tool.category, self._all)
        # Equal values get their mean rank, so that a value shared by most tools is in the middle.
        rank = (bisect.bisect_left(peers, value) + bisect.bisect_right(peers, value)) / (2 * len(peers))
        good = rank if self._measure.better == "more" else 1 - rank
        place = 0 if good >= _BETTER else 2 if good <= _WORSE else 1
        return Attribute(self._axis, self._measure.classes[place], fact.evidence, wanted=self._is_wanted(place))

    def _is_wanted(self, place: int) -> bool:
        """Return True if somebody prefers a class: the better one, or either end where people differ."""
        return place == 0 or (place == 2 and self._measure.better == "matter")


def _options(tool: Tool) -> Attribute:
    number = len(tool.parameters["properties"]) - len(tool.parameters["required"])
    if number == 0:
        return Attribute("options", "none", "Takes no optional parameters.")
    value = "few" if number <= 2 else "many"
    return Attribute("options", value, f"Takes {number} optional parameter{'s' if number > 1 else ''}.")


def _inputs(tool: Tool) -> Attribute | None:
    required = [tool.parameters["properties"][name] for name in tool.parameters["required"]]
    if not required:
        return None
    described = sum("description" in schema for schema in required)
    if described == len(required):
        return Attribute("inputs", "described", "Every required input is described.")
    return Attribute("inputs", "bare", "Not every required input is described.", wanted=False)
