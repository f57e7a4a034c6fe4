"""The Responses API, for endpoints that offer no chat completions: its requests and replies in the form of that API.

Everything else works on chat completions. A request is translated before it is sent, and a reply after it has arrived.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .endpoint_errors import EndpointMessage

CHAT_PATH: Final = "/chat/completions"
RESPONSES_PATH: Final = "/responses"
RESPONSES: Final = "responses"
"""Name of the interface in configs and run files."""
_NAMES_IT: Final = re.compile(r"/responses\b|\bresponses[ -](?:api|endpoint)\b", re.IGNORECASE)
_LIMITS: Final = ("max_completion_tokens", "max_tokens")
_NOT_OFFERED: Final = frozenset({*_LIMITS, "messages", "response_format", "seed", "tools", "tool_choice"})
"""Fields of a chat completion request that have another name or form, or do not exist."""
_INCOMPLETE: Final = {"max_output_tokens": "length", "max_tokens": "length", "content_filter": "content_filter"}
"""Finish reason of a chat completion for each reason of an incomplete response."""
_FAILED: Final = frozenset({"failed", "cancelled"})


def names_responses(status: int, message: EndpointMessage) -> bool:
    """Return True if an endpoint refuses a chat completion and names the Responses API instead.

    Args:
        status: HTTP status of the refusal.
        message: Its message.
    """
    return status in (400, 404, 405) and _NAMES_IT.search(message.text) is not None


def response_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a chat completion request as one of the Responses API.

    The API has no seed. The endpoint is asked not to store the response.
    """
    request: dict[str, Any] = {name: value for name, value in body.items() if name not in _NOT_OFFERED}
    request["input"] = [dict(message) for message in body["messages"]]
    request.setdefault("store", False)
    limit = next((body[name] for name in _LIMITS if name in body), None)
    if limit is not None:
        request.setdefault("max_output_tokens", limit)
    if response_format := body.get("response_format"):
        request["text"] = {"format": _format(response_format)}
    if tools := body.get("tools"):
        request["tools"] = [_flat(tool) for tool in tools]
        if "tool_choice" in body:
            request["tool_choice"] = _flat(body["tool_choice"])
    return request


def _format(response_format: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in response_format.items() if name != "json_schema"}
    return {**own, **response_format.get("json_schema", {})}


def _flat(tool: Any) -> Any:
    """Return a tool, or the choice of one, with the fields of its function beside its type."""
    if not isinstance(tool, Mapping) or "function" not in tool:
        return tool
    # Unless it says otherwise, this API requires the stricter schemas of structured outputs.
    strict = {"strict": False} if "parameters" in tool["function"] else {}
    return {"type": tool["type"], **strict, **tool["function"]}


def as_completion(body: Any) -> Any:
    """Return the body of a response as a chat completion; any other body as it is."""
    if not isinstance(body, Mapping) or "choices" in body or not (body.get("object") == "response" or "output" in body):
        return body
    if body.get("status") in _FAILED or not isinstance(body.get("output"), list):
        return {"error": body.get("error") or {"message": f"the response has the status {body.get('status')!r}"}}
    items = [item for item in body["output"] if isinstance(item, Mapping)]
    message = {
        "content": list(_parts(items, "message", "content")),
        "reasoning": "".join(
            part["text"] for part in _parts(items, "reasoning", "summary", "content") if _has_text(part)
        ),
        "tool_calls": [{"function": call} for call in items if call.get("type") == "function_call"],
    }
    usage = body.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    return {
        "choices": [{"message": message, "finish_reason": _finish_reason(body, message["tool_calls"])}],
        "usage": {"prompt_tokens": usage.get("input_tokens"), "completion_tokens": usage.get("output_tokens")},
    }


def _parts(items: Sequence[Mapping[str, Any]], kind: str, *names: str) -> Iterator[Any]:
    """Yield the parts of all items of a kind, from the first field that has some."""
    for item in items:
        if item.get("type") == kind:
            found: Any = next((item[name] for name in names if item.get(name)), [])
            yield from found if isinstance(found, list) else [{"type": "text", "text": found}]


def _has_text(part: Any) -> bool:
    return isinstance(part, Mapping) and isinstance(part.get("text"), str)


def _finish_reason(body: Mapping[str, Any], calls: Sequence[Any]) -> str | None:
    details = body.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, Mapping) else None
    if reason:
        return _INCOMPLETE.get(str(reason), str(reason))
    if body.get("status") == "incomplete":
        return "incomplete"
    return "tool_calls" if calls else "stop"
