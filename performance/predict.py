"""The same items asked of the test endpoint by us and by two evaluation frameworks.

python -m benchmarks predict DATA --inspect .venv-inspect/bin/python --lm-eval .venv-lm-eval/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from hf_dataset.layout import MANIFEST, split_file
from hf_dataset.reader import read_instances
from petoolbench.runs import read_run
from petoolbench.scoring import score
from tests.fakes.openai.server import LlmProcess

from .results_table import Row

ROOT = Path(__file__).parents[1]
SCRIPT = "tests.fakes.openai.predict_script:reply"
CONFIG, SPLIT = "chronological", "train"
LAUNCHER = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.call(sys.argv[2:])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as told:
    json.dump({"code": code, "seconds": time.perf_counter() - began, "peak": usage.ru_maxrss / 1024}, told)
"""
"""Starts a program from a small process: the peak of one that a large process starts is never below its own."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is measured."""

    data: Path
    """Folder of a data set that has no more rows than are asked."""
    base_url: str
    connections: int
    folder: Path
    """Where the program runs, and leaves what it finds."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask."""

    name: str
    command: Callable[[Job], Sequence[str]]
    found: Callable[[Job], float]
    """Tool accuracy, from what the program left."""


def ours() -> Way:
    """The command `petoolbench predict`."""

    def command(job: Job) -> list[str]:
        asked = [sys.executable, "-m", "petoolbench", "predict", str(job.data), "--config", CONFIG, "--split", SPLIT]
        asked += ["--model", "test-model", "--base-url", job.base_url, "--connections", str(job.connections)]
        return [*asked, "-o", "replies.jsonl"]

    def found(job: Job) -> float:
        replies = read_run(job.folder / "replies.jsonl").predictions
        return score(replies, read_instances(job.data, CONFIG, SPLIT))["tool_accuracy"]

    return Way("petoolbench predict", command, found)


def by_inspect(python: Path) -> Way:
    """The task of inspect_ai."""
    program = str(python.absolute().with_name("inspect"))

    def command(job: Job) -> list[str]:
        asked = [
            program,
            "eval",
            f"petoolbench/{CONFIG}",
            "--model",
            "openai-api/tests/test-model",
            "--log-dir",
            "logs",
        ]
        asked += ["--max-connections", str(job.connections), "--display", "none"]
        return [*asked, "-T", f"data={job.data}", "-T", f"split={SPLIT}"]

    def found(job: Job) -> float:
        (log,) = (job.folder / "logs").glob("*.eval")
        shown = [program, "log", "dump", "--header-only", str(log)]
        done = subprocess.run(shown, cwd=job.folder, capture_output=True, text=True, check=True)
        return float(json.loads(done.stdout)["results"]["scores"][0]["metrics"]["tool_accuracy"]["value"])

    return Way("inspect_ai", command, found)


def by_lm_eval(python: Path) -> Way:
    """The task of lm-evaluation-harness."""
    program = str(python.absolute().with_name("lm_eval"))

    def command(job: Job) -> list[str]:
        model = f"model=test-model,base_url={job.base_url}/chat/completions,num_concurrent={job.connections}"
        asked = [program, "run", "--model", "local-chat-completions", "--model_args", model, "--apply_chat_template"]
        asked += ["--include_path", str(ROOT / "builder" / "integrations" / "lm_eval_tasks")]
        asked += ["--tasks", f"petoolbench_{CONFIG}", "--output_path", "out", "--log_samples"]
        return [*asked, "--metadata", json.dumps({"data": str(job.data), "split": SPLIT})]

    def found(job: Job) -> float:
        (results,) = (job.folder / "out").rglob("results_*.json")
        return float(json.loads(results.read_text())["results"][f"petoolbench_{CONFIG}"]["tool_accuracy,none"])

    return Way("lm-evaluation-harness", command, found)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a way took."""

    seconds: float
    """From start to end of the program."""
    asking: float
    """From the first request to the last reply."""
    at_once: int
    """Most requests under way at the same time."""
    peak: float
    """MiB."""
    tool_accuracy: float


def once(way: Way, data: Path, connections: int, latency: float, items: int, folder: Path) -> Measured:
    """Run a way once, against a server of its own."""
    folder.mkdir()
    with LlmProcess(SCRIPT, folder / "requests.jsonl", latency=latency) as server:
        job = Job(data, server.base_url, connections, folder)
        environment = {
            **os.environ,
            **{f"XDG_{name}_HOME": str(folder / "home") for name in ("CACHE", "CONFIG", "DATA", "STATE")},
            "HF_HUB_OFFLINE": "1",
            "OPENAI_API_KEY": "any",
            "TESTS_API_KEY": "any",
            "TESTS_BASE_URL": server.base_url,
        }
        command = [sys.executable, "-c", LAUNCHER, "told.json", *way.command(job)]
        with (folder / "output.txt").open("wb") as output:
            subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=output, check=True)
        told = json.loads((folder / "told.json").read_text())
        if told["code"]:
            raise SystemExit(f"{way.name} failed:\n{(folder / 'output.txt').read_text()[-4000:]}")
        log = server.log
    asked = log.completions()
    assert len({one.content for one in asked}) == len(asked) == items, "every item is to be asked once"
    arrived = [one.arrived_s for one in asked]
    asking = max(arrived) - min(arrived) + latency
    at_once = max(one.in_flight for one in asked)
    return Measured(told["seconds"], asking, at_once, told["peak"], way.found(job))


def first_rows(data: Path, items: int, folder: Path) -> Path:
    """A data set of the first rows of another, so that nobody reads what is not asked."""
    rows = pq.read_table(data / split_file(CONFIG, SPLIT)).slice(0, items)
    if rows.num_rows < items:
        raise SystemExit(f"{data} has {rows.num_rows} rows of {CONFIG}, {SPLIT}, not {items}. Name a larger data set.")
    path = folder / split_file(CONFIG, SPLIT)
    path.parent.mkdir(parents=True)
    pq.write_table(rows, path)
    shutil.copy(data / MANIFEST, folder / MANIFEST)
    return folder


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("data", type=Path, help="folder of a built data set")
    parser.add_argument("--items", type=int, default=3000)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--inspect", type=Path, help="the Python that has inspect_ai")
    parser.add_argument("--lm-eval", type=Path, help="the Python that has lm-evaluation-harness")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Each way to ask the same items."""
    ways = [ours()]
    ways += [by_inspect(given.inspect)] if given.inspect else []
    ways += [by_lm_eval(given.lm_eval)] if given.lm_eval else []
    ideal = given.items * given.latency / given.connections
    work = f"{given.items:,} items, {given.latency} s each, {given.connections} at once"
    with tempfile.TemporaryDirectory() as folder:
        data = first_rows(given.data, given.items, Path(folder) / "data")
        for number, way in enumerate(ways):
            one = once(way, data, given.connections, given.latency, given.items, Path(folder) / str(number))
            said = f"{one.seconds:.1f} s, {one.asking:.1f} of them asking"
            beside = f"{one.asking / ideal:.2f} times the ideal ({ideal:.1f} s); tool accuracy {one.tool_accuracy:.4f}"
            yield Row(f"predict: {way.name}", work, said, one.peak, beside)
