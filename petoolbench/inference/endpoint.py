"""Asking an endpoint, many at once; every answer is in the run file before anything else happens."""

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

from .requests import ModelRequest
from .tool_calling import text_of_calls

TASK: Final = "predict"
_NEVER: Final = frozenset({401, 402, 403, 404})
"""Statuses that every request would get."""
_IN_A_ROW: Final = 8
"""So many failures one after the other are no longer taken for faults of single items."""
_FIRST_RETRIES: Final = 3
"""Retries of a request before the endpoint has shown any life."""


class OnlineModel:
    """A model at an endpoint.

    Args:
        base_url: The endpoint; None for the client library's own.
        api_key: Its key.
        config: Model, retries, connections.
        sampling: Keys of the request beside messages and tools.
        meter: Counts, and holds the budget.
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
        """Ask, and keep what it says.

        A request that fails by itself stays a line with its reason. Where many fail in a row nothing is kept of them,
        so that the same command asks them again.

        Args:
            requests: What is asked; all fit.
            run: Where answers are kept.
            progress: Called as the work goes on.

        Raises:
            BudgetError: If the next request could cost more than is allowed.
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
                failures.passed()
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
    """Failed requests that are not kept yet: not before a later one passes, which shows that the endpoint works.

    Args:
        run: Where they are kept then.
    """

    def __init__(self, run: OpenRun) -> None:
        self._run = run
        self._pending: list[tuple[Line, LlmError]] = []
        self._passed = False

    def add(self, request: ModelRequest, error: RefusedRequestError | UnansweredRequestError) -> None:
        """Note one.

        Raises:
            LlmError: If the endpoint is of no use.
        """
        if isinstance(error, RefusedRequestError) and error.status in _NEVER:
            raise error
        line = Line(request.instance_id, "", error=error.reason, dropped_steps=request.dropped_steps)
        self._pending.append((line, error))
        if len(self._pending) >= _IN_A_ROW:
            self._give_up()

    def passed(self) -> None:
        """A request had an answer."""
        self._passed = True
        for line, _ in self._pending:
            self._run.add(line)
        self._pending.clear()

    def settle(self) -> None:
        """Keep the rest, where something passed at all, or each was refused and earlier ones passed.

        Raises:
            LlmError: If nothing did.
        """
        earlier = any(line.error is None for line in self._run.done.values())
        refused = all(isinstance(error, RefusedRequestError) for _, error in self._pending)
        if not self._pending or self._passed or (earlier and refused):
            self.passed()
        else:
            self._give_up()

    def _give_up(self) -> None:
        number, last = len(self._pending), self._pending[-1][1]
        self._pending.clear()
        if number == 1:
            raise last
        raise LlmError(f"The last {number} requests failed and are not kept. The last one: {last}") from last
