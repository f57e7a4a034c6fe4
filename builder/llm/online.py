"""Engine that sends single requests, with adaptive concurrency."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial

from .engine import STAGE, Settings, each_once, read_and_count, read_completion, refusal
from .request import make_request
from .request_fields import RequestFields
from .sender import Sender, connect, each
from .task import FailedRequest, Payload, R, RejectedReply, Task


class OnlineEngine:
    """Engine that sends each request on its own, many concurrently.

    Args:
        settings: Settings of the engine.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._fields = RequestFields()
        """What the endpoint refuses, for all tasks."""

    def complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | FailedRequest]:
        """Return the reply to each payload, in order, as described in `Engine`."""
        return each_once(task, payloads, lambda distinct: asyncio.run(self._complete_all(task, distinct)))

    async def _complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | FailedRequest]:
        settings = self._settings
        results: dict[int, R | FailedRequest] = {}
        settings.meter.asked[task.name] += len(payloads)

        async def complete(index: int) -> None:
            results[index] = await self._complete(sender, task, payloads[index])
            settings.meter.finished[task.name] += 1
            settings.progress(f"{STAGE}{task.name}", len(results), len(payloads))

        async with connect(
            settings.base_url, settings.api_key, settings.config, settings.meter, fields=self._fields
        ) as sender:
            # After a failure, requests in flight still finish and their answers are cached.
            await each(range(len(payloads)), complete, min(settings.config.connections, len(payloads)))
        return [results[index] for index in range(len(payloads))]

    async def _complete(self, sender: Sender, task: Task[R], payload: Payload) -> R | FailedRequest:
        """Send a payload until a reply is accepted or the attempts are used up."""
        cache, meter = self._settings.cache, self._settings.meter
        reasons: Counter[str] = Counter()
        for attempt in range(self._settings.config.attempts):
            request = make_request(task, payload, attempt, self._settings.config)
            answer = cache.get(request.key)
            if answer is None:
                answer = await sender.send(
                    request.shaped,
                    request.input_tokens,
                    partial(read_completion, input_tokens=request.input_tokens),
                )
                cache.put(request.key, task.name, answer)
                meter.pay(task.name, answer)
            else:
                meter.cached[task.name] += 1
            reply = read_and_count(task, payload, answer, meter)
            if not isinstance(reply, RejectedReply):
                return reply
            reasons[reply.reason] += 1
        return refusal(reasons)
