"""Execution of a run: select the instances, send them to a model, and keep each reply in the run file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from builder.config import LlmConfig
from builder.errors import ConfigError, DataError
from builder.llm.answer_cache import Answer
from builder.llm.meter import Meter
from builder.llm.session import key_for
from builder.predictors.open_predictor import open_predictor
from builder.progress import Progress
from hf_dataset.prompting import prompt_version
from petoolbench.data import InstanceSet
from petoolbench.prompts import Prompt, prompt, select_rows
from petoolbench.run_files import OpenRun, open_run
from petoolbench.run_settings import LOCAL, RunResources, RunSettings, check_settings
from petoolbench.runs import Header, Line

from .endpoint import TASK, OnlineModel
from .model_requests import Count, ModelRequest, Window, build_requests, check_fit, estimated
from .tool_calling import text_of_reply
from .transformers_model import LocalModel

Ask = Callable[[Sequence[ModelRequest], OpenRun, Progress], None]
"""Sends requests and adds each reply to the run."""
Model = Callable[[Prompt], str]
"""A user's own model: a function that takes chat messages and returns the text of the reply."""
_UNKNOWN: Final = ""
"""Value of the header fields that describe the data set, if rows were passed in."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Summary of a finished run."""

    instances: int
    """Number of instances of the run."""
    resumed: int
    """Number of replies that the run file held before."""
    errors: Counter[str]
    """Number of instances without a reply, by reason."""
    meter: Meter | None
    """Tokens and cost of the whole run, earlier attempts included; None for models that are not metered."""


def header_of(data: InstanceSet, settings: RunSettings) -> Header:
    """Return the header of a run.

    Raises:
        ReadError: If the manifest does not list the files of the split.
    """
    manifest = data.manifest
    return Header(
        settings=settings,
        version=version("petoolbench"),
        build_id=manifest.build_id if manifest else _UNKNOWN,
        data_revision=manifest.data_revision if manifest else _UNKNOWN,
        data_sha256=manifest.data_sha256(settings.config, settings.split) if manifest else _UNKNOWN,
        prompt_version=None if settings.is_baseline else prompt_version(settings.mode),
    )


def execute(
    data: InstanceSet,
    out: Path,
    settings: RunSettings,
    resources: RunResources,
    progress: Progress,
    *,
    ready: Callable[[Sequence[ModelRequest], Meter], None] = lambda *_: None,
) -> RunSummary:
    """Get the reply of a model to every instance; resume if the run file exists.

    Args:
        data: All instances of the split; `settings` selects some or all of them.
        out: Run file.
        settings: Settings of the run.
        resources: Connections, key and limits.
        progress: Progress callback.
        ready: Called with all requests before the first one is sent; not for baselines.

    Returns:
        The numbers of replies and failures, and the cost.

    Raises:
        BuilderError: If the settings are inconsistent, a file cannot be read or written, or the endpoint cannot be
            used; replies that were received are in the file.
    """
    check_settings(settings, resources)
    header = header_of(data, settings)
    rows = select_rows(data, settings)
    if settings.is_baseline:
        return _with_baseline(data, rows, out, header, resources)
    meter = Meter(_llm_config(settings, resources), resources.max_cost_usd)
    window, count, ask = (_online if settings.is_online else _on_this_machine)(settings, resources, meter)
    requests = build_requests(rows, settings.docs, settings.mode, window, count)
    check_fit(requests, window)
    with open_run(out, header, retry_failed=resources.retry_failed) as run:
        for line in run.done.values():
            meter.input_tokens += line.input_tokens or 0
            meter.output_tokens += line.output_tokens or 0
        remaining = _remaining(requests, run, window)
        resumed = len(requests) - len(remaining)
        ready(requests, meter)
        ask(remaining, run, progress)
        run.finish([row.instance_id for row in rows])
        return RunSummary(len(rows), resumed, _errors(run), meter)


def execute_function(
    data: InstanceSet, out: Path, settings: RunSettings, model: Model, threads: int, progress: Progress
) -> RunSummary:
    """Get the reply of a Python function to each selected instance; resume if the run file exists.

    Args:
        data: All instances of the split; `settings` selects some or all of them.
        out: Run file.
        settings: Settings of the run.
        model: Called with the prompt of each instance; returns the reply.
        threads: Number of concurrent calls.
        progress: Progress callback.

    Raises:
        DataError: If the function returns anything but text.
        Exception: If the function raises it; replies that were received are in the file.
    """
    rows = select_rows(data, settings)

    def reply(place: int) -> Line:
        row = rows[place]
        request = prompt(row, mode=settings.mode, docs=settings.docs)
        text = model(request)
        if not isinstance(text, str):
            raise DataError(
                f"The model returned a {type(text).__name__} for {row.instance_id!r}. Return the reply as text."
            )
        return Line(row.instance_id, text_of_reply(text, request.tool_names))

    with open_run(out, header_of(data, settings)) as run:
        remaining = [place for place, row in enumerate(rows) if row.instance_id not in run.done]
        resumed = len(rows) - len(remaining)
        for done, line in enumerate(_replies(reply, remaining, threads), start=1):
            run.add(line)
            progress(f"asking {settings.model}", done, len(remaining))
        run.finish([row.instance_id for row in rows])
    return RunSummary(len(rows), resumed, Counter(), None)


def _replies(reply: Callable[[int], Line], places: Sequence[int], threads: int) -> Iterator[Line]:
    """Yield each reply as soon as it arrives. After an error, yield the replies of running calls, then raise it."""
    if threads == 1:  # in the calling thread
        yield from map(reply, places)
        return
    first_error: BaseException | None = None
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(reply, place) for place in places]
        try:
            for future in as_completed(futures):
                if future.cancelled():
                    continue
                error = future.exception()
                if error is None:
                    yield future.result()
                elif first_error is None:
                    first_error = error
                    # Not pool.shutdown: as_completed would wait for the futures that it cancels.
                    for other in futures:
                        other.cancel()
        finally:
            pool.shutdown(cancel_futures=True)
    if first_error is not None:
        raise first_error


def _with_baseline(
    data: InstanceSet, rows: InstanceSet, out: Path, header: Header, resources: RunResources
) -> RunSummary:
    if data.folder is None:
        raise ConfigError("Baselines read the folder of the data set. Load it by its folder or Hub name.")
    settings, answers = header.settings, resources.answers or data.answers
    with open_run(out, header) as run:
        resumed = len(run.done)
        for config, part in rows.by_config().items():
            predictor = open_predictor(settings.model, data.folder, config, settings.split, settings.seed, answers)
            for row in part:
                if row.instance_id not in run.done:
                    run.add(Line(row.instance_id, predictor.predict(row)))
        run.finish([row.instance_id for row in rows])
    return RunSummary(len(rows), resumed, Counter(), None)


def _online(settings: RunSettings, resources: RunResources, meter: Meter) -> tuple[Window, Count, Ask]:
    key = key_for(settings.base_url, resources.api_key)
    model = OnlineModel(settings.base_url, key, meter.config, settings.sampling, meter)
    return Window(settings.context, settings.max_output_tokens, settings.overlong), estimated, model.ask


def _on_this_machine(settings: RunSettings, resources: RunResources, meter: Meter) -> tuple[Window, Count, Ask]:
    model = LocalModel(
        settings.model.removeprefix(LOCAL),
        batch_size=resources.batch_size,
        max_output_tokens=settings.max_output_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
    )

    def ask(requests: Sequence[ModelRequest], run: OpenRun, progress: Progress) -> None:
        replies = model.replies([request.messages for request in requests], [request.tools for request in requests])
        for done, (request, reply) in enumerate(zip(requests, replies, strict=True), start=1):
            tokens = (reply.input_tokens, reply.output_tokens)
            text = text_of_reply(reply.text, request.names)
            run.add(Line(request.instance_id, text, None, *tokens, request.dropped_steps))
            meter.pay(TASK, Answer(text, *tokens))
            progress(f"asking {settings.model}", done, len(requests))

    window = Window(settings.context or model.context, settings.max_output_tokens, settings.overlong)
    return window, model.count_tokens, ask


def _llm_config(settings: RunSettings, resources: RunResources) -> LlmConfig:
    return LlmConfig(
        model=settings.model,
        connections=resources.connections,
        timeout_s=resources.timeout_s,
        retries=resources.retries,
        max_output_tokens=settings.max_output_tokens,
        usd_per_million_input=settings.usd_per_million_input or 0.0,
        usd_per_million_output=settings.usd_per_million_output or 0.0,
    )


def _remaining(requests: Sequence[ModelRequest], run: OpenRun, window: Window) -> list[ModelRequest]:
    """Return the requests that must be sent; one that exceeds the context window gets its line immediately."""
    remaining = []
    for request in requests:
        if request.instance_id in run.done:
            continue
        if request.fits:
            remaining.append(request)
        else:
            error = f"overlong: {request.tokens} tokens exceed the context window of {window.context}"
            run.add(Line(request.instance_id, "", error=error))
    return remaining


def _errors(run: OpenRun) -> Counter[str]:
    """Count the failed requests by the part of their message before a colon, which names the kind of failure."""
    return Counter(line.error.partition(":")[0] for line in run.done.values() if line.error is not None)
