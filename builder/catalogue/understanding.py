"""Stage 2 of a build, without a language model: attributes of the tools of a real catalogue.

Sources of the attributes:

* Measurements: latency, success rate, popularity and service level, as thirds or quarters within the tool's category.
* Catalogue entries: pricing and authentication.
* Schema: the number of optional parameters, and the presence of parameter descriptions.
* Documentation: words about freshness, reach, pricing and form.

Every attribute has a text as evidence. If the evidence is not part of the documentation, it is appended to it, so that
the documentation states everything that the benchmark asks about.
"""

from __future__ import annotations

import bisect
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from builder.records import Attribute, ServiceFacts, Tool
from builder.words import MAX_DESCRIPTION, shortened

_MIN_PEERS: Final = 12
"""Tools of categories with fewer measured tools are compared with the whole catalogue."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """Measured quantity that is divided into a few values of an axis."""

    axis: str
    read: Callable[[ServiceFacts], float | None]
    values: tuple[str, ...]
    """Values of quantiles of equal size, from the lowest."""
    sentence: str
    """Evidence, with the placeholders `{value}` and `{phrase}`."""
    phrases: tuple[str, ...]
    """Phrase for each value, with the placeholder `{peers}`."""


_MEASURES: Final = (
    _Measure(
        "latency",
        lambda facts: facts.latency_ms,
        ("fastest", "fast", "slow", "slowest"),
        "Typical response {value:,.0f} ms, {phrase}.",
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
        "{value:.0f} % of calls succeed, {phrase}.",
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
        "Popularity {value:.1f} of 10, {phrase}.",
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
        "Up {value:.0f} % of the time, {phrase}.",
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
"""Axis, value and regular expression."""
_PATTERNS: Final = tuple((axis, value, re.compile(pattern, re.IGNORECASE)) for axis, value, pattern in _WORDS)


def understand(tools: Iterable[Tool]) -> Iterator[Tool]:
    """Yield every tool with attributes, and with their evidence in its description.

    Tools that already have attributes, such as those of an earlier step, are yielded unchanged.

    Args:
        tools: All tools of a catalogue, since measurements are compared between them.
    """
    catalogue = list(tools)
    scales = [_Scale(catalogue, measure) for measure in _MEASURES]
    for tool in catalogue:
        yield tool if tool.attributes else _with_attributes(tool, scales)


def _with_attributes(tool: Tool, scales: Sequence[_Scale]) -> Tool:
    candidates = [scale.attribute(tool) for scale in scales]
    candidates += [_options(tool), _inputs(tool), _price(tool), _authentication(tool)]
    appended = [attribute for attribute in candidates if attribute]
    evidence = "".join(f" {attribute.evidence}" for attribute in appended)
    # Interfaces refuse a longer description. The evidence is never cut, nor the line that names the provider.
    room = MAX_DESCRIPTION - len(f"Provider: {tool.provider}.  ...{evidence}")
    documentation = shortened(tool.description, max(room, 0))
    quoted = _quoted(documentation, {attribute.axis for attribute in appended})
    return replace(tool, description=documentation + evidence, attributes=(*appended, *quoted))


def _quoted(description: str, excluded_axes: set[str]) -> list[Attribute]:
    """Return attributes that a description mentions: for each axis the first value in `_WORDS` order."""
    by_axis: dict[str, Attribute] = {}
    for axis, value, pattern in _PATTERNS:
        match = pattern.search(description)
        if match and axis not in excluded_axes:
            by_axis.setdefault(axis, Attribute(axis, value, match.group(0)))
    return list(by_axis.values())


class _Scale:
    """Distribution of a measured quantity, in each category and in the whole catalogue."""

    def __init__(self, tools: Sequence[Tool], measure: _Measure) -> None:
        self._measure = measure
        all_values: list[float] = []
        by_category: defaultdict[str, list[float]] = defaultdict(list)
        for tool in tools:
            value = measure.read(tool.facts)
            if value is not None:
                all_values.append(value)
                by_category[tool.category].append(value)
        self._all = sorted(all_values)
        self._categories = {
            category: sorted(values) for category, values in by_category.items() if len(values) >= _MIN_PEERS
        }

    def attribute(self, tool: Tool) -> Attribute | None:
        """Return the attribute of a tool; None if the quantity was not measured for it."""
        value = self._measure.read(tool.facts)
        if value is None:
            return None
        peers = self._categories.get(tool.category)
        name = tool.category.replace("_", " ") if peers else "the catalogue"
        peers = peers or self._all
        # Equal values get their mean rank, so that a value shared by most tools is in the middle.
        rank = (bisect.bisect_left(peers, value) + bisect.bisect_right(peers, value)) / (2 * len(peers))
        quantiles = len(self._measure.values)
        quantile = min(int(rank * quantiles), quantiles - 1)
        phrase = self._measure.phrases[quantile].format(peers=name)
        evidence = self._measure.sentence.format(value=value, phrase=phrase)
        return Attribute(self._measure.axis, self._measure.values[quantile], evidence)


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
    evidence = {"free": "Free of charge.", "freemium": "Free up to a limit, then paid.", "paid": "Paid."}
    return Attribute("pricing", pricing, evidence[pricing]) if pricing in evidence else None


def _authentication(tool: Tool) -> Attribute | None:
    authentication = tool.facts.authentication
    if authentication is None:
        return None
    evidence = {
        "none": "Can be called without a key.",
        "key": "Can be called with a key.",
        "oauth": "Can be called after a sign-in through OAuth.",
    }
    return Attribute("authentication", authentication, evidence[authentication]) if authentication in evidence else None
