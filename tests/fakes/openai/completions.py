"""From the body of a request, and what befalls it, to the reply: the model behind the server.

The same for a direct request and for a line of a batch; how a dropped connection looks is left to the carrier.
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
"""Every time that a reply tells; no output depends on the clock."""

PROSE = (
    "I think the first one is the best choice here, but it depends on what the user had in mind.",
    "Sure! Let me walk you through it. There are several things to consider before deciding.",
    "Unfortunately the request is somewhat unclear, so here is a general remark instead.",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is like, apart from its faults."""

    latency: float = 0.0
    """Seconds from request to reply; rate limits and rejections are told at once."""

    jitter: float = 0.0
    """Share of the latency, in [0, 1], by which it varies from content to content."""

    models: tuple[str, ...] = ("test-model",)
    """Names that can be asked for; others are told 404."""

    api_key: str | None = None
    """The one key that is let in, others are told 401; None lets everybody in."""

    json_schema: bool = True
    """Whether response_format may be json_schema; 400 where not."""

    json_object: bool = True
    """Whether response_format may be json_object; 400 where not."""

    max_file_bytes: int = 200_000_000
    max_file_requests: int = 50_000
    """Lines in a file for a batch; 400 beyond."""

    batch_polls: int = 4
    """The poll at which a batch is completed: validating, in progress, ..., finalizing, completed."""

    @property
    def formats(self) -> tuple[str, ...]:
        """The types of response_format that are known."""
        return ("text", *["json_object"] * self.json_object, *["json_schema"] * self.json_schema)


class Options(TypedDict, total=False):
    """The fields of `Settings`, as the keyword arguments of a server."""

    latency: float
    jitter: float
    models: tuple[str, ...]
    api_key: str | None
    json_schema: bool
    json_object: bool
    max_file_bytes: int
    max_file_requests: int
    batch_polls: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be told to the client, and what to the log."""

    done: str
    status: int
    payload: Mapping[str, Any] | bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens in the reply's usage."""
        usage = self.payload.get("usage", {}) if isinstance(self.payload, Mapping) else {}
        return usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)


def content_hash(content: object) -> str:
    """The name of a request's content: the same for equal JSON, in whatever order of keys."""
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def tokens(text: str) -> int:
    """How many tokens a text is said to have."""
    return len(text) // 4


def refused(error: ApiError) -> Outcome:
    """The outcome of a request that is wrong."""
    return Outcome(REJECTED, error.status, error.payload)


def failed(faults: Faults, hit: Hit) -> Outcome | None:
    """The outcome of a fault that has a status of its own: 429, 500 or 503; None for others."""
    if hit.fault in RATE_LIMITS:
        headers = _retry_after(faults) if hit.fault is Fault.RATE_LIMITED_WITH_RETRY_AFTER else {}
        return Outcome(hit.fault.value, 429, rate_limited().payload, headers)
    if hit.fault is Fault.SERVER_ERROR:
        error = overloaded(500 if hit.variant < 0.5 else 503)
        return Outcome(hit.fault.value, error.status, error.payload)
    return None


class Model:
    """Answers bodies by a script, and spoils the answers as the faults have it.

    Args:
        reply: The script: from a body to the assistant's text; must be deterministic. An `ApiError` is told as one.
        faults: What goes wrong.
        settings: What is known and allowed.
    """

    def __init__(self, reply: Reply, faults: Faults, settings: Settings) -> None:
        self.reply = reply
        self.faults = faults
        self.settings = settings
        self.script_errors: list[Exception] = []

    def outcome(self, body: object, visit: Visit) -> Outcome:
        """What one attempt comes to.

        A dropped connection and a time-out come with the reply that would have been sent.
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
        except ApiError as error:  # a script that will not answer
            return refused(error)
        except Exception as error:  # whatever a test's own function raises is kept for the test to see
            self.script_errors.append(error)
            message = f"{type(error).__name__}: {error}"
            return Outcome(SCRIPT_ERROR, 500, ApiError(500, message, code=SCRIPT_ERROR, kind="server_error").payload)
        done = hit.fault.value if hit.fault else ANSWERED
        return Outcome(done, 200, _completion(checked, text, hit, f"chatcmpl-{visit.content[:16]}-{visit.attempt}"))


def _completion(body: Body, text: str, hit: Hit, name: str) -> dict[str, Any]:
    said, reason = _cut(body, _spoiled(body, text, hit))
    if hit.fault is Fault.TRUNCATED:
        reason = "length" if hit.variant * 1000 % 1 < 0.5 else "stop"
    message: dict[str, Any] = {"role": "assistant", "content": said, "refusal": None}
    if called := _native_call(body, said):
        message |= {
            "content": None,
            "tool_calls": [{"id": f"call_{name[-8:]}", "type": "function", "function": called}],
        }
        reason = "tool_calls"
    if hit.fault is Fault.REFUSAL:
        message["refusal"] = "I'm sorry, I can't assist with that request."
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    used = tokens(prompt_text(body)), tokens(said or "")
    return {
        "id": name,
        "object": "chat.completion",
        "created": CREATED,
        "model": body["model"],
        "choices": [] if hit.fault is Fault.EMPTY_CHOICES else [choice],
        "usage": {"prompt_tokens": used[0], "completion_tokens": used[1], "total_tokens": sum(used)},
    }


def _native_call(body: Body, said: str | None) -> dict[str, str] | None:
    """The reply as a native call, where tools were offered and it is a call of one of them."""
    offered = {tool["function"]["name"] for tool in body.get("tools") or []}
    try:
        call = json.loads(said or "")
    except ValueError:
        return None
    if not isinstance(call, dict) or call.get("name") not in offered:
        return None
    return {"name": call["name"], "arguments": json.dumps(call.get("arguments"))}


def _spoiled(body: Body, text: str, hit: Hit) -> str | None:
    if hit.fault not in CONTENT:
        return text
    match hit.fault:
        case Fault.TRUNCATED:
            whole = text.rstrip()
            return whole[: min(len(whole) - 1, max(1, int(len(whole) * (0.2 + 0.7 * hit.variant))))]
        case Fault.PROSE:
            return PROSE[int(hit.variant * len(PROSE))]
        case Fault.NONSENSE:
            schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
            return json.dumps(nonsense(schema) if schema else {"lorem": "ipsum"})
        case _:
            return None


def _cut(body: Body, text: str | None) -> tuple[str | None, str]:
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
