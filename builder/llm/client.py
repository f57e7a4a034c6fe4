"""Asking an OpenAI-compatible endpoint, many requests at once, until each has a usable reply or a named refusal."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from builder.config import LlmConfig
from builder.errors import LlmError
from builder.optional import optional
from builder.progress import Progress
from builder.text import commonest

from .cache import Answer, AnswerCache
from .limiter import AdaptiveLimiter
from .meter import Meter
from .request import SHAPES, Request, estimated_tokens, make_request
from .task import Payload, R, Refusal, Rejection, Task

_RETRIED_STATUS: Final = frozenset({408, 409, 425, 429})
"""Besides these and all from 500, an error status will be the same next time."""
_LONGEST_WAIT_S: Final = 60.0
_PURPOSE: Final = "Asking a language model"


class Engine(Protocol):
    """Whatever asks a model."""

    def complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | Refusal]:
        """The reply to each payload, in order.

        Raises:
            LlmError: If the endpoint cannot be used.
            BudgetError: If the next request could cost more than is allowed.
        """
        ...


class _NoAnswerError(Exception):
    """A request without an answer that may have one next time."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class OnlineEngine:
    """Asks request by request, as many at once as the endpoint bears.

    Args:
        base_url: The endpoint, such as `http://127.0.0.1:8080/v1`; None for the library's own.
        api_key: Its key.
        config: Model, sampling, limits.
        cache: Keeps every answer.
        meter: Counts, and holds the budget.
        progress: Called as the work goes on.
    """

    def __init__(
        self,
        base_url: str | None,
        api_key: str,
        config: LlmConfig,
        cache: AnswerCache,
        meter: Meter,
        progress: Progress,
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._config = config
        self._cache = cache
        self._meter = meter
        self._progress = progress
        self._shape = 0

    def complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | Refusal]:
        """The reply to each payload, in order; as in `Engine`."""
        different = distinct(task, payloads)
        replies = asyncio.run(self._complete_all(task, list(different.values())))
        found = dict(zip(different, replies, strict=True))
        return [found[task.user(payload)] for payload in payloads]

    async def _complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | Refusal]:
        results: dict[int, R | Refusal] = {}
        work = iter(enumerate(payloads))
        async with connect(self._base_url, self._api_key, self._config) as client:
            limiter = AdaptiveLimiter(self._config.connections)
            libraries = (optional(name, "builder", _PURPOSE) for name in ("openai", "tenacity", "httpx2"))
            openai, tenacity, httpx2 = libraries
            session = _Session(self, client, limiter, openai, tenacity, httpx2.Response)
            workers = [
                asyncio.create_task(session.work(task, work, results, len(payloads)))
                for _ in range(min(self._config.connections, len(payloads)))
            ]
            # Who is under way when one worker has to stop still gets its answer, and the answer is kept.
            outcomes = await asyncio.gather(*workers, return_exceptions=True)
        for outcome in sorted((one for one in outcomes if one is not None), key=lambda one: isinstance(one, LlmError)):
            raise outcome
        return [results[index] for index in range(len(payloads))]


@dataclass(slots=True)
class _Session:
    """One round of requests."""

    engine: OnlineEngine
    client: Any
    limiter: AdaptiveLimiter
    openai: Any
    tenacity: Any
    response_class: Any
    stopped: bool = False
    done: int = 0

    async def work(
        self,
        task: Task[R],
        work: Iterator[tuple[int, Payload]],
        results: dict[int, R | Refusal],
        total: int,
    ) -> None:
        for index, payload in work:
            if self.stopped:
                return
            try:
                results[index] = await self._complete(task, payload)
            except BaseException:
                self.stopped = True
                raise
            self.done += 1
            self.engine._progress(f"asking the model: {task.name}", self.done, total)

    async def _complete(self, task: Task[R], payload: Payload) -> R | Refusal:
        engine = self.engine
        reasons: Counter[str] = Counter()
        for attempt in range(engine._config.attempts):
            request = make_request(task, payload, attempt, engine._config)
            answer = engine._cache.get(request.key)
            if answer is None:
                answer = await self._ask(request)
                engine._cache.put(request.key, task.name, answer)
                engine._meter.pay(task.name, answer)
            else:
                engine._meter.cached[task.name] += 1
            reply = settle(task, payload, answer, engine._meter)
            if not isinstance(reply, Rejection):
                return reply
            reasons[reply.reason] += 1
        return refusal(task, reasons)

    async def _ask(self, request: Request) -> Answer:
        engine = self.engine
        backoff = self.tenacity.wait_exponential_jitter(multiplier=0.25, max=_LONGEST_WAIT_S, jitter=0.25)
        retrying = self.tenacity.AsyncRetrying(
            retry=self.tenacity.retry_if_exception_type(_NoAnswerError),
            stop=self.tenacity.stop_after_attempt(engine._config.retries + 1),
            wait=lambda state: _asked_wait(state) or backoff(state),
        )
        reserved = engine._meter.reserve(request.input_tokens)
        try:
            async for attempt in retrying:
                with attempt:
                    async with self.limiter.slot():
                        return await self._send(request)
        except self.tenacity.RetryError as error:
            last = error.last_attempt.exception()
            raise LlmError(
                f"The endpoint {str(self.client.base_url)!r} gave no answer in {engine._config.retries + 1} tries, the "
                f"last time: {last}. All answers so far are kept: run the same command again, and it goes on from here."
            ) from error
        finally:
            engine._meter.release(reserved)
        raise AssertionError("unreachable: tenacity returns or raises")

    async def _send(self, request: Request) -> Answer:
        engine = self.engine
        shape = engine._shape
        try:
            # The library's own way for requests that are already as the endpoint wants them: without walking through
            # the reply's schema for every request, which took longer than all the rest.
            response = await self.client.post(
                "/chat/completions", body=request.shaped(SHAPES[shape]), cast_to=self.response_class
            )
            answer = read_completion(json.loads(response.content), request)
        except self.openai.APIStatusError as error:
            if error.status_code == 400 and SHAPES[shape] != "text" and "response_format" in str(error.message):
                # The server does not know this way of asking for a form; from now on it is asked in a simpler one.
                engine._shape = max(engine._shape, shape + 1)
                return await self._send(request)
            if error.status_code in _RETRIED_STATUS or error.status_code >= 500:
                self._no_answer(f"status_{error.status_code}", retry_after(error.response.headers), error)
            raise LlmError(
                f"The endpoint {str(self.client.base_url)!r} refuses requests for the model {engine._config.model!r}: "
                f"status {error.status_code}, {_short(error.message)} Mend the key, the model's name or the address."
            ) from error
        except self.openai.APITimeoutError as error:
            self._no_answer("timed_out", 0.0, error)
        except (self.openai.APIConnectionError, self.openai.APIResponseValidationError, ValueError) as error:
            self._no_answer("connection_lost", 0.0, error)
        self.limiter.succeeded()
        return answer

    def _no_answer(self, reason: str, seconds: float, error: Exception) -> None:
        """Note a fault that may pass.

        Raises:
            _NoAnswerError: Always.
        """
        self.engine._meter.faults[reason] += 1
        if reason == "status_429":
            self.limiter.complained(seconds)
        raise _NoAnswerError(reason, seconds) from error


def _asked_wait(state: Any) -> float:
    """Seconds that the endpoint asked to wait before the next try; 0 where it did not."""
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, _NoAnswerError) else 0.0


def openai_library() -> Any:
    """The client library.

    Raises:
        MissingExtraError: If it is not installed.
    """
    return optional("openai", "builder", _PURPOSE)


def connect(base_url: str | None, api_key: str, config: LlmConfig) -> Any:
    """An `openai.AsyncOpenAI` that leaves retries to us; with aiohttp below, the fastest of its backends."""
    openai = openai_library()
    return openai.AsyncOpenAI(
        base_url=base_url,
        api_key=api_key,
        max_retries=0,
        timeout=config.timeout_s,
        http_client=openai.DefaultAioHttpClient(),
    )


def distinct(task: Task[R], payloads: Sequence[Payload]) -> dict[str, Payload]:
    """Payloads by their user message: what is asked twice is asked once."""
    return {task.user(payload): payload for payload in payloads}


def refusal(task: Task[R], reasons: Counter[str]) -> Refusal:
    """The end of a request whose replies were of no use, under what was wrong with most of them."""
    return Refusal(task.name, commonest(reasons), reasons.total())


def settle(task: Task[R], payload: Payload, answer: Answer, meter: Meter) -> R | Rejection:
    """Read an answer, and count what came of it."""
    reply = task.read(answer.text, payload)
    if isinstance(reply, Rejection):
        meter.reject(task.name, reply.reason)
    else:
        meter.accept(task.name, answer)
    return reply


def read_completion(completion: Mapping[str, Any], request: Request) -> Answer:
    """The text and the tokens of a chat completion; an empty text where the model said nothing.

    Raises:
        ValueError: If it is no chat completion.
    """
    choices = completion.get("choices") if isinstance(completion, Mapping) else None
    if not isinstance(choices, list):
        raise ValueError("a reply without the key 'choices'")
    message = (choices[0].get("message") or {}) if choices else {}
    text = message.get("content") or ""
    usage = completion.get("usage") or {}
    return Answer(
        text,
        int(usage.get("prompt_tokens") or request.input_tokens),
        int(usage.get("completion_tokens") or estimated_tokens(text)),
    )


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that a server asks to wait, as a number or as a date; 0 where it does not, at most a minute."""
    text, milliseconds = headers.get("retry-after", ""), headers.get("retry-after-ms", "")
    try:
        seconds = float(milliseconds) / 1000 if milliseconds else float(text)
    except ValueError:
        date = email.utils.parsedate_tz(text)
        seconds = email.utils.mktime_tz(date) - time.time() if date else 0.0
    return min(max(seconds, 0.0), _LONGEST_WAIT_S)


def _short(message: str) -> str:
    text = " ".join(message.split())
    return text if len(text) <= 200 else f"{text[:200]}..."
