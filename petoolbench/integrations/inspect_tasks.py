"""Tasks of inspect_ai: `petoolbench/preferred_only`, `petoolbench/rating_integrated`, `petoolbench/chronological`.

inspect eval petoolbench/chronological --model openai/NAME -T data=FOLDER

By default, inspect_ai ends an evaluation when a request fails after all retries. With `--score-on-error`, the failed
request is scored as an empty reply instead, and counts as wrong.
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
    """Rates with 95 % intervals, clustered on query groups, and the share of each error class."""

    def measure(scores: list[SampleScore]) -> dict[str, float]:
        groups = [str((item.sample_metadata or {})["query_group"]) for item in scores]
        return rates([item.score.value for item in scores], groups) if scores else {}

    return measure


@scorer(name="call", metrics=[clustered_rates()])
def call_scorer() -> Scorer:
    """Scorer that judges a reply with the PEToolBench metric."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001  (only for display)
        reply = state.output.completion
        reference = reference_of(state.metadata)
        verdict = judge(reply, reference)
        call = parse(reply, reference.candidates)
        return Score(
            value=outcome_of(verdict),
            answer=_text_of(call) if isinstance(call, ToolCall) else None,
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
    """Task with histories of calls to preferred tools only. The arguments are those of `open_items`."""
    return _task("preferred_only", data, split, history, docs, answers)


@task
def rating_integrated(
    data: str | None = None,
    split: str = "validation",
    history: str = "own",
    docs: str = "full",
    answers: str | None = None,
) -> Task:
    """Task with histories of rated calls. The arguments are those of `open_items`."""
    return _task("rating_integrated", data, split, history, docs, answers)


@task
def chronological(
    data: str | None = None,
    split: str = "validation",
    history: str = "own",
    docs: str = "full",
    answers: str | None = None,
) -> Task:
    """Task with chronological histories, in which the preference changes. The arguments are those of `open_items`."""
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
    messages = [_MESSAGES[message["role"]](content=message["content"]) for message in item.messages]
    return Sample(messages, target=_text_of(item.reference.answer), id=item.reference.instance_id, metadata=record)


def _text_of(call: ToolCall) -> str:
    return json.dumps(call._asdict(), ensure_ascii=False)


_MESSAGES: dict[str, Callable[..., ChatMessage]] = {"system": ChatMessageSystem, "user": ChatMessageUser}
