"""Asking by the Batch API: the same requests in files, at half the price and in their own time.

What is under way is noted in the cache, so that a build that was killed waits for its batches instead of submitting
them again.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from builder.errors import BudgetError, LlmError

from .answer_cache import Answer
from .engine import Settings, each_once, read_completion, refusal, settle
from .request import Request, make_request
from .sender import openai_library
from .task import Payload, R, Refusal, Rejection, Task

_ENDPOINT: Final = "/v1/chat/completions"
_ENDED: Final = frozenset({"completed", "failed", "expired", "cancelled"})


class BatchEngine:
    """Asks by files.

    Args:
        settings: What to ask with; its cache keeps the batches under way too.
        sleep: Waits between two looks at a batch.
    """

    def __init__(self, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._openai = openai_library()
        config = settings.config
        self._client = self._openai.OpenAI(
            base_url=settings.base_url, api_key=settings.api_key, max_retries=config.retries, timeout=config.timeout_s
        )
        self._config = config
        self._cache = settings.cache
        self._meter = settings.meter
        self._progress = settings.progress
        self._sleep = sleep
        self._reserved: dict[str, float] = {}
        """Dollars set aside for the batches under way, by id."""
        self._elsewhere: set[str] = set()
        """Batches that this endpoint does not know, or not by this key: they are left to whoever submitted them."""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | Refusal]:
        """The reply to each payload, in order; as in `Engine`."""
        return each_once(task, payloads, lambda different: self._complete_all(task, different))

    def _complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | Refusal]:
        results: dict[int, R] = {}
        reasons: dict[int, Counter[str]] = {index: Counter() for index in range(len(payloads))}
        for attempt in range(self._config.attempts):
            missing = [index for index in reasons if index not in results]
            if not missing:
                break
            requests = {index: make_request(task, payloads[index], attempt, self._config) for index in missing}
            self._fetch(requests.values())
            for index, request in requests.items():
                answer = self._cache.get(request.key)
                if answer is None:
                    reasons[index]["no_answer_in_batch"] += 1
                    continue
                reply = settle(task, payloads[index], answer, self._meter)
                if isinstance(reply, Rejection):
                    reasons[index][reply.reason] += 1
                else:
                    results[index] = reply
            self._progress(f"asking the model: {task.name}", len(results), len(payloads))
        return [results[index] if index in results else refusal(found) for index, found in reasons.items()]

    def _fetch(self, requests: Iterable[Request]) -> None:
        """Get an answer for every request that has none, as far as the endpoint gives one."""
        wanted: dict[str, Request] = {request.key: request for request in requests}
        try:
            for round_ in range(self._config.retries + 1):
                under_way = {
                    batch_id: keys
                    for batch_id, keys in self._cache.open_batches().items()
                    if wanted.keys() & set(keys) and self._is_here(batch_id)
                }
                known = {key for keys in under_way.values() for key in keys}
                todo = [one for key, one in wanted.items() if key not in known and self._cache.get(key) is None]
                if not todo and not under_way:
                    return
                if round_ and todo:
                    self._meter.faults["batch_line_without_answer"] += len(todo)
                try:
                    for part in self._parts(todo):
                        under_way[self._submit(part)] = [one.key for one in part]
                finally:
                    # Also where the budget ends the submitting: what is under way is paid for.
                    for batch_id in sorted(under_way):
                        self._collect(batch_id, wanted)
        except self._openai.APIError as error:
            raise LlmError(
                f"The Batch API of {str(self._client.base_url)!r} cannot be used: {error}. All answers so far are "
                "kept: run the same command again, and it goes on from here."
            ) from error

    def _is_here(self, batch_id: str) -> bool:
        if batch_id not in self._reserved and batch_id not in self._elsewhere:
            try:
                self._client.batches.retrieve(batch_id)
            except self._openai.NotFoundError:
                self._meter.faults["batch_not_found"] += 1
                self._elsewhere.add(batch_id)
        return batch_id not in self._elsewhere

    def _parts(self, requests: Sequence[Request]) -> Iterator[list[Request]]:
        """Requests in files within the API's limits."""
        part: list[Request] = []
        size = 0
        for request in requests:
            length = len(_line(request).encode())
            if part and (len(part) == self._config.batch_requests or size + length > self._config.batch_bytes):
                yield part
                part, size = [], 0
            part.append(request)
            size += length
        if part:
            yield part

    def _submit(self, part: Sequence[Request]) -> str:
        """Submit a file; its greatest cost is set aside until its answers are here.

        Raises:
            BudgetError: If it could cost more than is allowed.
        """
        reserved = 0.0
        try:
            for request in part:
                reserved += self._meter.reserve(request.input_tokens)
        except BudgetError:
            self._meter.release(reserved)
            raise
        content = "".join(_line(request) for request in part).encode()
        uploaded = self._client.files.create(file=("requests.jsonl", content), purpose="batch")
        batch = self._client.batches.create(input_file_id=uploaded.id, endpoint=_ENDPOINT, completion_window="24h")
        self._cache.add_batch(batch.id, [request.key for request in part])
        self._reserved[batch.id] = reserved
        return str(batch.id)

    def _collect(self, batch_id: str, wanted: Mapping[str, Request]) -> None:
        """Wait for a batch and keep its answers, those too that another build with the same cache asked for."""
        while (batch := self._client.batches.retrieve(batch_id)).status not in _ENDED:
            self._sleep(self._config.batch_poll_s)
        if batch.status != "completed":
            self._meter.faults[f"batch_{batch.status}"] += 1
        if batch.output_file_id:
            output = self._client.files.content(batch.output_file_id).text
            # Not splitlines: a reply may hold other line separators, which JSON leaves as they are.
            found = dict(filter(None, (_answer(line, wanted) for line in output.split("\n"))))
            new = {key: answer for key, answer in found.items() if self._cache.get(key) is None}
            # All requests of a batch are of one task, and one of them at least is wanted.
            task = next(iter(wanted.values())).task
            for key in new.keys() & wanted.keys():
                self._meter.pay(task, new[key])
            self._cache.put_all((key, task, answer) for key, answer in new.items())
        self._cache.end_batch(batch_id)
        self._meter.release(self._reserved.pop(batch_id, 0.0))


def _line(request: Request) -> str:
    line = {
        "custom_id": request.key,
        "method": "POST",
        "url": _ENDPOINT,
        "body": request.shaped("json_schema"),
    }
    return json.dumps(line, ensure_ascii=False) + "\n"


def _answer(line: str, wanted: Mapping[str, Request]) -> tuple[str, Answer] | None:
    """Key and answer in a line of a batch's output; None where it holds none."""
    try:
        record = json.loads(line)
        key, response = record["custom_id"], record["response"]
        if response["status_code"] != 200:
            return None
        return key, read_completion(response["body"], wanted[key].input_tokens if key in wanted else 0)
    except (ValueError, KeyError, TypeError):
        return None
