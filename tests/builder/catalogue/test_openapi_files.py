"""Tests of reading OpenAPI files and folders, as JSON and YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from builder.catalogue import documents
from builder.catalogue.documents import parse_json, parse_yaml
from builder.catalogue.openapi import OpenApiSource
from builder.catalogue.quality import LanguageDetector, filter_tools
from builder.catalogue.sources import open_source
from builder.errors import CatalogueError
from builder.funnel import Funnel

from .openapi_documents import document, query, write


def test_json_and_yaml_are_read_alike(tmp_path: Path) -> None:
    content = document({"parameters": [query(required=True)]})
    sources = [
        OpenApiSource(write(tmp_path / "a.json", content)),
        OpenApiSource(write(tmp_path / "a.yaml", yaml.safe_dump(content))),
        OpenApiSource(write(tmp_path / "a", b"\xef\xbb\xbf" + json.dumps(content).encode())),
    ]
    first, *others = [list(source.read()) for source in sources]
    assert first
    assert all(other == first for other in others)


TEXT = json.dumps(document())
ALIASES_OF_ALIASES = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
MALFORMED = [
    pytest.param("a.json", TEXT[:50], "document_not_json", "not JSON", id="half a document"),
    pytest.param("a.json", '{"a": 1' + "1" * 5000 + "}", "document_not_json", "not JSON", id="a huge number"),
    pytest.param("a.json", "[" * 100_000, "document_too_deep", "too deep", id="deep JSON"),
    pytest.param("a.yaml", "[" * 100_000, "document_too_deep", "too deep", id="deep YAML"),
    pytest.param("a.yaml", "a: [", "document_not_yaml", "not YAML", id="half a YAML"),
    pytest.param("a.yaml", "a: *b", "document_not_yaml", "'b' has no anchor", id="an alias without anchor"),
    pytest.param("a.yaml", "a: &a [*a]", "document_not_yaml", "a collection that contains it", id="an alias of itself"),
    pytest.param("a.yaml", "? [a]\n: b", "document_not_yaml", "a mapping key is not text", id="a list as key"),
    pytest.param("a.yaml", ALIASES_OF_ALIASES, "document_expands", "aliases", id="aliases of aliases"),
    pytest.param("a.json", b"\xff\xfe{", "document_not_utf8", "UTF-8", id="not UTF-8"),
    pytest.param("a.json", " \n", "document_empty", "empty", id="empty"),
    pytest.param("a.json", "[]", "document_not_openapi", "a list", id="a list"),
    pytest.param("a.json", "{}", "document_not_openapi", "no `openapi`", id="another object"),
    pytest.param("a.json", '{"swaggerVersion": "1.2"}', "document_not_openapi", "'1.2'", id="an old version"),
    pytest.param("a.json", " " * 3000, "document_too_large", "larger than", id="too large"),
]


@pytest.mark.parametrize(("name", "content", "reason", "problem"), MALFORMED)
def test_a_single_malformed_document_raises_an_error(
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


@pytest.mark.parametrize(("name", "content", "reason", "problem"), MALFORMED)
def test_malformed_documents_in_a_folder_are_skipped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str | bytes, reason: str, problem: str
) -> None:
    if reason == "document_too_large":
        monkeypatch.setattr(documents, "MAX_BYTES", 2000)
    write(tmp_path / "deep" / "down" / name, content)
    write(tmp_path / "z.json", document())
    write(tmp_path / "notes.txt", problem)
    source = OpenApiSource(tmp_path)
    assert [raw.operation for raw in source.read()] == ["getWeather"]
    assert source.skipped == {reason: 1}


def test_a_file_that_cannot_be_opened_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.json", document())
    write(tmp_path / "b.json", document())
    original_open = Path.open

    def failing_open(path: Path, *args: Any) -> Any:
        if path.name == "a.json":
            raise PermissionError(13, "no")
        return original_open(path, *args)

    monkeypatch.setattr(Path, "open", failing_open)
    source = OpenApiSource(tmp_path)
    assert len(list(source.read())) == 1
    assert source.skipped == {"document_not_opened": 1}


def test_a_folder_without_a_readable_document_and_a_missing_path_raise_errors(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="contains no document"):
        list(OpenApiSource(tmp_path).read())
    write(tmp_path / "a.json", "{}")
    with pytest.raises(
        CatalogueError, match=r"none of its 1 files can be read \(document not openapi \(1\): a.json: not"
    ):
        list(OpenApiSource(tmp_path).read())
    with pytest.raises(CatalogueError, match="no such file"):
        open_source(f"openapi:{tmp_path / 'nowhere'}")


def test_the_identity_depends_on_the_content_and_the_paths_below_the_folder(tmp_path: Path) -> None:
    first, copy = write(tmp_path / "a.json", document()), write(tmp_path / "b" / "c.json", document())
    assert OpenApiSource(first).identity == OpenApiSource(copy).identity
    assert OpenApiSource(first).identity.startswith("openapi sha256:")
    before = OpenApiSource(tmp_path).identity
    copy.rename(tmp_path / "b" / "d.json")
    assert OpenApiSource(tmp_path).identity != before


def test_a_file_that_is_too_large_does_not_change_the_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.json", document())
    before = OpenApiSource(tmp_path).identity
    write(tmp_path / "b.json", " " * 3000)
    monkeypatch.setattr(documents, "MAX_BYTES", 2000)
    assert OpenApiSource(tmp_path).identity == before


def test_the_quality_filter_accepts_openapi_tools(tmp_path: Path) -> None:
    operation = {"summary": "Returns the current weather of a city", "parameters": [query(required=True)]}
    write(tmp_path / "a.json", document(operation))
    write(tmp_path / "b.json", document(operation | {"deprecated": True}))
    funnel = Funnel()
    kept = list(filter_tools(OpenApiSource(tmp_path).read(), LanguageDetector(), funnel))
    assert [tool.name for tool in kept] == ["cloudly__get_weather"]
    assert funnel.drops["tool"] == {"withdrawn": 1}


# YAML.


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
        ("base: &b {x: 1, y: 2}\nmerged: {<<: *b, x: 3}", {"base": {"x": 1, "y": 2}, "merged": {"y": 2, "x": 3}}),
        ("a: &k b\n*k : c", {"a": "b", "b": "c"}),
        ("- !odd 3\n- !!str 4\n- 1e999\n- -7", ["3", "4", "1e999", -7]),
        ("a: 1\n---\nb: 2", {"a": 1}),
        ("plain", "plain"),
        ("# nothing", None),
    ],
)
def test_yaml_is_limited_to_json_values(
    monkeypatch: pytest.MonkeyPatch, text: str, value: object, loader: type
) -> None:
    monkeypatch.setattr(documents, "_LOADER", loader)
    assert parse_yaml(text) == value


TEXTS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]))  # Neither JSON nor YAML escapes these.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_json_text_has_the_same_value_as_yaml(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert parse_yaml(text) == parse_json(text)
