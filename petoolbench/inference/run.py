"""Execution of a run: select the instances, send them to a model, and keep each reply in the run file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final, cast

from builder.errors import ConfigError, DataError
from builder.llm.completion import LENGTH, Completion
from builder.llm.meter import Meter
from builder.llm.session import key_for
from builder.llm_config import LlmConfig
from builder.predictors.open_predictor import open_predictor
from builder.progress import Progress
from hf_dataset.prompting import Past, prompt_version
from hf_dataset.schema import Instance
from petoolbench.data import InstanceSet, load
from petoolbench.prompts import Prompt, prompt, select_rows
from petoolbench.run_files import OpenRun, open_run
from petoolbench.run_settings import LOCAL, MEMORY_SYSTEM, RunResources, RunSettings
from petoolbench.runs import Header, Line
from petoolbench.settings_checks import check_settings

from .batch_model import CACHE_SUFFIX, BatchModel
from .endpoint import TASK, Notify, OnlineModel, answer_of, reply_line
from .memory_systems import NewSystem, ask_system, open_system
from .model_requests import Count, ModelRequest, Window, build_requests, check_fit, estimated, repeated
from .reply_lines import Asked, failed_line, line_of
from .session_memories import recalled
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
    """Number of replies without a prediction, by the kind of their error."""
    meter: Meter | None
    """Tokens and cost of the whole run, earlier attempts included; None for models that are not metered."""
    replies: int = 0
    """Number of all replies, more than the instances if each has several."""
    cut: int = 0
    """Number of replies that reached the limit of output tokens, with or without a text."""
    refused: int = 0
    """Number of replies that the model refused or a content filter withheld."""


def _summary(run: OpenRun, instances: int, resumed: int, meter: Meter | None) -> RunSummary:
    lines = run.done.values()
    return RunSummary(
        instances=instances,
        resumed=resumed,
        errors=Counter(line.error.partition(":")[0] for line in lines if line.error is not None),
        meter=meter,
        replies=len(lines),
        cut=sum(line.is_cut for line in lines),
        refused=sum(line.is_refused for line in lines),
    )


def header_of(data: InstanceSet, settings: RunSettings) -> Header:
    """Return the header of a run.

    Raises:
        ReadError: If the manifest does not list the files of the split.
    """
    manifest = data.manifest
    past: Past = "history" if settings.history_view == "prompt" else "memory"
    return Header(
        settings=settings,
        version=version("petoolbench"),
        build_id=manifest.build_id if manifest else _UNKNOWN,
        data_revision=manifest.data_revision if manifest else _UNKNOWN,
        data_sha256=manifest.data_sha256(settings.config, settings.split) if manifest else _UNKNOWN,
        prompt_version=None if settings.is_baseline else prompt_version(settings.mode, past),
    )


def execute(
    data: InstanceSet,
    out: Path,
    settings: RunSettings,
    resources: RunResources,
    progress: Progress,
    *,
    ready: Callable[[Sequence[ModelRequest], Meter], None] = lambda *_: None,
    notify: Notify = lambda _: None,
) -> RunSummary:
    """Get the replies of a model to every instance; resume if the run file exists.

    Args:
        data: All instances of the split; `settings` selects some or all of them.
        out: Run file.
        settings: Settings of the run.
        resources: Connections, key and limits.
        progress: Progress callback.
        ready: Called with all requests before the first one is sent; not for baselines.
        notify: Called with notices, such as a request field that the endpoint refuses.

    Returns:
        The numbers of replies and failures, and the cost.

    Raises:
        BuilderError: If the settings are inconsistent, a file cannot be read or written, or the endpoint cannot be
            used; replies that were received are in the file.
    """
    check_settings(settings, resources)
    if settings.model.startswith(MEMORY_SYSTEM):
        return execute_function(data, out, settings, open_system(settings.model), resources.connections, progress)
    header = header_of(data, settings)
    rows = select_rows(data, settings)
    if settings.is_baseline:
        return _with_baseline(data, rows, out, header, resources)
    meter = Meter(_llm_config(settings, resources), resources.max_cost_usd)
    open_model = _online if settings.is_online else _on_this_machine
    window, count, ask = open_model(settings, resources, meter, out, notify)
    recall = partial(recalled, settings=settings) if settings.history_view == "sessions" else None
    requests = build_requests(rows, settings.docs, settings.mode, window, count, settings.system_role, recall)
    check_fit(requests, window)
    requests = repeated(requests, settings.repeat)
    with open_run(out, header, retry_failed=resources.retry_failed) as run:
        for line in run.done.values():
            meter.input_tokens += line.input_tokens or 0
            meter.output_tokens += line.output_tokens or 0
        remaining = _remaining(requests, run, window)
        resumed = len(requests) - len(remaining)
        ready(requests, meter)
        ask(remaining, run, progress)
        run.finish([row.instance_id for row in rows])
        return _summary(run, len(rows), resumed, meter)


def execute_function(
    data: InstanceSet, out: Path, settings: RunSettings, model: Model | NewSystem, threads: int, progress: Progress
) -> RunSummary:
    """Get the reply of a function, or of a memory system, to each selected instance; resume if the run file exists.

    Args:
        data: All instances of the split; `settings` selects some or all of them.
        out: Run file.
        settings: Settings of the run.
        model: Called with the prompt of each instance; returns the reply. In the history view `sessions`, the class of
            a memory system.
        threads: Number of concurrent calls.
        progress: Progress callback.

    Raises:
        DataError: If the function returns anything but text, or a memory exceeds its budget.
        Exception: If the function raises it; replies that were received are in the file.
    """
    rows = select_rows(data, settings)

    def reply(place: tuple[int, int]) -> Line:
        row = rows[place[1]]
        if settings.history_view == "sessions":
            return _by_system(cast("NewSystem", model), row, settings, place[0])
        return _by_function(cast("Model", model), row, settings, place[0])

    with open_run(out, header_of(data, settings)) as run:
        places = [(repeat, place) for repeat in range(1, settings.repeat + 1) for place in range(len(rows))]
        remaining = [place for place in places if (rows[place[1]].instance_id, place[0]) not in run.done]
        for done, line in enumerate(_replies(reply, remaining, threads), start=1):
            run.add(line)
            progress(f"asking {settings.model}", done, len(remaining))
        run.finish([row.instance_id for row in rows])
        return _summary(run, len(rows), len(places) - len(remaining), None)


def _by_function(model: Model, row: Instance, settings: RunSettings, repeat: int) -> Line:
    request = prompt(row, mode=settings.mode, docs=settings.docs, system_role=settings.system_role)
    text = model(request)
    if not isinstance(text, str):
        raise DataError(
            f"The model returned a {type(text).__name__} for {row.instance_id!r}. Return the reply as text."
        )
    return line_of(Asked(row.instance_id, request.tool_names, repeat=repeat), Completion(text))


def _by_system(new_system: NewSystem, row: Instance, settings: RunSettings, repeat: int) -> Line:
    question, answer = ask_system(new_system, row, settings)
    asked = Asked(row.instance_id, question.tool_names, repeat=repeat, memory_tokens=answer.memory_tokens)
    reply = Completion(answer.text, input_tokens=answer.input_tokens, output_tokens=answer.output_tokens)
    return line_of(asked, reply)


def _replies(
    reply: Callable[[tuple[int, int]], Line], places: Sequence[tuple[int, int]], threads: int
) -> Iterator[Line]:
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
    if answers is not None and data.answers is None:
        # What the answers say about the steps of a history has to follow it when histories are swapped.
        rows = select_rows(load(data.folder, data.config, data.split, answers=answers), settings)
    with open_run(out, header) as run:
        resumed = len(run.done)
        for config, part in rows.by_config().items():
            predictor = open_predictor(settings.model, data.folder, config, settings.split, settings.seed, answers)
            for row in part:
                if (row.instance_id, 1) not in run.done:
                    run.add(Line(row.instance_id, predictor.predict(row)))
        run.finish([row.instance_id for row in rows])
        return _summary(run, len(rows), resumed, None)


def _online(
    settings: RunSettings, resources: RunResources, meter: Meter, out: Path, notify: Notify
) -> tuple[Window, Count, Ask]:
    key = key_for(settings.base_url, resources.api_key)
    model: OnlineModel | BatchModel = OnlineModel(settings, key, meter, notify)
    if resources.batch:
        model = BatchModel(settings, key, meter, notify, out.with_name(out.name + CACHE_SUFFIX))
    return Window(settings.context, settings.reply_limit, settings.overlong), estimated, model.ask


def _on_this_machine(
    settings: RunSettings, resources: RunResources, meter: Meter, _out: Path, _notify: Notify
) -> tuple[Window, Count, Ask]:
    model = LocalModel(
        settings.model.removeprefix(LOCAL),
        batch_size=resources.batch_size,
        max_output_tokens=settings.max_output_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
    )

    def ask(requests: Sequence[ModelRequest], run: OpenRun, progress: Progress) -> None:
        done = 0
        for repeat in sorted({request.repeat for request in requests}):
            part = [request for request in requests if request.repeat == repeat]
            chats, tools = [request.messages for request in part], [request.tools for request in part]
            seed = settings.seed + repeat - 1
            for request, reply in zip(part, model.replies(chats, tools, seed=seed), strict=True):
                reason = LENGTH if reply.is_cut else "stop"
                completion = Completion(
                    reply.text,
                    finish_reason=reason,
                    input_tokens=reply.input_tokens,
                    output_tokens=reply.output_tokens,
                )
                line = reply_line(request, completion)
                run.add(line)
                meter.pay(TASK, answer_of(line))
                done += 1
                progress(f"asking {settings.model}", done, len(requests))

    window = Window(settings.context or model.context, settings.max_output_tokens, settings.overlong)
    return window, model.count_tokens, ask


def _llm_config(settings: RunSettings, resources: RunResources) -> LlmConfig:
    return LlmConfig(
        model=settings.model,
        connections=resources.connections,
        timeout_s=resources.timeout_s,
        retries=resources.retries,
        max_output_tokens=max(settings.reply_limit, 16),
        batch_poll_s=resources.batch_poll_s,
        usd_per_million_input=settings.usd_per_million_input or 0.0,
        usd_per_million_output=settings.usd_per_million_output or 0.0,
    )


def _remaining(requests: Sequence[ModelRequest], run: OpenRun, window: Window) -> list[ModelRequest]:
    """Return the requests that must be sent; one that exceeds the context window gets its line immediately."""
    remaining = []
    for request in requests:
        if request.key in run.done:
            continue
        if request.fits:
            remaining.append(request)
        else:
            error = f"overlong: {request.tokens} tokens exceed the context window of {window.context}"
            run.add(failed_line(request.asked, error))
    return remaining
