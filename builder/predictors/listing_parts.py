"""Parts of a listing: its lines, cells and sentences, each of which can be about one axis."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from .listing_numbers import in_digits

_LABEL: Final = re.compile(
    r"^([^:|?=→.]{2,60}?|[\d.]+ [^:|?=→]{2,60}?)\s*(?::(?=\s|$)|\?|\||=|→|->|\s[\u2013\u2014-]\s|\t| {3,})\s*"
)
_SENTENCES: Final = re.compile(r"(?<=[a-z)%\d])(?<!max)(?<!min)(?<!avg)(?<!approx)(?<!\bno)[.!]\s+(?=[a-z$€\d])")
_PARTS: Final = re.compile(r"\s*\|\s*|,\s+|;\s+|\s+[·•\u2013\u2014/]\s+|\s{3,}")
_MARKUP: Final = re.compile(r"[\"'`{}\[\]<>]|^\W*[*•@/-]+\s+|\*\*|^§ ?\d+|[≤≥≈~]")
_ATTRIBUTE: Final = re.compile(r"([\w:-]+)=\"([^\"]*)\"")
_LEAST_ATTRIBUTES: Final = 5
"""Attributes of one tag from which each is a line of its own."""
_TABLE_LINES: Final = 4
"""Highest number of lines of a table whose first line has the headings."""
_MOST_PARTS: Final = 4
"""Parts of a line, on average, up to which its beginning is a label."""


class Part(NamedTuple):
    """Part of a listing."""

    label: str
    """Beginning of its line, such as `price`; empty if there is none."""
    text: str
    is_first: bool
    """True for the first part of a line."""

    @property
    def key(self) -> str:
        """Label and text without numbers, which are the same in many tools."""
        return f"{self.label}::{bare(self.text)}"


def bare(text: str) -> str:
    """Return a text with `#` for each number."""
    return re.sub(r"\d[\d,.]*", "#", text)


def parts_of(listings: Iterable[str]) -> list[list[Part]]:
    """Split listings into parts, in small letters.

    Args:
        listings: Listings of a catalogue, which together show what is a label.
    """
    lines = [list(_lines(listing)) for listing in listings]
    is_label = _labels(line for of_listing in lines for line in of_listing)
    return [[part for line in of_listing for part in _parts(line, is_label)] for of_listing in lines]


def _parts(line: str, is_label: Callable[[str], bool]) -> Iterator[Part]:
    match = _LABEL.match(line)
    label, rest = "", line
    if match is not None and is_label(match.group(1).strip()):
        label, rest = match.group(1).strip(), line[match.end() :]
        if "|" in match.group(0):  # perhaps a cell with a value
            yield Part("", label, True)
            label = "" if "," in label else label
    pieces = [piece.strip(" ,|.") for piece in _PARTS.split(rest)]
    for place, piece in enumerate(piece for piece in pieces if piece):
        yield Part(label, piece, place == 0)


def _labels(lines: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that tells labels from values: the numbers of a label are the same in all tools."""
    exact: Counter[str] = Counter()
    without_numbers: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for line in lines:
        if match := _LABEL.match(line):
            label = match.group(1).strip()
            exact[label] += 1
            without_numbers[bare(label)] += 1
            parts[label] += len(_PARTS.split(line[match.end() :]))

    def is_label(label: str) -> bool:
        varies = label != bare(label) and exact[label] <= without_numbers[bare(label)] / 2
        return not varies and parts[label] <= _MOST_PARTS * exact[label]

    return is_label


def _lines(listing: str) -> Iterator[str]:
    """Yield the lines and sentences of a listing without markup, in small letters."""
    for raw in _rows(listing.lower().splitlines()):
        line = re.sub(r"<(\w+)([^<>]*)>([^<>]*)</\1>", r"\1: \2 \3", raw)
        line = re.sub(r"<(\w+)([^<>]*?)/?>", r"\1: \2", re.sub(r"</\w+>", " ", line))
        if "=" in line:
            line = re.sub(r"(\w+) ?[=:] ?\"?(?:no|false)\b\"?(?=[\s,}/>]|$)", r"no \1", line)
            line = re.sub(r"(\w+)=\"?(?:yes|true)\b\"?", r"\1", line)
        line = _MARKUP.sub(" ", line).replace("_", " ").strip(" ,|\t#*-•.")
        yield from (sentence for sentence in _SENTENCES.split(in_digits(line)) if sentence)


def _rows(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines; a table with a line of values below a line of headings, and attributes of a tag, become lines."""
    skipped = -1
    for place, line in enumerate(lines):
        cells = line.strip("| ").split(" | ")
        below = lines[place + 1].split(" | ") if place + 1 < len(lines) else []
        attributes = _ATTRIBUTE.findall(line)
        if len(attributes) >= _LEAST_ATTRIBUTES:
            yield from (f"{name}: {value}" for name, value in attributes)
        elif len(lines) <= _TABLE_LINES and len(cells) > 2 and len(below) == len(cells):
            yield from (f"{cell}: {value}" for cell, value in zip(cells, below, strict=True))
            skipped = place + 1
        elif place != skipped:
            yield line
