"""Engine that sends the requests of a task in batch files."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from .batch_client import BatchClient, BatchRequest
from .engine import STAGE, Settings, each_once, read_and_count, refusal
from .request import make_request
from .task import FailedRequest, Payload, R, RejectedReply, Task


class BatchEngine:
    """Engine that sends requests in batch files.

    Args:
        settings: Settings of the engine. Its cache also records the submitted batches.
        sleep: Waits the given seconds between two polls of a batch.
    """

    def __init__(self, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = BatchClient(settings, sleep=sleep)
        self._config = settings.config
        self._cache = settings.cache
        self._meter = settings.meter
        self._progress = settings.progress

    def close(self) -> None:
        """Close the connections to the endpoint."""
        self._client.close()

    def complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | FailedRequest]:
        """Return the reply to each payload, in order, as described in `Engine`."""
        return each_once(task, payloads, lambda distinct: self._complete_all(task, distinct))

    def _complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | FailedRequest]:
        results: dict[int, R] = {}
        reasons: dict[int, Counter[str]] = {index: Counter() for index in range(len(payloads))}
        self._meter.asked[task.name] += len(payloads)
        for attempt in range(self._config.attempts):
            missing = [index for index in reasons if index not in results]
            if not missing:
                break
            for index, reply in self._attempt(task, payloads, missing, attempt):
                if isinstance(reply, RejectedReply):
                    reasons[index][reply.reason] += 1
                else:
                    results[index] = reply
                    self._meter.finished[task.name] += 1
            self._progress(f"{STAGE}{task.name}", len(results), len(payloads))
        self._meter.finished[task.name] += len(payloads) - len(results)
        return [results[index] if index in results else refusal(reasons[index]) for index in range(len(payloads))]

    def _attempt(
        self, task: Task[R], payloads: Sequence[Payload], indices: Sequence[int], attempt: int
    ) -> Iterator[tuple[int, R | RejectedReply]]:
        """Send some of the payloads once and yield the index and the reply of each."""
        requests = {index: make_request(task, payloads[index], attempt, self._config) for index in indices}
        self._client.fetch(
            task.name,
            (
                BatchRequest(request.key, request.shaped("json_schema"), request.input_tokens)
                for request in requests.values()
            ),
        )
        for index, request in requests.items():
            answer = self._cache.get(request.key)
            if answer is None:
                yield index, RejectedReply("no_answer_in_batch")
            else:
                yield index, read_and_count(task, payloads[index], answer, self._meter)
