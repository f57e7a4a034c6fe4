"""Contrasting words: words that separate jobs with similar documentation.

Contrasting words come in families, such as countries or sports, whose members exclude one another. A tool that names
Ghana, handball or a box score does not do the job of a functionality that does not name it.
"""

from __future__ import annotations

import re
from functools import cache

from builder.extras import import_extra

from .functionalities import data_table


@cache
def _members() -> re.Pattern[str]:
    """Return a pattern that matches members of the families: listed ones as word prefixes, countries as whole words."""
    pycountry = import_extra("pycountry", "builder", "Grouping a real catalogue")
    countries = {
        re.sub(r"[^a-z ]", "", getattr(country, "common_name", country.name).split(",")[0].lower()).strip()
        for country in pycountry.countries
    }
    listed = {member for family in data_table("grouping/lexicon/contrasts.toml").values() for member in family}
    prefixes = "|".join(r"\w* ".join(re.escape(part) for part in name.split()) for name in _longest_first(listed))
    whole = "|".join(re.escape(name) for name in _longest_first(countries))
    return re.compile(rf"(?:^| )(?:({prefixes})|({whole})(?= |$))")


def _longest_first(names: set[str]) -> list[str]:
    return sorted(names, key=lambda name: (-len(name), name))


def contrasts(text: str) -> frozenset[str]:
    """Return the contrasting words that a text names.

    Args:
        text: Words in lower case, joined by single spaces.
    """
    return frozenset(" ".join((match.group(1) or match.group(2)).split()) for match in _members().finditer(text))
