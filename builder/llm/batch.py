"""Engine for the Batch API, which answers files of requests at a lower price, within 24 hours.

Submitted batches are recorded in the cache, so that a build that was killed waits for them instead of submitting the
requests again.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from builder.errors import BudgetError, LlmError

from .answer_cache import Answer
from .engine import Settings, each_once, read_and_count, read_completion, refusal
from .request import Request, make_request
from .sender import openai_library
from .task import FailedRequest, Payload, R, RejectedReply, Task

_ENDPOINT: Final = "/v1/chat/completions"
_ENDED: Final = frozenset({"completed", "failed", "expired", "cancelled"})


class BatchEngine:
    """Engine that sends requests in batch files.

    Args:
        settings: Settings of the engine. Its cache also records the submitted batches.
        sleep: Waits the given seconds between two polls of a batch.
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
        """Dollars reserved for the batches of this run, by batch id."""
        self._foreign: set[str] = set()
        """Ids of recorded batches that this endpoint and API key do not know. They stay in the cache."""

    def close(self) -> None:
        """Close the connections to the endpoint."""
        self._client.close()

    def complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | FailedRequest]:
        """Return the reply to each payload, in order, as described in `Engine`."""
        return each_once(task, payloads, lambda distinct: self._complete_all(task, distinct))

    def _complete_all(self, task: Task[R], payloads: Sequence[Payload]) -> list[R | FailedRequest]:
        results: dict[int, R] = {}
        reasons: dict[int, Counter[str]] = {index: Counter() for index in range(len(payloads))}
        for attempt in range(self._config.attempts):
            missing = [index for index in reasons if index not in results]
            if not missing:
                break
            for index, reply in self._attempt(task, payloads, missing, attempt):
                if isinstance(reply, RejectedReply):
                    reasons[index][reply.reason] += 1
                else:
                    results[index] = reply
            self._progress(f"querying the model: {task.name}", len(results), len(payloads))
        return [results[index] if index in results else refusal(reasons[index]) for index in range(len(payloads))]

    def _attempt(
        self, task: Task[R], payloads: Sequence[Payload], indices: Sequence[int], attempt: int
    ) -> Iterator[tuple[int, R | RejectedReply]]:
        """Send some of the payloads once and yield the index and the reply of each."""
        requests = {index: make_request(task, payloads[index], attempt, self._config) for index in indices}
        self._fetch(requests.values())
        for index, request in requests.items():
            answer = self._cache.get(request.key)
            if answer is None:
                yield index, RejectedReply("no_answer_in_batch")
            else:
                yield index, read_and_count(task, payloads[index], answer, self._meter)

    def _fetch(self, requests: Iterable[Request]) -> None:
        """Put answers to the requests into the cache, in as many rounds as the retries allow."""
        wanted: dict[str, Request] = {request.key: request for request in requests}
        try:
            for round_ in range(self._config.retries + 1):
                batches = self._batches_with(wanted)
                missing = self._missing(wanted, batches)
                if not missing and not batches:
                    return
                if round_ and missing:
                    self._meter.faults["batch_line_without_answer"] += len(missing)
                self._submit_and_collect(missing, set(batches), wanted)
        except self._openai.APIError as error:
            raise LlmError(
                f"The Batch API of {str(self._client.base_url)!r} cannot be used: {error}. All answers so far are "
                "kept. Run the same command again to resume."
            ) from error

    def _batches_with(self, wanted: Mapping[str, Request]) -> dict[str, list[str]]:
        """Return the recorded batches of this endpoint with a wanted request: request keys by batch id."""
        return {
            batch_id: keys
            for batch_id, keys in self._cache.open_batches().items()
            if wanted.keys() & set(keys) and self._is_known(batch_id)
        }

    def _missing(self, wanted: Mapping[str, Request], batches: Mapping[str, Sequence[str]]) -> list[Request]:
        """Return the wanted requests that have no answer and are in none of the batches."""
        submitted = {key for keys in batches.values() for key in keys}
        return [request for key, request in wanted.items() if key not in submitted and self._cache.get(key) is None]

    def _submit_and_collect(self, missing: Sequence[Request], batches: set[str], wanted: Mapping[str, Request]) -> None:
        """Submit the missing requests and wait for their batches and for `batches`."""
        try:
            for part in self._parts(missing):
                batches.add(self._submit(part))
        finally:
            # Batches that are already submitted cost money even if the budget stops the submission of others.
            for batch_id in sorted(batches):
                self._collect(batch_id, wanted)

    def _is_known(self, batch_id: str) -> bool:
        """Return True if the endpoint knows a batch under this API key."""
        if batch_id not in self._reserved and batch_id not in self._foreign:
            try:
                self._client.batches.retrieve(batch_id)
            except self._openai.NotFoundError:
                self._meter.faults["batch_not_found"] += 1
                self._foreign.add(batch_id)
        return batch_id not in self._foreign

    def _parts(self, requests: Sequence[Request]) -> Iterator[list[Request]]:
        """Divide requests into parts that fit into one batch file each."""
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
        """Submit a batch file and reserve its maximum cost until it is collected.

        Returns:
            Id of the batch.

        Raises:
            BudgetError: If the batch could exceed the budget.
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
        """Wait for a batch and store its answers, including those that another build with this cache requested."""
        while (batch := self._client.batches.retrieve(batch_id)).status not in _ENDED:
            self._sleep(self._config.batch_poll_s)
        if batch.status != "completed":
            self._meter.faults[f"batch_{batch.status}"] += 1
        if batch.output_file_id:
            output = self._client.files.content(batch.output_file_id).text
            # Not splitlines(): JSON strings may contain other line separators unescaped.
            answers = dict(filter(None, (_answer(line, wanted) for line in output.split("\n"))))
            new = {key: answer for key, answer in answers.items() if self._cache.get(key) is None}
            # All requests of a batch belong to the same task, and at least one of them is wanted.
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
    """Return the request key and the answer in a line of batch output, or None if the line has no answer."""
    try:
        record = json.loads(line)
        key, response = record["custom_id"], record["response"]
        if response["status_code"] != 200:
            return None
        return key, read_completion(response["body"], wanted[key].input_tokens if key in wanted else 0)
    except (ValueError, KeyError, TypeError):
        return None
