"""The model of the fake endpoint: turns a request body and its fault into a reply.

It serves direct requests and lines of batches. The caller implements faults of the connection.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import ceil
from typing import Any, TypedDict

from .checks import Body, check_body, check_reply, prompt_text
from .errors import ApiError, overloaded, rate_limited
from .faults import CONTENT, RATE_LIMITS, Fault, Faults, Hit
from .log import ANSWERED, REJECTED, SCRIPT_ERROR, Visit
from .nonsense import nonsense

Reply = Callable[[Body], str]
CREATED = 1_700_000_000
"""Creation time in all replies. No output depends on the clock."""

PROSE = (
    "I think the first one is the best choice here, but it depends on what the user had in mind.",
    "Sure! Let me walk you through it. There are several things to consider before deciding.",
    "Unfortunately the request is somewhat unclear, so here is a general remark instead.",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a server, except its faults."""

    latency: float = 0.0
    """Seconds from request to reply. Rate limits and rejections are sent immediately."""

    jitter: float = 0.0
    """Variation of the latency between requests, as a share of it in [0, 1]."""

    models: tuple[str, ...] = ("test-model",)
    """Available models. Others give a 404."""

    api_key: str | None = None
    """Valid API key. Others give a 401. None accepts any key."""

    json_schema: bool = True
    """Support json_schema as response_format; otherwise it gives a 400."""

    json_object: bool = True
    """Support json_object as response_format; otherwise it gives a 400."""

    apis: tuple[str, ...] = ("chat", "responses")
    """Interfaces that the server offers. Requests to the other one give a 404 that names this one."""

    max_file_bytes: int = 200_000_000
    max_file_requests: int = 50_000
    """Maximum number of lines in a file for a batch. More give a 400."""

    batch_polls: int = 4
    """Number of polls until a batch is completed: validating, in_progress, ..., finalizing, completed."""

    @property
    def formats(self) -> tuple[str, ...]:
        """Supported types of response_format."""
        return ("text", *["json_object"] * self.json_object, *["json_schema"] * self.json_schema)


class Options(TypedDict, total=False):
    """Fields of `Settings` as keyword arguments of a server."""

    latency: float
    jitter: float
    models: tuple[str, ...]
    api_key: str | None
    json_schema: bool
    json_object: bool
    apis: tuple[str, ...]
    max_file_bytes: int
    max_file_requests: int
    batch_polls: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Reply to the client and entry for the log."""

    done: str
    status: int
    payload: Mapping[str, Any] | bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    streamed: bool = False
    """Send the reply as server-sent events."""

    @property
    def tokens(self) -> tuple[int, int]:
        """Numbers of prompt and completion tokens in the usage of the reply."""
        usage = self.payload.get("usage", {}) if isinstance(self.payload, Mapping) else {}
        names = (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
        first, second = (next((usage[name] for name in pair if name in usage), 0) for pair in names)
        return first, second


def content_hash(content: object) -> str:
    """Return a hash of the content of a request. It does not depend on the order of keys."""
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def tokens(text: str) -> int:
    """Return the number of tokens to report for a text."""
    return len(text) // 4


def refused(error: ApiError) -> Outcome:
    """Return the outcome of an invalid request."""
    return Outcome(REJECTED, error.status, error.payload)


def failed(faults: Faults, hit: Hit) -> Outcome | None:
    """Return the outcome of a fault with status 429, 500 or 503; None for other faults."""
    if hit.fault in RATE_LIMITS:
        headers = _retry_after(faults) if hit.fault is Fault.RATE_LIMITED_WITH_RETRY_AFTER else {}
        return Outcome(hit.fault.value, 429, rate_limited().payload, headers)
    if hit.fault is Fault.SERVER_ERROR:
        error = overloaded(500 if hit.variant < 0.5 else 503)
        return Outcome(hit.fault.value, error.status, error.payload)
    return None


class Model:
    """Scripted model, whose replies are corrupted by faults.

    Args:
        reply: Deterministic function from a request body to the text of the assistant. It can raise an `ApiError`.
        faults: Faults to inject.
        settings: Available models and formats.
    """

    def __init__(self, reply: Reply, faults: Faults, settings: Settings) -> None:
        self.reply = reply
        self.faults = faults
        self.settings = settings
        self.script_errors: list[Exception] = []

    def outcome(self, body: object, visit: Visit) -> Outcome:
        """Return the outcome of one attempt.

        The outcome of a dropped connection or a timeout contains the reply that is not sent.
        """
        try:
            checked = check_body(body, self.settings.models, self.settings.formats)
        except ApiError as error:
            return refused(error)
        hit = self.faults.for_chat(visit.content, visit.attempt)
        if failure := failed(self.faults, hit):
            return failure
        try:
            text = self.reply(checked)
            check_reply(checked, text)
        except ApiError as error:  # the script rejects the request
            return refused(error)
        except Exception as error:  # stored and raised when the server ends
            self.script_errors.append(error)
            message = f"{type(error).__name__}: {error}"
            return Outcome(SCRIPT_ERROR, 500, ApiError(500, message, code=SCRIPT_ERROR, kind="server_error").payload)
        done = hit.fault.value if hit.fault else ANSWERED
        completion = _completion(checked, text, hit, f"chatcmpl-{visit.content[:16]}-{visit.attempt}")
        return Outcome(done, 200, completion, streamed=bool(checked.get("stream")))


def _completion(body: Body, text: str, hit: Hit, name: str) -> dict[str, Any]:
    content, reason = _limited(body, _corrupted(body, text, hit))
    if hit.fault is Fault.TRUNCATED:
        reason = "length" if hit.variant * 1000 % 1 < 0.5 else "stop"
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if call := _native_call(body, content):
        message |= {
            "content": None,
            "tool_calls": [{"id": f"call_{name[-8:]}", "type": "function", "function": call}],
        }
        reason = "tool_calls"
    if hit.fault is Fault.REFUSAL:
        message["refusal"] = "I'm sorry, I can't assist with that request."
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    used = tokens(prompt_text(body)), tokens(content or "")
    return {
        "id": name,
        "object": "chat.completion",
        "created": CREATED,
        "model": body["model"],
        "choices": [] if hit.fault is Fault.EMPTY_CHOICES else [choice],
        "usage": {"prompt_tokens": used[0], "completion_tokens": used[1], "total_tokens": sum(used)},
    }


def chunks(completion: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a completion as the chunks of a stream: the message, the reason of its end, and the usage."""
    common = {**completion, "object": "chat.completion.chunk", "usage": None}
    parts = []
    for choice in completion["choices"]:
        message = {name: value for name, value in choice["message"].items() if value is not None}
        calls = [{**call, "index": index} for index, call in enumerate(message.get("tool_calls", []))]
        message |= {"tool_calls": calls} if calls else {}
        index = {"index": choice["index"]}
        parts.append({**common, "choices": [{**index, "delta": message, "finish_reason": None}]})
        parts.append({**common, "choices": [{**index, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    return [*parts, {**common, "choices": [], "usage": completion["usage"]}]


def _native_call(body: Body, content: str | None) -> dict[str, str] | None:
    """Return the reply as a native tool call, if it calls one of the offered tools."""
    offered = {tool["function"]["name"] for tool in body.get("tools") or []}
    try:
        call = json.loads(content or "")
    except ValueError:
        return None
    if not isinstance(call, dict) or call.get("name") not in offered:
        return None
    return {"name": call["name"], "arguments": json.dumps(call.get("arguments"))}


def _corrupted(body: Body, text: str, hit: Hit) -> str | None:
    """Apply a content fault to the text of a reply."""
    if hit.fault not in CONTENT:
        return text
    match hit.fault:
        case Fault.TRUNCATED:
            complete = text.rstrip()
            return complete[: min(len(complete) - 1, max(1, int(len(complete) * (0.2 + 0.7 * hit.variant))))]
        case Fault.PROSE:
            return PROSE[int(hit.variant * len(PROSE))]
        case Fault.NONSENSE:
            schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
            return json.dumps(nonsense(schema) if schema else {"lorem": "ipsum"})
        case _:
            return None


def _limited(body: Body, text: str | None) -> tuple[str | None, str]:
    """Cut a text at the token limit of the request, and return it with its finish_reason."""
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if text is None or not limit or tokens(text) <= limit:
        return text, "stop"
    return text[: limit * 4], "length"


def _retry_after(faults: Faults) -> dict[str, str]:
    seconds = faults.retry_after_s
    match faults.retry_after_form:
        case "float":
            return {"retry-after": str(seconds)}
        case "integer":
            return {"retry-after": str(ceil(seconds))}
        case "milliseconds":
            return {"retry-after-ms": str(ceil(seconds * 1000))}
        case "date":
            when = datetime.now(UTC) + timedelta(seconds=ceil(seconds))
            return {"retry-after": format_datetime(when, usegmt=True)}
