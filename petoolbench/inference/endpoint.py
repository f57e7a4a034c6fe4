"""Models at an OpenAI-compatible endpoint, with concurrent requests; each reply is stored as soon as it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Final

from builder.errors import LlmError
from builder.llm.answer_cache import Answer
from builder.llm.completion import Completion, estimated_tokens, read_reply
from builder.llm.meter import Meter
from builder.llm.request_fields import API, RequestFields
from builder.llm.sender import RefusedRequestError, Sender, UnansweredRequestError, connect, each
from builder.progress import Progress
from petoolbench.run_files import OpenRun
from petoolbench.run_settings import RunSettings
from petoolbench.runs import Line

from .endpoint_advice import Adviser
from .model_requests import ModelRequest, request_body
from .reply_lines import failed_line, line_of

Notify = Callable[[str], None]
"""Reports a notice to the user."""
TASK: Final = "predict"
_MAX_CONSECUTIVE: Final = 8
"""Number of consecutive failures after which the endpoint, not the single request, is considered faulty."""
_FIRST_RETRIES: Final = 3
"""Retries of a request before the first reply of the endpoint."""


class OnlineModel:
    """A model at an endpoint.

    Args:
        settings: Model, address and sampling.
        api_key: Key of the endpoint.
        meter: Counter of tokens and cost, with the budget; its config has retries and connections.
        notify: Called with a notice when a request field is left out.
    """

    def __init__(self, settings: RunSettings, api_key: str, meter: Meter, notify: Notify) -> None:
        self._settings = settings
        self._api_key = api_key
        self._meter = meter
        self._notify = notify

    def ask(self, requests: Sequence[ModelRequest], run: OpenRun, progress: Progress) -> None:
        """Send requests and add each reply to the run.

        The first request is sent alone: what the endpoint refuses about it is left out of the others, and noted in the
        header of the run. A single failed request becomes a line with its error. After several consecutive failures the
        run ends; their lines are not stored, so that the same command sends them again.

        Args:
            requests: Requests that fit the context window.
            run: Run that receives the replies.
            progress: Progress callback.

        Raises:
            BudgetError: If the next request could exceed the budget.
            LlmError: If the endpoint cannot be used.
            OutputError: If the run file cannot be written.
        """
        asyncio.run(self._ask_all(requests, run, progress))

    async def _ask_all(self, requests: Sequence[ModelRequest], run: OpenRun, progress: Progress) -> None:
        failures = _Failures(run)
        done = 0

        async def ask(request: ModelRequest) -> None:
            nonlocal done
            try:
                reply = await self._send(sender, request)
            except (RefusedRequestError, UnansweredRequestError) as error:
                failures.add(request, error)
            else:
                line = reply_line(request, reply)
                self._meter.pay(TASK, answer_of(line))
                run.add(line)
                failures.store()
            done += 1
            progress(f"asking {self._settings.model}", done, len(requests))

        async with self._connect(run) as sender:
            for request in requests[:1]:
                await ask(request)
            await each(requests[1:], ask, min(self._meter.config.connections, max(len(requests), 1)))
        failures.settle()

    def _connect(self, run: OpenRun) -> AbstractAsyncContextManager[Sender]:
        def adapted(fields: Mapping[str, str | None]) -> None:
            run.record_adapted(fields)
            self._notify(_notice(fields))

        answered = any(line.error is None for line in run.done.values())
        fields = RequestFields(self._settings.body, run.header.adapted, settled=answered, notify=adapted)
        config, advise = self._meter.config, Adviser(self._settings)
        url = self._settings.base_url
        return connect(url, self._api_key, config, self._meter, _FIRST_RETRIES, fields, advise)

    async def _send(self, sender: Sender, request: ModelRequest) -> Completion:
        body = request_body(request, self._settings)
        return await sender.send(lambda _: body, request.tokens, read_reply)


def reply_line(request: ModelRequest, reply: Completion) -> Line:
    """Return the line of the run file for a reply. Token counts that the endpoint does not state are estimated."""
    line = line_of(request.asked, reply)
    parts = (line.prediction, reply.reasoning, reply.refusal, line.content or "")
    return replace(
        line,
        input_tokens=reply.input_tokens or request.tokens,
        output_tokens=reply.output_tokens or estimated_tokens("".join(parts)),
    )


def answer_of(line: Line) -> Answer:
    """Return the text and the tokens of a line, for the meter."""
    return Answer(line.prediction, line.input_tokens or 0, line.output_tokens or 0)


def _notice(adapted: Mapping[str, str | None]) -> str:
    states = "The header of the run file states it."
    if API in adapted:
        adapted = {name: other for name, other in adapted.items() if name not in (API, "seed")}
        moved = "Requests are sent to the Responses API, which the endpoint names for this model; it has no seed."
        if not adapted:
            return f"{moved} {states}"
    parts = [
        f"{name!r} is left out" if other is None else f"{other!r} is sent instead of {name!r}"
        for name, other in adapted.items()
    ]
    return f"The endpoint refuses some fields of the request: {', '.join(parts)}. {states}"


class _Failures:
    """Failed requests that are not stored yet: a later success first has to show that the endpoint works.

    Args:
        run: Run to which their lines are added.
    """

    def __init__(self, run: OpenRun) -> None:
        self._run = run
        self._pending: list[tuple[Line, LlmError]] = []
        self._succeeded = False

    def add(self, request: ModelRequest, error: RefusedRequestError | UnansweredRequestError) -> None:
        """Add a failed request. One that a content filter refused is stored: the endpoint works.

        Raises:
            LlmError: If the endpoint cannot be used.
        """
        if isinstance(error, RefusedRequestError) and error.concerns_all:
            raise error
        filtered = isinstance(error, RefusedRequestError) and error.is_filter
        line = failed_line(request.asked, error.reason, filtered=filtered)
        if filtered:
            self._run.add(line)
            return
        self._pending.append((line, error))
        if len(self._pending) >= _MAX_CONSECUTIVE:
            self._give_up()

    def store(self) -> None:
        """Store the failures, because a request succeeded."""
        self._succeeded = True
        for line, _ in self._pending:
            self._run.add(line)
        self._pending.clear()

    def settle(self) -> None:
        """Store the remaining failures if the endpoint works; call it after the last request.

        The endpoint works if a request of this attempt succeeded, or if an earlier attempt did and all failures are
        refusals.

        Raises:
            LlmError: If the endpoint does not work.
        """
        earlier = any(line.error is None for line in self._run.done.values())
        refused = all(isinstance(error, RefusedRequestError) for _, error in self._pending)
        if not self._pending or self._succeeded or (earlier and refused):
            self.store()
        else:
            self._give_up()

    def _give_up(self) -> None:
        number, last = len(self._pending), self._pending[-1][1]
        self._pending.clear()
        if number == 1:
            raise last
        raise LlmError(f"The last {number} requests failed and are not stored. The last error: {last}")
