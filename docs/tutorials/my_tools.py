"""Example catalogue for the tutorial: 12 jobs, each done by four providers, as function tools in `tools.json`.

The tools of a job differ in what their documentation states: price, quota, sign-up, speed, region, storage. None is as
good as another one on everything.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

PROVIDERS = ("acme", "borealis", "corvid", "delphin")
JOBS = (
    ("current_weather", "Get the current weather in a city.", "city"),
    ("weather_forecast", "Get the weather forecast for a city over the coming days.", "city"),
    ("define_word", "Look up the definition of a word.", "word"),
    ("whois", "Look up the WHOIS registration record of a domain.", "domain"),
    ("dns_records", "Look up the DNS records of a domain.", "domain"),
    ("ip_location", "Find out where an IP address is located.", "ip"),
    ("validate_iban", "Check whether an IBAN is valid.", "iban"),
    ("stock_quote", "Get the current stock price of a company by its ticker symbol.", "ticker"),
    ("search_recipes", "Search for recipes of a dish.", "dish"),
    ("geocode", "Find the latitude and longitude of an address.", "address"),
    ("track_parcel", "Track a parcel by its tracking number.", "tracking_number"),
    ("shorten_url", "Shorten a long web address.", "url"),
)
"""Name, description and parameter of each job."""


class OwnTool(NamedTuple):
    """A tool of the catalogue."""

    provider: str
    name: str
    description: str
    parameter: str

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of its parameters."""
        about = self.parameter.replace("_", " ")
        properties = {self.parameter: {"type": "string", "description": about}}
        return {"type": "object", "properties": properties, "required": [self.parameter]}


def own_tools() -> Iterator[OwnTool]:
    """Yield the tools, job by job."""
    for number, (name, about, parameter) in enumerate(JOBS):
        for place, provider in enumerate(PROVIDERS):
            facts = _facts((place + number) % len(PROVIDERS), number)
            yield OwnTool(provider, f"{provider}_{name}", f"{about} {facts}", parameter)


def _facts(kind: int, number: int) -> str:
    fast, slow = 40 + 5 * (number % 4), 700 + 100 * (number % 5)
    return (
        f"Free, no sign-up. {10 + number} requests per day. Answers within {slow} ms.",
        f"$4 per 1,000 calls, API key required. Answers within {fast} ms. Processed in the US.",
        f"$2 per 1,000 calls, account required. {600 + 50 * number} requests per minute. Processed in the US.",
        f"Processed in the EU, nothing is stored. Answers within {slow + 50} ms. $3 per 1,000 calls, API key required.",
    )[kind]


def tools() -> Iterator[dict[str, Any]]:
    """Yield the tools, in the form of the OpenAI API."""
    for tool in own_tools():
        function = {"name": tool.name, "description": tool.description, "parameters": tool.schema}
        yield {"type": "function", "function": function}


def main() -> None:
    """Write the catalogue to `tools.json`; an existing file is kept."""
    try:
        with Path("tools.json").open("x", encoding="utf-8") as file:
            json.dump(list(tools()), file, indent=1)
    except FileExistsError:
        sys.exit("tools.json exists already, and is kept. Move it, or run this program in another folder.")


if __name__ == "__main__":
    main()
