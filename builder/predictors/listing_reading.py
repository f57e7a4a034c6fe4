"""Reading of listings in layouts that are not known: the facts of tools, guessed from structure, units and words.

It uses what the repository says of any catalogue. All tools of a job state the same axes, and which; so a part that the
tools of a layout have exactly where an axis is stated is about that axis, whatever its words are. A provider has one
value of an axis for all of its tools. A number is in the form in which most numbers of the layout are usual ones.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, Final, NamedTuple

from builder.grouping.functionalities import data_table
from builder.world.axes import AXES, Value
from builder.world.facts import tidy
from hf_dataset.schema import ToolRow

from .listing_numbers import MARK, readings
from .listing_parts import Part, bare, parts_of
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
_RARE: Final = -9.0
"""Score of a part for an axis that some of its tools do not state."""
_FEW: Final = 4
"""Texts below which all of their numbers may be values."""
_NUMBER: Final = re.compile(r"(?<![\w.])(?:pt?(?=\d))?\d[\d,]*(?:\.\d+)?")
_INTERVAL: Final = re.compile(r"#|every|hourly|daily|weekly|monthly|once|twice")

Scores = Mapping[tuple[str, str], float]
"""How well a part goes with an axis, by key of the part and axis; no entry if its tools do not all state the axis."""


class _Statement(NamedTuple):
    """What a tool states on an axis."""

    label: str
    text: str


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
                    name: _Statement(label, text.replace(self._noun[name] or text, "things"))
                    for name, (label, text) in stated.items()
                }
            found = _numbers(axis, stated) if AXES[axis].is_number else _levels(axis, stated)
            for name, value in found.items():
                self.facts[name][axis] = value

    def _scores(self, names: Sequence[str]) -> Scores:
        """Return how well the parts of a layout go with the axes."""
        with_part: dict[str, set[str]] = defaultdict(set)
        with_label: dict[str, set[str]] = defaultdict(set)
        label_of: dict[str, str] = {}
        for name in names:
            for part in self._parts[name]:
                with_part[part.key].add(name)
                with_label[part.label].add(name)
                label_of[part.key] = part.label
        stated = {axis: {name for name in names if axis in self._axes[name]} for axis in AXES}
        scores = {}
        for key, having in with_part.items():
            if len(having) > _CONSTANT * len(names) and "#" not in key:
                continue
            labelled = with_label[label_of[key]] if label_of[key] else set()
            for axis, stating in stated.items():
                if len(having - stating) <= _ASTRAY * len(having):
                    scores[key, axis] = self._presence(axis, having, labelled, stating) + _by_words(axis, key)
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

    def _statements(self, name: str, scores: Scores) -> Mapping[str, _Statement]:
        """Divide the parts of a tool among its axes."""
        chosen: dict[str, list[Part]] = defaultdict(list)
        before: str | None = None
        noun = self._noun[name]
        for part in self._parts[name]:
            own = {axis: scores[part.key, axis] for axis in sorted(self._axes[name]) if (part.key, axis) in scores}
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
            axis: _Statement(parts[0].label, ", ".join(part.text for part in parts)) for axis, parts in chosen.items()
        }

    def _fill(self, name: str, chosen: dict[str, list[Part]], scores: Scores) -> None:
        """Give each axis without a part the best one that is left, or else any whose words speak for it."""
        used = {part for parts in chosen.values() for part in parts}
        left = [part for part in self._parts[name] if part not in used]
        labels = [Part("", part.label, True) for part in self._parts[name] if part.label]
        for axis in sorted(self._axes[name] - set(chosen)):
            best = max(left, key=lambda part: scores.get((part.key, axis), _RARE), default=None)
            if best is not None and scores.get((best.key, axis), _RARE) > 0:
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
        return score + hits - 1.5 * ("#" in text and not hits)
    if axis == "freshness" and re.search("request|call|quer", text):
        score -= 3.0
    if not _INTERVAL.search(text) and not (axis in ("price", "retention") and is_zero(text)):
        score -= 3.0
    return score


def _marked(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Mark the numbers that differ between texts that are otherwise alike."""
    alike: dict[str, list[list[str]]] = defaultdict(list)
    for text in texts.values():
        alike[_NUMBER.sub("#", text)].append(_NUMBER.findall(text))
    varies = {
        key: [len(rows) < _FEW or len(set(column)) > 1 for column in zip(*rows, strict=True)]
        for key, rows in alike.items()
    }

    def mark(text: str) -> str:
        places: Iterator[bool] = iter(varies[_NUMBER.sub("#", text)])
        return _NUMBER.sub(lambda match: f"{MARK if next(places) else ''}{match.group(0)}", text)

    return {name: mark(text) for name, text in texts.items()}


def _numbers(axis: str, stated: Mapping[str, _Statement]) -> Mapping[str, float]:
    """Read the numbers of a layout, each in the form in which most are usual ones."""
    marked = _marked({name: f"{label}: {text}" for name, (label, text) in stated.items()})
    zero = {
        name
        for name, (_, text) in stated.items()
        if axis in ("price", "retention") and is_zero(text) and not re.search("[1-9]", text)
    }
    rows = {name: readings(axis, marked[name]) for name in stated if name not in zero}
    columns = list(zip(*rows.values(), strict=True))
    fits = [sum(_usual(axis, value) for value in column) / len(column) for column in columns]
    order = sorted(range(len(columns)), key=lambda form: -fits[form] - 0.2 * (form == 0))
    found = dict.fromkeys(sorted(zero), 0.0)
    for name, row in rows.items():
        value = next((row[form] for form in order if row[form] is not None), None)
        if value is not None:
            found[name] = value
    return found


def _usual(axis: str, value: float | None) -> float:
    """Return 1 for a number that services use, less for another one."""
    if value is None or value < 0:
        return 0.0
    if axis == "uptime":
        is_near = abs(tidy(AXES[axis], value) - value) < 0.011 * (100 - value)
        return 0.0 if not 90 <= value < 100 else 1.0 if is_near else 0.3
    low, high = AXES[axis].quantiles[0] / 5, AXES[axis].quantiles[-1] * 5
    if not low <= value <= high:
        return 0.0
    return 1.0 if abs(tidy(AXES[axis], value) / value - 1) < 0.011 else 0.3


def _levels(axis: str, stated: Mapping[str, _Statement]) -> Mapping[str, str]:
    """Read the levels of a layout: the most frequent texts are different levels."""
    texts = Counter(bare(text) for _, text in stated.values())
    levels = AXES[axis].levels
    hits = {text: [level_hits(axis, level, text) for level in levels] for text in texts}
    usual = [text for text, _ in texts.most_common(len(levels))]
    best = max(
        permutations(range(len(levels)), len(usual)),
        key=lambda order: sum(hits[text][place] for text, place in zip(usual, order, strict=True)),
    )
    level_of = {text: levels[place] for text, place in zip(usual, best, strict=True)}
    for text in texts:
        if text not in level_of and max(hits[text]) > 0:
            level_of[text] = levels[hits[text].index(max(hits[text]))]
    return {name: level_of[bare(text)] for name, (_, text) in stated.items() if bare(text) in level_of}
