"""Models at an OpenAI-compatible endpoint, with concurrent requests; each reply is stored as soon as it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from builder.config import LlmConfig
from builder.errors import LlmError
from builder.llm.answer_cache import Answer
from builder.llm.engine import content_of, read_completion
from builder.llm.meter import Meter
from builder.llm.sender import RefusedRequestError, Sender, UnansweredRequestError, connect, each
from builder.progress import Progress
from petoolbench.run_files import OpenRun
from petoolbench.runs import Line

from .model_requests import ModelRequest
from .tool_calling import text_of_calls

TASK: Final = "predict"
_NEVER: Final = frozenset({401, 402, 403, 404})
"""HTTP statuses that concern every request, so that the run ends at the first one."""
_MAX_CONSECUTIVE: Final = 8
"""Number of consecutive failures after which the endpoint, not the single request, is considered faulty."""
_FIRST_RETRIES: Final = 3
"""Retries of a request before the first reply of the endpoint."""


class OnlineModel:
    """A model at an endpoint.

    Args:
        base_url: URL of the endpoint; None for the default of the client library.
        api_key: Key of the endpoint.
        config: Model, retries and connections.
        sampling: Request fields in addition to messages and tools.
        meter: Counter of tokens and cost, with the budget.
    """

    def __init__(
        self, base_url: str | None, api_key: str, config: LlmConfig, sampling: Mapping[str, Any], meter: Meter
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._config = config
        self._sampling = sampling
        self._meter = meter

    def ask(self, requests: Sequence[ModelRequest], run: OpenRun, progress: Progress) -> None:
        """Send requests and add each reply to the run.

        A single failed request becomes a line with its error. After several consecutive failures the run ends; their
        lines are not stored, so that the same command sends them again.

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
                answer = await self._send(sender, request)
            except (RefusedRequestError, UnansweredRequestError) as error:
                failures.add(request, error)
            else:
                self._meter.pay(TASK, answer)
                tokens = (answer.input_tokens, answer.output_tokens)
                run.add(Line(request.instance_id, answer.text, None, *tokens, request.dropped_steps))
                failures.store()
            done += 1
            progress(f"asking {self._config.model}", done, len(requests))

        async with connect(self._base_url, self._api_key, self._config, self._meter, _FIRST_RETRIES) as sender:
            await each(requests, ask, min(self._config.connections, max(len(requests), 1)))
        failures.settle()

    async def _send(self, sender: Sender, request: ModelRequest) -> Answer:
        body = {"model": self._config.model, **self._sampling, "messages": request.messages}
        if request.tools:
            body |= {"tools": request.tools, "tool_choice": "auto"}
        return await sender.send(lambda _: body, request.tokens, partial(_read, request=request))


def _read(completion: Any, request: ModelRequest) -> Answer:
    def text_of(message: Mapping[str, Any]) -> str:
        calls = message.get("tool_calls") or []
        return text_of_calls(calls, request.names) if calls else content_of(message)

    return read_completion(completion, request.tokens, text_of)


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
        """Add a failed request.

        Raises:
            LlmError: If the endpoint cannot be used.
        """
        if isinstance(error, RefusedRequestError) and error.status in _NEVER:
            raise error
        line = Line(request.instance_id, "", error=error.reason, dropped_steps=request.dropped_steps)
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
        raise LlmError(f"The last {number} requests failed and are not stored. The last error: {last}") from last
