"""Client of the Batch API, which answers files of requests at a lower price, within 24 hours.

Submitted batches are recorded in the cache, so that a process that was killed waits for them instead of submitting the
requests again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from builder.errors import BudgetError, LlmError
from builder.llm_config import AUTO
from builder.words import sentence
from metrics.redaction import redacted, without_keys

from .answer_cache import Answer
from .endpoint_errors import EndpointMessage, decoded, error_of, one_line, read_error, secret_of
from .engine import Settings, read_completion
from .responses_api import (
    CHAT_PATH,
    RESPONSES,
    RESPONSES_PATH,
    as_completion,
    names_responses,
    response_request,
)
from .sender import openai_library

_VERSION: Final = "/v1"
"""Beginning of the paths in batch files."""
_ENDED: Final = frozenset({"completed", "failed", "expired", "cancelled"})
_RETRIED_STATUS: Final = frozenset({408, 409, 425, 429})
_QUEUE_FULL: Final = "token_limit_exceeded"
"""Code of a failed batch that succeeds once other batches have ended."""


@dataclass(frozen=True, slots=True, eq=False)
class BatchRequest:
    """Request of a batch file."""

    key: str
    """Identifier that is unique within the cache and depends on everything that determines the answer."""
    body: Mapping[str, Any]
    input_tokens: int
    """Estimated tokens of the request."""


class BatchClient:
    """Client that sends requests in batch files and puts the answers into the cache.

    Args:
        settings: Settings of the engine. Its cache also records the submitted batches.
        read: Reads the answer from a completion and the estimated tokens of its request. It may raise `ValueError`.
        sleep: Waits the given seconds between two polls of a batch.
        submitted: Called with the id of each batch in progress, also of one that an earlier process submitted.
        api: Interface that an earlier request has shown, as in the config; by default, that of the config.
    """

    def __init__(
        self,
        settings: Settings,
        read: Callable[[Any, int], Answer] = read_completion,
        sleep: Callable[[float], None] = time.sleep,
        submitted: Callable[[str], None] = lambda _: None,
        api: str | None = None,
    ) -> None:
        self._openai = openai_library()
        config = settings.config
        self._client = self._openai.OpenAI(
            base_url=settings.base_url, api_key=settings.api_key, max_retries=config.retries, timeout=config.timeout_s
        )
        self._key = secret_of(settings.api_key)
        self._config = config
        self._cache = settings.cache
        self._meter = settings.meter
        self._read = read
        self._sleep = sleep
        self._submitted = submitted
        self._reserved: dict[str, float] = {}
        """Dollars reserved for the batches of this run, by batch id."""
        self._foreign: set[str] = set()
        """Ids of recorded batches that this endpoint and API key do not know. They stay in the cache."""
        self.refused: dict[str, EndpointMessage] = {}
        """Messages about the requests that the endpoint refuses, by key."""
        self.last_failure: EndpointMessage | None = None
        """Message about the last request or batch that failed and may succeed later."""
        self._is_queue_full = False
        self._api = api or config.api
        """Interface of the next batch."""

    def close(self) -> None:
        """Close the connections to the endpoint."""
        self._client.close()

    def fetch(self, task: str, requests: Iterable[BatchRequest]) -> None:
        """Put answers to the requests into the cache, in as many rounds as the retries allow.

        Requests that the endpoint refuses are in `refused`, and are not sent again.

        Args:
            task: Name of the task, for the cache and the meter.
            requests: The requests.

        Raises:
            BudgetError: If the next batch could exceed the budget.
            LlmError: If the endpoint cannot be used, or refuses a whole batch.
        """
        wanted = {request.key: request for request in requests}
        try:
            for round_ in range(self._config.retries + 1):
                batches = self._batches_with(wanted)
                missing = self._missing(wanted, batches)
                if not missing and not batches:
                    return
                if round_ and missing:
                    self._meter.faults["batch_line_without_answer"] += len(missing)
                    if self._is_queue_full:
                        self._sleep(self._config.batch_poll_s)
                self._submit_and_collect(task, missing, set(batches), wanted)
        except self._openai.APIStatusError as error:
            kind = error.response.headers.get("content-type", "")
            message = read_error(decoded(error.response.content, kind), self._key, kind)
            raise self._error(f"status {error.status_code}: {message.line}") from None  # the cause may show the key
        except self._openai.APIError as error:
            raise self._error(one_line(without_keys(str(error), self._key))) from None

    def _error(self, reason: str) -> LlmError:
        return LlmError(
            f"The Batch API of {without_keys(str(self._client.base_url), self._key)!r} cannot be used: "
            f"{sentence(reason)} All answers so far are kept. Run the same command again to resume."
        )

    def _batches_with(self, wanted: Mapping[str, BatchRequest]) -> dict[str, list[str]]:
        """Return the recorded batches of this endpoint with a wanted request: request keys by batch id."""
        return {
            batch_id: keys
            for batch_id, keys in self._cache.open_batches().items()
            if wanted.keys() & set(keys) and self._is_known(batch_id)
        }

    def _missing(self, wanted: Mapping[str, BatchRequest], batches: Mapping[str, Sequence[str]]) -> list[BatchRequest]:
        """Return the wanted requests that have no answer or refusal and are in none of the batches."""
        submitted = {key for keys in batches.values() for key in keys} | self.refused.keys()
        return [request for key, request in wanted.items() if key not in submitted and self._cache.get(key) is None]

    def _submit_and_collect(
        self, task: str, missing: Sequence[BatchRequest], batches: set[str], wanted: Mapping[str, BatchRequest]
    ) -> None:
        """Submit the missing requests and wait for their batches and for `batches`."""
        self._is_queue_full = False
        for batch_id in sorted(batches):
            self._submitted(without_keys(batch_id, self._key))
        try:
            for part in self._parts(missing):
                batches.add(self._submit(part))
        finally:
            # Batches that are already submitted cost money even if the budget stops the submission of others.
            for batch_id in sorted(batches):
                self._collect(task, batch_id, wanted)

    def _is_known(self, batch_id: str) -> bool:
        """Return True if the endpoint knows a batch under this API key."""
        if batch_id not in self._reserved and batch_id not in self._foreign:
            try:
                self._client.batches.retrieve(batch_id)
            except self._openai.NotFoundError:
                self._meter.faults["batch_not_found"] += 1
                self._foreign.add(batch_id)
        return batch_id not in self._foreign

    def _parts(self, requests: Sequence[BatchRequest]) -> Iterator[list[BatchRequest]]:
        """Divide requests into parts that fit into one batch file each."""
        part: list[BatchRequest] = []
        size = 0
        for request in requests:
            length = len(self._line(request).encode())
            if part and (len(part) == self._config.batch_requests or size + length > self._config.batch_bytes):
                yield part
                part, size = [], 0
            part.append(request)
            size += length
        if part:
            yield part

    @property
    def _path(self) -> str:
        return f"{_VERSION}{RESPONSES_PATH if self._api == RESPONSES else CHAT_PATH}"

    def _line(self, request: BatchRequest) -> str:
        """Return the line of a batch file."""
        body = response_request(request.body) if self._api == RESPONSES else request.body
        line = {"custom_id": request.key, "method": "POST", "url": self._path, "body": body}
        return json.dumps(line, ensure_ascii=False) + "\n"

    def _submit(self, part: Sequence[BatchRequest]) -> str:
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
        content = "".join(map(self._line, part)).encode()
        uploaded = self._client.files.create(file=("requests.jsonl", content), purpose="batch")
        batch = self._client.batches.create(input_file_id=uploaded.id, endpoint=self._path, completion_window="24h")
        self._cache.add_batch(batch.id, [request.key for request in part])
        self._reserved[batch.id] = reserved
        self._submitted(without_keys(str(batch.id), self._key))
        return str(batch.id)

    def _collect(self, task: str, batch_id: str, wanted: Mapping[str, BatchRequest]) -> None:
        """Wait for a batch and store its answers, including those that another process with this cache requested.

        Raises:
            LlmError: If the batch failed and would fail again, or the quota is used up.
        """
        while (batch := self._client.batches.retrieve(batch_id)).status not in _ENDED:
            self._sleep(self._config.batch_poll_s)
        if batch.output_file_id:
            answers = dict(filter(None, (self._answer(line, wanted) for line in self._lines(batch.output_file_id))))
            new = {key: answer for key, answer in answers.items() if self._cache.get(key) is None}
            for key in new.keys() & wanted.keys():
                self._meter.pay(task, new[key])
            # All requests of a batch belong to the same task, and at least one of them is wanted.
            self._cache.put_all((key, task, answer) for key, answer in new.items())
        if batch.error_file_id:
            for line in self._lines(batch.error_file_id):
                self._answer(line, wanted)
        self._cache.end_batch(batch_id)
        self._meter.release(self._reserved.pop(batch_id, 0.0))
        if batch.status != "completed":
            self._meter.faults[f"batch_{batch.status}"] += 1
        if batch.status == "failed":
            self._check_failure(batch)
        if self.last_failure and self.last_failure.is_quota:
            raise self._error(self.last_failure.line)

    def _check_failure(self, batch: Any) -> None:
        """Raise `LlmError` unless a failed batch only exceeded the limit on waiting requests."""
        errors = [error.to_dict() for error in (batch.errors.data if batch.errors else None) or ()]
        message = error_of(errors, self._key)
        self.last_failure = message
        self._is_queue_full = _QUEUE_FULL in message.codes
        if not self._is_queue_full:
            raise self._error(f"the batch {without_keys(str(batch.id), self._key)} failed: {message.line}")

    def _lines(self, file_id: str) -> list[str]:
        # Not splitlines(): JSON strings may contain other line separators unescaped.
        text: str = self._client.files.content(file_id).text
        return [line for line in text.split("\n") if line.strip()]

    def _answer(self, line: str, wanted: Mapping[str, BatchRequest]) -> tuple[str, Answer] | None:
        """Return the request key and the answer in a line of batch output, or None, with the reason noted."""
        try:
            record = redacted(json.loads(line), self._key)
            key, response = record["custom_id"], record.get("response") or {}
            body, status = as_completion(response.get("body")), int(response.get("status_code") or 0)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        if status == 200:
            try:
                return key, self._read(body, wanted[key].input_tokens if key in wanted else 0)
            except ValueError:
                pass
        message = error_of(body if status else record, self._key)
        self.last_failure = message
        if self._config.api == AUTO and names_responses(status, message):
            self._api = RESPONSES  # the next batch
        elif 400 <= status < 500 and status not in _RETRIED_STATUS and not message.is_quota:
            self.refused[key] = message
        return None
