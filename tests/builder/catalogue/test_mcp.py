"""Tests of reading the tools of MCP servers: saved responses, and servers that are started."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from builder.catalogue import mcp_client
from builder.catalogue.mcp_client import list_server_tools
from builder.catalogue.mcp_tools import McpServerSource, McpSource
from builder.catalogue.raw_tools import RawParameter
from builder.catalogue.sources import open_source
from builder.errors import CatalogueError, ConfigError

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Name of the city"}, "unit": {"$ref": "#/$defs/unit"}},
    "required": ["city"],
    "$defs": {"unit": {"enum": ["metric", "us"]}},
}
TOOL = {"name": "current_weather", "description": "Current weather of a city", "inputSchema": SCHEMA}
RESULT = {"tools": [TOOL]}
SERVER_INFO = {"name": "cloudly", "version": "1", "title": "Weather for all"}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


# Saved responses.


@pytest.mark.parametrize(
    ("saved", "provider", "about"),
    [
        pytest.param(RESULT, "weather", "", id="bare result"),
        pytest.param([TOOL], "weather", "", id="bare list"),
        pytest.param({"jsonrpc": "2.0", "id": 2, "result": RESULT}, "weather", "", id="envelope"),
        pytest.param(RESULT | {"serverInfo": SERVER_INFO}, "cloudly", "Weather for all", id="named"),
        pytest.param({"result": RESULT, "serverInfo": SERVER_INFO}, "cloudly", "Weather for all", id="named outside"),
        pytest.param(RESULT | {"instructions": "Ask away"}, "weather", "Ask away", id="instructions"),
    ],
)
def test_every_form_of_a_response_is_read(tmp_path: Path, saved: Any, provider: str, about: str) -> None:
    (raw,) = McpSource(write(tmp_path / "weather.json", saved)).read()
    assert (raw.provider, raw.provider_description, raw.category) == (provider, about, "Other")
    assert (raw.operation, raw.operation_description) == ("current_weather", "Current weather of a city")
    assert raw.parameters == (
        RawParameter("city", "string", "Name of the city", None, True),
        RawParameter("unit", "string", "One of: metric, us.", None, False),
    )


def test_titles_and_categories_are_used_if_present(tmp_path: Path) -> None:
    hints = {"annotations": {"title": "Weather", "category": "Climate", "readOnlyHint": True}}
    (raw,) = McpSource(write(tmp_path / "a.json", [TOOL | hints])).read()
    assert (raw.category, raw.operation_description) == ("Climate", "Weather. Current weather of a city")
    (raw,) = McpSource(write(tmp_path / "b.json", [{"name": "now", "title": "Weather now"}])).read()
    assert (raw.operation_description, raw.parameters) == ("Weather now", ())


def test_a_folder_contains_one_server_per_file(tmp_path: Path) -> None:
    write(tmp_path / "b.json", RESULT)
    write(tmp_path / "a" / "c.json", RESULT)
    source = open_source(f"mcp:{tmp_path}")
    assert isinstance(source, McpSource)
    assert [raw.provider for raw in source.read()] == ["c", "b"]


def test_dangling_references_are_counted(tmp_path: Path) -> None:
    schema = {"properties": {"a": {"$ref": "#/$defs/none"}}}
    source = McpSource(write(tmp_path / "a.json", [{"name": "x", "inputSchema": schema}]))
    assert len(list(source.read())) == len(list(source.read())) == 1
    assert source.skipped == {"reference_dangling": 1}


@pytest.mark.parametrize(
    ("saved", "problem"),
    [
        ("{", "not JSON"),
        ("", "empty"),
        ("3", "not an object with a name"),
        ({"tools": {}}, "not an object with a name"),
        ({"tools": []}, "it contains no tools"),
        ({"error": {"code": -1, "message": "not today"}}, "not today"),
        ({"error": "x"}, r"answered with an error \(x\)"),
        ({"error": {}}, "no message"),
        ([{"name": ""}], "entry 0: it is not an object with a name"),
        ([{"name": "x", "inputSchema": []}], "its parameters are a list"),
        ([{"name": "x", "inputSchema": {"type": "string"}}], "their type is 'string'"),
    ],
)
def test_the_error_for_a_malformed_response_names_the_file(tmp_path: Path, saved: Any, problem: str) -> None:
    path = write(tmp_path / "down" / "a.json", saved)
    for source_path in (path, tmp_path):
        with pytest.raises(CatalogueError, match=problem) as caught:
            list(McpSource(source_path).read())
        assert str(caught.value).startswith(f"{source_path}: ")
        assert "Expected the response of an MCP server" in str(caught.value)
        assert "a.json: " in str(caught.value)


def test_a_malformed_tool_or_file_is_skipped_counted_and_named(tmp_path: Path) -> None:
    write(tmp_path / "a.json", {"tools": [TOOL, None, {"name": "x", "inputSchema": [1]}]})
    write(tmp_path / "b.json", "{")
    source = McpSource(tmp_path)
    assert [(raw.provider, raw.operation) for raw in source.read()] == [("a", "current_weather")]
    assert source.skipped == {"document_not_json": 1, "parameters_unreadable": 1, "tool_malformed": 1}
    assert "tool malformed (1): a.json: tools[1]: it is not an object with a name" in source.skipped.notices()


def test_an_empty_folder_and_a_missing_path_raise_errors(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"contains no \.json file"):
        list(McpSource(tmp_path).read())
    with pytest.raises(CatalogueError, match="no such file"):
        McpSource(tmp_path / "nowhere")


def test_the_identity_depends_on_content_and_file_names(tmp_path: Path) -> None:
    first, copy = write(tmp_path / "a" / "x.json", RESULT), write(tmp_path / "b" / "x.json", RESULT)
    assert McpSource(first).identity == McpSource(copy).identity
    assert McpSource(first).identity.startswith("mcp sha256:")
    assert McpSource(write(tmp_path / "y.json", RESULT)).identity != McpSource(first).identity


# Servers that are started.

SERVER = """
import json, os, sys, time

def send(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

def receive():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)

def tool(name):
    return {"name": name, "inputSchema": {"type": "object", "properties": {"city": {"type": "string"}}}}

def handshake(**result):
    request = receive()
    assert request["method"] == "initialize" and request["params"]["protocolVersion"] == "2025-06-18"
    send(id=request["id"], result={"protocolVersion": "2025-06-18", "capabilities": {}, **result})
    assert receive() == {"jsonrpc": "2.0", "method": "notifications/initialized"}
"""
GOOD = """
print("welcome")
print("[" * 100_000)
handshake(serverInfo={"name": "cloudly"}, instructions="Weather")
first = receive()
assert first["method"] == "tools/list" and first["params"] == {}
send(method="notifications/message", params={})
send(id="p", method="ping")
assert receive() == {"jsonrpc": "2.0", "id": "p", "result": {}}
send(id="r", method="roots/list")
assert receive()["error"]["code"] == -32601
send(id=first["id"], result={"tools": [tool("now")], "nextCursor": "2"})
second = receive()
assert second["params"] == {"cursor": "2"}
send(id=second["id"], result={"tools": [tool("later")]})
receive()
"""


def server(tmp_path: Path, script: str) -> str:
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(write(tmp_path / 'my server.py', SERVER + script)))}"


def test_all_pages_of_a_server_are_read_once(tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = f"open({str(started)!r}, 'a').write('x')\n{GOOD}"
    source = open_source(f"mcp+stdio:{server(tmp_path, script)}")
    assert isinstance(source, McpServerSource)
    raws = list(source.read())
    assert [(raw.provider, raw.provider_description, raw.operation) for raw in raws] == [
        ("cloudly", "Weather", "now"),
        ("cloudly", "Weather", "later"),
    ]
    assert raws[0].parameters[0].name == "city"
    assert source.identity == McpServerSource(server(tmp_path, GOOD)).identity
    assert list(source.read()) == raws
    assert started.read_text() == "x"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        pytest.param("sys.exit(3)", "it exited with status 3", id="exits immediately"),
        pytest.param("handshake()\nsys.exit(4)", "it exited with status 4", id="exits after the handshake"),
        pytest.param("os.close(1)\ntime.sleep(60)", "it closed its input or output", id="only closes its output"),
        pytest.param(
            "receive()\nos.close(0)\nsend(id=1, result={})\ntime.sleep(60)",
            "it closed its input or output",
            id="only closes its input",
        ),
        pytest.param("time.sleep(60)", "does not answer within 1 s", id="writes nothing"),
        pytest.param(
            "while True: print('x', flush=True)", "does not answer within|writes more than", id="endless output"
        ),
        pytest.param("print('x' * 100_000, flush=True)\ntime.sleep(60)", "writes more than", id="one endless line"),
        pytest.param("send(id=1, error={'message': 'not today'})", r"refuses initialize \(not today\)", id="refuses"),
        pytest.param("send(id=1, result=5)", r"refuses initialize \(no reason given\)", id="no result"),
        pytest.param("handshake()\nsend(id=2, result={})\nreceive()", "no list of tools", id="no list"),
        pytest.param(
            "handshake()\nwhile True: send(id=receive()['id'], result={'tools': [], 'nextCursor': 'a'})",
            "the same page of tools twice",
            id="repeated cursor",
        ),
        pytest.param(
            "handshake()\nsend(id=receive()['id'], result={'tools': [], 'nextCursor': 'a' * 5000})\nreceive()",
            "a message of more than 4,096 bytes",
            id="a long cursor",
        ),
        pytest.param(
            "for n in range(4000): send(id='p' * 1000, method='ping')\ntime.sleep(60)",
            "does not read its input",
            id="sends requests but does not read",
        ),
        pytest.param(
            "handshake()\nsend(id=2, result={'tools': [5]})\nreceive()",
            r"tools\[0\]: it is not an object with a name",
            id="malformed tool",
        ),
    ],
)
def test_a_server_that_violates_the_protocol_raises_an_error_and_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    pid_file = tmp_path / "pid"
    command = server(tmp_path, f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n{script}")
    if problem.startswith("writes more"):
        monkeypatch.setattr(mcp_client, "MAX_BYTES", 50_000)
    seconds = 1 if "within 1 s" in problem or "|" in problem else 10
    monkeypatch.setattr("builder.catalogue.mcp_tools.list_server_tools", lambda spec: list_server_tools(spec, seconds))
    monkeypatch.setattr(mcp_client, "_EXIT_SECONDS", 0.2)
    with pytest.raises(CatalogueError, match=problem) as caught:
        list(McpServerSource(command).read())
    assert str(tmp_path) in str(caught.value)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_the_reason_of_a_server_that_exits_before_it_is_asked_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exited, write_now = tmp_path / "exited", os.write
    script = f"send(id=1, error={{'message': 'not today'}})\nos.close(0)\nopen({str(exited)!r}, 'w')"

    def write_late(descriptor: int, data: bytes) -> int:
        while not exited.exists():
            time.sleep(0.01)
        return write_now(descriptor, data)

    monkeypatch.setattr("builder.catalogue.mcp_client.os.write", write_late)
    with pytest.raises(CatalogueError, match=r"refuses initialize \(not today\)"):
        list(McpServerSource(server(tmp_path, script)).read())


def test_child_processes_of_a_server_are_stopped_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid_file = tmp_path / "pid"
    script = f"""
import signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(pid_file)!r}, "w").write(str(child.pid))
{GOOD}
time.sleep(60)
"""
    monkeypatch.setattr(mcp_client, "_EXIT_SECONDS", 0.2)
    assert len(list_server_tools(server(tmp_path, script))["tools"]) == 2
    for _ in range(50):
        status = Path(f"/proc/{pid_file.read_text()}/stat")
        if not status.exists() or status.read_text().split(")")[1].split()[0] == "Z":
            break
        time.sleep(0.1)
    else:
        pytest.fail("a child process of the server is still running")


@pytest.mark.parametrize("command", ["no-such-program-here --at-all", "'half a quotation", "a\0b", "#"])
def test_a_command_that_cannot_be_started_raises_an_error(command: str) -> None:
    with pytest.raises(CatalogueError, match="cannot be started"):
        list(McpServerSource(command).read())


@pytest.mark.parametrize(("spec", "problem"), [("mcp", "no path"), ("mcp:", "no path"), ("mcp+stdio: ", "no command")])
def test_a_source_without_path_or_command_raises_an_error(spec: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        open_source(spec)
    assert "mcp:PATH" in str(caught.value)
    assert "mcp+stdio:COMMAND" in str(caught.value)
