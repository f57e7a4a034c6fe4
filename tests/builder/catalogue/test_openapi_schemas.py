"""Tests of references, composed schemas and types in OpenAPI documents."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from builder.catalogue.openapi_operations import Document

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
        pytest.param({"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}, "reference_cyclic", id="part of itself"),
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
def test_a_reference_that_cannot_be_resolved_is_counted(schemas: dict[str, Any], reason: str) -> None:
    skipped: Counter[str] = Counter()
    content = document(
        {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
        components={"schemas": schemas},
    )
    assert len(list(Document(content, "file", skipped).tools())) == 1
    assert skipped == {reason: 1}


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
