"""Reading OpenAPI and Swagger documents: what becomes of an operation, and how a document is refused or passed over."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.catalogue import documents
from builder.catalogue.documents import parse_json, parse_yaml
from builder.catalogue.normalise import json_schema
from builder.catalogue.openapi import OpenApiSource
from builder.catalogue.openapi_operations import Document
from builder.catalogue.quality import LanguageJudge, keep_good_tools
from builder.catalogue.raw_tools import RawParameter, RawTool
from builder.catalogue.sources import open_source
from builder.errors import CatalogueError
from builder.funnel import Funnel


def document(operation: dict[str, Any] | None = None, path: str = "/weather", **parts: Any) -> dict[str, Any]:
    """A document with one operation, `get` unless `post` is what it needs."""
    operation = {"operationId": "getWeather"} | (operation or {})
    method = "post" if "requestBody" in operation else "get"
    return {"openapi": "3.0.3", "info": {"title": "Cloudly"}, "paths": {path: {method: operation}}} | parts


def tool(operation: dict[str, Any] | None = None, path: str = "/weather", **parts: Any) -> RawTool:
    return next(Document(document(operation, path, **parts), "file", Counter()).tools())


def inputs(*parameters: dict[str, Any], **parts: Any) -> dict[str, RawParameter]:
    return {found.name: found for found in tool({"parameters": list(parameters)}, **parts).parameters}


def query(name: str = "city", **parts: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}} | parts


def body(schema: Any, kind: str = "application/json", **parts: Any) -> tuple[RawParameter, ...]:
    return tool({"requestBody": {"content": {kind: {"schema": schema}}, "required": True}}, **parts).parameters


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes | str) else json.dumps(content)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


# What an operation becomes.


def test_an_operation_says_who_what_and_where() -> None:
    info = {"title": "Cloudly", "description": "Weather for all", "x-apisguru-categories": ["open_data", "tools"]}
    made = tool({"summary": "Current weather", "description": "Of one city.", "tags": ["now"]}, info=info)
    assert (made.provider, made.provider_description, made.category) == ("Cloudly", "Weather for all", "open_data")
    assert (made.operation, made.operation_description) == ("getWeather", "Current weather. Of one city.")


@pytest.mark.parametrize(
    ("info", "tags", "provider", "category"),
    [
        ({"x-providerName": "cloudly.example"}, ["sky"], "cloudly.example", "sky"),
        ({}, [], "file", "Other"),
        ([], {}, "file", "Other"),
        ({"title": 42}, [7, "later"], "42", "7"),
    ],
)
def test_what_is_not_said_is_made_up_from_what_is(info: Any, tags: Any, provider: str, category: str) -> None:
    made = tool({"tags": tags}, info=info)
    assert (made.provider, made.category) == (provider, category)


def test_a_summary_that_the_description_repeats_is_said_once_and_deprecated_is_said() -> None:
    assert tool({"summary": "Gets it", "description": "Gets it now"}).operation_description == "Gets it now"
    assert tool({"summary": "Gets it", "deprecated": True}).operation_description == "Deprecated. Gets it."


def test_an_operation_without_a_name_is_named_by_its_path_and_counted(tmp_path: Path) -> None:
    operation = {"summary": "Posts"}
    path = write(tmp_path / "a.json", document() | {"paths": {"/users/{userId}/posts": {"get": operation}}})
    source = OpenApiSource(path)
    assert [made.operation for made in source.read()] == ["get users posts by user id"]
    assert source.skipped == {"operation_id_missing": 1}
    assert len(list(source.read())) == source.skipped["operation_id_missing"] == 1


def test_parameters_keep_name_type_description_and_whether_they_are_required() -> None:
    found = inputs(
        query(required=True, description="Name of the city"),
        {"name": "day", "in": "query", "schema": {"type": "string", "format": "date"}},
        {"name": "X-Unit", "in": "header", "schema": {"type": ["integer", "null"], "description": "Unit"}},
        {"name": "filter", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
        {"name": "tags", "in": "query", "type": "array", "items": {"type": "string"}},
        path="/weather/{place}",
    )
    assert {name: (one.type, one.required) for name, one in found.items()} == {
        "city": ("string", True),
        "day": ("date", False),
        "X-Unit": ("integer", False),
        "filter": ("object", False),
        "tags": ("array", False),
        "place": ("string", True),
    }
    assert (found["city"].description, found["X-Unit"].description) == ("Name of the city", "Unit")


def test_an_operations_own_parameter_replaces_that_of_its_path() -> None:
    own, shared = query(required=True), {"parameters": [query(), query("lang")]}
    given_paths = {"/weather": {"get": {"operationId": "a", "parameters": [own]}, **shared}}
    found = next(Document(document(paths=given_paths), "file", Counter()).tools()).parameters
    assert [(one.name, one.required) for one in found] == [("city", True), ("lang", False)]


@pytest.mark.parametrize(
    ("stated", "required", "kept"),
    [
        pytest.param({"example": "Rome"}, True, "Rome", id="example of the parameter"),
        pytest.param({"examples": {"one": {"value": "Oslo"}}}, True, "Oslo", id="named example"),
        pytest.param({"schema": {"type": "string", "examples": ["Bern"]}}, True, "Bern", id="examples of the schema"),
        pytest.param({"schema": {"type": "string", "default": "Wien"}}, True, "Wien", id="default, required"),
        pytest.param({"schema": {"type": "string", "default": "Wien"}}, False, "Wien", id="default"),
        pytest.param({"example": "Rome"}, False, None, id="an example is no default"),
        pytest.param({"example": ["Rome"]}, True, None, id="not a plain value"),
        pytest.param({"example": "x" * 201}, True, None, id="too long to be an example"),
        pytest.param({"schema": {"type": "number"}, "example": "NaN"}, True, None, id="no number"),
        pytest.param({"schema": {"type": "number"}, "example": "1e999"}, True, None, id="not finite"),
        pytest.param({"schema": {"type": "integer"}, "example": "many"}, True, None, id="text for a number"),
        pytest.param({"schema": {"enum": ["a", "b"]}, "example": "c"}, True, "a", id="not among the options"),
        pytest.param({"schema": {"type": "boolean", "default": True, "enum": [True]}}, False, True, id="truth value"),
    ],
)
def test_the_first_example_or_default_that_fits_is_kept(stated: dict[str, Any], required: bool, kept: object) -> None:
    assert inputs(query(required=required, **stated))["city"].default == kept


def test_allowed_values_reach_the_tools_schema() -> None:
    units = query("units", schema={"enum": ["metric", "us-2"]}, description="Which units.")
    long = query("code", schema={"enum": [f"code{number}" for number in range(50)]}, description="Which code")
    odd = query("size", schema={"enum": ["very small", "big"]})
    many = query("any", schema={"enum": [f"code{number}" for number in range(101)]}, description="Any code")
    wordy = query("text", schema={"enum": ["a", "b" * 201]})
    one_of = query("kind", schema={"oneOf": [{"const": "rain"}, {"const": "snow"}]})
    found = inputs(units, long, odd, one_of, many, wordy)
    schema = json_schema(tuple(found.values()))["properties"]
    assert found["units"].description == "One of: metric, us-2. Which units."
    assert schema["units"]["enum"] == ["metric", "us-2"]
    assert found["code"].description.startswith("Which code. One of: code0")
    assert len(schema["code"]["enum"]) == 50
    assert found["size"].description == "Choices: very small; big."
    assert "enum" not in schema["size"]
    assert schema["kind"]["enum"] == ["rain", "snow"]
    assert (found["any"].description, found["text"].description) == ("Any code", "")


def test_credentials_and_what_the_protocol_or_the_document_fixes_are_no_inputs() -> None:
    schemes = {"mine": {"type": "apiKey", "in": "query", "name": "pass"}}
    found = inputs(
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
    assert list(found) == ["Next-Token", "X-Amz-Acl", "pageToken"]


def test_a_parameter_without_name_or_place_is_counted() -> None:
    skipped: Counter[str] = Counter()
    broken = document({"parameters": [{"in": "query"}, {"name": "a", "in": ["query"]}, "text", query()]})
    assert len(next(Document(broken, "file", skipped).tools()).parameters) == 1
    assert skipped == {"parameter_malformed": 3}


# Bodies.


def test_the_top_level_properties_of_a_body_are_parameters() -> None:
    properties = {"to": {"type": "string"}, "meta": {"type": "object"}, "id": {"type": "string", "readOnly": True}}
    found = body({"type": "object", "required": ["to"], "properties": properties})
    assert [(one.name, one.type, one.required) for one in found] == [("to", "string", True), ("meta", "object", False)]


@pytest.mark.parametrize("kind", ["application/vnd.cloudly+json; v=1", "multipart/form-data", "*/*", "text/xml"])
def test_bodies_of_other_media_types_are_read_too(kind: str) -> None:
    assert [one.name for one in body({"properties": {"to": {}}}, kind)] == ["to"]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [({"type": "array"}, "array"), ({"type": "object"}, "object"), ({"type": "string", "format": "binary"}, "file")],
)
def test_a_body_without_named_properties_is_one_parameter(schema: dict[str, Any], kind: str) -> None:
    assert [(one.name, one.type, one.required) for one in body(schema)] == [("body", kind, True)]


def test_a_body_that_says_nothing_is_an_object() -> None:
    assert tool({"requestBody": {"required": True}}).parameters == (RawParameter("body", "object", "", None, True),)


def test_swagger_2_bodies_and_forms_are_read() -> None:
    schema = {"$ref": "#/definitions/New"}
    parts = {
        "swagger": "2.0",
        "definitions": {"New": {"properties": {"city": {"type": "string"}}, "required": ["city"]}},
    }
    found = inputs(
        {"name": "anything", "in": "body", "schema": schema},
        {"name": "photo", "in": "formData", "type": "file", "required": True},
        {"name": "city", "in": "query", "type": "integer", "x-example": 3, "required": True},
        **parts,
    )
    assert [(one.name, one.type) for one in found.values()] == [("city", "string"), ("photo", "file")]


# References and composed schemas.


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
    assert [one.name for one in body({"$ref": pointer}, **parts)] == ["city"]


def test_references_lead_into_lists_and_what_stands_beside_goes_before() -> None:
    listed = {"x": [{"name": "city", "in": "query", "description": "there"}]}
    assert inputs({"$ref": "#/x/0", "description": "here"}, **listed)["city"].description == "here"


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
        pytest.param({"A": {"$ref": "#/components/schemas/B"}}, "reference_dangling", id="nowhere"),
        pytest.param({"A": {"$ref": "#/openapi/x"}}, "reference_dangling", id="into a text"),
        pytest.param({"A": {"$ref": "other.json#/A"}}, "reference_foreign", id="another file"),
    ],
)
def test_a_reference_that_cannot_be_followed_ends_and_is_counted(schemas: dict[str, Any], reason: str) -> None:
    skipped: Counter[str] = Counter()
    made = document(
        {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
        components={"schemas": schemas},
    )
    assert len(list(Document(made, "file", skipped).tools())) == 1
    assert skipped == {reason: 1}


def test_parts_that_double_at_every_step_are_merged_once() -> None:
    twice = [[{"$ref": f"#/components/schemas/S{step}"}] * 2 for step in range(1, 31)]
    schemas: dict[str, Any] = {f"S{step}": {"allOf": parts} for step, parts in enumerate(twice)}
    schemas["S30"] = {"properties": {"city": {"type": "string"}}}
    assert [one.name for one in body({"$ref": "#/components/schemas/S0"}, components={"schemas": schemas})] == ["city"]


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


def test_all_parts_of_a_schema_come_together() -> None:
    part = {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["b"]}
    found = body({"allOf": [part], "properties": {"a": {"type": "string"}}, "required": ["a"]})
    assert {(one.name, one.type, one.required) for one in found} == {("a", "string", True), ("b", "string", True)}


# Sign-up.

SCHEMES = {
    "key": {"type": "apiKey", "in": "query", "name": "k"},
    "basic": {"type": "http", "scheme": "basic"},
    "login": {"type": "oauth2"},
    "openid": {"type": "openIdConnect"},
    "glove": {"type": "mutualTLS"},
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
        ([{"glove": []}, {"login": []}], "oauth"),
        ([{"glove": []}], None),
        ([{"nowhere": []}], None),
        (None, None),
    ],
)
def test_what_a_caller_must_have_is_a_fact(security: Any, authentication: str | None) -> None:
    components = {"securitySchemes": SCHEMES}
    assert tool({"security": security}, components=components).facts.authentication == authentication
    assert tool(components=components, security=security).facts.authentication == authentication


def test_a_key_among_the_parameters_is_a_key_and_silence_is_silence() -> None:
    assert tool({"parameters": [query("api_key")]}).facts.authentication == "key"
    assert tool({"parameters": [query("api_key")], "security": []}).facts.authentication == "key"
    assert tool().facts.authentication is None
    swagger: dict[str, Any] = {
        "swagger": "2.0",
        "securityDefinitions": {"b": {"type": "basic"}},
        "security": [{"b": []}],
    }
    assert tool(**swagger).facts.authentication == "key"


# Files and folders.


def test_json_and_yaml_say_the_same(tmp_path: Path) -> None:
    made = document({"parameters": [query(required=True)]})
    sources = [
        OpenApiSource(write(tmp_path / "a.json", made)),
        OpenApiSource(write(tmp_path / "a.yaml", yaml.safe_dump(made))),
        OpenApiSource(write(tmp_path / "a", b"\xef\xbb\xbf" + json.dumps(made).encode())),
    ]
    one, *others = [list(source.read()) for source in sources]
    assert one
    assert all(other == one for other in others)


TEXT = json.dumps(document())
LAUGHS = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
BROKEN = [
    pytest.param("a.json", TEXT[:50], "document_not_json", "not JSON", id="half"),
    pytest.param("a.json", '{"a": 1' + "1" * 5000 + "}", "document_not_json", "not JSON", id="a huge number"),
    pytest.param("a.json", "[" * 100_000, "document_too_deep", "too deep", id="deep JSON"),
    pytest.param("a.yaml", "[" * 100_000, "document_too_deep", "too deep", id="deep YAML"),
    pytest.param("a.yaml", "a: [", "document_not_yaml", "not YAML", id="half a YAML"),
    pytest.param("a.yaml", "a: *b", "document_not_yaml", "'b' stands for nothing", id="an alias of nothing"),
    pytest.param("a.yaml", "a: &a [*a]", "document_not_yaml", "what it is in", id="an alias of itself"),
    pytest.param("a.yaml", "? [a]\n: b", "document_not_yaml", "a key is no text", id="a list as key"),
    pytest.param("a.yaml", LAUGHS, "document_expands", "aliases", id="aliases of aliases"),
    pytest.param("a.json", b"\xff\xfe{", "document_not_utf8", "UTF-8", id="not UTF-8"),
    pytest.param("a.json", " \n", "document_empty", "empty", id="empty"),
    pytest.param("a.json", "[]", "document_not_openapi", "a list", id="a list"),
    pytest.param("a.json", "{}", "document_not_openapi", "no `openapi`", id="another object"),
    pytest.param("a.json", '{"swaggerVersion": "1.2"}', "document_not_openapi", "'1.2'", id="an old version"),
    pytest.param("a.json", " " * 3000, "document_too_large", "larger than", id="too large"),
]


@pytest.mark.parametrize(("name", "content", "reason", "problem"), BROKEN)
def test_a_document_that_is_asked_for_has_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | bytes, reason: str, problem: str
) -> None:
    if reason == "document_too_large":
        monkeypatch.setattr(documents, "MAX_BYTES", 2000)
    path = write(tmp_path / name, content)
    with pytest.raises(CatalogueError) as caught:
        list(OpenApiSource(path).read())
    assert str(caught.value).startswith(f"{path}: ")
    assert problem in str(caught.value)
    assert "Expected an OpenAPI 3 or Swagger 2.0 document" in str(caught.value)


@pytest.mark.parametrize(("name", "content", "reason", "problem"), BROKEN)
def test_in_a_tree_it_is_passed_over_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | bytes, reason: str, problem: str
) -> None:
    if reason == "document_too_large":
        monkeypatch.setattr(documents, "MAX_BYTES", 2000)
    write(tmp_path / "deep" / "down" / name, content)
    write(tmp_path / "z.json", document())
    write(tmp_path / "notes.txt", problem)
    source = OpenApiSource(tmp_path)
    assert [made.operation for made in source.read()] == ["getWeather"]
    assert source.skipped == {reason: 1}


def test_a_file_that_cannot_be_opened_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.json", document())
    write(tmp_path / "b.json", document())
    opened = Path.open

    def refuse(path: Path, *how: Any) -> Any:
        if path.name == "a.json":
            raise PermissionError(13, "no")
        return opened(path, *how)

    monkeypatch.setattr(Path, "open", refuse)
    source = OpenApiSource(tmp_path)
    assert len(list(source.read())) == 1
    assert source.skipped == {"document_not_opened": 1}


def test_a_folder_without_a_readable_document_and_a_missing_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="holds no document"):
        list(OpenApiSource(tmp_path).read())
    write(tmp_path / "a.json", "{}")
    with pytest.raises(CatalogueError, match=r"none of its 1 files can be read \(document_not_openapi 1\)"):
        list(OpenApiSource(tmp_path).read())
    with pytest.raises(CatalogueError, match="no such file"):
        open_source(f"openapi:{tmp_path / 'nowhere'}")


def test_identity_is_of_the_content_and_of_the_paths_below_the_folder(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.json", document()), write(tmp_path / "b" / "c.json", document())
    assert OpenApiSource(one).identity == OpenApiSource(other).identity
    assert OpenApiSource(one).identity.startswith("openapi sha256:")
    before = OpenApiSource(tmp_path).identity
    other.rename(tmp_path / "b" / "d.json")
    assert OpenApiSource(tmp_path).identity != before


def test_a_file_too_large_to_be_read_is_no_part_of_the_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.json", document())
    before = OpenApiSource(tmp_path).identity
    write(tmp_path / "b.json", " " * 3000)
    monkeypatch.setattr("builder.catalogue.openapi.MAX_BYTES", 2000)
    assert OpenApiSource(tmp_path).identity == before


# YAML as JSON.


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\na: 2", {"a": 2}),
        ("200: ok\nno: yes\ntrue: 1.5", {"200": "ok", "no": "yes", "true": 1.5}),
        (
            "day: 2026-01-02\nversion: '1.0'\nnone: ~\non: true",
            {"day": "2026-01-02", "version": "1.0", "none": None, "on": True},
        ),
        ("base: &b {x: 1, y: 2}\nmade: {<<: *b, x: 3}", {"base": {"x": 1, "y": 2}, "made": {"y": 2, "x": 3}}),
        ("a: &k b\n*k : c", {"a": "b", "b": "c"}),
        ("- !odd 3\n- !!str 4\n- 1e999\n- -7", ["3", "4", "1e999", -7]),
        ("a: 1\n---\nb: 2", {"a": 1}),
        ("plain", "plain"),
        ("# nothing", None),
    ],
)
def test_yaml_is_read_as_the_json_it_stands_for(
    monkeypatch: pytest.MonkeyPatch, text: str, value: object, loader: type
) -> None:
    monkeypatch.setattr(documents, "_LOADER", loader)
    assert parse_yaml(text) == value


WRITTEN = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]))  # what both write without an escape
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WRITTEN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WRITTEN, inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_a_json_text_means_the_same_as_yaml(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert parse_yaml(text) == parse_json(text)


WORD = st.sampled_from(
    [
        *("$ref", "#/x", "#/x/0", "allOf", "anyOf", "type", "name", "in", "query", "path", "body", "schema", "items"),
        *("properties", "required", "enum", "const", "parameters", "requestBody", "content", "application/json"),
        *("security", "tags", "examples", "example", "default", "null", "operationId", "format", "a", "object"),
        *("string", "\ud800", ""),
    ]
)
STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.just(1e999) | WORD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORD, inner, max_size=5),
    max_leaves=30,
)


@settings(max_examples=300)
@given(STRANGE, STRANGE, STRANGE, STRANGE)
def test_no_document_stops_the_reading(operation: Any, shared: Any, target: Any, components: Any) -> None:
    strange = {
        "openapi": "3.1.0",
        "info": shared,
        "x": target,
        "security": components,
        "securityDefinitions": components,
        "paths": {"/a/{b}": {"get": operation, "post": {"requestBody": shared, "parameters": operation}}, "/c": shared},
        "components": components,
    }
    for made in Document(strange, "file", Counter()).tools():
        assert made.provider
        assert made.operation
        texts = (made.provider, made.category, made.operation, *(one.name + one.description for one in made.parameters))
        assert all(text.encode() or not text for text in texts)
        assert len({one.name for one in made.parameters}) == len(made.parameters)


def test_the_quality_filter_takes_what_is_read(tmp_path: Path) -> None:
    operation = {"summary": "Returns the current weather of a city", "parameters": [query(required=True)]}
    write(tmp_path / "a.json", document(operation))
    write(tmp_path / "b.json", document(operation | {"deprecated": True}))
    funnel = Funnel()
    kept = list(keep_good_tools(OpenApiSource(tmp_path).read(), LanguageJudge(), funnel))
    assert [made.name for made in kept] == ["cloudly__get_weather"]
    assert funnel.drops["tool"] == {"withdrawn": 1}
