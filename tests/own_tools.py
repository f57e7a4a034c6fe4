"""A catalogue as a new user has it: 12 jobs, each done by the tools of four providers, with documented facts.

The same 48 tools in three forms: function tools, the answer of an MCP gateway to `tools/list`, an OpenAPI document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

PROVIDERS: Final = ("acme", "borealis", "corvid", "delphin")
JOBS: Final = (
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
_LATENCY: Final = (50, 900, 70, 1200, 60, 800)
_LIMITS: Final = ("10 requests per day", "600 requests per minute", "30 requests per day", "900 requests per minute")


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
    """Yield the tools. No tool of a job is as good as another one on everything."""
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


def function_list() -> list[dict[str, Any]]:
    """Return the tools as functions of a chat API."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
        }
        for tool in own_tools()
    ]


def mcp_answer() -> dict[str, Any]:
    """Return the tools as the answer of one gateway to `tools/list`."""
    tools = [
        {
            "name": tool.name,
            "description": tool.description,
            "inputSchema": tool.schema,
            "_meta": {"vendor": tool.provider},
        }
        for tool in own_tools()
    ]
    return {"jsonrpc": "2.0", "id": 1, "result": {"tools": tools}}


def openapi_document() -> dict[str, Any]:
    """Return the tools as the operations of one OpenAPI document."""
    paths = {
        f"/{tool.provider}/{tool.name.partition('_')[2]}": {
            "get": {
                "operationId": tool.name,
                "description": tool.description,
                "x-provider": tool.provider,
                "parameters": [
                    {
                        "name": name,
                        "in": "query",
                        "required": True,
                        "schema": schema,
                        "description": schema["description"],
                    }
                    for name, schema in tool.schema["properties"].items()
                ],
            }
        }
        for tool in own_tools()
    }
    return {"openapi": "3.0.3", "info": {"title": "Gateway", "version": "1"}, "paths": paths}


FORMS: Final = {"openai": function_list, "mcp": mcp_answer, "openapi": openapi_document}
"""Function that returns the catalogue in each form, by the kind of `--catalog`."""


def write_catalogue(folder: Path, kind: str) -> str:
    """Write the catalogue in one form; returns the value of `--catalog`."""
    path = folder / f"{kind}.json"
    path.write_text(json.dumps(FORMS[kind](), indent=1), encoding="utf-8")
    return f"{kind}:{path}"
