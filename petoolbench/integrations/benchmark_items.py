"""Prompts, references and rates in the form that evaluation frameworks need.

Frameworks store plain JSON with each prompt and pass numbers to their aggregation, so references become records and
verdicts become outcomes. The rates are bit for bit those of `metrics.petoolbench.aggregation.aggregate`.
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
from petoolbench.run_settings import RunSettings

DATA: Final = "PETOOLBENCH_DATA"
"""Environment variable with the default of `data`."""
MAX_OUTPUT_TOKENS: Final = RunSettings().max_output_tokens
"""Maximum length of a reply, the default of `petoolbench predict`."""


@dataclass(frozen=True, slots=True)
class Item:
    """Prompt and reference of an instance."""

    messages: list[Message] = field(repr=False)
    """A system and a user message."""
    reference: Reference = field(repr=False)
    kind: str | None = None
    """Kind of the preference; None for a preference over attributes."""


def open_items(
    data: str | None, config: str, *, split: str, history: str, docs: str, answers: str | None = None
) -> list[Item]:
    """Return the items of a split of a config, in the order of the data set.

    Args:
        data: A folder, or `ORG/NAME` or `ORG/NAME@REVISION` on the Hub.
        config: History type.
        split: `train`, `validation`, or `test`, which requires `answers`.
        history: The user's `own` history, `none`, or `swapped` for another user's.
        docs: `full` documents the tools of the history, `names` only names them.
        answers: Folder of the private answers.

    Raises:
        ConfigError: If no data set is named, or an option is not allowed.
        HubError: If the data set cannot be downloaded.
        ReadError: If the folder is not a data set.
        ReferencesError: If the split has no answers.
    """
    if not data:
        raise ConfigError(
            f"No data set is named. Pass data=FOLDER or data=ORG/NAME, or set the environment variable {DATA}."
        )
    settings = RunSettings(
        config=config,
        split=split,
        history=cast("History", history),
        docs=cast("Docs", docs),
        max_output_tokens=MAX_OUTPUT_TOKENS,
    )
    rows = load(data, settings.config, settings.split, answers=answers)
    view = rows.with_history(settings.history)
    return [
        Item(messages_of(row, docs=settings.docs), reference, row.meta.kind if row.meta else None)
        for row, reference in zip(view, rows.references(), strict=True)
    ]


def record_of(reference: Reference) -> dict[str, Any]:
    """Return a reference as plain JSON values, without the documentation, which scoring does not need."""
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
    """Return the reference of a record of `record_of`; other keys are ignored."""
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
    """Return the contribution of a reply, 1 or 0, to each rate and to the share of each error class."""
    return {
        **{name: float(value) for name, value in zip(RATES, verdict.outcome, strict=True)},
        **{name: float(name == verdict.error_class) for name in ERROR_CLASSES},
    }


def rates(outcomes: Sequence[Mapping[str, float]], query_groups: Sequence[str]) -> dict[str, float]:
    """Return the rates, the ends `NAME_low` and `NAME_high` of their 95 % intervals, and the shares of error classes.

    Args:
        outcomes: Outcome of each instance, at least one; the mean if an instance has several replies.
        query_groups: Query group of each instance, in the same order; the intervals are clustered on it.
    """
    columns = np.array([[outcome[name] for name in RATES] for outcome in outcomes], dtype=np.float64)
    ends = intervals(columns, query_groups, resamples=RESAMPLES, seed=0)
    values: dict[str, float] = {}
    for name, mean, (low, high) in zip(RATES, columns.mean(axis=0), ends, strict=True):
        values |= {name: float(mean), f"{name}_low": float(low), f"{name}_high": float(high)}
    return values | {name: sum(outcome[name] for outcome in outcomes) / len(outcomes) for name in ERROR_CLASSES}
