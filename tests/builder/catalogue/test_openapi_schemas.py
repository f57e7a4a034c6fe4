"""Tests of references, composed schemas and types in OpenAPI documents."""

from __future__ import annotations

from typing import Any

import pytest

from builder.catalogue.openapi_operations import Document
from builder.catalogue.raw_tools import Skipped

from .openapi_documents import body, document, inputs


@pytest.mark.parametrize(
    ("pointer", "key"),
    [
        ("#/components/schemas/New", "New"),
        ("#/components/schemas/a~1b~0c", "a/b~c"),
        ("#/components/schemas/New%20order", "New order"),
    ],
)
def test_local_references_are_followed(pointer: str, key: str) -> None:
    parts: dict[str, Any] = {"components": {"schemas": {key: {"properties": {"city": {"type": "string"}}}}}}
    assert [parameter.name for parameter in body({"$ref": pointer}, **parts)] == ["city"]


def test_references_can_point_into_lists_and_keys_next_to_them_take_precedence() -> None:
    parts = {"x": [{"name": "city", "in": "query", "description": "target"}]}
    assert inputs({"$ref": "#/x/0", "description": "sibling"}, **parts)["city"].description == "sibling"


@pytest.mark.parametrize(
    ("schemas", "reason"),
    [
        pytest.param({"A": {"$ref": "#/components/schemas/A"}}, "reference_cyclic", id="itself"),
        pytest.param(
            {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
            "reference_cyclic",
            id="each other",
        ),
        pytest.param(
            {"A": {"$ref": "#/components/schemas/S0"}}
            | {f"S{step}": {"$ref": f"#/components/schemas/S{step + 1}"} for step in range(40)},
            "reference_too_long",
            id="a chain",
        ),
        pytest.param(
            {"A": {"allOf": [{"$ref": "#/components/schemas/S0"}]}}
            | {f"S{step}": {"allOf": [{"$ref": f"#/components/schemas/S{step + 1}"}]} for step in range(40)},
            "schema_too_deep",
            id="parts of parts",
        ),
        pytest.param({"A": {"$ref": "#/components/schemas/B"}}, "reference_dangling", id="missing"),
        pytest.param({"A": {"$ref": "#/openapi/x"}}, "reference_dangling", id="into a string"),
        pytest.param({"A": {"$ref": "other.json#/A"}}, "reference_foreign", id="another file"),
    ],
)
def test_an_operation_whose_body_cannot_be_resolved_is_skipped_and_counted(
    schemas: dict[str, Any], reason: str
) -> None:
    skipped = Skipped()
    content = document(
        {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
        components={"schemas": schemas},
    )
    assert not list(Document(content, "file", skipped).tools())
    assert skipped == {reason: 1, "parameters_unresolved": 1}
    assert skipped.notices()[0].startswith("parameters unresolved (1): POST /weather: its parameters are at ")


def test_a_schema_that_is_part_of_itself_is_counted_and_loses_nothing() -> None:
    skipped = Skipped()
    schema = {"allOf": [{"$ref": "#/components/schemas/A"}], "properties": {"city": {"type": "string"}}}
    content = document(
        {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
        components={"schemas": {"A": schema}},
    )
    (raw,) = Document(content, "file", skipped).tools()
    assert [parameter.name for parameter in raw.parameters] == ["city"]
    assert skipped == {"reference_cyclic": 1}


def test_parts_that_double_at_every_level_are_merged_once() -> None:
    repeated = [[{"$ref": f"#/components/schemas/S{step}"}] * 2 for step in range(1, 31)]
    schemas: dict[str, Any] = {f"S{step}": {"allOf": parts} for step, parts in enumerate(repeated)}
    schemas["S30"] = {"properties": {"city": {"type": "string"}}}
    (parameter,) = body({"$ref": "#/components/schemas/S0"}, components={"schemas": schemas})
    assert parameter.name == "city"


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": ["string", "null"]}, "string"),
        ({"type": ["array", "integer"]}, "integer"),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, "boolean"),
        ({"oneOf": [{"type": "object"}, {"type": "number"}]}, "number"),
        ({"oneOf": [{"properties": {}}, {"items": {}}]}, "object"),
        ({"allOf": [{"type": "integer"}, {"description": "d"}]}, "integer"),
        ({"enum": [1, 2]}, "integer"),
        ({"const": "x"}, "string"),
        ({"additionalProperties": True}, "object"),
        ({"type": "strng"}, "string"),
        ({"type": ["any", "Integer"]}, "integer"),
        ({"type": "float"}, "number"),
        ({"type": "dict"}, "object"),
        ({"type": "bytes"}, "file"),
        ({"enum": [1, 2.5, None]}, "number"),
        ({"enum": [True, False]}, "boolean"),
        ({"enum": [True, 1]}, "string"),
        ({}, "string"),
        ([], "string"),
    ],
)
def test_a_schema_has_one_type(schema: Any, kind: str) -> None:
    assert body({"properties": {"x": schema}})[0].type == kind


def test_the_properties_of_all_parts_of_a_schema_are_merged() -> None:
    part = {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["b"]}
    parameters = body({"allOf": [part], "properties": {"a": {"type": "string"}}, "required": ["a"]})
    assert {(parameter.name, parameter.type, parameter.required) for parameter in parameters} == {
        ("a", "string", True),
        ("b", "string", True),
    }


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {"coin": {"type": "string"}, "required": ["coin"]}}, {"coin": True}),
        ({"properties": {"required": {"type": "boolean"}, "coin": {}}, "required": ["required"]}, {"required": True, "coin": False}),
        ({"properties": {"coin": True, "never": False, "odd": []}, "required": ["coin"]}, {"coin": True, "odd": False}),
    ],
)  # fmt: skip
def test_properties_that_are_not_schemas(schema: dict[str, Any], expected: dict[str, bool]) -> None:
    assert {parameter.name: parameter.required for parameter in body(schema)} == expected


# Alternatives.

EMAIL = {"properties": {"email": {"type": "string"}, "text": {"type": "string"}}, "required": ["email", "text"]}
PHONE = {"properties": {"phone": {"type": "string"}}, "required": ["phone"]}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"oneOf": [EMAIL, PHONE]}, {"email": False, "text": False, "phone": True}, id="the least is required"),
        pytest.param({"anyOf": [EMAIL, {"type": "null"}]}, {"email": True, "text": True}, id="one or null"),
        pytest.param({"anyOf": [EMAIL, {"const": None}]}, {"email": True, "text": True}, id="one or the constant null"),
        pytest.param({"anyOf": [EMAIL, {"type": "array"}, PHONE]}, {"email": False, "text": False, "phone": True}, id="an array"),
        pytest.param(
            {"properties": {"id": {"type": "string"}}, "required": ["id"], "oneOf": [EMAIL, PHONE]},
            {"id": True, "email": False, "text": False, "phone": True},
            id="beside properties",
        ),
        pytest.param(
            {"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"a": True, "b": False},
            id="of required names",
        ),
        pytest.param(
            {"allOf": [{"anyOf": [EMAIL, PHONE]}, {"oneOf": [{"properties": {"x": {}}}, {"properties": {"y": {}}}]}]},
            {"email": False, "text": False, "phone": True, "x": False, "y": False},
            id="in several parts",
        ),
        pytest.param(
            {"oneOf": [{"anyOf": [EMAIL, PHONE]}, {"properties": {"x": {}}, "required": ["x"]}]},
            {"email": False, "text": False, "phone": True, "x": False},
            id="of alternatives",
        ),
        pytest.param(
            {"oneOf": [{"$ref": "#/components/schemas/Loop"}, PHONE]}, {"phone": True, "email": False, "text": False}, id="a loop"
        ),
        pytest.param({"type": "object", "required": ["a", 5, "a"]}, {"a": True}, id="required without description"),
    ],
)  # fmt: skip
def test_alternatives_have_the_properties_of_all_and_require_those_of_one(
    schema: dict[str, Any], expected: dict[str, bool]
) -> None:
    loop = {"oneOf": [{"$ref": "#/components/schemas/Loop"}, EMAIL]}
    parameters = body(schema, components={"schemas": {"Loop": loop}})
    assert {parameter.name: parameter.required for parameter in parameters} == expected


def test_an_alternative_of_the_same_name_adds_its_allowed_values() -> None:
    kinds = [
        {"properties": {"by": {"const": kind}, kind: {}}, "required": ["by", kind]} for kind in ("id", "name", "id")
    ]
    by, *_ = body({"oneOf": kinds})
    assert (by.name, by.required, by.description, by.default) == ("by", True, "One of: id, name.", "id")


# Arrays.

POINT = {
    "type": "object",
    "properties": {"x": {"type": "number"}, "tags[]": {"type": "array"}},
    "required": ["x", "tags[]"],
}
DEEP = {"type": "array", "items": {"type": "array", "items": {"type": "array", "items": {"type": "array"}}}}
LONG = {"type": "object", "properties": {f"field{number}": {"type": "string"} for number in range(39)}}


@pytest.mark.parametrize(
    ("array", "items"),
    [
        pytest.param({}, None, id="not stated"),
        pytest.param({"items": {}}, None, id="anything"),
        pytest.param({"items": True}, None, id="true"),
        pytest.param({"items": {"$ref": "#/components/schemas/Id"}}, {"type": "integer"}, id="a reference"),
        pytest.param({"items": {"enum": ["a", None, "b"]}}, {"type": "string", "enum": ["a", "b"]}, id="an enum with null"),
        pytest.param({"items": {"enum": [1, 2, None]}}, {"type": "integer"}, id="numbers"),
        pytest.param({"items": {"type": "string", "format": "date"}}, {"type": "string", "format": "date"}, id="dates"),
        pytest.param({"items": {"type": "string", "format": "binary"}}, {"type": "string"}, id="files"),
        pytest.param({"items": {"anyOf": [{"type": "null"}, {"type": "number"}]}}, {"type": "number"}, id="nullable"),
        pytest.param({"items": [{"type": "integer"}, {"type": "integer"}]}, {"type": "integer"}, id="a tuple"),
        pytest.param({"prefixItems": [{"type": "object"}, {"type": "string"}]}, {"type": "string"}, id="a mixed tuple"),
        pytest.param(
            {"items": POINT},
            {
                "type": "object",
                "properties": {"x": {"type": "number"}, "tags": {"type": "array", "items": {"type": "string"}}},
                "required": ["x", "tags"],
            },
            id="objects",
        ),
        pytest.param({"items": LONG}, {"type": "object"}, id="long objects"),
        pytest.param({"items": {"type": "array", "items": LONG}}, {"type": "array", "items": {"type": "object"}}, id="long lists"),
        pytest.param({"items": {"type": "string", "enum": ["x" * 99, "y" * 99] * 9}}, {"type": "string", "enum": ["x" * 99, "y" * 99]}, id="repeated values"),
        pytest.param({"items": {"type": "string", "enum": [f"value {n:0190}" for n in range(9)]}}, {"type": "string"}, id="long values"),
    ],
)  # fmt: skip
def test_arrays_keep_their_items_without_references(array: dict[str, Any], items: dict[str, Any] | None) -> None:
    parts: dict[str, Any] = {"components": {"schemas": {"Id": {"type": "integer"}}}}
    (parameter,) = body({"properties": {"a": {"type": "array", **array}}}, **parts)
    assert (parameter.type, parameter.items) == ("array", items)


def test_the_items_of_deep_and_recursive_arrays_end() -> None:
    tree = {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
    deep, recursive = body({"properties": {"a": DEEP, "b": tree}}, components={"schemas": {"Tree": tree}})
    innermost = {"type": "array", "items": {"type": "string"}}
    assert deep.items == recursive.items == {"type": "array", "items": {"type": "array", "items": innermost}}
