"""The entries in docs/developing/listings.md name tasks, files and configs that exist."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from hf_dataset.schema import HISTORY_TYPES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "developing" / "listings.md").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def block(language: str, word: str) -> str:
    """Return the first block of the page in a language that contains a word."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return next(text for text in blocks if word in text)


def test_the_register_entry_names_the_tasks_of_inspect_ai() -> None:
    entry = yaml.safe_load(block("yaml", "task_path"))
    paths = {task["task_path"] for task in entry["tasks"]}
    (path,) = paths
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    decorated = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id == "task" for mark in node.decorator_list)
    }
    assert {task["name"] for task in entry["tasks"]} == decorated == set(HISTORY_TYPES)
    assert entry["title"] == "PEToolBench"


def test_the_repository_meets_the_rules_of_the_register() -> None:
    """An installable project that declares inspect_ai; the bot checks these two and the decorated tasks."""
    assert {"name", "version", "requires-python", "license"} <= PROJECT.keys()
    extra = PROJECT["optional-dependencies"]["inspect"]
    assert any(re.match(r"inspect[-_]ai\b", requirement) for requirement in extra)
    assert "--extra inspect" in PAGE
    assert PROJECT["entry-points"]["inspect_ai"]["petoolbench"] == "petoolbench.integrations.inspect_tasks"


def test_the_requests_to_the_hub_name_the_framework_and_the_tasks_of_eval_yaml() -> None:
    benchmark = yaml.safe_load((ROOT / "hf_dataset" / "eval.yaml").read_text(encoding="utf-8"))
    assert f"\t{benchmark['evaluation_framework']}: {{" in block("ts", "petoolbench")
    comment = block("text", "allow-list")
    assert all(f"`{task['id']}`" in comment for task in benchmark["tasks"])
