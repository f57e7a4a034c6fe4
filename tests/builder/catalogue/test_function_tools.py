"""Tests of reading function tools in the format of language model APIs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.catalogue.function_tools import FunctionSource
from builder.catalogue.raw_tools import RawParameter
from builder.catalogue.sources import open_source
from builder.errors import CatalogueError, ConfigError

PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Name of the city", "examples": ["Rome"]},
        "days": {"anyOf": [{"type": "integer", "default": 3}, {"type": "null"}]},
        "more": {"type": "object", "properties": {"deep": {"type": "string"}}},
    },
    "required": ["city"],
}


def function(name: str = "get_weather", **parts: Any) -> dict[str, Any]:
    return {"name": name, "description": "Weather of a city", "parameters": PARAMETERS} | parts


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def nested(**parts: Any) -> dict[str, Any]:
    return {"type": "function", "function": function(**parts)}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([nested()], id="nested"),
        pytest.param([function(type="function", strict=True)], id="flat"),
        pytest.param([function()], id="bare"),
        pytest.param(json.dumps([nested()], indent=2), id="a list on several lines"),
        pytest.param(json.dumps(nested()) + "\n\n", id="one per line"),
    ],
)
def test_every_form_is_read(tmp_path: Path, content: Any) -> None:
    source = open_source(f"openai:{write(tmp_path / 'weather.json', content)}")
    assert isinstance(source, FunctionSource)
    (raw,) = source.read()
    assert (raw.category, raw.provider, raw.provider_description) == ("Other", "weather", "")
    assert (raw.operation, raw.operation_description) == ("get_weather", "Weather of a city")
    assert raw.parameters == (
        RawParameter("city", "string", "Name of the city", "Rome", True),
        RawParameter("days", "integer", "", 3, False),
        RawParameter("more", "object", "", None, False),
    )


def test_a_function_without_parameters_is_read_and_dangling_references_are_counted(tmp_path: Path) -> None:
    dangling = {"properties": {"a": {"$ref": "#/none"}}}
    source = FunctionSource(write(tmp_path / "a.json", [{"name": "now"}, function(parameters=dangling)]))
    assert [len(raw.parameters) for raw in source.read()] == [0, 1]
    assert len(list(source.read())) == 2
    assert source.skipped == {"reference_dangling": 1}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["maps__route", "sky__now", "x"], ["maps/route", "sky/now", "file/x"], id="two underscores"),
        pytest.param(["maps.route.fast", "sky.now"], ["maps/route.fast", "sky/now"], id="dots"),
        pytest.param(["maps-route", "sky-now"], ["maps/route", "sky/now"], id="hyphens"),
        pytest.param(["maps__route", "maps__map"], ["file/maps__route", "file/maps__map"], id="one prefix"),
        pytest.param(["get-route", "sky-now"], ["file/get-route", "file/sky-now"], id="verbs"),
        pytest.param(["__a", "b__", "c__d"], ["file/__a", "file/b__", "file/c__d"], id="nothing before or after"),
        pytest.param(["a.b-c", "a.d-e"], ["a.b/c", "a.d/e"], id="the first separator with several prefixes"),
    ],
)
def test_prefixes_of_the_names_are_the_providers_if_there_are_several(
    tmp_path: Path, names: list[str], expected: list[str]
) -> None:
    raws = FunctionSource(write(tmp_path / "file.json", [function(name) for name in names])).read()
    assert [f"{raw.provider}/{raw.operation}" for raw in raws] == expected


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param([], "it contains no tools", id="an empty list"),
        pytest.param("[{]", "not JSON", id="a broken list"),
        pytest.param(json.dumps([nested(), nested()], indent=1)[:-1], "not JSON", id="a list that ends early"),
        pytest.param("[" * 100_000, "nested too deeply", id="a deep file"),
        pytest.param("not\na\ncatalogue", "not JSON", id="text"),
        pytest.param([{"type": "web_search"}], "its type is 'web_search'", id="another tool"),
        pytest.param([{"type": "custom", "name": "a"}], "it takes free text", id="a tool without parameters by design"),
        pytest.param([{"description": "x"}], "entry 0: it has no name", id="no name"),
        pytest.param([function(parameters=[])], "its parameters are a list", id="parameters are a list"),
    ],
)
def test_the_error_for_a_file_without_a_function_names_the_first_problem(
    tmp_path: Path, content: Any, problem: str
) -> None:
    path = write(tmp_path / "a.json", content)
    with pytest.raises(CatalogueError, match=problem) as caught:
        list(FunctionSource(path).read())
    assert str(caught.value).startswith(f"{path}: ")
    assert "Expected a JSON list of function tools" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason", "item"),
    [
        pytest.param(json.dumps(nested()) + "\n{", "line_not_json", "line 2: cut off", id="a broken line"),
        pytest.param(
            json.dumps(nested()) + "\n" + "[" * 100_000, "line_not_json", "line 2: nested too deeply", id="a deep line"
        ),
        pytest.param(json.dumps(nested()) + "\n5", "entry_not_a_function", "line 2: it has no name", id="a number"),
        pytest.param(
            [nested(), {"type": "web_search"}], "entry_not_a_function", "entry 1: its type is 'web_search'", id="hosted"
        ),
        pytest.param(
            [nested(), function("b", parameters="{")], "parameters_unreadable", "'b': its parameters are not", id="text"
        ),
        pytest.param(
            [nested(), {"name": "b", "args": {"properties": {}}}], "parameters_unreadable", "under 'args'", id="key"
        ),
        pytest.param(
            [nested(), function("b", parameters={"city": {"type": "string"}})],
            "parameters_unreadable",
            "'city' is not a keyword of JSON Schema",
            id="no properties",
        ),
    ],
)
def test_a_malformed_entry_is_skipped_counted_and_named(tmp_path: Path, content: Any, reason: str, item: str) -> None:
    source = FunctionSource(write(tmp_path / "a.json", content))
    assert [raw.operation for raw in source.read()] == ["get_weather"]
    assert source.skipped == {reason: 1}
    assert item in source.skipped.notices()[0]


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_path_that_is_not_a_file_raises_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(CatalogueError, match="no such file"):
        FunctionSource(tmp_path / name)


def test_a_source_without_a_path_raises_an_error() -> None:
    with pytest.raises(ConfigError, match=r"no path.*openai:PATH"):
        open_source("openai:")


def test_the_identity_depends_on_content_and_file_name(tmp_path: Path) -> None:
    first, copy = write(tmp_path / "a.json", [nested()]), write(tmp_path / "b.json", [nested()])
    assert FunctionSource(first).identity.startswith("openai sha256:")
    assert FunctionSource(first).identity != FunctionSource(copy).identity
