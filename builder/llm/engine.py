"""What asks a model task by task, and what its ways of asking have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from builder.config import LlmConfig
from builder.progress import Progress
from builder.words import commonest

from .answer_cache import Answer, AnswerCache
from .meter import Meter
from .request import estimated_tokens
from .task import Payload, R, Refusal, Rejection, Task


class Engine(Protocol):
    """Whatever asks a model."""

    def complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | Refusal]:
        """The reply to each payload, in order.

        Raises:
            LlmError: If the endpoint cannot be used.
            BudgetError: If the next request could cost more than is allowed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine asks with."""

    base_url: str | None
    """The endpoint, such as `http://127.0.0.1:8080/v1`; None for the library's own."""
    api_key: str = field(repr=False)
    config: LlmConfig
    """Model, sampling, limits."""
    cache: AnswerCache
    """Keeps every answer."""
    meter: Meter
    """Counts, and holds the budget."""
    progress: Progress
    """Called as the work goes on."""


def each_once(
    task: Task[R], payloads: Sequence[Payload], ask: Callable[[Sequence[Payload]], Sequence[R | Refusal]]
) -> list[R | Refusal]:
    """The reply to each payload, in order, where what comes twice is asked once."""
    different = {task.user(payload): payload for payload in payloads}
    found = dict(zip(different, ask(list(different.values())), strict=True))
    return [found[task.user(payload)] for payload in payloads]


def refusal(reasons: Counter[str]) -> Refusal:
    """The end of a request whose replies were of no use, under what was wrong with most of them."""
    return Refusal(commonest(reasons))


def settle(task: Task[R], payload: Payload, answer: Answer, meter: Meter) -> R | Rejection:
    """Read an answer, and count what came of it."""
    reply = task.read(answer.text, payload)
    if isinstance(reply, Rejection):
        meter.reject(task.name, reply.reason)
    else:
        meter.accept(task.name, answer)
    return reply


def content_of(message: Mapping[str, Any]) -> str:
    """The text of a message; empty where the model said nothing."""
    content = message.get("content") or ""
    if not isinstance(content, str):
        raise TypeError(f"content that is no text but {type(content).__name__}")
    return content


def read_completion(
    completion: Any, input_tokens: int, text_of: Callable[[Mapping[str, Any]], str] = content_of
) -> Answer:
    """The text and the tokens of a chat completion.

    Args:
        completion: What the endpoint replied.
        input_tokens: Of the request, where the endpoint does not tell.
        text_of: Reads the message.

    Raises:
        ValueError: If it is no chat completion.
    """
    try:
        # A model may write half a surrogate pair, which no file takes.
        text = text_of(completion["choices"][0]["message"]).encode("utf-8", "replace").decode("utf-8")
        usage = completion.get("usage") or {}
        return Answer(
            text,
            int(usage.get("prompt_tokens") or input_tokens),
            int(usage.get("completion_tokens") or estimated_tokens(text)),
        )
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no chat completion: {error}") from error
