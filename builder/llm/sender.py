"""Asynchronous sender of requests to an OpenAI-compatible endpoint, with retries and rate limiting."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn, TypeVar

from builder.config import LlmConfig
from builder.errors import LlmError
from builder.extras import import_extra
from builder.words import sentence

from .limiter import AdaptiveLimiter
from .meter import Meter
from .request import SHAPES, Shape

T = TypeVar("T")
_RETRIED_STATUS: Final = frozenset({408, 409, 425, 429})
"""Client errors (4xx) that are retried. Server errors (5xx) are always retried."""
_LONGEST_WAIT_S: Final = 60.0
_PURPOSE: Final = "Querying a language model"
_LIBRARIES: Final = ("openai", "tenacity", "httpx2")
_KEPT: Final = "All answers so far are kept. Run the same command again to resume."


class RefusedRequestError(LlmError):
    """Raised when the endpoint refuses a request and a retry would not help."""

    def __init__(self, text: str, status: int, reason: str) -> None:
        super().__init__(text)
        self.status = status
        """HTTP status."""
        self.reason = reason
        """HTTP status and a short form of the endpoint's message."""


class UnansweredRequestError(LlmError):
    """Raised when a request has no answer after all retries."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason
        """Reason of the last failure."""


class _NoAnswerError(Exception):
    """Internal signal that a request failed and can be retried."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Sender:
    """Sender of chat completion requests over an open connection.

    Args:
        client: An `openai.AsyncOpenAI` with its own retries disabled.
        config: Model, retries and limits.
        meter: Counts failures and holds the budget.
        first_retries: Maximum number of retries until the endpoint has answered once, so that a wrong base URL is
            reported early. None for the config's number of retries.
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
        """Complete URL, because the client library is slow to build it for each request."""

    async def send(self, shaped: Callable[[Shape], dict[str, Any]], input_tokens: int, read: Callable[[Any], T]) -> T:
        """Send a chat completion request, with retries.

        Args:
            shaped: Returns the body of the request for one of the `SHAPES`.
            input_tokens: Estimated tokens of the request.
            read: Extracts the answer from the decoded completion. If it raises `ValueError`, the request is retried.

        Returns:
            The result of `read`.

        Raises:
            BudgetError: If the request could exceed the budget.
            RefusedRequestError: If the endpoint refuses the request.
            UnansweredRequestError: If there is no answer after all retries.
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
                f"tries. The last failure: {last}. {_KEPT}",
                last,
            ) from error
        finally:
            self._meter.release(reserved)
        raise AssertionError("unreachable: tenacity returns or raises")

    @property
    def _retries(self) -> int:
        """Number of retries that are currently allowed."""
        return self._config.retries if self._alive else self._first_retries

    async def _send(self, shaped: Callable[[Shape], dict[str, Any]], read: Callable[[Any], T]) -> T:
        shape = self._shape
        try:
            # The low-level method of the library. The high-level one walks through the reply's schema for every
            # request, which took longer than everything else.
            response = await self._client.post(self._url, body=shaped(SHAPES[shape]), cast_to=self._response_class)
            answer = read(json.loads(response.content))
        except self._openai.APIStatusError as error:
            if error.status_code == 400 and SHAPES[shape] != "text" and "response_format" in str(error.message):
                # The server does not support this response format. All later requests use a simpler one.
                self._shape = max(self._shape, shape + 1)
                return await self._send(shaped, read)
            self._fail_with_status(error)
        except self._openai.APITimeoutError as error:
            # The client library also reports a timeout if the host is unknown or refuses the connection.
            connected = not isinstance(error.__cause__, self._connect_timeout)
            self._no_answer("timed_out" if connected else "not_reached", 0.0, error)
        except self._openai.APIConnectionError as error:
            self._no_answer("connection_lost", 0.0, error)
        except (self._openai.APIResponseValidationError, ValueError) as error:
            self._no_answer("no_chat_completion", 0.0, error)
        self._alive = True
        self._limiter.record_success()
        return answer

    def _fail_with_status(self, error: Any) -> NoReturn:
        """Raise `_NoAnswerError` if a request with this error status can be retried, else `RefusedRequestError`."""
        status, message = error.status_code, _short(error.message)
        if status in _RETRIED_STATUS or status >= 500:
            self._no_answer(f"status_{status}", retry_after(error.response.headers), error)
        raise RefusedRequestError(
            f"The endpoint {str(self._client.base_url)!r} refuses requests for the model {self._config.model!r}: "
            f"status {status}: {sentence(message)} Check the API key, the model name and the base URL.",
            status,
            f"status_{status}: {message}",
        ) from error

    def _no_answer(self, reason: str, seconds: float, error: Exception) -> NoReturn:
        """Count a temporary failure and raise `_NoAnswerError`."""
        self._meter.faults[reason] += 1
        if reason == "status_429":
            self._alive = True
            self._limiter.record_overload(seconds)
        raise _NoAnswerError(reason, seconds) from error


@asynccontextmanager
async def connect(
    base_url: str | None, api_key: str, config: LlmConfig, meter: Meter, first_retries: int | None = None
) -> AsyncIterator[Sender]:
    """Open a sender that uses aiohttp, the fastest backend of the client library.

    Args:
        base_url: Base URL of the endpoint, such as `http://127.0.0.1:8080/v1`; None for the client library's default.
        api_key: API key of the endpoint.
        config: Model, retries and limits.
        meter: Counts failures and holds the budget.
        first_retries: As in `Sender`.

    Yields:
        The sender, until the context ends.

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
    """Call a coroutine function for each item, a limited number concurrently.

    After a failure no further call starts, but the running ones finish. Then the first error that is not an `LlmError`
    is raised, or the first `LlmError` if there is no other.

    Args:
        items: The items, consumed lazily.
        do: The coroutine function.
        at_once: Maximum number of concurrent calls, at least 1.
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

    results = await asyncio.gather(*(worker() for _ in range(at_once)), return_exceptions=True)
    errors = [error for error in results if error is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, LlmError)):
        raise error


def _asked_wait(state: Any) -> float:
    """Return the seconds that the endpoint asked to wait before the next retry, or 0."""
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, _NoAnswerError) else 0.0


def openai_library() -> Any:
    """Import and return the `openai` client library.

    Raises:
        MissingExtraError: If it is not installed.
    """
    return import_extra("openai", "builder", _PURPOSE)


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that a server asks to wait before a retry.

    Args:
        headers: Response headers. `retry-after-ms` takes precedence over `retry-after`, a number or a date.

    Returns:
        Seconds, 0 to 60; 0 if the headers give no valid value.
    """
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
