"""`petoolbench show`, and the instances that `demo` shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder.config import BuildConfig, UserConfig
from hf_dataset.reader import read_instances, read_tools
from hf_dataset.schema import HISTORY_TYPES, Instance
from petoolbench.cli import demo
from tests.commands import run
from tests.conftest import Built


def shown(built: Built, *options: str | Path, cwd: Path) -> str:
    """Return the output of `show`."""
    done = run("show", built.data, *options, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown_ids(output: str) -> list[str]:
    """Return the ids of the instances in the output of `show`."""
    return re.findall(r"^(\S+)   \(user ", output, flags=re.MULTILINE)


def first_of_groups(rows: list[Instance], count: int) -> list[Instance]:
    """Return the first instance of each of the first query groups."""
    groups: dict[str, Instance] = {}
    for row in rows:
        groups.setdefault(row.query_group, row)
    return list(groups.values())[:count]


def test_instances_are_shown_with_history_instruction_and_answer(built: Built, tmp_path: Path) -> None:
    output = shown(built, "--config", "rating_integrated", "-n", "2", cwd=tmp_path)
    rows = first_of_groups(read_instances(built.data, "rating_integrated", "validation"), 2)
    assert shown_ids(output) == [row.instance_id for row in rows]
    for row in rows:
        assert f"Instruction   {row.instruction}" in output
        assert row.answer is not None
        assert f"Answer        {row.answer.name} {row.answer.arguments}" in output
        for step in row.history:
            assert f"liked     {step.instruction}" in output or f"disliked  {step.instruction}" in output
        for tool in (*row.history_tools, *row.candidates):
            assert f"  {tool.name}(" in output
    assert "  liked " in output
    assert "  disliked " in output


def test_several_instances_have_different_instructions(built: Built, tmp_path: Path) -> None:
    output = shown(built, "-n", "3", cwd=tmp_path)
    instructions = re.findall(r"^Instruction   (.+)$", output, flags=re.MULTILINE)
    assert len(instructions) == len(set(instructions)) == 3
    rows = read_instances(built.data, HISTORY_TYPES[0], "validation")
    assert len({row.instruction for row in rows[:3]}) < 3, "the first rows share an instruction"


@pytest.mark.parametrize("config", HISTORY_TYPES)
def test_the_preference_and_the_steps_and_sentences_that_state_it_are_marked(
    built: Built, tmp_path: Path, config: str
) -> None:
    attributes = {
        tool.name: {item.axis: item for item in tool.attributes} for tool in read_tools(built.data, "validation")
    }
    rows = first_of_groups(read_instances(built.data, config, "validation"), 3)
    for row in rows:
        assert row.answer is not None
        assert row.meta is not None
        assert row.meta.axes
        output = shown(built, "--config", config, "--id", row.instance_id, cwd=tmp_path)
        wanted = [f"{axis} = {attributes[row.answer.name][axis].value}" for axis in row.meta.axes]
        assert f"\nWants         {', '.join(wanted)}\n" in output
        steps = re.findall(r"^  ([* ]) {1,2}(\d+)  ", output, flags=re.MULTILINE)
        assert [int(index) for _, index in steps] == list(range(len(row.history)))
        assert [int(index) for mark, index in steps if mark == "*"] == sorted(row.evidence)
        assert row.evidence
        sentences = {
            attributes[tool.name][axis].evidence
            for tool in (*row.history_tools, *row.candidates)
            for axis in row.meta.axes
            if axis in attributes[tool.name] and attributes[tool.name][axis].evidence in tool.description
        }
        assert set(re.findall(r"«([^»]+)»", output)) == sentences
        assert {attributes[row.answer.name][axis].evidence for axis in row.meta.axes} <= sentences
        if row.meta.drift_step is not None:
            assert f"\nSince         step {row.meta.drift_step}; " in output
    assert (config == "chronological") == all(row.meta and row.meta.drift_step is not None for row in rows)


def test_instances_are_chosen_by_id(built: Built, tmp_path: Path) -> None:
    rows = read_instances(built.data, HISTORY_TYPES[0], "validation")
    chosen = [rows[7].instance_id, rows[2].instance_id]
    output = shown(built, "--id", chosen[0], "--id", chosen[1], cwd=tmp_path)
    assert shown_ids(output) == [rows[2].instance_id, rows[7].instance_id]


def test_instances_are_drawn_with_a_seed(built: Built, tmp_path: Path) -> None:
    first, second, other = (
        shown(built, "--config", "chronological", "--seed", seed, "-n", "4", cwd=tmp_path) for seed in ("1", "1", "2")
    )
    assert first == second
    ids = shown_ids(first)
    assert len(ids) == len(set(ids)) == 4
    assert set(ids) != set(shown_ids(other))
    assert set(ids) <= {row.instance_id for row in read_instances(built.data, "chronological", "validation")}


def test_the_test_split_shows_the_answer_only_with_the_private_answers(built: Built, tmp_path: Path) -> None:
    private = shown(built, "--split", "test", cwd=tmp_path)
    assert "Answer        private" in private
    for mark in ("Wants  ", "«", "  * "):
        assert mark not in private
    public = shown(built, "--split", "test", "--answers", built.answers, cwd=tmp_path)
    assert shown_ids(public) == shown_ids(private)
    assert "Answer        private" not in public
    assert re.search(r"^Wants         \w+ = \S", public, flags=re.MULTILINE)
    assert "«" in public


def test_the_demo_shows_an_instance_of_each_config_and_scores_two_baselines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = UserConfig(count=30, train=0.34, validation=0.33, test=0.33)
    monkeypatch.setattr(demo, "DEMO", BuildConfig(seed=1, users=users))
    done = run("demo", "-o", "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for config in HISTORY_TYPES:
        first = read_instances(tmp_path / "demo", config, "validation")[0]
        assert done.stdout.count(first.instance_id) == 1
        assert re.search(rf"baseline:oracle +{config} +100\.0", done.stdout)
        assert re.search(rf"baseline:random +{config} +[1-5]?\d\.\d", done.stdout)
    # The three instances have the same user and the same candidates, so the documentation is shown once.
    assert done.stdout.count("\nCandidates\n") == 1
    (documentation,) = done.stdout.split("\nCandidates\n")[1:]
    assert all(f"  {tool.name}(" in documentation for tool in first.candidates)
