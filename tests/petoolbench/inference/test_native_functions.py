"""Every function that leaves the project in a request is one that strict function-calling interfaces accept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from builder.catalogue.sources import ReadySource, open_source
from builder.export import tool_row
from builder.funnel import Funnel
from builder.preparation import read_tools as read_catalogue
from hf_dataset.function_schemas import with_items
from hf_dataset.layout import SPLITS
from hf_dataset.reader import read_tools
from hf_dataset.schema import ToolDoc, ToolRow
from petoolbench.inference.tool_calling import function_tools, safe_names
from tests.conftest import silent
from tests.function_rules import function_violations, violations

SAMPLE = Path(__file__).parents[3] / "hf_dataset"
NUMBER = {"type": "number"}


def functions(rows: Iterable[ToolRow]) -> list[dict[str, Any]]:
    """Return tools as the functions of a request."""
    docs = [ToolDoc(row.name, row.provider, row.description, row.listing, row.parameters) for row in rows]
    return function_tools(docs, safe_names([doc.name for doc in docs]))


def problems_of(rows: Iterable[ToolRow]) -> list[str]:
    return [problem for function in functions(rows) for problem in function_violations(function)]


def test_an_interface_accepts_every_tool_of_the_sample() -> None:
    rows = [row for split in SPLITS for row in read_tools(SAMPLE, split)]
    assert len(rows) > 150
    assert not problems_of(rows)


@pytest.mark.realdata
def test_an_interface_accepts_every_tool_of_a_real_catalogue(real_data: Path) -> None:
    source = open_source(f"toolbench:{real_data / 'rapidapi_tools.jsonl.gz'}")
    assert not isinstance(source, ReadySource)
    tools = read_catalogue(source, Funnel(), silent)
    assert len(tools) > 4_000
    assert not problems_of(map(tool_row, tools))
    arrays = [item for tool in tools for item in tool.parameters["properties"].values() if item["type"] == "array"]
    assert arrays


def schema(properties: Any = None, **parts: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties or {}, "required": []} | parts


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"properties": {}}, "type None at the top"),
        (schema(anyOf=[{"required": ["a"]}]), "'anyOf' at the top"),
        ({"type": "object"}, "no properties at the top"),
        (schema({"a": {"type": "array"}}), "in /a: array schema missing items"),
        (schema({"a": {"type": "array", "items": {"type": "array"}}}), "in /a/items: array schema missing items"),
        (schema({"a": {"type": "array", "items": [NUMBER]}}), "in /a/items: .* is not of type 'object', 'boolean'"),
        (schema({"a": {"anyOf": [{"type": "array"}]}}), "in /a/anyOf: array schema missing items"),
        (schema({"a": {"type": "STRING"}}), "unknown type 'STRING'"),
        (schema({"a[]": NUMBER}), r"property key 'a\[\]'"),
        (schema({"a": NUMBER}, required=["b"]), "required names"),
        (schema({"a": {"type": "string", "enum": []}}), "the enum is empty"),
        (schema({"a": {"type": "string", "enum": ["x", None]}}), "None does not validate against"),
        (schema({"a": {"$ref": "#/x"}}), "a reference"),
    ],
)
def test_the_rules_find_a_violation(parameters: dict[str, Any], problem: str) -> None:
    tool = {"type": "function", "function": {"name": "now", "description": "Weather", "parameters": parameters}}
    assert re.search(problem, "\n".join(function_violations(tool)))


@pytest.mark.parametrize(
    ("name", "description", "number", "problem"),
    [
        ("a b", "Weather", 1, "its name"),
        ("now", "x" * 1025, 1, "long description"),
        ("now", "Weather", 2, "the same name"),
        ("now", "Weather", 129, "129 functions"),
    ],
)
def test_the_rules_find_a_violation_of_a_function(name: str, description: str, number: int, problem: str) -> None:
    tool = {"type": "function", "function": {"name": name, "description": description, "parameters": schema()}}
    assert problem in "\n".join(violations([tool] * number))


def native(parameters: dict[str, Any]) -> Any:
    doc = ToolDoc("now", "Cloudly", "Weather", "", json.dumps(parameters))
    (function,) = function_tools([doc], safe_names(["now"]))
    assert not function_violations(function)
    return function["function"]["parameters"]


@pytest.mark.parametrize(
    "array",
    [
        {"type": "array"},
        {"type": "array", "items": True},
        {"type": "array", "items": [NUMBER]},
        {"type": ["array", "null"], "description": "Days"},
    ],
)
def test_arrays_of_a_data_set_without_items_get_them(array: dict[str, Any]) -> None:
    assert native(schema({"days": array}))["properties"]["days"] == array | {"items": {"type": "string"}}
    nested = {"type": "object", "properties": {"days": array}}
    assert native(schema({"a": nested}))["properties"]["a"]["properties"]["days"]["items"] == {"type": "string"}
    assert with_items({"anyOf": [array]})["anyOf"][0]["items"] == {"type": "string"}


@pytest.mark.parametrize(("listing", "end"), [("", "..."), ("Price: 3", "...\nPrice: 3"), ("x" * 1100, "x" * 1100)])
def test_the_end_of_a_long_description_is_left_out_but_not_the_listing(listing: str, end: str) -> None:
    (function,) = function_tools([ToolDoc("now", "Cloudly", "weather " * 150, listing, "{}")], {"now": "now"})
    description = function["function"]["description"]
    assert description.startswith("Provider: Cloudly. weather weather")
    assert description.endswith(end)
    assert (len(description) <= 1024) == (len(listing) < 1000)


@pytest.mark.parametrize(
    "parameters", [schema(), schema({"days": {"type": "array", "items": NUMBER}, "city": {"type": "string"}})]
)
def test_a_complete_schema_is_sent_as_it_is(parameters: dict[str, Any]) -> None:
    assert native(parameters) == parameters
