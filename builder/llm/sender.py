"""Asynchronous sender of requests to an OpenAI-compatible endpoint, with retries and rate limiting."""

from __future__ import annotations

import asyncio
import email.utils
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn, TypeVar

from builder.errors import LlmError
from builder.extras import import_extra
from builder.llm_config import AUTO, LlmConfig
from builder.words import sentence
from metrics.redaction import redacted, without_keys

from .completion import StreamError, completion_in, reports_error
from .endpoint_errors import EndpointMessage, decoded, error_of, one_line, read_error, secret_of
from .limiter import AdaptiveLimiter
from .meter import Meter
from .request import SHAPES, Shape
from .request_fields import RequestFields
from .responses_api import CHAT_PATH, RESPONSES, RESPONSES_PATH, names_responses, response_request

T = TypeVar("T")
Advise = Callable[[int, EndpointMessage, Mapping[str, Any]], str]
"""Returns the next step for a refused request: from the HTTP status, the message, and the body of the request."""
_RETRIED_STATUS: Final = frozenset({408, 409, 425, 429})
"""Client errors (4xx) that are retried. Server errors (5xx) are always retried."""
_CONCERNS_ALL: Final = frozenset({401, 402, 403, 404})
"""Client errors that concern every request, not only this one."""
_REFUSED_TEMPLATE: Final = ("system role", "roles must alternate")
"""Parts of messages about the chat template, which refuses a request again; servers send them with any status."""
_FORMAT: Final = re.compile(r"response_format|text\.format")
"""Names of the field with the format of a reply, in both interfaces."""
_LONGEST_WAIT_S: Final = 60.0
_PURPOSE: Final = "Querying a language model"
_LIBRARIES: Final = ("openai", "tenacity", "httpx2")
_KEPT: Final = "All answers so far are kept. Run the same command again to resume."


class RefusedRequestError(LlmError):
    """Raised when the endpoint refuses a request and a retry would not help."""

    def __init__(self, text: str, status: int, message: EndpointMessage) -> None:
        super().__init__(text)
        self.status = status
        """HTTP status, of the response or stated in its body."""
        self.reason = f"status_{status}: {message.line}"
        """HTTP status and the endpoint's message."""
        self.is_filter = message.is_filter
        """True if a content filter refused this one request."""
        self.concerns_all = message.is_quota or (status in _CONCERNS_ALL and not message.is_filter)
        """True if further requests would be refused as well."""


class UnansweredRequestError(LlmError):
    """Raised when a request has no answer after all retries."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason
        """Reason of the last failure, with the endpoint's message."""


class _NoAnswerError(Exception):
    """Internal signal that a request failed and can be retried."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class _ReportedError(Exception):
    """Internal signal that a response with a success status reports an error."""

    def __init__(self, message: EndpointMessage) -> None:
        super().__init__(message.text)
        self.message = message


class Sender:
    """Sender of chat completion requests over an open connection.

    Args:
        client: An `openai.AsyncOpenAI` with its own retries disabled.
        config: Model, retries and limits.
        meter: Counts failures and holds the budget.
        first_retries: Maximum number of retries until the endpoint has answered once, so that a wrong base URL is
            reported early. None for the config's number of retries.
        fields: Fields that the endpoint may refuse; by default those that any request can do without.
        advise: Returns the next step for a refused request.
    """

    def __init__(
        self,
        client: Any,
        config: LlmConfig,
        meter: Meter,
        first_retries: int | None = None,
        fields: RequestFields | None = None,
        advise: Advise | None = None,
    ) -> None:
        self._client = client
        self._first_retries = config.retries if first_retries is None else min(first_retries, config.retries)
        self._alive = False
        self._config = config
        self._meter = meter
        self._limiter = AdaptiveLimiter(config.connections)
        self._openai, self._tenacity, httpx2 = (import_extra(name, "builder", _PURPOSE) for name in _LIBRARIES)
        self._response_class, self._connect_timeout = httpx2.Response, httpx2.ConnectTimeout
        self._shape = 0
        self._fields = fields or RequestFields()
        self._advise = advise or _builder_advice
        self._key = secret_of(client.api_key)
        self._address = without_keys(str(client.base_url), self._key)
        self._url = str(client.base_url).rstrip("/")
        """Base URL; requests have complete URLs, because the client library is slow to build one for each request."""
        if config.api == RESPONSES:
            self._fields.use_responses()

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
            number = error.last_attempt.attempt_number
            raise UnansweredRequestError(
                f"The endpoint {self._address!r} gave no answer in {number} "
                f"{'attempt' if number == 1 else 'attempts'}. The last failure: {sentence(last)} {_KEPT}",
                last,
            ) from None
        finally:
            self._meter.release(reserved)
        raise AssertionError("unreachable: tenacity returns or raises")

    @property
    def _retries(self) -> int:
        """Number of retries that are currently allowed."""
        return self._config.retries if self._alive else self._first_retries

    async def _send(self, shaped: Callable[[Shape], dict[str, Any]], read: Callable[[Any], T]) -> T:
        shape, applied = self._shape, dict(self._fields.adapted)
        uses_responses = self._fields.uses_responses
        wanted = shaped(SHAPES[shape])
        body = self._fields.apply(response_request(wanted) if uses_responses else wanted)
        url = f"{self._url}{RESPONSES_PATH if uses_responses else CHAT_PATH}"
        try:
            # The low-level method of the library. The high-level one walks through the reply's schema for every
            # request, which took longer than everything else.
            response = await self._client.post(url, body=body, cast_to=self._response_class)
            answer = self._read(response, read)
        except self._openai.APIStatusError as error:
            message = self._message(error.response)
            if self._is_adapted(error.status_code, message, body, shape, applied):
                return await self._send(shaped, read)
            self._fail_with_status(error.status_code, message, body, error.response.headers)
        except _ReportedError as error:
            self._fail_with_report(error.message, body)
        except self._openai.APITimeoutError as error:
            # The client library also reports a timeout if the host is unknown or refuses the connection.
            connected = not isinstance(error.__cause__, self._connect_timeout)
            self._no_answer("timed_out" if connected else "not_reached", "", 0.0)
        except self._openai.APIConnectionError:
            self._no_answer("connection_lost", "", 0.0)
        except (self._openai.APIResponseValidationError, ValueError) as error:
            self._no_answer("no_chat_completion", one_line(without_keys(str(error), self._key)), 0.0)
        self._alive = self._fields.settled = True
        self._limiter.record_success()
        return answer

    def _read(self, response: Any, read: Callable[[Any], T]) -> T:
        """Return the answer in a response with a success status."""
        kind = response.headers.get("content-type", "")
        text = decoded(response.content, kind)
        try:
            completion = redacted(completion_in(text), self._key)
        except StreamError as error:
            raise _ReportedError(error_of(error.body, self._key)) from None
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            raise _ReportedError(read_error(text, self._key, kind)) from None
        if reports_error(completion):
            raise _ReportedError(error_of(completion, self._key))
        try:
            return read(completion)
        except ValueError:
            raise _ReportedError(error_of(completion, self._key)) from None

    def _message(self, response: Any) -> EndpointMessage:
        """Return the error that a response with an error status reports."""
        kind = response.headers.get("content-type", "")
        return read_error(decoded(response.content, kind), self._key, kind)

    def _is_adapted(
        self, status: int, message: EndpointMessage, body: Mapping[str, Any], shape: int, applied: Mapping[str, Any]
    ) -> bool:
        """Return True if a refused request should be sent again in another form, which later requests have as well."""
        if "input" not in body and self._config.api == AUTO and names_responses(status, message):
            # The endpoint, or the model, offers only the Responses API. All requests use it.
            return self._fields.use_responses()
        if status == 400 and SHAPES[shape] != "text" and _FORMAT.search(" ".join([message.text, *message.fields])):
            # The server does not support this response format. All later requests use a simpler one.
            self._shape = max(self._shape, shape + 1)
            return True
        return status in (400, 422) and self._fields.learn(message, body, applied)

    def _fail_with_report(self, message: EndpointMessage, body: Mapping[str, Any]) -> NoReturn:
        """Raise an error for a response with a success status that is no completion."""
        if message.status is not None or message.is_quota:
            self._fail_with_status(message.status or 429, message, body, {})
        self._no_answer("no_chat_completion", message.line, 0.0)

    def _fail_with_status(
        self,
        status: int,
        message: EndpointMessage,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> NoReturn:
        """Raise `_NoAnswerError` if a request with this error status can be retried, else `RefusedRequestError`."""
        is_retried = status in _RETRIED_STATUS or status >= 500
        if is_retried and not message.is_quota and not any(part in message.text.lower() for part in _REFUSED_TEMPLATE):
            self._no_answer(f"status_{status}", message.line, retry_after(headers))
        raise RefusedRequestError(
            f"The endpoint {self._address!r} refuses requests for the model {self._config.model!r}: "
            f"status {status}: {sentence(message.line)} {self._advise(status, message, body)}",
            status,
            message,
        ) from None  # the text of the cause may contain the key

    def _no_answer(self, reason: str, text: str, seconds: float) -> NoReturn:
        """Count a temporary failure and raise `_NoAnswerError`."""
        self._meter.faults[reason] += 1
        if reason == "status_429":
            self._alive = True
            self._limiter.record_overload(seconds)
        raise _NoAnswerError(f"{reason}: {text}" if text else reason, seconds) from None


def advice(status: int, message: EndpointMessage, body: Mapping[str, Any]) -> str:
    """Return the next step for a refused request, by its status.

    Args:
        status: HTTP status.
        message: Message of the endpoint.
        body: Body of the request.
    """
    if message.is_quota or status == 402:
        return f"The quota or the balance of the account is used up. Renew it. {_KEPT}"
    if status in (401, 403):
        return "Check the API key, and whether it may use the model."
    if status == 404:
        return "Check the model name and the base URL, which usually ends in /v1."
    return f"Check the request, whose fields are {', '.join(sorted(body))}, and the model name."


def _builder_advice(status: int, message: EndpointMessage, body: Mapping[str, Any]) -> str:
    """Return the next step for a refused request of the builder. The arguments are those of `advice`."""
    other = ' An endpoint with only the Responses API needs [llm] api = "responses", or --api responses.'
    return advice(status, message, body) + (other if status == 404 and "messages" in body else "")


@asynccontextmanager
async def connect(
    base_url: str | None,
    api_key: str,
    config: LlmConfig,
    meter: Meter,
    first_retries: int | None = None,
    fields: RequestFields | None = None,
    advise: Advise | None = None,
) -> AsyncIterator[Sender]:
    """Open a sender that uses aiohttp, the fastest backend of the client library.

    Args:
        base_url: Base URL of the endpoint, such as `http://127.0.0.1:8080/v1`; None for the client library's default.
        api_key: API key of the endpoint.
        config: Model, retries and limits.
        meter: Counts failures and holds the budget.
        first_retries: As in `Sender`.
        fields: As in `Sender`.
        advise: As in `Sender`.

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
        yield Sender(client, config, meter, first_retries, fields, advise)


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
