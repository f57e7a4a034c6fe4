"""Factories of test data. Arguments have defaults, so that a test states only the values it depends on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.catalogue.raw_tools import RawParameter, RawTool
from builder.records import Attribute, Binding, Functionality, Group, GroupTool, ServiceFacts, Slot, Tool
from hf_dataset.schema import (
    AnswerRow,
    FactRow,
    Instance,
    InteractionRow,
    MetaRow,
    ToolDoc,
    ToolRow,
    WantedRow,
)


class NoEncoder:
    """Encoder for tests that must not encode anything."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(texts)


def line(**changes: Any) -> str:
    """Return one line of a ToolBench catalogue in JSON Lines."""
    record = {
        "category": "Weather",
        "tool_name": "Cloudly",
        "tool_description": "Weather for everybody",
        "api_name": "Current weather",
        "api_description": "Returns the current weather of a city",
        "required_parameters": [
            {"name": "city", "type": "STRING", "description": "Name of the city", "default": "Paris"}
        ],
        "optional_parameters": [],
        "score": {"avgServiceLevel": 100, "avgLatency": 590, "avgSuccessRate": 35, "popularityScore": 6.8},
    }
    return json.dumps(record | changes)


def raw_tool(
    *parameters: RawParameter,
    provider: str = "Cloudly",
    operation: str = "Current weather",
    about: str = "Returns the current weather of a city",
    product: str = "Weather for everybody",
    category: str = "Weather",
    facts: ServiceFacts | None = None,
) -> RawTool:
    """Return a raw tool. Without parameters given, it has one required parameter, `city`."""
    return RawTool(
        category, provider, product, operation, about, parameters or (raw_parameter("city"),), facts or ServiceFacts()
    )


def raw_parameter(
    name: str, type_: str = "STRING", about: str = "", default: object = None, *, required: bool = True
) -> RawParameter:
    """Return a raw parameter."""
    return RawParameter(name, type_, about, default, required)


def tool(name: str = "cloudly__current", *, split: str | None = None, **attributes: str) -> Tool:
    """Return a tool with a parameter `city`. The keyword arguments are its attributes: value by axis."""
    return Tool(
        name=name,
        provider=name.partition("__")[0],
        category="Weather",
        description=f"Current weather by {name}.",
        parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        attributes=tuple(Attribute(axis, value, f"{axis} {value}.") for axis, value in attributes.items()),
        functionality="current weather",
        split=split,
    )


def functionality(name: str = "current weather") -> Functionality:
    """Return a functionality with one slot, `city`."""
    registers = ("terse", "polite", "reason", "spoken", "two")
    patterns = {register: (f"{register} one {{city}}", f"{register} two {{city}}") for register in registers}
    return Functionality(
        name, "Weather", "Get the current weather.", ("Weather now.",), (Slot("city", "city", "City"),), patterns
    )


def group(
    tools: Sequence[Tool], name: str = "current weather", split: str | None = "train", wording: int | None = None
) -> Group:
    """Return a group of tools with a parameter `city`."""
    members = tuple(GroupTool(member, {"city": Binding(("city",), "string")}) for member in tools)
    return Group(functionality(name), members, "Weather", split, wording)


_LISTED = {
    "alfa__geocode": ("geocode", "EU (Ireland)", "4.00"),
    "bravo__geocode": ("geocode", "US (Oregon)", "0.50"),
    "charly__geocode": ("geocode", "EU (Frankfurt)", "9.00"),
    "delta__forecast": ("forecast", "EU (Milan)", "6.00"),
    "echo__forecast": ("forecast", "US (Ohio)", "1.00"),
    "foxtrot__forecast": ("forecast", "EU (Paris)", "2.00"),
    "golf__joke": ("joke", "US (Dallas)", "0.10"),
}
"""Functionality, region and price of each tool of `listed_row`."""


def listed_tool(name: str = "alfa__geocode") -> ToolDoc:
    """Return the documentation of a tool with a listing of five lines; `name` is one of `listed_tools`."""
    functionality, region, price = _LISTED[name]
    return ToolDoc(
        name=name,
        provider=name.partition("__")[0].title(),
        description=f"Get the {functionality} of a place.",
        listing=f"## Limits and pricing\n- **Hosting**: {region}\n- **Price**: ${price} per 1,000 calls\n"
        f"- **Uptime**: 99.9 %\n- **Accuracy**: {{{{high}}}} <b>",
        parameters='{"type": "object", "properties": {"city": {"type": "string"}, "day": {"type": "string"}}, '
        '"required": ["city"]}',
    )


def listed_tools() -> list[ToolRow]:
    """Return the tools of `listed_row` with their facts, as rows of the catalogue."""
    rows = []
    for name, (functionality, region, price) in sorted(_LISTED.items()):
        doc = listed_tool(name)
        facts = [
            FactRow("region", region[:2], "", f"**Hosting**: {region}"),
            FactRow("price", str(float(price)), "USD per 1,000 calls", f"${price} per 1,000 calls"),
        ]
        rows.append(
            ToolRow(name, doc.provider, "Weather", functionality, doc.description, doc.listing, doc.parameters, facts)
        )
    return rows


def listed_row(config: str = "chronological", number: int = 0, **changes: Any) -> Instance:
    """Return an instance with every field of the data format: listings, offered tools, dates and full `meta`.

    The user wants EU hosting, and within it a low price, for the first of two concerns. The first step is of the other
    concern, and in `chronological` the second one is of an earlier preference. The tool `echo__forecast` is a candidate
    and was offered in the last step.

    Args:
        config: History type; dates and a change only in `chronological`, ratings only in `rating_integrated`.
        number: Number in the ids.
        changes: Other values of fields.
    """
    geocoders, forecasters = ([name for name in _LISTED if name.endswith(job)] for job in ("geocode", "forecast"))
    is_dated, is_rated = config == "chronological", config == "rating_integrated"
    steps = [
        ("Where is the club house in Bergen?", "bravo__geocode", 1),
        ("Where is the clinic in Bergen?", "bravo__geocode", 0),
        ("Where is the ward in Oslo?", "alfa__geocode", 1),
        ("Will it rain at the clinic in Bergen?", "foxtrot__forecast", 1),
    ]
    history = [
        InteractionRow(
            instruction=instruction,
            name=name,
            arguments='{"city": "Bergen"}',
            rating=rating if is_rated else None,
            offered=geocoders if name in geocoders else forecasters,
            date=f"2026-11-{10 + place}" if is_dated else None,
        )
        for place, (instruction, name, rating) in enumerate(steps)
    ]
    meta = MetaRow(
        axes=["region", "price"],
        drift_step=2 if is_dated else None,
        noise=0.0,
        distractor_level="random",
        n_tokens=900,
        same_function=forecasters,
        kind="limit",
        wanted=[WantedRow("region", "EU", None, None), WantedRow("price", None, "lower price", 1.0)],
        concerns=2,
        step_concerns=[1, 0, 0, 0],
        evidence=2,
        change="sudden" if is_dated else None,
        arguments=["relative date"],
    )
    values: dict[str, Any] = {
        "instance_id": f"{config}-0123abcd-{number:06d}",
        "user_id": f"user-{number}",
        "query_group": f"group-{number}",
        "category": "Weather",
        "functionality": "forecast",
        "instruction": "How warm will it be at the clinic tomorrow?",
        "today": "2026-11-29" if is_dated else None,
        "history": history,
        "history_tools": [listed_tool(name) for name in sorted({*geocoders, *forecasters})],
        "candidates": [listed_tool(name) for name in (*forecasters, "golf__joke")],
        "answer": AnswerRow("foxtrot__forecast", '{"city": "Bergen", "day": "2026-11-30"}'),
        "evidence": [2, 3],
        "meta": meta,
    }
    return Instance(**{**values, **changes})
