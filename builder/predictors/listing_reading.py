"""Reading of listings in layouts that are not known: the facts of tools, guessed from words, units and numbers.

What is stated is known: all tools of a job state the same axes. So a part of a listing that occurs in the tools of a
provider's layout exactly where an axis is stated is about that axis, whatever its words are; and the form of a number is
the one in which most numbers of a layout are those that services use.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, Final, NamedTuple

from builder.grouping.functionalities import data_table
from builder.world.axes import AXES, Value
from builder.world.facts import tidy
from hf_dataset.schema import ToolRow

from .listing_numbers import in_digits, is_zero, readings
from .listing_words import axis_pattern, level_hits

_LABEL: Final = re.compile(
    r"^([^:|?=→.]{2,60}?|[\d.]+ [^:|?=→]{2,60}?)\s*(?::(?=\s|$)|\?|\||=|→|->|\s[–—-]\s|\t| {3,})\s*"
)
_SENTENCES: Final = re.compile(r"(?<=[a-z)%\d])(?<!max)(?<!min)(?<!avg)(?<!approx)(?<!\bno)[.!]\s+(?=[a-z$€\d])")
_PARTS: Final = re.compile(r"\s*\|\s*|,\s+|;\s+|\s+[·•–—/]\s+|\s{3,}")
_MARK: Final = "‹"
"""Stands before a number that differs between the tools of a layout."""
_MARKED: Final = re.compile(r"(?<![\w.])(?:pt?(?=\d))?\d[\d,]*(?:\.\d+)?")
_ATTRIBUTE: Final = re.compile(r"([\w:-]+)=\"([^\"]*)\"")
_LEAST_ATTRIBUTES: Final = 5
"""Attributes of one tag from which each is a line of its own."""
_TABLE_LINES: Final = 4
"""Highest number of lines of a table whose first line has the headings."""
_ALIKE: Final = 0.45
"""Share of common words from which the listings of two providers count as one layout."""
_INHERITED: Final = 1.2
"""Advantage of the axis of the part before in a line."""
_MOST_PARTS: Final = 4
"""Parts of a line, on average, up to which its beginning is the label of one or two axes."""


class _Part(NamedTuple):
    """Part of a listing that can be about one axis."""

    label: str
    text: str
    is_first: bool

    @property
    def key(self) -> str:
        return f"{self.label}::{_bare(self.text)}"


def _bare(text: str) -> str:
    return re.sub(r"\d[\d,.]*", "#", text)


def _lines(listing: str) -> Iterator[str]:
    """Yield the lines and sentences of a listing without markup, in small letters."""
    for raw in _rows_of(listing.lower().splitlines()):
        line = re.sub(r"<(\w+)([^<>]*)>([^<>]*)</\1>", r"\1: \2 \3", raw)
        line = re.sub(r"</\w+>", " ", line)
        line = re.sub(r"<(\w+)([^<>]*?)/?>", r"\1: \2", line)
        line = re.sub(r"(\w+) ?[=:] ?\"?(?:no|false)\b\"?(?=[\s,}/>]|$)", r"no \1", line) if "=" in line else line
        line = re.sub(r"(\w+)=\"?(?:yes|true)\b\"?", r"\1", line)
        line = (
            re.sub(r"[\"'`{}\[\]<>]|^\W*[*•@/-]+\s+|\*\*|^§ ?\d+|[≤≥≈~]", " ", line)
            .replace("_", " ")
            .strip(" ,|\t#*-•.")
        )
        yield from (sentence for sentence in _SENTENCES.split(in_digits(line)) if sentence)


def _rows_of(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines; a table with a line of values below a line of headings, and attributes of a tag, become lines."""
    skipped = -1
    for place, line in enumerate(lines):
        below = lines[place + 1].split(" | ") if place + 1 < len(lines) else []
        cells = line.strip("| ").split(" | ")
        attributes = _ATTRIBUTE.findall(line)
        if len(attributes) >= _LEAST_ATTRIBUTES:
            yield from (f"{name}: {value}" for name, value in attributes)
        elif len(lines) <= _TABLE_LINES and len(cells) > 2 and len(below) == len(cells):
            yield from (f"{cell}: {value}" for cell, value in zip(cells, below, strict=True))
            skipped = place + 1
        elif place != skipped:
            yield line


def parts_of(listing: str, is_label: Callable[[str], bool] = lambda label: True) -> list[_Part]:
    """Split a listing into parts, each with the label of its line, in small letters.

    Args:
        listing: Text of the listing.
        is_label: Tells whether the beginning of a line is a label.
    """
    parts = []
    for line in _lines(listing):
        match = _LABEL.match(line)
        label = match.group(1).strip() if match else ""
        if match and is_label(label):
            rest = line[match.end() :]
            if "|" in match.group(0):
                parts.append(_Part("", label, True))
                label = "" if "," in label else label
        else:
            label, rest = "", line
        pieces = [piece.strip(" ,|.") for piece in _PARTS.split(rest)]
        pieces = [piece for piece in pieces if piece]
        parts += [_Part(label, piece, place == 0) for place, piece in enumerate(pieces)]
    return parts


def _labels(listings: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that tells labels from values: the numbers of a label are the same in all tools."""
    exact: Counter[str] = Counter()
    bare: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for listing in listings:
        for line in _lines(listing):
            if match := _LABEL.match(line):
                label = match.group(1).strip()
                exact[label] += 1
                bare[_bare(label)] += 1
                parts[label] += len(_PARTS.split(line[match.end() :]))

    def is_label(label: str) -> bool:
        varies = label != _bare(label) and exact[label] <= 0.5 * bare[_bare(label)]
        return not varies and parts[label] <= _MOST_PARTS * exact[label]

    return is_label


class ListingReading:
    """Facts of the tools of a catalogue, guessed from their listings.

    Args:
        tools: All tools of the catalogue whose listings are read.
    """

    def __init__(self, tools: Iterable[ToolRow]) -> None:
        table: Mapping[str, Mapping[str, Any]] = data_table("world/data/functionality_axes.toml")
        self._tools = [tool for tool in tools if tool.functionality in table]
        self._axes = {tool.name: frozenset(table[str(tool.functionality)]["axes"]) for tool in self._tools}
        self._provider = {tool.name: tool.provider for tool in self._tools}
        self._noun = {tool.name: str(table[str(tool.functionality)]["noun"]) for tool in self._tools}
        is_label = _labels(tool.listing for tool in self._tools)
        self._parts = {tool.name: parts_of(tool.listing, is_label) for tool in self._tools}
        self.facts: dict[str, dict[str, Value]] = {tool.name: {} for tool in self._tools}
        """Value of each axis that could be read, by the name of the tool."""
        for layout in self._layouts():
            self._read(layout)

    def _layouts(self) -> list[list[str]]:
        """Return the names of the tools whose providers seem to share a layout."""
        words: dict[str, set[str]] = defaultdict(set)
        for tool in self._tools:
            words[tool.provider].update(re.findall(r"[^\W\d]{2,}", tool.listing.lower()))
        groups: list[list[str]] = []
        for provider in sorted(words):
            shares = [
                sum(len(words[provider] & words[other]) / len(words[provider] | words[other]) for other in group)
                / len(group)
                for group in groups
            ]
            if shares and max(shares) >= _ALIKE:
                groups[shares.index(max(shares))].append(provider)
            else:
                groups.append([provider])
        return [[tool.name for tool in self._tools if tool.provider in group] for group in groups]

    def _read(self, names: Sequence[str]) -> None:
        texts = {name: self._texts(name, scores) for scores in [self._scores(names)] for name in names}
        for axis in AXES:
            stated = {name: of_axis[axis] for name, of_axis in texts.items() if axis in of_axis}
            if axis == "coverage":  # it counts other things in each job
                stated = {
                    name: (label, text.replace(self._noun[name] or text, "things"))
                    for name, (label, text) in stated.items()
                }
            found = _numbers(axis, stated) if AXES[axis].is_number else _levels(axis, stated)
            for name, value in found.items():
                self.facts[name][axis] = value

    def _scores(self, names: Sequence[str]) -> Mapping[tuple[str, str], float]:
        """Return how well the parts of a layout go with the axes, by key of the part and axis."""
        with_part: dict[str, set[str]] = defaultdict(set)
        of_label: dict[str, set[str]] = defaultdict(set)
        label_of: dict[str, str] = {}
        for name in names:
            for part in self._parts[name]:
                with_part[part.key].add(name)
                of_label[part.label].add(name)
                label_of[part.key] = part.label
        stated = {axis: {name for name in names if axis in self._axes[name]} for axis in AXES}
        scores = {}
        for key, having in with_part.items():
            if len(having) > 0.9 * len(names) and "#" not in key:
                continue  # the levels of no axis are the same for nearly all providers
            labelled = of_label[label_of[key]] if label_of[key] else set()
            for axis, stating in stated.items():
                if len(having - stating) <= 0.02 * len(having):
                    scores[key, axis] = self._presence(axis, having, labelled, stating) + self._words(axis, key)
        return scores

    def _presence(self, axis: str, having: set[str], labelled: set[str], stating: set[str]) -> float:
        """Return how well the tools that have a part are those that state an axis, 0 to about 5.

        A property of a provider is stated by all of its tools in the same words.
        """
        if AXES[axis].provider:
            providers = {self._provider[name] for name in having}
            within = {name for name in stating if self._provider[name] in providers}
        else:
            within = stating
        share = len(having & stating) / max(len(within | having), 1)
        if axis in ("lifecycle", "payload"):
            share = min(1.6 * share, 1.0)
        by_label = len(labelled & stating) / max(len(labelled | stating), 1)
        return 2 * share + 1.5 * (share > 0.97) + by_label + 2.5 * (by_label > 0.97)

    def _words(self, axis: str, key: str) -> float:
        label, _, text = key.partition("::")
        pattern = axis_pattern(axis)
        in_label = min(len(pattern.findall(label.replace("-", " "))), 2)
        in_text = min(len(pattern.findall(text.replace("#", "1"))), 2)
        score = 2.0 * in_label + 1.5 * in_text
        if not AXES[axis].is_number:
            hits = min(sum(level_hits(axis, level, text) for level in AXES[axis].levels), 2.0)
            score += hits - 1.5 * ("#" in text and not hits)
        if axis == "freshness" and re.search(r"request|call|quer", text):
            score -= 3.0
        if AXES[axis].is_number and not re.search(r"#|every|hourly|daily|weekly|monthly|once|twice", text):
            score -= 0.0 if axis in ("price", "retention") and is_zero(text) else 3.0
        return score

    def _texts(self, name: str, scores: Mapping[tuple[str, str], float]) -> Mapping[str, tuple[str, str]]:
        """Return label and text of each axis of a tool, as its parts are divided among its axes."""
        chosen: dict[str, list[_Part]] = defaultdict(list)
        before: str | None = None
        noun = self._noun[name]
        for part in self._parts[name]:
            own = {}
            for axis in sorted(self._axes[name]):
                if (part.key, axis) in scores:
                    bonus = _INHERITED if axis == before and not part.is_first else 0.0
                    bonus += 6.0 if axis == "coverage" and noun and noun in f"{part.label} {part.text}" else 0.0
                    own[axis] = scores[part.key, axis] + bonus
            if not own:
                continue
            before = max(own, key=lambda axis: own[axis])
            if own[before] > 1.0:
                chosen[before].append(part)
        self._fill(name, chosen, scores)
        return {axis: (parts[0].label, ", ".join(part.text for part in parts)) for axis, parts in chosen.items()}

    def _fill(self, name: str, chosen: dict[str, list[_Part]], scores: Mapping[tuple[str, str], float]) -> None:
        """Give each axis without a part the best one that is left, or else any."""
        used = {part for parts in chosen.values() for part in parts}
        left = [part for part in self._parts[name] if part not in used]
        for axis in sorted(self._axes[name] - set(chosen)):
            best = max(left, key=lambda part: scores.get((part.key, axis), -9.0), default=None)
            if best is not None and scores.get((best.key, axis), -9.0) > 0:
                chosen[axis].append(best)
                left.remove(best)
                continue
            rest = [_Part("", part.label, True) for part in self._parts[name] if part.label] + self._parts[name]
            best = max(rest, key=lambda part: self._words(axis, part.key), default=None)
            if best is not None and self._words(axis, best.key) > 1.0:
                chosen[axis].append(best)


def _marked(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Mark the numbers that differ between texts that are otherwise alike."""
    seen: dict[str, list[set[str]]] = {}
    count: Counter[str] = Counter()
    for text in texts.values():
        numbers = _MARKED.findall(text)
        bare = _MARKED.sub("#", text)
        count[bare] += 1
        for place, number in enumerate(numbers):
            places = seen.setdefault(bare, [set() for _ in numbers])
            places[place].add(number)
    marked = {}
    for name, text in texts.items():
        bare = _MARKED.sub("#", text)
        places = iter(seen.get(bare, []))

        def mark(match: re.Match[str], places: Iterator[set[str]] = places, few: bool = count[bare] < 4) -> str:
            return (_MARK if len(next(places)) > 1 or few else "") + match.group(0)

        marked[name] = _MARKED.sub(mark, text)
    return marked


def _numbers(axis: str, stated: Mapping[str, tuple[str, str]]) -> Mapping[str, float]:
    """Read the numbers of a layout: each in the form in which most are numbers that services use."""
    low, high = AXES[axis].quantiles[0] / 5, AXES[axis].quantiles[-1] * 5
    table: dict[str, list[float | None]] = {}
    zero: dict[str, float] = {}
    whole = _marked({name: f"{label}: {text}" for name, (label, text) in stated.items()})
    for name, (_, text) in stated.items():
        if axis in ("price", "retention") and is_zero(text) and not re.search(r"[1-9]", text):
            zero[name] = 0.0
            continue
        table[name] = list(readings(axis, whole[name]))
    if not table:
        return zero
    number = len(next(iter(table.values())))
    fits = []
    for form in range(number):
        values = [row[form] for row in table.values()]
        fits.append(sum(_fit(axis, value, low, high) for value in values) / len(values) + (0.2 if form == 0 else 0.0))
    order = sorted(range(number), key=lambda form: -fits[form])
    found = dict(zero)
    for name, row in table.items():
        value = next((row[form] for form in order if row[form] is not None), None)
        if value is not None:
            found[name] = value
    return found


def _fit(axis: str, value: float | None, low: float, high: float) -> float:
    """Return 1 for a number that services use, less for another one."""
    if value is None or value < 0:
        return 0.0
    if axis == "uptime":
        return float(90 <= value < 100) * (1.0 if abs(tidy(AXES[axis], value) - value) < 0.006 else 0.3)
    if not low <= value <= high:
        return 0.0
    return 1.0 if abs(tidy(AXES[axis], value) / value - 1) < 0.011 else 0.3


def _levels(axis: str, stated: Mapping[str, tuple[str, str]]) -> Mapping[str, str]:
    """Read the levels of a layout: different texts are different levels, if there are not too many of them."""
    texts = Counter(_bare(text) for _, text in stated.values())
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
    return {name: level_of[_bare(text)] for name, (_, text) in stated.items() if _bare(text) in level_of}
