"""Tests of converting OpenAPI and Swagger operations to raw tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.catalogue.normalise import json_schema
from builder.catalogue.openapi import OpenApiSource
from builder.catalogue.openapi_operations import Document
from builder.catalogue.raw_tools import RawParameter, Skipped

from .openapi_documents import body, document, inputs, query, tool, write


def test_an_operation_has_provider_category_name_and_description() -> None:
    info = {"title": "Cloudly", "description": "Weather for all", "x-apisguru-categories": ["open_data", "tools"]}
    raw = tool({"summary": "Current weather", "description": "Of one city.", "tags": ["now"]}, info=info)
    assert (raw.provider, raw.provider_description, raw.category) == ("Cloudly", "Weather for all", "open_data")
    assert (raw.operation, raw.operation_description) == ("getWeather", "Current weather. Of one city.")


@pytest.mark.parametrize(
    ("info", "tags", "provider", "category"),
    [
        ({"x-providerName": "cloudly.example"}, ["sky"], "cloudly.example", "sky"),
        ({}, [], "file", "Other"),
        ([], {}, "file", "Other"),
        ({"title": 42}, [7, "later"], "42", "7"),
    ],
)
def test_missing_providers_and_categories_have_fallbacks(info: Any, tags: Any, provider: str, category: str) -> None:
    raw = tool({"tags": tags}, info=info)
    assert (raw.provider, raw.category) == (provider, category)


def test_a_summary_that_the_description_repeats_is_left_out_and_deprecated_operations_are_marked() -> None:
    assert tool({"summary": "Gets it", "description": "Gets it now"}).operation_description == "Gets it now"
    assert tool({"summary": "Gets it", "deprecated": True}).operation_description == "Deprecated. Gets it."


def test_an_operation_without_a_name_is_named_by_its_path_and_counted(tmp_path: Path) -> None:
    operation = {"summary": "Posts"}
    path = write(tmp_path / "a.json", document() | {"paths": {"/users/{userId}/posts": {"get": operation}}})
    source = OpenApiSource(path)
    assert [raw.operation for raw in source.read()] == ["get users posts by user id"]
    assert source.skipped == {"operation_id_missing": 1}
    assert len(list(source.read())) == source.skipped["operation_id_missing"] == 1


def test_parameters_have_name_type_description_and_required() -> None:
    parameters = inputs(
        query(required=True, description="Name of the city"),
        {"name": "day", "in": "query", "schema": {"type": "string", "format": "date"}},
        {"name": "X-Unit", "in": "header", "schema": {"type": ["integer", "null"], "description": "Unit"}},
        {"name": "filter", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
        {"name": "tags", "in": "query", "type": "array", "items": {"type": "string"}},
        path="/weather/{place}",
    )
    assert {name: (parameter.type, parameter.required) for name, parameter in parameters.items()} == {
        "city": ("string", True),
        "day": ("date", False),
        "X-Unit": ("integer", False),
        "filter": ("object", False),
        "tags": ("array", False),
        "place": ("string", True),
    }
    assert (parameters["city"].description, parameters["X-Unit"].description) == ("Name of the city", "Unit")


def test_a_parameter_of_the_operation_overrides_that_of_its_path() -> None:
    shared = {"parameters": [query(), query("lang")]}
    paths = {"/weather": {"get": {"operationId": "a", "parameters": [query(required=True)]}, **shared}}
    parameters = next(Document(document(paths=paths), "file", Skipped()).tools()).parameters
    assert [(parameter.name, parameter.required) for parameter in parameters] == [("city", True), ("lang", False)]


@pytest.mark.parametrize(
    ("parts", "required", "expected"),
    [
        pytest.param({"example": "Rome"}, True, "Rome", id="example of the parameter"),
        pytest.param({"examples": {"one": {"value": "Oslo"}}}, True, "Oslo", id="named example"),
        pytest.param({"schema": {"type": "string", "examples": ["Bern"]}}, True, "Bern", id="examples of the schema"),
        pytest.param({"schema": {"type": "string", "default": "Wien"}}, True, "Wien", id="default, required"),
        pytest.param({"schema": {"type": "string", "default": "Wien"}}, False, "Wien", id="default"),
        pytest.param({"example": "Rome"}, False, None, id="an example is not a default"),
        pytest.param({"example": ["Rome"]}, True, None, id="not a scalar"),
        pytest.param({"example": "x" * 201}, True, None, id="too long to be an example"),
        pytest.param({"schema": {"type": "number"}, "example": "NaN"}, True, None, id="not a number"),
        pytest.param({"schema": {"type": "number"}, "example": "1e999"}, True, None, id="not finite"),
        pytest.param({"schema": {"type": "integer"}, "example": "many"}, True, None, id="text for an integer"),
        pytest.param({"schema": {"enum": ["a", "b"]}, "example": "c"}, True, "a", id="not an allowed value"),
        pytest.param({"schema": {"type": "boolean", "default": True, "enum": [True]}}, False, True, id="boolean"),
    ],
)
def test_the_first_valid_example_or_default_is_kept(parts: dict[str, Any], required: bool, expected: object) -> None:
    assert inputs(query(required=required, **parts))["city"].default == expected


def test_allowed_values_are_listed_in_the_description() -> None:
    parameters = inputs(
        query("units", schema={"enum": ["metric", "us-2"]}, description="Which units."),
        query("code", schema={"enum": [f"code{number}" for number in range(50)]}, description="Which code"),
        query("size", schema={"enum": ["very small", "big"]}),
        query("any", schema={"enum": [f"code{number}" for number in range(101)]}, description="Any code"),
        query("text", schema={"enum": ["a", "b" * 201]}),
    )
    assert parameters["units"].description == "One of: metric, us-2. Which units."
    assert parameters["code"].description.startswith("Which code. One of: code0")
    assert parameters["size"].description == "Choices: very small; big."
    assert (parameters["any"].description, parameters["text"].description) == ("Any code", "")


def test_allowed_values_become_an_enum_of_the_tool() -> None:
    parameters = inputs(
        query("units", schema={"enum": ["metric", "us-2"]}, description="Which units."),
        query("code", schema={"enum": [f"code{number}" for number in range(50)]}, description="Which code"),
        query("size", schema={"enum": ["very small", "big"]}),
        query("kind", schema={"oneOf": [{"const": "rain"}, {"const": "snow"}]}),
    )
    schema = json_schema(tuple(parameters.values()))["properties"]
    assert schema["units"]["enum"] == ["metric", "us-2"]
    assert len(schema["code"]["enum"]) == 50
    assert "enum" not in schema["size"]
    assert schema["kind"]["enum"] == ["rain", "snow"]


def test_credentials_transport_headers_and_fixed_values_are_left_out() -> None:
    schemes = {"mine": {"type": "apiKey", "in": "query", "name": "pass"}}
    parameters = inputs(
        query("pass"),
        query("api_key"),
        {"name": "Authorization", "in": "header"},
        {"name": "X-Amz-Date", "in": "header"},
        {"name": "X-Cloudly-Server-Token", "in": "header"},
        {"name": "Content-Type", "in": "header"},
        {"name": "session", "in": "cookie"},
        query("Version", required=True, schema={"enum": ["2016-11-15"]}),
        {"name": "Next-Token", "in": "header"},
        {"name": "X-Amz-Acl", "in": "header"},
        query("pageToken"),
        components={"securitySchemes": schemes},
    )
    assert list(parameters) == ["Next-Token", "X-Amz-Acl", "pageToken"]


def test_malformed_parameters_are_counted() -> None:
    skipped = Skipped()
    malformed = document({"parameters": [{"in": "query"}, {"name": "a", "in": ["query"]}, "text", query()]})
    assert len(next(Document(malformed, "file", skipped).tools()).parameters) == 1
    assert skipped == {"parameter_malformed": 3}
    assert "a parameter 'a' of /weather: its location is ['query']" in skipped.notices()[0]


def test_parameters_of_the_same_name_are_counted_and_required_if_one_is() -> None:
    skipped = Skipped()
    form = {"name": "city", "in": "formData", "type": "string", "required": True}
    (raw,) = Document(document({"parameters": [query(), form, query("day")]}), "file", skipped).tools()
    assert [(parameter.name, parameter.required) for parameter in raw.parameters] == [("city", True), ("day", False)]
    assert skipped.notices() == ["parameter repeated (1): 'city' in GET /weather; the first is used"]


# Bodies.


def test_the_top_level_properties_of_a_body_are_parameters() -> None:
    properties = {"to": {"type": "string"}, "meta": {"type": "object"}, "id": {"type": "string", "readOnly": True}}
    parameters = body({"type": "object", "required": ["to"], "properties": properties})
    assert [(parameter.name, parameter.type, parameter.required) for parameter in parameters] == [
        ("to", "string", True),
        ("meta", "object", False),
    ]


@pytest.mark.parametrize("kind", ["application/vnd.cloudly+json; v=1", "multipart/form-data", "*/*", "text/xml"])
def test_bodies_of_other_media_types_are_read_too(kind: str) -> None:
    assert [parameter.name for parameter in body({"properties": {"to": {}}}, kind)] == ["to"]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [({"type": "array"}, "array"), ({"type": "object"}, "object"), ({"type": "string", "format": "binary"}, "file")],
)
def test_a_body_without_named_properties_is_one_parameter(schema: dict[str, Any], kind: str) -> None:
    (parameter,) = body(schema)
    assert (parameter.name, parameter.type, parameter.required) == ("body", kind, True)


def test_a_body_without_content_is_an_object() -> None:
    assert tool({"requestBody": {"required": True}}).parameters == (RawParameter("body", "object", "", None, True),)


def test_swagger_2_bodies_and_forms_are_read() -> None:
    schema = {"$ref": "#/definitions/New"}
    parts = {
        "swagger": "2.0",
        "definitions": {"New": {"properties": {"city": {"type": "string"}}, "required": ["city"]}},
    }
    parameters = inputs(
        {"name": "anything", "in": "body", "schema": schema},
        {"name": "photo", "in": "formData", "type": "file", "required": True},
        {"name": "city", "in": "query", "type": "integer", "x-example": 3, "required": True},
        **parts,
    )
    assert {name: parameter.type for name, parameter in parameters.items()} == {"city": "string", "photo": "file"}


# Authentication.

SCHEMES = {
    "key": {"type": "apiKey", "in": "query", "name": "k"},
    "basic": {"type": "http", "scheme": "basic"},
    "login": {"type": "oauth2"},
    "openid": {"type": "openIdConnect"},
    "certificate": {"type": "mutualTLS"},
}


@pytest.mark.parametrize(
    ("security", "authentication"),
    [
        ([], "none"),
        ([{}, {"login": []}], "none"),
        ([{"key": []}], "key"),
        ([{"basic": []}], "key"),
        ([{"login": []}], "oauth"),
        ([{"openid": []}], "oauth"),
        ([{"login": []}, {"key": []}], "key"),
        ([{"login": [], "key": []}], "oauth"),
        ([{"certificate": []}, {"login": []}], "oauth"),
        ([{"certificate": []}], None),
        ([{"nowhere": []}], None),
        (None, None),
    ],
)
def test_security_requirements_determine_the_authentication(security: Any, authentication: str | None) -> None:
    components = {"securitySchemes": SCHEMES}
    assert tool({"security": security}, components=components).facts.authentication == authentication
    assert tool(components=components, security=security).facts.authentication == authentication


def test_a_credential_parameter_requires_a_key_and_without_a_statement_there_is_none() -> None:
    assert tool({"parameters": [query("api_key")]}).facts.authentication == "key"
    assert tool({"parameters": [query("api_key")], "security": []}).facts.authentication == "key"
    assert tool().facts.authentication is None
    swagger: dict[str, Any] = {
        "swagger": "2.0",
        "securityDefinitions": {"b": {"type": "basic"}},
        "security": [{"b": []}],
    }
    assert tool(**swagger).facts.authentication == "key"


# Fuzzing.

KEYS = st.sampled_from(
    [
        *("$ref", "#/x", "#/x/0", "allOf", "anyOf", "type", "name", "in", "query", "path", "body", "schema", "items"),
        *("properties", "required", "enum", "const", "parameters", "requestBody", "content", "application/json"),
        *("security", "tags", "examples", "example", "default", "null", "operationId", "format", "a", "object"),
        *("string", "\ud800", ""),
    ]
)
FUZZED = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.just(1e999) | KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)


@settings(max_examples=300)
@given(FUZZED, FUZZED, FUZZED, FUZZED)
def test_no_document_raises_an_error(operation: Any, shared: Any, target: Any, components: Any) -> None:
    fuzzed = {
        "openapi": "3.1.0",
        "info": shared,
        "x": target,
        "security": components,
        "securityDefinitions": components,
        "paths": {"/a/{b}": {"get": operation, "post": {"requestBody": shared, "parameters": operation}}, "/c": shared},
        "components": components,
    }
    for raw in Document(fuzzed, "file", Skipped()).tools():
        assert raw.provider
        assert raw.operation
        parameter_texts = (parameter.name + parameter.description for parameter in raw.parameters)
        texts = (raw.provider, raw.category, raw.operation, *parameter_texts)
        assert all(text.encode() or not text for text in texts)
        assert len({parameter.name for parameter in raw.parameters}) == len(raw.parameters)
