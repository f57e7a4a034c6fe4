"""Facts that documentation states in prose, each with the words that state it.

A fact is the value of a tool on an axis, such as the price of 1,000 calls or the region of its servers. Numbers are
converted to one unit for each axis (`stated_numbers`); levels are recognised by the patterns of
`documented_facts.toml`. A statement that is only possibly about an axis is left out: a fact that is missing costs a
reader nothing, a wrong one would make a preference for something that the tool does not offer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from builder.grouping.functionalities import data_table

from .stated_numbers import FACTS_FILE, expanded, sentence_of, stated_numbers

_NEGATED: Final = re.compile(
    r"(?:\b(?:no|not|never|without|nor|neither|nobody|no[- ]one)\b(?! (?:more|less|longer|only)\b)|n't\b)"
    r"(?P<between>(?: (?!but\b|yet\b|just\b|only\b|with\b)[\w-]+){0,3}) ?$",
    re.IGNORECASE,
)
"""Words that deny what follows them, at the end of the text before a statement."""
_CO_DENIED: Final = re.compile(r"\bno \w+,? (?:and|or) no [\w -]+$", re.IGNORECASE)
"""Two things that there are not, the second of which is the statement: `no charge and no key`."""
_WORDS_BETWEEN: Final = {"access": 3}
"""Maximum number of words between such a word and the statement, by axis, as in `no account or API key required`."""
_USUALLY_BETWEEN: Final = 2
_NOT_LIVE: Final = {"delay": 0.0, "interval": 3600.0}
"""Seconds above which data is not live, by axis, even if the documentation calls it the latest."""

_NOT_OF_NAMES: Final = frozenset(["freshness"])
"""Axes of which the name of a tool states nothing."""


@dataclass(frozen=True, slots=True)
class DocumentedFact:
    """Value of a tool on an axis."""

    axis: str
    value: float | str
    """Number in the unit of the axis, or a level."""
    quote: str
    """The words that state it."""


def documented_facts(text: str, name: str = "") -> dict[str, DocumentedFact]:
    """Return the facts that a text states, by axis; of several statements about a number the first.

    Units: `price` USD per 1,000 calls, `rate_limit` calls per minute, `latency` ms, `uptime` %, `retention` days,
    `interval` (between updates) and `delay` (of the data) seconds, `archive` years.

    Args:
        text: Documentation of a tool.
        name: Name with which the documentation begins. It says what a tool does, so that `latest_rates` states no
            freshness.
    """
    found = {axis: DocumentedFact(axis, value, _quote(match)) for axis, (value, match) in stated_numbers(text).items()}
    named = len(name) if text.startswith(name) else 0
    for axis, level, pattern in _level_patterns():
        if axis not in found and (match := _affirmed(axis, pattern, text, named)):
            found[axis] = DocumentedFact(axis, level, _quote(match))
    if any(axis in found and float(found[axis].value) > seconds for axis, seconds in _NOT_LIVE.items()):
        found.pop("freshness", None)
    if "price" in found:
        price = found["price"]
        if price.value == 0 or "pricing" not in found or found["pricing"].value == "free":
            found["pricing"] = DocumentedFact("pricing", "paid" if price.value else "free", price.quote)
    return found


@cache
def levels() -> Mapping[str, tuple[str, ...]]:
    """Return the levels of each axis that has no numbers; on axes outside of `matters` the best first."""
    return {axis: tuple(of_axis) for axis, of_axis in data_table(FACTS_FILE)["levels"].items()}


@cache
def matters() -> frozenset[str]:
    """Return the axes on which no level is better than another, and people differ."""
    return frozenset(data_table(FACTS_FILE)["matters"])


@cache
def _level_patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """Return the pattern of each level, in the order in which the levels of an axis are tried."""
    tables = data_table(FACTS_FILE)
    return tuple(
        (axis, level, re.compile("|".join(f"(?:{expanded(pattern)})" for pattern in patterns), re.IGNORECASE))
        for table in (tables["levels"], tables["otherwise"])
        for axis, of_axis in table.items()
        for level, patterns in _tried(axis, of_axis)
    )


def _tried(axis: str, of_axis: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    first = data_table(FACTS_FILE)["tried_first"].get(axis, [])
    order = sorted(of_axis, key=lambda level: first.index(level) if level in first else len(first))
    yield from ((level, of_axis[level]) for level in order)


@cache
def _unless() -> Mapping[str, re.Pattern[str]]:
    """Return the words, by axis, in whose sentence no level is stated."""
    table: Mapping[str, str] = data_table(FACTS_FILE)["unless"]
    return {axis: re.compile(expanded(pattern), re.IGNORECASE) for axis, pattern in table.items()}


def _affirmed(axis: str, pattern: re.Pattern[str], text: str, named: int) -> re.Match[str] | None:
    """Return the first match of a pattern that the words before it do not deny.

    Args:
        axis: Axis of the pattern.
        pattern: Pattern of a level.
        text: Documentation of a tool.
        named: Length of the name at its beginning.
    """
    for match in pattern.finditer(text, named if axis in _NOT_OF_NAMES else 0):
        denial = None if _CO_DENIED.search(text[: match.end()]) else _NEGATED.search(text[: match.start()])
        if denial and len(denial["between"].split()) <= _WORDS_BETWEEN.get(axis, _USUALLY_BETWEEN):
            continue
        if axis not in _unless() or not _unless()[axis].search(sentence_of(match)):
            return match
    return None


def _quote(match: re.Match[str]) -> str:
    return " ".join(match.group(0).split()).strip(" ,.;:!?()")
