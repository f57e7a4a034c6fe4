"""Replies and errors of endpoints: total and linear for any body, keys removed, and what a message refuses."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.llm.completion import completion_of_stream, read_reply, token_count
from builder.llm.endpoint_errors import EndpointMessage, decoded, error_of, read_error
from builder.llm.request_fields import refused_fields
from metrics.redaction import without_keys
from petoolbench.inference.reply_lines import Asked, line_of

KEY = "correct-horse-battery-7731"
FIELDS = st.sampled_from(
    [
        "choices",
        "message",
        "content",
        "text",
        "type",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "refusal",
        "usage",
        "finish_reason",
        "reasoning",
        "error",
        "code",
        "detail",
        "loc",
        "msg",
        "param",
        "prompt_tokens",
        "status",
    ]
)
SCALARS = st.sampled_from([None, True, 0, -1, 1.5, float("nan"), float("inf"), 10**30, "", "x", "tool_use", "\ud800"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4))
MESSAGES = st.dictionaries(st.sampled_from(["content", "tool_calls", "reasoning", "refusal", "function_call"]), VALUES)


@given(MESSAGES, VALUES, VALUES)
def test_any_message_is_read_or_refused(message: Any, reason: Any, usage: Any) -> None:
    body = {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}
    assert error_of(body, KEY).text
    try:
        reply = read_reply(body)
    except ValueError:
        return
    line = line_of(Asked("a"), reply)
    line.as_json().encode()
    assert line.prediction.strip() or line.error


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"content": "%"}}]},
        {"choices": [{"message": {"reasoning": "%"}}]},
        {"choices": [{"message": {"tool_calls": [{"function": {"name": "a", "arguments": "%"}}]}}]},
        {"error": "%"},
    ],
)
def test_deep_bodies_are_read_or_refused(body: Any) -> None:
    value = json.loads(json.dumps(body).replace('"%"', "[" * 900 + "]" * 900))
    with suppress(ValueError):  # not a RecursionError
        assert line_of(Asked("a"), read_reply(value)).error
    assert len(error_of(value, KEY).line) < 400


@pytest.mark.parametrize(
    "part", ["x", "a***", "Bearer ", "key=", "<title>", "sk-", "eyJ", "<script>", "<", "api_key: ", "\n"]
)
def test_long_bodies_are_read_in_linear_time(part: str) -> None:
    body = part * (1_000_000 // len(part))
    start = time.perf_counter()
    for kind in ("text/html", "application/json"):
        assert len(read_error(body, KEY, kind).line) < 400
        assert len(error_of({"error": {"message": body}}, KEY).line) < 400
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}.",
        f"key {KEY.upper()} is unknown",
        "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LTc3MzE=",
        f"{KEY[:12]}... is no key",
        f"ends in {KEY[-9:]}",
        "corr******7731",
        "sk-proj-abcdefgh12345678",
        "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc",
        "AIzaSyA1234567890abcdef",
        '{"api_key": "abcdef123456"}',
    ],
)
def test_keys_are_removed(text: str) -> None:
    cleaned = without_keys(text, KEY)
    assert "[key removed]" in cleaned
    for secret in (KEY, KEY.upper(), "Y29ycmVj", KEY[:8], KEY[-8:], "7731", "abcdefgh", "eyJhbG", "AIzaSy", "abcdef1"):
        assert secret not in cleaned


@pytest.mark.parametrize(
    "text",
    ["max_tokens: 1024 is too large", "Unexpected token < in JSON", "**bold** and a task-based key", "0.25 tokens/s"],
)
def test_other_text_stays(text: str) -> None:
    assert without_keys(text, "short") == text


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", (), {"max_tokens"}),
        ("Extra inputs are not permitted", ("body.seed",), {"seed"}),
        ("unknown field `seed`, expected one of `temperature`, `max_tokens`", (), {"seed"}),
        ("seed and temperature are not supported", (), {"seed", "temperature"}),
        ("`temperature` must be strictly positive", (), {"temperature"}),
        ("max_tokens is too large: 9000. This model supports at most 4096, and does not support more", (), set()),
        ("maximum context length exceeded by max_tokens; unsupported", ("max_tokens",), set()),
        ("Invalid schema for function 'a': unknown keyword", ("tools[0].function.parameters",), set()),
        ("In context=('properties', 'seed'), unknown keyword", ("tools[0].function.parameters",), set()),
        ("Extra inputs are not permitted: seed", ("body",), {"seed"}),
        ("The model is not available", (), set()),
        ("temperature sensor offline", (), set()),
        (
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
            (),
            {"temperature"},
        ),
        ("invalid temperature: only 0.6 is allowed for this model", (), {"temperature"}),
        ("models don't support temperature=0.0. Only temperature=1 is supported.", (), {"temperature"}),
        ("max_tokens must be at least 32", ("max_tokens",), set()),
    ],
)
def test_refused_fields_are_found_in_the_message(text: str, fields: tuple[str, ...], expected: set[str]) -> None:
    sent = {"model": "m", "messages": [], "seed": 0, "temperature": 0.0, "max_tokens": 9}
    assert refused_fields(EndpointMessage(text, fields=fields), sent) == expected


@pytest.mark.parametrize(
    ("body", "quota", "status"),
    [
        ({"error": {"code": "insufficient_quota", "message": "x"}}, True, None),
        ({"error": {"type": "exceeded_current_quota_error", "message": "x"}}, True, None),
        ({"error": {"message": "Your credit balance is too low"}}, True, None),
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota"}}, False, 429),
        ({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, False, None),
    ],
)  # fmt: skip
def test_a_used_up_quota_is_not_a_rate_limit(body: Any, quota: bool, status: int | None) -> None:
    message = error_of(body, KEY)
    assert (message.is_quota, message.status) == (quota, status)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": "plain"}, "plain"),
        ({"object": "error", "message": "vLLM"}, "vLLM"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"detail": [{"loc": ["body", "seed"], "msg": "Extra"}]}, "body.seed: Extra"),
        ({"errors": [{"message": "one"}, {"message": "two"}]}, "one; two"),
        ([{"error": {"message": "a list"}}], "a list"),
        ({"base_resp": {"status_code": 1004, "status_msg": "login fail"}}, "login fail"),
        ({"error": {"message": "Provider returned error", "metadata": {"raw": "upstream"}}}, "Provider returned error; upstream"),
        ({"title": "Too long", "status": 413}, "Too long"),
    ],
)  # fmt: skip
def test_errors_of_different_servers_are_read(body: Any, text: str) -> None:
    assert read_error(json.dumps(body), KEY).line == text


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ("é".encode("latin-1"), "application/json; charset=ISO-8859-1", "é"),
        ("é".encode(), "application/json; charset=utf8", "é"),
        ('{"a": "é"}'.encode("utf-16"), "application/json", '{"a": "é"}'),
        (b"\xef\xbb\xbf{}", "application/json; charset=utf-8", "{}"),
        (b"{}", "application/json; charset=unknown-9", "{}"),
        (b"{}", "application/json; charset=base64", "{}"),
        (b'{"a": "\xff"}', "", '{"a": "\ufffd"}'),
    ],
)
def test_bodies_are_decoded_in_their_declared_charset(content: bytes, kind: str, text: str) -> None:
    assert decoded(content, kind) == text


@pytest.mark.parametrize(
    ("value", "count"),
    [(7, 7), ("12", 12), (12.0, 12), (0, None), (-1, None), (1.5, None), (True, None), ("x", None), (10**30, None), ([], None)],
)  # fmt: skip
def test_token_counts_are_plausible_or_unknown(value: Any, count: int | None) -> None:
    assert token_count(value) == count


def test_a_stream_is_joined_with_reasoning_and_calls() -> None:
    chunks = [
        {"choices": [{"delta": {"role": "assistant", "reasoning_content": "Well, "}}]},
        {"choices": [{"delta": {"reasoning_content": "so."}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "a", "arguments": ""}}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"x": 1}'}}]}}]},
        {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
    ]
    text = ": keep-alive\n\n" + "".join(f"event: chunk\ndata: {json.dumps(chunk)}\n\n" for chunk in chunks)
    reply = read_reply(completion_of_stream(text + "data: [DONE]\n\n"))
    assert reply.reasoning == "Well, so."
    assert reply.calls == ({"name": "a", "arguments": '{"x": 1}'},)
    assert (reply.finish_reason, reply.input_tokens, reply.output_tokens) == ("tool_calls", 3, 4)
    for broken in ("data: [DONE]\n", 'data: {"choices": [\n', "data: 7\n"):
        with pytest.raises(ValueError):  # noqa: PT011
            completion_of_stream(broken)
