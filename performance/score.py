"""Predictions scored a second: ours, the released rule of the earlier benchmark, and the bound.

python -m benchmarks score --predictions 100000
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import evaluate
import numpy as np

from builder import pipeline
from builder.catalogue.sources import open_source
from builder.config import load_config
from hf_dataset.reader import read_instances
from hf_dataset.schema import Instance, to_dict
from metrics.petoolbench.aggregation import aggregate, judge_all
from metrics.petoolbench.legacy import RULE
from metrics.petoolbench.records import reference_from_row
from metrics.petoolbench.uncertainty import intervals

from .results_table import Row

_BOUND: Final = "`json.loads` of the bare calls"
_AIMS: Final = {"judge": "2.5 times", "through `evaluate`, from rows as loaded": "4 times"}


def replies_to(rows: list[Instance]) -> list[str]:
    """Right calls, other tools, other values and prose, in the spellings that models use."""
    rng = np.random.default_rng(0)
    replies = []
    for row in rows:
        assert row.answer is not None
        arguments = json.loads(row.answer.arguments)
        kind = int(rng.integers(6))
        name = row.answer.name if kind else row.candidates[0].name
        call: dict[str, Any] = {"name": name, "arguments": arguments}
        if kind == 1:
            call = {"tool_name": name, "parameters": arguments}
        text = json.dumps(call)
        replies.append(f"Here is the call:\n```json\n{text}\n```" if kind == 2 else text)
    return replies


def timed(works: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Seconds of the quickest of some runs of each; they take turns, so that a slow moment is everybody's."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    return {name: min(runs) for name, runs in seconds.items()}


def published(replies: list[str], answers: list[dict[str, Any]]) -> int:
    """The released rule: the first match of its expression, parsed and compared."""
    right = 0
    for reply, answer in zip(replies, answers, strict=True):
        found = re.search(RULE, reply)
        if found:
            try:
                call = json.loads(found[0])
            except ValueError:
                continue
            right += call["tool_name"] == answer["name"] and call["parameters"] == answer["arguments"]
    return right


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("--predictions", type=int, default=100_000)


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Each way to score the same replies, and the bootstrap by itself."""
    number = given.predictions
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "data"
        pipeline.build(
            open_source("builtin"), load_config(None, preset="dev", seed=1), out, lambda *_: None, audited=False
        )
        some = read_instances(out, "preferred_only", "train")
    rows = (some * (number // len(some) + 1))[:number]
    replies = replies_to(rows)
    plain = [{**to_dict(row), "instance_id": str(index)} for index, row in enumerate(rows)]
    references = [reference_from_row(row) for row in plain]
    by_id = {row["instance_id"]: reply for row, reply in zip(plain, replies, strict=True)}
    groups = [one.query_group for one in references]
    answers = [{"name": one.answer.name, "arguments": one.answer.arguments} for one in references]
    texts = [json.dumps({"name": one.answer.name, "arguments": one.answer.arguments}) for one in references]
    metric = evaluate.load(str(Path(__file__).parents[1] / "metrics" / "petoolbench"))
    works: dict[str, Callable[[], object]] = {
        _BOUND: lambda: [json.loads(text) for text in texts],
        "the earlier benchmark's released rule": lambda: published(replies, answers),
        "judge": lambda: judge_all(by_id, references),
        "judge, and rates with intervals": lambda: aggregate(judge_all(by_id, references), groups),
        "through `evaluate`, from rows as loaded": lambda: metric.compute(predictions=replies, references=plain),
    }
    measured = timed(works)
    for name, seconds in measured.items():
        beside = "" if name == _BOUND else f"{seconds / measured[_BOUND]:.1f} times {_BOUND}"
        said = f"{seconds:.2f} s, {number / seconds:,.0f} a second"
        yield Row(f"score: {name}", f"{number:,} replies", said, beside=beside, bound=_AIMS.get(name, ""))
    outcomes = np.random.default_rng(0).random((9000, 5)) < 0.5
    clusters = [str(index // 5) for index in range(9000)]
    bootstrap = timed({"": lambda: intervals(outcomes.astype(float), clusters, resamples=10_000, seed=0)})[""]
    yield Row("score: bootstrap of 10,000 resamples", "9,000 items in 1,800 query groups", f"{bootstrap:.2f} s")
