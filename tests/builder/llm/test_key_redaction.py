"""Keys in the replies and errors of an endpoint: no message, run file or cache shows them. The endpoint is a real server."""

from __future__ import annotations

import base64
import html
import json
import re
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from builder.catalogue.mcp_client import list_server_tools
from builder.errors import CatalogueError, ConfigError, LlmError
from builder.llm.answer_cache import AnswerCache
from builder.llm.batch_client import BatchClient, BatchRequest
from builder.llm.endpoint_url import endpoint_address
from builder.llm.engine import Settings
from builder.llm.meter import Meter
from builder.llm_config import LlmConfig
from metrics.redaction import REMOVED, contains, redacted, without_credentials, without_keys
from petoolbench.data import load
from petoolbench.inference.run import execute
from petoolbench.run_settings import RunResources, RunSettings
from petoolbench.settings_checks import check_settings
from tests.commands import run
from tests.conftest import Built, silent
from tests.fakes.openai.raw import Raw, RawServer, failure, reply
from tests.fakes.openai.server import LlmServer

KEY = "sk-proj-" + "Zq7Lm2Xw9Rt4Vb6N"
PARTS = (KEY[8:16], KEY[-8:], "Zq7Lm2", "b6N")
"""Parts of the key that no text may show."""
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "percent": lambda key: quote(key, safe=""),
    "percent, every character": lambda key: "".join(f"%{ord(char):02X}" for char in key),
    "percent, twice": lambda key: "".join(f"%25{ord(char):02x}" for char in key),
    "JSON escapes": lambda key: "".join(f"\\u00{ord(char):02x}" for char in key),
    "HTML": lambda key: "".join(f"&#{ord(char)};" for char in key),
    "HTML, hexadecimal": lambda key: "".join(f"&#x{ord(char):x};" for char in key),
    "lines": lambda key: "\n".join(key[start : start + 5] for start in range(0, len(key), 5)),
    "quoted lines": lambda key: '"\n + "'.join(key[start : start + 5] for start in range(0, len(key), 5)),
    "escaped lines": lambda key: "\\n".join(key[start : start + 5] for start in range(0, len(key), 5)),
    "zero-width": "\u200b".join,
    "Base64": lambda key: base64.b64encode(key.encode()).decode(),
    "Base64, user": lambda key: base64.b64encode(f"ab:{key}".encode()).decode(),
    "Base64, in a text": lambda key: base64.b64encode(f"Bearer {key}, and more".encode()).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
}


def shows_key(text: str) -> bool:
    """Return True if a text shows a part of the key that identifies it, in any of the encodings."""
    flat = "".join(filter(str.isalnum, html.unescape(text)))
    return any(part.lower() in flat.lower() for part in PARTS) or contains(text, KEY)


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_key_is_removed_in_every_encoding(name: str) -> None:
    text = ENCODINGS[name](KEY)
    for cleaned in (without_keys(f"The key {text} is unknown.", KEY), redacted(f"The key {text} is unknown.", KEY)):
        assert cleaned.startswith("The key ")
        assert cleaned.endswith(" is unknown.")
        assert REMOVED in cleaned
        assert not shows_key(cleaned)
        assert text[len(text) // 2 :][:10] not in cleaned


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Cannot reach https://user:pass-word@host/v1", "pass-word"),
        ("proxy http://me:a@b@host:1 refused", "a@b"),
        ("https%3A%2F%2Fuser%3Ahidden%40host%2Fv1", "hidden"),
        ("GET /v1?api_key=abc123&x=1 failed", "abc123"),
        ("GET https://host/v1?key=abc", "=abc"),
        ("the header was Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ],
)
def test_credentials_in_urls_and_headers_are_removed(text: str, secret: str) -> None:
    assert secret not in without_keys(text)


def test_our_own_messages_lose_credentials_and_nothing_else() -> None:
    token = "hf_" + "aB3" * 8
    for text in (f"the token {token}", "https://u:secret@host/x", "Bearer abcdefgh12345678", "it is qwerty-12345"):
        shown = without_credentials(f"{text} is here.", {"MY_API_KEY": "qwerty-12345", "LANG": "here"})
        assert REMOVED in shown
        assert shown.endswith(" is here.")
    plain = "'hf_dataset/chronological/test.parquet': basic instructions; mail a@b.example; key=value; https://host/a@b"
    assert without_credentials(plain, {"A_TOKEN": "hello", "B_TOKEN": "chronological"}) == plain


def test_a_reply_that_does_not_repeat_the_key_stays_the_same() -> None:
    call = {
        "name": "a",
        "arguments": {"api_key": "sk-other-key-123456", "to": "x%20y\\n", "list": [1, None, {"b": "c" * 9}]},
    }
    body = {"choices": [{"message": {"content": json.dumps(call), "tool_calls": [call]}}]}
    assert redacted(json.loads(json.dumps(body)), KEY, "ollama-local", "localhost") == body
    assert redacted({"text": "ollama runs anything"}, "anything") == {"text": "ollama runs anything"}


@pytest.mark.parametrize("piece", ["sk-", "%25", "\\n", "Z", "&#", KEY[:9], f"{KEY[:9]}\n"])
def test_long_texts_are_searched_in_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    start = time.perf_counter()
    redacted([text], KEY)
    without_keys(text[:20_000], KEY)
    assert time.perf_counter() - start < 2


def settings(server: RawServer, **changes: Any) -> RunSettings:
    return RunSettings(
        model="m", config="chronological", split="validation", base_url=server.base_url, limit=2, **changes
    )


def constant(response: Raw, _: Any) -> Raw:
    return response


def messages_of(error: BaseException) -> str:
    """Return all that Python prints of an error, chained errors included."""
    return "".join(traceback.format_exception(error))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits between retries."""
    monkeypatch.setattr("builder.llm.sender._LONGEST_WAIT_S", 0.02)


def everything_under(folder: Path) -> str:
    return "\n".join(
        path.read_bytes().decode("utf-8", "replace") for path in sorted(folder.rglob("*")) if path.is_file()
    )


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_reply_that_repeats_the_key_is_stored_without_it(built: Built, tmp_path: Path, name: str) -> None:
    shown = ENCODINGS[name](KEY)

    def answer(_: Any) -> Raw:
        calls = [{"function": {"name": f"call {shown}", "arguments": {shown: [f"use {shown}"]}}}]
        message = {"content": f"I got {shown}.", "reasoning": f"Hm, {shown}", "tool_calls": calls}
        return reply(message, finish_reason=f"stop {shown}", model=shown)

    with RawServer({"m": answer}) as server:
        data = load(built.data, "chronological", "validation")
        execute(data, tmp_path / "run.jsonl", settings(server), RunResources(api_key=KEY), silent)
    stored = everything_under(tmp_path)
    assert len(re.findall(r"I got \S*\[key removed\]\S*\.", stored)) == 2
    assert not shows_key(stored)
    assert json.dumps(shown)[1:-1] not in stored


def test_a_streamed_reply_that_spells_the_key_is_stored_without_it(built: Built, tmp_path: Path) -> None:
    chunks = [{"choices": [{"delta": {"content": KEY[start : start + 3]}}]} for start in range(0, len(KEY), 3)]
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    with RawServer({"m": lambda _: Raw(stream, kind="text/event-stream")}) as server:
        data = load(built.data, "chronological", "validation")
        execute(data, tmp_path / "run.jsonl", settings(server), RunResources(api_key=KEY), silent)
    assert not shows_key(everything_under(tmp_path))


@pytest.mark.parametrize(
    ("name", "status"), [*((name, 401) for name in ENCODINGS), *(("plain", status) for status in (200, 400, 429, 500))]
)
def test_an_error_that_repeats_the_key_is_shown_without_it(
    built: Built, tmp_path: Path, name: str, status: int
) -> None:
    shown = ENCODINGS[name](KEY)
    bodies = [
        failure(status, {"error": {"message": f"Incorrect: {shown}", "code": shown, "param": shown}}),
        failure(status, {"headers": {"authorization": f"Bearer {shown}"}}),
        Raw(f"<html><title>No access for {shown}</title>", status, "text/html"),
    ]
    data, resources = load(built.data, "chronological", "validation"), RunResources(api_key=KEY, retries=0)
    for body in bodies:
        with RawServer({"m": partial(constant, body)}) as server, pytest.raises(LlmError) as caught:
            execute(data, tmp_path / "run.jsonl", settings(server), resources, silent)
        printed = messages_of(caught.value)
        assert not shows_key(printed)
        assert shown not in printed
    assert not shows_key(everything_under(tmp_path))


def test_a_base_url_with_a_password_is_refused_without_showing_it() -> None:
    for address in ("ftp://me:hunter2@host/v1", "http://me:hunter2@host:port/v1", "https://me:hunter2@host/v1"):
        with pytest.raises(ConfigError) as caught:
            endpoint_address(address)
        assert "hunter2" not in str(caught.value)


def test_an_address_from_the_environment_is_shown_without_its_password(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer({"m": lambda _: failure(403, {"error": "no"})}) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url.replace("://", "://me:hunter2@"))
        data = load(built.data, "chronological", "validation")
        with pytest.raises(LlmError, match=r"http://\[key removed\]@127") as caught:
            execute(
                data,
                tmp_path / "run.jsonl",
                replace(settings(server), base_url=None),
                RunResources(api_key=KEY),
                silent,
            )
    assert "hunter2" not in messages_of(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": {"api_key": "anything"}},
        {"body": {"extra_headers": {"x": "y"}}},
        {"body": {"user": {"note": f"my {KEY}"}}},
        {"base_url": f"https://host/{KEY}/v1"},
        {"model": f"{KEY}/m"},
    ],
)
def test_settings_that_hold_a_key_are_refused(changes: dict[str, Any]) -> None:
    """All settings are stored in the run file."""
    with pytest.raises(ConfigError, match="run file") as caught:
        check_settings(RunSettings(**{"model": "m", **changes}), RunResources(api_key=KEY))
    assert KEY not in str(caught.value)


def test_an_mcp_server_that_repeats_its_key_is_reported_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "server.py"
    script.write_text(
        "import json, os, sys\n"
        "request = json.loads(sys.stdin.readline())\n"
        "text = f'denied: {sys.argv[2]}, {os.environ[\"MY_API_KEY\"]}'\n"
        "print(json.dumps({'jsonrpc': '2.0', 'id': request['id'], 'error': {'code': 1, 'message': text}}), flush=True)\n"
    )
    monkeypatch.setenv("MY_API_KEY", KEY)
    for command in (f"python3 {script} --api-key hunter2-hunter2", "no-such-program --token=hunter2-hunter2"):
        with pytest.raises(CatalogueError) as caught:
            list_server_tools(command, 10)
        printed = messages_of(caught.value)
        assert "hunter2-hunter2" not in str(caught.value) + printed.split("Error")[-1]
        assert not shows_key(printed)


def test_the_command_line_prints_no_value_of_a_credential_variable(tmp_path: Path) -> None:
    done = run("verify", f"folder-{KEY}", cwd=tmp_path, MY_API_KEY=KEY, HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert REMOVED in done.stderr
    assert not shows_key(done.stderr)


def test_the_answers_of_a_batch_that_repeat_the_key_are_stored_without_it(tmp_path: Path) -> None:
    config = LlmConfig(model="test-model", batch_poll_s=0.01)
    with (
        LlmServer(lambda _: f"I got {KEY}.") as server,
        closing(AnswerCache(tmp_path / "cache.sqlite")) as cache,
        closing(BatchClient(Settings(server.base_url, KEY, config, cache, Meter(config, None, 1.0), silent))) as client,
    ):
        body = {"model": "test-model", "messages": [{"role": "user", "content": "Hello"}]}
        client.fetch("a task", [BatchRequest("a", body, 10)])
        answer = cache.get("a")
    assert answer is not None
    assert answer.text == f"I got {REMOVED}."
    assert not shows_key(everything_under(tmp_path))
