"""Numbers that documentation states about a tool: price, rate limit, latency, uptime, retention, age of the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple

from builder.grouping.functionalities import data_table

from .stated_forms import FORMS
from .stated_units import UNLIMITED

FACTS_FILE: Final = "catalogue/documented_facts.toml"
"""Data file with the patterns of levels, and with the words that patterns share."""
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_BUDGET: Final = (
    r"\b(?:under|below|less than|over|above|up to|at least|at most|cheaper than|more than|between|budget of) $"
)
"""Words before an amount of money that make it a bound, such as one of a search."""


class _Statement(NamedTuple):
    """Form of a statement about an axis."""

    axis: str
    pattern: re.Pattern[str]
    convert: Callable[[re.Match[str]], float | None]
    unless: re.Pattern[str] | None
    """Words that must not be in the sentence."""
    before: re.Pattern[str] | None
    """Words that must not precede the statement."""


def stated_numbers(text: str) -> dict[str, tuple[float, re.Match[str]]]:
    """Return the numbers that a text states by axis, each with its place; of several on an axis the first."""
    found: dict[str, tuple[float, re.Match[str]]] = {}
    for statement in _statements():
        for match in statement.pattern.finditer(text):
            value = statement.convert(match)
            if value is None or _is_about_else(statement, match):
                continue
            if statement.axis not in found or _is_rather(value, match, *found[statement.axis]):
                found[statement.axis] = (value, match)
            break
    return found


def _is_rather(value: float, match: re.Match[str], other: float, at: re.Match[str]) -> bool:
    """Return True if a statement counts instead of another one: a number instead of `unlimited`, else the first."""
    if (value == UNLIMITED) != (other == UNLIMITED):
        return other == UNLIMITED
    return match.start() < at.start()


def expanded(pattern: str) -> str:
    """Return a pattern with the shared words of the data file in the place of their names, such as `{uses}`."""
    shared: dict[str, str] = data_table(FACTS_FILE)["words"]
    while _PLACEHOLDER.search(pattern):
        pattern = _PLACEHOLDER.sub(lambda match: f"(?:{shared[match[1]]})", pattern)
    return pattern


def _is_about_else(statement: _Statement, match: re.Match[str]) -> bool:
    text = match.string
    if statement.before and statement.before.search(text[: match.start()]):
        return True
    return bool(statement.unless and statement.unless.search(sentence_of(match)))


def sentence_of(match: re.Match[str]) -> str:
    """Return the sentence that a match is in."""
    text = match.string
    start = max(text.rfind(end, 0, match.start()) for end in (". ", "; ", "! ", "? ", "\n", "|"))
    ends = [place for end in (". ", "; ", "! ", "? ", "\n", "|") if (place := text.find(end, match.end())) >= 0]
    return text[start + 1 : min(ends, default=len(text))]


@cache
def _statements() -> tuple[_Statement, ...]:
    return tuple(_compiled())


def _compiled() -> Iterator[_Statement]:
    for axis, form, convert, unless in FORMS:
        pattern = re.compile(expanded(form), re.IGNORECASE)
        yield _Statement(
            axis,
            pattern,
            convert,
            re.compile(unless, re.IGNORECASE) if unless else None,
            re.compile(_BUDGET, re.IGNORECASE) if axis == "price" else None,
        )
