"""`petoolbench predict`, `prompts` and `score`."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import petoolbench as pb
from hf_dataset.reader import read_answers, read_instances
from hf_dataset.schema import HISTORY_TYPES, Instance
from metrics.petoolbench.records import ERROR_CLASSES, RATES
from tests.commands import run
from tests.conftest import Built

CONFIG = "chronological"
SPLIT = ("--config", CONFIG, "--split", "validation")


def succeed(*arguments: str | Path, cwd: Path) -> str:
    """Run a command that must succeed and return its output."""
    done = run(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def correct_call(row: Instance) -> str:
    assert row.answer is not None
    return json.dumps({"name": row.answer.name, "arguments": json.loads(row.answer.arguments)})


def test_a_run_can_be_scored(built: Built, tmp_path: Path) -> None:
    output = succeed("predict", built.data, *SPLIT, "--model", "baseline:oracle", "-o", "run.jsonl", cwd=tmp_path)
    assert re.search(r"instances +36", output)
    header, *lines = read_lines(tmp_path / "run.jsonl")
    assert header["petoolbench"]["settings"]["model"] == "baseline:oracle"
    rows = read_instances(built.data, CONFIG, "validation")
    assert [line["instance_id"] for line in lines] == [row.instance_id for row in rows]
    assert all(set(line) == {"instance_id", "prediction"} for line in lines)
    scores = succeed("score", "run.jsonl", "--data", built.data, *SPLIT, cwd=tmp_path)
    assert scores.startswith("baseline:oracle, %")
    assert re.search(r"chronological +100\.0 .* 100\.0 to 100\.0 +36 +0\n", scores)
    assert "chronological: intervals by bootstrap over 9 query groups" in scores
    assert "preference mismatch" in scores


def test_rows_without_a_prediction_are_apart_from_unreadable_ones(built: Built, tmp_path: Path) -> None:
    rows = read_instances(built.data, CONFIG, "validation")
    lines = [{"instance_id": row.instance_id, "prediction": correct_call(row)} for row in rows[:9]]
    write_lines(tmp_path / "run.jsonl", [*lines, {"instance_id": rows[9].instance_id, "prediction": "I do not know."}])
    scores = succeed("score", "run.jsonl", "--data", built.data, *SPLIT, cwd=tmp_path)
    assert scores.startswith("chronological: 26 of 36 instances of the full split have no prediction")
    for name, share in (("correct", 9 / 36), ("no prediction", 26 / 36), ("invalid format", 1 / 36)):
        assert re.search(rf"^ +{name} +{100 * share:.1f} *$", scores, re.MULTILINE)
    write_lines(tmp_path / "all.jsonl", [{"instance_id": row.instance_id, "prediction": "no"} for row in rows])
    assert "no prediction" not in succeed("score", "all.jsonl", "--data", built.data, *SPLIT, cwd=tmp_path)


def test_a_run_with_the_same_settings_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    model = ("--model", "baseline:random", "--seed")
    succeed("predict", built.data, *SPLIT, *model, "3", "-o", "run.jsonl", cwd=tmp_path)
    first = (tmp_path / "run.jsonl").read_bytes()
    resumed = succeed("predict", built.data, *SPLIT, *model, "3", "-o", "run.jsonl", cwd=tmp_path)
    assert re.search(r"already in the file +36", resumed)
    assert (tmp_path / "run.jsonl").read_bytes() == first
    refused = run("predict", built.data, *SPLIT, *model, "4", "-o", "run.jsonl", cwd=tmp_path)
    assert refused.returncode == 1
    assert "was made with seed 3, not 4" in refused.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.jsonl"]


@pytest.fixture(scope="module")
def run_of_all(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a run of all three configs, `run.jsonl`, in which one instance has no reply."""
    folder = tmp_path_factory.mktemp("all")
    succeed("predict", built.data, "--config", "all", "--model", "baseline:random", "-o", "run.jsonl", cwd=folder)
    lines = (folder / "run.jsonl").read_text().splitlines(keepends=True)
    assert len(lines) == 1 + 3 * 36
    (folder / "run.jsonl").write_text("".join(lines[:-1]))
    return folder


def test_scores_are_printed_as_json(built: Built, run_of_all: Path) -> None:
    scores = json.loads(succeed("score", "run.jsonl", "--data", built.data, "--json", cwd=run_of_all))
    assert scores == json.loads(json.dumps(pb.score(run_of_all / "run.jsonl", built.data).to_dict()))
    assert scores["name"] == "baseline:random"
    assert list(scores["configs"]) == list(HISTORY_TYPES)
    assert [scores["configs"][config]["missing"] for config in HISTORY_TYPES] == [0, 0, 1]
    predictions = pb.read_run(run_of_all / "run.jsonl").predictions
    for config in HISTORY_TYPES:
        part = scores["configs"][config]
        rows = read_instances(built.data, config, "validation")
        called = [json.loads(predictions.get(row.instance_id, "{}")).get("name") for row in rows]
        correct = sum(
            row.answer is not None and row.answer.name == name for row, name in zip(rows, called, strict=True)
        )
        assert part["tool_accuracy"] == pytest.approx(correct / 36)
        assert part["count"] == 36
        assert part["query_groups"] == 9
        assert sum(part["error_classes"].values()) == pytest.approx(1)
    for rate in RATES:
        mean = sum(scores["configs"][config][rate] for config in HISTORY_TYPES) / 3
        assert scores["mean"][rate] == pytest.approx(mean)


def test_scores_are_printed_as_csv(built: Built, run_of_all: Path) -> None:
    scores = json.loads(succeed("score", "run.jsonl", "--data", built.data, "--json", cwd=run_of_all))["configs"]
    output = succeed("score", "run.jsonl", "--data", built.data, "--csv", cwd=run_of_all)
    lines = list(csv.DictReader(io.StringIO(output)))
    assert [line["config"] for line in lines] == list(HISTORY_TYPES)
    for line in lines:
        part = scores[line["config"]]
        assert line["name"] == "baseline:random"
        assert {rate: float(line[rate]) for rate in RATES} == {rate: part[rate] for rate in RATES}
        for rate in RATES:
            assert [float(line[f"{rate}_low"]), float(line[f"{rate}_high"])] == part["intervals"][rate]
        assert {name: float(line[name]) for name in ERROR_CLASSES} == part["error_classes"]
        assert [int(line[name]) for name in ("count", "query_groups", "missing")] == [36, 9, part["missing"]]


def test_a_run_of_all_configs_is_scored_without_naming_them(built: Built, run_of_all: Path) -> None:
    output = succeed("score", "run.jsonl", "--data", built.data, cwd=run_of_all)
    assert output.startswith(
        "chronological: 1 of 36 instances of the full split have no prediction and count as wrong.\n"
    )
    for config in (*HISTORY_TYPES, "mean"):
        assert re.search(rf"^ *{config} +\d+\.\d ", output, flags=re.MULTILINE)
    options = ("--data", built.data, "--config", HISTORY_TYPES[1], "--json")
    scores = json.loads(succeed("score", "run.jsonl", *options, cwd=run_of_all))
    assert list(scores["configs"]) == [HISTORY_TYPES[1]]
    assert scores["mean"] is None


def test_config_and_split_of_a_run_are_read_from_its_header(built: Built, tmp_path: Path) -> None:
    where = ("--config", "rating_integrated", "--split", "train", "--limit", "5")
    succeed("predict", built.data, *where, "--model", "baseline:oracle", "-o", "run.jsonl", cwd=tmp_path)
    scores = json.loads(succeed("score", "run.jsonl", "--data", built.data, "--json", cwd=tmp_path))
    (config,) = scores["configs"]
    rows = len(read_instances(built.data, "rating_integrated", "train"))
    assert (config, scores["configs"][config]["count"], scores["configs"][config]["missing"]) == (
        "rating_integrated",
        rows,
        rows - 5,
    )
    refused = run("score", "run.jsonl", "--data", built.data, "--config", CONFIG, cwd=tmp_path)
    assert refused.returncode == 1
    assert "answers the config 'rating_integrated', split 'train', not 'chronological'" in refused.stderr


@pytest.mark.parametrize("configs", [("chronological",), HISTORY_TYPES])
def test_the_configs_of_a_file_without_a_header_are_read_from_its_ids(
    built: Built, tmp_path: Path, configs: tuple[str, ...]
) -> None:
    rows = [row for config in configs for row in read_instances(built.data, config, "validation")]
    write_lines(
        tmp_path / "replies.jsonl", ({"instance_id": row.instance_id, "prediction": correct_call(row)} for row in rows)
    )
    scores = json.loads(succeed("score", "replies.jsonl", "--data", built.data, "--json", cwd=tmp_path))
    assert list(scores["configs"]) == list(configs)
    assert all(part["call_accuracy"] == 1 for part in scores["configs"].values())
    for option, message in (
        (("--config", "preferred_only"), "" if len(configs) > 1 else "belongs to preferred_only"),
        (("--split", "train"), "not in this split"),
    ):
        done = run("score", "replies.jsonl", "--data", built.data, *option, cwd=tmp_path)
        assert done.returncode == (1 if message else 0)
        assert message in done.stderr


def test_the_test_split_is_scored_only_with_its_answers(built: Built, tmp_path: Path) -> None:
    where = ("--data", built.data, "--config", CONFIG, "--split", "test")
    calls = (
        {"instance_id": key.instance_id, "prediction": json.dumps({"name": key.answer.name, "arguments": key.answer.arguments})}
        for key in read_answers(built.answers, CONFIG)
    )  # fmt: skip
    write_lines(tmp_path / "replies.jsonl", calls)
    refused = run("score", "replies.jsonl", *where, cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1
    assert "answers of the test split are private" in refused.stderr
    scores = json.loads(succeed("score", "replies.jsonl", *where, "--answers", built.answers, "--json", cwd=tmp_path))
    assert scores["configs"][CONFIG]["call_accuracy"] == 1


def test_a_limit_is_spread_over_the_query_groups(built: Built, tmp_path: Path) -> None:
    rows = read_instances(built.data, CONFIG, "validation")
    assert len({row.query_group for row in rows[:4]}) == 1, "the first rows are of one query group"
    ids: dict[int, list[str]] = {}
    for limit in (4, 12):
        out = f"{limit}.jsonl"
        options = ("--model", "baseline:first", "--limit", str(limit), "-o", out)
        succeed("predict", built.data, *SPLIT, *options, cwd=tmp_path)
        ids[limit] = [line["instance_id"] for line in read_lines(tmp_path / out)[1:]]
    groups = {row.instance_id: row.query_group for row in rows}
    assert len(ids[4]) == len({groups[name] for name in ids[4]}) == 4
    assert len(ids[12]) == 12
    assert len({groups[name] for name in ids[12]}) == 9
    assert set(ids[4]) < set(ids[12]), "a larger limit adds instances"
    order = [row.instance_id for row in rows]
    assert all(chosen == sorted(chosen, key=order.index) for chosen in ids.values())


def test_a_run_resumes_under_a_larger_limit(built: Built, tmp_path: Path) -> None:
    for limit in ("4", "12"):
        options = ("--model", "baseline:first", "--limit", limit, "-o", "run.jsonl")
        output = succeed("predict", built.data, *SPLIT, *options, cwd=tmp_path)
    assert re.search(r"already in the file +4\b", output)
    header, *lines = read_lines(tmp_path / "run.jsonl")
    assert header["petoolbench"]["settings"]["limit"] == 12
    assert len(lines) == 12


def test_a_dry_run_prints_the_first_prompt(built: Built, tmp_path: Path) -> None:
    options = ("--model", "gpt", "--base-url", "http://127.0.0.1:9/v1", "--mode", "tools", "-o", "run.jsonl")
    output = succeed("predict", built.data, *SPLIT, *options, "--dry-run", cwd=tmp_path)
    first = pb.prompt(read_instances(built.data, CONFIG, "validation")[0], mode="tools")
    assert all(message["content"] in output for message in first)
    assert json.dumps(first.tools, indent=1, ensure_ascii=False) in output
    assert output.endswith("36 instances; nothing was sent.\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", ["prompt", "tools"])
def test_prompts_are_the_official_ones(built: Built, tmp_path: Path, mode: str) -> None:
    output = succeed("prompts", built.data, *SPLIT, "--mode", mode, "-o", "prompts.jsonl", cwd=tmp_path)
    assert output.startswith("36 prompts in prompts.jsonl. Score the replies with: petoolbench score REPLIES --data ")
    assert output.endswith(f" {' '.join(SPLIT)}\n")
    rows = read_instances(built.data, CONFIG, "validation")
    for row, line in zip(rows, read_lines(tmp_path / "prompts.jsonl"), strict=True):
        official = pb.prompt(row, mode=mode)
        tools = {"tools": official.tools} if mode == "tools" else {}
        assert line == {"instance_id": row.instance_id, "messages": list(official), **tools}
        assert len(official.tools) == (len(row.candidates) if mode == "tools" else 0)


@pytest.mark.parametrize("mode", ["prompt", "tools"])
def test_prompts_are_written_as_requests_of_a_batch(built: Built, tmp_path: Path, mode: str) -> None:
    options = ("--batch", "--model", "gpt", "--mode", mode, "--docs", "names", "--temperature", "0.5", "--limit", "3")
    body = ("--body", '{"max_tokens": null, "max_completion_tokens": 90}')
    succeed("prompts", built.data, *SPLIT, *options, *body, "-o", "batch.jsonl", cwd=tmp_path)
    rows = {row.instance_id: row for row in read_instances(built.data, CONFIG, "validation")}
    lines = read_lines(tmp_path / "batch.jsonl")
    assert len(lines) == 3
    for line in lines:
        official = pb.prompt(rows[line["custom_id"]], mode=mode, docs="names")
        assert (line["method"], line["url"]) == ("POST", "/v1/chat/completions")
        assert line.keys() == {"custom_id", "method", "url", "body"}
        assert line["body"] == {
            "model": "gpt",
            "temperature": 0.5,
            "seed": 0,
            "max_completion_tokens": 90,
            "messages": list(official),
            **({"tools": official.tools, "tool_choice": "auto"} if mode == "tools" else {}),
        }


def renamed(built: Built, folder: Path) -> Path:
    """Copy the data set under tool names that functions cannot have: `.` instead of `__`."""
    data = folder / "data"
    shutil.copytree(built.data, data)
    path = data / CONFIG / "validation.parquet"
    table = pq.read_table(path)
    rows = json.loads(json.dumps(table.to_pylist()).replace("__", "."))
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    return data


def reply_of_batch(name: str, message: dict[str, Any]) -> dict[str, Any]:
    """Return a line of the output file of a batch."""
    body = {"choices": [{"index": 0, "message": {"role": "assistant", **message}}], "usage": {"prompt_tokens": 9}}
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": name, "response": response, "error": None}


def native_call(row: Instance) -> dict[str, Any]:
    """Return a message with a native call of the correct tool, by the name of its function."""
    assert row.answer is not None
    names = pb.prompt(row, mode="tools").tool_names
    (alias,) = [alias for alias, name in names.items() if name == row.answer.name]
    assert alias != row.answer.name
    function = {"name": alias, "arguments": row.answer.arguments}
    return {"content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]}


def test_the_output_of_a_batch_is_scored(built: Built, tmp_path: Path) -> None:
    data = renamed(built, tmp_path)
    rows = read_instances(data, CONFIG, "validation")
    assert all("." in tool.name for row in rows for tool in row.candidates)
    lines = [reply_of_batch(row.instance_id, native_call(row)) for row in rows[:18]]
    lines += [reply_of_batch(row.instance_id, {"content": correct_call(row)}) for row in rows[18:27]]
    # In text, the name of a function is not the name of a candidate.
    lines += [reply_of_batch(row.instance_id, {"content": correct_call(row).replace(".", "_")}) for row in rows[27:30]]
    lines += [{"custom_id": row.instance_id, "response": None, "error": {"message": "expired"}} for row in rows[30:33]]
    write_lines(tmp_path / "output.jsonl", lines)
    output = succeed("score", "output.jsonl", "--data", data, "--config", CONFIG, "--json", cwd=tmp_path)
    scores = json.loads(output)
    part = scores["configs"][CONFIG]
    assert (scores["name"], part["count"], part["missing"]) == ("output", 36, 3)
    assert part["call_accuracy"] == part["tool_accuracy"] == pytest.approx(27 / 36)
    assert part["hallucination_rate"] == pytest.approx(3 / 36)
    assert part["format_rate"] == pytest.approx(30 / 36)


@pytest.mark.parametrize("option", ["--context", "--overlong", "--base-url", "--usd-in", "--usd-out"])
def test_prompts_has_no_options_for_the_sending_of_requests(built: Built, tmp_path: Path, option: str) -> None:
    done = run("prompts", built.data, option, "1", "-o", "prompts.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert f"No such option: {option}" in done.stderr
