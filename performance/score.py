"""Throughput of scoring, compared with the released scoring rule of the earlier benchmark and with a lower bound.

python -m performance score --predictions 100000
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
from builder.progress import no_progress
from hf_dataset.reader import read_instances
from hf_dataset.schema import Instance, to_dict
from metrics.petoolbench.aggregation import aggregate, judge_all
from metrics.petoolbench.legacy import RULE
from metrics.petoolbench.records import Reference, reference_from_row
from metrics.petoolbench.uncertainty import intervals

from .results_table import Row

_BOUND: Final = "`json.loads` of the bare calls"
_AIMS: Final = {"judge": "2.5 times", "through `evaluate`, from rows as loaded": "3.5 times"}
_METRIC: Final = Path(__file__).parents[1] / "metrics" / "petoolbench"


def replies_to(rows: list[Instance]) -> list[str]:
    """Return a simulated reply for each row: correct and wrong calls, in several formats that models use."""
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
    """Return the seconds of CPU of the fastest run of each function.

    The functions take turns, so that a temporary slowdown of the machine affects all of them. Seconds of CPU leave out
    the time in which other programs run.

    Args:
        works: Functions by name.
        rounds: Number of runs of each function.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.process_time()
            work()
            seconds[name].append(time.process_time() - start)
    return {name: min(runs) for name, runs in seconds.items()}


def published(replies: list[str], answers: list[dict[str, Any]]) -> int:
    """Return the number of correct replies by the released rule: parse the first match of its regular expression."""
    correct = 0
    for reply, answer in zip(replies, answers, strict=True):
        match = re.search(RULE, reply)
        if match:
            try:
                call = json.loads(match[0])
            except ValueError:
                continue
            correct += call["tool_name"] == answer["name"] and call["parameters"] == answer["arguments"]
    return correct


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("--predictions", type=int, default=100_000, help="number of predictions")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure each way to score the same predictions, and the bootstrap alone."""
    number = given.predictions
    seconds_by_name = timed(_scorers(_instances(number)))
    bound = seconds_by_name[_BOUND]
    for name, seconds in seconds_by_name.items():
        comparison = "" if name == _BOUND else f"{seconds / bound:.1f} times {_BOUND}"
        result = f"{seconds:.2f} s, {number / seconds:,.0f} a second"
        yield Row(f"score: {name}", f"{number:,} replies", result, beside=comparison, bound=_AIMS.get(name, ""))
    yield _measure_bootstrap()


def _instances(count: int) -> list[Instance]:
    """Build a small data set, and repeat its instances up to a count."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "data"
        config = load_config(None, preset="dev", seed=1)
        pipeline.build(open_source("builtin"), config, out, no_progress, audited=False)
        instances = read_instances(out, "preferred_only", "train")
    return (instances * (count // len(instances) + 1))[:count]


def _scorers(rows: list[Instance]) -> dict[str, Callable[[], object]]:
    """Return the functions to measure. Each scores the same replies to the rows."""
    replies = replies_to(rows)
    plain = [{**to_dict(row), "instance_id": str(index)} for index, row in enumerate(rows)]
    references = [reference_from_row(row) for row in plain]
    by_id = {row["instance_id"]: reply for row, reply in zip(plain, replies, strict=True)}
    groups = [reference.query_group for reference in references]
    answers = [_call(reference) for reference in references]
    texts = [json.dumps(answer) for answer in answers]
    metric = evaluate.load(str(_METRIC))
    return {
        _BOUND: lambda: [json.loads(text) for text in texts],
        "the earlier benchmark's released rule": lambda: published(replies, answers),
        "judge": lambda: judge_all(by_id, references),
        "judge, and rates with intervals": lambda: aggregate(judge_all(by_id, references), groups),
        "through `evaluate`, from rows as loaded": lambda: metric.compute(predictions=replies, references=plain),
    }


def _call(reference: Reference) -> dict[str, Any]:
    return {"name": reference.answer.name, "arguments": reference.answer.arguments}


def _measure_bootstrap() -> Row:
    outcomes = np.random.default_rng(0).random((9000, 5)) < 0.5
    clusters = [str(index // 5) for index in range(9000)]
    seconds = timed({"": lambda: intervals(outcomes.astype(float), clusters, resamples=10_000, seed=0)})[""]
    return Row("score: bootstrap of 10,000 resamples", "9,000 items in 1,800 query groups", f"{seconds:.2f} s")
