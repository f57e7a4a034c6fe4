"""Runners of evaluation frameworks, each in an environment of its own, and their results.

PETOOLBENCH_PYTHONS names the interpreters, "inspect=PATH lm-eval=PATH"; `make test-integrations` sets it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hf_dataset.schema import HISTORY_TYPES

MINUTES = 5


@dataclass(frozen=True, slots=True)
class Result:
    """Results of a framework for one config."""

    rates: dict[str, float]
    error_classes: dict[str, str]
    """By instance id."""


def python_with(name: str) -> Path:
    """Return the interpreter of a framework; skip the test if none is named."""
    paths = dict(pair.split("=", 1) for pair in os.environ.get("PETOOLBENCH_PYTHONS", "").split())
    if name not in paths:
        pytest.skip(f"PETOOLBENCH_PYTHONS names no interpreter for {name}; `make test-integrations` sets it")
    return Path(paths[name])


def by_inspect(
    base_url: str, folder: Path, configs: Sequence[str] = HISTORY_TYPES, **options: str
) -> dict[str, Result]:
    """Return the results of inspect_ai by config.

    Args:
        base_url: URL of the endpoint.
        folder: Working directory of the framework.
        configs: Configs to evaluate.
        options: Arguments of the tasks.
    """
    command = ["eval", *(f"petoolbench/{config}" for config in configs), "--model", "openai-api/tests/test-model"]
    command += ["--log-dir", "logs", "--log-format", "json", "--display", "none", "--max-retries", "0"]
    for name, value in options.items():
        command += ["-T", f"{name}={value}"]
    _run(python_with("inspect").with_name("inspect"), command, base_url, folder)
    logs = [json.loads(path.read_text()) for path in (folder / "logs").glob("*.json")]
    return {log["eval"]["task"].removeprefix("petoolbench/"): _of_log(log) for log in logs}


def _of_log(log: Mapping[str, Any]) -> Result:
    assert log["status"] == "success", log["error"]
    (score,) = log["results"]["scores"]
    rates = {name: metric["value"] for name, metric in score["metrics"].items()}
    classes = {sample["id"]: sample["scores"]["call"]["metadata"]["error_class"] for sample in log["samples"]}
    return Result(rates, classes)


def by_lm_eval(base_url: str, folder: Path, tasks: str = "petoolbench", **options: str) -> dict[str, Result]:
    """Return the results of lm-evaluation-harness by config, and those of the group as "petoolbench".

    Args:
        base_url: URL of the endpoint.
        folder: Working directory of the framework.
        tasks: The group, or one of its tasks.
        options: Metadata of the tasks.
    """
    python = python_with("lm-eval")
    module = ["-m", "petoolbench.integrations.lm_eval_tasks"]
    include = subprocess.run([python, *module], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    model = f"model=test-model,base_url={base_url}/chat/completions,num_concurrent=16,max_retries=1"
    command = ["run", "--model", "local-chat-completions", "--model_args", model, "--include_path", include]
    command += ["--tasks", tasks, "--apply_chat_template", "--output_path", "out", "--log_samples"]
    command += ["--metadata", json.dumps(options)]
    _run(python.with_name("lm_eval"), command, base_url, folder)
    (path_of_results,) = (folder / "out").rglob("results_*.json")
    results = json.loads(path_of_results.read_text())["results"]
    samples = {
        name: [json.loads(line) for path in path_of_results.parent.glob(f"samples_{name}_*") for line in _lines(path)]
        for name in results
    }
    return {name.removeprefix("petoolbench_"): _of_results(results[name], samples[name]) for name in results}


def by_verifiers(base_url: str, folder: Path, limit: int, **options: str) -> dict[str, dict[str, float]]:
    """Return the reward and the metrics of each rollout of verifiers, by the key of its task.

    Args:
        base_url: URL of the endpoint.
        folder: Working directory of the framework.
        limit: Number of tasks.
        options: Options of the taskset.
    """
    python = python_with("verifiers")
    command = ["petoolbench-v1", "--model", "test-model", "--client.base-url", base_url]
    command += ["--client.api-key-var", "TESTS_API_KEY", "--env.agent.harness.id", "null"]
    command += ["--env.agent.runtime.type", "subprocess", "--select.limit", str(limit), "--max-concurrent", "4"]
    command += ["--sampling.temperature", "0", "--no-push", "--no-rich", "--output-dir", "out"]
    for name, value in options.items():
        command += [f"--env.taskset.{name}", value]
    _run(python.with_name("vf-eval"), command, base_url, folder, PATH=f"{python.parent}:{os.environ['PATH']}")
    (path_of_traces,) = (folder / "out").rglob("traces.jsonl")
    episodes = [json.loads(line) for line in _lines(path_of_traces)]
    assert not any(episode["errors"] for episode in episodes)
    traces = {episode["task"]["key"]: episode["traces"][0] for episode in episodes}
    return {key: {**trace["metrics"], **_values(trace["rewards"])} for key, trace in traces.items()}


def _values(rewards: Mapping[str, Any]) -> dict[str, float]:
    return {name: reward["score"] if isinstance(reward, dict) else reward for name, reward in rewards.items()}


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _of_results(results: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> Result:
    rates = {
        name.removesuffix(",none"): value
        for name, value in results.items()
        if name.endswith(",none") and "_stderr" not in name
    }
    classes = {sample["doc"]["instance_id"]: sample["tool_accuracy_low"]["error_class"] for sample in samples}
    return Result(rates, classes)


def _run(program: Path, arguments: Sequence[str], base_url: str, folder: Path, **variables: str) -> None:
    """Run a program that uses only the endpoint and writes only to the folder."""
    environment = {
        **os.environ,
        **{f"XDG_{name}_HOME": str(folder / "home") for name in ("CACHE", "CONFIG", "DATA", "STATE")},
        "HF_HOME": str(folder / "home"),
        "HF_HUB_OFFLINE": "1",
        "OPENAI_API_KEY": "any",
        "TESTS_API_KEY": "any",
        "TESTS_BASE_URL": base_url,
        **variables,
    }
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
