"""Facts that documentation states in prose, each with the words that state it.

A fact is the value of a tool on an axis, such as the price of 1,000 calls or the region of its servers. Numbers are
converted to one unit for each axis; levels are recognised by the patterns of `documented_facts.toml`. A statement that
is only possibly about an axis is left out: a fact that is missing costs a reader nothing, a wrong one would make a
preference for something that the tool does not offer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from builder.grouping.functionalities import data_table

_FILE: Final = "catalogue/documented_facts.toml"
_SECONDS: Final = {
    "ms": 0.001,
    "millisecond": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "day": 86400.0,
    "week": 604800.0,
    "month": 2592000.0,
    "year": 31536000.0,
}
_EVERY: Final = {"hourly": 3600.0, "daily": 86400.0, "weekly": 604800.0, "monthly": 2592000.0}
_CALLS: Final = r"(?:api )?(?:calls?|requests?|quer(?:y|ies)|lookups?|searches|hits|conversions?)"
_NUMBER: Final = r"(\d[\d,]*(?:\.\d+)?)( ?(?:k|million))?"
_PERIOD: Final = r"(second|sec|minute|min|hour|day|week|month|year|s|h)\b"
_THIS_YEAR: Final = 2026
"""Year of the listings, to which the beginning of an archive is compared."""
_EARLIEST: Final = 1700
_UNLIMITED: Final = 1e9


@dataclass(frozen=True, slots=True)
class DocumentedFact:
    """Value of a tool on an axis."""

    axis: str
    value: float | str
    """Number in the unit of the axis, or a level."""
    quote: str
    """The words that state it."""


def documented_facts(text: str) -> dict[str, DocumentedFact]:
    """Return the facts that a text states, by axis; of several statements about an axis the first.

    Units: `price` USD per 1,000 calls, `rate_limit` calls per minute, `latency` ms, `uptime` %, `retention` days,
    `interval` (between updates) and `delay` (of the data) seconds, `archive` years.

    Args:
        text: Documentation of a tool.
    """
    found: dict[str, DocumentedFact] = {}
    for axis, pattern, convert in _NUMBERS:
        for match in pattern.finditer(text):
            value = convert(match)
            if value is not None:
                found.setdefault(axis, DocumentedFact(axis, value, _quote(match)))
    for axis, level, pattern in _level_patterns():
        level_match = pattern.search(text)
        if level_match and axis not in found:
            found[axis] = DocumentedFact(axis, level, _quote(level_match))
    if "price" in found and found.get("pricing", found["price"]).value in (found["price"].value, "paid"):
        price = found["price"]
        found["pricing"] = DocumentedFact("pricing", "paid" if price.value else "free", price.quote)
    return found


@cache
def levels() -> Mapping[str, tuple[str, ...]]:
    """Return the levels of each axis that has no numbers; on axes outside of `matters` the best first."""
    return {axis: tuple(of_axis) for axis, of_axis in data_table(_FILE)["levels"].items()}


@cache
def matters() -> frozenset[str]:
    """Return the axes on which no level is better than another, and people differ."""
    return frozenset(data_table(_FILE)["matters"])


@cache
def _level_patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple(
        (axis, level, re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE))
        for axis, of_axis in data_table(_FILE)["levels"].items()
        for level, patterns in of_axis.items()
    )


def _quote(match: re.Match[str]) -> str:
    return " ".join(match.group(0).split()).strip(" ,.;:!?(")


def _number(text: str, size: str | None = None) -> float:
    factor = {"k": 1e3, "million": 1e6}.get((size or "").strip().lower(), 1.0)
    return float(text.replace(",", "")) * factor


def _seconds(unit: str) -> float:
    name = unit.lower()
    return _SECONDS[name] if name in _SECONDS else _SECONDS[name.rstrip("s")]


def _per_call(match: re.Match[str]) -> float | None:
    """Return the price of 1,000 calls, from one for a number of them, of one call if it is not named."""
    price = _number(match["usd"]) / (100.0 if match["cents"] else 1.0)
    calls = _number(match["calls"], match["size"]) if match["calls"] else 1.0
    return price / calls * 1000.0 if calls else None


def _rate(match: re.Match[str]) -> float:
    return _number(match.group(1), match.group(2)) / _seconds(match.group(3)) * 60.0


def _milliseconds(match: re.Match[str]) -> float | None:
    value = _number(match["number"]) * _seconds(match["unit"]) * 1000.0
    return value or None


def _kept_days(match: re.Match[str]) -> float:
    return _number(match["number"]) * _seconds(match["unit"]) / _SECONDS["day"]


def _period_seconds(match: re.Match[str]) -> float:
    if match["word"]:
        return _EVERY[match["word"].lower()]
    return (_number(match["number"]) if match["number"] else 1.0) * _seconds(match["unit"])


def _share(match: re.Match[str]) -> float | None:
    value = float(match["number"])
    return value if value <= 100.0 else None


def _years(match: re.Match[str]) -> float | None:
    if match["years"]:
        return _number(match["years"])
    year = int(match["since"])
    return float(_THIS_YEAR - year) if _EARLIEST <= year < _THIS_YEAR else None


_UNIT: Final = r"(?P<unit>ms|milliseconds?|s|secs?|seconds?|min|minutes?|h|hours?|days?|weeks?|months?|years?)\b"
_OF_CALLS: Final = rf"(?:(?P<calls>\d[\d,]*)(?P<size> ?k| million)? )?{_CALLS}"
_PRICE: Final = (
    r"(?:(?:\$|usd ?)(?P<usd>\d[\d,]*(?:\.\d+)?)(?P<cents>(?!))?)(?: usd| us dollars?)?"
    rf" ?(?:per|for|/|a|each) ?{_OF_CALLS}"
)
_CENTS: Final = rf"(?P<usd>\d[\d,]*(?:\.\d+)?) (?P<cents>cents?) (?:per|for|a|each) {_OF_CALLS}"
_PLAN: Final = (
    r"\$ ?(?P<usd>\d[\d,]*(?:\.\d+)?)(?P<cents>(?!))?(?: a| per|/) ?month,?"
    rf" (?:for|with|includes?|including) (?:up to )?(?P<calls>\d[\d,]*)(?P<size> ?k| million)? {_CALLS}"
)
_NUMBERS: Final[tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], float | None]], ...]] = tuple(
    (axis, re.compile(pattern, re.IGNORECASE), convert)
    for axis, pattern, convert in (
        ("price", _PRICE, _per_call),
        ("price", _CENTS, _per_call),
        ("price", _PLAN, _per_call),
        ("rate_limit", rf"{_NUMBER} (?:free )?{_CALLS} ?(?:per|a|an|each|every|/) ?{_PERIOD}", _rate),
        ("rate_limit", rf"\bunlimited {_CALLS}|\bno (?:rate|usage|request) limits?\b", lambda _: _UNLIMITED),
        (
            "latency",
            r"\b(?:within|in|under|below|less than|about|around|typically|usually|median|average|p50|latency:?|~)"
            r"(?: of)?(?: about| around)? ?(?P<number>\d[\d,]*(?:\.\d+)?) ?(?P<unit>ms|milliseconds?)\b",
            _milliseconds,
        ),
        (
            "latency",
            r"\b(?:answers?|respon(?:ds|se|ses|se time)|repl(?:y|ies)|results?|returns?|latency)\b[^.;\d]{0,40}?"
            r"(?P<number>\d[\d,]*(?:\.\d+)?) ?(?P<unit>ms|milliseconds?|s|seconds?)\b",
            _milliseconds,
        ),
        (
            "uptime",
            r"(?P<number>\d{2}(?:\.\d+)?) ?%(?: of the time| monthly| guaranteed)? ?"
            r"(?:uptime|availability|available|sla\b|up\b)",
            _share,
        ),
        ("uptime", r"\b(?:uptime|availability|sla)(?: of|:| is)? (?P<number>\d{2}(?:\.\d+)?) ?%", _share),
        (
            "retention",
            r"\b(?:keeps?|kept|stores?|stored|retains?|retained|logs?|logged|deleted|removed)\b[^.;\d]{0,40}?"
            rf"(?:for|after|within) (?P<number>\d+) {_UNIT}",
            _kept_days,
        ),
        (
            "retention",
            r"\bnothing (?:you send )?is (?:stored|kept|logged|saved)\b"
            r"|\b(?:does not|never|doesn't) (?:store|keep|log|save)s?\b|\b(?:not|never) (?:stored|kept|logged)\b"
            r"|\bno (?:logs?|data) (?:is |are )?(?:stored|kept)\b|\bzero retention\b",
            lambda _: 0.0,
        ),
        (
            "interval",
            r"\b(?:updated|refreshed|updates|refreshes|recalculated|published)\b[^.;\d]{0,20}?"
            rf"(?:(?P<word>hourly|daily|weekly|monthly)|(?:every|each|once an?|once per) (?:(?P<number>\d+) )?{_UNIT})",
            _period_seconds,
        ),
        (
            "delay",
            r"\b(?P<word>(?!))?(?P<number>\d+)[- ](?P<unit>seconds?|minutes?|hours?|days?)(?:'s)? delay(?:ed)?\b",
            _period_seconds,
        ),
        (
            "archive",
            r"\b(?:since|back to|from) (?:the year )?(?P<since>1[789]\d\d|20[012]\d)\b"
            r"|(?P<years>\d{1,3}) years of (?:history|data|archives?)",
            _years,
        ),
    )
)
