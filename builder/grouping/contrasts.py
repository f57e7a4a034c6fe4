"""Contrasting words: words that separate jobs with similar documentation.

Contrasting words come in families, such as countries or sports, whose members exclude one another. A tool that names
Ghana, handball or a box score does not do the job of a functionality that does not name it. Names of institutions and
statements of coverage say nothing of the job: `rates of the European Central Bank`, `Covers North America.`
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from builder.extras import import_extra
from builder.words import words

from .functionalities import data_table

_PLACES: Final = "regions"
"""Family of the listed places; the others are countries."""
_BODY: Final = (
    r"(?:Bank|Commission|Union|Agency|Authority|Institute|Office|Parliament|Council|Court|Ministry|Department|Treasury"
    r"|Registry|Register|Reserve|University|Academy|Association|Federation|Foundation|Society|Bureau|Board|Centre"
    r"|Center|Organi[sz]ation|Observatory|Survey|Post|Mail|House)"
)
_INSTITUTION: Final = re.compile(
    rf"\b(?:[A-Z][\w.]*,? ){{1,4}}{_BODY}\b(?: (?:of|for)(?: the)?(?: [A-Z][\w.]*)+)?"
    rf"|\b{_BODY} (?:of|for)(?: the)?(?: [A-Z][\w.]*)+"
)
"""Name of an institution, by its capitals."""
_COVERAGE: Final = re.compile(
    r"\b(?:only |exclusively )?within (?:the )?[\w ]+|\b(?:covers?|covering|coverage|sources?|sourced|available"
    r"|supported|hosted|works?) (?:(?:only|in|of|from|for|is) )*(?:the )?[\w ,]+|(?:^|\. ?)[\w-]+(?: \w+)? only\b",
    re.IGNORECASE,
)
"""Statement of the places that a tool covers, in the sentence that says what it does."""
_SENTENCE_END: Final = re.compile(r"(?<=[.!?;])\s+")


@cache
def _members() -> re.Pattern[str]:
    """Return a pattern that matches members of the families, as whole words or as beginnings of words."""
    listed = {member for family in data_table("grouping/lexicon/contrasts.toml").values() for member in family}
    prefixes = "|".join(_spaced(name[:-1]) for name in _longest_first(listed) if name.endswith("-"))
    whole = "|".join(_spaced(name) for name in _longest_first(listed) if not name.endswith("-"))
    countries = "|".join(re.escape(name) for name in _longest_first(_countries()))
    return re.compile(rf"(?:^| )(?:({prefixes})|({whole})(?=s? |s?$)|({countries})(?= |$))")


@cache
def _countries() -> frozenset[str]:
    pycountry = import_extra("pycountry", "builder", "Grouping a real catalogue")
    return frozenset(
        re.sub(r"[^a-z ]", "", getattr(country, "common_name", country.name).split(",")[0].lower()).strip()
        for country in pycountry.countries
    )


def _spaced(name: str) -> str:
    return r"s? ".join(re.escape(part) for part in name.split())


def _longest_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (-len(name), name))


def contrasts(text: str) -> frozenset[str]:
    """Return the contrasting words that a text names.

    Args:
        text: Words in lower case, joined by single spaces.
    """
    return frozenset(" ".join(next(filter(None, match.groups())).split()) for match in _members().finditer(text))


def contrasts_of_tool(name: str, description: str) -> frozenset[str]:
    """Return the contrasting words that say what a tool does.

    A place is left out if a later sentence than the first one names it, or if the first one states it as coverage.

    Args:
        name: Name of the operation and of the provider.
        description: Description of the operation, as a text.
    """
    text = _INSTITUTION.sub(" ", description)
    first, _, later = _SENTENCE_END.sub("\n", text.strip(), count=1).partition("\n")
    coverage = " ".join([later, *(match[0] for match in _COVERAGE.finditer(first))])
    covered = _places(contrasts(" ".join(words(coverage))))
    return contrasts(" ".join(words(f"{name} {text}"))) - covered


def _places(named: frozenset[str]) -> frozenset[str]:
    listed = {place.rstrip("-") for place in data_table("grouping/lexicon/contrasts.toml")[_PLACES]}
    return frozenset(name for name in named if name in listed or name in _countries())
