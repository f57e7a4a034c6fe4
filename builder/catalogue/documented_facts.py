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

from .stated_numbers import FACTS_FILE, expanded, stated_numbers

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


@dataclass(frozen=True, slots=True)
class DocumentedFact:
    """Value of a tool on an axis."""

    axis: str
    value: float | str
    """Number in the unit of the axis, or a level."""
    quote: str
    """The words that state it."""


def documented_facts(text: str) -> dict[str, DocumentedFact]:
    """Return the facts that a text states, by axis; of several statements about a number the first.

    Units: `price` USD per 1,000 calls, `rate_limit` calls per minute, `latency` ms, `uptime` %, `retention` days,
    `interval` (between updates) and `delay` (of the data) seconds, `archive` years.

    Args:
        text: Documentation of a tool.
    """
    found = {axis: DocumentedFact(axis, value, _quote(match)) for axis, (value, match) in stated_numbers(text).items()}
    for axis, level, pattern in _level_patterns():
        if axis not in found and (match := _affirmed(axis, pattern, text)):
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
    return tuple(
        (axis, level, re.compile("|".join(f"(?:{expanded(pattern)})" for pattern in patterns), re.IGNORECASE))
        for axis, of_axis in data_table(FACTS_FILE)["levels"].items()
        for level, patterns in _tried(axis, of_axis)
    )


def _tried(axis: str, of_axis: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    first = data_table(FACTS_FILE)["tried_first"].get(axis, [])
    yield from ((level, of_axis[level]) for level in (*first, *(level for level in of_axis if level not in first)))


def _affirmed(axis: str, pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the first match of a pattern that the words before it do not deny."""
    for match in pattern.finditer(text):
        denial = None if _CO_DENIED.search(text[: match.end()]) else _NEGATED.search(text[: match.start()])
        if not denial or len(denial["between"].split()) > _WORDS_BETWEEN.get(axis, _USUALLY_BETWEEN):
            return match
    return None


def _quote(match: re.Match[str]) -> str:
    return " ".join(match.group(0).split()).strip(" ,.;:!?()")
