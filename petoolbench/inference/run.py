"""A run from its header to its file: the rows as they are shown, whoever is asked, and what came of it."""

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
from hf_dataset.prompting import Docs, Mode, prompt_version
from hf_dataset.reader import read_instances, read_manifest
from hf_dataset.schema import Instance
from petoolbench.runs import Header, Line, OpenRun, data_sha256, open_run

from .endpoint import TASK, OnlineModel
from .history_views import History, asked
from .requests import Count, Overlong, Question, Window, check_fit, estimated, questions
from .tool_calling import text_of_reply
from .transformers_model import LocalModel

Ask = Callable[[Sequence[Question], OpenRun, Progress], None]
"""Asks what is still to be asked, and keeps each reply."""
LOCAL: Final = "hf:"
BASELINE: Final = "baseline:"


@dataclass(frozen=True, slots=True)
class Asking:
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

    def header(self, manifest: Mapping[str, Any]) -> Header:
        """All of it, with what else determines the replies.

        Args:
            manifest: Of the data set.

        Raises:
            DataError: If the data set has no such split.
        """
        baseline = self.model.startswith(BASELINE)
        return Header(
            version=version("petoolbench"),
            build_id=str(manifest.get("build_id", "")),
            data_sha256=data_sha256(manifest, self.config, self.split),
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
class Means:
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
class Report:
    """What came of a run."""

    asked: int
    """Instances of the run."""
    before: int
    """Those that stood in the file already."""
    errors: Counter[str]
    """Instances without a reply, by reason."""
    meter: Meter | None
    """Tokens and dollars of the whole run, earlier parts and all; None where nothing is counted."""


def rows_of(data: Path, asking: Asking) -> list[Instance]:
    """The rows that are asked, as they are shown.

    Raises:
        ReadError: If there is no such data set, config or split.
        ConfigError: If an id is not in the split.
        DataError: If there is nobody to swap histories with.
    """
    rows = asked(read_instances(data, asking.config, asking.split), asking.history, asking.shuffle_seed)
    if not rows:
        raise DataError(f"{asking.config!r} has no rows in the split {asking.split!r} of {str(data)!r}. Name another.")
    wanted = set(asking.ids)
    if unknown := sorted(wanted - {row.instance_id for row in rows}):
        raise ConfigError(
            f"{len(unknown)} of the ids are not in {asking.config!r}, split {asking.split!r}, such as {unknown[0]!r}. "
            "Check the config, the split and the data set."
        )
    return [row for row in rows if not wanted or row.instance_id in wanted][: asking.limit]


def predict(
    data: Path,
    out: Path,
    asking: Asking,
    means: Means,
    progress: Progress,
    *,
    ready: Callable[[Sequence[Question], Meter], None] = lambda *_: None,
) -> Report:
    """Ask a model, or go on asking it, until every instance has its line.

    Args:
        data: Folder of the data set.
        out: The run file; one that was made with the same is gone on with.
        asking: Who is asked what.
        means: What it is carried out with.
        progress: Called as the work goes on.
        ready: Called before anything is asked, with what will be, but for baselines.

    Raises:
        BuilderError: If something is not as it should be; nothing that was answered is lost.
    """
    header = asking.header(read_manifest(data))
    rows = rows_of(data, asking)
    if asking.model.startswith(BASELINE):
        return _by_rule(data, out, asking, means, header, rows)
    meter = Meter(_llm_config(asking, means), means.max_cost_usd)
    window, count, ask = (_online if asking.online else _on_this_machine)(asking, means, meter)
    every = questions(rows, asking.docs, asking.mode, window, count)
    check_fit(every, window)
    with open_run(out, header, again=means.again) as run:
        for line in run.done.values():
            meter.input_tokens += line.input_tokens or 0
            meter.output_tokens += line.output_tokens or 0
        still = _open(every, run, window)
        before = len(every) - len(still)
        ready(every, meter)
        ask(still, run, progress)
        run.finish([row.instance_id for row in rows])
        return Report(len(rows), before, _errors(run), meter)


def check(asking: Asking, means: Means) -> None:
    """Refuse what does not go together, before anything is read.

    Raises:
        ConfigError: If it does not.
    """
    if not asking.model.strip() or asking.model == LOCAL:
        raise ConfigError("--model is empty. Name a model of the endpoint, hf:NAME, or a baseline.")
    if asking.model.startswith(BASELINE) and asking.model not in BASELINES:
        raise ConfigError(f"There is no baseline {asking.model!r}. There are {', '.join(BASELINES)}.")
    if asking.online:
        key_for(asking.base_url, means.api_key)
    elif asking.base_url is not None:
        raise ConfigError(f"--base-url is of an endpoint, and {asking.model!r} is none's. Leave one of them out.")
    elif asking.body:
        raise ConfigError(f"--body goes into a request, and {asking.model!r} is sent none. Leave it out.")
    if asking.overlong is not None and asking.context is None and asking.online:
        raise ConfigError("--overlong needs to know how many tokens fit. Say so by --context.")
    priced = None not in (asking.usd_per_million_input, asking.usd_per_million_output)
    if means.max_cost_usd is not None and not priced:
        raise ConfigError("--max-cost-usd needs prices. Say by --usd-in and --usd-out what a million tokens cost.")


def _by_rule(data: Path, out: Path, asking: Asking, means: Means, header: Header, rows: Sequence[Instance]) -> Report:
    predictor = open_predictor(asking.model, data, asking.config, asking.split, asking.seed, means.answers)
    with open_run(out, header) as run:
        before = len(run.done)
        for row in rows:
            if row.instance_id not in run.done:
                run.add(Line(row.instance_id, predictor.predict(row)))
        run.finish([row.instance_id for row in rows])
    return Report(len(rows), before, Counter(), None)


def _online(asking: Asking, means: Means, meter: Meter) -> tuple[Window, Count, Ask]:
    key = key_for(asking.base_url, means.api_key)
    model = OnlineModel(asking.base_url, key, meter.config, asking.sampling, meter)
    return Window(asking.context, asking.max_output_tokens, asking.overlong), estimated, model.ask


def _on_this_machine(asking: Asking, means: Means, meter: Meter) -> tuple[Window, Count, Ask]:
    model = LocalModel(
        asking.model.removeprefix(LOCAL),
        batch_size=means.batch_size,
        max_output_tokens=asking.max_output_tokens,
        temperature=asking.temperature,
        seed=asking.seed,
    )

    def ask(questions: Sequence[Question], run: OpenRun, progress: Progress) -> None:
        replies = model.replies([one.messages for one in questions], [one.tools for one in questions])
        for done, (question, reply) in enumerate(zip(questions, replies, strict=True), start=1):
            tokens = (reply.input_tokens, reply.output_tokens)
            text = text_of_reply(reply.text, question.names)
            run.add(Line(question.instance_id, text, None, *tokens, question.dropped_steps))
            meter.pay(TASK, Answer(text, *tokens))
            progress(f"asking {asking.model}", done, len(questions))

    window = Window(asking.context or model.context, asking.max_output_tokens, asking.overlong)
    return window, model.count_tokens, ask


def _llm_config(asking: Asking, means: Means) -> LlmConfig:
    return LlmConfig(
        model=asking.model,
        connections=means.connections,
        timeout_s=means.timeout_s,
        retries=means.retries,
        max_output_tokens=asking.max_output_tokens,
        usd_per_million_input=asking.usd_per_million_input or 0.0,
        usd_per_million_output=asking.usd_per_million_output or 0.0,
    )


def _open(every: Sequence[Question], run: OpenRun, window: Window) -> list[Question]:
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
