"""Engines: interface, settings and shared helpers for sending the requests of a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from builder.llm_config import LlmConfig
from builder.progress import Progress
from builder.words import most_frequent

from .answer_cache import Answer, AnswerCache
from .completion import estimated_tokens, read_reply
from .meter import Meter
from .task import FailedRequest, Payload, R, RejectedReply, Task

STAGE: Final = "querying the model: "
"""Beginning of the name of a stage that sends the requests of a task, whose name follows."""


class Engine(Protocol):
    """Client that sends the requests of a task to a model."""

    def complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | FailedRequest]:
        """Return the reply to each payload, in order.

        Args:
            task: Task of the requests.
            payloads: One payload per request.

        Returns:
            A valid reply for each payload, or a `FailedRequest` if no attempt gave one.

        Raises:
            LlmError: If the endpoint cannot be used.
            BudgetError: If the next request could exceed the budget.
        """
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the client of a language model."""

    base_url: str | None
    """Base URL of the endpoint, such as `http://127.0.0.1:8080/v1`; None for the client library's default."""
    api_key: str = field(repr=False)
    config: LlmConfig
    """Model, sampling and limits."""
    cache: AnswerCache
    """Cache of all answers."""
    meter: Meter
    """Counters and budget."""
    progress: Progress
    """Progress callback."""


def each_once(
    task: Task[R], payloads: Sequence[Payload], ask: Callable[[Sequence[Payload]], Sequence[R | FailedRequest]]
) -> list[R | FailedRequest]:
    """Return the reply to each payload, in order, and send equal payloads only once.

    Args:
        task: Task of the requests.
        payloads: The payloads, possibly with duplicates.
        ask: Returns the replies to distinct payloads, in order.
    """
    distinct = {task.user(payload): payload for payload in payloads}
    replies = dict(zip(distinct, ask(list(distinct.values())), strict=True))
    return [replies[task.user(payload)] for payload in payloads]


def refusal(reasons: Counter[str]) -> FailedRequest:
    """Return the refusal of a request whose replies were all rejected, with the most frequent reason."""
    return FailedRequest(most_frequent(reasons))


def read_and_count(task: Task[R], payload: Payload, answer: Answer, meter: Meter) -> R | RejectedReply:
    """Read and check an answer, and count the outcome in the meter."""
    reply = task.read(answer.text, payload)
    if isinstance(reply, RejectedReply):
        meter.reject(task.name, reply.reason)
    else:
        meter.accept(task.name, answer)
    return reply


def read_completion(completion: Any, input_tokens: int) -> Answer:
    """Read the text and the token counts of a chat completion.

    Args:
        completion: Decoded JSON body of the endpoint's response.
        input_tokens: Estimated tokens of the request, used if the endpoint reports no usage.

    Raises:
        ValueError: If the body is not a chat completion.
    """
    reply = read_reply(completion)
    return Answer(reply.text, reply.input_tokens or input_tokens, reply.output_tokens or estimated_tokens(reply.text))
