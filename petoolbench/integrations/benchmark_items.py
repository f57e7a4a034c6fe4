"""What every framework is given: prompts and references of a split, what a reply is worth, and the rates of a run.

A framework keeps plain JSON beside each prompt and hands numbers back, so references travel as records and verdicts as
outcomes. The rates of the same replies are to the last bit those of `metrics.petoolbench.aggregation.aggregate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import numpy as np

from builder.errors import ConfigError
from hf_dataset.prompting import Docs, Message, messages_of
from metrics.petoolbench.aggregation import RESAMPLES
from metrics.petoolbench.records import ERROR_CLASSES, RATES, Reference, ToolCall, Verdict
from metrics.petoolbench.uncertainty import intervals
from petoolbench.data import load
from petoolbench.inference.history_views import History
from petoolbench.settings import RunSettings

DATA: Final = "PETOOLBENCH_DATA"
"""Environment variable that names the data set where nothing else does."""
MAX_OUTPUT_TOKENS: Final = RunSettings().max_output_tokens
"""Maximum length of a reply, the default of `petoolbench predict`."""


@dataclass(frozen=True, slots=True)
class Item:
    """One instance as a framework needs it."""

    messages: list[Message] = field(repr=False)
    """One of the system, one of the user."""
    reference: Reference = field(repr=False)


def open_items(
    data: str | None, config: str, *, split: str, history: str, docs: str, answers: str | None = None
) -> list[Item]:
    """The items of a split of a config, in the order of the data set.

    Args:
        data: A folder, or `ORG/NAME` or `ORG/NAME@REVISION` on the Hub.
        config: History type.
        split: `train`, `validation`, or, with `answers`, `test`.
        history: Whose history is shown: `own`, `none` or `swapped`.
        docs: Whether tools of the history are documented (`full`) or only named (`names`).
        answers: Folder of the private answers.

    Raises:
        ConfigError: If no data set is named, or an option is not allowed.
        HubError: If the data set cannot be fetched.
        ReadError: If it cannot be read.
        ReferencesError: If the split has no answers.
    """
    if not data:
        raise ConfigError(
            f"No data set is named. Give data=FOLDER or data=ORG/NAME, or set the environment variable {DATA}."
        )
    settings = RunSettings(
        config=config,
        split=split,
        history=cast("History", history),
        docs=cast("Docs", docs),
        max_output_tokens=MAX_OUTPUT_TOKENS,
    )
    rows = load(data, settings.config, settings.split, answers=answers)
    shown = rows.with_history(settings.history)
    return [
        Item(messages_of(row, docs=settings.docs), reference)
        for row, reference in zip(shown, rows.references(), strict=True)
    ]


def record_of(reference: Reference) -> dict[str, Any]:
    """A reference as plain JSON, without documentation that scoring does not need."""
    return {
        "instance_id": reference.instance_id,
        "query_group": reference.query_group,
        "answer": {"name": reference.answer.name, "arguments": reference.answer.arguments},
        "alternatives": list(reference.alternatives),
        "parameters": reference.parameters,
        "candidates": reference.candidates,
        "same_function": None if reference.same_function is None else list(reference.same_function),
    }


def reference_of(record: Mapping[str, Any]) -> Reference:
    """The inverse of `record_of`; further keys are ignored."""
    answer = record["answer"]
    return Reference(
        instance_id=record["instance_id"],
        query_group=record["query_group"],
        tools=[{"name": name} for name in record["candidates"]],
        parameters=record["parameters"],
        answer=ToolCall(answer["name"], answer["arguments"]),
        same_function=record["same_function"],
        alternatives=tuple(record["alternatives"]),
    )


def outcome_of(verdict: Verdict) -> dict[str, float]:
    """What a reply adds to each rate, and to the share of each error class: 1 or 0."""
    return {
        **{name: float(one) for name, one in zip(RATES, verdict.outcome, strict=True)},
        **{name: float(name == verdict.error_class) for name in ERROR_CLASSES},
    }


def rates(outcomes: Sequence[Mapping[str, float]], query_groups: Sequence[str]) -> dict[str, float]:
    """Rates with the ends of their 95 % intervals, `NAME_low` and `NAME_high`, and the share of each error class.

    Args:
        outcomes: Of each reply, or its mean over several replies to the same prompt; at least one.
        query_groups: Query group of each, in the same order; the intervals are clustered on it.
    """
    columns = np.array([[one[name] for name in RATES] for one in outcomes], dtype=np.float64)
    ends = intervals(columns, query_groups, resamples=RESAMPLES, seed=0)
    found: dict[str, float] = {}
    for name, mean, (low, high) in zip(RATES, columns.mean(axis=0), ends, strict=True):
        found |= {name: float(mean), f"{name}_low": float(low), f"{name}_high": float(high)}
    return found | {name: sum(one[name] for one in outcomes) / len(outcomes) for name in ERROR_CLASSES}
