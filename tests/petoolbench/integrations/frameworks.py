"""Running a framework of others in its own environment, and what it found.

PETOOLBENCH_PYTHONS names a Python for each, "inspect=PATH lm-eval=PATH", as `make test-integrations` sets it.
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
class Found:
    """What a framework says of one config."""

    rates: dict[str, float]
    error_classes: dict[str, str]
    """By instance id."""


def python_with(name: str) -> Path:
    """The Python that has a framework; skips the test where none is named."""
    named = dict(pair.split("=", 1) for pair in os.environ.get("PETOOLBENCH_PYTHONS", "").split())
    if name not in named:
        pytest.skip(f"PETOOLBENCH_PYTHONS names no Python with {name}; `make test-integrations` sets it")
    return Path(named[name])


def by_inspect(base_url: str, folder: Path, configs: Sequence[str] = HISTORY_TYPES, **options: str) -> dict[str, Found]:
    """What inspect_ai finds, by config.

    Args:
        base_url: The endpoint.
        folder: Where it runs.
        configs: Whose tasks are run.
        options: Arguments of the tasks.
    """
    command = ["eval", *(f"petoolbench/{config}" for config in configs), "--model", "openai-api/tests/test-model"]
    command += ["--log-dir", "logs", "--log-format", "json", "--display", "none", "--max-retries", "0"]
    for name, value in options.items():
        command += ["-T", f"{name}={value}"]
    _run(python_with("inspect").with_name("inspect"), command, base_url, folder)
    logs = [json.loads(path.read_text()) for path in (folder / "logs").glob("*.json")]
    return {log["eval"]["task"].removeprefix("petoolbench/"): _of_log(log) for log in logs}


def _of_log(log: Mapping[str, Any]) -> Found:
    assert log["status"] == "success", log["error"]
    (score,) = log["results"]["scores"]
    rates = {name: metric["value"] for name, metric in score["metrics"].items()}
    classes = {sample["id"]: sample["scores"]["call"]["metadata"]["error_class"] for sample in log["samples"]}
    return Found(rates, classes)


def by_lm_eval(base_url: str, folder: Path, tasks: str = "petoolbench", **options: str) -> dict[str, Found]:
    """What lm-evaluation-harness finds, by config, and under "petoolbench" for all three together.

    Args:
        base_url: The endpoint.
        folder: Where it runs.
        tasks: The group, or one of its tasks.
        options: Metadata for the tasks.
    """
    python = python_with("lm-eval")
    asked = ["-m", "petoolbench.integrations.lm_eval_tasks"]
    include = subprocess.run([python, *asked], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    model = f"model=test-model,base_url={base_url}/chat/completions,num_concurrent=16,max_retries=1"
    command = ["run", "--model", "local-chat-completions", "--model_args", model, "--include_path", include]
    command += ["--tasks", tasks, "--apply_chat_template", "--output_path", "out", "--log_samples"]
    command += ["--metadata", json.dumps(options)]
    _run(python.with_name("lm_eval"), command, base_url, folder)
    (results,) = (folder / "out").rglob("results_*.json")
    found = json.loads(results.read_text())["results"]
    samples = {
        name: [json.loads(line) for path in results.parent.glob(f"samples_{name}_*") for line in _lines(path)]
        for name in found
    }
    return {name.removeprefix("petoolbench_"): _of_results(found[name], samples[name]) for name in found}


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _of_results(results: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> Found:
    rates = {
        name.removesuffix(",none"): value
        for name, value in results.items()
        if name.endswith(",none") and "_stderr" not in name
    }
    return Found(rates, {one["doc"]["instance_id"]: one["tool_accuracy_low"]["error_class"] for one in samples})


def _run(program: Path, arguments: Sequence[str], base_url: str, folder: Path) -> None:
    """Run a program that may not reach anything but the endpoint, and leaves nothing elsewhere."""
    environment = {
        **os.environ,
        **{f"XDG_{name}_HOME": str(folder / "home") for name in ("CACHE", "CONFIG", "DATA", "STATE")},
        "HF_HOME": str(folder / "home"),
        "HF_HUB_OFFLINE": "1",
        "OPENAI_API_KEY": "any",
        "TESTS_API_KEY": "any",
        "TESTS_BASE_URL": base_url,
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
