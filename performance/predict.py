"""Duration of the same predictions by `petoolbench predict` and by two evaluation frameworks, from a test endpoint.

python -m performance predict DATA --inspect .venv-inspect/bin/python --lm-eval .venv-lm-eval/bin/python
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
from petoolbench.run_files import read_run
from petoolbench.scoring import score_replies
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
with open(sys.argv[1], "w") as report:
    json.dump({"code": code, "seconds": time.perf_counter() - began, "peak": usage.ru_maxrss / 1024}, report)
"""
"""Program that runs a command and reports its exit code, duration and peak memory.

It is a small process because the peak that Linux reports for a child is never below the memory of its parent.
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of an evaluation program."""

    data: Path
    """Folder of a data set with exactly the requested instances."""
    base_url: str
    connections: int
    folder: Path
    """Working directory of the program, with its output files."""


@dataclass(frozen=True, slots=True)
class Way:
    """An evaluation program."""

    name: str
    command: Callable[[Job], Sequence[str]]
    """Return the command line of a job."""
    found: Callable[[Job], float]
    """Return the tool accuracy from the output files of a job."""


def ours() -> Way:
    """Return the command `petoolbench predict`."""

    def command(job: Job) -> list[str]:
        parts = [sys.executable, "-m", "petoolbench", "predict", str(job.data), "--config", CONFIG, "--split", SPLIT]
        parts += ["--model", "test-model", "--base-url", job.base_url, "--connections", str(job.connections)]
        return [*parts, "-o", "replies.jsonl"]

    def found(job: Job) -> float:
        replies = read_run(job.folder / "replies.jsonl").predictions
        return score_replies(replies, read_instances(job.data, CONFIG, SPLIT))["tool_accuracy"]

    return Way("petoolbench predict", command, found)


def by_inspect(python: Path) -> Way:
    """Return the inspect_ai task.

    Args:
        python: Python interpreter of the environment with inspect_ai.
    """
    program = str(python.absolute().with_name("inspect"))

    def command(job: Job) -> list[str]:
        parts = [
            program,
            "eval",
            f"petoolbench/{CONFIG}",
            "--model",
            "openai-api/tests/test-model",
            "--log-dir",
            "logs",
        ]
        parts += ["--max-connections", str(job.connections), "--display", "none"]
        return [*parts, "-T", f"data={job.data}", "-T", f"split={SPLIT}"]

    def found(job: Job) -> float:
        (log,) = (job.folder / "logs").glob("*.eval")
        dump = [program, "log", "dump", "--header-only", str(log)]
        done = subprocess.run(dump, cwd=job.folder, capture_output=True, text=True, check=True)
        return float(json.loads(done.stdout)["results"]["scores"][0]["metrics"]["tool_accuracy"]["value"])

    return Way("inspect_ai", command, found)


def by_lm_eval(python: Path) -> Way:
    """Return the lm-evaluation-harness task.

    Args:
        python: Python interpreter of the environment with lm-evaluation-harness.
    """
    program = str(python.absolute().with_name("lm_eval"))

    def command(job: Job) -> list[str]:
        model = f"model=test-model,base_url={job.base_url}/chat/completions,num_concurrent={job.connections}"
        parts = [program, "run", "--model", "local-chat-completions", "--model_args", model, "--apply_chat_template"]
        parts += ["--include_path", str(ROOT / "petoolbench" / "integrations" / "lm_eval_tasks")]
        parts += ["--tasks", f"petoolbench_{CONFIG}", "--output_path", "out", "--log_samples"]
        return [*parts, "--metadata", json.dumps({"data": str(job.data), "split": SPLIT})]

    def found(job: Job) -> float:
        (results,) = (job.folder / "out").rglob("results_*.json")
        return float(json.loads(results.read_text())["results"][f"petoolbench_{CONFIG}"]["tool_accuracy,none"])

    return Way("lm-evaluation-harness", command, found)


@dataclass(frozen=True, slots=True)
class Measured:
    """Result of one run."""

    seconds: float
    """Seconds from start to end of the program."""
    asking: float
    """Seconds from the first request to the last reply."""
    at_once: int
    """Maximum number of concurrent requests."""
    peak: float
    """Peak memory in MiB."""
    tool_accuracy: float


def once(way: Way, data: Path, connections: int, latency: float, items: int, folder: Path) -> Measured:
    """Run an evaluation program once, against a new test server.

    Args:
        way: The program.
        data: Folder of a data set with exactly the requested instances.
        connections: Concurrent requests.
        latency: Seconds from request to reply.
        items: Number of instances.
        folder: Working directory, which must not exist.

    Raises:
        SystemExit: If the program fails, with the end of its output as the message.
    """
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
        command = [sys.executable, "-c", LAUNCHER, "report.json", *way.command(job)]
        with (folder / "output.txt").open("wb") as output:
            subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=output, check=True)
        report = json.loads((folder / "report.json").read_text())
        if report["code"]:
            raise SystemExit(f"{way.name} failed:\n{(folder / 'output.txt').read_text()[-4000:]}")
        log = server.log
    requests = log.completions()
    assert len({request.content for request in requests}) == len(requests) == items, "each item is requested once"
    arrivals = [request.arrived_s for request in requests]
    asking = max(arrivals) - min(arrivals) + latency
    at_once = max(request.in_flight for request in requests)
    return Measured(report["seconds"], asking, at_once, report["peak"], way.found(job))


def first_rows(data: Path, items: int, folder: Path) -> Path:
    """Copy the first instances of a data set, so that the programs read only those that they evaluate.

    Args:
        data: Folder of the data set.
        items: Number of instances.
        folder: Folder of the copy.

    Returns:
        The folder of the copy.

    Raises:
        SystemExit: If the data set has too few instances.
    """
    rows = pq.read_table(data / split_file(CONFIG, SPLIT)).slice(0, items)
    if rows.num_rows < items:
        raise SystemExit(f"{data} has {rows.num_rows} rows of {CONFIG}, {SPLIT}, not {items}. Name a larger data set.")
    path = folder / split_file(CONFIG, SPLIT)
    path.parent.mkdir(parents=True)
    pq.write_table(rows, path)
    shutil.copy(data / MANIFEST, folder / MANIFEST)
    return folder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command line arguments of this measurement."""
    parser.add_argument("data", type=Path, help="folder of the data set")
    parser.add_argument("--items", type=int, default=3000, help="number of instances")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds from request to reply")
    parser.add_argument("--connections", type=int, default=64, help="concurrent requests")
    parser.add_argument("--inspect", type=Path, help="Python interpreter with inspect_ai")
    parser.add_argument("--lm-eval", type=Path, help="Python interpreter with lm-evaluation-harness")


def measure(given: argparse.Namespace) -> Iterator[Row]:
    """Measure each program on the same instances."""
    ways = [ours()]
    ways += [by_inspect(given.inspect)] if given.inspect else []
    ways += [by_lm_eval(given.lm_eval)] if given.lm_eval else []
    ideal = given.items * given.latency / given.connections
    work = f"{given.items:,} items, {given.latency} s each, {given.connections} at once"
    with tempfile.TemporaryDirectory() as folder:
        data = first_rows(given.data, given.items, Path(folder) / "data")
        for number, way in enumerate(ways):
            run = once(way, data, given.connections, given.latency, given.items, Path(folder) / str(number))
            result = f"{run.seconds:.1f} s, {run.asking:.1f} of them asking"
            share = f"{run.asking / ideal:.2f} times the ideal ({ideal:.1f} s)"
            comparison = f"{share}; tool accuracy {run.tool_accuracy:.4f}"
            yield Row(f"predict: {way.name}", work, result, run.peak, comparison)
