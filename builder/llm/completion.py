"""Chat completions as servers write them: text, reasoning, refusal, native calls, finish reason and tokens.

Servers put the parts of a reply into different fields. The tables of this module list these fields; to read a further
server, add its names there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from metrics.petoolbench.records import MAX_DEPTH, deeper_than

from .responses_api import as_completion

LENGTH: Final = "length"
"""Finish reason of a reply that was cut at the limit of output tokens."""
FILTERED: Final = "content_filter"
"""Finish reason of a reply that a content filter withheld."""
_REASONING_KEYS: Final = ("reasoning_content", "reasoning", "thinking", "reasoning_text")
"""Fields of a message with its reasoning: DeepSeek and vLLM until 0.8, vLLM and OpenRouter, Ollama, Copilot.
https://docs.vllm.ai/en/latest/features/reasoning_outputs.html"""
_REASONING_LISTS: Final = ("reasoning_details", "thinking_blocks")
"""Fields of a message with parts of its reasoning: OpenRouter, LiteLLM."""
_TEXT_KEYS: Final = ("text", "content", "thinking", "reasoning", "summary", "refusal")
"""Fields of a content part with its text, which may be nested in further parts."""
_COMMON_REASONS: Final = frozenset({"stop", "tool_calls", "function_call", LENGTH, FILTERED})
"""Finish reasons of OpenAI."""
_FINISH_REASONS: Final = {
    "max_tokens": LENGTH,
    "max_output_tokens": LENGTH,
    "model_length": LENGTH,
    "token_limit": LENGTH,
    "content_filtered": FILTERED,
    "safety": FILTERED,
    "sensitive": FILTERED,
    "recitation": FILTERED,
    "blocklist": FILTERED,
    "prohibited_content": FILTERED,
    "spii": FILTERED,
    "refusal": FILTERED,
}
"""Finish reasons of other servers (Anthropic, Cohere, Gemini, GLM, Mistral) by their lower-case name."""
_ENDS_OF_RESPONSES: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
"""Types of the last event in a stream of the Responses API, which holds the whole response."""
_CHARACTERS_PER_TOKEN: Final = 3
"""Lower than in typical English text, so that costs are overestimated rather than underestimated."""
_MOST_TOKENS: Final = 10**12
"""Upper limit of a plausible token count."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply of a model, with each part in a field of its own."""

    text: str = ""
    """Text without reasoning and refusal; empty if there is none."""
    reasoning: str = ""
    """Reasoning that the server keeps apart from the text."""
    refusal: str = ""
    """Text with which the model refuses, if the server keeps it apart."""
    calls: tuple[Mapping[str, Any], ...] = ()
    """Native calls, each with `name` and `arguments`."""
    finish_reason: str | None = None
    """`stop`, `tool_calls`, `length`, `content_filter` or another reason; None if the server states none."""
    input_tokens: int | None = None
    """Tokens of the prompt; None if unknown."""
    output_tokens: int | None = None
    """Tokens of the reply; None if unknown."""


def estimated_tokens(text: str) -> int:
    """Estimate the number of tokens of a text; the estimate is rather too high."""
    return len(text) // _CHARACTERS_PER_TOKEN + 1


def read_reply(completion: Any) -> Completion:
    """Read the first choice of a chat completion.

    Args:
        completion: Decoded JSON body of the endpoint's response.

    Raises:
        ValueError: If the body is not a chat completion.
    """
    try:
        choice = completion["choices"][0]
        message = choice.get("message") or choice.get("delta")
        if message is None:
            message = {"content": choice["text"]}
        parts = _Parts()
        parts.add(message.get("content"))
        reasoning = [_plain(message.get(key)) for key in _REASONING_KEYS]
        details = [_plain(message.get(key)) for key in _REASONING_LISTS]
        usage = completion.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        return Completion(
            text=encodable("".join(parts.text)),
            reasoning=encodable(next(filter(None, (*reasoning, *details, "\n".join(parts.reasoning))), "")),
            refusal=encodable(_plain(message.get("refusal")) or "".join(parts.refusal)),
            calls=(*_calls(message), *parts.calls),
            finish_reason=_finish_reason(choice),
            input_tokens=token_count(usage.get("prompt_tokens")),
            output_tokens=token_count(usage.get("completion_tokens")),
        )
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a chat completion: {error}") from error


def token_count(value: Any) -> int | None:
    """Return a token count that a server states; None if it is not a plausible positive number."""
    if isinstance(value, str):
        value = int(value) if value.strip().isdecimal() and len(value) < 20 else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < _MOST_TOKENS else None


class _Parts:
    """Parts of a content, sorted by their kind."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.calls: list[Mapping[str, Any]] = []

    def add(self, content: Any) -> None:
        """Add the content of a message: a text, one content part of the API, or a list of texts and parts.

        Raises:
            TypeError: If it is something else.
        """
        if content is None:
            return
        if isinstance(content, str):
            self.text.append(content)
        elif isinstance(content, list):
            for part in content:
                self.add(part)
        elif isinstance(content, dict):
            self._add_part(content)
        else:
            raise TypeError(f"the content is of type {type(content).__name__}")

    def _add_part(self, part: Mapping[str, Any]) -> None:
        kind = str(part.get("type") or "text")
        if kind in ("tool_use", "tool_call", "function_call", "function"):
            self.calls.append(_function(part))
        elif "reason" in kind or "think" in kind:
            self.reasoning.append(_plain(part))
        elif "refus" in kind:
            self.refusal.append(_plain(part))
        elif "text" in kind:
            self.text.append(_plain(part))


def _plain(value: Any) -> str:
    """Return the text of a value: text, a part, or a list of them; empty for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_plain, value))
    if isinstance(value, dict):
        return next((text for key in _TEXT_KEYS if (text := _plain(value.get(key)))), "")
    return ""


def _calls(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the native calls of a message; the field `function_call` is that of the first version of the API."""
    calls = message.get("tool_calls") or []
    for call in calls if isinstance(calls, list) else [calls]:
        yield _function(call)
    if not calls and message.get("function_call"):
        yield _function(message["function_call"])


def _function(call: Any) -> Mapping[str, Any]:
    """Return name and arguments of a native call, which are in the field `function` or in the call itself."""
    function = call.get("function") or call
    arguments = function.get("arguments", function.get("input"))
    if deeper_than(arguments, MAX_DEPTH):
        raise TypeError("the arguments of a call are nested too deeply")
    return {"name": function.get("name"), "arguments": arguments}


def _finish_reason(choice: Mapping[str, Any]) -> str | None:
    reason = choice.get("finish_reason")
    if not isinstance(reason, str) or not reason:
        return None
    # Some servers write the name of a constant: STOP, FinishReason.MAX_TOKENS, FINISH_REASON_SAFETY.
    plain = reason.lower().rpartition(".")[2].removeprefix("finish_reason_").replace("-", "_")
    return plain if plain in _COMMON_REASONS else _FINISH_REASONS.get(plain, encodable(reason[:60]))


def encodable(text: str) -> str:
    """Return a text without lone surrogates, which a reply can contain but UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def completion_in(text: str) -> Any:
    """Return the chat completion in the text of a body: JSON, an event stream, or a response of the Responses API.

    Raises:
        StreamError: If a stream reports an error.
        ValueError: If the text is none of these.
    """
    start = text.lstrip()[:6]
    is_stream = start.startswith(("data:", "event:", ": "))
    return as_completion(completion_of_stream(text) if is_stream else json.loads(text))


def reports_error(completion: Any) -> bool:
    """Return True if a body reports an error instead of a reply, or after its beginning."""
    if not isinstance(completion, dict):
        return True
    choices = completion.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return True
    reason, error = choices[0].get("finish_reason"), completion.get("error")
    return bool(choices[0].get("error")) or reason in ("error", "network_error") or bool(_has_message(error))


def _has_message(error: Any) -> bool:
    return bool(error.get("message") if isinstance(error, dict) else error)


class StreamError(ValueError):
    """An event stream that reports an error instead of a whole reply."""

    def __init__(self, body: Any) -> None:
        super().__init__("the stream reports an error")
        self.body = body
        """Event with the error."""


def completion_of_stream(text: str) -> Any:
    """Return the chat completion that an event stream spells out in deltas, or the response that its last event holds.

    Some servers stream although the request does not ask for it.

    Raises:
        StreamError: If an event reports an error.
        ValueError: If the text is not a stream of completion chunks.
    """
    message: dict[str, Any] = {"content": ""}
    calls: dict[Any, dict[str, Any]] = {}
    usage, reason, is_complete = None, None, False
    for chunk in _events(text):
        if not isinstance(chunk, dict):
            raise ValueError("an event of the stream is not a JSON object")
        if chunk.get("type") in _ENDS_OF_RESPONSES:
            return chunk["response"]
        usage = chunk.get("usage") or usage
        choice = (chunk.get("choices") or [{}])[0]
        reason = choice.get("finish_reason") or reason
        if chunk.get("error") or choice.get("error"):
            raise StreamError(chunk)
        is_complete = is_complete or "choices" in chunk
        delta = choice.get("delta") or choice.get("message") or {}
        for key in ("content", "refusal", *_REASONING_KEYS):
            if delta.get(key):
                message[key] = _joined(message.get(key), delta[key])
        for place, call in enumerate(delta.get("tool_calls") or []):
            _extend_call(calls.setdefault(call.get("index", place), {"name": "", "arguments": ""}), call)
    if not is_complete:
        raise ValueError("the stream has no completion chunk")
    message["tool_calls"] = [{"function": call} for call in calls.values()]
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def _events(text: str) -> Iterator[Any]:
    for line in text.splitlines():
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data and data != "[DONE]":
            yield json.loads(data)


def _joined(first: Any, second: Any) -> Any:
    """Join two pieces of a field: texts, or lists of parts."""
    if isinstance(first or "", str) and isinstance(second, str):
        return (first or "") + second
    parts = [piece if isinstance(piece, list) else [piece] for piece in (first, second) if piece]
    return [part for piece in parts for part in piece]


def _extend_call(call: dict[str, Any], delta: Mapping[str, Any]) -> None:
    function = delta.get("function") or {}
    call["name"] += function.get("name") or ""
    arguments = function.get("arguments")
    call["arguments"] = arguments if isinstance(arguments, dict) else call["arguments"] + (arguments or "")
