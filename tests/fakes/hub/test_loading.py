"""The Hub against datasets and evaluate, each in a process of its own with an empty cache."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from tests.environments import WITH_SCRIPTS, python_with

from .making import NAME, SCRIPT, files, publish
from .server import HubServer

ROOT = Path(__file__).parents[3]
METRIC = ROOT / "metrics" / "petoolbench"

LOAD = """
import json, sys
import datasets
version, name, *asked = sys.argv[1:]
assert datasets.__version__.startswith(version), datasets.__version__
for options in map(json.loads, asked):
    try:
        rows = [row["number"] for row in datasets.load_dataset(name, "numbers", split="train", **options)]
        print("told", json.dumps(rows))
    except Exception as error:
        print("told", json.dumps(type(error).__name__))
"""
EVALUATE = """
import evaluate, json, sys
metric = evaluate.load(sys.argv[1])
print("told", json.dumps([type(metric).__name__, sorted(metric.features)]))
"""


def run(python: str, code: str, *arguments: str, environment: dict[str, str], folder: Path) -> list[Any]:
    """What a process told, line by line."""
    command = [python, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line.removeprefix("told ")) for line in done.stdout.splitlines() if line.startswith("told ")]


def load(
    hub: HubServer, python: str, version: str, home: Path, token: str | None, *options: dict[str, Any]
) -> list[Any]:
    """The numbers, or the name of the error, for each set of options of load_dataset."""
    asked = [json.dumps(one) for one in options]
    return run(python, LOAD, version, NAME, *asked, environment=hub.environment(home, token), folder=home)


@pytest.fixture
def token(hub: HubServer, ann: HfApi) -> str:
    """Ann's token, to a private data set with a tag and a branch."""
    publish(ann, 3, private=True)
    ann.create_tag(NAME, tag="v1", repo_type="dataset")
    ann.create_branch(NAME, branch="script", repo_type="dataset")
    hub.commit("datasets", NAME, files(5))
    hub.commit("datasets", NAME, {"numbers.py": SCRIPT}, revision="script")
    hub.log.clear()
    assert isinstance(ann.token, str)
    return ann.token


def test_the_newest_datasets(hub: HubServer, token: str, tmp_path: Path) -> None:
    script = {"revision": "script", "trust_remote_code": True}
    asked: list[dict[str, Any]] = [script, {}, {"revision": "v1"}, {"streaming": True}]
    told = load(hub, sys.executable, "5.", tmp_path, token, *asked)
    assert told == ["RuntimeError", list(range(5)), list(range(3)), list(range(5))]
    assert {entry.user for entry in hub.log.entries()} == {"ann"}
    assert None not in hub.log.kinds()


def test_the_newest_datasets_without_a_right(hub: HubServer, token: str, tmp_path: Path) -> None:
    assert token
    assert load(hub, sys.executable, "5.", tmp_path, None, {}, {"streaming": True}) == ["DatasetNotFoundError"] * 2
    assert {entry.status for entry in hub.log.entries()} == {401}


@pytest.mark.matrix
@pytest.mark.parametrize("version", WITH_SCRIPTS)
def test_versions_with_scripts(version: str, hub: HubServer, token: str, tmp_path: Path) -> None:
    script = {"revision": "script", "trust_remote_code": True}
    asked: list[dict[str, Any]] = [script, {}, {"revision": "v1"}, {"revision": "v1", "streaming": True}]
    told = load(hub, python_with(version), version, tmp_path, token, *asked)
    assert told == [[0, -1, -2], list(range(5)), list(range(3)), list(range(3))]


def test_a_metric_from_a_space(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    name = "org/petoolbench"
    ann.create_repo(name, repo_type="space", space_sdk="gradio")
    ann.upload_folder(repo_id=name, repo_type="space", folder_path=METRIC, ignore_patterns="*__pycache__*")
    hub.log.clear()
    told = run(sys.executable, EVALUATE, name, environment=hub.environment(tmp_path), folder=tmp_path)
    assert told == [["Petoolbench", ["predictions", "references"]]]
    asked = [entry.path.removeprefix(f"/spaces/{name}/resolve/") for entry in hub.log.entries("resolve")]
    assert asked[1:3] == ["main/petoolbench.py"] * 2
    assert asked[0].startswith("v0.")  # the tag of evaluate's own version goes first
    assert hub.log.kinds() == ["resolve"] * len(asked)
    got = {path for path in asked if path.startswith("main/")}
    of_the_space = {"__init__.py", "app.py", "page.py", "page_input.py", "uploads.py"}
    assert got == {f"main/{path.name}" for path in METRIC.glob("*.py") if path.name not in of_the_space}
