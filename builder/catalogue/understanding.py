"""Stage 2, offline: attributes of a real catalogue's tools, from facts only.

Measured latency, success rate, popularity and service level become thirds or quarters within the tool's category; price
and authentication are taken from the catalogue where it has them; the number of options, whether the inputs are
described, and words about freshness, reach, price and form are read from the schema and the documentation. Every
attribute carries the words it was read from, and what was measured is appended to the documentation as plain service
facts, so that a reader sees all that the benchmark asks about.
"""

from __future__ import annotations

import bisect
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from builder.records import Attribute, ServiceFacts, Tool

_MIN_PEERS: Final = 12
"""Categories with fewer measured tools are judged against the whole catalogue."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """A measured quantity that becomes an axis of a few values."""

    axis: str
    read: Callable[[ServiceFacts], float | None]
    values: tuple[str, ...]
    """For the equal shares of the tools, the lowest first."""
    sentence: str
    places: tuple[str, ...]
    """How the sentence says each of them."""


_MEASURES: Final = (
    _Measure(
        "latency",
        lambda facts: facts.latency_ms,
        ("fastest", "fast", "slow", "slowest"),
        "Typical response {value:,.0f} ms, {place}.",
        (
            "among the fastest quarter in {peers}",
            "faster than most in {peers}",
            "slower than most in {peers}",
            "among the slowest quarter in {peers}",
        ),
    ),
    _Measure(
        "success_rate",
        lambda facts: facts.success_rate,
        ("low", "medium", "high"),
        "{value:.0f} % of calls succeed, {place}.",
        (
            "in the lowest third in {peers}",
            "in the middle third in {peers}",
            "in the highest third in {peers}",
        ),
    ),
    _Measure(
        "popularity",
        lambda facts: facts.popularity,
        ("niche", "known", "popular"),
        "Popularity {value:.1f} of 10, {place}.",
        (
            "in the lowest third in {peers}",
            "in the middle third in {peers}",
            "in the highest third in {peers}",
        ),
    ),
    _Measure(
        "service_level",
        lambda facts: facts.service_level,
        ("low", "usual", "high"),
        "Up {value:.0f} % of the time, {place}.",
        ("in the lowest third in {peers}", "as is usual in {peers}", "in the highest third in {peers}"),
    ),
)

_WORDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("freshness", "live", r"real[- ]?time|\blive\b|up[- ]to[- ](?:date|the[- ]minute)|\blatest\b"),
    ("freshness", "archival", r"\bhistor(?:y|ic|ical)\b|\barchives?\b|\bpast (?:years|decades)\b"),
    (
        "reach",
        "worldwide",
        r"\bworld[- ]?wide\b|\bglobal(?:ly)?\b|\ball countries\b|\binternational\b|\bany country\b",
    ),
    (
        "pricing",
        "free",
        r"\bfor free\b|\bfree (?:api|plan|to use|service|of charge)\b|\b100 ?% free\b|\bcompletely free\b",
    ),
    ("form", "json", r"\bjson\b"),
    ("form", "file", r"\b(?:csv|pdf|png|svg|jpe?g|xml|mp3|mp4)\b"),
)
_PATTERNS: Final = tuple((axis, value, re.compile(pattern, re.IGNORECASE)) for axis, value, pattern in _WORDS)


def understand(tools: Iterable[Tool]) -> Iterator[Tool]:
    """Give every tool its attributes, and its documentation the service facts.

    Tools that already have attributes (the built-in marketplace) pass unchanged.
    """
    known = list(tools)
    scales = {measure.axis: _Scale(known, measure) for measure in _MEASURES}
    for tool in known:
        yield tool if tool.attributes else _understood(tool, scales)


def _understood(tool: Tool, scales: dict[str, _Scale]) -> Tool:
    stated = [attribute for attribute in (scales[measure.axis].place(tool) for measure in _MEASURES) if attribute]
    stated += [
        attribute for attribute in (_options(tool), _inputs(tool), _price(tool), _authentication(tool)) if attribute
    ]
    quoted: dict[str, Attribute] = {}
    for axis, value, pattern in _PATTERNS:
        found = pattern.search(tool.description)
        if found and axis not in {attribute.axis for attribute in stated}:
            quoted.setdefault(axis, Attribute(axis, value, found.group(0)))
    return replace(
        tool,
        description=" ".join([tool.description, *(attribute.evidence for attribute in stated)]),
        attributes=(*stated, *quoted.values()),
    )


class _Scale:
    """Where a measured value stands among the tools of the category."""

    def __init__(self, tools: Sequence[Tool], measure: _Measure) -> None:
        self._measure = measure
        everything: list[float] = []
        by_category: defaultdict[str, list[float]] = defaultdict(list)
        for tool in tools:
            value = measure.read(tool.facts)
            if value is not None:
                everything.append(value)
                by_category[tool.category].append(value)
        self._all = sorted(everything)
        self._categories = {
            category: sorted(values) for category, values in by_category.items() if len(values) >= _MIN_PEERS
        }

    def place(self, tool: Tool) -> Attribute | None:
        value = self._measure.read(tool.facts)
        if value is None:
            return None
        peers = self._categories.get(tool.category)
        name = tool.category.replace("_", " ") if peers else "the catalogue"
        peers = peers or self._all
        # The middle rank of equal values, so that a value shared by most tools is in the middle.
        rank = (bisect.bisect_left(peers, value) + bisect.bisect_right(peers, value)) / (2 * len(peers))
        shares = len(self._measure.values)
        share = min(int(rank * shares), shares - 1)
        place = self._measure.places[share].format(peers=name)
        evidence = self._measure.sentence.format(value=value, place=place)
        return Attribute(self._measure.axis, self._measure.values[share], evidence)


def _options(tool: Tool) -> Attribute:
    number = len(tool.parameters["properties"]) - len(tool.parameters["required"])
    if number == 0:
        return Attribute("options", "none", "Takes no optional parameters.")
    value = "few" if number <= 2 else "many"
    return Attribute("options", value, f"Takes {number} optional parameter{'s' if number > 1 else ''}.")


def _inputs(tool: Tool) -> Attribute | None:
    required = [tool.parameters["properties"][name] for name in tool.parameters["required"]]
    if not required:
        return None
    described = sum("description" in schema for schema in required)
    if described == len(required):
        return Attribute("inputs", "described", "Every required input is described.")
    return Attribute("inputs", "bare", "Not every required input is described.")


def _price(tool: Tool) -> Attribute | None:
    pricing = tool.facts.pricing
    if pricing is None:
        return None
    said = {"free": "Free of charge.", "freemium": "Free up to a limit, then paid.", "paid": "Paid."}
    return Attribute("pricing", pricing, said[pricing]) if pricing in said else None


def _authentication(tool: Tool) -> Attribute | None:
    known = tool.facts.authentication
    if known is None:
        return None
    said = {
        "none": "Can be called without a key.",
        "key": "Can be called with a key.",
        "oauth": "Can be called after a sign-in through OAuth.",
    }
    return Attribute("authentication", known, said[known]) if known in said else None
