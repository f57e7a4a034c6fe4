"""Catalogues as programs, servers and people write them: what is read, and what is dropped under which reason.

Cases F are function tools, O are OpenAPI documents, P are saved answers of MCP servers, T are ToolBench catalogues. H35
is a data set that is built from a catalogue with arrays and sent to an endpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from builder.catalogue.normalise import json_schema, to_tool
from builder.catalogue.sources import ReadySource, open_source
from builder.errors import CatalogueError
from tests.commands import run
from tests.fakes.openai.server import LlmServer
from tests.function_rules import violations
from tests.public_cases.array_catalogue import lines

Files = Mapping[str, str | bytes]
SOURCES = {"F": "openai", "O": "openapi", "P": "mcp", "T": "toolbench"}
BOM = b"\xef\xbb\xbf"
FORK = b"\0\x05\x16\x07\0\x02\0\0Mac OS X\0"
TEXT = {"type": "string"}
CITY = {"type": "object", "properties": {"city": TEXT}, "required": ["city"]}
ABOUT = "Current weather of a city, hour by hour."


class Reading(NamedTuple):
    """What a source reads from files."""

    schemas: dict[str, dict[str, Any]]
    """Schema of each operation."""
    names: list[str]
    """Names of the tools."""
    skipped: dict[str, int]
    notices: list[str]
    refusal: str
    """Error message; empty if the files were read."""

    def inputs(self, operation: str) -> tuple[dict[str, Any], list[str]]:
        """Return properties and required names of an operation."""
        return self.schemas[operation]["properties"], self.schemas[operation]["required"]


def write(folder: Path, files: Files) -> Path:
    """Write files; returns the file, or the folder if there are several."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder if len(files) > 1 else folder / next(iter(files))


def read(folder: Path, kind: str, files: Files) -> Reading:
    """Read files as `open_source` opens them."""
    source = open_source(f"{kind}:{write(folder, files)}")
    assert not isinstance(source, ReadySource)
    taken: set[str] = set()
    try:
        raws = list(source.read())
    except CatalogueError as error:
        return Reading({}, [], {}, [], str(error))
    tools = [to_tool(raw, taken) for raw in raws]
    schemas = {raw.operation: json_schema(raw.parameters) for raw in raws}
    assert len(raws) == len(taken)
    assert all(dict(tool.parameters) == json_schema(raw.parameters) for tool, raw in zip(tools, raws, strict=True))
    return Reading(schemas, [tool.name for tool in tools], dict(source.skipped), source.skipped.notices(), refusal="")


def function(name: str, parameters: Any = None, **parts: Any) -> dict[str, Any]:
    inner = {"name": name, "description": ABOUT} | ({"parameters": parameters} if parameters else {}) | parts
    return {"type": "function", "function": inner}


def mcp(*tools: Any, **parts: Any) -> str:
    return json.dumps({"tools": list(tools)} | parts)


def tool(name: str, schema: Any, **parts: Any) -> dict[str, Any]:
    return {"name": name, "description": ABOUT, "inputSchema": schema} | parts


def document(paths: dict[str, Any], **parts: Any) -> str:
    return json.dumps({"openapi": "3.0.3", "info": {"title": "Cloudly", "version": "2"}, "paths": paths} | parts)


def get(name: str = "now", *parameters: dict[str, Any]) -> dict[str, Any]:
    return {"get": {"operationId": name, "summary": ABOUT, "parameters": list(parameters)}}


def post(name: str, schema: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}}
    return {"post": {"operationId": name, "summary": ABOUT, "requestBody": body}}


def query(name: str = "city", schema: Any = None, **parts: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema or TEXT} | parts


def line(name: str = "Now", *optional: dict[str, Any], **parts: Any) -> str:
    city = {"name": "city", "type": "STRING", "description": "Which city", "default": "Rome"}
    record = {
        "category": "Weather",
        "tool_name": "Cloudly",
        "api_name": name,
        "api_description": ABOUT,
        "required_parameters": [city],
        "optional_parameters": list(optional),
    }
    return json.dumps(record | parts)


TWO_FUNCTIONS = [function("sky__now", CITY), function("maps__route", CITY)]
ALTERNATIVES = [
    {"type": "object", "properties": {"email": TEXT, "text": TEXT}, "required": ["email"]},
    {"type": "object", "properties": {"phone": {"type": ["string", "null"]}, "text": TEXT}, "required": ["phone"]},
]
NODE = {"type": "object", "properties": {"name": TEXT, "next": {"$ref": "#/components/schemas/Node"}}}
YAML_SCALARS = """
openapi: 3.0.0
info: {title: Cloudly, version: 2026-02-03}
paths:
  /f:
    get:
      operationId: now
      summary: Weather in a language
      parameters:
      - {name: lang, in: query, schema: {type: string, enum: [en, no, off, y]}}
      - {name: code, in: query, schema: {type: string, default: 0047}}
      - {name: version, in: query, schema: {type: string, default: 1.10}}
      - {name: since, in: query, schema: {type: string, default: 2026-02-03}}
      - {name: at, in: query, schema: {type: string, default: 08:15}}
      - {name: days, in: query, schema: {type: integer, default: 007}}
"""
FORM = """
swagger: 2.0
info: {title: Cloudly, version: 1}
paths:
  /f:
    post:
      operationId: upload
      summary: Upload a photo of the sky
      consumes: [multipart/form-data]
      parameters:
      - {name: caption, in: formData, type: string, required: true}
      - {name: photo, in: formData, type: file}
"""
TAGS = """
openapi: 3.0.0
info: {title: !Sub 'Cloudly', version: '1'}
paths:
  /f:
    get: {operationId: now, summary: Weather of a city, x-integration: {uri: !GetAtt Function.Arn}}
"""
STREAM = "event: message\nid: 7\ndata: " + json.dumps(
    {"jsonrpc": "2.0", "id": 1, "result": {"tools": [tool("now", CITY)]}}
)
SUMMARY_ONLY = document({"/f": {"get": {"operationId": "now", "summary": "List all stations"}}})
PATH_LEVEL = {
    "parameters": [{"name": "city", "in": "path", "required": True, "schema": TEXT}],
    "get": {"summary": ABOUT},
}
READ_ONCE: tuple[dict[str, Any], list[str]] = ({"city": TEXT}, ["city"])

CASES: dict[str, tuple[Files, Callable[[Reading], bool]]] = {
    # Function tools.
    "F01": (
        {"sky.json": json.dumps([function("now", CITY), {"type": "web_search_preview"}])},
        lambda got: got.inputs("now") == READ_ONCE
        and got.notices == ["entry not a function (1): sky.json: entry 1: its type is 'web_search_preview'"],
    ),
    "F02": (
        {"sky.json": json.dumps([{"type": "namespace", "name": "sky", "tools": [function("now", CITY)]}])},
        lambda got: got.inputs("now") == READ_ONCE,
    ),
    "F04": (
        {"sky.json": json.dumps([{"name": "now", "description": ABOUT, "input_schema": CITY}])},
        lambda got: got.inputs("now") == READ_ONCE,
    ),
    "F05": ({"sky.json": json.dumps([function("ping")])}, lambda got: got.inputs("ping") == ({}, [])),
    "F07": (
        {"sky.jsonl": BOM + "\r\n".join(map(json.dumps, TWO_FUNCTIONS)).encode() + b"\r\n"},
        lambda got: list(got.schemas) == ["now", "route"] and not got.skipped,
    ),
    "F08": (
        {
            "sky.json": json.dumps(
                [{"functionDeclarations": [
                    {"name": "now", "description": ABOUT, "parameters": {"type": "OBJECT", "properties": {"days": {"type": "INTEGER"}}}}
                ]}]
            )
        },
        lambda got: got.inputs("now") == ({"days": {"type": "integer"}}, []),
    ),
    "F10": (
        {"sky.json": json.dumps([function("now", CITY), function("now", {"properties": {"place": TEXT}})])},
        lambda got: len(got.names) == 2,
    ),
    # OpenAPI documents.
    "O01": (
        {"a.json": document({"/f": post("add", {"$ref": "#/components/schemas/Node"})}, components={"schemas": {"Node": NODE}})},
        lambda got: got.inputs("add")[0] == {"name": TEXT, "next": {"type": "object"}},
    ),
    "O02": (
        {
            "a.json": document(
                {
                    "/f": post("send", {"oneOf": ALTERNATIVES}),
                    "/g": post("sum", {"allOf": [{"properties": {"a": {"type": ["integer", "null"]}}, "required": ["a"]}, {"properties": {"b": TEXT}}]}),
                }
            )
        },
        lambda got: got.inputs("send") == ({"email": TEXT, "text": TEXT, "phone": TEXT}, ["email"])
        and got.inputs("sum") == ({"a": {"type": "integer"}, "b": TEXT}, ["a"]),
    ),
    "O03": (
        {"a.json": document({"/weather/{city}": PATH_LEVEL})},
        lambda got: got.inputs("get weather by city") == READ_ONCE and got.skipped == {"operation_id_missing": 1},
    ),
    "O06": (
        {"a.yaml": YAML_SCALARS},
        lambda got: got.inputs("now")[0]["lang"]["enum"] == ["en", "no", "off", "y"]
        and [got.inputs("now")[0][name]["default"] for name in ("code", "version", "since", "at", "days")]
        == ["0047", "1.10", "2026-02-03", "08:15", 7],
    ),
    "O07": ({"a.yaml": FORM}, lambda got: got.inputs("upload") == ({"caption": TEXT}, ["caption"])),
    "O08": (
        {"a.json": BOM + document({"/f": get("now", query(required=True))}).replace('{"', '{\r\n"').encode()},
        lambda got: got.inputs("now") == READ_ONCE,
    ),
    "O09": (
        {"a.json": document({"/f": get("now", query(required=True))}).encode("utf-16")},
        lambda got: got.inputs("now") == READ_ONCE,
    ),
    "O11": ({"a.json": document({"/f": get(), "/g": get()})}, lambda got: got.names == ["cloudly__now", "cloudly__now_2"]),
    "O12": ({"a.json": SUMMARY_ONLY}, lambda got: got.inputs("now") == ({}, [])),
    "O13": ({"a.yaml": TAGS}, lambda got: got.names == ["cloudly__now"]),
    "O14": ({"a.json": "openapi: 3.0.0\npaths: {}\n"}, lambda got: "a.json: not JSON (" in got.refusal),
    "O15": (
        {"a.json": document({"/f": get("now", query("days", {"type": "array", "items": {"type": "string", "enum": ["mon", "tue"]}}))})},
        lambda got: got.inputs("now")[0]["days"] == {"type": "array", "items": {"type": "string", "enum": ["mon", "tue"]}},
    ),
    "O18": (
        {"a.json": document({"/f": get()}), "p.json": json.dumps({"info": {"_postman_id": "1"}, "item": []})},
        lambda got: got.names == ["cloudly__now"] and got.skipped == {"document_not_openapi": 1},
    ),
    "O19": ({"a.yaml": "openapi: 3.0.0\ninfo:\n\ttitle: Cloudly\n"}, lambda got: "line 3, column 1" in got.refusal),
    # Answers of MCP servers.
    "P01": (
        {"sky.json": mcp(tool("now", CITY), None)},
        lambda got: got.inputs("now") == READ_ONCE and got.skipped == {"tool_malformed": 1} and "tools[1]" in got.notices[0],
    ),
    "P05": (
        {"sky.json": mcp(tool("now", CITY), tool("pause", {"type": "object", "properties": {"a": TEXT}, "required": None}))},
        lambda got: got.inputs("now") == READ_ONCE and got.inputs("pause") == ({"a": TEXT}, []),
    ),
    "P06": (
        {"sky.json": mcp(tool("send", {"anyOf": ALTERNATIVES}))},
        lambda got: got.inputs("send") == ({"email": TEXT, "text": TEXT, "phone": TEXT}, ["email"]),
    ),
    "P07": (
        {"sky.json": mcp(tool("x", {"type": "object", "properties": {"a": True, "b": TEXT}, "required": ["b"]}))},
        lambda got: got.inputs("x") == ({"a": TEXT, "b": TEXT}, ["b"]),
    ),
    "P08": (
        {"sky.json": mcp(tool("air/now.v2", CITY), tool("st\u00e4dte-wetter", CITY), tool("x" * 110, CITY))},
        lambda got: got.names[:2] == ["sky__air_now_v2", "sky__st_dte_wetter"] and len(got.names[2]) <= 64,
    ),
    "P09": (
        {
            "sky.json": mcp(
                tool("x", {"properties": {"ids[]": TEXT, "$filter": TEXT, "user id": TEXT, "ids": TEXT}, "required": ["ids[]"]})
            )
        },
        lambda got: got.inputs("x") == (dict.fromkeys(["ids_2", "filter", "user_id", "ids"], TEXT), ["ids_2"]),
    ),
    "P10": ({"sky.json": json.dumps({"tools": {"now": tool("now", CITY)}})}, lambda got: got.inputs("now") == READ_ONCE),
    "P12": (
        {"sky.json": mcp(tool("now", CITY), nextCursor="page2")},
        lambda got: got.inputs("now") == READ_ONCE
        and got.skipped == {"pages_missing": 1}
        and "nextCursor 'page2'" in got.notices[0],
    ),
    "P13": ({"sky.json": STREAM + "\n\n"}, lambda got: got.inputs("now") == READ_ONCE),
    "P14": (
        {"sky.json": mcp(tool("now", {"$ref": "#/components/schemas/C", "components": {"schemas": {"C": CITY}}}))},
        lambda got: got.inputs("now") == READ_ONCE,
    ),
    "P16": (
        {"sky.json": mcp(*(tool(f"tool_{number}", CITY) for number in range(620)))},
        lambda got: len(got.names) == 620 and not got.skipped,
    ),
    "P17": (
        {"sky.json": mcp(tool("x", {"properties": {"hints": {"type": "array"}}}))},
        lambda got: got.inputs("x")[0]["hints"] == {"type": "array", "items": TEXT},
    ),
    "P18": (
        {"sky.json": mcp(tool("x", {"properties": {"ids": {"type": "array", "items": {"type": "integer"}}}}))},
        lambda got: got.inputs("x")[0]["ids"] == {"type": "array", "items": {"type": "integer"}},
    ),
    "P20": ({"sky.json": BOM + mcp(tool("now", CITY)).encode()}, lambda got: got.inputs("now") == READ_ONCE),
    # ToolBench catalogues.
    "T01": ({"b.jsonl": BOM + line().encode() + b"\n"}, lambda got: got.inputs("Now")[1] == ["city"] and not got.skipped),
    "T02": ({"b.jsonl": f"{line()}\r\n\r\n{line('Later')}\r\n"}, lambda got: list(got.schemas) == ["Now", "Later"]),
    "T04": (
        {"b.jsonl": line("Now", {"name": "fields", "type": "ARRAY", "description": "Columns", "default": ""})},
        lambda got: got.inputs("Now")[0]["fields"] == {"type": "array", "items": TEXT, "description": "Columns"},
    ),
    "T05": (
        {
            "Weather/x.json": json.dumps({"tool_name": "Cloudly", "api_list": [{"name": "Now", "description": ABOUT, "required_parameters": [], "optional_parameters": []}]}),
            "Weather/._x.json": FORK,
        },
        lambda got: list(got.schemas) == ["Now"] and got.skipped == {"resource_fork": 1},
    ),
    "T08": (
        {"b.jsonl": line(required_parameters=[{"name": "city", "type": "STRING", "default": ["Rome"]}, {"name": "n", "type": "NUMBER", "default": {"a": 1}}])},
        lambda got: got.inputs("Now") == ({"city": TEXT, "n": {"type": "number"}}, ["city", "n"]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_catalogue_is_read(case: str, tmp_path: Path) -> None:
    files, expected = CASES[case]
    reading = read(tmp_path, SOURCES[case[0]], files)
    assert expected(reading), reading


def test_a_resource_fork_among_openapi_documents_is_passed_over_and_counted_t06(tmp_path: Path) -> None:
    reading = read(
        tmp_path, "openapi", {"a.json": document({"/f": get("now", query(required=True))}), "._a.json": FORK}
    )
    assert reading.inputs("now") == READ_ONCE
    assert reading.skipped == {"resource_fork": 1}


@pytest.mark.parametrize("case", ["F04", "O09", "P01", "T05"])
def test_the_build_reads_a_catalogue(case: str, tmp_path: Path) -> None:
    spec = f"{SOURCES[case[0]]}:{write(tmp_path / 'catalogue', CASES[case][0])}"
    done = run("build", "--catalog", spec, "--llm", "any", "--dry-run", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Estimate; nothing was sent" in done.stdout
    notices = {
        "P01": "catalogue: tool malformed (1): sky.json: tools[1]: it is not an object with a name",
        "T05": "catalogue: resource fork (1): Weather/._x.json: a resource fork of macOS",
    }
    assert done.stderr.strip() == notices.get(case, "")


def test_the_functions_of_a_data_set_with_arrays_are_accepted_h35_t01(tmp_path: Path) -> None:
    content = "\r\n".join(["", *lines(), "no JSON", ""]).encode()
    (tmp_path / "arrays.jsonl").write_bytes(BOM + content)
    build = ("build", "--catalog", "toolbench:arrays.jsonl", "--users", "60", "--seed", "2", "--no-audit", "-o", "out")
    done = run(*build, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("catalogue: line not json (1): arrays.jsonl: line 98: not JSON (")
    requests: list[list[Any]] = []

    def reply(body: dict[str, Any]) -> str:
        requests.append(body["tools"])
        return "none"

    with LlmServer(reply) as server:
        arguments = (
            "--config",
            "chronological",
            "--model",
            "test-model",
            "--base-url",
            server.base_url,
            "--mode",
            "tools",
        )
        done = run("predict", "out", *arguments, "--limit", "2", "-o", "run.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(requests) == 2
    assert not [problem for tools in requests for problem in violations(tools)]
    schemas = [tool["function"]["parameters"] for tools in requests for tool in tools]
    assert any(item["type"] == "array" for schema in schemas for item in schema["properties"].values())
