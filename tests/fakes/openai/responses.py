"""The Responses API of the fake endpoint: the same model under other names of fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .completions import CREATED, Model, Outcome, refused
from .errors import ApiError
from .log import Visit

PATHS = {"chat": "v1/chat/completions", "responses": "v1/responses"}
KNOWN = frozenset(
    {"model", "input", "instructions", "temperature", "max_output_tokens", "store", "text", "tools", "tool_choice"}
)
"""Supported fields. Others give a 400."""
REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def answered(model: Model, path: str, body: object, visit: Visit) -> Outcome:
    """Return the outcome of one attempt at a request.

    Args:
        model: The model.
        path: Last part of the path of the request: `completions` or `responses`.
        body: Body of the request.
        visit: The attempt.
    """
    api = "responses" if path == "responses" else "chat"
    if api not in model.settings.apis:
        other = PATHS[model.settings.apis[0]]
        return refused(ApiError(404, f"This model is only supported in {other} and not in {PATHS[api]}."))
    if api == "chat":
        return model.outcome(body, visit)
    try:
        chat = chat_request(body)
    except ApiError as error:
        return refused(error)
    outcome = model.outcome(chat, visit)
    if outcome.status != 200 or not isinstance(outcome.payload, Mapping):
        message = outcome.payload["error"]["message"] if isinstance(outcome.payload, Mapping) else ""
        return refused(_of_text(message)) if "response_format" in message else outcome
    return replace(outcome, payload=response_of(outcome.payload))


def _of_text(message: str) -> ApiError:
    return ApiError(400, message.replace("response_format", "text.format"), param="text.format")


def chat_request(body: object) -> dict[str, Any]:
    """Return the chat completion request that asks for the same.

    Raises:
        ApiError: If the body has unknown fields or no input.
    """
    if not isinstance(body, dict) or not isinstance(body.get("input"), list):
        raise ApiError(400, "Missing required parameter: 'input'.", param="input")
    if unknown := sorted(body.keys() - KNOWN):
        raise ApiError(400, f"Unknown parameter: '{unknown[0]}'.", param=unknown[0], code="unknown_parameter")
    chat = {"model": body.get("model"), "messages": body["input"]}
    chat |= {name: body[name] for name in ("temperature",) if name in body}
    if "max_output_tokens" in body:
        chat["max_completion_tokens"] = body["max_output_tokens"]
    form = dict(body.get("text", {}).get("format", {}))
    if form.get("type") == "json_schema":
        chat["response_format"] = {"type": form.pop("type"), "json_schema": form}
    elif form:
        chat["response_format"] = form
    if "tools" in body:
        if any("function" in tool for tool in body["tools"]):
            raise ApiError(400, "Missing required parameter: 'tools[0].name'.", param="tools[0].name")
        functions = [{name: value for name, value in tool.items() if name != "type"} for tool in body["tools"]]
        chat["tools"] = [{"type": "function", "function": function} for function in functions]
    return chat


def response_of(completion: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chat completion as a response."""
    output: list[dict[str, Any]] = [{"type": "reasoning", "id": "rs_1", "summary": []}]
    reason = "stop"
    for choice in completion["choices"]:
        message, reason = choice["message"], choice["finish_reason"]
        parts = [{"type": "output_text", "text": message["content"], "annotations": []}] if message["content"] else []
        parts += [{"type": "refusal", "refusal": message["refusal"]}] if message["refusal"] else []
        calls = [
            {"type": "function_call", "call_id": call["id"], **call["function"]}
            for call in message.get("tool_calls", [])
        ]
        output += [*([{"type": "message", "role": "assistant", "content": parts}] if parts else []), *calls]
    usage = completion["usage"]
    return {
        "id": completion["id"].replace("chatcmpl", "resp"),
        "object": "response",
        "created_at": CREATED,
        "model": completion["model"],
        "status": "incomplete" if reason in REASONS else "completed",
        "incomplete_details": {"reason": REASONS[reason]} if reason in REASONS else None,
        "error": None,
        "output": output,
        "usage": {
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
            "total_tokens": usage["total_tokens"],
        },
    }
