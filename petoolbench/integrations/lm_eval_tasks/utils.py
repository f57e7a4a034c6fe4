"""Functions that the YAML files of this folder name: data, judgement of a reply, and aggregation.

lm-evaluation-harness aggregates each metric separately. The ends of an interval depend on query groups, so the value of
a reply for them is a record with its query group. The logged samples show the error class of the reply in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import datasets

from metrics.petoolbench.aggregation import judge
from petoolbench.integrations.benchmark_items import DATA, open_items, outcome_of, rates, record_of, reference_of

Judged = Mapping[str, Any]
"""{`query_group`, `error_class`, `reason`, `outcome`} of a reply."""


def dataset(
    *,
    config: str,
    data: str | None = None,
    split: str = "validation",
    history: str = "own",
    docs: str = "full",
    answers: str | None = None,
    **_: Any,
) -> dict[str, datasets.Dataset]:
    """Return the items of a config as the split `items`.

    Args:
        config: History type.
        data: As in `open_items`, like the arguments below. `--metadata` sets them.
        split: Split of the data set.
        history: History in the prompts.
        docs: How the tools of the history are shown, `full` or `names`.
        answers: Folder of the private answers.
        _: Further metadata, which is ignored: the harness also passes the arguments of the model.
    """
    items = open_items(data or os.environ.get(DATA), config, split=split, history=history, docs=docs, answers=answers)
    rows = [
        {
            "instance_id": item.reference.instance_id,
            **{message["role"]: message["content"] for message in item.messages},
            "answer": json.dumps(item.reference.answer._asdict(), ensure_ascii=False),
            "reference": json.dumps(record_of(item.reference), ensure_ascii=False),
        }
        for item in items
    ]
    return {"items": datasets.Dataset.from_list(rows)}


def process_results(doc: Mapping[str, str], results: Sequence[str]) -> dict[str, float | Judged]:
    """Return the values of the reply to one item for each metric."""
    reference = reference_of(json.loads(doc["reference"]))
    verdict = judge(results[0], reference)
    outcome = outcome_of(verdict)
    judged = {
        "query_group": reference.query_group,
        "error_class": verdict.error_class,
        "reason": verdict.reason,
        "outcome": outcome,
    }
    ends = ("tool_accuracy_low", "tool_accuracy_high", "call_accuracy_low", "call_accuracy_high")
    return {**outcome, **dict.fromkeys(ends, judged)}


def share(values: Sequence[float]) -> float:
    """Return the mean. The mean of the harness would add a standard error that ignores query groups."""
    return sum(values) / len(values)


def tool_accuracy_low(items: Sequence[Judged]) -> float:
    """Return the lower end of the 95 % interval of tool accuracy."""
    return _rates(items)["tool_accuracy_low"]


def tool_accuracy_high(items: Sequence[Judged]) -> float:
    """Return the upper end of the 95 % interval of tool accuracy."""
    return _rates(items)["tool_accuracy_high"]


def call_accuracy_low(items: Sequence[Judged]) -> float:
    """Return the lower end of the 95 % interval of call accuracy."""
    return _rates(items)["call_accuracy_low"]


def call_accuracy_high(items: Sequence[Judged]) -> float:
    """Return the upper end of the 95 % interval of call accuracy."""
    return _rates(items)["call_accuracy_high"]


def _rates(items: Sequence[Judged]) -> dict[str, float]:
    return rates([item["outcome"] for item in items], [item["query_group"] for item in items])
