"""Factories of test data. Arguments have defaults, so that a test states only the values it depends on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.catalogue.raw_tools import RawParameter, RawTool
from builder.records import Attribute, Binding, Functionality, Group, GroupTool, ServiceFacts, Slot, Tool


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
