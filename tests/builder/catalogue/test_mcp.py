"""Reading MCP servers' tools: saved answers, and a server that is started for it."""

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
from builder.catalogue.mcp_client import listed_tools
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


# Saved answers.


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
def test_every_form_of_an_answer_is_read(tmp_path: Path, saved: Any, provider: str, about: str) -> None:
    (made,) = McpSource(write(tmp_path / "weather.json", saved)).read()
    assert (made.provider, made.provider_description, made.category) == (provider, about, "Other")
    assert (made.operation, made.operation_description) == ("current_weather", "Current weather of a city")
    assert made.parameters == (
        RawParameter("city", "string", "Name of the city", None, True),
        RawParameter("unit", "string", "One of: metric, us.", None, False),
    )


def test_titles_and_categories_are_used_where_there_are_some(tmp_path: Path) -> None:
    hints = {"annotations": {"title": "Weather", "category": "Climate", "readOnlyHint": True}}
    (made,) = McpSource(write(tmp_path / "a.json", [TOOL | hints])).read()
    assert (made.category, made.operation_description) == ("Climate", "Weather. Current weather of a city")
    (made,) = McpSource(write(tmp_path / "b.json", [{"name": "now", "title": "Weather now"}])).read()
    assert (made.operation_description, made.parameters) == ("Weather now", ())


def test_a_folder_holds_one_server_a_file(tmp_path: Path) -> None:
    write(tmp_path / "b.json", RESULT)
    write(tmp_path / "a" / "c.json", RESULT)
    source = open_source(f"mcp:{tmp_path}")
    assert isinstance(source, McpSource)
    assert [made.provider for made in source.read()] == ["c", "b"]


def test_references_that_cannot_be_followed_are_counted(tmp_path: Path) -> None:
    schema = {"properties": {"a": {"$ref": "#/$defs/none"}}}
    source = McpSource(write(tmp_path / "a.json", [{"name": "x", "inputSchema": schema}]))
    assert len(list(source.read())) == len(list(source.read())) == 1
    assert source.skipped == {"reference_dangling": 1}


@pytest.mark.parametrize(
    ("saved", "problem"),
    [
        ("{", "not JSON"),
        ("", "empty"),
        ("3", "no list of tools"),
        ({"tools": {}}, "no list of tools"),
        ({"error": {"code": -1, "message": "not today"}}, "not today"),
        ({"error": "x"}, "without a text"),
        ([TOOL, 5], r"tools\[1\] is no tool: it is no object with a name"),
        ([{"name": ""}], "no object with a name"),
        ([{"name": "x", "inputSchema": []}], "inputSchema is no object"),
    ],
)
def test_a_file_that_is_no_answer_is_named(tmp_path: Path, saved: Any, problem: str) -> None:
    path = write(tmp_path / "down" / "a.json", saved)
    for place in (path, tmp_path):
        with pytest.raises(CatalogueError, match=problem) as caught:
            list(McpSource(place).read())
        assert str(caught.value).startswith(f"{path}: ")
        assert "Expected the answer of an MCP server" in str(caught.value)


def test_an_empty_folder_and_a_missing_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"holds no \.json file"):
        list(McpSource(tmp_path).read())
    with pytest.raises(CatalogueError, match="no such file"):
        McpSource(tmp_path / "nowhere")


def test_identity_is_of_the_content_and_of_the_files_names(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a" / "x.json", RESULT), write(tmp_path / "b" / "x.json", RESULT)
    assert McpSource(one).identity == McpSource(other).identity
    assert McpSource(one).identity.startswith("mcp sha256:")
    assert McpSource(write(tmp_path / "y.json", RESULT)).identity != McpSource(one).identity


# A server that is started.

SERVER = """
import json, os, sys, time

def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

def hear():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)

def tool(name):
    return {"name": name, "inputSchema": {"type": "object", "properties": {"city": {"type": "string"}}}}

def greet(**more):
    hello = hear()
    assert hello["method"] == "initialize" and hello["params"]["protocolVersion"] == "2025-06-18"
    say(id=hello["id"], result={"protocolVersion": "2025-06-18", "capabilities": {}, **more})
    assert hear() == {"jsonrpc": "2.0", "method": "notifications/initialized"}
"""
GOOD = """
print("welcome")
print("[" * 100_000)
greet(serverInfo={"name": "cloudly"}, instructions="Weather")
first = hear()
assert first["method"] == "tools/list" and first["params"] == {}
say(method="notifications/message", params={})
say(id="p", method="ping")
assert hear() == {"jsonrpc": "2.0", "id": "p", "result": {}}
say(id="r", method="roots/list")
assert hear()["error"]["code"] == -32601
say(id=first["id"], result={"tools": [tool("now")], "nextCursor": "2"})
second = hear()
assert second["params"] == {"cursor": "2"}
say(id=second["id"], result={"tools": [tool("later")]})
hear()
"""


def server(tmp_path: Path, script: str) -> str:
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(write(tmp_path / 'my server.py', SERVER + script)))}"


def test_a_server_is_asked_for_all_its_tools_once(tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = f"open({str(started)!r}, 'a').write('x')\n{GOOD}"
    source = open_source(f"mcp+stdio:{server(tmp_path, script)}")
    assert isinstance(source, McpServerSource)
    made = list(source.read())
    assert [(one.provider, one.provider_description, one.operation) for one in made] == [
        ("cloudly", "Weather", "now"),
        ("cloudly", "Weather", "later"),
    ]
    assert made[0].parameters[0].name == "city"
    assert source.identity == McpServerSource(server(tmp_path, GOOD)).identity
    assert list(source.read()) == made
    assert started.read_text() == "x"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        pytest.param("sys.exit(3)", r"it ended \(exit status 3\)", id="ends at once"),
        pytest.param("greet()\nsys.exit(4)", r"it ended \(exit status 4\)", id="ends in the middle"),
        pytest.param(
            "os.close(1)\ntime.sleep(60)", r"it ended \(exit status none yet\)", id="closes its output and goes on"
        ),
        pytest.param(
            "hear()\nos.close(0)\nsay(id=1, result={})\ntime.sleep(60)",
            r"it ended \(exit status none yet\)",
            id="closes its input and goes on",
        ),
        pytest.param("time.sleep(60)", "does not answer within 1 s", id="is silent"),
        pytest.param("while True: print('x', flush=True)", "does not answer within|says more than", id="babbles"),
        pytest.param("print('x' * 100_000, flush=True)\ntime.sleep(60)", "says more than", id="one endless line"),
        pytest.param("say(id=1, error={'message': 'not today'})", r"refuses initialize \(not today\)", id="refuses"),
        pytest.param("say(id=1, result=5)", r"refuses initialize \(without a reason\)", id="no result"),
        pytest.param("greet()\nsay(id=2, result={})\nhear()", "no list of tools", id="no list"),
        pytest.param(
            "greet()\nwhile True: say(id=hear()['id'], result={'tools': [], 'nextCursor': 'a'})",
            "the same page of tools again",
            id="pages in a circle",
        ),
        pytest.param(
            "greet()\nsay(id=hear()['id'], result={'tools': [], 'nextCursor': 'a' * 5000})\nhear()",
            "a message back that is too long",
            id="a long cursor",
        ),
        pytest.param(
            "for n in range(4000): say(id='p' * 1000, method='ping')\ntime.sleep(60)",
            "does not read its input",
            id="asks and does not listen",
        ),
        pytest.param("greet()\nsay(id=2, result={'tools': [5]})\nhear()", r"tools\[0\] is no tool", id="odd tools"),
    ],
)
def test_a_server_that_does_not_do_its_part_is_refused_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    born = tmp_path / "born"
    command = server(tmp_path, f"open({str(born)!r}, 'w').write(str(os.getpid()))\n{script}")
    if problem.startswith("says more"):
        monkeypatch.setattr(mcp_client, "MAX_BYTES", 50_000)
    seconds = 1 if "within 1 s" in problem or "|" in problem else 10
    monkeypatch.setattr("builder.catalogue.mcp_tools.listed_tools", lambda spec: listed_tools(spec, seconds))
    monkeypatch.setattr(mcp_client, "_GRACE", 0.2)
    with pytest.raises(CatalogueError, match=problem) as caught:
        list(McpServerSource(command).read())
    assert str(tmp_path) in str(caught.value)
    with pytest.raises(ProcessLookupError):
        os.kill(int(born.read_text()), 0)


def test_what_a_server_started_is_ended_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    born = tmp_path / "born"
    script = f"""
import signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(born)!r}, "w").write(str(child.pid))
{GOOD}
time.sleep(60)
"""
    monkeypatch.setattr(mcp_client, "_GRACE", 0.2)
    assert len(listed_tools(server(tmp_path, script))["tools"]) == 2
    for _ in range(50):
        state = Path(f"/proc/{born.read_text()}/stat")
        if not state.exists() or state.read_text().split(")")[1].split()[0] == "Z":
            break
        time.sleep(0.1)
    else:
        pytest.fail("the server's child lives on")


@pytest.mark.parametrize("command", ["no-such-program-here --at-all", "'half a quotation", "a\0b", "#"])
def test_a_command_that_cannot_be_started_is_refused(command: str) -> None:
    with pytest.raises(CatalogueError, match="cannot be started"):
        list(McpServerSource(command).read())


@pytest.mark.parametrize(("spec", "problem"), [("mcp", "no path"), ("mcp:", "no path"), ("mcp+stdio: ", "no command")])
def test_a_source_without_a_place_is_refused(spec: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        open_source(spec)
    assert "mcp:PATH" in str(caught.value)
    assert "mcp+stdio:COMMAND" in str(caught.value)
