"""What tells two jobs apart that sound alike.

Families of words exclude one another: a tool that names Ghana, handball or a box score does not do the job of a
functionality that names none of them, or another one.
"""

from __future__ import annotations

import re
from functools import cache

from builder.extras import import_extra

from .functionalities import data_table


@cache
def _members() -> re.Pattern[str]:
    pycountry = import_extra("pycountry", "builder", "Grouping a real catalogue")
    countries = {
        re.sub(r"[^a-z ]", "", getattr(country, "common_name", country.name).split(",")[0].lower()).strip()
        for country in pycountry.countries
    }
    listed = {member for family in data_table("grouping/lexicon/contrasts.toml").values() for member in family}
    names = sorted(listed, key=lambda name: (-len(name), name))
    beginnings = "|".join(r"\w* ".join(re.escape(part) for part in name.split()) for name in names)
    whole = "|".join(re.escape(name) for name in sorted(countries, key=lambda name: (-len(name), name)))
    return re.compile(rf"(?:^| )(?:({beginnings})|({whole})(?= |$))")


def contrasts(text: str) -> frozenset[str]:
    """Members of contrasting families that a text names.

    Args:
        text: Words in lower case, joined by single spaces.
    """
    return frozenset(
        " ".join(found.group(1, 2)[0 if found.group(1) else 1].split()) for found in _members().finditer(text)
    )
