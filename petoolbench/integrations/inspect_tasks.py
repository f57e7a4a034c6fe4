"""The tasks of inspect_ai: `petoolbench/preferred_only`, `petoolbench/rating_integrated`, `petoolbench/chronological`.

inspect eval petoolbench/chronological --model openai/NAME -T data=FOLDER

A request that fails in the end ends the evaluation, as ever with inspect_ai; with `--score-on-error` it is scored as an
empty reply, so that every rate is over all items.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser, GenerateConfig
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState, generate

from hf_dataset.prompting import prompt_version
from metrics.petoolbench.aggregation import judge
from metrics.petoolbench.parsing import parse
from metrics.petoolbench.records import ToolCall

from .benchmark_items import DATA, MAX_OUTPUT_TOKENS, Item, open_items, outcome_of, rates, record_of, reference_of


@metric(name="rates")
def clustered_rates() -> Metric:
    """Rates with their 95 % intervals, clustered on query group, and the share of each error class."""

    def measure(scores: list[SampleScore]) -> dict[str, float]:
        groups = [str((one.sample_metadata or {})["query_group"]) for one in scores]
        return rates([one.score.value for one in scores], groups) if scores else {}

    return measure


@scorer(name="call", metrics=[clustered_rates()])
def call_scorer() -> Scorer:
    """What the reply is worth, by the metric of PEToolBench."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001  (the target is for people)
        reply = state.output.completion
        verdict = judge(reply, reference_of(state.metadata))
        call = parse(reply)
        return Score(
            value=outcome_of(verdict),
            answer=_shown(call) if isinstance(call, ToolCall) else None,
            explanation=": ".join(filter(None, (verdict.error_class, verdict.reason))),
            metadata={"error_class": verdict.error_class, "reason": verdict.reason},
        )

    return score


@task
def preferred_only(
    data: str | None = None,
    split: str = "validation",
    history: str = "own",
    docs: str = "full",
    answers: str | None = None,
) -> Task:
    """The history holds calls to preferred tools only; the arguments are those of `open_items`."""
    return _task("preferred_only", data, split, history, docs, answers)


@task
def rating_integrated(
    data: str | None = None,
    split: str = "validation",
    history: str = "own",
    docs: str = "full",
    answers: str | None = None,
) -> Task:
    """The history holds rated calls; the arguments are those of `open_items`."""
    return _task("rating_integrated", data, split, history, docs, answers)


@task
def chronological(
    data: str | None = None,
    split: str = "validation",
    history: str = "own",
    docs: str = "full",
    answers: str | None = None,
) -> Task:
    """The history is in the order of time, and the preference changes; the arguments are those of `open_items`."""
    return _task("chronological", data, split, history, docs, answers)


def _task(config: str, data: str | None, split: str, history: str, docs: str, answers: str | None) -> Task:
    items = open_items(data or os.environ.get(DATA), config, split=split, history=history, docs=docs, answers=answers)
    return Task(
        dataset=MemoryDataset([_sample(item) for item in items], name=f"petoolbench {config} {split}"),
        solver=generate(),
        scorer=call_scorer(),
        config=GenerateConfig(temperature=0.0, max_tokens=MAX_OUTPUT_TOKENS),
        metadata={"prompt_version": prompt_version()},
    )


def _sample(item: Item) -> Sample:
    record = record_of(item.reference)
    messages = [_MESSAGES[one["role"]](content=one["content"]) for one in item.messages]
    return Sample(messages, target=_shown(item.reference.answer), id=item.reference.instance_id, metadata=record)


def _shown(call: ToolCall) -> str:
    return json.dumps(call._asdict(), ensure_ascii=False)


_MESSAGES: dict[str, Callable[..., ChatMessage]] = {"system": ChatMessageSystem, "user": ChatMessageUser}
