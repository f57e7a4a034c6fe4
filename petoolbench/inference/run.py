"""A run from its header to its file: the rows as they are shown, whoever is apply_history_view, and what came of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from builder.config import LlmConfig
from builder.errors import ConfigError, DataError
from builder.llm.answer_cache import Answer
from builder.llm.meter import Meter
from builder.llm.session import key_for
from builder.predictors.registry import ALLOWED as BASELINES
from builder.predictors.registry import open_predictor
from builder.progress import Progress
from hf_dataset.manifest import Manifest, read_manifest
from hf_dataset.prompting import Docs, Mode, prompt_version
from hf_dataset.reader import read_instances
from hf_dataset.schema import Instance
from petoolbench.runs import Header, Line, OpenRun, open_run

from .endpoint import TASK, OnlineModel
from .history_views import History, apply_history_view
from .requests import Count, ModelRequest, Overlong, Window, build_requests, check_fit, estimated
from .tool_calling import text_of_reply
from .transformers_model import LocalModel

Ask = Callable[[Sequence[ModelRequest], OpenRun, Progress], None]
"""Asks what is still to be apply_history_view, and keeps each reply."""
LOCAL: Final = "hf:"
BASELINE: Final = "baseline:"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Who is asked what."""

    model: str
    """`baseline:NAME`, `hf:NAME`, or the name of a model at an endpoint."""
    config: str
    split: str
    base_url: str | None = None
    mode: Mode = "prompt"
    history: History = "own"
    docs: Docs = "full"
    shuffle_seed: int | None = None
    seed: int = 0
    temperature: float = 0.0
    max_output_tokens: int = 1024
    body: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the request; one that is None takes a key of ours out."""
    context: int | None = None
    overlong: Overlong | None = None
    limit: int | None = None
    ids: tuple[str, ...] = ()
    """Instances to be asked; empty for all."""
    usd_per_million_input: float | None = None
    usd_per_million_output: float | None = None

    @property
    def online(self) -> bool:
        """Whether an endpoint is asked."""
        return not self.model.startswith((LOCAL, BASELINE))

    @property
    def sampling(self) -> dict[str, Any]:
        """Keys of the request beside messages and tools."""
        if self.model.startswith(BASELINE):
            return {}
        usual = {"temperature": self.temperature, "max_tokens": self.max_output_tokens, "seed": self.seed}
        return {name: value for name, value in {**usual, **self.body}.items() if value is not None}

    def header(self, manifest: Manifest) -> Header:
        """All of it, with what else determines the replies.

        Args:
            manifest: Of the data set.

        Raises:
            DataError: If the data set has no such split.
        """
        baseline = self.model.startswith(BASELINE)
        return Header(
            version=version("petoolbench"),
            build_id=str(manifest.build_id),
            data_sha256=manifest.data_sha256(self.config, self.split),
            config=self.config,
            split=self.split,
            model=self.model,
            base_url=self.base_url,
            mode="baseline" if baseline else self.mode,
            history=self.history,
            docs=self.docs,
            shuffle_seed=self.shuffle_seed,
            seed=self.seed,
            prompt_version=None if baseline else prompt_version(self.mode),
            sampling=self.sampling,
            context=self.context,
            overlong=self.overlong,
            limit=self.limit,
            ids=hashlib.sha256("\n".join(sorted(self.ids)).encode()).hexdigest() if self.ids else None,
            usd_per_million_input=self.usd_per_million_input,
            usd_per_million_output=self.usd_per_million_output,
        )


@dataclass(frozen=True, slots=True)
class RunResources:
    """What a run is carried out with; nothing of it changes a reply."""

    api_key: str | None = field(default=None, repr=False)
    connections: int = 64
    """Most requests under way at once."""
    timeout_s: float = 120.0
    """Seconds after which a request is given up and sent again."""
    retries: int = 8
    """How often a request that had no answer is sent again."""
    max_cost_usd: float | None = None
    batch_size: int = 4
    """Prompts that a model on this machine is given at once."""
    answers: Path | None = None
    """The answers folder, where oracle and regression find the attributes of the test split's tools."""
    again: bool = False
    """Whether instances that had no reply are asked once more."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What came of a run."""

    asked: int
    """Instances of the run."""
    before: int
    """Those that stood in the file already."""
    errors: Counter[str]
    """Instances without a reply, by reason."""
    meter: Meter | None
    """Tokens and dollars of the whole run, earlier parts and all; None where nothing is counted."""


def rows_of(data: Path, settings: RunSettings) -> list[Instance]:
    """The rows that are apply_history_view, as they are shown.

    Raises:
        ReadError: If there is no such data set, config or split.
        ConfigError: If an id is not in the split.
        DataError: If there is nobody to swap histories with.
    """
    rows = apply_history_view(
        read_instances(data, settings.config, settings.split), settings.history, settings.shuffle_seed
    )
    if not rows:
        raise DataError(
            f"{settings.config!r} has no rows in the split {settings.split!r} of {str(data)!r}. Name another."
        )
    wanted = set(settings.ids)
    if unknown := sorted(wanted - {row.instance_id for row in rows}):
        raise ConfigError(
            f"{len(unknown)} of the ids are not in {settings.config!r}, split {settings.split!r}, for example "
            f"{unknown[0]!r}. Check the config, the split and the data set."
        )
    return [row for row in rows if not wanted or row.instance_id in wanted][: settings.limit]


def predict(
    data: Path,
    out: Path,
    settings: RunSettings,
    resources: RunResources,
    progress: Progress,
    *,
    ready: Callable[[Sequence[ModelRequest], Meter], None] = lambda *_: None,
) -> RunSummary:
    """Ask a model, or go on settings it, until every instance has its line.

    Args:
        data: Folder of the data set.
        out: The run file; one that was made with the same is gone on with.
        settings: Who is asked what.
        resources: What it is carried out with.
        progress: Called as the work goes on.
        ready: Called before anything is apply_history_view, with what will be, but for baselines.

    Raises:
        BuilderError: If something is not as it should be; nothing that was answered is lost.
    """
    header = settings.header(read_manifest(data))
    rows = rows_of(data, settings)
    if settings.model.startswith(BASELINE):
        return _by_rule(data, out, settings, resources, header, rows)
    meter = Meter(_llm_config(settings, resources), resources.max_cost_usd)
    window, count, ask = (_online if settings.online else _on_this_machine)(settings, resources, meter)
    every = build_requests(rows, settings.docs, settings.mode, window, count)
    check_fit(every, window)
    with open_run(out, header, again=resources.again) as run:
        for line in run.done.values():
            meter.input_tokens += line.input_tokens or 0
            meter.output_tokens += line.output_tokens or 0
        still = _open(every, run, window)
        before = len(every) - len(still)
        ready(every, meter)
        ask(still, run, progress)
        run.finish([row.instance_id for row in rows])
        return RunSummary(len(rows), before, _errors(run), meter)


def check(settings: RunSettings, resources: RunResources) -> None:
    """Refuse what does not go together, before anything is read.

    Raises:
        ConfigError: If it does not.
    """
    if not settings.model.strip() or settings.model == LOCAL:
        raise ConfigError("--model is empty. Name a model of the endpoint, hf:NAME, or a baseline.")
    if settings.model.startswith(BASELINE) and settings.model not in BASELINES:
        raise ConfigError(f"There is no baseline {settings.model!r}. There are {', '.join(BASELINES)}.")
    if settings.online:
        key_for(settings.base_url, resources.api_key)
    elif settings.base_url is not None:
        raise ConfigError(f"--base-url is of an endpoint, and {settings.model!r} is none's. Leave one of them out.")
    elif settings.body:
        raise ConfigError(f"--body goes into a request, and {settings.model!r} is sent none. Leave it out.")
    if settings.overlong is not None and settings.context is None and settings.online:
        raise ConfigError("--overlong needs to know how many tokens fit. Say so by --context.")
    priced = None not in (settings.usd_per_million_input, settings.usd_per_million_output)
    if resources.max_cost_usd is not None and not priced:
        raise ConfigError("--max-cost-usd needs prices. Say by --usd-in and --usd-out what a million tokens cost.")


def _by_rule(
    data: Path, out: Path, settings: RunSettings, resources: RunResources, header: Header, rows: Sequence[Instance]
) -> RunSummary:
    predictor = open_predictor(settings.model, data, settings.config, settings.split, settings.seed, resources.answers)
    with open_run(out, header) as run:
        before = len(run.done)
        for row in rows:
            if row.instance_id not in run.done:
                run.add(Line(row.instance_id, predictor.predict(row)))
        run.finish([row.instance_id for row in rows])
    return RunSummary(len(rows), before, Counter(), None)


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
        replies = model.replies([one.messages for one in requests], [one.tools for one in requests])
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


def _open(every: Sequence[ModelRequest], run: OpenRun, window: Window) -> list[ModelRequest]:
    """What is still to be asked; what does not fit gets its line now."""
    found = []
    for one in every:
        if one.instance_id in run.done:
            continue
        if one.fits:
            found.append(one)
        else:
            run.add(Line(one.instance_id, "", error=f"overlong: {one.tokens} tokens do not fit into {window.context}"))
    return found


def _errors(run: OpenRun) -> Counter[str]:
    """Reasons in short: what stands before a colon is the same for all failures of a kind."""
    return Counter(line.error.partition(":")[0] for line in run.done.values() if line.error is not None)
