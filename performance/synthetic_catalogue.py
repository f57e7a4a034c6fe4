"""Synthetic catalogues with known functionalities, of any size.

A catalogue uses the vocabulary of the library of functionalities. A share `KNOWN` of its tools have a functionality of
the library, described with the library's phrases. The other tools have invented functionalities, with `PROVIDERS` tools
each on average. A simulated language model describes each functionality in one of several ways.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from builder.catalogue.raw_tools import RawParameter, RawTool
from builder.grouping.functionalities import Entry, concepts, entries
from builder.records import ServiceFacts
from builder.words import words

KNOWN: Final = 0.18
"""Share of tools with a functionality of the library, as measured on the RapidAPI operations."""
PROVIDERS: Final = 4
"""Mean number of tools per functionality outside the library."""
OPERATIONS: Final = 4
"""Mean number of tools per provider. On RapidAPI it is 3.2."""
_VERBS: Final = (
    ("get", "Returns"),
    ("list", "Lists"),
    ("search", "Searches for"),
    ("check", "Checks"),
    ("compare", "Compares"),
    ("estimate", "Estimates"),
    ("convert", "Converts"),
    ("count", "Counts"),
    ("export", "Exports"),
    ("validate", "Validates"),
)
_TEMPLATES: Final = (
    "{says} {what} by {by}",
    "{verb} {what} for a given {by}",
    "{says} the {what} of a {by}",
    "{what}: {verb} by {by}",
)
_SUFFIXES: Final = (
    "",
    "Results come as a list",
    "The reply is paged",
    "Data is refreshed every day",
    "Takes one value at a time",
    "Fields that are not known are left out",
    "Responds within a second",
    "Sorted by relevance",
)
_SHADES: Final = (
    "",
    "detailed",
    "all available",
    "a list of",
    "up to date",
    "one page of",
    "structured",
    "matching",
    "public",
    "basic",
)
"""Words that vary the functionality statements of the simulated language model."""
_SYLLABLES: Final = [a + b for a in "bcdfghjklmnprstvz" for b in ("a", "e", "i", "o", "u", "en", "or", "al")]


class Made(NamedTuple):
    """A synthetic operation."""

    raw: RawTool
    job: str
    """Identifier of its functionality, shared by all tools that have it."""
    does: str
    """Functionality statement of the simulated language model."""


class Maker:
    """Deterministic generator of a synthetic catalogue.

    Args:
        size: Number of tools.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._rng = np.random.default_rng([size, 2026])
        self._library = entries()
        self._concepts = [concept for concept in concepts().values() if concept.type == "string"]
        counts = Counter(word for entry in self._library for word in words(_full_text(entry)))
        # Skip articles and other frequent words, and words that occur once.
        self._words = sorted(word for word, number in counts.items() if 2 <= number <= 60 and len(word) > 3)
        self._jobs = max(1, round(size * (1 - KNOWN) / PROVIDERS))

    def make(self) -> Iterator[Made]:
        """Generate the operations."""
        rng, size = self._rng, self._size
        # Skewed distributions: most providers and functionalities have one or two tools, some have hundreds.
        providers = (size / OPERATIONS * rng.random(size) ** 1.5).astype(int)
        jobs = (self._jobs * rng.random(size) ** 1.5).astype(int)
        known = rng.random(size) < KNOWN
        for number in range(size):
            name = self._provider(int(providers[number]))
            if known[number]:
                yield self._library_tool(name, self._library[int(rng.integers(len(self._library)))])
            else:
                yield self._invented_tool(name, int(jobs[number]))

    def _provider(self, number: int) -> str:
        parts: list[str] = []
        while number or not parts:
            number, part = divmod(number, len(_SYLLABLES))
            parts.append(_SYLLABLES[part])
        return "".join(["vel", *parts]).capitalize()

    def _library_tool(self, provider: str, entry: Entry) -> Made:
        functionality = entry.functionality
        phrases = (functionality.summary, *functionality.phrases)
        about = self._pick(phrases)
        verb, _, rest = self._pick(phrases).partition(" ")
        does = f"{verb} {self._pick(_SHADES)} {rest}"
        slots = [
            RawParameter(
                self._pick(sorted(concepts()[slot.concept].names)),
                "STRING" if concepts()[slot.concept].type == "string" else "NUMBER",
                slot.about,
                None,
                True,
            )
            for slot in functionality.slots
        ]
        raw = self._raw(provider, functionality.category, functionality.name, about, slots)
        return Made(raw, functionality.name, does)

    def _invented_tool(self, provider: str, job: int) -> Made:
        # All tools of a functionality share these draws.
        rng = np.random.default_rng([job, 7])
        verb, says = _VERBS[int(rng.integers(len(_VERBS)))]
        what = " ".join(self._words[int(index)] for index in rng.integers(len(self._words), size=2 + job % 2))
        concept = self._concepts[int(rng.integers(len(self._concepts)))]
        by = concept.label
        category = self._library[int(rng.integers(len(self._library)))].functionality.category
        about = self._pick(_TEMPLATES).format(verb=verb, says=says, what=what, by=by)
        does = self._pick(_TEMPLATES).format(verb=verb, says=says, what=f"{self._pick(_SHADES)} {what}", by=by)
        slot = RawParameter(self._pick(sorted(concept.names)), "STRING", f"The {by}", None, True)
        return Made(self._raw(provider, category, f"{verb} {what}", about, [slot]), f"job {job}", does)

    def _raw(self, provider: str, category: str, operation: str, about: str, slots: Sequence[RawParameter]) -> RawTool:
        rng = self._rng
        more = [RawParameter(name, "STRING", "", None, False) for name in ("format", "lang", "page")[: rng.integers(4)]]
        facts = ServiceFacts(float(rng.lognormal(6.5, 1.2)), float(rng.integers(30, 101)), 100.0, float(rng.random()))
        product = f"{provider} offers {category.replace('_', ' ').lower()} data to developers"
        return RawTool(category, provider, product, operation, self._vary(about, provider), (*slots, *more), facts)

    def _vary(self, text: str, provider: str) -> str:
        """Append a suffix to a description, so that four of five descriptions are unique."""
        varied = f"{text.rstrip('.')}. {self._pick(_SUFFIXES)}".strip()
        return f"{varied} ({provider})" if self._rng.random() < 0.5 else varied

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self._rng.integers(len(options)))]


def _full_text(entry: Entry) -> str:
    return " ".join([entry.functionality.summary, *entry.functionality.phrases])
