"""The functions that the YAML files beside this one name: the data, what a reply is worth, and the rates of a run.

lm-evaluation-harness aggregates each metric by itself. The ends of intervals need query groups, so what a reply adds to
them is a record of all that is known of it; this is also where the logged samples tell a reply's error class.
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
"""`query_group`, `error_class`, `reason` and `outcome` of a reply."""


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
    """The items of a config, under the name that the tasks know them by.

    Args:
        config: History type.
        data: As in `open_items`, like the other arguments, which `--metadata` gives.
        split: Split of the data set.
        history: Whose history is shown.
        docs: Whether tools of the history are documented.
        answers: Folder of the private answers.
        _: Further metadata: the harness hands over the model's arguments too.
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
    """What the reply to one item adds to each metric."""
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
    """Mean; not the harness's own, which would come with a standard error that takes no notice of query groups."""
    return sum(values) / len(values)


def tool_accuracy_low(items: Sequence[Judged]) -> float:
    """Lower end of the 95 % interval of tool accuracy."""
    return _rates(items)["tool_accuracy_low"]


def tool_accuracy_high(items: Sequence[Judged]) -> float:
    """Upper end of the 95 % interval of tool accuracy."""
    return _rates(items)["tool_accuracy_high"]


def call_accuracy_low(items: Sequence[Judged]) -> float:
    """Lower end of the 95 % interval of call accuracy."""
    return _rates(items)["call_accuracy_low"]


def call_accuracy_high(items: Sequence[Judged]) -> float:
    """Upper end of the 95 % interval of call accuracy."""
    return _rates(items)["call_accuracy_high"]


def _rates(items: Sequence[Judged]) -> dict[str, float]:
    return rates([one["outcome"] for one in items], [one["query_group"] for one in items])
