"""A ToolBench catalogue with arrays: 24 jobs, each done by four providers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

_ARRAYS: Final = ("lang", "sort")
"""Names of the parameters that are arrays."""


_JOBS: Final = """
define_word: Look up the definition of a word. (word)
synonyms_of_word: Find synonyms of a word. (word)
book_by_isbn: Get the details of a book by its ISBN. (isbn)
current_weather_city: Get the current weather in a city. (city)
weather_forecast_city: Get the weather forecast for a city over the coming days. (city)
pollen_forecast_city: Get the pollen forecast for a city. (city)
check_domain_available: Check whether a domain name is still available for registration. (domain)
whois_domain: Look up the WHOIS registration record of a domain. (domain)
dns_records_domain: Look up the DNS records of a domain. (domain)
geolocate_ip: Find out where an IP address is located. (ip)
mac_address_vendor: Look up the manufacturer of a device by its MAC address. (mac)
validate_iban: Check whether an IBAN is valid. (iban)
vat_number_check: Check whether a VAT number is valid. (vat_number)
stock_quote: Get the current stock price of a company by its ticker symbol. (ticker)
company_profile: Get the profile of a listed company by its ticker symbol. (ticker)
cocktail_recipe: Get the recipe of a cocktail by its name. (cocktail)
nutrition_facts: Get the nutrition facts of a food. (food)
search_recipes: Search for recipes of a dish. (dish)
cities_of_country: List the cities of a country given by its code. (country_code)
geocode_address: Find the latitude and longitude of an address. (address)
zip_code_lookup: Find the city, state and county that a US ZIP code belongs to. (zip_code)
track_parcel: Track a parcel by its tracking number. (tracking_number)
shorten_url: Shorten a long web address. (url)
screenshot_page: Take a screenshot of a web page. (url)
"""
_PRICES: Final = ["Free to use.", "For paying customers."]
_FRESHNESS: Final = ["Real-time data.", "Data of past years."]
_FORMS: Final = ["Output in JSON.", "Output as CSV.", ""]
_OPTIONS: Final = [(), ("lang",), ("page", "limit", "sort")]
_SYLLABLES: Final = [first + second for first in "bdfgklmnprst" for second in "aeiou"]


def _tools() -> Iterator[dict[str, Any]]:
    """Yield the tools, in the form of the OpenAI API."""
    for number, line in enumerate(_JOBS.strip().splitlines()):
        name, text = line.split(": ", 1)
        description, slot = text.removesuffix(")").split(" (")
        for rank in range(4):
            facts = [_PRICES[rank % 2], _FRESHNESS[rank // 2], _FORMS[(rank + number) % 3]]
            options = _OPTIONS[(2 * rank + number) % 3]
            provider = f"{_SYLLABLES[number]}ve{_SYLLABLES[-1 - 2 * rank - number]}lo"
            names = (slot, *options)
            properties = {name: {"type": "string", "description": name.replace("_", " ")} for name in names}
            yield {
                "type": "function",
                "function": {
                    "name": f"{provider}__{name}",
                    "description": " ".join([description, *facts]).strip(),
                    "parameters": {"type": "object", "properties": properties, "required": [slot]},
                },
            }


def lines() -> Iterator[str]:
    """Yield the operations as JSON lines."""
    for tool in _tools():
        function = tool["function"]
        provider, _, name = function["name"].partition("__")
        required = function["parameters"]["required"]
        parameters = [
            {"name": key, "type": "ARRAY" if key in _ARRAYS else "STRING", "description": item["description"]}
            for key, item in function["parameters"]["properties"].items()
        ]
        record = {
            "category": "Tools",
            "tool_name": provider,
            "api_name": name.replace("_", " "),
            "api_description": function["description"],
            "required_parameters": [item for item in parameters if item["name"] in required],
            "optional_parameters": [item for item in parameters if item["name"] not in required],
        }
        yield json.dumps(record)
