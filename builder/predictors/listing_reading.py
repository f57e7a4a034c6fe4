"""Reading of listings in layouts that are not known: the facts of tools, guessed from structure, units and words.

It uses what the repository says of any catalogue. All tools of a job state the same axes, and which; so a part that the
tools of a layout have exactly where an axis is stated is about that axis, whatever its words are. A provider has one
value of an axis for all of its tools. A number is in the form in which most numbers of the layout are usual ones.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import log
from typing import Any, Final

from builder.grouping.functionalities import data_table
from builder.world.axes import AXES, Value
from hf_dataset.schema import ToolRow

from .listing_parts import Part, parts_of
from .listing_values import ZERO_AXES, Statement, levels_of, numbers_of
from .listing_words import axis_pattern, is_zero, level_hits

_ALIKE: Final = 0.45
"""Share of common words from which the listings of two providers count as one layout."""
_INHERITED: Final = 1.2
"""Advantage of the axis of the part before in a line."""
_COUNTED: Final = 6.0
"""Advantage of coverage for a part that names what the job counts."""
_LEAST: Final = 1.0
"""Score above which a part is about an axis."""
_CONSTANT: Final = 0.9
"""Share of the tools of a layout from which a part without number says nothing: all providers would be alike."""
_EXACT: Final = 0.97
"""Share of common tools from which a part and an axis occur in the same tools."""
_ASTRAY: Final = 0.02
"""Highest share of the tools with a part that do not state its axis."""
_VARIED: Final = 14
"""Texts below a label up to which it is about an axis."""
_SILENT: Final = 0.2
"""Highest share of tools without a number for which it is zero, as so few services are free or keep nothing."""
_CHANCE: Final = 6.0
"""Evidence, in nats, from which it is no chance that all tools with a part state an axis."""
_RARE: Final = -9.0
"""Score of a part for an axis that some of its tools do not state."""
_PERIOD: Final = re.compile(r"#|\ban? (?:second|minute|hour|day|week|month|year)\b")
_INTERVAL: Final = re.compile(rf"{_PERIOD.pattern}|every|hourly|daily|weekly|monthly|once|twice")

Scores = Mapping[tuple[str, str], float]
"""How well a part goes with an axis, by key of the part and axis; no entry if its tools do not all state the axis."""


class ListingReading:
    """Facts of the tools of a catalogue, guessed from their listings.

    Args:
        tools: All tools of the catalogue whose listings are read.
    """

    def __init__(self, tools: Iterable[ToolRow]) -> None:
        table: Mapping[str, Mapping[str, Any]] = data_table("world/data/functionality_axes.toml")
        known = [(tool, table[str(tool.functionality)]) for tool in tools if tool.functionality in table]
        self._axes = {tool.name: frozenset(entry["axes"]) for tool, entry in known}
        self._noun = {tool.name: str(entry["noun"]).lower() for tool, entry in known}
        self._sources = {tool.name: list(entry["source"]) for tool, entry in known if "source" in entry}
        self._provider = {tool.name: tool.provider for tool, _ in known}
        parts = parts_of(tool.listing for tool, _ in known)
        self._parts = {tool.name: of_tool for (tool, _), of_tool in zip(known, parts, strict=True)}
        self.facts: dict[str, dict[str, Value]] = {tool.name: {} for tool, _ in known}
        """Value of each axis that could be read, by the name of the tool."""
        for names in _layouts([tool for tool, _ in known]):
            self._read(names)

    def _read(self, names: Sequence[str]) -> None:
        """Read the tools of one layout."""
        scores = self._scores(names)
        statements = {name: self._statements(name, scores) for name in names}
        for axis in AXES:
            stated = {name: of_tool[axis] for name, of_tool in statements.items() if axis in of_tool}
            if axis == "coverage":  # it counts other things in each job
                stated = {
                    name: Statement(label, text.replace(self._noun[name] or text, "things"))
                    for name, (label, text) in stated.items()
                }
            found = numbers_of(axis, stated) if AXES[axis].is_number else levels_of(axis, stated, self._allowed(axis))
            for name, value in found.items():
                self.facts[name][axis] = value
            silent = [name for name in names if axis in self._axes[name] and axis not in self.facts[name]]
            if axis in ZERO_AXES and len(silent) <= _SILENT * len(found):
                self.facts |= {name: {**self.facts[name], axis: 0.0} for name in silent}

    def _allowed(self, axis: str) -> Mapping[str, Sequence[str]]:
        """Return the levels of an axis that tools can have, by name, for those that cannot have all.

        A job restricts the origin of its data. A free tool, whose price is read before, asks for no card and no review.
        """
        if axis == "source":
            return self._sources
        if axis == "access":
            return {name: AXES[axis].levels[:2] for name, facts in self.facts.items() if facts.get("price") == 0}
        return {}

    def _scores(self, names: Sequence[str]) -> Scores:
        """Return how well the parts of a layout go with the axes."""
        with_part: dict[str, set[str]] = defaultdict(set)
        with_label: dict[str, set[str]] = defaultdict(set)
        texts: dict[str, set[str]] = defaultdict(set)
        spelled: dict[str, Counter[Part]] = defaultdict(Counter)
        for name in names:
            for part in self._parts[name]:
                with_part[part.stem].add(name)
                with_label[part.label].add(name)
                texts[part.label].add(part.stem)
                spelled[part.stem][part] += 1
        stated = {axis: {name for name in names if axis in self._axes[name]} for axis in AXES}
        scores = {}
        for key, having in with_part.items():
            if len(having) > _CONSTANT * len(names) and "#" not in key and "~" not in key:
                continue
            example = spelled[key].most_common(1)[0][0]
            is_label = example.label and len(texts[example.label]) <= _VARIED
            labelled = with_label[example.label] if is_label else set()
            for axis, stating in stated.items():
                if len(having - stating) <= _ASTRAY * len(having):
                    scores[key, axis] = (
                        self._presence(axis, having, labelled, stating)
                        + min(-len(having) * log(max(len(stating), 1) / len(names)) / _CHANCE, 1.0)
                        + _by_words(axis, example.key)
                    )
        return scores

    def _presence(self, axis: str, having: set[str], labelled: set[str], stating: set[str]) -> float:
        """Return how well the tools that have a part are those that state an axis.

        Args:
            axis: The axis.
            having: Tools with the part.
            labelled: Tools with its label; none if it has none.
            stating: Tools that state the axis.
        """
        within = stating
        if AXES[axis].provider:  # stated in the same words by all tools of a provider
            providers = {self._provider[name] for name in having}
            within = {name for name in stating if self._provider[name] in providers}
        share = _overlap(having, within)
        if axis in ("lifecycle", "payload"):  # each level has a text of its own
            share = min(1.6 * share, 1.0)
        by_label = _overlap(labelled, stating)
        return 2 * share + 1.5 * (share > _EXACT) + by_label + 2.5 * (by_label > _EXACT)

    def _statements(self, name: str, scores: Scores) -> Mapping[str, Statement]:
        """Divide the parts of a tool among its axes."""
        chosen: dict[str, list[Part]] = defaultdict(list)
        before: str | None = None
        noun = self._noun[name]
        for part in self._parts[name]:
            own = {axis: scores[part.stem, axis] for axis in sorted(self._axes[name]) if (part.stem, axis) in scores}
            if not own:
                continue
            if before in own and not part.is_first:
                own[before] += _INHERITED
            if "coverage" in own and noun and noun in f"{part.label} {part.text}":
                own["coverage"] += _COUNTED
            before = max(own, key=own.__getitem__)
            if own[before] > _LEAST:
                chosen[before].append(part)
        self._fill(name, chosen, scores)
        return {
            axis: Statement(parts[0].label, ", ".join(part.text for part in parts)) for axis, parts in chosen.items()
        }

    def _fill(self, name: str, chosen: dict[str, list[Part]], scores: Scores) -> None:
        """Give each axis without a part the best one that is left, or else any whose words speak for it."""
        used = {part for parts in chosen.values() for part in parts}
        left = [part for part in self._parts[name] if part not in used]
        labels = [Part("", part.label, True) for part in self._parts[name] if part.label]
        for axis in sorted(self._axes[name] - set(chosen)):
            best = max(left, key=lambda part: scores.get((part.stem, axis), _RARE), default=None)
            if best is not None and scores.get((best.stem, axis), _RARE) > 0:
                left.remove(best)
            else:
                best = max(labels + self._parts[name], key=lambda part: _by_words(axis, part.key), default=None)
                if best is None or _by_words(axis, best.key) <= _LEAST:
                    continue
            chosen[axis].append(best)


def _layouts(tools: Sequence[ToolRow]) -> list[list[str]]:
    """Return the names of the tools whose providers seem to share a layout."""
    words: dict[str, set[str]] = defaultdict(set)
    for tool in tools:
        words[tool.provider].update(re.findall(r"[^\W\d]{2,}", tool.listing.lower()))
    groups: list[list[str]] = []
    for provider in sorted(words):
        alike = [sum(_overlap(words[provider], words[other]) for other in group) / len(group) for group in groups]
        if alike and max(alike) >= _ALIKE:
            groups[alike.index(max(alike))].append(provider)
        else:
            groups.append([provider])
    return [[tool.name for tool in tools if tool.provider in group] for group in groups]


def _overlap(one: set[str], other: set[str]) -> float:
    """Return the share of two sets that they have in common."""
    return len(one & other) / max(len(one | other), 1)


def _by_words(axis: str, key: str) -> float:
    """Return how well the words of a part go with an axis."""
    label, _, text = key.partition("::")
    in_label = min(len(axis_pattern(axis).findall(label.replace("-", " "))), 2)
    in_text = min(len(axis_pattern(axis).findall(text.replace("#", "1"))), 2)
    score = 2.0 * in_label + 1.5 * in_text
    if not AXES[axis].is_number:
        hits = min(sum(level_hits(axis, level, text) for level in AXES[axis].levels), 2.0)
        return score + hits - 1.5 * (_PERIOD.search(text) is not None and not hits)
    if axis == "freshness" and re.search("request|call|quer", text):
        score -= 3.0
    if not _INTERVAL.search(text) and not (axis in ("price", "retention") and is_zero(text)):
        score -= 3.0
    return score
