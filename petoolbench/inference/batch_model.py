"""Models behind the Batch API of an endpoint, which answers files of requests within 24 hours at a lower price.

Submitted batches and their answers are in a cache next to the run file until all replies are in the run file. The same
command therefore waits for the batches of a process that was killed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from builder.errors import LlmError
from builder.llm.answer_cache import Answer, AnswerCache
from builder.llm.batch_client import BatchClient, BatchRequest
from builder.llm.completion import estimated_tokens, read_reply
from builder.llm.engine import Settings
from builder.llm.meter import Meter
from builder.llm.request_fields import API, apply_adapted
from builder.progress import Progress
from builder.words import sentence
from petoolbench.run_files import OpenRun
from petoolbench.run_settings import RunSettings
from petoolbench.runs import Line

from .endpoint import TASK, Notify, OnlineModel, answer_of, reply_line
from .endpoint_advice import Adviser
from .model_requests import ModelRequest, request_body
from .reply_lines import failed_line

CACHE_SUFFIX: Final = ".batches.sqlite"
"""End of the name of the cache, which begins with that of the run file."""


class BatchModel:
    """A model behind a Batch API.

    Args:
        settings: Model, address and sampling.
        api_key: Key of the endpoint.
        meter: Counter of tokens and cost, with the budget.
        notify: Called with a notice for each batch in progress.
        cache: File with the batches in progress.
    """

    def __init__(self, settings: RunSettings, api_key: str, meter: Meter, notify: Notify, cache: Path) -> None:
        self._settings = settings
        self._api_key = api_key
        self._meter = meter
        self._notify = notify
        self._cache = cache

    def ask(self, requests: Sequence[ModelRequest], run: OpenRun, progress: Progress) -> None:
        """Send requests in batches and add their replies to the run.

        If the run has no reply yet, the first request is sent directly, so that a wrong key, model name or field is
        reported immediately.

        Args:
            requests: Requests that fit the context window.
            run: Run that receives the replies.
            progress: Progress callback.

        Raises:
            BudgetError: If the next batch could exceed the budget.
            LlmError: If the endpoint cannot be used, or has not answered all requests; the replies so far are stored.
            OutputError: If the run file cannot be written.
        """
        with closing(AnswerCache(self._cache)) as cache:
            try:
                self._ask(requests, run, cache, progress)
                is_needed = bool(cache.open_batches())
            except BaseException:
                is_needed = not cache.is_empty
                raise
            finally:
                cache.close()
                if not is_needed:
                    self._cache.unlink(missing_ok=True)

    def _ask(self, requests: Sequence[ModelRequest], run: OpenRun, cache: AnswerCache, progress: Progress) -> None:
        if not cache.open_batches() and not any(line.error is None for line in run.done.values()):
            OnlineModel(self._settings, self._api_key, self._meter, self._notify).ask(requests[:1], run, progress)
        wanted = {self._batch_request(request, run): request for request in requests if request.key not in run.done}
        if not wanted:
            return
        for request, asked in wanted.items():  # answers that a killed process has not stored
            if (answer := cache.get(request.key)) is not None:
                self._meter.pay(TASK, answer_of(_line(asked, answer)))
        settings = Settings(self._settings.base_url, self._api_key, self._meter.config, cache, self._meter, progress)
        api = run.header.adapted.get(API)
        with closing(BatchClient(settings, _stored, submitted=self._submitted, api=api)) as client:
            try:
                client.fetch(TASK, wanted)
            finally:
                self._add_answers(wanted, run, cache, progress)
            self._add_refused(wanted, run, client)
            self._check_complete(wanted, run, client)

    def _batch_request(self, request: ModelRequest, run: OpenRun) -> BatchRequest:
        """Return a request under a key that depends on everything that determines the answer."""
        body = apply_adapted(request_body(request, self._settings), run.header.adapted, self._settings.body)
        api = run.header.adapted.get(API)
        identity = json.dumps([request.key, body, *([api] if api else [])], sort_keys=True)
        return BatchRequest(hashlib.sha256(identity.encode()).hexdigest(), body, request.tokens)

    def _submitted(self, batch_id: str) -> None:
        self._notify(
            f"Waiting for the batch {batch_id}. The command may be stopped: run it again, and it waits for the same "
            "batch."
        )

    def _add_answers(
        self, wanted: Mapping[BatchRequest, ModelRequest], run: OpenRun, cache: AnswerCache, progress: Progress
    ) -> None:
        """Add the replies in the cache to the run, also if further batches failed."""
        for done, (request, asked) in enumerate(wanted.items(), start=1):
            answer = cache.get(request.key)
            if answer is not None:
                run.add(_line(asked, answer))
            progress(f"reading the batches of {self._settings.model}", done, len(wanted))

    def _add_refused(self, wanted: Mapping[BatchRequest, ModelRequest], run: OpenRun, client: BatchClient) -> None:
        """Add the lines of refused requests, if the endpoint answered others.

        Raises:
            LlmError: If it answered no request.
        """
        refused = {request: client.refused[request.key] for request in wanted if request.key in client.refused}
        if refused and not any(asked.key in run.done for asked in wanted.values()):
            request, message = next(iter(refused.items()))
            status = message.status or 400
            raise LlmError(
                f"The Batch API refuses all requests for the model {self._settings.model!r}: "
                f"{sentence(message.line)} {Adviser(self._settings)(status, message, request.body)}"
            )
        for request, message in refused.items():
            error = f"status_{message.status or 400}: {message.line}"
            run.add(failed_line(wanted[request].asked, error, filtered=message.is_filter))

    def _check_complete(self, wanted: Mapping[BatchRequest, ModelRequest], run: OpenRun, client: BatchClient) -> None:
        missing = sum(asked.key not in run.done for asked in wanted.values())
        if missing:
            reason = client.last_failure.line if client.last_failure else "the batches state no reason"
            raise LlmError(
                f"{missing:,} of {len(wanted):,} requests have no answer in {self._meter.config.retries + 1} batches. "
                f"The last reason: {sentence(reason)} The other answers are kept. Run the same command again to resume."
            )


def _line(request: ModelRequest, answer: Answer) -> Line:
    return reply_line(request, read_reply(json.loads(answer.text)))


def _stored(completion: Any, input_tokens: int) -> Answer:
    """Return a completion as an answer of the cache, which keeps all of it.

    Raises:
        ValueError: If it is not a chat completion.
    """
    reply = read_reply(completion)
    output_tokens = reply.output_tokens or estimated_tokens(reply.text + reply.reasoning)
    return Answer(json.dumps(completion), reply.input_tokens or input_tokens, output_tokens)
