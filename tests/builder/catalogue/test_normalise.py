"""Tests of the conversion of raw operations: JSON Schema, names and clean text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from builder.catalogue.normalise import (
    UnusableSchemaError,
    clean_text,
    json_schema,
    parameter_keys,
    renamed_parameters,
    to_tool,
)
from builder.words import MAX_NAME
from tests.factories import raw_parameter, raw_tool


@pytest.mark.parametrize(
    ("type_", "schema"),
    [
        ("STRING", {"type": "string"}),
        ("string", {"type": "string"}),
        ("NUMBER", {"type": "number"}),
        ("BOOLEAN", {"type": "boolean"}),
        ("ENUM", {"type": "string"}),
        ("GEOPOINT", {"type": "string"}),
        ("DATE (YYYY-MM-DD)", {"type": "string", "format": "date"}),
        ("TIME (24-hour HH:MM)", {"type": "string", "format": "time"}),
    ],
)
def test_types(type_: str, schema: dict[str, str]) -> None:
    assert json_schema((raw_parameter("a", type_),))["properties"]["a"] == schema


def test_a_required_default_is_an_example_and_an_optional_one_a_default() -> None:
    schema = json_schema(
        (raw_parameter("city", default="Paris"), raw_parameter("days", "NUMBER", default="3", required=False))
    )
    assert schema["properties"]["city"] == {"type": "string", "examples": ["Paris"]}
    assert schema["properties"]["days"] == {"type": "number", "default": 3}
    assert schema["required"] == ["city"]


def test_a_required_parameter_for_the_form_of_the_response_is_optional_if_it_has_a_value() -> None:
    schema = json_schema((raw_parameter("page", "NUMBER", default="1"), raw_parameter("limit", "NUMBER")))
    assert schema["required"] == ["limit"]
    assert schema["properties"]["page"] == {"type": "number", "default": 1}


def test_credentials_are_left_out() -> None:
    assert json_schema((raw_parameter("apiKey"), raw_parameter("city")))["required"] == ["city"]


@pytest.mark.parametrize(
    ("about", "options"),
    [
        ("One of the following : rent|sale", ["rent", "sale"]),
        ("Allowed values: asc, desc", ["asc", "desc"]),
        ("Any word you like", None),
    ],
)
def test_allowed_values_in_a_description_become_an_enum(about: str, options: list[str] | None) -> None:
    assert json_schema((raw_parameter("a", about=about),))["properties"]["a"].get("enum") == options


@pytest.mark.parametrize(
    ("type_", "default", "expected"),
    [
        ("NUMBER", "x", None),
        ("NUMBER", "2.5", 2.5),
        ("BOOLEAN", "true", True),
        ("BOOLEAN", "maybe", None),
        ("STRING", " ", None),
        ("STRING", 7, "7"),
        ("STRING", True, "true"),
        ("STRING", ["Oslo"], None),
        ("STRING", {"a": 1}, None),
        ("NUMBER", {"a": 1}, None),
        ("NUMBER", True, None),
        ("ARRAY", ["Oslo"], None),
        ("STRING", "\x1b[2J", None),
        ("STRING", "a\tb", "a\tb"),
    ],
)
def test_defaults_are_cast_or_left_out(type_: str, default: object, expected: Any) -> None:
    schema = json_schema((raw_parameter("a", type_, default=default, required=False),))["properties"]["a"]
    assert schema.get("default") == expected


@pytest.mark.parametrize("type_", ["BINARY", "OBJECT", "FILE", "wibble"])
def test_a_required_parameter_that_cannot_be_given_as_text_is_unusable(type_: str) -> None:
    with pytest.raises(UnusableSchemaError, match="'a'"):
        json_schema((raw_parameter("a", type_),))
    assert json_schema((raw_parameter("a", type_, required=False), raw_parameter("b")))["required"] == ["b"]


def test_a_parameter_without_a_name_is_unusable() -> None:
    with pytest.raises(UnusableSchemaError, match="no name"):
        json_schema((raw_parameter(""),))


def test_parameter_names_that_interfaces_refuse_are_replaced() -> None:
    names = ["StartTime<", "StartTime", "StartTime>", "filter[name]", "$top", "user id", "città", "[]", "日", "a.b-c_1"]
    names += ["x" * 80, "y" * 64 + "[0]", "y" * 64]
    keys = parameter_keys(names)
    assert [keys[name] for name in names[:10]] == [
        *("StartTime_2", "StartTime", "StartTime_3", "filter_name", "top", "user_id", "citta"),
        *("parameter", "parameter_2", "a.b-c_1"),
    ]
    assert len(set(keys.values())) == len(names)
    assert all(re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", key) for key in keys.values())
    assert renamed_parameters(raw_tool(raw_parameter("ids[]"), raw_parameter("city"))) == 1
    schema = json_schema((raw_parameter("ids[]"), raw_parameter("api key[]"), raw_parameter("ids[]")))
    assert (list(schema["properties"]), schema["required"]) == (["ids"], ["ids"])


def test_arrays_have_items() -> None:
    optional = raw_parameter("days", "ARRAY", required=False)
    assert json_schema((optional,))["properties"]["days"] == {"type": "array", "items": {"type": "string"}}
    described = replace(optional, items={"type": "integer"})
    assert json_schema((described,))["properties"]["days"] == {"type": "array", "items": {"type": "integer"}}


def test_names_are_unique_valid_and_short() -> None:
    taken: set[str] = set()
    long = raw_tool(provider="A very long provider name with many words in it", operation="Get " * 40)
    names = [to_tool(raw, taken).name for raw in (raw_tool(), raw_tool(), long, raw_tool(provider="🚀", operation="☁"))]
    assert names[:2] == ["cloudly__current_weather", "cloudly__current_weather_2"]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) and len(name) <= MAX_NAME for name in names)


def test_text_is_one_readable_line() -> None:
    assert clean_text("Get **one** [thing](https://a.b/c) <b>now</b>\n\n see https://d.e") == "Get one thing now see"
    assert len(clean_text("word " * 400)) < 420


def test_a_title_that_equals_the_description_is_not_repeated() -> None:
    assert to_tool(raw_tool(operation="Search", about="search", product=""), set()).description == "search."
