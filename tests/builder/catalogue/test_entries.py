"""Tests of the forms of files of tools, which all sources read alike, and of what is skipped and named."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.catalogue.mcp_tools import McpServerSource
from builder.catalogue.raw_tools import Skipped
from builder.catalogue.sources import ReadySource, Source, open_source
from builder.errors import BuildError, CatalogueError
from builder.funnel import Funnel
from builder.preparation import read_tools
from tests.commands import run
from tests.conftest import silent
from tests.factories import line

from .openapi_documents import document

BOM = b"\xef\xbb\xbf"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def entry(kind: str, name: str) -> dict[str, Any]:
    """Return a tool with a required parameter, as a source of a kind expects it."""
    if kind == "toolbench":
        return dict(json.loads(line(api_name=name)))
    key = "inputSchema" if kind == "mcp" else "parameters"
    return {"name": name, "description": "Current weather of a city", key: CITY}


def opened(kind: str, path: Path) -> Any:
    source: Source = open_source(f"{kind}:{path}")
    assert not isinstance(source, ReadySource)
    return source


def response(tools: Any, **parts: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": {"tools": tools} | parts}


Form = Callable[[dict[str, Any], dict[str, Any]], str | bytes]
FORMS: dict[str, Form] = {
    "a list": lambda a, b: json.dumps([a, b]),
    "a list on several lines": lambda a, b: json.dumps([a, b], indent=2),
    "one tool per line": lambda a, b: f"{json.dumps(a)}\n{json.dumps(b)}",
    "lines with CRLF, blank lines and a byte order mark": lambda a, b: (
        BOM + f"\r\n{json.dumps(a)}\r\n \r\n{json.dumps(b)}\r\n".encode()
    ),
    "UTF-16": lambda a, b: json.dumps([a, b]).encode("utf-16"),
    "gzip": lambda a, b: gzip.compress(json.dumps([a, b]).encode()),
    "an object with tools": lambda a, b: json.dumps({"tools": [a, b]}),
    "an object with tools on several lines": lambda a, b: json.dumps({"tools": [a, b]}, indent=1),
    "tools by name": lambda a, b: json.dumps({"tools": {"one": a, "two": b}}),
    "a response": lambda a, b: json.dumps(response([a, b])),
    "a response as an event": lambda a, b: f"event: message\ndata: {json.dumps(response([a, b]))}\n\n",
    "a list of pages": lambda a, b: json.dumps([response([a], nextCursor="2"), response([b])]),
    "pages on lines": lambda a, b: "\n".join(
        map(json.dumps, ({"tools": [a], "nextCursor": "2"}, {"tools": [b], "nextCursor": ""}))
    ),
    "lists on lines": lambda a, b: f"[{json.dumps(a)}]\n[{json.dumps(b)}]",
    "namespaces": lambda a, b: json.dumps([{"type": "namespace", "name": "x", "tools": [tool]} for tool in (a, b)]),
    "a request of a chat": lambda a, b: json.dumps({"model": "m", "messages": [], "tools": [a, b]}),
    "a log of a session": lambda a, b: "\n".join(
        [json.dumps({"jsonrpc": "2.0", "id": 0, "result": {"serverInfo": {}}}), json.dumps(response([a, b]))]
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["openai", "mcp", "toolbench"])
def test_every_source_reads_every_form(tmp_path: Path, kind: str, form: str) -> None:
    content = FORMS[form](entry(kind, "now"), entry(kind, "later"))
    path = tmp_path / "tools.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    source = opened(kind, path)
    raws = list(source.read())
    assert [raw.operation for raw in raws] == ["now", "later"]
    assert [[parameter.name for parameter in raw.parameters] for raw in raws] == [["city"], ["city"]]
    assert not source.skipped


@pytest.mark.parametrize("kind", ["openai", "mcp", "toolbench"])
@pytest.mark.parametrize("bad", [None, 5, "text", [], {}, {"name": None}, [None]])
def test_a_bad_entry_is_skipped_and_named(tmp_path: Path, kind: str, bad: Any) -> None:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"tools": [bad, entry(kind, "now")], "nextCursor": "abc"}), encoding="utf-8")
    source = opened(kind, path)
    assert [raw.operation for raw in source.read()] == ["now"]
    assert source.skipped.pop("pages_missing") == 1
    assert sum(source.skipped.values()) == (bad != [])
    assert all("tools.json: tools[0]" in notice for notice in source.skipped.notices())


@pytest.mark.parametrize("kind", ["openai", "mcp"])
def test_schemas_are_found_under_every_key(tmp_path: Path, kind: str) -> None:
    keys = ("parameters", "inputSchema", "input_schema", "parametersJsonSchema", "parameters_json_schema")
    tools = [{"name": f"tool {key}", key: CITY} for key in keys]
    tools += [{"name": "text", "parameters": json.dumps(CITY)}, {"name": "json", "inputSchema": {"json": CITY}}]
    path = tmp_path / "tools.json"
    path.write_text(json.dumps(tools), encoding="utf-8")
    source = opened(kind, path)
    assert [[parameter.name for parameter in raw.parameters] for raw in source.read()] == [["city"]] * 7


def test_a_function_of_another_api_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps([{"toolSpec": {"name": "now", "inputSchema": {"json": CITY}}}]), encoding="utf-8")
    (raw,) = opened("openai", path).read()
    assert (raw.operation, [parameter.name for parameter in raw.parameters]) == ("now", ["city"])


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$ref": "other.json"}, id="a reference to a file"),
        pytest.param({"allOf": [CITY, {"$ref": "#/$defs/none"}]}, id="a part that is missing"),
        pytest.param({"type": "array", "items": CITY}, id="an array"),
        pytest.param({"anyOf": [{"type": "string"}, {"type": "array"}]}, id="alternatives without properties"),
        pytest.param({"properties": [{"name": "city"}]}, id="properties are a list"),
        pytest.param({"type": "object", "additionalProperties": {"type": "string"}}, id="free names"),
        pytest.param({"patternProperties": {"^x": {}}}, id="patterns of names"),
        pytest.param({"city": {"type": "string"}}, id="properties without the keyword"),
        pytest.param("city", id="text"),
    ],
)
def test_a_tool_that_would_lose_its_parameters_is_skipped(tmp_path: Path, schema: Any) -> None:
    path = tmp_path / "tools.json"
    tools = [{"name": "bad", "inputSchema": schema}, {"name": "now", "inputSchema": CITY}]
    path.write_text(json.dumps(tools), encoding="utf-8")
    source = opened("mcp", path)
    assert [raw.operation for raw in source.read()] == ["now"]
    reasons = [reason for reason in source.skipped if reason.startswith("parameters_")]
    assert len(reasons) == 1
    assert f"{reasons[0].replace('_', ' ')} (1): tools.json: entry 0: 'bad': " in "\n".join(source.skipped.notices())


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        {},
        {"type": "object"},
        {"type": ["object", "null"], "properties": None, "required": None, "additionalProperties": False},
        {"$schema": "x", "title": "Empty", "description": "none", "$defs": {"a": CITY}, "x-order": {"a": 1}},
    ],
)
def test_a_tool_without_parameters_is_read(tmp_path: Path, schema: Any) -> None:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps([{"name": "ping", "inputSchema": schema}]), encoding="utf-8")
    source = opened("mcp", path)
    assert [raw.parameters for raw in source.read()] == [()]
    assert not source.skipped


# Files and folders.


@pytest.mark.parametrize("kind", ["openai", "mcp", "openapi", "toolbench"])
def test_a_pipe_is_refused_and_not_opened(tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(CatalogueError, match="not a regular file, but a pipe or a device"):
        open_source(f"{kind}:{tmp_path / 'pipe.json'}")


@pytest.mark.parametrize("kind", ["mcp", "openapi", "toolbench"])
def test_forks_pipes_and_unreadable_files_of_a_folder_are_passed_over(tmp_path: Path, kind: str) -> None:
    record = {"tool_name": "a", "api_list": [{"name": "now", "required_parameters": [], "optional_parameters": []}]}
    content = {"mcp": [entry("mcp", "now")], "openapi": document({"operationId": "now"}), "toolbench": record}[kind]
    folder = tmp_path / "Weather"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(content), encoding="utf-8")
    before = opened(kind, tmp_path).identity
    (folder / "._a.json").write_bytes(b"\0\x05\x16\x07")
    os.mkfifo(folder / "pipe.json")
    (folder / "gone.json").symlink_to(folder / "nowhere")
    source = opened(kind, tmp_path)
    assert [raw.operation for raw in source.read()] == ["now"]
    assert source.skipped == {"resource_fork": 1, "document_not_a_file": 2}
    assert source.identity == before


def test_a_folder_of_forks_only_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "a.json").write_bytes(b"\0\x05\x16\x07")
    with pytest.raises(CatalogueError, match=r"contains no \.json file"):
        list(opened("mcp", tmp_path).read())


def test_duplicate_keys_are_named_with_their_lines(tmp_path: Path) -> None:
    text = "openapi: 3.0.0\npaths:\n  /a:\n    get: {operationId: one}\n  /a:\n    get:\n      operationId: two\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "b.json").write_text('{"openapi": "3.0.0", "paths": {}, "paths": {}}', encoding="utf-8")
    source = opened("openapi", tmp_path)
    assert [raw.operation for raw in source.read()] == ["two"]
    assert source.skipped.notices() == [
        "duplicate key (2): a.yaml: '/a' at line 5; the last value is used; b.json: 'paths'; the last value is used"
    ]


def test_merge_keys_are_not_duplicates(tmp_path: Path) -> None:
    text = """
openapi: 3.0.0
x: [&a {get: &g {operationId: one, summary: A}}, &b {post: {operationId: two}, get: {operationId: three}}]
paths:
  /a: {<<: [*a, *b]}
  /b: {<<: *a, get: {<<: *g, operationId: four}}
"""
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    source = opened("openapi", tmp_path / "a.yaml")
    assert [raw.operation for raw in source.read()] == ["one", "two", "four"]
    assert not source.skipped


# What reaches the terminal.

ESCAPES = "\x1b[2J\x1b]0;title\x07\x9b31m\x1b[31m"


def test_control_characters_reach_neither_the_data_nor_the_terminal(tmp_path: Path) -> None:
    city = {"type": "string", "description": f"Ci{ESCAPES}ty", "default": f"Rome{ESCAPES}"}
    tool = {
        "name": f"n{ESCAPES}ow",
        "description": f"Current wea{ESCAPES}ther of a city",
        "inputSchema": {"properties": {f"ci{ESCAPES}ty": city}},
        "annotations": {"category": f"Sk{ESCAPES}y"},
    }
    bad = {"name": f"b{ESCAPES}ad", "inputSchema": {"$ref": f"x{ESCAPES}.json"}}
    (tmp_path / "sky.json").write_text(json.dumps({"tools": [tool, bad], "nextCursor": ESCAPES}), encoding="utf-8")
    source = opened("mcp", tmp_path / "sky.json")
    (raw,) = source.read()
    assert (raw.operation, raw.category, raw.operation_description) == ("now", "Sky", "Current weather of a city")
    assert [(item.name, item.description, item.default) for item in raw.parameters] == [("city", "City", None)]
    assert all(notice.isprintable() for notice in source.skipped.notices())
    arguments = ("build", "--catalog", "mcp:sky.json", "--llm", "any", "--dry-run", "-o", "out")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pages missing (1): sky.json: " in done.stderr
    assert not set(done.stdout + done.stderr) & set("\x07\x1b\x9b")


def test_the_error_of_a_server_is_reported_without_control_characters(tmp_path: Path) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "error": {"message": f"not{ESCAPES} to\nday"}}
    script = tmp_path / "server.py"
    script.write_text(f"import sys\nsys.stdin.readline()\nprint({json.dumps(json.dumps(message))})\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"it refuses initialize \(not to day\)") as caught:
        list(McpServerSource(f"{sys.executable} {script}").read())
    assert str(caught.value).isprintable()


def test_notices_name_the_first_items_of_each_reason_and_count_the_others() -> None:
    skipped = Skipped()
    for number in range(5):
        skipped.skip("line_not_json", f"line {number}")
    skipped.place = "a.json"
    skipped.skip("duplicate_key", "x" * 500)
    assert skipped == {"line_not_json": 5, "duplicate_key": 1}
    long, lines = skipped.notices()
    assert lines == "line not json (5): line 0; line 1; line 2; and 2 more"
    assert long.startswith("duplicate key (1): a.json: xxx")
    assert len(long) < 250
    skipped.clear()
    assert not skipped
    assert skipped.notices() == []


def test_the_build_stops_with_what_was_skipped_if_nothing_is_left(tmp_path: Path) -> None:
    operation = {"operationId": "now", "summary": "Weather", "parameters": [{"$ref": "parameters.yaml#/city"}]}
    (tmp_path / "a.json").write_text(json.dumps(document(operation)), encoding="utf-8")
    with pytest.raises(BuildError, match=r"The source skipped: parameters unresolved \(1\): a.json: GET /weather"):
        read_tools(opened("openapi", tmp_path / "a.json"), Funnel(), silent)
