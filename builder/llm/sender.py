"""Sending requests to an OpenAI-compatible endpoint, many at once, until each has an answer or never will."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from builder.config import LlmConfig
from builder.errors import LlmError
from builder.extras import import_extra

from .limiter import AdaptiveLimiter
from .meter import Meter
from .request import SHAPES, Shape

T = TypeVar("T")
_RETRIED_STATUS: Final = frozenset({408, 409, 425, 429})
"""Besides these and all from 500, an error status will be the same next time."""
_LONGEST_WAIT_S: Final = 60.0
_PURPOSE: Final = "Asking a language model"
_LIBRARIES: Final = ("openai", "tenacity", "httpx2")
_KEPT: Final = "All answers so far are kept: run the same command again, and it goes on from here."


class RefusedRequestError(LlmError):
    """The endpoint refuses a request, and would do so again."""

    def __init__(self, text: str, status: int, reason: str) -> None:
        super().__init__(text)
        self.status = status
        """HTTP status."""
        self.reason = reason
        """The status and what the endpoint said, in short."""


class UnansweredRequestError(LlmError):
    """A request had no answer, however often it was sent."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason
        """What was wrong the last time."""


class _NoAnswerError(Exception):
    """A request without an answer that may have one next time."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Sender:
    """An open connection to an endpoint.

    Args:
        client: An `openai.AsyncOpenAI` that leaves retries to us.
        config: Model, retries, limits.
        meter: Counts faults, and holds the budget.
        first_retries: Retries until the endpoint has shown some life, fewer than the config's, so that a wrong address
            is told soon; None for the config's.
    """

    def __init__(self, client: Any, config: LlmConfig, meter: Meter, first_retries: int | None = None) -> None:
        self._client = client
        self._first_retries = config.retries if first_retries is None else min(first_retries, config.retries)
        self._alive = False
        self._config = config
        self._meter = meter
        self._limiter = AdaptiveLimiter(config.connections)
        self._openai, self._tenacity, httpx2 = (import_extra(name, "builder", _PURPOSE) for name in _LIBRARIES)
        self._response_class, self._connect_timeout = httpx2.Response, httpx2.ConnectTimeout
        self._shape = 0
        self._url = f"{str(client.base_url).rstrip('/')}/chat/completions"
        """Whole, since the library takes a while to put one together for each request."""

    async def send(self, shaped: Callable[[Shape], dict[str, Any]], input_tokens: int, read: Callable[[Any], T]) -> T:
        """Send a chat completion request until it has an answer.

        Args:
            shaped: The body, given how the form of the reply is asked for.
            input_tokens: Its estimated tokens.
            read: Takes the answer out of the completion; a `ValueError` is a fault that may pass.

        Raises:
            BudgetError: If it could cost more than is allowed.
            RefusedRequestError: If the endpoint refuses it.
            UnansweredRequestError: If there was no answer in as many tries as the config allows.
        """
        backoff = self._tenacity.wait_exponential_jitter(multiplier=0.25, max=_LONGEST_WAIT_S, jitter=0.25)
        retrying = self._tenacity.AsyncRetrying(
            retry=self._tenacity.retry_if_exception_type(_NoAnswerError),
            stop=lambda state: state.attempt_number > self._retries,
            wait=lambda state: _asked_wait(state) or backoff(state),
        )
        reserved = self._meter.reserve(input_tokens)
        try:
            async for attempt in retrying:
                with attempt:
                    async with self._limiter.slot():
                        return await self._send(shaped, read)
        except self._tenacity.RetryError as error:
            last = str(error.last_attempt.exception())
            raise UnansweredRequestError(
                f"The endpoint {str(self._client.base_url)!r} gave no answer in {error.last_attempt.attempt_number} "
                f"tries, the last time: {last}. {_KEPT}",
                last,
            ) from error
        finally:
            self._meter.release(reserved)
        raise AssertionError("unreachable: tenacity returns or raises")

    @property
    def _retries(self) -> int:
        """How often a request may be sent again."""
        return self._config.retries if self._alive else self._first_retries

    async def _send(self, shaped: Callable[[Shape], dict[str, Any]], read: Callable[[Any], T]) -> T:
        shape = self._shape
        try:
            # The library's own way for requests that are already as the endpoint wants them: without walking through
            # the reply's schema for every request, which took longer than all the rest.
            response = await self._client.post(self._url, body=shaped(SHAPES[shape]), cast_to=self._response_class)
            answer = read(json.loads(response.content))
        except self._openai.APIStatusError as error:
            if error.status_code == 400 and SHAPES[shape] != "text" and "response_format" in str(error.message):
                # The server does not know this way of asking for a form; from now on it is asked in a simpler one.
                self._shape = max(self._shape, shape + 1)
                return await self._send(shaped, read)
            if error.status_code in _RETRIED_STATUS or error.status_code >= 500:
                self._no_answer(f"status_{error.status_code}", retry_after(error.response.headers), error)
            raise RefusedRequestError(
                f"The endpoint {str(self._client.base_url)!r} refuses requests for the model {self._config.model!r}: "
                f"status {error.status_code}, {_short(error.message)} Mend the key, the model's name or the address.",
                error.status_code,
                f"status_{error.status_code}: {_short(error.message)}",
            ) from error
        except self._openai.APITimeoutError as error:
            # The client library calls it a timeout too when nobody listens there, or there is no such host.
            reached = not isinstance(error.__cause__, self._connect_timeout)
            self._no_answer("timed_out" if reached else "not_reached", 0.0, error)
        except self._openai.APIConnectionError as error:
            self._no_answer("connection_lost", 0.0, error)
        except (self._openai.APIResponseValidationError, ValueError) as error:
            self._no_answer("no_chat_completion", 0.0, error)
        self._alive = True
        self._limiter.succeeded()
        return answer

    def _no_answer(self, reason: str, seconds: float, error: Exception) -> None:
        """Note a fault that may pass.

        Raises:
            _NoAnswerError: Always.
        """
        self._meter.faults[reason] += 1
        if reason == "status_429":
            self._alive = True
            self._limiter.complained(seconds)
        raise _NoAnswerError(reason, seconds) from error


@asynccontextmanager
async def connect(
    base_url: str | None, api_key: str, config: LlmConfig, meter: Meter, first_retries: int | None = None
) -> AsyncIterator[Sender]:
    """Open a sender; with aiohttp below, the fastest of the client library's backends.

    Args:
        base_url: The endpoint, such as `http://127.0.0.1:8080/v1`; None for the library's own.
        api_key: Its key.
        config: Model, retries, limits.
        meter: Counts faults, and holds the budget.
        first_retries: As in `Sender`.

    Raises:
        MissingExtraError: If the client library is not installed.
    """
    openai = openai_library()
    async with openai.AsyncOpenAI(
        base_url=base_url,
        api_key=api_key,
        max_retries=0,
        timeout=config.timeout_s,
        http_client=openai.DefaultAioHttpClient(),
    ) as client:
        yield Sender(client, config, meter, first_retries)


async def each(items: Iterable[T], do: Callable[[T], Awaitable[None]], at_once: int) -> None:
    """Do something for each item, so many at once.

    After a failure nothing new is begun; what is under way still ends. The first failure that is no `LlmError` is
    raised, or else the first.

    Args:
        items: Taken one by one, as there is room.
        do: What to do.
        at_once: At least 1.
    """
    work = iter(items)
    stopped = False

    async def worker() -> None:
        nonlocal stopped
        for item in work:
            if stopped:
                return
            try:
                await do(item)
            except BaseException:
                stopped = True
                raise

    outcomes = await asyncio.gather(*(worker() for _ in range(at_once)), return_exceptions=True)
    for outcome in sorted((one for one in outcomes if one is not None), key=lambda one: isinstance(one, LlmError)):
        raise outcome


def _asked_wait(state: Any) -> float:
    """Seconds that the endpoint asked to wait before the next try; 0 where it did not."""
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, _NoAnswerError) else 0.0


def openai_library() -> Any:
    """The client library.

    Raises:
        MissingExtraError: If it is not installed.
    """
    return import_extra("openai", "builder", _PURPOSE)


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
