"""Parts of a listing: its lines, cells and sentences, each of which can be about one axis."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from .listing_codes import plain_lines
from .listing_quantities import in_digits

_LABEL: Final = re.compile(
    r"^([^:|?=→.]{2,60}?|[\d.]+ [^:|?=→]{2,60}?)\s*(?::(?=\s|$)|\?|\||=|→|->|\s[\u2013\u2014-]\s|\t| {3,})\s*"
)
_SENTENCES: Final = re.compile(r"(?<=[a-z)%\d])(?<!max)(?<!min)(?<!avg)(?<!approx)(?<!\bno)[.!]\s+(?=[a-z$€\d])")
_PARTS: Final = re.compile(r"\s*\|\s*|,\s+|;\s+|\s+[·•\u2013\u2014/]\s+|\s{3,}")
_JOINTS: Final = re.compile(
    r"(\s*\|\s*|,\s+(?:and |but |yet |while |whereas )?|;\s+|\s+[·•\u2013\u2014/]\s+|\s{3,}"
    r"|\s+(?:and|but|yet|while|whereas|though|plus)\s+)"
)
"""Where a line can go over to another axis."""
_TIMES: Final = re.compile(
    r"(?:#|\b(?:an?|one|each|every))[\s-]?(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?"
    r"|months?|years?)\b"
)
_TOGETHER: Final = 0.93
"""Share of the tools with one of two neighbours from which they are one part."""
_LEAST_PAIRS: Final = 3
"""Number of tools with two neighbours from which they can be one part."""
_LEAST_WORDS: Final = 3
"""Words of a part from which it is the same part below every label."""
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

    @property
    def stem(self) -> str:
        """As `key`, the same for all periods, and for all labels if the text says enough by itself."""
        text = stem(self.text)
        label = "" if len(re.findall(r"[a-z]{2,}", text)) >= _LEAST_WORDS else self.label
        return f"{label}::{text}"


def bare(text: str) -> str:
    """Return a text with `#` for each number."""
    return re.sub(r"\d[\d,.]*", "#", text)


def stem(text: str) -> str:
    """Return a text with `#` for each number and `~` for each period, whatever its unit."""
    return _TIMES.sub("~", bare(text))


def parts_of(listings: Iterable[str]) -> list[list[Part]]:
    """Split listings into parts, in small letters.

    Args:
        listings: Listings of a catalogue, which together show what is a label, and what is one part.
    """
    lines = [list(_lines(listing)) for listing in listings]
    is_label = _labels(line for of_listing in lines for line in of_listing)
    rows = [[_labelled(line, is_label) for line in of_listing] for of_listing in lines]
    split = [[(label, _JOINTS.split(rest)) for label, rest in of_listing] for of_listing in rows]
    is_joint = _joints(pieces for of_listing in split for _, pieces in of_listing)
    return [[part for label, pieces in of_listing for part in _parts(label, pieces, is_joint)] for of_listing in split]


def _labelled(line: str, is_label: Callable[[str], bool]) -> tuple[str, str]:
    """Return the label of a line, empty if there is none, and the rest."""
    match = _LABEL.match(line)
    if match is None or not is_label(match.group(1).strip()):
        return "", line
    label = match.group(1).strip()
    rest = line[match.end() :]
    if "|" not in match.group(0):
        return label, rest
    return ("" if "," in label else label), f"{label} | {rest}"  # perhaps a cell with a value


def _parts(label: str, pieces: Sequence[str], is_joint: Callable[[str, str], bool]) -> Iterator[Part]:
    """Yield the parts of a line, whose pieces have separators between them."""
    texts = [pieces[0]]
    for separator, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        last = texts[-1].rpartition("\0")[2]
        if is_joint(last, piece):
            texts.append(piece)
        else:
            texts[-1] += f"{separator}\0{piece}"
    plain = [text.replace("\0", "").strip(" ,|.") for text in texts]
    found = [text for text in plain if text]
    for place, text in enumerate(found):
        is_cell = place == 0 and label == text
        yield Part("" if is_cell else label, text, place == 0)


def _joints(lines: Iterable[Sequence[str]]) -> Callable[[str, str], bool]:
    """Return a function that says whether two adjacent pieces of a line are separate parts.

    They are a single part if each occurs only with the other and at most one of them has numbers that vary.
    """
    single: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    numbers: dict[str, set[str]] = defaultdict(set)
    for pieces in lines:
        stems = [stem(piece) for piece in pieces[::2]]
        single.update(stems)
        pairs.update(itertools.pairwise(stems))
        for key, piece in zip(stems, pieces[::2], strict=True):
            numbers[key].add(" ".join(re.findall(r"\d[\d,.]*", piece)))

    def is_joint(left: str, right: str) -> bool:
        one, other = stem(left), stem(right)
        if min(len(numbers[one]), len(numbers[other])) > 1 or "|" in (left, right):
            return True
        return pairs[one, other] < _LEAST_PAIRS or pairs[one, other] < _TOGETHER * max(single[one], single[other])

    return is_joint


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
    for raw in _rows(plain_lines(listing.lower().splitlines())):
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
